package omfwd

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"syslogd/internal/characters"
	"syslogd/metrics"
)

// maxDatagram is the most that a UDP datagram over IPv4 holds, in bytes.
const maxDatagram = 65507

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

// sendBatch is how many datagrams one system call sends.
const sendBatch = 128

// datagrams is a connected UDP socket.
type datagrams struct {
	conn net.Conn
	raw  syscall.RawConn
	msgs []mmsghdr
	iov  []unix.Iovec
}

func newDatagrams(conn net.Conn) (*datagrams, error) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%T is no socket", conn)
	}
	raw, err := sc.SyscallConn()
	return &datagrams{conn: conn, raw: raw, msgs: make([]mmsghdr, sendBatch), iov: make([]unix.Iovec, sendBatch)}, err
}

// send sends each frame in a datagram of its own, many with one system call, and
// returns how many are done with. What is lost is counted: one that is too long, and
// those of which the other side says that nobody takes them.
func (d *datagrams) send(f frames, lost *losses, log *slog.Logger) (done int, err error) {
	refused := false
	for done < f.len() {
		n, err := d.sendSome(f, done, min(done+sendBatch, f.len()))
		done += n
		switch {
		case err == nil:
			refused = false
		case errors.Is(err, unix.EMSGSIZE):
			size := f.ends[done] - f.begin(done)
			if lost.large.Begins(1, "addr", d.addr(), "size", size) {
				log.Warn("message is too long for a datagram and lost", "addr", d.addr(), "size", size)
			}
			done++
		case errors.Is(err, unix.ECONNREFUSED) && !refused:
			refused = true // a datagram before this one did not arrive; this one was not sent
			lost.refused.Add(1, "addr", d.addr())
		case errors.Is(err, unix.ECONNREFUSED):
			lost.refused.Add(1, "addr", d.addr())
			done++
		default:
			return done, err
		}
	}
	return done, nil
}

func (d *datagrams) addr() string { return d.conn.RemoteAddr().String() }

// losses are the ways in which messages are lost that the kernel tells of: datagrams, and
// what a peer has not acknowledged at a stop.
type losses struct {
	cut     *metrics.Loss // to what a datagram can hold
	large   *metrics.Loss // for the way to the target
	refused *metrics.Loss // by the target's host: nobody listens

	unacknowledged *metrics.Loss
}

func newLosses(all *metrics.Losses, action string) losses {
	return losses{
		cut: all.Of("message_cut", action), large: all.Of("message_too_large", action), refused: all.Of("target_refused", action),
		unacknowledged: all.Of("not_acknowledged", action),
	}
}

// whole is what of text goes into a datagram: all of it, or as many characters as fit.
// What is packed has none.
func (l *losses) whole(text []byte, packed bool) []byte {
	if len(text) <= maxDatagram {
		return text
	}
	l.cut.Add(1, "size", len(text), "limit", maxDatagram)
	if packed {
		return text[:maxDatagram]
	}
	return text[:characters.Fit(text, maxDatagram)]
}

// sendSome calls sendmmsg(2) for the frames from..to-1, at most sendBatch.
func (d *datagrams) sendSome(f frames, from, to int) (n int, err error) {
	for i := from; i < to; i++ {
		text := f.buf[f.begin(i):f.ends[i]]
		iov := &d.iov[i-from]
		iov.Base = unsafe.SliceData(text)
		iov.SetLen(len(text))
		h := &d.msgs[i-from].hdr
		h.Iov = iov
		h.SetIovlen(1)
	}
	d.conn.SetWriteDeadline(time.Now().Add(sendTime))
	var failed error
	err = d.raw.Write(func(fd uintptr) bool {
		for {
			sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&d.msgs[0])), uintptr(to-from), 0, 0, 0)
			switch errno {
			case 0:
				n, failed = int(sent), nil
			case unix.EINTR:
				continue
			case unix.EAGAIN:
				return false
			default:
				n, failed = 0, errno
			}
			return true
		}
	})
	return n, cmp.Or(err, failed)
}

// sendTime bounds the wait for room in the send buffer.
const sendTime = 5 * time.Second
