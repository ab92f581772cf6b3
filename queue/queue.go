// Package queue holds what lies between inputs and rulesets, and between
// rulesets and actions that have a queue: bounded, ordered a sender, in memory
// (queue.go), on disk, or in memory with the rest on disk (disk.go, spool.go).
//
// A queue has lanes, one a worker. All batches of a Flow (a connection, a
// datagram socket) that are under way at the same time use the same lane, so
// workers never reorder the messages of one sender. A flow with nothing under
// way takes the first lane that is not behind: at low rates all messages pass
// through one worker, in the order of their arrival; under load the work
// spreads.
package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/internal/barrier"
	"syslogd/internal/progress"
	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
	"syslogd/message"
	"syslogd/metrics"
)

// Handler is what a worker does. Its methods are called by one goroutine at a time.
type Handler interface {
	// Run processes b and releases it. It returns how many messages are done, from
	// the first one on: less than all only when the queue's stop came in between.
	Run(b *message.Batch) (done int)
	// Idle is called before the worker waits, because its lane is empty or it was
	// told to. last is true when the lane is empty and no other worker of this queue
	// is at work.
	Idle(last bool)
}

// Env is what a queue is given from outside.
type Env struct {
	Log *slog.Logger
	// Losses are where it counts messages that it loses.
	Losses *metrics.Losses
	// Barrier is where batches and records go that cause a panic. Nil: the panic goes on.
	Barrier *barrier.Barrier
	// FS is where its files are; nil is the machine's.
	FS vfs.FS
	// Resolve finds the names of senders that had none when they went to disk.
	Resolve func(*message.Peer) []byte
	// Details finds the parser that tells what $!device is for messages from disk.
	Details func(name string) message.Details
}

// Queue is a bounded queue of batches with its workers. Make it with New.
type Queue struct {
	name string
	conf Config
	env  Env

	ctx    context.Context // ends what a worker waits for
	cancel context.CancelFunc

	mu      sync.Mutex
	lanes   []lane
	pins    map[*message.Flow]pin
	msgs    int // queued or being processed
	bytes   int
	waiting int // senders that wait for room
	pacer   pacer
	busy    int // workers at work
	closed  bool
	patient bool // false: senders have waited in vain for queue.timeoutEnqueue
	room    sync.Cond
	disk    *disk // nil: in memory only
	// unspooled is why a queue is in memory only that was to have files.
	unspooled error
	sampled   int // messages, for queue.samplingInterval

	hurry   atomic.Bool   // stop without draining
	ended   chan struct{} // closed with hurry
	workers sync.WaitGroup

	// Counters, for metrics.
	Enqueued metrics.Counter // messages
	spilled  metrics.Counter // those of them that went to disk
	Full     metrics.Counter // times a sender had to wait or drop
	Dropped  metrics.Counter // messages
	// Discarded are messages left out by severity or sampling.
	Discarded metrics.Counter
	maxSize   int
	lost      losses
}

// entry is a batch in a lane.
type entry struct {
	*message.Batch
	n, size int
	seq     uint64 // of a queue with a disk
	fed     *fed   // nil: not on disk
}

// lane is the work of one worker. The queue's mu guards it.
type lane struct {
	entries []entry
	msgs    int // in entries
	wake    sync.Cond
	handler Handler
	// free: the handler rests, and may be taken by the worker or by Pass.
	free bool
	// oldest is when the first of what the handler was given arrived; not valid if free.
	oldest time.Time
	beat   progress.Beat // of whoever has the handler; needs no lock
}

// laneDepth is how many batches may wait in a lane before a flow that is free
// to choose takes the next one: the worker stays busy while a reader fills the
// next batch, and no more than that waits behind it.
const laneDepth = 2

