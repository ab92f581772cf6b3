package selflog_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syslogd/internal/selflog"
	"syslogd/message"
)

type collected struct{ lines []string }

func (c *collected) sink(sev message.Severity, tag, text string) bool {
	c.lines = append(c.lines, fmt.Sprintf("%s %s %s", sev, tag, text))
	return true
}

func TestMessagesAsAdministratorsReadThem(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		log    func(*slog.Logger)
		stderr string
		syslog string
	}{
		{"error with attributes", func(l *slog.Logger) { l.Error("input can not listen", "input", "imudp", "err", errors.New("in use")) },
			"syslogd: error: input can not listen input=imudp err=\"in use\"\n", `err rsyslogd: input can not listen input=imudp err="in use"`},
		{"number of rsyslogd", func(l *slog.Logger) { l.With("action", "a").Warn("action suspended", "code", -2007) },
			"syslogd: warning: action suspended action=a [v1 rsyslogd error 2007]\n",
			"warning rsyslogd-2007: action suspended action=a [v1 rsyslogd error 2007]"},
		{"info is for syslog", func(l *slog.Logger) { l.Info("listening") }, "", "info rsyslogd: listening"},
		{"group", func(l *slog.Logger) { l.WithGroup("tls").Warn("x", "peer", "a b") }, "syslogd: warning: x tls.peer=\"a b\"\n", `warning rsyslogd: x tls.peer="a b"`},
		{"line feed can not start a line of its own", func(l *slog.Logger) { l.Warn("x", "v", "a\nb") }, "syslogd: warning: x v=\"a\\nb\"\n", `warning rsyslogd: x v="a\nb"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			var c collected
			h := selflog.New(selflog.Options{Stderr: &stderr, StderrLevel: slog.LevelWarn, Program: "syslogd", Version: "1", Severity: message.Info})
			h.SetSink(c.sink)
			tt.log(slog.New(h))
			if stderr.String() != tt.stderr {
				t.Errorf("stderr %q, want %q", stderr.String(), tt.stderr)
			}
			if got := strings.Join(c.lines, "\n"); got != tt.syslog {
				t.Errorf("syslog %q, want %q", got, tt.syslog)
			}
		})
	}
}

func TestMessagesBeyondTheRateAreCountedNotShown(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	var c collected
	h := selflog.New(selflog.Options{Interval: 5 * time.Second, Burst: 2, Severity: message.Debug, Now: func() time.Time { return now }})
	h.SetSink(c.sink)
	log := slog.New(h)
	for i := range 5 {
		log.Info("m", "n", i)
	}
	now = now.Add(5 * time.Second)
	log.Info("later")
	want := []string{"info rsyslogd: m n=0", "info rsyslogd: m n=1", "warning rsyslogd: 3 own messages dropped by internalmsg.ratelimit", "info rsyslogd: later"}
	if strings.Join(c.lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", c.lines, want)
	}
}

func TestASinkMayLogItself(t *testing.T) {
	t.Parallel()
	h := selflog.New(selflog.Options{Interval: time.Minute, Burst: 3, Severity: message.Debug})
	log := slog.New(h)
	calls := 0
	h.SetSink(func(message.Severity, string, string) bool {
		calls++
		log.Error("queue full")
		return false
	})
	log.Error("first")
	if calls != 3 {
		t.Errorf("%d messages, want the 3 that the limit lets through", calls)
	}
}

func TestFileOfOwnMessages(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "own")
	f := selflog.NewFile(path, func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) })
	if !f.Send(message.Info, "rsyslogd:", "start") || !f.Send(message.Warning, "rsyslogd-2007:", "suspended") {
		t.Error("not written")
	}
	got, err := os.ReadFile(path)
	if want := "Mar  4 05:06:07 rsyslogd: start\nMar  4 05:06:07 rsyslogd-2007: suspended\n"; err != nil || string(got) != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
	if selflog.NewFile(filepath.Join(path, "no"), nil).Send(message.Info, "rsyslogd:", "start") {
		t.Error("written to a place that does not exist")
	}
}

func TestSystemLogSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	s := selflog.NewSystemLog(path, func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) })
	defer s.Close()
	if s.Send(message.Info, "rsyslogd:", "start") {
		t.Error("a message was sent to a socket that does not exist")
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if !s.Send(message.Warning, "rsyslogd-2007:", "suspended") {
		t.Fatal("not sent")
	}
	buf := make([]byte, 200)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(buf[:n]), "<44>Mar  4 05:06:07 rsyslogd-2007: suspended"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
