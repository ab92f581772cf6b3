// Package queue holds what lies between inputs and rulesets, and between
// rulesets and actions that have a queue: bounded, in memory, ordered a sender.
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
	"sync"
	"sync/atomic"
	"time"

	"syslogd/message"
	"syslogd/metrics"
)

// Handler is what a worker does. Its methods are called by one goroutine.
type Handler interface {
	// Run processes b and releases it. It returns how many messages are done, from
	// the first one on: less than all only when the queue's stop came in between.
	Run(b *message.Batch) (done int)
	// Idle is called when the worker's lane is empty. last is true when no
	// other worker of this queue is at work.
	Idle(last bool)
}

// Queue is a bounded queue of batches with its workers. Make it with New.
type Queue struct {
	name string
	conf Config

	mu      sync.Mutex
	lanes   []lane
	msgs    int // queued or being processed
	bytes   int
	waiting int // senders that wait for room
	paced   int // senders that wait for calm
	busy    int // workers at work
	closed  bool
	room    sync.Cond
	calm    sync.Cond

	hurry   atomic.Bool // stop without draining
	workers sync.WaitGroup

	// Counters, for metrics.
	Enqueued metrics.Counter // messages
	Full     metrics.Counter // times a sender had to wait or drop
	Dropped  metrics.Counter // messages
	maxSize  int
}

// lane is the work of one worker. The queue's mu guards it.
type lane struct {
	batches []*message.Batch
	wake    sync.Cond
}

// laneDepth is how many batches may wait in a lane before a flow that is free
// to choose takes the next one: the worker stays busy while a reader fills the
// next batch, and no more than that waits behind it.
const laneDepth = 2

// New returns a queue. Start gives it its workers.
func New(name string, conf Config) *Queue {
	q := &Queue{name: name, conf: conf, lanes: make([]lane, conf.workers())}
	q.room.L, q.calm.L = &q.mu, &q.mu
	for i := range q.lanes {
		q.lanes[i].wake.L = &q.mu
	}
	return q
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// Workers is the number of handlers that Start needs.
func (q *Queue) Workers() int { return len(q.lanes) }

// Start starts one worker a handler. Stop waits for them.
func (q *Queue) Start(handlers []Handler) {
	for i := range q.lanes {
		q.workers.Add(1)
		go func() {
			defer q.workers.Done()
			q.work(&q.lanes[i], handlers[i])
		}()
	}
}

// Senders that can wait are paced: above calmBytes each batch waits until the
// workers have caught up, at most for pacing. While the workers keep pace the
// memory in use then stays small enough for the processor's caches (half the CPU
// time of system calls with 16 connections at full speed); when they stall the
// queue still fills up to its limit.
const (
	calmBytes = 8 << 20
	pacing    = 20 * time.Millisecond
)

// Enqueue takes over b. While the queue is full it waits, until ctx is done;
// then, or when the queue is closed, b is dropped and counted.
func (q *Queue) Enqueue(ctx context.Context, b *message.Batch) bool {
	size := b.Bytes()
	q.mu.Lock()
	if q.bytes > calmBytes && !q.closed {
		q.pace()
	}
	if q.fullFor(size) {
		q.Full.Add(1)
		q.wait(ctx, size)
	}
	if q.closed || ctx.Err() != nil && q.fullFor(size) {
		q.mu.Unlock()
		q.drop(b)
		return false
	}
	q.push(b, size)
	return true
}

// pace waits until the queue is calm again, or for a moment. mu is held.
func (q *Queue) pace() {
	over := false
	timer := time.AfterFunc(pacing, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		over = true
		q.calm.Broadcast()
	})
	defer timer.Stop()
	q.paced++
	for q.bytes > calmBytes && !over && !q.closed {
		q.calm.Wait()
	}
	q.paced--
}

// wait waits for room. mu is held.
func (q *Queue) wait(ctx context.Context, size int) {
	stop := context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.room.Broadcast()
	})
	defer stop()
	q.waiting++
	for q.fullFor(size) && !q.closed && ctx.Err() == nil {
		q.room.Wait()
	}
	q.waiting--
}

// TryEnqueue takes over b, or drops and counts it when the queue is full.
func (q *Queue) TryEnqueue(b *message.Batch) bool {
	size := b.Bytes()
	q.mu.Lock()
	if q.closed || q.fullFor(size) {
		q.mu.Unlock()
		q.Full.Add(1)
		q.drop(b)
		return false
	}
	q.push(b, size)
	return true
}

func (q *Queue) drop(b *message.Batch) {
	q.Dropped.Add(uint64(b.Len()))
	b.Release()
}

