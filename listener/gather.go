package listener

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// gatherPause is how long messages gather when they come often, gatherLong when they
	// come more often, so that the pause brings dozens of them, and gatherShort when they
	// come very often: a short time brings many then, and a receive buffer has room for
	// more of it.
	gatherPause, gatherLong, gatherShort = 2 * time.Millisecond, 8 * time.Millisecond, time.Millisecond
	// gatherOften is the mean time below which messages come often, gatherMoreOften more,
	// gatherVeryOften very often. What comes less often is on disk at once.
	gatherOften, gatherMoreOften, gatherVeryOften = 800 * time.Microsecond, 100 * time.Microsecond, 10 * time.Microsecond
	// gatherWindow is how long is counted before the mean changes.
	gatherWindow = 5 * time.Millisecond

	// DirectWait is how long to wait directly: what comes later comes seldom.
	DirectWait = monitorPatience

	// monitorPatience is how long Go's monitor lets a goroutine have a processor, also in
	// a system call: steadyReads without such a gap are a stream whose next message is
	// worth waiting for in the system call. A goroutine that does not end its turn within
	// that time has it ended by the monitor, which then stays awake for a millisecond or
	// more; turnLength is shorter, for safety.
	monitorPatience = 10 * time.Millisecond
	turnLength      = monitorPatience / 2
	steadyReads     = 16

	// sleepMore makes a sleep of the runtime one wait: it rounds what is left of one down to
	// whole milliseconds.
	sleepMore = 200 * time.Microsecond
)

// processorsKept are those of inputs that wait directly or sleep in a system call: each
// has a processor to itself meanwhile, unless the monitor takes it away. One is left for
// all others.
var processorsKept atomic.Int32

// Gather decides how an input waits for what comes next.
//
// It lets messages gather after a read, for one to eight milliseconds, when they come
// one by one, but often: each time that a sleeping process is woken for a message costs
// more than the message does.
//
// It waits directly, in the system call itself, when reads follow each other quickly:
// with the runtime's poller each event wakes a thread, and that one another one to look
// for work. When they come seldom the monitor would take the processor away from a
// goroutine that waits so, which costs more. Release is for when the input ends.
type Gather struct {
	since time.Time
	count int
	pause time.Duration

	last   time.Time     // read
	steady int           // reads without a long gap, up to steadyReads
	turn   time.Time     // that the goroutine has ended itself
	keeps  bool          // a processor, counted in kept
	kept   *atomic.Int32 // nil: processorsKept
}

// Often reports whether messages gather at the moment.
func (g *Gather) Often() bool { return g.pause > 0 }

// Release lets another input keep a processor.
func (g *Gather) Release() { g.keep(false) }

// keep makes the input keep a processor, if one is left for others, or not.
func (g *Gather) keep(one bool) {
	if g.kept == nil {
		g.kept = &processorsKept
	}
	switch {
	case one == g.keeps:
	case !one:
		g.kept.Add(-1)
		g.keeps = false
	case int(g.kept.Add(1)) < runtime.GOMAXPROCS(0):
		g.keeps = true
	default:
		g.kept.Add(-1)
	}
}

// After is told how many messages a read brought, and returns how long to let messages
// gather before the next one.
func (g *Gather) After(now time.Time, messages int) time.Duration {
	switch gap := now.Sub(g.last); {
	case gap >= monitorPatience:
		g.steady = 0
	case g.steady < steadyReads:
		g.steady++
	}
	g.last = now
	g.count += g.worth(messages)
	if d := now.Sub(g.since); d >= gatherWindow {
		g.pause = pauseFor(d/time.Duration(max(g.count, 1)), g.pause)
		g.since, g.count = now, 0
	}
	return g.pause
}

// worth is how many times being woken for so many messages might have been. While nothing
// gathers, a read is that once; when messages gather, each message might be.
func (g *Gather) worth(messages int) int {
	if g.pause == 0 {
		return 1
	}
	return messages
}

// pauseFor is how long messages gather that come in this mean time.
func pauseFor(every, before time.Duration) time.Duration {
	switch {
	case every < gatherVeryOften:
		return gatherShort
	case every < gatherMoreOften:
		return gatherLong
	case every < gatherOften:
		return gatherPause
	case every > 2*gatherOften:
		return 0
	}
	return before // between them it stays as it is
}

// Direct decides whether to wait in the system call itself, no longer than DirectWait.
// may is false when the last read brought so much that it would not pay. While messages
// gather the waits are short, and need no processor of their own.
func (g *Gather) Direct(may bool) bool {
	want := may && (g.pause > 0 || g.steady == steadyReads)
	if want != g.keeps {
		g.keep(want)
	}
	return g.keeps || want && g.pause > 0
}

// Sleep lets messages gather for so long. It sleeps in a system call if a processor may be
// kept: a goroutine that the runtime puts to sleep and wakes again wakes two threads with
// it.
func (g *Gather) Sleep(pause time.Duration) {
	g.Yield()
	if !g.keeps {
		time.Sleep(pause + sleepMore)
		return
	}
	left := unix.NsecToTimespec(int64(pause))
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &left, &left) == unix.EINTR {
	}
}

// EndTurn ends the goroutine's turn if it has lasted for a while. It is for before a
// direct wait.
func (g *Gather) EndTurn() {
	if g.last.Sub(g.turn) >= turnLength {
		g.Yield()
	}
}

// Yield ends the goroutine's turn: one that it has just woken goes on with this
// processor, before another one comes for it.
func (g *Gather) Yield() {
	g.turn = g.last
	runtime.Gosched()
}
