package engine

import (
	"sync"

	"syslogd/listener"
	"syslogd/message"
)

// ownMessages are the server's own messages on their way into the main queue.
type ownMessages struct {
	mu      sync.Mutex
	stopped bool
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
	b := message.NewBatch(nil)
	b.Received = e.env.Now()
	listener.AddOwn(b, e.names, sev, tag, text)
	return e.main.TryEnqueue(b)
}
