package listener

import (
	"crypto/tls"
	"log/slog"
	"testing"
	"time"

	"syslogd/message"
)

// Handshakes cost much, so few of them are under way at a time: a newcomer waits for one to end,
// or takes the place of one that has hung for long.
func TestHandshakesAtATimeAreBounded(t *testing.T) {
	t.Parallel()
	s := &StreamServer{opt: StreamOptions{Log: slog.New(slog.DiscardHandler), TLS: &tls.Config{}}}
	var left []*intake
	enter := func() (*intake, asked) {
		in := &intake{srv: s, peer: message.NewPeer("", "")}
		in.peer.IP = []byte("192.0.2.1")
		in.leave = func() { left = append(left, in) }
		return in, s.enter(in, 0)
	}
	var first *intake
	for range maxHandshakes {
		in, answer := enter()
		if answer != welcome {
			t.Fatalf("answer %d although there is room", answer)
		}
		if first == nil {
			first = in
		}
	}
	if _, answer := enter(); answer != tooManyHandshakes {
		t.Errorf("one too many is answered %d", answer)
	}
	s.shaken(first)
	if _, answer := enter(); answer != welcome || len(left) != 0 {
		t.Errorf("when one has ended: answer %d, %d had to go", answer, len(left))
	}
	// The first one is a session now, and silent, too: it stays.
	for in := range s.crowd.members {
		in.heard.Store(time.Now().Add(-2 * silentNew).UnixNano())
	}
	if _, answer := enter(); answer != welcome || len(left) != 1 || left[0] == first {
		t.Errorf("when handshakes hang: answer %d, %d had to go", answer, len(left))
	}
}
