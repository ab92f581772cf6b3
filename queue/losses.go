package queue

import (
	"errors"

	"syslogd/metrics"
)

// losses are the ways in which a queue loses messages.
type losses struct {
	full    *metrics.Loss // there was no room
	disk    *metrics.Loss // the disk took nothing
	large   *metrics.Loss // a message is larger than a record may be
	damaged *metrics.Loss // what was on disk can not be read
	stop    *metrics.Loss // a stop came before they were processed
}

func newLosses(all *metrics.Losses, queue string) losses {
	return losses{
		full: all.Of("queue_full", queue), disk: all.Of("queue_disk", queue), large: all.Of("message_too_large", queue),
		damaged: all.Of("queue_damaged", queue), stop: all.Of("stop", queue),
	}
}

// dropped counts n messages that are neither in the queue nor will be, in the way that is
// lost.
func (q *Queue) dropped(way *metrics.Loss, n int, attrs ...any) {
	q.Dropped.Add(uint64(n))
	way.Add(n, attrs...)
}

// unwritten counts n messages that did not come to disk because of err.
func (q *Queue) unwritten(n int, err error) {
	switch {
	case n == 0:
	case q.isClosed() || errors.Is(err, errClosed):
		q.dropped(q.lost.stop, n, "err", err)
	case errors.Is(err, errFull):
		q.dropped(q.lost.full, n, "err", err)
	default:
		q.dropped(q.lost.disk, n, "err", err)
	}
}

// Health returns what is wrong with the queue: it has files and can not use them.
func (q *Queue) Health() error {
	q.mu.Lock()
	d, unspooled := q.disk, q.unspooled
	q.mu.Unlock()
	if d == nil {
		return unspooled
	}
	if why := d.spool.trouble.Load(); why != nil {
		return q.errorf("can not be written to disk: %w", *why)
	}
	if why := d.spool.stuck.Load(); why != nil {
		return q.errorf("can not be read from disk: %w", *why)
	}
	return nil
}
