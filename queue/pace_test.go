package queue

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/message"
)

// ticking is a Handler that takes a while for each batch; it may never come to an end.
type ticking struct {
	each time.Duration
	held chan struct{} // nil: not held up
}

func (h ticking) Run(b *message.Batch) int {
	if h.held != nil {
		<-h.held
	}
	time.Sleep(h.each)
	n := b.Len()
	b.Release()
	return n
}

func (ticking) Idle(bool) {}

// pacedTime fills a queue until senders are paced, and returns how long it then takes
// to bring n batches of size bytes.
func pacedTime(h ticking, n, size int) (took time.Duration) {
	q := New("q", Config{Size: 1 << 20, MaxBytes: 1 << 30, WorkerThreads: 1, TimeoutShutdown: 100000}, Env{})
	q.Start([]Handler{h})
	bring := func(size int) {
		b := message.NewBatch(nil)
		b.Add(make([]byte, size), nil, nil)
		q.Enqueue(context.Background(), b)
	}
	for range 2 * busyBytes / pacedBytes {
		bring(pacedBytes)
	}
	begin := time.Now()
	for range n {
		bring(size)
	}
	took = time.Since(begin)
	if h.held != nil {
		close(h.held)
	}
	q.Stop()
	return took
}

// A destination that takes nothing is what a queue is for: senders do not notice.
func TestSendersAreNotPacedWhileNothingIsProcessed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if took := pacedTime(ticking{held: make(chan struct{})}, 100, pacedBytes); took > 0 {
			t.Errorf("100 batches took %v", took)
		}
	})
}

func TestSmallBatchesArePacedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const small = 1 << 10
		if took := pacedTime(ticking{each: 100 * time.Millisecond}, 2*pacedBytes/small, small); took > 4*pacing {
			t.Errorf("512 small batches took %v", took)
		}
	})
}

func TestLargeBatchesArePaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if took := pacedTime(ticking{each: 100 * time.Millisecond}, 10, pacedBytes); took < 9*pacing {
			t.Errorf("10 batches took %v, want %v", took, 10*pacing)
		}
	})
}
