package imuxsock

import (
	"context"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"syslogd/listener"
	"syslogd/message"
)

// reader reads one socket. It belongs to one goroutine.
type reader struct {
	*input
	listener.Datagrams
	sub  *listener.Submitter
	flow message.Flow
	self int32

	pending patience
	stalled bool // the queue did not take the last batch

	second int64 // of the last time stamp
	stamp  message.Timestamp

	known   trusted // the last sender, as of this batch
	isKnown bool
	changed []byte // a text that is put together
}

func newReader(in *input) *reader {
	return &reader{input: in, Datagrams: listener.Datagrams{Socket: in.sock.Socket}, self: int32(os.Getpid())}
}

// run receives until ctx is done.
func (r *reader) run(ctx context.Context, sub *listener.Submitter) {
	r.sub = sub
	ended := make(chan struct{})
	r.Datagrams.Start(ctx, r, r.env.Log.With("file", r.conf.Path), r.panicked, func() { close(ended) })
	<-ended
	r.pending.stop()
}

// gatherRoom is how long the kernel's queue must be for messages to gather: programs that
// log wait when it is full.
const gatherRoom = 256

// Next lets messages gather before the next read, for a moment, if they come often and the
// last one left none.
func (r *reader) Next(n int) {
	pause := r.Gather.After(time.Now(), n)
	r.Socket.Direct(r.Gather.Direct(true))
	switch {
	case r.gathers(n):
		r.Gather.Sleep(min(pause, time.Millisecond))
	case r.passes():
		r.Gather.EndTurn()
	case r.Socket.Waits():
		r.Gather.Yield() // to the worker
	}
}

// gathers reports whether messages gather behind a read that brought n.
func (r *reader) gathers(n int) bool {
	return r.Gather.Often() && n < r.Socket.Cap() && r.sock.room >= gatherRoom
}

// passes reports whether batches need no worker: what comes seldom is not worth watching
// over.
func (r *reader) passes() bool { return r.Socket.Waits() && !r.Gather.Often() }

// Last hands datagrams on when the server stops.
func (r *reader) Last(n int) {
	if b := r.batch(n); b != nil && r.sub.Prepare(b) {
		r.enqueue(b)
	}
}

// batch copies n datagrams into a slab of the right size. It returns nil if there is
// nothing to hand on.
func (r *reader) batch(n int) *message.Batch {
	in := r.Socket
	total := in.Bytes()
	slab := message.NewSlab(total)
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), &r.flow
	r.isKnown = false
	off, peer := 0, r.sender()
	for i := range n {
		end := off + in.Size(i)
		text := slab.Buf[off:end:end]
		in.Copy(text, i)
		if in.Cut(i) {
			text = r.cut.Take(text, in.Sent(i), nil)
		}
		d := dataOf(in.Control(i))
		if !r.wanted(text, d.cred, b.Received) {
			continue
		}
		off = end
		m := r.add(b, text, d.cred, peer)
		if d.time != nil {
			m.Received = r.timestamp(d.time)
		}
	}
	r.stats.calls.Add(1)
	r.stats.bytes.Add(uint64(total))
	if b.Len() == 0 {
		b.Release()
		return nil
	}
	return b
}

// datum is what came with a datagram; fields that did not come are nil.
type datum struct {
	cred *unix.Ucred
	time *unix.Timeval
}

// dataOf reads control data.
func dataOf(ctrl []byte) (d datum) {
	const header = unix.SizeofCmsghdr
	for len(ctrl) >= header {
		c := (*unix.Cmsghdr)(unsafe.Pointer(&ctrl[0]))
		size := int(c.Len)
		if size < header || size > len(ctrl) {
			return d
		}
		payload := ctrl[header:size]
		switch {
		case c.Level != unix.SOL_SOCKET:
		case c.Type == unix.SCM_CREDENTIALS && len(payload) >= unix.SizeofUcred:
			d.cred = (*unix.Ucred)(unsafe.Pointer(&payload[0]))
		case c.Type == unix.SO_TIMESTAMP && len(payload) >= sizeofTimeval:
			d.time = (*unix.Timeval)(unsafe.Pointer(&payload[0]))
		}
		ctrl = ctrl[min(len(ctrl), unix.CmsgSpace(size-header)):]
	}
	return d
}

