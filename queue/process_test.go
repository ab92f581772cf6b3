package queue

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/message"
)

func TestProcessRunsABatchAtOnceWhenTheWorkerIsIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newBench(Config{WorkerThreads: 1}, false)
		q := r.q
		synctest.Wait()
		before := r.idles
		if !q.Process(t.Context(), batch(nil, "a"), true) || len(r.seen) != 1 {
			t.Fatalf("not processed: %q", r.seen)
		}
		if r.idles != before {
			t.Error("outputs were flushed although more was to come")
		}
		q.Process(t.Context(), batch(nil, "b"), false)
		if len(r.seen) != 2 || r.idles != before+1 || q.Len() != 0 {
			t.Errorf("runs %q, idle %d times, %d messages left", r.seen, r.idles-before, q.Len())
		}
		q.Stop()
		if q.Process(t.Context(), batch(nil, "c"), false) || len(r.seen) != 2 {
			t.Error("a stopped queue took a batch")
		}
	})
}

func TestWhatComesWhileASenderProcessesIsQueuedInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newBench(Config{WorkerThreads: 1}, true)
		q := r.q
		synctest.Wait()
		var flow message.Flow
		done := make(chan struct{}) // closed below
		go func() {
			defer close(done)
			q.Process(t.Context(), batch(&flow, "a"), false)
		}()
		synctest.Wait()
		q.Process(t.Context(), batch(&flow, "b"), false)
		q.Enqueue(t.Context(), batch(&flow, "c"))
		if q.Len() != 3 {
			t.Errorf("%d messages under way, want 3", q.Len())
		}
		// The first batch takes so long that senders become careful.
		time.Sleep(2 * stall)
		close(r.gate)
		<-done
		synctest.Wait()
		if got := r.seen; len(got) != 3 || got[0] != "a" || got[1] != "b" || got[2] != "c" {
			t.Errorf("got %q", got)
		}
		if q.mu.Lock(); q.idleLane(&flow) != nil {
			t.Error("a sender would process its own batch right after a stall")
		}
		q.mu.Unlock()
		q.Process(t.Context(), batch(&flow, "d"), false)
		q.Stop()
		if len(r.seen) != 4 {
			t.Errorf("got %q", r.seen)
		}
	})
}

func TestSendersThatProcessKeepTheirOrder(t *testing.T) {
	t.Parallel()
	b := newBench(Config{WorkerThreads: 2}, false)
	const senders, each = 8, 500
	var wg sync.WaitGroup
	for s := range senders {
		f := &message.Flow{}
		wg.Go(func() {
			for i := range each {
				if text := fmt.Sprintf("%d %d", s, i); i%7 == 0 {
					b.q.Enqueue(t.Context(), batch(f, text))
				} else {
					b.q.Process(t.Context(), batch(f, text), i%2 == 0)
				}
			}
		})
	}
	wg.Wait()
	b.q.Stop()
	var next [senders]int
	for _, line := range b.seen {
		var s, i int
		fmt.Sscanf(line, "%d %d", &s, &i)
		if next[s] != i {
			t.Fatalf("sender %d: got message %d, want %d", s, i, next[s])
		}
		next[s]++
	}
	if len(b.seen) != senders*each {
		t.Errorf("%d messages arrived, want %d", len(b.seen), senders*each)
	}
}
