package router

import (
	"sync/atomic"
	"time"

	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/output"
	"syslogd/router/template"
)

// Action renders messages and hands them to an output, or to a queue in front
// of it. With a Modifier it changes the message instead, at once.
type Action struct {
	Name      string
	Index     int
	Modifier  *modify.Instance
	Templates []*template.Template
	Delivery  *output.Delivery
	// Queue, if not nil, takes the messages; the queue's worker then renders and delivers.
	Queue Enqueuer
	Conditions

	// Limit, if not nil, bounds the messages of the action in time.
	Limit Limit

	// Disabled is set for an action that could not be built: it takes no messages.
	Disabled bool
	// Watched is set when the next action runs only while this one is
	// suspended: it then commits each message at once, so that the very
	// message that finds a failure is taken over.
	Watched bool

	seen    atomic.Int64 // messages counted for EveryNth
	lastRun atomic.Int64 // Unix time of the last run
}

// Limit bounds the messages of an action in time.
type Limit interface {
	// Take asks for n messages and returns how many may go; the rest is dropped.
	Take(n int, now time.Time) int
	// Ask returns how long a message must wait until it may go, 0 for not at all.
	Ask(now time.Time) time.Duration
	// Paces reports whether messages wait for the next window instead of being
	// dropped.
	Paces() bool
}

// Conditions are the parameters that make an action skip messages.
type Conditions struct {
	// EveryNth runs the action for each n-th message only; the count starts
	// again after EveryNthTimeout seconds without one.
	EveryNth        int
	EveryNthTimeout int
	// OnceEvery is the least number of seconds between two runs.
	OnceEvery int
	// WhenPreviousSuspended runs the action only while the one before is suspended.
	WhenPreviousSuspended bool
	// WriteAllMarks writes mark messages even if the action has run within MarkInterval.
	WriteAllMarks bool
}

// markInterval is half of the time between two mark messages by default: so long
// an action must have been idle to get one.
const markInterval = 600

// pending is what an action has taken from the current batch.
type pending struct {
	batch  output.Batch
	queued *message.Batch
	lost   int  // records of the last delivery that were given up
	marked bool // in Worker.dirty
}

func (a *Action) run(w *Worker, m *message.Message) bool {
	if a.Disabled || a.WhenPreviousSuspended && !w.previousSuspended {
		return false
	}
	if !a.due(w, m) {
		return false
	}
	if a.Limit != nil && !(a.Queue != nil && a.Limit.Paces()) && a.Limit.Take(1, w.props.Now()) == 0 {
		return false
	}
	if a.Modifier != nil {
		w.acting = a.Index + 1
		a.Modifier.Apply(m, w.props)
		w.acting = 0
		w.props.Watch(m.JSON)
		w.props.Watch(m.Local)
		w.previousSuspended = false
		return false
	}
	p := &w.acts[a.Index]
	if !p.marked {
		p.marked = true
		w.dirty = append(w.dirty, a)
	}
	if a.Queue != nil {
		if p.queued == nil {
			p.queued = message.NewBatch(nil)
			p.queued.Received, p.queued.Flow = w.batch.Received, w.batch.Flow
		}
		p.queued.AddCopy(m)
		w.previousSuspended = false
		return false
	}
	a.Render(w, m)
	p.lost = 0
	if a.Watched {
		a.deliver(w, p)
	}
	// A message that the output refused is taken over, too.
	w.previousSuspended = p.lost > 0 || a.Delivery.Suspended()
	return false
}

// Render appends the action's templates for m to the worker's batch.
func (a *Action) Render(w *Worker, m *message.Message) {
	p := &w.acts[a.Index]
	w.acting = a.Index + 1
	for i, t := range a.Templates {
		part := &p.batch.Parts[i]
		part.Data = t.Append(part.Data, m, w.props)
		part.Ends = append(part.Ends, len(part.Data))
	}
	w.acting = 0
}

// due checks the action's Conditions.
func (a *Action) due(w *Worker, m *message.Message) bool {
	c := &a.Conditions
	if c.EveryNth <= 1 && c.OnceEvery == 0 && c.WriteAllMarks {
		return true
	}
	now := w.props.Now().Unix()
	last := a.lastRun.Load()
	if m.Flags&message.Mark != 0 && !c.WriteAllMarks && now-last < markInterval {
		return false
	}
	if c.EveryNth > 1 {
		if c.EveryNthTimeout > 0 && now-last > int64(c.EveryNthTimeout) {
			a.seen.Store(0)
		}
		if c.EveryNthTimeout > 0 {
			a.lastRun.Store(now)
		}
		if a.seen.Add(1)%int64(c.EveryNth) != 0 {
			return false
		}
	}
	if c.OnceEvery > 0 && last != 0 && now-last < int64(c.OnceEvery) {
		return false
	}
	a.lastRun.Store(now)
	return true
}

