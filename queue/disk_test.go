package queue

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/barrier"
	"syslogd/internal/vfs"
	"syslogd/message"
	"syslogd/metrics"
)

// target is a Handler that stands for an output: it can be down, and then takes
// nothing until the queue's stop.
type target struct {
	mu   sync.Mutex
	got  []string
	down bool
	ctx  context.Context
	up   chan struct{} // closed when it works again
	// take, while down, is how many messages it takes of the next batch.
	take int
}

func (t *target) Run(b *message.Batch) int {
	defer b.Release()
	t.mu.Lock()
	down, n := t.down, b.Len()
	if down {
		n = min(n, t.take)
		t.take -= n
	}
	t.add(b, 0, n)
	t.mu.Unlock()
	if n == b.Len() {
		return n
	}
	select {
	case <-t.up:
		t.mu.Lock()
		defer t.mu.Unlock()
		t.add(b, n, b.Len())
		return b.Len()
	case <-t.ctx.Done():
		return n
	}
}

func (t *target) add(b *message.Batch, first, end int) {
	for i := first; i < end; i++ {
		t.got = append(t.got, string(b.Msgs[i].Raw()))
	}
}

func (t *target) Idle(bool) {}

func (t *target) works() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.down = false
	close(t.up)
}

func (t *target) texts() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.got)
}

// diskBench runs a queue with files on a file system that outlives it.
type diskBench struct {
	t    testing.TB
	fs   vfs.FS
	conf Config
	q    *Queue
	to   *target
	log  *strings.Builder
	mu   *sync.Mutex
	lost *metrics.Losses
	take int // of the next target
}

var peer, origin = message.NewPeer("192.0.2.1", "web1"), &message.Origin{Name: "imtcp"}

func diskConf(typ Type) Config {
	return Config{Type: typ, Dir: "/q", Size: 1000, MaxBytes: DefaultMaxBytes, MaxFileSize: 16 << 20, WorkerThreads: 1,
		SaveOnShutdown: true, ForAction: true, TimeoutEnqueue: 1, TimeEnd: noHours, DiscardSeverity: 8, TimeoutShutdown: 10}
}

func newDiskBench(t testing.TB, fsys vfs.FS, conf Config) *diskBench {
	b := &diskBench{t: t, fs: fsys, conf: conf, log: &strings.Builder{}, mu: &sync.Mutex{}}
	b.lost = metrics.NewLosses(slog.New(slog.NewTextHandler(b, nil)))
	return b
}

// Write makes the bench the place where logs go.
func (b *diskBench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *diskBench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

func (b *diskBench) start(down bool) *target {
	b.t.Helper()
	if err := b.tryStart(down); err != nil {
		b.t.Fatal(err)
	}
	return b.to
}

// tryStart starts the queue also if it can not use its files, and returns why.
func (b *diskBench) tryStart(down bool) error {
	log := slog.New(slog.NewTextHandler(b, nil))
	b.q = New("test", b.conf, Env{FS: b.fs, Log: log, Losses: b.lost, Barrier: barrier.New("", log, b.lost)})
	err := b.q.Open()
	b.to = &target{down: down, take: b.take, ctx: b.q.Context(), up: make(chan struct{})}
	var hs []Handler
	for range b.q.Workers() {
		hs = append(hs, b.to)
	}
	b.q.Start(hs)
	return err
}

func numbered(first, end int) []string {
	var list []string
	for i := first; i < end; i++ {
		list = append(list, fmt.Sprintf("message %d", i))
	}
	return list
}

func (b *diskBench) send(f *message.Flow, texts ...string) bool {
	return b.enqueue(f, time.Time{}, texts)
}

// sendAt sends what was received then.
func (b *diskBench) sendAt(received time.Time, texts ...string) bool {
	return b.enqueue(nil, received, texts)
}

func (b *diskBench) enqueue(f *message.Flow, received time.Time, texts []string) bool {
	mb := message.NewBatch(nil)
	mb.Flow, mb.Received = f, received
	for _, s := range texts {
		mb.Add([]byte(s), origin, peer)
	}
	return b.q.Enqueue(context.Background(), mb) == nil
}

// files are the names in the queue's directory.
func (b *diskBench) files() []string {
	names, _ := b.fs.ReadDir(b.conf.Dir)
	return names
}

func same(t testing.TB, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			have := "nothing"
			if i < len(got) {
				have = got[i]
			}
			t.Fatalf("%d messages, want %d; message %d is %q, want %q", len(got), len(want), i, have, want[i])
		}
	}
	t.Fatalf("%d messages, want %d; one too many: %q", len(got), len(want), got[len(want)])
}

