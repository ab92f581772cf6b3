package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// flushDelay is how old an unwritten byte gets. Measured with 10,000 files:
	// 10 ms costs 2.9, 50 ms 2.0, 200 ms 1.4 CPU seconds a million messages.
	flushDelay = 50 * time.Millisecond
	// retryDelay is how long a file rests whose write failed.
	retryDelay = time.Second
	// janitorDelay is how often idle files are looked for, while there are any
	// with a timeout.
	janitorDelay = time.Minute
)

// lane is where files wait that have unwritten bytes: first on a stack that
// appenders push to without a lock, then in batches by age.
type lane struct {
	delay time.Duration
	// wake tells the flusher that a stack is no longer empty; nil: Store.Rouse does.
	wake chan<- struct{}

	head atomic.Pointer[File]
	// armed: the flusher will come by itself, no push needs to wake it.
	armed atomic.Bool

	mu      sync.Mutex // guards what follows
	batches []laneBatch
	// next is when the stack is emptied into a batch; zero: the lane is idle.
	next time.Time
}

// laneBatch is a list of files whose oldest byte came after since.
type laneBatch struct {
	since time.Time
	head  *File
}

// quantum is how exactly a lane knows the age of a byte.
func (l *lane) quantum() time.Duration { return l.delay / 5 }

// push adds f. File.mu is held, and f is in no lane.
func (l *lane) push(f *File) {
	for {
		old := l.head.Load()
		f.next = old
		if l.head.CompareAndSwap(old, f) {
			if l.wake != nil && !l.armed.Load() {
				select {
				case l.wake <- struct{}{}:
				default:
				}
			}
			return
		}
	}
}

// take returns all that waits, whatever its age: batches, and what is younger.
func (l *lane) take() (list []laneBatch, young *File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list = l.batches
	l.batches = nil
	return list, l.head.Swap(nil)
}

// empty reports whether nothing waits.
func (l *lane) empty() bool {
	if l.head.Load() != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.batches) == 0
}

// due moves the lane on to now and returns what has to be written. The second
// result is when to come again; zero: not before the next push.
func (l *lane) due(now time.Time) ([]laneBatch, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next.IsZero() {
		l.rearm(now)
		return nil, l.next
	}
	if now.Before(l.next) {
		return nil, l.next
	}
	if head := l.head.Swap(nil); head != nil {
		// The oldest of them was pushed just after the stack was last emptied.
		l.batches = append(l.batches, laneBatch{now.Add(-l.quantum()), head})
	}
	n := 0
	for n < len(l.batches) && now.Sub(l.batches[n].since) >= l.delay-l.quantum()/2 {
		n++
	}
	ripe := l.batches[:n:n]
	l.batches = l.batches[n:]
	l.rearm(now)
	return ripe, l.next
}

// rearm sets when the lane is looked at next. mu is held.
func (l *lane) rearm(now time.Time) {
	l.next = time.Time{}
	if len(l.batches) == 0 {
		// A push that still sees the old value comes before the look at head, one
		// that comes after it wakes the flusher, or has Rouse behind it that does.
		l.armed.Store(false)
		if l.head.Load() == nil {
			return
		}
	}
	l.armed.Store(true)
	l.next = now.Add(l.quantum())
}

// flusher writes what is due. It sleeps while nothing waits.
type flusher struct {
	// wake has room for one: pushes send and never wait, the flusher receives.
	wake chan struct{}
	idle *lane // emptied by FlushIdle, too
	rest *lane // files whose last write failed
	// timers, in Unix nanoseconds; zero: none.
	period  atomic.Int64 // the end of the first period of Rotation.Interval
	janitor atomic.Int64

	// idleAfter is until when FlushIdle rests, in Unix nanoseconds.
	idleAfter atomic.Int64

	mu   sync.Mutex // guards slow
	slow []*lane    // one for each FlushInterval
}

func (fl *flusher) init() {
	fl.wake = make(chan struct{}, 1)
	fl.idle = &lane{delay: flushDelay}
	fl.rest = &lane{delay: retryDelay, wake: fl.wake}
}

