package router

import (
	"syslogd/internal/barrier"
	"syslogd/internal/receipt"
	"syslogd/message"
)

// setAside gives up a message that caused a panic. What the statements in front of the
// one that failed have done with it stays done.
func (w *Worker) setAside(rs *Ruleset, m *message.Message, p *barrier.Panic) {
	var where string
	if w.acting > 0 {
		where = "action " + w.router.Actions[w.acting-1].Name
		w.acting = 0
	} else {
		where = "ruleset " + rs.Name
	}
	for _, a := range w.dirty {
		w.acts[a.Index].batch.Trim()
	}
	w.Barrier.Message(where, p, barrier.TextOf(m))
	w.batch.Receipt.Mark(receipt.GivenUp)
}

// alone processes a message that is none of the batch.
func (w *Worker) alone(rs *Ruleset, m *message.Message) {
	if w.Barrier != nil {
		defer func() {
			if v := recover(); v != nil {
				w.setAside(rs, m, barrier.Caught(v))
			}
		}()
	}
	w.process(rs, m)
}
