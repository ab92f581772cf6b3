package queue

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/message"
)

// recorder is a Handler that keeps the text of messages and can be held up.
type recorder struct {
	mu    *sync.Mutex
	seen  *[]string
	gate  chan struct{} // nil: never held up
	idles *int
}

func (r *recorder) Run(b *message.Batch) int {
	n := b.Len()
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	for i := range b.Msgs {
		*r.seen = append(*r.seen, string(b.Msgs[i].Raw()))
	}
	r.mu.Unlock()
	b.Release()
	return n
}

func (r *recorder) Idle(bool) {
	r.mu.Lock()
	*r.idles++
	r.mu.Unlock()
}

type bench struct {
	q     *Queue
	mu    sync.Mutex
	seen  []string
	idles int
	gate  chan struct{}
}

func newBench(conf Config, held bool) *bench {
	t := &bench{}
	if held {
		t.gate = make(chan struct{})
	}
	if conf.MaxBytes == 0 {
		conf.MaxBytes = DefaultMaxBytes
	}
	if conf.Size == 0 {
		conf.Size = DefaultSize
	}
	if conf.TimeoutShutdown == 0 {
		conf.TimeoutShutdown = 1000
	}
	t.q = New("test", conf, Env{})
	var hs []Handler
	for range t.q.Workers() {
		hs = append(hs, &recorder{mu: &t.mu, seen: &t.seen, gate: t.gate, idles: &t.idles})
	}
	t.q.Start(hs)
	return t
}

func batch(f *message.Flow, texts ...string) *message.Batch {
	b := message.NewBatch(nil)
	b.Flow = f
	for _, s := range texts {
		b.Add([]byte(s), nil, nil)
	}
	return b
}

func TestSendersKeepTheirOrderWithManyWorkers(t *testing.T) {
	t.Parallel()
	b := newBench(Config{WorkerThreads: 4}, false)
	const senders, each = 8, 500
	var wg sync.WaitGroup
	for s := range senders {
		f := &message.Flow{}
		wg.Go(func() {
			for i := range each {
				if b.q.Enqueue(t.Context(), batch(f, fmt.Sprintf("%d %d", s, i))) != nil {
					t.Error("a batch was refused")
				}
			}
		})
	}
	wg.Wait()
	b.q.Stop()
	if lost := b.q.Dropped.Value(); lost != 0 {
		t.Errorf("%d messages lost", lost)
	}
	if len(b.seen) != senders*each {
		t.Fatalf("%d messages arrived, want %d", len(b.seen), senders*each)
	}
	next := map[string]int{}
	for _, line := range b.seen {
		var s, i int
		fmt.Sscanf(line, "%d %d", &s, &i)
		if key := strconv.Itoa(s); next[key] != i {
			t.Fatalf("sender %d: got message %d, want %d", s, i, next[key])
		} else {
			next[key]++
		}
	}
}

// A flow's batches are under way in the main queue and in that of an action, which
// has fewer workers.
func TestOneFlowInTwoQueues(t *testing.T) {
	t.Parallel()
	first, second := newBench(Config{WorkerThreads: 3}, true), newBench(Config{WorkerThreads: 1}, true)
	flows := []*message.Flow{{}, {}, {}}
	for i := range 12 {
		f := flows[i%3]
		first.q.Enqueue(t.Context(), batch(f, fmt.Sprint(i)))
		second.q.Enqueue(t.Context(), batch(f, fmt.Sprint(i)))
	}
	for _, b := range []*bench{first, second} {
		close(b.gate)
		b.q.Stop()
		if lost := b.q.Dropped.Value(); lost != 0 || len(b.seen) != 12 || len(b.q.pins) != 0 {
			t.Errorf("%d messages lost, %d arrived, %d flows are pinned", lost, len(b.seen), len(b.q.pins))
		}
	}
	if fmt.Sprint(second.seen) != "[0 1 2 3 4 5 6 7 8 9 10 11]" {
		t.Errorf("a single worker changed the order: %v", second.seen)
	}
}

func TestAFullQueueHoldsTheSenderUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Config{WorkerThreads: 1, Size: 2}, true)
		done := make(chan bool)
		go func() {
			for i := range 4 {
				b.q.Enqueue(context.Background(), batch(nil, strconv.Itoa(i)))
			}
			done <- true
		}()
		synctest.Wait()
		if got := b.q.Len(); got != 2 {
			t.Errorf("the queue holds %d messages, want its limit 2", got)
		}
		select {
		case <-done:
			t.Error("the sender was not held up")
		default:
		}
		close(b.gate)
		<-done
		b.q.Stop()
		if len(b.seen) != 4 || b.q.Dropped.Value() != 0 {
			t.Errorf("%d arrived, %d dropped; want 4, 0", len(b.seen), b.q.Dropped.Value())
		}
	})
}

func TestADatagramIsDroppedAndCountedWhenTheQueueIsFull(t *testing.T) {
	t.Parallel()
	b := newBench(Config{WorkerThreads: 1, Size: 2}, true)
	for i := range 5 {
		b.q.TryEnqueue(batch(nil, strconv.Itoa(i)))
	}
	close(b.gate)
	b.q.Stop()
	if len(b.seen) != 2 || b.q.Dropped.Value() != 3 {
		t.Errorf("%d arrived, %d dropped; want 2, 3", len(b.seen), b.q.Dropped.Value())
	}
}

func TestMemoryIsBoundedBesideTheNumberOfMessages(t *testing.T) {
	t.Parallel()
	b := newBench(Config{WorkerThreads: 1, MaxBytes: 10 << 10}, true)
	big := string(make([]byte, 6<<10))
	if b.q.TryEnqueue(batch(nil, big)) != nil {
		t.Error("an empty queue must take a batch of any size")
	}
	if b.q.TryEnqueue(batch(nil, big)) == nil {
		t.Error("the queue took more bytes than its limit")
	}
	close(b.gate)
	b.q.Stop()
}

func TestAStopThatTakesTooLongCountsWhatIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Config{WorkerThreads: 1, TimeoutShutdown: 500}, true)
		for i := range 4 {
			b.q.Enqueue(context.Background(), batch(nil, strconv.Itoa(i)))
		}
		synctest.Wait()
		start := time.Now()
		context.AfterFunc(b.q.Context(), func() { close(b.gate) })
		b.q.Stop()
		lost := b.q.Dropped.Value()
		if waited := time.Since(start); waited != 500*time.Millisecond {
			t.Errorf("the stop waited %v, want 500ms", waited)
		}
		if int(lost)+len(b.seen) != 4 || lost == 0 {
			t.Errorf("%d arrived, %d counted as lost, want 4 in all", len(b.seen), lost)
		}
	})
}

func TestWorkersThatRunDrySayWhoWasTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Config{WorkerThreads: 2}, false)
		synctest.Wait()
		b.mu.Lock()
		before := b.idles
		b.mu.Unlock()
		b.q.Enqueue(context.Background(), batch(nil, "x"))
		synctest.Wait()
		b.mu.Lock()
		if b.idles != before+1 {
			t.Errorf("Idle was called %d times after one batch, want once", b.idles-before)
		}
		b.mu.Unlock()
		b.q.Stop()
	})
}

func BenchmarkEnqueue(b *testing.B) {
	t := newBench(Config{WorkerThreads: 1}, false)
	f := &message.Flow{}
	b.ReportAllocs()
	for b.Loop() {
		t.q.Enqueue(context.Background(), batch(f, "x"))
		t.mu.Lock()
		t.seen = t.seen[:0]
		t.mu.Unlock()
	}
	t.q.Stop()
}
