package listener

import "time"

const (
	// gatherPause is how long messages gather when they come often, gatherLong when they
	// come more often, so that the pause brings dozens of them, and gatherShort when they
	// come very often: a short time brings many then, and a receive buffer has room for
	// more of it. The runtime rounds what is left of a sleep to whole milliseconds, so
	// that these are one wait each, of two, four and one.
	gatherPause, gatherLong, gatherShort = 2200 * time.Microsecond, 4200 * time.Microsecond, 600 * time.Microsecond
	// gatherOften is the mean time below which messages come often, gatherMoreOften more,
	// gatherVeryOften very often. What comes less often is on disk at once.
	gatherOften, gatherMoreOften, gatherVeryOften = 800 * time.Microsecond, 100 * time.Microsecond, 10 * time.Microsecond
	// gatherWindow is how long is counted before the mean changes.
	gatherWindow = 5 * time.Millisecond
)

// Gather decides how long an input lets messages gather after a read: not at all, or
// one to four milliseconds when they come one by one, but often. Each time that a sleeping
// process is woken for a message costs more than the message does.
type Gather struct {
	since time.Time
	count int
	pause time.Duration
}

// Often reports whether messages gather at the moment.
func (g *Gather) Often() bool { return g.pause > 0 }

// After is told how many messages a read brought, and returns how long to wait before
// the next one.
func (g *Gather) After(now time.Time, messages int) time.Duration {
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
