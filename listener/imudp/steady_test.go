package imudp

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"

	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

// hung is a queue whose outputs do not get on: Pass takes until it is opened.
type hung struct {
	begun, open chan struct{}
	tried       chan string // what was not passed
}

func (q *hung) Enqueue(context.Context, *message.Batch) bool { panic("a sender was made to wait") }

func (q *hung) TryEnqueue(b *message.Batch) bool {
	for i := range b.Msgs {
		q.tried <- string(b.Msgs[i].Raw())
	}
	b.Release()
	return true
}

func (q *hung) Pass(b *message.Batch) bool {
	select {
	case <-q.begun: // one at a time
		return false
	default:
	}
	close(q.begun)
	<-q.open
	b.Release()
	return true
}

// steady opens an input whose reader waits as g says, and returns a function that sends
// it a datagram. These tests are not parallel: only one input, or a few, may wait directly.
func steady(t *testing.T, roomy bool, g listener.Gather) (in *input, send func(string)) {
	t.Helper()
	mod := Module.Module.New(nil)
	c := Module.Instance.New(mod).(*Config)
	c.Port, c.Address = []string{"0"}, "127.0.0.1"
	i, err := New(*c, module.Env{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Metrics: &metrics.Set{},
		Names:  listener.NewNames(listener.NamesOptions{LocalHostName: "box"}),
		Global: &module.Global{MaxMessageSize: 1000, IPv4: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	in = i.(*input)
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := in.readers[0]
	r.roomy, r.Gather = roomy, g
	r.Socket.Direct(r.Gather.Direct(true))
	conn, err := net.Dial("udp", r.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return in, func(text string) {
		t.Helper()
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
}

// after is how a reader waits after so many datagrams.
func after(reads int, every time.Duration) (g listener.Gather) {
	now := time.Now()
	for i := range reads {
		g.After(now.Add(every*time.Duration(i-reads)), 1)
	}
	return g
}

// run runs the input until stop is called, which waits for its end.
func run(in *input, q *hung) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		in.Run(ctx, &listener.Submitter{Queue: q})
	}()
	return func() {
		cancel()
		<-ended
	}
}

func newHung() *hung {
	return &hung{begun: make(chan struct{}), open: make(chan struct{}), tried: make(chan string, 10)}
}

func TestADatagramThatTakesLongHoldsUpNoOtherAndNoStop(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("with a single processor a worker processes all datagrams")
	}
	for name, stopFirst := range map[string]bool{"running": false, "stopping": true} {
		t.Run(name, func(t *testing.T) {
			q := newHung()
			in, send := steady(t, true, after(30, 2*time.Millisecond))
			send("<13>stuck")
			stop := run(in, q)
			<-q.begun
			send("<13>next")
			if stopFirst {
				stop()
			}
			if got := <-q.tried; got != "<13>next" {
				t.Errorf("got %q", got)
			}
			if !stopFirst {
				stop() // does not wait for the first one either
			}
			close(q.open)
		})
	}
}

func TestAWorkerGetsWhatTheReceiveBufferCouldNotHold(t *testing.T) {
	for _, tt := range []struct {
		name  string
		roomy bool
		every time.Duration
	}{
		{"a small buffer", false, 2 * time.Millisecond},
		{"datagrams come seldom", true, 20 * time.Millisecond},
		{"datagrams come quickly", true, 100 * time.Microsecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := newHung()
			in, send := steady(t, tt.roomy, after(100, tt.every))
			send("<13>text")
			stop := run(in, q)
			if got := <-q.tried; got != "<13>text" {
				t.Errorf("got %q", got)
			}
			stop()
		})
	}
}
