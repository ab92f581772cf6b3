package engine

import (
	"sync"

	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
)

// maxOwn bounds the server's own messages that are on their way.
const maxOwn = 1000

// ownMessages are the server's own messages on their way into the main queue. Whatever
// they are about may hold locks, also those of that queue, so another goroutine brings
// them there.
type ownMessages struct {
	mu      sync.Mutex
	waiting []*message.Batch
	running bool
	stopped bool
	idle    *sync.Cond // running has ended
	lost    *metrics.Loss
}

// add takes b unless there are too many, which is a loss, or after stop.
func (o *ownMessages) add(b *message.Batch, enqueue func(*message.Batch) error) bool {
	full, ok := o.take(b, enqueue)
	if full { // told without the lock: that is an own message, too
		o.lost.Add(b.Len())
	}
	if !ok {
		b.Release()
	}
	return ok
}

func (o *ownMessages) take(b *message.Batch, enqueue func(*message.Batch) error) (full, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped || len(o.waiting) >= maxOwn {
		return !o.stopped, false
	}
	o.waiting = append(o.waiting, b)
	if !o.running {
		o.running = true
		go o.run(enqueue)
	}
	return false, true
}

func (o *ownMessages) run(enqueue func(*message.Batch) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) > 0 {
		list := o.waiting
		o.waiting = nil
		o.mu.Unlock()
		for _, b := range list {
			enqueue(b)
		}
		o.mu.Lock()
	}
	o.running = false
	o.idle.Broadcast()
}

// stop takes no more, and returns when all are in the queue.
func (o *ownMessages) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
	for o.running {
		o.idle.Wait()
	}
}

// Inject has one of the server's own messages put into the main queue: facility
// syslog, the tag as rsyslogd has it ("rsyslogd:" or "rsyslogd-2007:"). It never
// waits. It reports false when nothing takes the message: after Stop, or when too
// many are on their way; one that finds the queue full is dropped and counted.
func (e *Engine) Inject(sev message.Severity, tag, text string) bool {
	b := message.NewBatch(nil)
	b.Received = e.env.Now()
	listener.AddOwn(b, e.names, sev, tag, text)
	return e.own.add(b, e.main.TryEnqueue)
}