// New returns a queue. Open opens its files, Start gives it its workers.
func New(name string, conf Config, env Env) *Queue {
	if env.FS == nil {
		env.FS = vfs.OS{}
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	conf.derive()
	q := &Queue{lost: newLosses(env.Losses, name), name: name, conf: conf, env: env, lanes: make([]lane, conf.workers()), pins: map[*message.Flow]pin{}, patient: true, ended: make(chan struct{})}
	if conf.InMemory != "" {
		q.unspooled = q.errorf("is kept in memory: %s", conf.InMemory)
	}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	q.room.L, q.pacer.calm.L = &q.mu, &q.mu
	for i := range q.lanes {
		q.lanes[i].wake.L = &q.mu
	}
	return q
}

// Places returns the directory of the queue's files, and patterns of the files of an
// rsyslogd queue of that name (filepath.Match); "" without files.
func (q *Queue) Places() (dir string, classic []string) {
	if q.conf.Dir == "" {
		return "", nil
	}
	return q.conf.Dir, []string{q.conf.Classic + ".qi", q.conf.Classic + ".[0-9]*"}
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// Workers is the number of handlers that Start needs.
func (q *Queue) Workers() int { return len(q.lanes) }

// Context ends when a stop has waited long enough for what the workers do.
func (q *Queue) Context() context.Context { return q.ctx }

// Start starts one worker a handler. Stop waits for them.
func (q *Queue) Start(handlers []Handler) {
	if q.disk != nil {
		q.disk.settling.Go(q.settleLater)
		q.workers.Go(q.feed)
	}
	for i := range q.lanes {
		l := &q.lanes[i]
		l.handler = handlers[i]
		q.workers.Go(func() { q.work(l) })
	}
}

// Enqueue takes over b. While the queue is full it waits, until ctx is done; the
// queue of an action also no longer than queue.timeoutEnqueue, and then not at all
// until there is room. Then, or when the queue is closed, b is dropped and counted, and
// the error is receipt.ErrFull or ErrClosed.
func (q *Queue) Enqueue(ctx context.Context, b *message.Batch) error {
	if q.conf.filters && !q.filter(b) {
		return nil
	}
	size := b.Bytes()
	q.mu.Lock()
	if q.disk != nil {
		q.mu.Unlock()
		return q.store(ctx, b, true)
	}
	q.pace(size)
	if q.fullFor(size) {
		q.Full.Add(1)
		q.wait(ctx, size)
	}
	if q.closed || (!q.patient || ctx.Err() != nil) && q.fullFor(size) {
		err := q.whyNot()
		q.mu.Unlock()
		return q.refuse(ctx, b, err)
	}
	n := b.Len()
	q.push(entry{Batch: b, n: n, size: size}, b.Flow)
	q.mu.Unlock()
	q.Enqueued.Add(uint64(n))
	return nil
}

// wait waits for room. mu is held.
func (q *Queue) wait(ctx context.Context, size int) {
	stop := context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.room.Broadcast()
	})
	defer stop()
	if q.conf.ForAction {
		timer := time.AfterFunc(time.Duration(q.conf.TimeoutEnqueue)*time.Millisecond, func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			if q.fullFor(size) {
				q.patient = false
				q.room.Broadcast()
			}
		})
		defer timer.Stop()
	}
	q.waiting++
	for q.fullFor(size) && !q.closed && q.patient && ctx.Err() == nil {
		q.room.Wait()
	}
	q.waiting--
}

// TryEnqueue takes over b, or drops and counts it when the queue is full.
func (q *Queue) TryEnqueue(b *message.Batch) error {
	if q.conf.filters && !q.filter(b) {
		return nil
	}
	size := b.Bytes()
	q.mu.Lock()
	if q.disk != nil {
		q.mu.Unlock()
		return q.store(context.Background(), b, false)
	}
	if q.closed || q.fullFor(size) {
		err := q.whyNot()
		q.mu.Unlock()
		q.Full.Add(1)
		return q.refuse(context.Background(), b, err)
	}
	n := b.Len()
	q.push(entry{Batch: b, n: n, size: size}, b.Flow)
	q.mu.Unlock()
	q.Enqueued.Add(uint64(n))
	return nil
}

