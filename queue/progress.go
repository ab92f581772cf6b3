package queue

import (
	"fmt"
	"time"

	"syslogd/internal/progress"
)

// Stages are the queue's workers, each of which must be done with a batch some time, and
// whoever writes its files.
func (q *Queue) Stages() []progress.Stage {
	list := make([]progress.Stage, len(q.lanes))
	for i := range q.lanes {
		list[i] = progress.Stage{Name: fmt.Sprintf("worker %d of queue %s", i, q.name), Sample: q.lanes[i].beat.Sample, Detail: q.backlog}
	}
	return append(list, progress.Stage{Name: "writing the files of queue " + q.name, Sample: func() (step uint64, busy bool) {
		q.mu.Lock()
		d := q.disk
		q.mu.Unlock()
		if d == nil {
			return 0, false
		}
		return d.spool.beat.Sample()
	}})
}

// backlog says how much waits.
func (q *Queue) backlog() string { return q.Backlog(time.Now()) }

// Backlog says how many messages wait, and how old the oldest of them is; "" for none.
func (q *Queue) Backlog(now time.Time) string {
	n, oldest := q.Waiting(), q.Oldest()
	if n == 0 {
		return ""
	}
	text := fmt.Sprintf("%d messages wait", n)
	if !oldest.IsZero() {
		text += fmt.Sprintf(", the oldest for %v", now.Sub(oldest).Round(time.Second))
	}
	return text
}

// Waiting is the number of messages in memory and on disk that are not done.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	n, d := q.msgs, q.disk
	q.mu.Unlock()
	if d != nil {
		d.spool.peek(func() { n = max(n, d.spool.stored) })
	}
	return n
}

// Oldest is when the oldest message that waits arrived, in memory or on disk; zero without
// any, or when it is not known. It may be a batch too old: what a worker was given counts
// until it is done with all of it.
func (q *Queue) Oldest() time.Time {
	var oldest time.Time
	older := func(t time.Time) {
		if oldest.IsZero() || !t.IsZero() && t.Before(oldest) {
			oldest = t
		}
	}
	q.mu.Lock()
	for i := range q.lanes {
		l := &q.lanes[i]
		if _, busy := l.beat.Sample(); busy {
			older(l.oldest)
		}
		if len(l.entries) > 0 {
			older(l.entries[0].Received)
		}
	}
	d := q.disk
	q.mu.Unlock()
	if d != nil {
		d.spool.peek(func() { older(d.spool.oldest()) })
	}
	return oldest
}

// oldest is when the oldest message on disk was received: numbers are given as messages
// come. mu is held.
func (s *spool) oldest() time.Time {
	if f, ok := s.ledger.First(); ok {
		return f.since
	}
	if s.reading != nil && s.readOff < s.reading.size {
		return s.readSince
	}
	for _, seg := range s.segments {
		if !seg.read && seg != s.reading && seg.waiting > 0 {
			return seg.since
		}
	}
	return time.Time{}
}
