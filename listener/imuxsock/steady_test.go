package imuxsock

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
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
	queued      chan string // what was not passed
}

func (q *hung) Enqueue(_ context.Context, b *message.Batch) bool { return q.TryEnqueue(b) }

func (q *hung) TryEnqueue(b *message.Batch) bool {
	for i := range b.Msgs {
		q.queued <- string(b.Msgs[i].Raw())
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

// steady opens a socket whose reader has seen 100 messages, so far apart.
func steady(t *testing.T, every time.Duration) (r *reader, c net.Conn) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ux")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	conf := *Module.Instance.New(nil).(*Config)
	conf.Path = filepath.Join(dir, "log")
	i, err := New(conf, module.Env{
		Log: slog.New(slog.DiscardHandler), Metrics: &metrics.Set{}, Now: time.Now,
		Names:  listener.NewNames(listener.NamesOptions{LocalHostName: "box"}),
		Global: &module.Global{MaxMessageSize: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := i.(*input)
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	r = newReader(in)
	now := time.Now()
	for i := range 100 {
		r.Gather.After(now.Add(every*time.Duration(i-100)), 1)
	}
	r.Socket.Direct(r.Gather.Direct(true))
	if c, err = net.Dial("unixgram", conf.Path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return r, c
}

// This test is not parallel: only one input, or a few, may wait directly.
func TestAMessageThatTakesLongHoldsUpNoOtherAndNoStop(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("with a single processor a worker processes all messages")
	}
	for name, stopFirst := range map[string]bool{"running": false, "stopping": true} {
		t.Run(name, func(t *testing.T) {
			r, c := steady(t, 2*time.Millisecond)
			q := &hung{begun: make(chan struct{}), open: make(chan struct{}), queued: make(chan string, 10)}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				r.run(ctx, &listener.Submitter{Queue: q})
			}()
			c.Write([]byte("<13>stuck"))
			<-q.begun
			c.Write([]byte("<13>next"))
			if stopFirst {
				stop()
				<-ended
			}
			if got := <-q.queued; got != "<13>next" {
				t.Errorf("got %q", got)
			}
			stop()
			<-ended // does not wait for the first one either
			close(q.open)
		})
	}
}

func TestMessagesGatherWhereTheKernelHasRoom(t *testing.T) {
	for _, tt := range []struct {
		every   time.Duration
		n, room int
		want    bool
	}{
		{100 * time.Microsecond, 1, 512, true},
		{100 * time.Microsecond, 1, 10, false}, // programs would wait
		{100 * time.Microsecond, maxBatch, 512, false},
		{2 * time.Millisecond, 1, 512, false},
	} {
		r, _ := steady(t, tt.every)
		r.sock.room = tt.room
		if got := r.gathers(tt.n); got != tt.want {
			t.Errorf("%d messages every %v, room for %d: gathers %v, want %v", tt.n, tt.every, tt.room, got, tt.want)
		}
		r.Gather.Release()
	}
}
