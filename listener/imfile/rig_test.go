package imfile

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"syslogd/hosts"
	"syslogd/internal/process"
	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

// rig is an input in a directory, with a queue that remembers.
type rig struct {
	t      *testing.T
	dir    string
	in     *input
	queue  *memory
	log    *logBuffer
	cancel context.CancelFunc
	done   chan error // closed by nobody: Run's result
}

// options are what tests change.
type options struct {
	conf    func(*Config)
	mod     func(*ModuleConfig)
	limit   int
	shared  *sync.Map
	stalled bool
}

func startRig(t *testing.T, dir, file string, o options) *rig {
	t.Helper()
	r := newRig(t, dir, file, o)
	r.run()
	return r
}

func newRig(t *testing.T, dir, file string, o options) *rig {
	t.Helper()
	mod := new(ModuleConfig)
	moduleParams.SetDefaults(mod)
	if o.mod != nil {
		o.mod(mod)
	}
	var c Config
	inputParams.SetDefaults(&c)
	inherit(mod, &c)
	c.File, c.Tag = filepath.Join(dir, file), "t:"
	if strings.HasPrefix(file, "/") {
		c.File = file
	}
	if o.conf != nil {
		o.conf(&c)
	}
	if o.limit == 0 {
		o.limit = 8096
	}
	if o.shared == nil {
		o.shared = new(sync.Map)
	}
	work := filepath.Join(dir, "work")
	if err := os.MkdirAll(work, 0o700); err != nil {
		t.Fatal(err)
	}
	log := new(logBuffer)
	env := module.Env{
		Log: slog.New(slog.NewTextHandler(log, nil)), Metrics: new(metrics.Set), Now: time.Now, Shared: o.shared,
		Names:  hosts.New(hosts.Options{LocalHostName: "box"}),
		Global: &module.Global{MaxMessageSize: o.limit, WorkDirectory: work},
	}
	in, err := New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: dir, in: in.(*input), queue: newMemory(), log: log, done: make(chan error, 1)}
	r.queue.stalled = o.stalled
	return r
}

func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.done <- r.in.Run(ctx, &listener.Submitter{Queue: r.queue}) }()
	r.t.Cleanup(func() { r.kill() })
}

// stop ends the input as the engine does after the queues drained.
func (r *rig) stop() {
	r.t.Helper()
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	if err := <-r.done; err != nil {
		r.t.Error(err)
	}
	r.in.Settle()
}

// kill ends the input with messages lost in the queue.
func (r *rig) kill() {
	if r.cancel == nil {
		return
	}
	r.queue.close()
	r.cancel()
	r.cancel = nil
	<-r.done
	r.in.Settle()
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) write(name, text string) { writeFile(r.t, r.path(name), text) }

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// want waits until the queue got exactly those texts, in this order.
func (r *rig) want(texts ...string) {
	r.t.Helper()
	if !poll(func() bool { return len(r.queue.got()) >= len(texts) }) || !slices.Equal(r.queue.got(), texts) {
		r.t.Fatalf("got %q\nwant %q\nlog: %s", r.queue.got(), texts, r.log)
	}
}

// wantSorted is want in any order.
func (r *rig) wantSorted(texts ...string) {
	r.t.Helper()
	poll(func() bool { return len(r.queue.got()) >= len(texts) })
	got := r.queue.got()
	slices.Sort(got)
	if !slices.Equal(got, texts) {
		r.t.Fatalf("got %q\nwant %q\nlog: %s", got, texts, r.log)
	}
}

func (r *rig) states() []string {
	names, _ := filepath.Glob(r.path("work/imfile-state:*"))
	return names
}

func poll(cond func() bool) bool { return process.Await(cond) }

// memory is a queue that keeps texts. stalled, its worker does nothing: batches
// are under way for ever. full, it takes nothing.
type memory struct {
	mu      sync.Mutex
	room    sync.Cond
	texts   []string
	meta    []string
	tags    []string
	stalled bool
	held    []*receipt.Receipt
	full    bool
	closed  bool
	waiting int
}

func newMemory() *memory {
	q := new(memory)
	q.room.L = &q.mu
	return q
}

func (q *memory) Enqueue(ctx context.Context, b *message.Batch) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { q.mu.Lock(); defer q.mu.Unlock(); q.room.Broadcast() })
	defer stop()
	q.waiting++
	for q.full && !q.closed && ctx.Err() == nil {
		q.room.Wait()
	}
	q.waiting--
	defer b.Release()
	if q.full || q.closed {
		b.Receipt.Mark(receipt.Unfinished)
		return receipt.ErrFull
	}
	for i := range b.Msgs {
		m := &b.Msgs[i]
		q.texts = append(q.texts, string(m.Msg()))
		q.tags = append(q.tags, fmt.Sprintf("%d %s %s %s", m.PRI, m.Hostname(), m.Tag(nil), m.ProgramName()))
		if m.JSON != nil {
			q.meta = append(q.meta, string(m.JSON.Root.AppendJSON(nil, false)))
		}
	}
	if q.stalled {
		b.Receipt.Hold()
		q.held = append(q.held, b.Receipt)
	}
	return nil
}

func (q *memory) TryEnqueue(b *message.Batch) error { return q.Enqueue(context.Background(), b) }

func (q *memory) setFull(full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.full = full
	q.room.Broadcast()
}

func (q *memory) blocked() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting > 0
}

func (q *memory) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
}

func (q *memory) got() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.texts)
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var osFS = vfs.OS{}

func inode(info os.FileInfo) uint64 { return info.Sys().(*syscall.Stat_t).Ino }
