package queue

import (
	"context"

	"syslogd/message"
)

// Pass is Enqueue for a batch that brings little: if nothing else is under way the
// caller processes it itself, since a worker that is woken costs more than a message.
// That may take as long as the outputs do, whatever ctx says.
func (q *Queue) Pass(ctx context.Context, b *message.Batch) bool {
	e := entry{Batch: b, n: b.Len(), size: b.Bytes()}
	q.mu.Lock()
	if l := &q.lanes[0]; q.passes(e.n) {
		q.count(e)
		q.laneFor(b.Flow) // the first one, since all are empty
		l.free = false
		q.busy++
		q.mu.Unlock()
		q.Enqueued.Add(uint64(e.n))
		q.process(e, l.handler)
		q.mu.Lock()
		q.rest(l)
		if len(l.entries) > 0 || q.closed {
			l.wake.Signal()
		}
		q.mu.Unlock()
		return true
	}
	q.mu.Unlock()
	return q.Enqueue(ctx, b)
}

// passes reports whether a batch of n messages needs no worker; mu is held.
func (q *Queue) passes(n int) bool {
	return q.msgs == 0 && q.lanes[0].free && q.disk == nil && !q.closed && !q.conf.filters && !q.conf.held && n <= q.conf.BatchSize
}
