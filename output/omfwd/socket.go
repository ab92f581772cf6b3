package omfwd

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a TCP connection that takes all that is written to it: what the
// system does not take in time is kept, and goes out before anything else. So a
// peer that does not read for a while costs no connection, and the layers above
// (TLS, compression) never see half a write.
type socket struct {
	*net.TCPConn
	raw      syscall.RawConn
	patience time.Duration
	given    uint64 // bytes written to it
	rest     []byte // of those, what the system has not taken
}

// errStalled is a peer that does not read.
var errStalled = errors.New("the peer does not read, the connection is full")

func newSocket(conn net.Conn, patience time.Duration) (*socket, error) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("%T is no TCP connection", conn)
	}
	raw, err := tcp.SyscallConn()
	return &socket{TCPConn: tcp, raw: raw, patience: patience}, err
}

// Write takes p.
func (s *socket) Write(p []byte) (int, error) {
	s.given += uint64(len(p))
	if len(s.rest) > 0 {
		s.rest = append(s.rest, p...)
		return len(p), nil
	}
	s.TCPConn.SetWriteDeadline(time.Now().Add(s.patience))
	n, err := s.TCPConn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.rest = append(s.rest[:0], p[n:]...)
		return len(p), nil
	}
	if err != nil {
		s.given -= uint64(len(p) - n)
	}
	return n, err
}

// drain writes what is kept. It is errStalled that the peer still does not read.
func (s *socket) drain(patience time.Duration) error {
	if len(s.rest) == 0 {
		return nil
	}
	s.TCPConn.SetWriteDeadline(time.Now().Add(patience))
	n, err := s.TCPConn.Write(s.rest)
	s.rest = s.rest[:copy(s.rest, s.rest[n:])]
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errStalled
	}
	if len(s.rest) == 0 {
		s.rest = nil
	}
	return err
}

// unacknowledged is how many of the bytes written to it the peer's system has
// not acknowledged. It can be asked for as long as the socket is not closed, also
// after an error.
func (s *socket) unacknowledged() uint64 {
	queued := 0
	err := s.raw.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			queued = n
		}
	})
	if err != nil {
		return 0
	}
	return min(uint64(queued+len(s.rest)), s.given)
}

// distance is the shortest time in which the peer's system has acknowledged something; very
// long if that is not known.
func (s *socket) distance() time.Duration {
	rtt := time.Duration(math.MaxInt64)
	s.raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			rtt = time.Duration(info.Min_rtt) * time.Microsecond
		}
	})
	return rtt
}

// settle waits until the peer's system has acknowledged all, at most until the
// deadline: a peer that has ended its own direction may still read ours. The
// system tells nobody when that is done, so it is asked.
func (s *socket) settle(deadline time.Time) {
	for tick := time.Millisecond; s.unacknowledged() > 0 && time.Now().Before(deadline); tick = min(2*tick, 50*time.Millisecond) {
		time.Sleep(tick)
	}
}

// closedByPeer reports whether the other side has ended the connection: what is
// written then is lost.
func (s *socket) closedByPeer() bool {
	closed := false
	err := s.raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(fds, 0)
		closed = err == nil && n > 0 && fds[0].Revents != 0
	})
	return closed || err != nil
}
