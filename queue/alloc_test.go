//go:build !race

package queue

import (
	"runtime"
	"testing"

	"syslogd/message"
)

// releasing is a Handler that only counts.
type releasing struct{ batches int }

func (h *releasing) Run(b *message.Batch) int {
	h.batches++
	n := b.Len()
	b.Release()
	return n
}

func (*releasing) Idle(bool) {}

// With the race detector pools drop entries at random.
func TestPassAllocatesNothing(t *testing.T) {
	h := &releasing{}
	q := New("test", Config{WorkerThreads: 1, Size: DefaultSize, MaxBytes: DefaultMaxBytes}, Env{})
	q.Start([]Handler{h})
	defer q.Stop()
	free := func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return q.lanes[0].free
	}
	for !free() { // else the worker would do it
		runtime.Gosched()
	}
	f := &message.Flow{}
	text := []byte("<13>text")
	if n := testing.AllocsPerRun(1000, func() {
		b := message.NewBatch(nil)
		b.Flow = f
		b.Add(text, nil, nil)
		q.Pass(b)
	}); n > 0 {
		t.Errorf("%v allocations a batch", n)
	}
	if h.batches != 1001 {
		t.Errorf("%d batches were passed", h.batches)
	}
}
