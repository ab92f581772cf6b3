package omfwd

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"time"
)

// target is one server. It belongs to one goroutine at a time.
type target struct {
	c        *Config
	log      *slog.Logger
	stats    *counters
	lost     *losses
	address  string
	family   string // "4" or "6" if only that is used
	priority uint16 // of its SRV record
	tls      *tls.Config
	patience time.Duration // for a peer that does not read
	connect  time.Duration // for a connection's start
	rest     time.Time     // left out until then

	stream *stream      // TCP
	udp    []*datagrams // one, but for udp.sendToAll
	sent   int          // messages over it
	last   []byte       // frame, for resendLastMsgOnReconnect
	fails  int
}

// ready connects, unless there is a connection that works. What a connection
// that has ended may have lost goes to the backlog.
func (t *target) ready(ctx context.Context, backlog *frames) error {
	if t.stream != nil && t.c.CheckPeer && t.stream.sock.closedByPeer() {
		t.abort(backlog)
	}
	if t.stream != nil || t.udp != nil {
		return nil
	}
	return t.open(ctx, backlog)
}

// send sends f over a connection that is ready. It returns how many frames are
// done: handed to the system, or, if that failed, acknowledged before. Those of
// earlier calls that may be lost go to the backlog.
func (t *target) send(f frames, backlog *frames) (done int, err error) {
	if t.c.Protocol == UDP {
		return t.sendDatagrams(f)
	}
	if err := t.stream.sock.drain(t.patience); err != nil {
		if !errors.Is(err, errStalled) {
			t.abort(backlog)
		}
		return 0, t.errorf("%w", err)
	}
	if err := t.stream.write(f); err != nil {
		lost := t.stream.unacknowledged()
		own := min(lost.len(), f.len())
		backlog.add(lost.view(0, lost.len()-own))
		t.drop()
		return f.len() - own, t.errorf("%w", err)
	}
	t.sent += f.len()
	t.stats.sent(f)
	if t.c.ResendLast {
		last := f.view(f.len()-1, f.len())
		t.last = append(t.last[:0], last.all()...)
	}
	return f.len(), nil
}

// taken waits, for an action with a queue, until the system has taken what was
// sent last: only then the queue may forget it. When ctx ends first, it returns
// how many of n frames are left. After an error they are in the backlog.
func (t *target) taken(ctx context.Context, n int, backlog *frames) (left int, err error) {
	for t.stream != nil && len(t.stream.sock.rest) > 0 {
		err := t.stream.sock.drain(t.patience)
		switch {
		case err == nil:
		case !errors.Is(err, errStalled):
			t.abort(backlog)
			return 0, t.errorf("%w", err)
		case ctx.Err() != nil:
			left = min(n, t.stream.untaken())
			t.stream.kept.disown(left)
			return left, t.errorf("%w", err)
		}
	}
	return 0, nil
}

func (t *target) sendDatagrams(f frames) (done int, err error) {
	step := f.len()
	if t.c.SendDelay > 0 {
		step = 1
	}
	for done < f.len() && err == nil {
		part := f.view(done, min(done+step, f.len()))
		n := 0
		for _, d := range t.udp {
			sent, sendErr := d.send(part, t.lost, t.log)
			n, err = max(n, sent), errors.Join(err, sendErr)
		}
		done += n
		if t.c.SendDelay > 0 {
			time.Sleep(time.Duration(t.c.SendDelay) * time.Microsecond)
		}
	}
	t.sent += done
	t.stats.sent(f.view(0, done))
	if err != nil {
		t.drop()
		return done, t.errorf("%w", err)
	}
	return done, nil
}

// open makes the connection, or the socket.
func (t *target) open(ctx context.Context, backlog *frames) error {
	ctx, cancel := context.WithTimeout(ctx, t.connect)
	defer cancel()
	if err := t.dial(ctx); err != nil {
		t.fails++
		if t.c.ErrSkip <= 1 || t.fails%t.c.ErrSkip == 1 {
			t.log.Error("cannot connect to "+t.address, "err", err, "code", 2027)
		}
		return t.errorf("cannot connect: %w", err)
	}
	t.fails, t.sent = 0, 0
	t.stats.connects.Add(1)
	// What may be lost contains the last message.
	if len(t.last) > 0 && backlog.len() == 0 {
		backlog.add(frames{buf: t.last, ends: []int{len(t.last)}})
	}
	return nil
}

// load is how many bytes the target is behind.
func (t *target) load() uint64 {
	if t.stream == nil {
		return 0
	}
	return t.stream.load()
}

// abort ends a connection that failed, and adds what it may have lost to the backlog.
func (t *target) abort(backlog *frames) {
	if t.stream != nil {
		lost := t.stream.unacknowledged()
		t.stats.resent.Add(uint64(lost.len()))
		backlog.add(lost)
	}
	t.drop()
}

// drop closes connections.
func (t *target) drop() {
	if t.stream != nil {
		t.stream.abort()
	}
	for _, d := range t.udp {
		d.conn.Close()
	}
	t.stream, t.udp = nil, nil
}

// take takes the connection away to finish it; nil if there is none.
func (t *target) take() *stream {
	s := t.stream
	t.stream = nil
	t.drop()
	return s
}
