package queue

import (
	"context"
	"time"

	"syslogd/message"
)

// A sender whose batch took longer than stall does not process its own batches
// for the time of caution: what it sends meanwhile is queued.
const (
	stall   = 500 * time.Millisecond
	caution = 10 * time.Second
)

// Process is Enqueue for a sender that can wait. When a worker has nothing to
// do, the batch is processed in its place at once, by the caller: the bytes are
// still in the caches of the caller's processor, and nobody has to be woken
// (with 16 connections a third of the CPU time). more says that the sender has
// more at hand, so that what outputs coalesce need not be written out yet.
func (q *Queue) Process(ctx context.Context, b *message.Batch, more bool) bool {
	if q.disk != nil || q.conf.shaped || q.conf.filters || q.conf.MinBatch > 0 {
		return q.Enqueue(ctx, b)
	}
	e := entry{Batch: b, n: b.Len(), size: b.Bytes()}
	q.mu.Lock()
	l := q.idleLane(b.Flow)
	if l == nil {
		q.mu.Unlock()
		return q.Enqueue(ctx, b)
	}
	l.lent = true
	q.busy++
	q.msgs += e.n
	q.bytes += e.size
	q.maxSize = max(q.maxSize, q.msgs)
	q.mu.Unlock()
	q.Enqueued.Add(uint64(e.n))
	begin := time.Now()
	q.process(e, l.handler)
	took := time.Since(begin)

	q.mu.Lock()
	if took > stall {
		q.cautious = begin.Add(took + caution)
	}
	q.busy--
	if q.busy == 0 && !more && len(l.entries) == 0 {
		q.mu.Unlock()
		l.handler.Idle(true)
		q.mu.Lock()
	}
	l.lent = false
	if len(l.entries) > 0 || q.closed {
		l.wake.Signal()
	}
	q.mu.Unlock()
	return true
}

// idleLane returns a lane whose worker waits, for a flow with nothing under way,
// and counts the flow's batch; nil: the batch has to be queued. mu is held.
func (q *Queue) idleLane(f *message.Flow) *lane {
	if q.closed || f != nil && f.Pending.Load() > 0 || !q.cautious.IsZero() && time.Now().Before(q.cautious) {
		return nil
	}
	for i := range q.lanes {
		l := &q.lanes[i]
		if !l.parked || l.lent || len(l.entries) > 0 {
			continue
		}
		if f != nil {
			f.Lane.Store(int32(i))
			f.Pending.Add(1)
		}
		return l
	}
	return nil
}

// Interrupt ends what workers, and senders in their place, wait for.
func (q *Queue) Interrupt() {
	q.hasten()
	q.cancel()
}
