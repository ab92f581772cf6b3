package queue

import "syslogd/message"

// Pass is for a batch that brings little: if nothing else is under way the caller
// processes it itself, since a worker that is woken costs more than a message. That may
// take as long as the outputs do. It reports whether it was so; if not, b is still the
// caller's.
func (q *Queue) Pass(b *message.Batch) (done bool) {
	e := entry{Batch: b, n: b.Len(), size: b.Bytes()}
	q.mu.Lock()
	l := &q.lanes[0]
	if !q.passes(e.n) {
		q.mu.Unlock()
		return false
	}
	q.count(e)
	q.laneFor(b.Flow) // the first one, since all are empty
	l.free, l.oldest = false, b.Received
	q.busy++
	q.mu.Unlock()
	q.Enqueued.Add(uint64(e.n))
	q.process(e, l.handler, l)
	q.mu.Lock()
	q.rest(l)
	if len(l.entries) > 0 || q.closed {
		l.wake.Signal()
	}
	q.mu.Unlock()
	return true
}

// passes reports whether a batch of n messages needs no worker; mu is held.
func (q *Queue) passes(n int) bool {
	return q.msgs == 0 && q.lanes[0].free && q.disk == nil && !q.closed && !q.conf.filters && !q.conf.held && n <= q.conf.BatchSize
}
