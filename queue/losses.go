package queue

import (
	"context"
	"errors"

	"syslogd/internal/receipt"
	"syslogd/message"
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

// leave is for n messages that a stop leaves: they are still those of an input that has
// asked for a receipt, or else lost.
func (q *Queue) leave(back *receipt.Receipt, n int, attrs ...any) {
	if back != nil {
		back.Mark(receipt.Unfinished)
		return
	}
	q.dropped(q.lost.stop, n, attrs...)
}

// untaken is for n messages of b that the queue does not take because of err. An input
// that asks for receipts still has them when the stop of the server is why: the queue is
// closed, or ctx, which the sender has waited with, has ended. It returns why.
func (q *Queue) untaken(ctx context.Context, b *message.Batch, n int, err error) error {
	closed := errors.Is(err, receipt.ErrClosed) || q.isClosed()
	if b.Receipt != nil && (closed || ctx.Err() != nil) {
		b.Receipt.Mark(receipt.Unfinished)
	} else {
		b.Receipt.Mark(receipt.GivenUp)
		q.dropped(q.lost.of(closed, err), n, "err", err)
	}
	if closed {
		return receipt.ErrClosed
	}
	return receipt.ErrFull
}

// of is the way in which a message is lost that is not taken because of err.
func (l *losses) of(closed bool, err error) *metrics.Loss {
	switch {
	case closed:
		return l.stop
	case errors.Is(err, errFull), errors.Is(err, receipt.ErrFull):
		return l.full
	}
	return l.disk
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