// fullFor reports whether there is no room for size more bytes. An empty queue
// takes anything, so that a batch larger than the limit gets through. mu is held.
func (q *Queue) fullFor(size int) bool {
	return q.msgs >= q.conf.Size || q.bytes > 0 && int64(q.bytes+size) > q.conf.MaxBytes
}

// push appends b to its lane and unlocks mu.
func (q *Queue) push(b *message.Batch, size int) {
	n := b.Len()
	q.msgs += n
	q.bytes += size
	q.maxSize = max(q.maxSize, q.msgs)
	l := &q.lanes[q.laneFor(b.Flow)]
	l.batches = append(l.batches, b)
	if len(l.batches) == 1 {
		l.wake.Signal()
	}
	q.mu.Unlock()
	q.Enqueued.Add(uint64(n))
}

// laneFor chooses a lane and counts the batch as under way. mu is held.
func (q *Queue) laneFor(f *message.Flow) int {
	if f != nil && f.Pending.Load() > 0 {
		f.Pending.Add(1)
		return int(f.Lane.Load())
	}
	best := 0
	for i := range q.lanes {
		if len(q.lanes[i].batches) < laneDepth {
			best = i
			break
		}
		if len(q.lanes[i].batches) < len(q.lanes[best].batches) {
			best = i
		}
	}
	if f != nil {
		f.Lane.Store(int32(best))
		f.Pending.Add(1)
	}
	return best
}

// work is one worker.
func (q *Queue) work(l *lane, h Handler) {
	var todo []*message.Batch
	q.mu.Lock()
	q.busy++
	for {
		for len(l.batches) == 0 {
			q.busy--
			last := q.busy == 0
			q.mu.Unlock()
			h.Idle(last)
			q.mu.Lock()
			for len(l.batches) == 0 && !q.closed {
				l.wake.Wait()
			}
			q.busy++
			if len(l.batches) == 0 { // closed and drained
				q.mu.Unlock()
				return
			}
		}
		todo, l.batches = l.batches, todo[:0]
		q.mu.Unlock()
		for i, b := range todo {
			todo[i] = nil
			q.process(b, h)
		}
		q.mu.Lock()
	}
}

func (q *Queue) process(b *message.Batch, h Handler) {
	n, size, f := b.Len(), b.Bytes(), b.Flow
	if q.hurry.Load() {
		q.drop(b)
	} else if done := h.Run(b); done < n {
		q.Dropped.Add(uint64(n - done))
	}
	q.mu.Lock()
	if f != nil {
		f.Pending.Add(-1)
	}
	q.msgs -= n
	q.bytes -= size
	if q.paced > 0 && q.bytes <= calmBytes/2 {
		q.calm.Broadcast()
	}
	if q.waiting > 0 && q.bytes <= int(q.conf.MaxBytes)*3/4 && q.msgs <= q.conf.Size*3/4 {
		q.room.Broadcast()
	}
	q.mu.Unlock()
}

// Len is the number of messages queued or being processed.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.msgs
}

// Refuse takes no more batches; senders that wait are sent away, and what they
// bring is dropped and counted. The workers go on.
func (q *Queue) Refuse() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for i := range q.lanes {
		q.lanes[i].wake.Broadcast()
	}
	q.room.Broadcast()
	q.calm.Broadcast()
}

// Stop takes no more batches and waits until the workers have processed what is
// queued, at most for queue.timeoutShutdown; then late is called, to end what a
// worker waits for, and what is left is dropped and counted. It returns the
// number of messages dropped so.
func (q *Queue) Stop(late func()) uint64 {
	before := q.Dropped.Value()
	q.Refuse()
	timer := time.AfterFunc(time.Duration(q.conf.TimeoutShutdown)*time.Millisecond, func() {
		q.hurry.Store(true)
		late()
	})
	q.workers.Wait()
	timer.Stop()
	return q.Dropped.Value() - before
}

// Object describes the queue to the metrics.
func (q *Queue) Object() *metrics.Object {
	return &metrics.Object{Label: "queue", Name: q.name, Numbers: []metrics.Number{
		metrics.Of("queue_enqueued_total", "Messages put into the queue.", &q.Enqueued),
		metrics.Of("queue_full_total", "Times the queue was full when a batch arrived.", &q.Full),
		metrics.Of("queue_dropped_total", "Messages dropped because the queue was full or did not drain at stop.", &q.Dropped),
		{Name: "queue_messages", Help: "Messages queued or being processed.", Kind: metrics.Gauge, Read: func() float64 { return float64(q.Len()) }},
		{Name: "queue_bytes", Help: "Memory of the queued batches.", Kind: metrics.Gauge, Read: func() float64 {
			q.mu.Lock()
			defer q.mu.Unlock()
			return float64(q.bytes)
		}},
	}}
}
