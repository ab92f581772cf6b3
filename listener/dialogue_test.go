package listener

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"syslogd/hosts"
	"syslogd/internal/process"
	"syslogd/message"
	"syslogd/parser/frame"
)

// lines is a Dialogue: each line is a message and answered with a dot. A line that
// begins with # says by its length how long the frame behind it is.
type lines struct {
	patience, within time.Duration
	due              []byte
	need             int
}

func (d *lines) Next(buf []byte) (text []byte, advance int, ev frame.Event, err error) {
	d.need = 0
	line, _, found := strings.Cut(string(buf), "\n")
	if strings.HasPrefix(line, "#") {
		if d.need = 100000 * len(line); len(buf) < d.need {
			return nil, 0, ev, nil
		}
		line, found = string(buf[:d.need-1]), true
	}
	if !found {
		return nil, 0, ev, nil
	}
	d.due = append(d.due, '.')
	return buf[:len(line)], len(line) + 1, ev, nil
}

func (d *lines) Need() int { return d.need }

func (d *lines) Patience(inFrame bool) time.Duration {
	if inFrame {
		return d.within
	}
	return d.patience
}

func (d *lines) Answers(dst []byte) []byte {
	dst = append(dst, d.due...)
	d.due = d.due[:0]
	return dst
}

func (d *lines) Farewell(dst []byte) []byte { return append(dst, "bye"...) }

// converse runs a server with a dialogue and returns a connection to it.
func converse(t *testing.T, d *lines, budget *Budget) (*StreamServer, net.Conn) {
	t.Helper()
	s := NewStreamServer(StreamOptions{
		Network: "tcp", Address: "127.0.0.1:0", Dialogue: func() Dialogue { fresh := *d; return &fresh }, Log: slog.New(slog.DiscardHandler),
		Origin: &message.Origin{}, Names: hosts.New(hosts.Options{LocalHostName: "box"}), Budget: budget,
	})
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx, &Submitter{Queue: devNull{}})
	}()
	t.Cleanup(func() { cancel(); <-done })
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(process.Patience))
	return s, c
}

type devNull struct{}

func (devNull) Enqueue(_ context.Context, b *message.Batch) error { b.Release(); return nil }
func (devNull) TryEnqueue(b *message.Batch) error                 { b.Release(); return nil }

func TestASilentPeerIsLeft(t *testing.T) {
	t.Parallel()
	const soon = 20 * time.Millisecond
	for _, test := range []struct {
		name, say, want string
		dialogue        lines
	}{
		{"that does not begin", "", "bye", lines{patience: soon}},
		{"within a frame", "one\ntw", ".bye", lines{within: soon}},
		{"within a large frame", "one\n##" + strings.Repeat("x", 1000), ".bye", lines{within: soon}},
	} {
		_, c := converse(t, &test.dialogue, nil)
		if _, err := io.WriteString(c, test.say); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); string(got) != test.want || err != nil {
			t.Errorf("%s: it gets %q (%v), want %q", test.name, got, err, test.want)
		}
	}
}

func TestLargeFramesAreBoundedInAll(t *testing.T) {
	t.Parallel()
	budget := NewBudget(1<<20, slog.New(slog.DiscardHandler))
	other := &intake{} // it holds all but a little, and is at work
	budget.hold(other, 800<<10)
	s, c := converse(t, &lines{}, budget)
	frame := "##\n" + strings.Repeat("x", 199996) + "\n"
	if _, err := io.WriteString(c, "one\n"+frame+"next\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if !process.Await(func() bool { return budget.Waits.Value() > 0 }) {
		t.Fatal("a frame beyond the bound does not wait")
	}
	budget.gone(other)
	if _, err := io.ReadFull(c, make([]byte, 2)); err != nil {
		t.Error(err)
	}
	c.Close()
	if !process.Await(func() bool { return s.Closed.Value() > 0 && budget.Used() == 0 }) {
		t.Errorf("%d bytes count as held when nothing is", budget.Used())
	}
}