// maxKept bounds the memory an action keeps for its next batch, in bytes.
const maxKept = 1 << 20

// commit reports whether everything is delivered, given up or queued; it is not
// when the stop of the server came in between.
func (a *Action) commit(w *Worker, p *pending) bool {
	p.marked = false
	finished := true
	if p.queued != nil {
		b := p.queued
		p.queued = nil
		finished = w.enqueue(a.Queue, b)
	}
	p.batch.Attended = w.attending
	_, all := a.deliver(w, p)
	return finished && all
}

// deliver returns how many messages are done, and whether that is all of them.
func (a *Action) deliver(w *Worker, p *pending) (done int, all bool) {
	if len(p.batch.Parts) == 0 || p.batch.Len() == 0 {
		return 0, true
	}
	n := p.batch.Len()
	p.batch.Receipt = w.batch.Receipt
	if w.Barrier != nil {
		// The Delivery sees to what the output does; this is for all around that.
		defer func() {
			if v := recover(); v != nil {
				w.Barrier.Messages("action "+a.Name, barrier.Caught(v), n)
				w.batch.Receipt.Mark(receipt.GivenUp)
				p.batch.Reset(maxKept)
				done, all = n, true
			}
		}()
	}
	done = a.Delivery.Deliver(w.ctx, &p.batch)
	p.lost = p.batch.Lost
	p.batch.Reset(maxKept)
	return done, done == n
}

// QueueWorker renders and delivers the messages of an action's queue.
type QueueWorker struct {
	action *Action
	worker *Worker
	// aside are the messages of a batch that caused a panic.
	aside []int
}

// NewQueueWorker returns the handler of the action's queue.
func (a *Action) NewQueueWorker(w *Worker) *QueueWorker { return &QueueWorker{action: a, worker: w} }

// Run delivers b and releases it. It returns how many messages are delivered or
// given up, from the first one on: less than all only when the stop of the
// server came in between.
func (q *QueueWorker) Run(b *message.Batch) (done int) {
	defer b.Release()
	w := q.worker
	w.batch = b
	defer func() { w.batch = nil }()
	w.props.StartBatch()
	p := &w.acts[q.action.Index]
	q.aside = q.aside[:0]
	more := true
	for w.at = 0; more && w.at < len(b.Msgs); w.at++ {
		var n int
		n, more = q.messages(b, p)
		done += n
	}
	if more {
		n, _ := q.action.deliver(w, p)
		done += n
	}
	for _, i := range q.aside { // done, too, if all in front of them are
		if i <= done {
			done++
		}
	}
	return done
}

// messages renders those of b from w.at on, up to one that caused a panic and is set
// aside. It returns how many messages are done, and whether there is any use in going on.
func (q *QueueWorker) messages(b *message.Batch, p *pending) (done int, more bool) {
	w := q.worker
	if w.Barrier != nil {
		defer func() {
			if v := recover(); v != nil {
				w.acting = q.action.Index + 1
				p.batch.Trim()
				w.setAside(w.router.Default, &b.Msgs[w.at], barrier.Caught(v))
				q.aside = append(q.aside, w.at)
				more = true
			}
		}()
	}
	for ; w.at < len(b.Msgs); w.at++ {
		if l := q.action.Limit; l != nil && l.Paces() {
			n, more := q.pace(p)
			if done += n; !more {
				return done, false
			}
		}
		q.action.Render(w, &b.Msgs[w.at])
	}
	return done, true
}

// pace waits until one more message may go. What was rendered before is
// delivered first. It returns how many messages that were, and whether there is
// any use in going on.
func (q *QueueWorker) pace(p *pending) (done int, more bool) {
	for {
		wait := q.action.Limit.Ask(time.Now())
		if wait == 0 {
			return done, true
		}
		n, all := q.action.deliver(q.worker, p)
		if done += n; !all {
			return done, false
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-q.worker.ctx.Done():
			timer.Stop()
			return done, false
		}
	}
}

// Idle does nothing: an output that holds something has told who writes it.
func (q *QueueWorker) Idle(bool) {}
