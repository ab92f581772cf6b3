package engine

import (
	"fmt"
	"time"

	"syslogd/config"
	"syslogd/internal/progress"
	"syslogd/queue"
)

// patience is how long an action may try again and again, a worker be at one batch, or a
// write be under way before the server counts as not healthy.
const patience = 10 * time.Second

// addStages has the watch look at workers, queues and files.
func (e *Engine) addStages() {
	e.watch.Add(e.store.Stages()...)
	paced := map[*queue.Queue]bool{}
	for _, a := range e.cfg.Actions {
		if q, ok := a.Action.Queue.(*queue.Queue); ok && a.Limit != nil && a.Limit.Paces() {
			paced[q] = true // it waits because it was told to
		}
	}
	for _, q := range e.allQueues() {
		if paced[q] {
			continue
		}
		for _, s := range q.Stages() {
			e.watch.Add(e.unexplained(q, s))
		}
	}
}

// unexplained is a stage that rests while an output of the queue does not work: that is
// reported itself.
func (e *Engine) unexplained(q *queue.Queue, s progress.Stage) progress.Stage {
	sample := s.Sample
	s.Sample = func() (step uint64, busy bool) {
		step, busy = sample()
		return step, busy && !e.inTrouble(q)
	}
	return s
}

// troubles are the actions that do not work.
func (e *Engine) troubles() []error {
	var errs []error
	now := e.env.Now()
	for _, a := range e.cfg.Actions {
		if a.Delivery == nil {
			continue
		}
		since, why := a.Delivery.Trouble()
		if since.IsZero() || !a.Delivery.Suspended() && now.Sub(since) < patience {
			continue
		}
		errs = append(errs, fmt.Errorf("action %s is suspended, retrying since %s%s: %w", a.Name, since.Format(time.RFC3339), waiting(a, now), why))
	}
	return errs
}

// waiting says what waits in the queue of an action.
func waiting(a *config.Action, now time.Time) string {
	q, ok := a.Action.Queue.(*queue.Queue)
	if !ok {
		return ""
	}
	if text := q.Backlog(now); text != "" {
		return ", " + text
	}
	return ""
}
