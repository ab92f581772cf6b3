package listener

import (
	"sync/atomic"
	"time"
)

// Relief lets a loop do work that nearly always takes some microseconds, but may last:
// if it does, another goroutine goes on with the loop, and the one that works ends when
// it has done that. What belongs to the loop belongs to that goroutine then.
type Relief struct {
	after  time.Duration
	loop   func()
	timer  *time.Timer   // calls check
	number atomic.Uint64 // of the last work
	doing  atomic.Uint64 // the number of the work under way; 0: none
	// watched: check is about to be called.
	watched atomic.Bool

	// What follows belongs to check.
	seen  uint64 // the work that was under way
	count uint64 // number
}

// NewRelief returns one for loop, which may work for so long, at most twice as long. While
// there is work a timer looks after it: 100 ms make a message at 20 a second half as dear
// again, at 500 it does not matter.
func NewRelief(after time.Duration, loop func()) *Relief {
	r := &Relief{after: after, loop: loop}
	r.timer = time.AfterFunc(after, r.check)
	r.timer.Stop()
	return r
}

// Do calls work, and reports whether the caller is still the one that runs the loop.
// If not it must touch nothing of it, and return.
func (r *Relief) Do(work func()) (still bool) {
	n := r.number.Add(1)
	r.doing.Store(n)
	r.watch()
	work()
	return r.doing.CompareAndSwap(n, 0)
}

func (r *Relief) watch() {
	if !r.watched.Swap(true) {
		r.timer.Reset(r.after)
	}
}

// Now has another goroutine go on with the loop if it works at the moment.
func (r *Relief) Now() { r.relieve(r.doing.Load()) }

// relieve has another goroutine go on if the work of that number is still under way.
func (r *Relief) relieve(n uint64) {
	if n != 0 && r.doing.CompareAndSwap(n, 0) {
		go r.loop()
	}
}

// check looks at what is done every now and then, as long as anything is.
func (r *Relief) check() {
	n := r.doing.Load()
	if n == r.seen {
		r.relieve(n)
	}
	count := r.number.Load()
	idle := n == 0 && count == r.count
	r.seen, r.count = n, count
	if !idle {
		r.timer.Reset(r.after)
		return
	}
	r.watched.Store(false)
	if r.doing.Load() != 0 { // it has begun in between and trusts in being watched
		r.watch()
	}
}
