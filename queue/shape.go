package queue

import (
	"time"

	"syslogd/message"
)

// What queue.dequeue..., queue.minDequeueBatchSize..., queue.discard... and
// queue.samplingInterval ask for. Queues without them take none of these ways.

// filter leaves messages out. It reports whether any are left; b is released if not.
func (q *Queue) filter(b *message.Batch) bool {
	n := b.Len()
	q.mu.Lock()
	discard := q.conf.DiscardSeverity <= message.Debug && q.held() >= q.conf.DiscardMark
	at := q.sampled
	q.sampled += n
	q.mu.Unlock()
	kept := b.Msgs[:0]
	for i := range b.Msgs {
		at++
		if k := q.conf.Sampling; k > 1 && at%k != 0 {
			continue
		}
		if discard && severity(&b.Msgs[i]) >= q.conf.DiscardSeverity {
			continue
		}
		kept = append(kept, b.Msgs[i])
	}
	b.Cut(len(kept))
	q.Discarded.Add(uint64(n - len(kept)))
	if len(kept) == 0 {
		b.Release()
		return false
	}
	return true
}

// held is the number of messages in the queue, on disk and in memory; mu is held.
func (q *Queue) held() int {
	if q.disk == nil {
		return q.msgs
	}
	s := q.disk.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	return q.msgs + s.stored
}

// severity is the message's, also before it was parsed.
func severity(m *message.Message) message.Severity {
	if m.Flags&message.Parsed != 0 {
		return m.PRI.Severity()
	}
	raw, n := m.Raw(), 0
	if len(raw) == 0 || raw[0] != '<' {
		return message.Notice // what a message without PRI gets
	}
	for _, c := range raw[1:min(len(raw), 5)] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return message.Severity(n & 7)
}

// gather waits until a lane has queue.minDequeueBatchSize messages, or for the
// time that goes with it; mu is held.
func (q *Queue) gather(l *lane) {
	if l.msgs >= q.conf.MinBatch {
		return
	}
	q.mu.Unlock()
	l.handler.Idle(false)
	q.mu.Lock()
	over := false
	timer := time.AfterFunc(time.Duration(q.conf.MinBatchTimeout)*time.Millisecond, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		over = true
		l.wake.Broadcast()
	})
	defer timer.Stop()
	for l.msgs < q.conf.MinBatch && !over && !q.closed {
		l.wake.Wait()
	}
}

// processShaped processes entries within the hours, in the sizes and at the speed
// that the configuration asks for.
func (q *Queue) processShaped(todo []entry, l *lane) {
	for len(todo) > 0 {
		q.awaitHours(l.handler)
		e := todo[0]
		n := 1
		for n < len(todo) && e.n+todo[n].n <= q.conf.BatchSize && q.joins(&e, &todo[n]) {
			n++
		}
		clear(todo[:n])
		todo = todo[n:]
		q.process(e, &pieces{q, l, l.handler}, l)
	}
}

// fewMessages is up to how many messages a batch is worth being joined to another:
// that copies them.
const fewMessages = 16

// joins puts the messages of o at the end of e if they may go together. The flow
// of o is done then: it is counted where e is. Where messages go to rulesets it
// does not pay: their outputs gather what several batches bring (with 16 TLS
// connections joining doubles the CPU time).
func (q *Queue) joins(e, o *entry) bool {
	if !q.conf.ForAction && q.conf.MinBatch == 0 || o.n > fewMessages || e.fed != nil || o.fed != nil || e.Ruleset != o.Ruleset || e.Flow != o.Flow {
		return false
	}
	e.Join(o.Batch)
	e.n, e.size = e.n+o.n, e.size+o.size
	q.mu.Lock()
	q.done(e.Flow)
	q.mu.Unlock()
	return true
}

// pieces runs a batch in pieces of queue.dequeueBatchSize messages, and waits for
// queue.dequeueSlowDown after each.
type pieces struct {
	q *Queue
	l *lane
	Handler
}

func (p *pieces) Run(b *message.Batch) (done int) {
	n := b.Len()
	if n <= p.q.conf.BatchSize {
		done = p.Handler.Run(b)
		p.slowDown(done)
		return done
	}
	defer b.Release()
	for done < n {
		end := min(n, done+p.q.conf.BatchSize)
		got := p.Handler.Run(b.Part(done, end))
		p.slowDown(got)
		if done += got; done < end || p.q.hurry.Load() {
			return done
		}
	}
	return done
}

// slowDown waits for queue.dequeueSlowDown after n messages.
func (p *pieces) slowDown(n int) {
	if d := p.q.conf.SlowDown; d > 0 {
		p.Idle(false)
		p.l.beat.End() // it is asked to wait, and does not hang
		defer p.l.beat.Begin()
		p.q.sleep(time.Duration(n*d) * time.Microsecond)
	}
}

// sleep waits for d, or until a stop no longer waits.
func (q *Queue) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-q.ended:
	}
}

// noHours is the value of queue.dequeueTimeEnd without hours.
const noHours = 25

// awaitHours waits for the hours in which the queue is processed. A stop outside
// of them leaves what is there on disk, or has it processed if there is no disk.
func (q *Queue) awaitHours(h Handler) {
	for {
		wait := q.conf.untilHours(time.Now())
		if wait == 0 || q.hurry.Load() {
			return
		}
		q.mu.Lock()
		closed := q.closed
		q.mu.Unlock()
		if closed {
			if q.disk != nil {
				q.hasten()
			}
			return
		}
		h.Idle(false)
		q.sleep(min(wait, time.Second)) // a stop must be noticed
	}
}

// untilHours is how long it is to the beginning of the hours, 0 within them.
func (c *Config) untilHours(now time.Time) time.Duration {
	begin, end := c.TimeBegin, c.TimeEnd
	if end >= noHours || begin == end {
		return 0
	}
	hour := now.Hour()
	within := hour >= begin && hour < end
	if begin > end { // over midnight
		within = hour >= begin || hour < end
	}
	if within {
		return 0
	}
	y, m, d := now.Date()
	next := time.Date(y, m, d, begin, 0, 0, 0, now.Location())
	if !next.After(now) {
		next = next.AddDate(0, 0, 1)
	}
	return next.Sub(now)
}