// whyNot is why the queue does not take a batch; mu is held.
func (q *Queue) whyNot() error {
	if q.closed {
		return receipt.ErrClosed
	}
	return receipt.ErrFull
}

// refuse drops b, which the queue does not take because of err. The sender waits no
// longer when ctx has ended.
func (q *Queue) refuse(ctx context.Context, b *message.Batch, err error) error {
	q.untaken(ctx, b, b.Len(), err)
	b.Release()
	return err
}

// errorf is fmt.Errorf behind the queue's name.
func (q *Queue) errorf(format string, args ...any) error {
	return fmt.Errorf("queue %s "+format, append([]any{q.name}, args...)...)
}

// fullFor reports whether there is no room for size more bytes. An empty queue
// takes anything, so that a batch larger than the limit gets through. mu is held.
func (q *Queue) fullFor(size int) bool {
	return q.msgs >= q.conf.Size || q.bytes > 0 && int64(q.bytes+size) > q.conf.MaxBytes
}

// count counts e as under way; mu is held.
func (q *Queue) count(e entry) {
	q.msgs += e.n
	q.bytes += e.size
	q.maxSize = max(q.maxSize, q.unspilled())
}

// push appends e to its lane; mu is held.
func (q *Queue) push(e entry, f *message.Flow) {
	q.count(e)
	l := &q.lanes[q.laneFor(f)]
	l.entries = append(l.entries, e)
	l.msgs += e.n
	if len(l.entries) == 1 || q.conf.MinBatch > 0 {
		l.wake.Signal()
	}
}

// pin is the lane of a flow that has batches under way.
type pin struct {
	lane, batches int
}

// laneFor chooses a lane and counts the batch as under way. mu is held.
func (q *Queue) laneFor(f *message.Flow) int {
	if len(q.lanes) == 1 {
		return 0
	}
	if p, found := q.pins[f]; found {
		q.pins[f] = pin{p.lane, p.batches + 1}
		return p.lane
	}
	best := 0
	for i := range q.lanes {
		if len(q.lanes[i].entries) < laneDepth {
			best = i
			break
		}
		if len(q.lanes[i].entries) < len(q.lanes[best].entries) {
			best = i
		}
	}
	if f != nil {
		q.pins[f] = pin{best, 1}
	}
	return best
}

// done counts a batch of the flow as no longer under way. mu is held.
func (q *Queue) done(f *message.Flow) {
	if f == nil {
		return
	}
	p, found := q.pins[f]
	switch {
	case !found:
	case p.batches == 1:
		delete(q.pins, f)
	default:
		q.pins[f] = pin{p.lane, p.batches - 1}
	}
}

// work is one worker.
func (q *Queue) work(l *lane) {
	var todo []entry
	h := l.handler
	q.mu.Lock()
	q.busy++
	for {
		for len(l.entries) == 0 {
			q.rest(l)
			for !l.free || len(l.entries) == 0 && !q.drained() {
				l.wake.Wait()
			}
			l.free = false
			q.busy++
			if len(l.entries) == 0 { // closed and drained
				q.mu.Unlock()
				return
			}
		}
		if q.conf.MinBatch > 0 {
			q.gather(l)
		}
		todo, l.entries, l.msgs = l.entries, todo[:0], 0
		l.oldest = todo[0].Received
		q.mu.Unlock()
		if q.conf.shaped {
			q.processShaped(todo, l)
		} else {
			for i, e := range todo {
				todo[i] = entry{}
				q.process(e, h, l)
			}
		}
		q.mu.Lock()
	}
}

// rest gives the handler of a lane back, and lets it know if the lane is empty; mu is
// held, but not all the time.
func (q *Queue) rest(l *lane) {
	q.busy--
	if len(l.entries) == 0 {
		last := q.busy == 0
		q.mu.Unlock()
		q.idle(l.handler, last)
		q.mu.Lock()
	}
	l.free = true
}

