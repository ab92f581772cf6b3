package datagram

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/epoll"
)

// Socket receives the datagrams of a socket into its Buffer. It waits for them through
// the runtime's poller, as at first, or directly, in poll(2): with the runtime's poller
// each datagram wakes a thread, also while nobody waits for one. Interrupt and Close are
// for any goroutine, the other methods for one.
type Socket struct {
	*Buffer

	mu          sync.Mutex   // guards what follows against use after Close
	fd          int          // -1 when closed
	watch       *epoll.Watch // nil: wait directly
	interrupted bool

	got   int // what try came to
	errno syscall.Errno
	poll  [1]unix.PollFd
	// single: the last direct wait brought one datagram at most, so that nothing has come
	// meanwhile and looking before the wait would be in vain.
	single bool
}

// NewSocket returns a Socket with a descriptor of its own, which the runtime's poller
// does not know. conn can be closed.
func NewSocket(conn syscall.Conn, b *Buffer) (*Socket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &Socket{Buffer: b, fd: -1}
	var dupErr error
	err = raw.Control(func(fd uintptr) { s.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, os.NewSyscallError("fcntl", dupErr)); err != nil {
		return nil, err
	}
	s.Direct(false)
	return s, nil
}

// Direct makes Await wait directly, or through the runtime's poller if that is possible.
func (s *Socket) Direct(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case on == (s.watch == nil) || s.interrupted || s.fd < 0:
	case on:
		s.watch.Close()
		s.watch = nil
	default:
		s.watch = epoll.NewWatch(s.fd, s.try)
	}
}

// Waits reports whether Await waits directly.
func (s *Socket) Waits() bool { return s.watch == nil }

// Await waits for datagrams and receives what is there. It returns none when it was
// interrupted, or has waited directly for that long.
func (s *Socket) Await(limit time.Duration) (n int, errno syscall.Errno) {
	if s.watch != nil {
		if s.watch.Until() != nil {
			return 0, 0
		}
		return s.got, s.errno
	}
	if !s.single {
		n, errno = s.Receive()
	}
	if s.single || errno == unix.EAGAIN {
		s.poll[0] = unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN}
		unix.Poll(s.poll[:], int(limit.Milliseconds())) // ends early at a signal, too
		n, errno = s.Receive()
	}
	s.single = n <= 1
	if errno == unix.EAGAIN {
		errno = 0
	}
	return n, errno
}

// try receives what is there, for the watch. It reports whether that came to anything.
func (s *Socket) try() bool {
	s.got, s.errno = s.Receive()
	return s.errno != unix.EAGAIN
}

// Receive receives what is there; without anything it returns EAGAIN.
func (s *Socket) Receive() (n int, errno syscall.Errno) { return s.Buffer.Receive(s.fd) }

// Interrupt ends Await, now or within its limit, and from now on.
func (s *Socket) Interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupted = true
	if s.watch != nil {
		s.watch.Interrupt()
	}
}

// Close closes the Socket's descriptor.
func (s *Socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return nil
	}
	if s.watch != nil {
		s.watch.Close()
		s.watch = nil
	}
	err := unix.Close(s.fd)
	s.fd = -1
	return os.NewSyscallError("close", err)
}