func TestACleanRestartDeliversEachMessageOnceAndInOrder(t *testing.T) {
	for _, typ := range []Type{Disk, LinkedList} {
		t.Run(fmt.Sprint(typ), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newDiskBench(t, vfs.NewMem(), diskConf(typ))
				b.conf.Size, b.conf.MaxFileSize = 50, 2000
				to := b.start(true)
				to.take = 7 // the first batch is interrupted in the middle
				flow := &message.Flow{}
				for i := 0; i < 300; i += 10 {
					b.send(flow, numbered(i, i+10)...)
				}
				synctest.Wait()
				b.q.Stop()
				if lost := b.q.Dropped.Value(); lost != 0 {
					t.Errorf("%d messages lost", lost)
				}
				got := to.texts()
				if len(got) != 7 {
					t.Errorf("%d messages were delivered before the stop, want 7", len(got))
				}
				// A second stop comes in between again.
				b.take = 25 // before the workers begin
				to = b.start(true)
				b.send(flow, numbered(300, 303)...)
				synctest.Wait()
				b.q.Stop()
				got = append(got, to.texts()...)
				to = b.start(false)
				synctest.Wait()
				b.send(flow, numbered(303, 310)...)
				synctest.Wait()
				b.q.Stop()
				same(t, append(got, to.texts()...), numbered(0, 310))
				if left := b.files(); len(left) > 0 {
					t.Errorf("an empty queue has left %v", left)
				}
			})
		})
	}
}

func TestMessagesOfASenderStayInOrderThroughDiskWithManyWorkers(t *testing.T) {
	t.Parallel()
	for _, typ := range []Type{Disk, LinkedList} {
		conf := diskConf(typ)
		conf.Size, conf.WorkerThreads, conf.MaxFileSize, conf.TimeoutShutdown = 30, 4, 5000, 0
		b := newDiskBench(t, vfs.NewMem(), conf)
		var got []string
		const senders, rounds, each = 6, 5, 60
		flows := make([]message.Flow, senders)
		for round := range rounds {
			to := b.start(false)
			var wg sync.WaitGroup
			for s := range senders {
				wg.Go(func() {
					for i := range each {
						b.send(&flows[s], fmt.Sprintf("%d %d", s, round*each+i))
					}
				})
			}
			wg.Wait()
			b.q.Stop() // with no patience at all: most messages wait for the next start
			got = append(got, to.texts()...)
		}
		b.conf.TimeoutShutdown = 60000
		to := b.start(false)
		b.q.Stop()
		got = append(got, to.texts()...)
		if len(got) != senders*rounds*each {
			t.Errorf("type %v: %d messages, want %d", typ, len(got), senders*rounds*each)
		}
		next := map[int]int{}
		for _, line := range got {
			var s, i int
			fmt.Sscanf(line, "%d %d", &s, &i)
			if next[s] != i {
				t.Fatalf("type %v: sender %d: message %d, want %d", typ, s, i, next[s])
			}
			next[s]++
		}
	}
}

// The system stops without a warning: what a process wrote is there, but nothing
// that it held in memory.
func TestNothingIsLostWhenTheServerIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		b := newDiskBench(t, mem, diskConf(Disk))
		to := b.start(true)
		to.take = 1500
		for i := 0; i < 20000; i += 100 {
			if !b.send(nil, numbered(i, i+100)...) {
				t.Fatal("a batch was refused")
			}
		}
		synctest.Wait()
		killed := b.q
		second := newDiskBench(t, snapshot(t, mem), b.conf)
		after := second.start(false)
		synctest.Wait()
		got := after.texts()
		// The batches that were not confirmed come again, the others do not.
		before := to.texts()
		if twice := len(before) + len(got) - 20000; twice < 0 || twice > 1024 {
			t.Errorf("%d messages came before and %d afterwards, want one batch twice at most", len(before), len(got))
		}
		same(t, got, numbered(20000-len(got), 20000))
		second.q.Stop()
		killed.Stop()
	})
}

// snapshot copies what a running system sees, as after kill -9.
func snapshot(t testing.TB, from vfs.FS) *vfs.Mem {
	t.Helper()
	to := vfs.NewMem()
	if err := to.Mkdir("/q", 0o700); err != nil {
		t.Fatal(err)
	}
	names, err := from.ReadDir("/q")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := vfs.ReadFile(from, "/q/"+name)
		if err != nil {
			t.Fatal(err)
		}
		put(t, to, "/q/"+name, text)
	}
	return to
}

var discard = slog.New(slog.DiscardHandler)
