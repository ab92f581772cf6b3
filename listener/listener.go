// Package listener holds what inputs share: how they hand batches on, stream
// sessions, access lists, names of senders, rate limits. Each input is a
// package below it.
package listener

import (
	"context"
	"net"

	"syslogd/internal/receipt"
	"syslogd/message"
	"syslogd/parser/frame"
	"syslogd/ratelimit"
)

// Input is what an input module implements.
//
// Open binds sockets and may fail; it is called once, before privileges are
// dropped. Run receives until ctx is done and returns when all its goroutines
// have ended and everything received has been submitted. Close is called
// instead of Run when the start is abandoned, and never after Run.
type Input interface {
	Open(ctx context.Context) error
	Run(ctx context.Context, s *Submitter) error
	Close() error
}

// Settler is implemented by inputs that remember what they have received. Settle
// is called once after Run, when queues and outputs have ended: all receipts have come
// back that ever will.
type Settler interface {
	Settle()
}

// Reading is how an input reads: what its messages have in common and, for
// streams, how they are cut into messages.
type Reading struct {
	Origin *message.Origin
	Frame  *frame.Options
	// Sender, if not nil, stands in for the sender of every message.
	Sender *message.Peer
	// Add, if not nil, adds a text to a batch as the input does; its messages do
	// not come by the network.
	Add func(b *message.Batch, text []byte) *message.Message
}

// Reader is implemented by inputs that can say how they read without being open.
type Reader interface {
	Reading() (Reading, error)
}

// Bound is implemented by inputs that have sockets of their own.
type Bound interface{ Addrs() []net.Addr }

// Encrypted is implemented by inputs whose sockets may expect TLS.
type Encrypted interface{ Encrypted() bool }

// Source is implemented by inputs that read something else than a socket. Source
// names it for people: a path, a pattern of paths.
type Source interface{ Source() string }

// Queue is what a Submitter hands batches to.
type Queue interface {
	// Enqueue takes over b. It waits while the queue is full, until ctx is done
	// or the queue's own timeout; then b is dropped, counted by the queue, and
	// the error is receipt.ErrFull, or receipt.ErrClosed.
	Enqueue(ctx context.Context, b *message.Batch) error
	// TryEnqueue is Enqueue without waiting, for datagrams: the sender cannot
	// be slowed down.
	TryEnqueue(b *message.Batch) error
}

// Passer is implemented by queues that need no worker for a batch while nothing else
// is under way: Pass then processes it before it returns, which may take as long as
// the outputs do, and reports that. Else it leaves the batch alone.
type Passer interface {
	Pass(b *message.Batch) (done bool)
}

// Submitter hands the batches of one input to the queue of its ruleset.
type Submitter struct {
	Queue   Queue
	Ruleset string
	// Filter, if not nil, takes messages away that a rate limit does not let through.
	Filter *ratelimit.Filter
	// Until ends when a stop has waited long enough for room in the queue; nil: never.
	Until context.Context
}

// Prepare makes b ready for the queue and reports whether there is anything in it; if
// not, it is released. It is the first half of what the other methods do, but for Process.
func (s *Submitter) Prepare(b *message.Batch) bool {
	b.Ruleset = s.Ruleset
	if b.Len() > 0 {
		b.StampReceived()
		if s.Filter != nil {
			s.Filter.Filter(b)
		}
	}
	if b.Len() == 0 {
		b.Release()
		return false
	}
	return true
}

// Submit hands b on and waits while the queue is full. b belongs to the queue
// afterwards. The error is why it did not take it: receipt.ErrFull or receipt.ErrClosed.
func (s *Submitter) Submit(ctx context.Context, b *message.Batch) error {
	if !s.Prepare(b) {
		return nil
	}
	return s.Queue.Enqueue(ctx, b)
}

// Deliver is Submit for an input that answers its sender: it waits until all of b is
// safe, or given up by policy. Without an error it returns which; the error is Submit's,
// or that of ctx if that ended first.
func (s *Submitter) Deliver(ctx context.Context, b *message.Batch) (receipt.Outcome, error) {
	back := make(chan receipt.Outcome, 1) // the one that has it last sends, once
	b.Receipt = receipt.New(func(o receipt.Outcome) { back <- o })
	if err := s.Submit(ctx, b); err != nil {
		return receipt.Unfinished, err
	}
	select {
	case o := <-back:
		return o, nil
	case <-ctx.Done():
		return receipt.Unfinished, ctx.Err()
	}
}

// Insist is Submit for what the input alone has: at a stop it waits for room until
// Patience ends. What fits is taken even then.
func (s *Submitter) Insist(b *message.Batch) error { return s.Submit(s.Patience(), b) }

// Patience is Until, or a context that does not end.
func (s *Submitter) Patience() context.Context {
	if s.Until == nil {
		return context.Background()
	}
	return s.Until
}

// TrySubmit is Submit for senders that cannot wait.
func (s *Submitter) TrySubmit(b *message.Batch) error {
	if !s.Prepare(b) {
		return nil
	}
	return s.Queue.TryEnqueue(b)
}

// Pass is Insist for inputs that read on even if it takes long: the batch may be
// processed before it returns. See Passer.
func (s *Submitter) Pass(b *message.Batch) error {
	if !s.Prepare(b) || s.Process(b) {
		return nil
	}
	return s.Queue.Enqueue(s.Patience(), b)
}

// TryPass is Pass for senders that cannot wait.
func (s *Submitter) TryPass(b *message.Batch) error {
	if !s.Prepare(b) || s.Process(b) {
		return nil
	}
	return s.Queue.TryEnqueue(b)
}

// Process processes b, which is prepared, if the queue permits that: see Passer.
func (s *Submitter) Process(b *message.Batch) (done bool) {
	p, ok := s.Queue.(Passer)
	return ok && p.Pass(b)
}
