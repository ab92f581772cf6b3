package engine

import (
	"sync"

	"syslogd/message"
	"syslogd/parser"
)

// ownMessages are the server's own messages on their way into the main queue.
type ownMessages struct {
	mu      sync.Mutex
	stopped bool
	origin  message.Origin
}

func (o *ownMessages) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
}

// Inject puts one of the server's own messages into the main queue: facility
// syslog, the tag as rsyslogd has it ("rsyslogd:" or "rsyslogd-2007:"). It
// reports false when there is no queue to take it: before Start, after Stop, or
// when the queue is full.
func (e *Engine) Inject(sev message.Severity, tag, text string) bool {
	e.own.mu.Lock()
	defer e.own.mu.Unlock()
	if e.own.stopped {
		return false
	}
	e.own.origin.Name, e.own.origin.Format = "rsyslogd", message.Structured
	b := message.NewBatch(nil)
	b.Received = e.env.Now()
	m := b.Add([]byte(text), &e.own.origin, e.names.Local())
	b.StampReceived()
	m.SetText([]byte(text))
	m.Reported, m.Flags = m.Received, message.Parsed
	m.PRI = 5<<3 | message.Priority(sev)
	m.SetHostname([]byte(e.names.Host()))
	m.SetTag([]byte(tag), parser.ProgramLen([]byte(tag), false))
	m.SetMsg([]byte(text))
	return e.main.TryEnqueue(b)
}
