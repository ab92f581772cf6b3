package listener

import "time"

const (
	// GatherTime is how long messages gather. The runtime rounds what is left of a
	// sleep to whole milliseconds, so that this is one wait, of two.
	GatherTime = 2200 * time.Microsecond
	// gatherEvery is the mean time below which messages come often. What comes less
	// often is on disk at once.
	gatherEvery = 800 * time.Microsecond
	// gatherWindow is how long is counted before the mean changes.
	gatherWindow = 5 * time.Millisecond
)

// Gather decides whether an input lets messages gather for GatherTime after a read:
// when they come one by one, but often. Each time that a sleeping process is woken for
// a message costs more than the message does.
type Gather struct {
	since time.Time
	count int
	often bool
}

// After is told how many messages a read brought, and returns whether they come often.
func (g *Gather) After(now time.Time, messages int) bool {
	// What is saved is being woken. While nothing gathers, each read is that; when
	// messages gather, each message might be.
	if !g.often {
		messages = 1
	}
	g.count += messages
	d := now.Sub(g.since)
	if d < gatherWindow {
		return g.often
	}
	switch every := d / time.Duration(max(g.count, 1)); {
	case every < gatherEvery:
		g.often = true
	case every > 2*gatherEvery: // between them it stays as it is
		g.often = false
	}
	g.since, g.count = now, 0
	return g.often
}