// run has h process e. Handlers see to each message themselves: a panic that comes here
// is about all of them, and none is left.
func (q *Queue) run(e entry, h Handler) (done int) {
	if q.env.Barrier != nil {
		back := e.Receipt
		defer func() {
			if v := recover(); v != nil {
				q.env.Barrier.Messages("queue "+q.name, barrier.Caught(v), e.n)
				back.Mark(receipt.GivenUp)
				done = e.n
			}
		}()
	}
	return h.Run(e.Batch)
}

// idle tells h that its worker is going to wait.
func (q *Queue) idle(h Handler, last bool) {
	if q.env.Barrier != nil {
		defer func() {
			if v := recover(); v != nil {
				q.env.Barrier.Report("what outputs hold could not be written out", barrier.Caught(v), "queue", q.name)
			}
		}()
	}
	h.Idle(last)
}

// drained reports whether nothing will come any more; mu is held.
func (q *Queue) drained() bool { return q.closed && (q.disk == nil || !q.disk.feeding) }

// process has h, the handler of l, process e.
func (q *Queue) process(e entry, h Handler, l *lane) {
	f, back := e.Flow, e.Receipt
	back.Hold()
	l.beat.Begin()
	switch {
	case q.disk != nil:
		q.processStored(e, h)
	case q.hurry.Load():
		q.leave(back, e.n)
		e.Release()
	default:
		if done := q.run(e, h); done < e.n {
			q.leave(back, e.n-done)
		}
	}
	back.Return(receipt.Stored)
	if e.fed != nil {
		q.settle()
	}
	l.beat.End()
	q.mu.Lock()
	q.done(f)
	q.msgs -= e.n
	if e.fed != nil {
		q.disk.fed -= e.n
	}
	q.bytes -= e.size
	q.pacer.processed(q.bytes)
	if q.bytes <= int(q.conf.MaxBytes)*3/4 && q.msgs <= q.conf.Size*3/4 {
		q.patient = true
		if q.waiting > 0 {
			q.room.Broadcast()
		}
	}
	if q.disk != nil {
		q.disk.wake.Signal()
	}
	q.mu.Unlock()
}

// Len is the number of messages queued or being processed.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.msgs
}

// close takes no more batches; senders that wait are sent away, and what they
// bring is dropped and counted. The workers go on.
func (q *Queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for i := range q.lanes {
		q.lanes[i].wake.Broadcast()
	}
	q.room.Broadcast()
	q.pacer.calm.Broadcast()
	if q.disk != nil {
		q.disk.wake.Broadcast()
	}
}

// Stop takes no more batches and waits until the workers have processed what is
// queued, at most for queue.timeoutShutdown, and then at most for
// queue.timeoutActionCompletion until what they have begun is done; then that is
// interrupted. What is left is written to disk if the queue has files; else it is still
// the input's, or dropped and counted. Then it closes the files.
func (q *Queue) Stop() {
	q.StopSince(time.Now())
	q.Close()
}

// StopSince is Stop with times that have run since then, and without Close.
func (q *Queue) StopSince(since time.Time) {
	q.close()
	shutdown := time.Duration(q.conf.TimeoutShutdown) * time.Millisecond
	completion := time.Duration(q.conf.TimeoutCompletion) * time.Millisecond
	late := time.AfterFunc(time.Until(since.Add(shutdown)), q.hasten)
	interrupt := time.AfterFunc(time.Until(since.Add(shutdown+completion)), func() {
		q.hasten()
		q.cancel()
	})
	q.workers.Wait()
	late.Stop()
	interrupt.Stop()
	q.cancel()
	if q.disk != nil {
		q.disk.saving.Do(q.saveLeft)
	}
}

// hasten ends the draining: what the workers have not begun stays.
func (q *Queue) hasten() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.hurry.Swap(true) {
		return
	}
	close(q.ended)
	if q.disk != nil {
		q.disk.wake.Broadcast()
	}
	for i := range q.lanes {
		q.lanes[i].wake.Broadcast()
	}
}
