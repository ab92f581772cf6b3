package imuxsock

import (
	"context"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"syslogd/internal/datagram"
	"syslogd/listener"
	"syslogd/message"
)

const (
	// maxBatch is how many datagrams one system call may receive. The kernel
	// holds net.unix.max_dgram_qlen of them, 10 by default, 512 with systemd.
	maxBatch = 32
	// maxBuffer bounds the buffer of a reader, however long messages may be.
	maxBuffer = 1 << 20
)

// reader reads one socket. It belongs to one goroutine.
type reader struct {
	*input
	flow message.Flow
	self int32

	raw syscall.RawConn
	try func(fd uintptr) bool
	n   int // datagrams that the last call received
	err syscall.Errno
	in  *datagram.Buffer

	pending patience
	stalled bool // the queue did not take the last batch

	second int64 // of the last time stamp
	stamp  message.Timestamp

	known   trusted // the last sender, as of this batch
	isKnown bool
	changed []byte // a text that is put together
}

func newReader(in *input) *reader {
	r := &reader{input: in, self: int32(os.Getpid())}
	r.raw = in.sock.raw
	r.try = func(fd uintptr) bool {
		r.receive(fd)
		return r.err != unix.EAGAIN
	}
	size := in.env.Global.MaxMessageSize
	// The control data have room for what was asked for, and none for open
	// files: a sender could else fill the table of descriptors with them.
	r.in = datagram.New(max(1, min(maxBatch, maxBuffer/size)), size, in.sock.control, false)
	return r
}

// errorPause is how long reading rests after an error.
const errorPause = 100 * time.Millisecond

// run receives until ctx is done, and then what has arrived already.
func (r *reader) run(ctx context.Context, sub *listener.Submitter) {
	stop := context.AfterFunc(ctx, func() { r.sock.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	defer r.pending.stop()
	var limit listener.LogLimiter
	for ctx.Err() == nil && r.raw.Read(r.try) == nil {
		if r.err != 0 {
			if limit.Allow() {
				r.env.Log.Warn("receiving local messages", "file", r.conf.Path, "err", r.err)
			}
			select {
			case <-time.After(errorPause):
			case <-ctx.Done():
			}
			continue
		}
		r.submit(sub)
	}
	r.drain(sub)
}

// drainCalls bounds what is still received at a stop.
const drainCalls = 1000

func (r *reader) drain(sub *listener.Submitter) {
	for range drainCalls {
		if err := r.raw.Control(r.receive); err != nil || r.n <= 0 {
			return
		}
		r.submit(sub)
	}
}

// receive receives what is there.
func (r *reader) receive(fd uintptr) { r.n, r.err = r.in.Receive(int(fd)) }

// submit copies the datagrams that were received into a slab of the right size
// and hands them on.
func (r *reader) submit(sub *listener.Submitter) {
	if r.n <= 0 {
		return
	}
	total, truncated := r.in.Bytes(), 0
	slab := message.NewSlab(total)
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), &r.flow
	r.isKnown = false
	off, peer := 0, r.sender()
	for i := range r.n {
		if r.in.Cut(i) {
			truncated++
		}
		end := off + r.in.Size(i)
		text := slab.Buf[off:end:end]
		r.in.Copy(text, i)
		d := r.data(i)
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
	r.reportTruncated(truncated)
	r.hand(b, sub)
}

func (r *reader) reportTruncated(n int) {
	r.stats.truncated.Add(uint64(n))
	if n > 0 && r.truncate.Allow() {
		r.env.Log.Warn("local message is longer than maxMessageSize, it is cut", "file", r.conf.Path, "count", r.stats.truncated.Value())
	}
}

// datum is what came with a datagram; fields that did not come are nil.
type datum struct {
	cred *unix.Ucred
	time *unix.Timeval
}

// data reads the control data of datagram i.
func (r *reader) data(i int) (d datum) {
	const header = unix.SizeofCmsghdr
	ctrl := r.in.Control(i)
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

// hand submits b. Without flowControl a full queue is waited for once; until it
// takes messages again they are dropped at once.
func (r *reader) hand(b *message.Batch, sub *listener.Submitter) {
	count := uint64(b.Len())
	if count == 0 {
		b.Release()
		return
	}
	var ok bool
	switch {
	case r.conf.FlowControl:
		ok = sub.Insist(b)
	case r.stalled:
		ok = sub.TrySubmit(b)
	default:
		ok = sub.Submit(r.pending.context(sub.Patience(), b.Received), b)
	}
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
