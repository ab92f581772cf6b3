// Package router runs messages through rulesets: filters, RainerScript
// statements, calls and actions, compiled when the configuration is read.
//
// A Worker is what one goroutine needs for that. It takes a batch, parses each
// message, runs its ruleset, and at the end of the batch commits what the
// actions rendered. The router knows no output and no input; actions deliver
// through package output, queues are behind the small interface Enqueuer.
package router

import (
	"context"

	"syslogd/internal/barrier"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/output"
	"syslogd/router/property"
)

// Parser fills in the fields of a message; it cannot fail.
type Parser interface {
	Parse(b *message.Batch, m *message.Message)
}

// Enqueuer takes batches for another worker: the queue of an action or of a ruleset.
type Enqueuer interface {
	Enqueue(ctx context.Context, b *message.Batch) error
}

// Ruleset is a named sequence of statements with its parsers.
type Ruleset struct {
	Name   string
	Parser Parser
	Body   []Stmt
	// Queue, if not nil, is the ruleset's own: a call enqueues the message.
	Queue Enqueuer
}

// Router is the rulesets and actions of a configuration.
type Router struct {
	// Rulesets by name. Default is the one for batches that name none, or one that does not exist.
	Rulesets map[string]*Ruleset
	Default  *Ruleset
	// Actions in the order of the configuration; Action.Index is the place here.
	Actions []*Action
	// Flush, if not nil, writes what outputs hold (output.Coalescing). It is called when no
	// worker has anything to do.
	Flush func()
	// Rouse has it written in time by others. It is called when a worker does not flush
	// after all. Nil: outputs see to it themselves.
	Rouse func()
	// Context returns what a new worker needs to evaluate properties.
	Context func() *property.Context
	// Repeats, if not nil, reduces repeated messages.
	Repeats *Repeats
	// Senders, if not nil, counts the messages of each sender over the network.
	Senders *metrics.Senders
	// DropForged drops messages whose sender has a name that passes for an address,
	// and counts them in Forged.
	DropForged bool
	Forged     metrics.Counter
	// Barrier is where messages go that cause a panic. Nil: the panic goes on.
	Barrier *barrier.Barrier
	// Unknown is told of a name that call_indirect computed and that is no ruleset.
	Unknown func(name string)
	// TooDeep, if not nil, is told of a ruleset whose call was nested too deep.
	TooDeep func(name string)
	// Exceeded counts messages that a ruleset made variables of that would have become
	// too large; TooLarge, if not nil, is told of the ruleset.
	Exceeded metrics.Counter
	TooLarge func(name string)
}

// Ruleset returns the ruleset of that name, or else the default one.
func (r *Router) Ruleset(name string) *Ruleset {
	if name == "" {
		return r.Default
	}
	if rs := r.Rulesets[name]; rs != nil {
		return rs
	}
	return r.Default
}

// maxCallDepth bounds nested calls of rulesets. A deeper one is ignored, as in
// rsyslogd, and so are all further calls for the message: rulesets that call
// themselves twice would otherwise run 2^64 times.
const maxCallDepth = 64

// Worker runs batches. It belongs to one goroutine.
type Worker struct {
	// Tracer, if not nil, is told of each Traced statement.
	Tracer Tracer
	// Barrier is the Router's, or that of the queue that the worker works for.
	Barrier *barrier.Barrier

	router *Router
	ctx    context.Context
	props  *property.Context

	batch *message.Batch
	// at is the message of batch that is processed, acting the index of the action that
	// it has come to and 1, or 0: what a panic is blamed on.
	at, acting int
	// acts holds what each action has rendered from this batch, by Action.Index.
	acts  []pending
	dirty []*Action
	// calls holds messages for the queues of called rulesets.
	calls map[*Ruleset]*message.Batch
	depth int
	// attending: outputs may hold something of the last batch that is to be flushed.
	attending bool
	// interrupted is set when the stop of the server ended the processing of a message.
	interrupted bool
	// tooDeep is set when a call was nested too deep, until the next message.
	tooDeep bool
	// previousSuspended is about the action that ran before, for
	// execOnlyWhenPreviousIsSuspended and previous_action_suspended().
	previousSuspended bool
}

// NewWorker returns a worker. ctx ends waiting for outputs, full queues and
// functions.
func (r *Router) NewWorker(ctx context.Context) *Worker {
	w := &Worker{Barrier: r.Barrier, router: r, ctx: ctx, props: r.Context(), acts: make([]pending, len(r.Actions))}
	w.props.Wait = ctx
	w.props.PreviousActionSuspended = func() bool { return w.previousSuspended }
	for i, a := range r.Actions {
		w.acts[i].batch.Parts = make([]output.Part, len(a.Templates))
	}
	return w
}

