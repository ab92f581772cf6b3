package listener

import (
	"context"
	"log/slog"
	"time"

	"syslogd/internal/barrier"
	"syslogd/internal/datagram"
	"syslogd/metrics"
	"syslogd/ratelimit"
)

const (
	// datagramRelief is how long a reader of datagrams may process a batch: a receive
	// buffer has to hold what comes meanwhile.
	datagramRelief = 100 * time.Millisecond
	// drainCalls bounds what is still received at a stop.
	drainCalls = 1000
	// errorPause is how long reading rests after an error.
	errorPause = 100 * time.Millisecond
)

// Datagrams reads a socket with one goroutine at a time, to which its fields and the
// methods of its DatagramReader belong.
type Datagrams struct {
	Socket *datagram.Socket
	Gather Gather
	Relief *Relief

	reader DatagramReader
	log    *slog.Logger
	faults ratelimit.PerMinute
	lost   *metrics.Loss // by a panic
	ctx    context.Context
	ended  func()
}

// DatagramReader sees to what was received: n datagrams in the socket's buffer.
type DatagramReader interface {
	// Hand hands them on. It may process them with Relief.Do, and returns what that does.
	Hand(n int) (still bool)
	// Next decides, after Hand, how to wait for what comes next. n can be 0.
	Next(n int)
	// Last hands them on when the server stops.
	Last(n int)
}

// Start reads the socket until ctx is done, and then what has arrived already. It calls
// ended at the end. lost counts what is lost by a panic.
func (d *Datagrams) Start(ctx context.Context, r DatagramReader, log *slog.Logger, lost *metrics.Loss, ended func()) {
	d.ctx, d.reader, d.log, d.lost, d.ended = ctx, r, log, lost, ended
	d.Relief = NewRelief(datagramRelief, d.run)
	context.AfterFunc(ctx, func() {
		d.Socket.Interrupt()
		d.Relief.Now()
	})
	go d.run()
}

// run reads. It may be relieved: then another goroutine does that.
func (d *Datagrams) run() {
	for d.ctx.Err() == nil {
		n, errno := d.Socket.Await(DirectWait)
		if errno != 0 {
			d.fault(errno)
			continue
		}
		if n > 0 && !d.hand(n) {
			return
		}
		d.reader.Next(n)
	}
	d.Gather.Release()
	for range drainCalls {
		n, errno := d.Socket.Receive()
		if errno != 0 || n == 0 {
			break
		}
		d.reader.Last(n)
	}
	d.ended()
}

// hand has the reader see to n datagrams. When that panics they are lost.
func (d *Datagrams) hand(n int) (still bool) {
	defer func() {
		if v := recover(); v != nil {
			p := barrier.Caught(v)
			if still = true; d.lost.Begins(n, "panic", p.Value) {
				d.log.Error("datagrams caused a panic, they are lost", "count", n, "panic", p.Value, "stack", p.Stack)
			}
		}
	}()
	return d.reader.Hand(n)
}

func (d *Datagrams) fault(err error) {
	if d.faults.Allow() {
		d.log.Warn("receiving datagrams", "err", err)
	}
	select {
	case <-time.After(errorPause):
	case <-d.ctx.Done():
	}
}
