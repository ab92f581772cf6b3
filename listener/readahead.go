package listener

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"syslogd/message"
)

// readAhead is the connection below TLS. It reads what has arrived at once, where
// TLS would read record by record, and waits without a buffer.
type readAhead struct {
	net.Conn
	raw  syscall.RawConn
	slab *message.Slab // nil: nothing is held
	held []byte        // the unread part of slab
	got  int           // bytes that came with the last read
	// now makes Read return errNotYet instead of waiting: the session waits itself.
	// TLS goes on after that.
	now bool
}

// newReadAhead returns nil for a connection that has no descriptor.
func newReadAhead(conn net.Conn) *readAhead {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return &readAhead{Conn: conn, raw: raw}
}

// under is the connection that TLS is to use: a itself or, if it is nil, conn.
func (a *readAhead) under(conn net.Conn) net.Conn {
	if a == nil {
		return conn
	}
	return a
}

// notYet is an error that TLS takes for a temporary one.
type notYet struct{}

func (notYet) Error() string   { return "nothing has arrived" }
func (notYet) Timeout() bool   { return true }
func (notYet) Temporary() bool { return true }

var errNotYet net.Error = notYet{}

// Read implements net.Conn.
func (a *readAhead) Read(p []byte) (int, error) {
	if a.slab == nil {
		if a.now {
			return 0, errNotYet
		}
		if err := a.wait(firstTLSRead); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.held)
	if a.held = a.held[n:]; len(a.held) == 0 {
		a.drop()
	}
	return n, nil
}

// wait waits until there is something to read, and reads size bytes at most.
func (a *readAhead) wait(size int) error {
	if a.slab != nil {
		return nil
	}
	var err error
	waitErr := a.raw.Read(func(fd uintptr) bool {
		err = a.fill(int(fd), size)
		return !errors.Is(err, unix.EAGAIN)
	})
	switch {
	case waitErr != nil:
		return waitErr
	case err != nil && !errors.Is(err, io.EOF):
		return &net.OpError{Op: "read", Net: "tcp", Source: a.LocalAddr(), Addr: a.RemoteAddr(), Err: os.NewSyscallError("read", err)}
	}
	return err
}

// fill reads what has arrived.
func (a *readAhead) fill(fd, size int) error {
	a.slab = message.NewSlab(size)
	for {
		n, err := unix.Read(fd, a.slab.Buf[:size])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case n > 0:
			a.held, a.got = a.slab.Buf[:n], n
			return nil
		case err == nil:
			err = io.EOF
		}
		a.drop()
		return err
	}
}

// taken returns, once, how many bytes came with the last read.
func (a *readAhead) taken() (n int) {
	if a != nil {
		n, a.got = a.got, 0
	}
	return n
}

// drop gives the memory back.
func (a *readAhead) drop() {
	if a != nil && a.slab != nil {
		a.slab.Release()
		a.slab, a.held = nil, nil
	}
}