// Run processes b and releases it. It returns how many messages are done: all, or
// none when the stop of the server came between them and an output or a queue, or those
// in front of one that the stop interrupted. Done is what outputs and queues have taken:
// the receipt tells when it is safe.
func (w *Worker) Run(b *message.Batch) (done int) {
	defer b.Release()
	w.rouse()
	w.batch = b
	rs := w.router.Ruleset(b.Ruleset)
	w.props.StartBatch()
	if w.router.Senders != nil {
		w.countSenders(b)
	}
	w.interrupted = false
	for w.at = 0; w.at < len(b.Msgs) && !w.interrupted; w.at++ {
		w.messages(rs, b)
	}
	if w.commit() {
		done = min(w.at, len(b.Msgs))
	}
	w.batch = nil
	return done
}

// messages processes those of b from w.at on. It ends behind the last one, or at one
// that caused a panic and is set aside.
func (w *Worker) messages(rs *Ruleset, b *message.Batch) {
	if w.Barrier != nil {
		defer func() {
			if v := recover(); v != nil {
				w.setAside(rs, &b.Msgs[w.at], barrier.Caught(v))
			}
		}()
	}
	for ; w.at < len(b.Msgs); w.at++ {
		m := &b.Msgs[w.at]
		fresh := m.Flags&message.Parsed == 0
		if fresh && w.router.DropForged && forged(m) {
			w.router.Forged.Add(1)
			continue
		}
		if fresh {
			rs.Parser.Parse(b, m)
		}
		if m.Dropped() || fresh && w.router.Repeats != nil && w.repeats(rs, m) {
			continue
		}
		if w.process(rs, m); w.interrupted {
			w.at-- // is counted on by the caller
			return
		}
	}
}

// countSenders counts the messages that come by the network and were not
// processed before. Neighbours of one sender are counted together.
func (w *Worker) countSenders(b *message.Batch) {
	for i := 0; i < len(b.Msgs); {
		peer, n := b.Msgs[i].Peer, 0
		for ; i < len(b.Msgs) && b.Msgs[i].Peer == peer; i++ {
			if b.Msgs[i].Flags&message.Parsed == 0 {
				n++
			}
		}
		if n > 0 && peer.Addr.IsValid() {
			w.router.Senders.Count(peer.Host(), n, b.Received)
		}
	}
}

// forged asks for the sender's name, since only then it is known.
func forged(m *message.Message) bool {
	m.Peer.Host()
	return m.Peer.Forged.Load()
}

// process runs a message through a ruleset.
func (w *Worker) process(rs *Ruleset, m *message.Message) {
	w.depth, w.tooDeep = 0, false
	w.previousSuspended = false
	w.run(rs.Body, m)
	if w.props.Exceeded {
		w.props.Exceeded = false
		w.router.Exceeded.Add(1)
		if w.router.TooLarge != nil {
			w.router.TooLarge(rs.Name)
		}
	}
}

// Idle writes out what outputs have coalesced when no worker has work left.
func (w *Worker) Idle(last bool) {
	if !last {
		w.rouse()
		return
	}
	w.attending = false
	if w.router.Flush != nil {
		w.router.Flush()
	}
}

// attends reports whether nothing that commit does waits for anything but files. What
// those hold is flushed, by the next Idle, or Rouse is called.
func (w *Worker) attends() bool {
	if w.router.Rouse == nil || len(w.calls) > 0 {
		return false
	}
	for _, a := range w.dirty {
		if a.Queue != nil || !a.Delivery.Holds() {
			return false
		}
	}
	return true
}

// rouse is called where something else comes than the flush that was promised.
func (w *Worker) rouse() {
	if w.attending {
		w.attending = false
		w.router.Rouse()
	}
}

// run runs statements; it reports whether processing of the message is to stop.
func (w *Worker) run(body []Stmt, m *message.Message) bool {
	for _, s := range body {
		if s.run(w, m) {
			return true
		}
	}
	return false
}

// enqueue hands b, which is made of the worker's batch, to a queue. It is done unless
// that failed because of a stop: what a full queue drops is counted there.
func (w *Worker) enqueue(q Enqueuer, b *message.Batch) (done bool) {
	b.Own(w.batch)
	return q.Enqueue(w.ctx, b) == nil || w.ctx.Err() == nil
}

// commit hands what actions have rendered to their outputs and queued messages to
// their queues. It reports whether all of it got there, or was given up.
func (w *Worker) commit() bool {
	finished := true
	w.attending = w.attends()
	for _, a := range w.dirty {
		finished = a.commit(w, &w.acts[a.Index]) && finished
	}
	w.dirty = w.dirty[:0]
	for rs, b := range w.calls {
		delete(w.calls, rs)
		finished = w.enqueue(rs.Queue, b) && finished
	}
	return finished
}
