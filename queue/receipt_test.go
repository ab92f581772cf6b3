package queue

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
	"syslogd/message"
	"syslogd/metrics"
)

// slip is what comes back of receipts.
type slip struct {
	mu   sync.Mutex
	back []receipt.Outcome
}

// on asks for a receipt for b.
func (s *slip) on(b *message.Batch) *message.Batch {
	b.Receipt = receipt.New(func(o receipt.Outcome) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.back = append(s.back, o)
	})
	return b
}

func (s *slip) want(t *testing.T, want ...receipt.Outcome) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.back, want) {
		t.Errorf("receipts came back as %v, want %v", s.back, want)
	}
}

func TestAQueueInMemoryReturnsAReceiptWhenItsWorkerDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Config{WorkerThreads: 1}, true)
		var s slip
		b.q.Enqueue(t.Context(), s.on(batch(nil, "1", "2")))
		synctest.Wait()
		s.want(t)
		b.gate <- struct{}{}
		synctest.Wait()
		s.want(t, receipt.Stored)
		close(b.gate)
		b.q.Stop()
	})
}

// interrupted is a handler that a stop comes in between.
type interrupted struct{ done int }

func (h *interrupted) Run(b *message.Batch) int { b.Release(); return h.done }
func (*interrupted) Idle(bool)                  {}

// What a stop leaves is still the input's if that has asked for a receipt, and only else lost.
func TestWhatAStopLeaves(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		asked bool
		done  int
		want  []receipt.Outcome
		lost  uint64
	}{
		"nothing, asked":    {true, 3, []receipt.Outcome{receipt.Stored}, 0},
		"some, asked":       {true, 2, []receipt.Outcome{receipt.Unfinished}, 0},
		"all, asked":        {true, 0, []receipt.Outcome{receipt.Unfinished}, 0},
		"nothing not asked": {false, 3, nil, 0},
		"some, not asked":   {false, 1, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			losses := metrics.NewLosses(discard)
			q := New("test", Config{WorkerThreads: 1, Size: 10, MaxBytes: 1 << 20, TimeoutShutdown: 60000}, Env{Losses: losses})
			var s slip
			b := batch(nil, "1", "2", "3")
			if tt.asked {
				s.on(b)
			}
			q.Enqueue(t.Context(), b)
			q.Start([]Handler{&interrupted{tt.done}})
			q.Stop()
			s.want(t, tt.want...)
			if n := losses.Total(); n != tt.lost || q.Dropped.Value() != tt.lost {
				t.Errorf("%d counted as lost, %d as dropped, want %d", n, q.Dropped.Value(), tt.lost)
			}
		})
	}
}

// What is not taken because the queue is full is given up, and what is not taken because
// of a stop is still the input's.
func TestWhyABatchIsNotTaken(t *testing.T) {
	t.Parallel()
	over, end := context.WithCancel(t.Context())
	end()
	for name, tt := range map[string]struct {
		offer func(q *Queue, b *message.Batch) error
		err   error
		want  receipt.Outcome
		lost  uint64
	}{
		"full":          {func(q *Queue, b *message.Batch) error { return q.TryEnqueue(b) }, receipt.ErrFull, receipt.GivenUp, 1},
		"full too long": {func(q *Queue, b *message.Batch) error { return q.Enqueue(t.Context(), b) }, receipt.ErrFull, receipt.GivenUp, 1},
		"the sender stops": {func(q *Queue, b *message.Batch) error { return q.Enqueue(over, b) },
			receipt.ErrFull, receipt.Unfinished, 0},
		"closed": {func(q *Queue, b *message.Batch) error { q.close(); return q.Enqueue(t.Context(), b) },
			receipt.ErrClosed, receipt.Unfinished, 0},
		"closed, at once": {func(q *Queue, b *message.Batch) error { q.close(); return q.TryEnqueue(b) },
			receipt.ErrClosed, receipt.Unfinished, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			losses := metrics.NewLosses(discard)
			q := New("test", Config{WorkerThreads: 1, Size: 1, MaxBytes: 1 << 20, ForAction: true, TimeoutEnqueue: 1}, Env{Losses: losses})
			if err := q.TryEnqueue(batch(nil, "1")); err != nil {
				t.Fatal(err)
			}
			var s slip
			if err := tt.offer(q, s.on(batch(nil, "2"))); !errors.Is(err, tt.err) {
				t.Errorf("the error is %v, want %v", err, tt.err)
			}
			s.want(t, tt.want)
			if n := losses.Total(); n != tt.lost {
				t.Errorf("%d counted as lost, want %d", n, tt.lost)
			}
		})
	}
}

func TestAPanicGivesUpABatch(t *testing.T) {
	t.Parallel()
	losses := metrics.NewLosses(discard)
	q := New("test", Config{WorkerThreads: 1, Size: 10, MaxBytes: 1 << 20, TimeoutShutdown: 60000}, Env{Losses: losses, Barrier: barrier.New(t.TempDir(), discard, losses)})
	var s slip
	q.Enqueue(t.Context(), s.on(batch(nil, "1", "2")))
	q.Start([]Handler{bursting{}})
	q.Stop()
	s.want(t, receipt.GivenUp)
}

// bursting is a handler that panics when it has released the batch.
type bursting struct{}

func (bursting) Run(b *message.Batch) int { b.Release(); panic("burst") }
func (bursting) Idle(bool)                {}

