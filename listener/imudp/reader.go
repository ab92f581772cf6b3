package imudp

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"syslogd/hosts"
	"syslogd/internal/datagram"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/ratelimit"
)

// listenerGroup is what the sockets of one port share.
type listenerGroup struct {
	origin       *message.Origin
	stats        *counters
	access       *listener.AccessList
	limit        *ratelimit.Limit
	names        *hosts.Names
	preserveCase bool
	batch        int
	maxSize      int
	cut          *listener.CutMessages
	unread       *metrics.Loss // what the receive buffer had no room for
	panicked     *metrics.Loss // what caused a panic
	log          *slog.Logger
}

// longest is what the length in the head of a datagram can say: a larger maxMessageSize
// must not take that much for each of a batch.
const longest = 1<<16 - 1

// controlSize is room for the counter of dropped datagrams.
const controlSize = 32

// reader reads one socket. It belongs to one goroutine.
type reader struct {
	*listenerGroup
	listener.Datagrams
	sub   *listener.Submitter
	addr  net.Addr
	flow  message.Flow
	drops uint32 // the kernel's counter, as last seen
	roomy bool   // the receive buffer can hold what gathers

	// The last sender: most datagrams come from the one before.
	lastAddr netip.Addr
	lastPeer *message.Peer
}

// newReader takes over conn.
func newReader(conn *net.UDPConn, g *listenerGroup) (*reader, error) {
	defer conn.Close()
	r := &reader{listenerGroup: g, addr: conn.LocalAddr()}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	err = raw.Control(func(fd uintptr) {
		size, sizeErr := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		r.roomy = sizeErr == nil && size >= gatherRoom
	})
	if err != nil {
		return nil, err
	}
	r.Socket, err = datagram.NewSocket(conn, datagram.New(g.batch, min(g.maxSize, longest), controlSize, true))
	return r, err
}

// start receives until ctx is done. It closes the socket and calls ended at the end.
func (r *reader) start(ctx context.Context, sub *listener.Submitter, ended func()) {
	r.sub = sub
	r.Datagrams.Start(ctx, r, r.log, r.panicked, func() {
		r.Socket.Close()
		ended()
	})
}

// gatherRoom is the receive buffer, as the kernel counts, that surely holds what arrives
// in eight milliseconds: 5,000 datagrams of usual size.
const gatherRoom = 4 << 20

// Next lets datagrams gather before the next read if they come often and the last one
// left none.
func (r *reader) Next(n int) {
	pause := r.Gather.After(time.Now(), n)
	r.Socket.Direct(r.Gather.Direct(true))
	switch {
	case r.roomy && n < r.Socket.Cap() && pause > 0:
		r.Gather.Sleep(pause)
	case r.passes():
		r.Gather.EndTurn()
	case r.Socket.Waits():
		r.Gather.Yield() // to the worker
	}
}

// batch copies n datagrams into a slab of the right size. It returns nil if there is
// nothing to hand on.
func (r *reader) batch(n int) *message.Batch {
	in := r.Socket
	slab := message.NewSlab(in.Bytes())
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), &r.flow
	off := 0
	for i := range n {
		size := in.Size(i)
		peer, port := r.sender(i)
		if size == 0 || !r.permits(peer) {
			continue
		}
		text := slab.Buf[off : off+size : off+size]
		in.Copy(text, i)
		if in.Cut(i) {
			text = r.cut.Take(text, in.Sent(i), peer.IP)
		}
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

// Hand hands datagrams on. When little comes, but steadily, they are processed right here
// where the queue permits it.
func (r *reader) Hand(n int) (still bool) {
	b := r.batch(n)
	if b == nil {
		return true
	}
	if r.passes() {
		n := b.Len()
		return r.Relief.Do(func() { r.count(n, r.sub.TryPass(b)) })
	}
	r.submit(b)
	return true
}

// Last hands datagrams on when the server stops.
func (r *reader) Last(n int) {
	if b := r.batch(n); b != nil {
		r.submit(b)
	}
}

func (r *reader) submit(b *message.Batch) {
	n := b.Len()
	r.count(n, r.sub.TrySubmit(b))
}

// passes reports whether batches need no worker. The receive buffer holds what comes
// until the reader is relieved, then, and what comes seldom is not worth watching over.
func (r *reader) passes() bool {
	return r.roomy && r.Socket.Waits() && !r.Gather.Often()
}

// count counts n messages that the queue has taken, or not.
func (r *reader) count(n int, err error) {
	if err == nil {
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
	from := r.Socket.Sender(i)
	addr := from.Addr()
	if addr != r.lastAddr || r.lastPeer == nil {
		r.lastAddr, r.lastPeer = addr, r.listenerGroup.names.Peer(addr, r.preserveCase)
	}
	return r.lastPeer, from.Port()
}

// countDrops reads the kernel's counter from the control data of datagram i.
func (r *reader) countDrops(i int) {
	ctrl := r.Socket.Control(i)
	const header = unix.SizeofCmsghdr
	if len(ctrl) < header+4 {
		return
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&ctrl[0]))
	if c.Level != unix.SOL_SOCKET || c.Type != unix.SO_RXQ_OVFL {
		return
	}
	now := binary.NativeEndian.Uint32(ctrl[header:])
	n := now - r.drops // wraps as the counter does
	r.stats.kernel.Add(uint64(n))
	r.unread.Add(int(n))
	r.drops = now
}