// laneFor returns the lane of files with Options o, nil if they are written
// only when their buffer is full.
func (fl *flusher) laneFor(o *Options) *lane {
	switch {
	case !o.Hold:
		return fl.idle
	case o.FlushInterval <= 0:
		return nil
	}
	fl.mu.Lock()
	defer fl.mu.Unlock()
	for _, l := range fl.slow {
		if l.delay == o.FlushInterval {
			return l
		}
	}
	l := &lane{delay: o.FlushInterval, wake: fl.wake}
	fl.slow = append(fl.slow, l)
	return l
}

func (fl *flusher) lanes() []*lane {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	return append([]*lane{fl.idle, fl.rest}, fl.slow...)
}

// nudge makes the flusher look at its timers again.
func (fl *flusher) nudge() {
	select {
	case fl.wake <- struct{}{}:
	default:
	}
}

// expect makes t ring at the given time, unless it rings before.
func (fl *flusher) expect(t *atomic.Int64, at time.Time) {
	for {
		old := t.Load()
		if old != 0 && old <= at.UnixNano() {
			return
		}
		if t.CompareAndSwap(old, at.UnixNano()) {
			fl.nudge()
			return
		}
	}
}

// rang reports whether t has rung, and stops it.
func rang(t *atomic.Int64, now time.Time) bool {
	at := t.Load()
	return at != 0 && at <= now.UnixNano() && t.CompareAndSwap(at, 0)
}

func (s *Store) runFlusher(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.flusher.wake:
		case <-timer.C:
		}
		now := s.clock()
		if next := s.flushDue(now); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(next.Sub(s.clock()), 0))
		}
	}
}

// flushDue does what is due and returns when to come again, or zero.
func (s *Store) flushDue(now time.Time) time.Time {
	if rang(&s.flusher.period, now) {
		for _, f := range s.all() {
			f.endPeriod()
		}
	}
	if rang(&s.flusher.janitor, now) {
		s.CloseIdle(now)
	}
	var next time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, l := range s.flusher.lanes() {
		ripe, again := l.due(now)
		s.flushBatches(ripe)
		sooner(again)
	}
	for _, t := range []*atomic.Int64{&s.flusher.period, &s.flusher.janitor} {
		if at := t.Load(); at != 0 {
			sooner(time.Unix(0, at))
		}
	}
	return next
}

// flushBatches writes the files of the batches, which belong to the caller, and
// returns their number.
func (s *Store) flushBatches(list []laneBatch) (n int) {
	for _, b := range list {
		n += s.flushList(b.head)
	}
	return n
}

// flushList writes a list of files, which belongs to the caller, and returns their number.
func (s *Store) flushList(f *File) (n int) {
	var now time.Time
	for ; f != nil; n++ {
		// Reading the clock costs as much as everything else but the write.
		if n%32 == 0 {
			now = s.clock()
		}
		// As soon as f is unlocked it may be pushed to a lane again.
		next := f.next
		f.background(now)
		f = next
	}
	return n
}

// Rouse makes the flusher look after what was appended: it is written 50 ms later at
// the latest, if FlushIdle does not come before. Whoever appends calls one of the two
// before it waits for anything. It costs little when the flusher knows already, and
// else wakes it, which costs more than the write of a message.
func (s *Store) Rouse() {
	if l := s.flusher.idle; !l.armed.Load() && l.head.Load() != nil {
		s.flusher.nudge()
	}
}

// manyFiles is how many files FlushIdle writes at most without a rest behind it.
const manyFiles = 16

// FlushIdle writes what waits for the 50 ms to pass. The engine calls it when
// its last busy worker runs out of work. It costs little when nothing waits. When
// it had many files to write it rests for 50 ms: a load that leaves gaps would else
// write, in each of them, a line or two to each of many files.
func (s *Store) FlushIdle() {
	fl := &s.flusher
	if fl.idle.empty() {
		return
	}
	// A clock that was set back ends the rest.
	if rest := fl.idleAfter.Load() - s.clock().UnixNano(); 0 < rest && rest <= int64(flushDelay) {
		s.Rouse()
		return
	}
	list, young := fl.idle.take()
	if n := s.flushBatches(list) + s.flushList(young); n > manyFiles {
		fl.idleAfter.Store(s.clock().Add(flushDelay).UnixNano())
	}
}
