package listener

import (
	"runtime"
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

	// monitorPatience is how long Go's monitor lets a goroutine have a processor, also in
	// a system call: steadyReads without such a gap are a stream whose next message is
	// worth waiting for in the system call. A goroutine that does not end its turn within
	// that time has it ended by the monitor, which then stays awake for a millisecond or
	// more; turnLength is shorter, for safety.
	monitorPatience = 10 * time.Millisecond
	turnLength      = monitorPatience / 2
	steadyReads     = 16
)

// Gather decides how an input waits for what comes next.
//
// It lets messages gather after a read, for one to eight milliseconds, when they come
// one by one, but often: each time that a sleeping process is woken for a message costs
// more than the message does.
//
// It waits directly, in the system call itself, when reads follow each other quickly:
// with the runtime's poller each event wakes a thread, and that one another one to look
// for work. When they come seldom the monitor would take the processor away from a
// goroutine that waits so, which costs more.
type Gather struct {
	since time.Time
	count int
	pause time.Duration

	last   time.Time // read
	steady int       // reads without a long gap, up to steadyReads
	turn   time.Time // that the goroutine has ended itself
	alone  bool      // there is one processor only
}

// Often reports whether messages gather at the moment.
func (g *Gather) Often() bool { return g.pause > 0 }

// Direct reports whether to wait in the system call itself. A single processor is needed
// for other work meanwhile, unless messages gather.
func (g *Gather) Direct() bool { return g.pause > 0 || g.steady == steadyReads && !g.alone }

// After is told how many messages a read brought, and returns how long to let messages
// gather before the next one.
func (g *Gather) After(now time.Time, messages int) time.Duration {
	switch gap := now.Sub(g.last); {
	case gap >= monitorPatience:
		g.steady = 0
		g.alone = runtime.GOMAXPROCS(0) == 1
	case g.steady < steadyReads:
		g.steady++
	}
	g.last = now

	// What is saved is being woken. While nothing gathers, each read is that; when
	// messages gather, each message might be.
	if g.pause == 0 {
		messages = 1
	}
	g.count += messages
	d := now.Sub(g.since)
	if d < gatherWindow {
		return g.pause
	}
	switch every := d / time.Duration(max(g.count, 1)); {
	case every < gatherVeryOften:
		g.pause = gatherShort
	case every < gatherMoreOften:
		g.pause = gatherLong
	case every < gatherOften:
		g.pause = gatherPause
	case every > 2*gatherOften: // between them it stays as it is
		g.pause = 0
	}
	g.since, g.count = now, 0
	return g.pause
}

// Sleep lets messages gather for so long. It sleeps in a system call: a goroutine that
// the runtime puts to sleep and wakes again wakes two threads with it.
func (g *Gather) Sleep(pause time.Duration) {
	g.Yield()
	if g.alone {
		time.Sleep(pause)
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
