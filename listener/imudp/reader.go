package imudp

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"syslogd/internal/epoll"
	"syslogd/listener"
	"syslogd/message"
)

// listenerGroup is what the sockets of one port share.
type listenerGroup struct {
	origin       *message.Origin
	stats        *counters
	access       *listener.AccessList
	limit        *listener.RateLimit
	names        *listener.Names
	preserveCase bool
	batch        int
	maxSize      int
	log          *slog.Logger
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

// controlSize is room for the counter of dropped datagrams.
const controlSize = 32

// reader reads one socket. It belongs to one goroutine. When datagrams come often, it
// waits in the system call itself: with the runtime's poller each datagram wakes a
// thread, also while nobody waits for one, which doubles the CPU time at 40,000
// messages a second. When they come seldom, a wait in the system call would keep the
// runtime's monitor awake.
type reader struct {
	*listenerGroup
	addr net.Addr
	flow message.Flow

	mu       sync.Mutex // guards what follows against use after close
	fd       int        // -1 when closed
	stopping bool
	watch    *epoll.Watch // nil: wait in the system call

	got   int // what try came to
	errno syscall.Errno

	msgs  []mmsghdr
	iov   []unix.Iovec
	names []unix.RawSockaddrInet6 // holds an IPv4 address, too
	ctrl  []byte
	buf   []byte // datagrams as received, one slot each

	drops uint32 // the kernel's counter, as last seen

	gathering listener.Gather
	roomy     bool // the receive buffer can hold what gathers

	// The last sender: most datagrams come from the one before.
	lastAddr netip.Addr
	lastPeer *message.Peer
}

// newReader takes over conn.
func newReader(conn *net.UDPConn, g *listenerGroup) (*reader, error) {
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &reader{listenerGroup: g, addr: conn.LocalAddr(), fd: -1}
	var dupErr error
	err = raw.Control(func(fd uintptr) {
		size, sizeErr := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		r.roomy = sizeErr == nil && size >= gatherRoom
		r.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err = errors.Join(err, dupErr); err != nil {
		return nil, err
	}
	if err := r.direct(false); err != nil {
		return nil, errors.Join(err, r.close())
	}
	r.msgs = make([]mmsghdr, g.batch)
	r.iov = make([]unix.Iovec, g.batch)
	r.names = make([]unix.RawSockaddrInet6, g.batch)
	r.ctrl = make([]byte, g.batch*controlSize)
	r.buf = make([]byte, g.batch*g.maxSize)
	for i := range r.msgs {
		r.iov[i].Base = &r.buf[i*g.maxSize]
		r.iov[i].SetLen(g.maxSize)
		h := &r.msgs[i].hdr
		h.Iov, h.Iovlen = &r.iov[i], 1
		h.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		h.Control = &r.ctrl[i*controlSize]
	}
	return r, nil
}

// run receives until ctx is done, and then what has arrived already.
func (r *reader) run(ctx context.Context, sub *listener.Submitter) {
	stop := context.AfterFunc(ctx, r.interrupt)
	defer r.close()
	defer stop()
	for ctx.Err() == nil {
		n, errno := r.await()
		if errno != 0 {
			if ctx.Err() == nil {
				r.log.Warn("receiving datagrams", "err", errno)
			}
			continue
		}
		r.submit(n, sub)
		r.gather(n)
	}
	r.drain(sub)
}

// interrupt ends a receive call that waits, for good. The error that the kernel
// reports for a socket without a peer does not matter: waiting ends all the same.
func (r *reader) interrupt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping = true
	if r.watch != nil {
		r.watch.Interrupt()
	}
	if r.fd >= 0 {
		unix.Shutdown(r.fd, unix.SHUT_RD)
	}
}

// direct makes await wait in the system call itself, or through the runtime's poller.
func (r *reader) direct(on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if on == (r.watch == nil) || r.stopping {
		return nil
	}
	if !on {
		if r.watch = epoll.NewWatch(r.fd, r.try); r.watch != nil {
			return nil
		}
	} else {
		r.watch.Close()
		r.watch = nil
	}
	return unix.SetNonblock(r.fd, false)
}

func (r *reader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fd < 0 {
		return nil
	}
	if r.watch != nil {
		r.watch.Close()
		r.watch = nil
	}
	err := unix.Close(r.fd)
	r.fd = -1
	return err
}

// drainCalls bounds what is still received at a stop.
const drainCalls = 1000

func (r *reader) drain(sub *listener.Submitter) {
	for range drainCalls {
		n, errno := r.receive(unix.MSG_DONTWAIT)
		if errno != 0 || n <= 0 || r.msgs[0].n == 0 {
			return
		}
		r.submit(n, sub)
	}
}

// gatherRoom is the receive buffer, as the kernel counts, that surely holds what arrives
// in four milliseconds: 5,000 datagrams of usual size.
const gatherRoom = 4 << 20

// gather lets datagrams gather before the next read if they come often and the last
// one, which brought n, left none.
func (r *reader) gather(n int) {
	pause := r.gathering.After(time.Now(), n)
	r.direct(pause > 0)
	if r.roomy && n < len(r.msgs) && pause > 0 {
		// The worker goes on with this processor. Goroutines that wake each other are one
		// turn for the runtime, which would interrupt it, for as long as none stands at
		// the end of the line.
		runtime.Gosched()
		time.Sleep(pause)
	}
}

// await waits for datagrams and receives them. It returns nothing when it was
// interrupted.
func (r *reader) await() (n int, errno syscall.Errno) {
	if r.watch == nil {
		return r.receive(unix.MSG_WAITFORONE)
	}
	if r.watch.Until() != nil {
		return 0, 0
	}
	return r.got, r.errno
}

// try receives what is there, for the watch. It reports whether that came to anything.
func (r *reader) try() bool {
	r.got, r.errno = r.receive(unix.MSG_DONTWAIT)
	return r.errno != unix.EAGAIN
}

// receive calls recvmmsg(2). The bare call saves 1.4 CPU seconds per million
// datagrams beside golang.org/x/net's ReadBatch.
func (r *reader) receive(flags uintptr) (int, syscall.Errno) {
	for i := range r.msgs {
		h := &r.msgs[i].hdr
		h.Namelen = uint32(unsafe.Sizeof(r.names[0]))
		h.SetControllen(controlSize)
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(r.fd), uintptr(unsafe.Pointer(&r.msgs[0])), uintptr(len(r.msgs)), flags, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// submit copies n datagrams into a slab of the right size and hands them on.
func (r *reader) submit(n int, sub *listener.Submitter) {
	if n <= 0 {
		return
	}
	total := 0
	for i := range n {
		total += int(r.msgs[i].n)
	}
	slab := message.NewSlab(total)
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), &r.flow
	off := 0
	for i := range n {
		size := int(r.msgs[i].n)
		peer, port := r.sender(i)
		if size == 0 || !r.permits(peer) {
			continue
		}
		text := slab.Buf[off : off+size : off+size]
		copy(text, r.buf[i*r.maxSize:])
		off += size
		b.Add(text, r.origin, peer).PeerPort = port
	}
	r.stats.calls.Add(1)
	r.stats.bytes.Add(uint64(off))
	r.countDrops(n - 1)
	r.hand(b, sub)
}

func (r *reader) hand(b *message.Batch, sub *listener.Submitter) {
	count := b.Len()
	if count == 0 {
		b.Release()
		return
	}
	if granted := r.limit.Take(count, b.Received); granted < count {
		b.Cut(granted)
		count = granted
	}
	if count == 0 {
		b.Release()
		return
	}
	if sub.TrySubmit(b) {
		r.stats.received.Add(uint64(count))
	} else {
		r.stats.dropped.Add(uint64(count))
	}
}

func (r *reader) permits(p *message.Peer) bool {
	if r.access.Permits(p) {
		return true
	}
	r.access.Refuse(p)
	return false
}

// sender returns the peer that sent datagram i.
func (r *reader) sender(i int) (*message.Peer, uint16) {
	sa := &r.names[i]
	p := (*[2]byte)(unsafe.Pointer(&sa.Port))
	port := binary.BigEndian.Uint16(p[:])
	var addr netip.Addr
	if sa.Family == unix.AF_INET {
		addr = netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(sa)).Addr)
	} else {
		addr = netip.AddrFrom16(sa.Addr).Unmap()
	}
	if addr != r.lastAddr || r.lastPeer == nil {
		r.lastAddr, r.lastPeer = addr, r.listenerGroup.names.Peer(addr, r.preserveCase)
	}
	return r.lastPeer, port
}

// countDrops reads the kernel's counter from the control data of datagram i.
func (r *reader) countDrops(i int) {
	h := &r.msgs[i].hdr
	ctrl := r.ctrl[i*controlSize : i*controlSize+int(h.Controllen)]
	const header = unix.SizeofCmsghdr
	if len(ctrl) < header+4 {
		return
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&ctrl[0]))
	if c.Level != unix.SOL_SOCKET || c.Type != unix.SO_RXQ_OVFL {
		return
	}
	now := binary.NativeEndian.Uint32(ctrl[header:])
	r.stats.kernel.Add(uint64(now - r.drops)) // wraps as the counter does
	r.drops = now
}
