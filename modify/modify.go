// Package modify holds the contract of message modification modules, rsyslog's
// mm*: they stand among the actions of a ruleset and change the message for the
// statements that follow. Each one is a package below this one.
package modify

import (
	"log/slog"
	"sync"

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

	mu      sync.Mutex
	failing bool

	// Counters, in messages.
	Processed metrics.Counter
	Failed    metrics.Counter
}

// NewInstance returns an Instance of mod. log carries the action's name.
func NewInstance(mod Modifier, log *slog.Logger) *Instance { return &Instance{mod: mod, log: log} }

// Modifier returns the module's part.
func (i *Instance) Modifier() Modifier { return i.mod }

// Apply changes m. The first failure, and the first success after one, are logged.
func (i *Instance) Apply(m *message.Message, p *property.Context) {
	err := i.mod.Modify(m, p)
	m.Verify("modifier")
	i.Processed.Add(1)
	if err != nil {
		i.Failed.Add(1)
	} else if i.Failed.Value() == 0 {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case err != nil && !i.failing:
		i.log.Error("message can not be modified and goes on as it is", "err", err)
	case err == nil && i.failing:
		i.log.Warn("messages are modified again", "failed", i.Failed.Value())
	}
	i.failing = err != nil
}
