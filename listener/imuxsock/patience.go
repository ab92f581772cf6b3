package imuxsock

import (
	"context"
	"time"
)

// maxWait is how long a full queue is waited for, about: rsyslogd's default of
// queue.timeoutEnqueue.
const maxWait = 2 * time.Second

// patience hands out contexts that end after maxWait, or up to half of it
// earlier, or with their parent, which is always the same: one serves several
// batches, so that a batch costs no timer. The zero patience is ready to use.
type patience struct {
	ctx    context.Context
	cancel context.CancelFunc
	renew  time.Time
}

func (p *patience) context(parent context.Context, now time.Time) context.Context {
	if p.ctx == nil || now.After(p.renew) {
		p.stop()
		p.ctx, p.cancel = context.WithTimeout(parent, maxWait)
		p.renew = now.Add(maxWait / 2)
	}
	return p.ctx
}

// stop gives the timer back.
func (p *patience) stop() {
	if p.cancel != nil {
		p.cancel()
	}
}
