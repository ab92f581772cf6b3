package queue

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/message"
)

// passing returns a queue to which a goroutine passes batch 1, which waits for the gate.
// passed is closed when Pass has returned. It is for a synctest bubble.
func passing() (b *bench, passed chan struct{}) {
	b, passed = newBench(Config{WorkerThreads: 1}, true), make(chan struct{})
	synctest.Wait() // the worker rests
	go func() {
		defer close(passed)
		submit(b.q, batch(nil, "1"))
	}()
	synctest.Wait()
	return b, passed
}

// submit passes a batch, or puts it into the queue.
func submit(q *Queue, b *message.Batch) bool {
	return q.Pass(b) || q.Enqueue(context.Background(), b) == nil
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestABatchThatIsPassedIsDoneWhenPassReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Config{WorkerThreads: 2}, false)
		synctest.Wait() // the workers rest
		idles := b.idles
		f := &message.Flow{}
		if !submit(b.q, batch(f, "1", "2")) {
			t.Error("it was refused")
		}
		if strings.Join(b.seen, " ") != "1 2" || b.q.Len() != 0 || len(b.q.pins) != 0 {
			t.Errorf("processed %v, %d messages and %d senders are under way", b.seen, b.q.Len(), len(b.q.pins))
		}
		if b.idles != idles+1 {
			t.Errorf("Idle was called %d times, want once", b.idles-idles)
		}
		if n := b.q.Enqueued.Value(); n != 2 || b.q.maxSize != 2 {
			t.Errorf("%d messages counted, at most %d at a time", n, b.q.maxSize)
		}
		b.q.Stop()
	})
}

func TestWhatComesWhileABatchIsPassedIsProcessedBehindIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, passed := passing()
		b.q.Enqueue(t.Context(), batch(nil, "2"))
		if !submit(b.q, batch(nil, "3")) || isClosed(passed) {
			t.Error("a second batch was processed beside the first one")
		}
		close(b.gate)
		<-passed
		synctest.Wait() // the worker goes on
		if got := strings.Join(b.seen, " "); got != "1 2 3" {
			t.Errorf("processed %s", got)
		}
		b.q.Stop()
	})
}

func TestAStopWaitsForABatchThatIsPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, passed := passing()
		stopped := make(chan struct{})
		go func() { defer close(stopped); b.q.Stop() }()
		synctest.Wait()
		if isClosed(stopped) {
			t.Error("the stop did not wait")
		}
		close(b.gate)
		<-stopped
		<-passed
		if len(b.seen) != 1 || b.q.Dropped.Value() != 0 {
			t.Errorf("%d arrived, %d dropped", len(b.seen), b.q.Dropped.Value())
		}
		if submit(b.q, batch(nil, "late")) || b.q.Dropped.Value() != 1 {
			t.Error("a queue that has ended took a batch")
		}
	})
}

func TestAWorkerDoesWhatPassMayNot(t *testing.T) {
	t.Parallel()
	for name, conf := range map[string]Config{
		"it is slowed down":              {SlowDown: 1},
		"a batch waits for more":         {MinBatch: 2, MinBatchTimeout: 1},
		"it has hours":                   {TimeBegin: 1, TimeEnd: 2},
		"batches are cut":                {BatchSize: 1},
		"some messages are left out":     {Sampling: 2},
		"less important ones may be not": {DiscardSeverity: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if conf.TimeEnd == 0 {
					conf.TimeEnd = noHours
				}
				conf.WorkerThreads = 1
				b := newBench(conf, true)
				synctest.Wait()
				two := batch(nil, "<13>1", "<13>2")
				if b.q.Pass(two) { // would wait for the gate
					t.Error("it was passed")
				}
				b.q.Enqueue(t.Context(), two)
				close(b.gate)
				b.q.Stop()
			})
		})
	}
}

func TestManySendersThatPass(t *testing.T) {
	t.Parallel()
	b := newBench(Config{WorkerThreads: 2}, false)
	const senders, each = 4, 2000
	ended := make(chan struct{})
	for s := range senders {
		f := &message.Flow{}
		go func() {
			defer func() { ended <- struct{}{} }()
			for i := range each {
				submit(b.q, batch(f, strconv.Itoa(s)+" "+strconv.Itoa(i)))
			}
		}()
	}
	for range senders {
		<-ended
	}
	b.q.Stop()
	if lost := b.q.Dropped.Value(); lost != 0 || len(b.seen) != senders*each {
		t.Fatalf("%d messages arrived, %d lost", len(b.seen), lost)
	}
	var next [senders]int
	for _, text := range b.seen {
		s := text[0] - '0'
		if text[2:] != strconv.Itoa(next[s]) {
			t.Fatalf("sender %c: got message %s, want %d", text[0], text[2:], next[s])
		}
		next[s]++
	}
}

// flushing is a Handler whose Idle takes until it is let go.
type flushing struct {
	diary
	idle, done chan struct{}
}

func (f *flushing) Idle(bool) {
	f.idle <- struct{}{}
	<-f.done
}

func TestABatchIsNotPassedWhileTheWorkerFlushes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := New("test", Config{WorkerThreads: 1, Size: DefaultSize, MaxBytes: DefaultMaxBytes, TimeoutShutdown: 1000}, Env{})
		f := &flushing{diary: diary{begin: time.Now()}, idle: make(chan struct{}), done: make(chan struct{})}
		q.Start([]Handler{f})
		<-f.idle
		if !submit(q, batch(nil, "1")) || len(f.events) > 0 {
			t.Errorf("two goroutines use one handler: %v", f.events)
		}
		f.done <- struct{}{}
		<-f.idle // behind the batch
		if len(f.events) != 1 {
			t.Errorf("the worker did %v", f.events)
		}
		close(f.done)
		q.Stop()
	})
}