// Custody passes to a queue on disk when the record is there.
func TestAQueueOnDiskReturnsAReceiptWhenTheRecordIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fault := vfs.NewFault(vfs.NewMem())
		conf := diskConf(Disk)
		conf.ForAction = false
		b := newDiskBench(t, fault, conf)
		b.start(true)
		var s slip
		b.q.Enqueue(t.Context(), s.on(batch(nil, numbered(0, 3)...)))
		s.want(t, receipt.Stored)
		fault.Set(func(op vfs.Op) vfs.Verdict {
			if op.Kind == "write" {
				return vfs.Verdict{Err: unix.ENOSPC}
			}
			return vfs.Verdict{}
		})
		ctx, stop := context.WithCancel(t.Context())
		var waits slip
		go b.q.Enqueue(ctx, waits.on(batch(nil, numbered(3, 4)...)))
		synctest.Wait()
		waits.want(t)
		stop()
		synctest.Wait()
		waits.want(t, receipt.Unfinished)
		if n := b.lost.Total(); n != 0 {
			t.Errorf("%d counted as lost", n)
		}
		fault.Set(nil)
		b.q.Stop()
	})
}

// shut closes a spool without leaving anything.
func shut(s *spool) error { return errors.Join(s.save(nil), s.close()) }

// distant is an output whose messages arrive some time after they were delivered.
type distant struct {
	*target
	mu    sync.Mutex
	given int
	held  []holding
}

// holding is a receipt that waits until so many messages have arrived.
type holding struct {
	upTo int
	back *receipt.Receipt
}

func (d *distant) Run(b *message.Batch) int {
	back := b.Receipt
	back.Hold()
	n := d.target.Run(b)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given += n
	d.held = append(d.held, holding{d.given, back})
	return n
}

// arrive says that the first n messages have arrived.
func (d *distant) arrive(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.held) > 0 && d.held[0].upTo <= n {
		d.held[0].back.Return(receipt.Stored)
		d.held = d.held[1:]
	}
}

// close gives up waiting.
func (d *distant) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range d.held {
		h.back.Return(receipt.Unfinished)
	}
	d.held = nil
}

// startDistant starts the queue with such an output.
func (b *diskBench) startDistant() *distant {
	b.t.Helper()
	to := &distant{target: &target{up: make(chan struct{})}}
	b.q = New("test", b.conf, Env{FS: b.fs, Log: slog.New(slog.NewTextHandler(b, nil)), Losses: b.lost})
	to.ctx = b.q.Context()
	if err := b.q.Open(); err != nil {
		b.t.Fatal(err)
	}
	b.q.Start([]Handler{to})
	return to
}

func TestMessagesLeaveTheDiskWhenTheyHaveArrived(t *testing.T) {
	for _, typ := range []Type{Disk, LinkedList} {
		synctest.Test(t, func(t *testing.T) {
			mem := vfs.NewMem()
			b := newDiskBench(t, mem, diskConf(typ))
			b.conf.High, b.conf.BatchSize = -1, 10
			to := b.startDistant()
			for i := range 10 {
				b.send(nil, numbered(10*i, 10*i+10)...)
				synctest.Wait()
			}
			same(t, to.texts(), numbered(0, 100))
			got, _ := delivered(t, snapshot(t, mem))
			same(t, got, numbered(0, 100)) // nothing has arrived
			to.arrive(35)
			synctest.Wait() // also without a message
			got, _ = delivered(t, snapshot(t, mem))
			same(t, got, numbered(30, 100))
			to.arrive(100)
			synctest.Wait()
			got, _ = delivered(t, snapshot(t, mem))
			same(t, got, nil)
			b.q.Stop()
			if left := b.files(); len(left) > 0 {
				t.Errorf("type %v: %v are left", typ, left)
			}
		})
	}
}

// What arrives while outputs are closed has left the disk, and what does not stays there and is no
// loss; a server that is killed in between has it all.
func TestWhatArrivesBetweenTheStopAndTheEnd(t *testing.T) {
	for _, arrives := range []int{0, 5, 10, 15, 20} {
		synctest.Test(t, func(t *testing.T) {
			mem := vfs.NewMem()
			b := newDiskBench(t, mem, diskConf(Disk))
			b.conf.BatchSize = 10
			to := b.startDistant()
			for i := range 2 {
				b.send(nil, numbered(10*i, 10*i+10)...)
				synctest.Wait()
			}
			b.q.StopSince(time.Now())
			got, _ := delivered(t, snapshot(t, mem))
			same(t, got, numbered(0, 20))
			to.arrive(arrives)
			to.close()
			b.q.Close()
			got, _ = delivered(t, mem)
			same(t, got, numbered(arrives/10*10, 20))
			if n := b.lost.Total(); n != 0 {
				t.Errorf("%d counted as lost", n)
			}
		})
	}
}

// The messages of a batch that a stop interrupted are done up to there only if the output
// has not kept them in vain.
func TestAnInterruptedBatchThatWasKept(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			mem := vfs.NewMem()
			b := newDiskBench(t, mem, diskConf(Disk))
			to := b.startDistant()
			to.down, to.take = true, 4
			b.send(nil, numbered(0, 10)...)
			synctest.Wait()
			b.q.StopSince(time.Now())
			want := 0
			if arrives {
				to.arrive(4)
				want = 4
			}
			to.close()
			b.q.Close()
			got, _ := delivered(t, mem)
			same(t, got, numbered(want, 10))
		})
	}
}
