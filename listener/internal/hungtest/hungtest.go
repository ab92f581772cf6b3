// Package hungtest tests inputs in front of a queue whose outputs do not get on.
package hungtest

import (
	"context"
	"runtime"
	"testing"
	"time"

	"syslogd/listener"
	"syslogd/message"
)

// Queue is a listener.Queue and Passer. The first batch that is passed takes until Open
// is called; the texts of all others are in Queued.
type Queue struct {
	Begun  chan struct{} // closed with the first Pass
	Queued chan string
	// Waited counts the batches that their sender would have waited for.
	Waited int
	open   chan struct{}
}

// New returns a Queue.
func New() *Queue {
	return &Queue{Begun: make(chan struct{}), open: make(chan struct{}), Queued: make(chan string, 10)}
}

// Open lets the first batch get on.
func (q *Queue) Open() { close(q.open) }

// Enqueue takes b.
func (q *Queue) Enqueue(_ context.Context, b *message.Batch) error {
	q.Waited++
	return q.TryEnqueue(b)
}

// TryEnqueue takes b.
func (q *Queue) TryEnqueue(b *message.Batch) error {
	for i := range b.Msgs {
		q.Queued <- string(b.Msgs[i].Raw())
	}
	b.Release()
	return nil
}

// Pass takes the first batch.
func (q *Queue) Pass(b *message.Batch) bool {
	select {
	case <-q.Begun: // one at a time
		return false
	default:
	}
	close(q.Begun)
	<-q.open
	b.Release()
	return true
}

// After is how a reader waits after so many datagrams.
func After(reads int, every time.Duration) (g listener.Gather) {
	now := time.Now()
	for i := range reads {
		g.After(now.Add(every*time.Duration(i-reads)), 1)
	}
	return g
}

// Run runs an input until stop is called, which waits for its end.
func Run(run func(context.Context, *listener.Submitter), q *Queue) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx, &listener.Submitter{Queue: q})
	}()
	return func() {
		cancel()
		<-ended
	}
}

// HoldsUpNothing tests that a message that takes long to process holds up no other, and
// no stop. open opens an input to which messages come steadily, so that it processes
// them itself, and returns how to run it and how to send to it.
func HoldsUpNothing(t *testing.T, open func(t *testing.T) (run func(context.Context, *listener.Submitter), send func(string))) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("with a single processor a worker processes all messages")
	}
	for name, stopFirst := range map[string]bool{"running": false, "stopping": true} {
		t.Run(name, func(t *testing.T) {
			q := New()
			run, send := open(t)
			send("<13>stuck")
			stop := Run(run, q)
			<-q.Begun
			send("<13>next")
			if stopFirst {
				stop()
			}
			if got := <-q.Queued; got != "<13>next" {
				t.Errorf("got %q", got)
			}
			if !stopFirst {
				stop() // does not wait for the first one either
			}
			q.Open()
		})
	}
}