const sizeofTimeval = int(unsafe.Sizeof(unix.Timeval{}))

// timestamp converts a time to the local zone, with the calendar of the last
// one if it is in the same second.
func (r *reader) timestamp(t *unix.Timeval) message.Timestamp {
	if sec := int64(t.Sec); sec != r.second || r.stamp.IsZero() {
		r.second, r.stamp = sec, message.TimestampOf(time.Unix(sec, 0))
	}
	r.stamp.Frac = uint32(t.Usec)
	return r.stamp
}

// wanted reports whether a message is kept: not empty, not our own, within the limit.
func (r *reader) wanted(text []byte, cred *unix.Ucred, now time.Time) bool {
	switch {
	case len(text) == 0:
		return false
	case cred == nil:
		return true
	case r.conf.IgnoreOwn && cred.Pid == r.self:
		r.stats.own.Add(1)
		return false
	}
	return r.limits.allow(cred.Pid, text, now)
}

// add appends the message to b, with what the kernel knows of the sender if that is wanted.
func (r *reader) add(b *message.Batch, text []byte, cred *unix.Ucred, peer *message.Peer) *message.Message {
	if cred == nil || !r.conf.SystemPID && !r.conf.Annotate {
		return b.Add(text, r.origin, peer)
	}
	if r.conf.Annotate && (!r.isKnown || r.known.Ucred != *cred) {
		r.known.read(cred)
		r.isKnown = true
	}
	r.changed = r.changed[:0]
	if r.conf.SystemPID {
		r.changed = appendWithPID(r.changed, text, cred.Pid)
	} else {
		r.changed = append(r.changed, text...)
	}
	if r.conf.Annotate && !r.conf.ParseTrusted {
		r.changed = r.known.append(trimEnd(r.changed))
	}
	kept := b.Side(len(r.changed))
	copy(kept, r.changed)
	m := b.Add(kept, r.origin, peer)
	if r.conf.Annotate && r.conf.ParseTrusted {
		m.JSON = r.known.tree()
	}
	return m
}

// Hand hands datagrams on. When little comes, but steadily, they are processed right here
// where the queue permits it.
func (r *reader) Hand(n int) (still bool) {
	b := r.batch(n)
	if b == nil || !r.sub.Prepare(b) {
		return true
	}
	if !r.passes() {
		r.enqueue(b)
		return true
	}
	count, done := uint64(b.Len()), false
	still = r.Relief.Do(func() { done = r.sub.Process(b) })
	switch {
	case done:
		r.stats.received.Add(count)
	case still:
		r.enqueue(b)
	case r.sub.Queue.Enqueue(r.sub.Patience(), b) == nil: // the reader belongs to another goroutine
		r.stats.received.Add(count)
	default:
		r.stats.dropped.Add(count)
	}
	return still
}

// enqueue hands b, which is prepared, to the queue. Without flowControl a full queue is
// waited for once; until it takes messages again they are dropped at once.
func (r *reader) enqueue(b *message.Batch) {
	count := uint64(b.Len())
	var err error
	switch queue := r.sub.Queue; {
	case r.conf.FlowControl:
		err = queue.Enqueue(r.sub.Patience(), b)
	case r.stalled:
		err = queue.TryEnqueue(b)
	default:
		err = queue.Enqueue(r.pending.context(r.sub.Patience(), b.Received), b)
	}
	ok := err == nil
	if ok {
		r.stats.received.Add(count)
	} else {
		r.stats.dropped.Add(count)
	}
	if r.stalled == ok {
		r.stalled = !ok
		if ok {
			r.env.Log.Info("local messages are stored again", "file", r.conf.Path, "count", r.stats.dropped.Value())
		} else {
			r.env.Log.Warn("the queue is full, local messages are dropped", "file", r.conf.Path)
		}
	}
}
