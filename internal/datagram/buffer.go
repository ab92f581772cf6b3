// Package datagram receives datagrams, many with one system call.
package datagram

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// headSize is how much of each datagram lies next to the others; nearly all are
// shorter. A place for the longest one each would be a page or more away from the next:
// touching those costs more than the datagrams do. The odd number of cache lines spreads
// them over the sets of a cache.
const headSize = 9 * 64

// Buffer holds what one call of recvmmsg(2) brought. It belongs to one goroutine.
type Buffer struct {
	n       int // datagrams that the last call brought
	max     int // bytes of a datagram
	head    int // of that in heads
	control int // bytes of control data

	msgs     []mmsghdr
	iov      []unix.Iovec // two a datagram
	names    []unix.RawSockaddrInet6
	controls []byte
	heads    []byte
	tails    []byte // what is longer; mostly never touched
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// New returns a buffer for at most count datagrams a call, of at most size bytes each:
// what is longer is cut. There is room for so many bytes of control data of each, and
// for the addresses of senders if named is true.
func New(count, size, control int, named bool) *Buffer {
	b := &Buffer{max: size, head: min(size, headSize), control: control}
	b.msgs, b.iov = make([]mmsghdr, count), make([]unix.Iovec, 2*count)
	b.controls = make([]byte, count*control)
	b.heads, b.tails = make([]byte, count*b.head), make([]byte, count*(size-b.head))
	if named {
		b.names = make([]unix.RawSockaddrInet6, count)
	}
	for i := range b.msgs {
		h, iov := &b.msgs[i].hdr, b.iov[2*i:2*i+2]
		iov[0].Base = &b.heads[i*b.head]
		iov[0].SetLen(b.head)
		h.Iov, h.Iovlen = &iov[0], 1
		if size > b.head {
			iov[1].Base = &b.tails[i*(size-b.head)]
			iov[1].SetLen(size - b.head)
			h.Iovlen = 2
		}
		if control > 0 {
			h.Control = &b.controls[i*control]
		}
		if named {
			h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		}
	}
	b.n = count // none is ready yet
	return b
}

// Cap is how many datagrams a call may bring.
func (b *Buffer) Cap() int { return len(b.msgs) }

// Receive receives what is there; without anything it returns EAGAIN. It makes the bare
// call, golang.org/x/net's ReadBatch takes 1.4 CPU seconds more for a million datagrams;
// and the scheduler is not told, as in package nowait: it takes some microseconds.
func (b *Buffer) Receive(fd int) (n int, errno syscall.Errno) {
	// MSG_TRUNC: the length is that of the datagram, also if it was cut.
	const flags = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC | unix.MSG_TRUNC
	for i := range b.msgs[:b.n] { // which the last call has changed
		h := &b.msgs[i].hdr
		if b.names != nil {
			h.Namelen = uint32(unsafe.Sizeof(b.names[0]))
		}
		h.SetControllen(b.control)
	}
	b.n = 0
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.msgs[0])), uintptr(len(b.msgs)), flags, 0, 0)
		switch errno {
		case 0:
			b.n = int(n)
			return b.n, 0
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// Bytes is how long the datagrams of the last call are together.
func (b *Buffer) Bytes() int {
	total := 0
	for i := range b.msgs[:b.n] {
		total += b.Size(i)
	}
	return total
}

// Size is how much of datagram i there is; Copy copies it to p, which must not be shorter.
func (b *Buffer) Size(i int) int { return min(int(b.msgs[i].n), b.max) }

// Sent is how long datagram i was when it was sent.
func (b *Buffer) Sent(i int) int { return int(b.msgs[i].n) }

func (b *Buffer) Copy(p []byte, i int) {
	size := b.Size(i)
	n := copy(p, b.heads[i*b.head:][:min(size, b.head)])
	if n < size {
		copy(p[n:], b.tails[i*(b.max-b.head):][:size-n])
	}
}

// Cut reports whether datagram i was longer than the buffer permits.
func (b *Buffer) Cut(i int) bool { return b.msgs[i].hdr.Flags&unix.MSG_TRUNC != 0 }

// Control is the control data that came with datagram i, valid until the next call.
func (b *Buffer) Control(i int) []byte {
	return b.controls[i*b.control : i*b.control+int(b.msgs[i].hdr.Controllen)]
}

// Sender is the address that datagram i came from. An IPv4 address is one, also if it
// came mapped to IPv6.
func (b *Buffer) Sender(i int) netip.AddrPort {
	sa := &b.names[i]
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:])
	if sa.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(sa)).Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), port)
}
