package imuxsock

import (
	"context"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"syslogd/listener"
	"syslogd/message"
)

const (
	// batchSize is how many datagrams one system call may receive.
	batchSize = 32
	// controlSize is room for SCM_CREDENTIALS.
	controlSize = 64
	// patience is how long a full queue is waited for without flowControl, as
	// rsyslogd's queues do (timeoutEnqueue).
	patience = 2 * time.Second
)

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

// reader reads one socket. It belongs to one goroutine.
type reader struct {
	*input
	raw  syscall.RawConn
	flow message.Flow
	self int32

	size int // of a slot of buf
	msgs []mmsghdr
	iov  []unix.Iovec
	ctrl []byte
	buf  []byte
	note []byte // what is appended to a message
}

func newReader(in *input) (*reader, error) {
	raw, err := in.conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &reader{input: in, raw: raw, self: int32(os.Getpid()), size: in.env.Global.MaxMessageSize}
	r.msgs = make([]mmsghdr, batchSize)
	r.iov = make([]unix.Iovec, batchSize)
	r.ctrl = make([]byte, batchSize*controlSize)
	r.buf = make([]byte, batchSize*r.size)
	for i := range r.msgs {
		r.iov[i].Base = &r.buf[i*r.size]
		r.iov[i].SetLen(r.size)
		h := &r.msgs[i].hdr
		h.Iov, h.Iovlen = &r.iov[i], 1
		h.Control = &r.ctrl[i*controlSize]
	}
	return r, nil
}

// run receives until ctx is done, and then what has arrived already.
func (r *reader) run(ctx context.Context, sub *listener.Submitter) {
	stop := context.AfterFunc(ctx, func() { r.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		var n int
		var errno syscall.Errno
		err := r.raw.Read(func(fd uintptr) bool {
			n, errno = r.receive(fd)
			return errno != unix.EAGAIN
		})
		if err != nil {
			break
		}
		if errno != 0 {
			r.env.Log.Warn("receiving from a unix socket", "file", r.conf.Path, "err", errno)
			continue
		}
		r.submit(n, sub)
	}
	r.drain(sub)
}

// drainCalls bounds what is still received at a stop.
const drainCalls = 1000

func (r *reader) drain(sub *listener.Submitter) {
	for range drainCalls {
		n := 0
		err := r.raw.Control(func(fd uintptr) { n, _ = r.receive(fd) })
		if err != nil || n <= 0 {
			return
		}
		r.submit(n, sub)
	}
}

// receive calls recvmmsg(2) without waiting.
func (r *reader) receive(fd uintptr) (int, syscall.Errno) {
	for i := range r.msgs {
		r.msgs[i].hdr.SetControllen(controlSize)
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.msgs[0])), batchSize, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// submit copies n datagrams into a slab and hands them on.
func (r *reader) submit(n int, sub *listener.Submitter) {
	if n <= 0 {
		return
	}
	now := time.Now()
	total := 0
	for i := range n {
		total += int(r.msgs[i].n)
	}
	slab := message.NewSlab(total)
	b := message.NewBatch(slab)
	b.Received, b.Flow = now, &r.flow
	off, peer := 0, r.local()
	for i := range n {
		text := r.buf[i*r.size : i*r.size+int(r.msgs[i].n)]
		cred := r.sender(i)
		r.stats.bytes.Add(uint64(len(text)))
		if !r.wanted(text, cred, now) {
			continue
		}
		kept := slab.Buf[off : off+len(text) : off+len(text)]
		off += copy(kept, text)
		r.add(b, kept, cred, peer)
	}
	r.hand(b, sub)
}

// wanted reports whether the message is stored: not empty, not our own, within the limit.
func (r *reader) wanted(text []byte, cred *unix.Ucred, now time.Time) bool {
	if len(text) == 0 {
		return false
	}
	if cred == nil {
		return true
	}
	if r.conf.IgnoreOwn && cred.Pid == r.self {
		r.stats.own.Add(1)
		return false
	}
	return r.limits.allow(cred.Pid, text, now)
}

// add appends the message, with what the kernel knows of the sender if that is wanted.
func (r *reader) add(b *message.Batch, text []byte, cred *unix.Ucred, peer *message.Peer) {
	if cred == nil || !r.conf.SystemPID && !r.conf.Annotate {
		b.Add(text, &r.origin, peer)
		return
	}
	r.note = r.note[:0]
	if r.conf.SystemPID {
		r.note = appendWithPID(r.note, text, cred.Pid)
	} else {
		r.note = append(r.note, text...)
	}
	var known *trusted
	if r.conf.Annotate {
		known = trustedOf(cred)
		if !r.conf.ParseTrusted {
			r.note = known.append(trimEnd(r.note))
		}
	}
	changed := b.Side(len(r.note))
	copy(changed, r.note)
	m := b.Add(changed, &r.origin, peer)
	if known != nil && r.conf.ParseTrusted {
		m.JSON = known.tree()
	}
}

func (r *reader) hand(b *message.Batch, sub *listener.Submitter) {
	count := uint64(b.Len())
	ctx := context.Background()
	if !r.conf.FlowControl {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	if sub.Submit(ctx, b) {
		r.stats.received.Add(count)
	} else {
		r.stats.dropped.Add(count)
	}
}

// sender reads the credentials of datagram i; nil if there are none.
func (r *reader) sender(i int) *unix.Ucred {
	h := &r.msgs[i].hdr
	ctrl := r.ctrl[i*controlSize : i*controlSize+int(h.Controllen)]
	if len(ctrl) < unix.SizeofCmsghdr+unix.SizeofUcred {
		return nil
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&ctrl[0]))
	if c.Level != unix.SOL_SOCKET || c.Type != unix.SCM_CREDENTIALS {
		return nil
	}
	return (*unix.Ucred)(unsafe.Pointer(&ctrl[unix.SizeofCmsghdr]))
}
