package imudp

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"syslogd/internal/datagram"
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

// controlSize is room for the counter of dropped datagrams.
const controlSize = 32

// reliefAfter is how long a reader may process a batch.
const reliefAfter = 100 * time.Millisecond

// reader reads one socket. It belongs to one goroutine.
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

	in    *datagram.Buffer
	drops uint32 // the kernel's counter, as last seen

	ctx    context.Context
	sub    *listener.Submitter
	ended  func()
	relief *listener.Relief

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
	limit := unix.NsecToTimeval(int64(listener.DirectWait)) // of a wait in recvmmsg(2)
	if err := unix.SetsockoptTimeval(r.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return nil, errors.Join(os.NewSyscallError("setsockopt", err), r.close())
	}
	if err := r.direct(false); err != nil {
		return nil, errors.Join(err, r.close())
	}
	r.in = datagram.New(g.batch, g.maxSize, controlSize, true)
	return r, nil
}

// start receives until ctx is done, and then what has arrived already. It calls ended
// at the end.
func (r *reader) start(ctx context.Context, sub *listener.Submitter, ended func()) {
	r.ctx, r.sub, r.ended = ctx, sub, ended
	r.relief = listener.NewRelief(reliefAfter, r.run)
	context.AfterFunc(ctx, func() {
		r.interrupt()
		r.relief.Now()
	})
	go r.run()
}

// run receives. It may be relieved: then another goroutine does that.
func (r *reader) run() {
	for r.ctx.Err() == nil {
		n, errno := r.await()
		if errno != 0 {
			if r.ctx.Err() == nil {
				r.log.Warn("receiving datagrams", "err", errno)
			}
			continue
		}
		if !r.hand(r.batch(n)) {
			return
		}
		r.gather(n)
	}
	r.gathering.Release()
	r.drain()
	r.close()
	r.ended()
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

func (r *reader) drain() {
	for range drainCalls {
		n, errno := r.in.Receive(r.fd)
		if errno != 0 || n == 0 || r.in.Size(0) == 0 {
			return
		}
		if b := r.batch(n); b != nil {
			r.count(b.Len(), r.sub.TrySubmit(b))
		}
	}
}

// gatherRoom is the receive buffer, as the kernel counts, that surely holds what arrives
// in eight milliseconds: 5,000 datagrams of usual size.
const gatherRoom = 4 << 20

// gather lets datagrams gather before the next read if they come often and the last
// one, which brought n, left none.
func (r *reader) gather(n int) {
	pause := r.gathering.After(time.Now(), n)
	r.direct(r.gathering.Direct(true))
	switch {
	case r.roomy && n < r.in.Cap() && pause > 0:
		r.gathering.Sleep(pause)
	case r.passes():
		r.gathering.EndTurn()
	case r.watch == nil:
		r.gathering.Yield() // to the worker
	}
}

// await waits for datagrams and receives them. It returns nothing when it was
// interrupted, or has waited directly for long enough.
func (r *reader) await() (n int, errno syscall.Errno) {
	if r.watch != nil {
		if r.watch.Until() != nil {
			return 0, 0
		}
		return r.got, r.errno
	}
	if n, errno = r.in.Receive(r.fd); errno == unix.EAGAIN {
		n, errno = r.in.Wait(r.fd)
	}
	if errno == unix.EAGAIN {
		errno = 0
	}
	return n, errno
}

// try receives what is there, for the watch. It reports whether that came to anything.
func (r *reader) try() bool {
	r.got, r.errno = r.in.Receive(r.fd)
	return r.errno != unix.EAGAIN
}

// batch copies n datagrams into a slab of the right size. It returns nil if there is
// nothing to hand on.
func (r *reader) batch(n int) *message.Batch {
	if n <= 0 {
		return nil
	}
	slab := message.NewSlab(r.in.Bytes())
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), &r.flow
	off := 0
	for i := range n {
		size := r.in.Size(i)
		peer, port := r.sender(i)
		if size == 0 || !r.permits(peer) {
			continue
		}
		text := slab.Buf[off : off+size : off+size]
		r.in.Copy(text, i)
		off += size
		b.Add(text, r.origin, peer).PeerPort = port
	}
	r.stats.calls.Add(1)
	r.stats.bytes.Add(uint64(off))
	r.countDrops(n - 1)
	if b.Len() > 0 {
		if granted := r.limit.Take(b.Len(), b.Received); granted < b.Len() {
			b.Cut(granted)
		}
	}
	if b.Len() == 0 {
		b.Release()
		return nil
	}
	return b
}

// hand hands b on, if it is not nil. When little comes, but steadily, it is processed
// right here where the queue permits it. It reports whether the caller is still the one
// that runs the reader.
func (r *reader) hand(b *message.Batch) (still bool) {
	if b == nil {
		return true
	}
	n := b.Len()
	if r.passes() {
		return r.relief.Do(func() { r.count(n, r.sub.TryPass(b)) })
	}
	r.count(n, r.sub.TrySubmit(b))
	return true
}

// passes reports whether batches need no worker. The receive buffer holds what comes
// until the reader is relieved, then, and what comes seldom is not worth watching over.
func (r *reader) passes() bool {
	return r.roomy && r.watch == nil && !r.gathering.Often()
}

// count counts n messages that the queue has taken, or not.
func (r *reader) count(n int, taken bool) {
	if taken {
		r.stats.received.Add(uint64(n))
	} else {
		r.stats.dropped.Add(uint64(n))
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
	from := r.in.Sender(i)
	addr := from.Addr()
	if addr != r.lastAddr || r.lastPeer == nil {
		r.lastAddr, r.lastPeer = addr, r.listenerGroup.names.Peer(addr, r.preserveCase)
	}
	return r.lastPeer, from.Port()
}

// countDrops reads the kernel's counter from the control data of datagram i.
func (r *reader) countDrops(i int) {
	ctrl := r.in.Control(i)
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
