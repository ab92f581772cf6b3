// Package receipt is the one way back: from whoever has made messages safe, or has given
// them up, to the input that took them.
//
// An input that answers its sender, or moves a position, makes a Receipt for each batch.
// It travels with the batch. Whoever keeps bytes of it behind the call that brought them
// holds the receipt, and returns it when it no longer does; the last one to return it
// tells the input. An input that does not ask has no receipt: all methods do nothing on
// nil, and that costs a comparison.
package receipt

import (
	"errors"
	"sync/atomic"
)

// Outcome is what became of messages. Of several the worst counts.
type Outcome uint32

const (
	// Stored: they are where they were to go, or a rule has discarded them.
	Stored Outcome = iota
	// GivenUp: policy has dropped some of them, which was counted. They will not come.
	GivenUp
	// Unfinished: a stop came in between. They are still the input's: it must not
	// acknowledge them.
	Unfinished
)

func (o Outcome) String() string {
	return [...]string{"stored", "given up", "unfinished"}[o]
}

// Why a batch was not taken.
var (
	ErrFull   = errors.New("the queue is full")
	ErrClosed = errors.New("the queue has been closed")
)

// Receipt is held by those who have bytes of a batch. It is safe for concurrent use.
type Receipt struct {
	holders atomic.Int32
	worst   atomic.Uint32
	done    func(Outcome)
}

// New returns a receipt with one holder. done is called once, by whoever returns it last
// and with what locks that one holds: it must not wait for anything, a disk included.
func New(done func(Outcome)) *Receipt {
	r := &Receipt{done: done}
	r.holders.Store(1)
	return r
}

// Hold adds a holder.
func (r *Receipt) Hold() { r.HoldTimes(1) }

// HoldTimes adds n holders.
func (r *Receipt) HoldTimes(n int) {
	if r != nil {
		r.holders.Add(int32(n))
	}
}

// Mark notes an outcome. Only who holds r may.
func (r *Receipt) Mark(o Outcome) {
	if r == nil {
		return
	}
	for {
		was := r.worst.Load()
		if uint32(o) <= was || r.worst.CompareAndSwap(was, uint32(o)) {
			return
		}
	}
}

// Return says what became of what the holder had, who holds r no longer.
func (r *Receipt) Return(o Outcome) { r.ReturnTimes(1, o) }

// ReturnTimes is Return for n holders.
func (r *Receipt) ReturnTimes(n int, o Outcome) {
	if r == nil {
		return
	}
	r.Mark(o)
	switch left := r.holders.Add(-int32(n)); {
	case left == 0:
		r.done(Outcome(r.worst.Load()))
	case left < 0:
		panic("receipt: returned more often than held")
	}
}

// Both returns a receipt that stands for a and b, which the caller holds no longer.
func Both(a, b *Receipt) *Receipt {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return New(func(o Outcome) {
		a.Return(o)
		b.Return(o)
	})
}
