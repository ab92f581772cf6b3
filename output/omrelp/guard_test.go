package omrelp

import (
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"syslogd/internal/barrier"
	"syslogd/metrics"
)

// trapConn panics at what the server says.
type trapConn struct{ net.Conn }

func (trapConn) Read([]byte) (int, error) { panic("sprung") }

// TestAPanicAtAnAnswerEndsTheSession is an error for the sender, which opens another one.
func TestAPanicAtAnAnswerEndsTheSession(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	log := slog.New(slog.NewTextHandler(&text, nil))
	guard := barrier.New("", log, metrics.NewLosses(log))
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	s := newSession(trapConn{here}, 16, time.Minute, guard)
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || !strings.Contains(s.err.Error(), "sprung") {
		t.Errorf("the session ended with %v", s.err)
	}
	if guard.Caught() != 1 || !strings.Contains(text.String(), "trapConn") {
		t.Errorf("%d panics, and the log has %s", guard.Caught(), text.String())
	}
}
