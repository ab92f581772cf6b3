package queue

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/vfs"
	"syslogd/message"
)

// distant is an output whose messages arrive some time after they were delivered.
type distant struct {
	*target
	given, arrived atomic.Uint64
}

func (d *distant) Run(b *message.Batch) int {
	n := d.target.Run(b)
	d.given.Add(uint64(n))
	return n
}

func (d *distant) Given() uint64   { return d.given.Load() }
func (d *distant) Arrived() uint64 { return d.arrived.Load() }

// startDistant starts the queue with such an output.
func (b *diskBench) startDistant() *distant {
	b.t.Helper()
	to := &distant{target: &target{up: make(chan struct{})}}
	b.q = New("test", b.conf, Env{FS: b.fs, Log: slog.New(slog.NewTextHandler(b, nil)), Losses: b.lost,
		Acknowledgers: func() []Acknowledger { return []Acknowledger{to} }})
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
			b.conf.TimeoutCompletion, b.conf.High, b.conf.BatchSize = 1000, -1, 10
			to := b.startDistant()
			for i := range 10 {
				b.send(nil, numbered(10*i, 10*i+10)...)
				synctest.Wait()
			}
			same(t, to.texts(), numbered(0, 100))
			got, _ := delivered(t, snapshot(t, mem))
			same(t, got, numbered(0, 100)) // nothing has arrived
			to.arrived.Store(35)
			time.Sleep(2 * settlePauseMax) // it is looked at again without a message
			got, _ = delivered(t, snapshot(t, mem))
			same(t, got, numbered(30, 100))
			to.arrived.Store(100)
			time.Sleep(2 * settlePauseMax)
			got, _ = delivered(t, snapshot(t, mem))
			same(t, got, nil)
			b.q.Stop()
			if left := b.files(); len(left) > 0 {
				t.Errorf("type %v: %v are left", typ, left)
			}
		})
	}
}

// A stop waits a moment for what is under way, and keeps what does not arrive.
func TestAStopWaitsForWhatHasNotArrived(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			mem := vfs.NewMem()
			b := newDiskBench(t, mem, diskConf(Disk))
			b.conf.TimeoutCompletion = 1000
			to := b.startDistant()
			b.send(nil, numbered(0, 10)...)
			synctest.Wait()
			if arrives {
				time.AfterFunc(600*time.Millisecond, func() { to.arrived.Store(10) })
			}
			begun := time.Now()
			b.q.Stop()
			took := time.Since(begun)
			got, _ := delivered(t, mem)
			switch {
			case arrives && (len(got) > 0 || took > 700*time.Millisecond):
				t.Errorf("%d messages come again, the stop took %v", len(got), took)
			case !arrives && (len(got) != 10 || took > 1100*time.Millisecond):
				t.Errorf("%d of 10 messages are kept, the stop took %v", len(got), took)
			}
		})
	}
}

// An output that could not write what it holds is asked again without a message.
func TestWhatAnOutputHeldLeavesTheDiskLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		b := newDiskBench(t, mem, diskConf(Disk))
		var works atomic.Bool
		to := &target{up: make(chan struct{})}
		b.q = New("test", b.conf, Env{FS: b.fs, Settle: func() error {
			if works.Load() {
				return nil
			}
			return errors.New("the disk is full")
		}})
		to.ctx = b.q.Context()
		if err := b.q.Open(); err != nil {
			t.Fatal(err)
		}
		b.q.Start([]Handler{to})
		b.send(nil, numbered(0, 10)...)
		time.Sleep(time.Minute)
		got, _ := delivered(t, snapshot(t, mem))
		same(t, got, numbered(0, 10))
		works.Store(true)
		time.Sleep(2 * settlePauseMax)
		got, _ = delivered(t, snapshot(t, mem))
		same(t, got, nil)
		b.q.Stop()
	})
}
