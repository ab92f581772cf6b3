// Package modify holds the contract of message modification modules, rsyslog's
// mm*: they stand among the actions of a ruleset and change the message for the
// statements that follow. Each one is a package below this one.
package modify

import (
	"log/slog"
	"sync"
	"time"

	"syslogd/message"
	"syslogd/metrics"
	"syslogd/router/property"
)

// Modifier changes a message in place: its text with message.SetMsg and its
// siblings, its variables in message.JSON.
//
// Modify is called by several goroutines at once, each with a Context of its
// own; what an instance counts or keeps between messages it guards itself. An
// error says what could not be done to m. The message goes on in any case.
//
// A Modifier that is an io.Closer is closed when the server stops, after the
// last message. output.Starter and output.Reopener are honoured, too.
type Modifier interface {
	Modify(m *message.Message, p *property.Context) error
}

// Instance is a Modifier in its place in a ruleset, with its counters.
type Instance struct {
	mod Modifier
	log *slog.Logger

	mu sync.Mutex
	// timer runs from the first failure until there was none for failurePause; began,
	// told are Failed before it and when it was last logged.
	timer       *time.Timer
	began, told uint64

	// Counters, in messages.
	Processed metrics.Counter
	Failed    metrics.Counter
}

// failurePause is how long failures are counted after a line in the log, and how long
// there must be none for them to be over.
const failurePause = time.Minute

// NewInstance returns an Instance of mod. log carries the action's name.
func NewInstance(mod Modifier, log *slog.Logger) *Instance { return &Instance{mod: mod, log: log} }

// Modifier returns the module's part.
func (i *Instance) Modifier() Modifier { return i.mod }

// Apply changes m. The first failure is logged; then, however many messages fail among
// others that do not, a line a minute at most with their number, and one at their end.
func (i *Instance) Apply(m *message.Message, p *property.Context) {
	err := i.mod.Modify(m, p)
	m.Verify("modifier")
	i.Processed.Add(1)
	if err != nil {
		i.Failed.Add(1)
		i.fails(err)
	}
}

// fails logs err if none has been for a while. Logging is a message that may come back
// here, so no lock is held.
func (i *Instance) fails(err error) {
	i.mu.Lock()
	first := i.timer == nil
	if first {
		i.told = i.Failed.Value()
		i.began = i.told - 1
		i.timer = time.AfterFunc(failurePause, i.tick)
	}
	i.mu.Unlock()
	if first {
		i.log.Error("message can not be modified and goes on as it is", "err", err)
	}
}

// tick tells what has failed since the last line, or that it is over.
func (i *Instance) tick() {
	i.mu.Lock()
	n := i.Failed.Value()
	fresh, all := n-i.told, n-i.began
	i.told = n
	if fresh > 0 {
		i.timer.Reset(failurePause)
	} else {
		i.timer = nil
	}
	i.mu.Unlock()
	if fresh > 0 {
		i.log.Error("messages can still not be modified and go on as they are", "count", fresh)
		return
	}
	i.log.Warn("messages are modified again", "failed", all)
}
