package listener

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"syslogd/internal/nowait"
	"syslogd/message"
)

// readAhead is the connection below TLS. It reads what has arrived at once, where
// TLS would read record by record, and waits without a buffer.
type readAhead struct {
	net.Conn
	raw  syscall.RawConn
	in   *intake
	slab *message.Slab // nil: nothing is held
	held []byte        // the unread part of slab
	got  int           // bytes that came with the last read
	// now makes Read return errNotYet instead of waiting: the session waits itself.
	// TLS goes on after that.
	now bool
}

// newReadAhead returns nil for a connection that has no descriptor.
func newReadAhead(conn net.Conn, in *intake) *readAhead {
	raw := rawOf(conn)
	if raw == nil {
		return nil
	}
	return &readAhead{Conn: conn, raw: raw, in: in}
}

// rawOf is the descriptor of a connection, nil if it has none.
func rawOf(conn net.Conn) syscall.RawConn {
	if sc, ok := conn.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// watched is a connection that tells when its peer is waited for.
type watched struct {
	net.Conn
	raw syscall.RawConn
	in  *intake
}

// watch returns conn itself if it has no descriptor, or tells itself.
func watch(conn net.Conn, in *intake) net.Conn {
	if raw := rawOf(conn); raw != nil {
		return &watched{conn, raw, in}
	}
	return conn
}

// Read implements net.Conn.
func (w *watched) Read(p []byte) (n int, err error) {
	waitErr := w.raw.Read(func(fd uintptr) bool {
		w.in.works()
		for n, err = nowait.Read(int(fd), p); errors.Is(err, unix.EINTR); {
			n, err = nowait.Read(int(fd), p)
		}
		if errors.Is(err, unix.EAGAIN) {
			w.in.idles()
			return false
		}
		return true
	})
	w.in.works()
	switch {
	case waitErr != nil:
		return 0, waitErr
	case err != nil:
		return 0, readError(w.Conn, err)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// readError is what a connection's own Read would say.
func readError(c net.Conn, err error) error {
	return &net.OpError{Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError("read", err)}
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
		a.in.works()
		if err = a.fill(int(fd), size); errors.Is(err, unix.EAGAIN) {
			a.in.idles()
			return false
		}
		return true
	})
	a.in.works()
	switch {
	case waitErr != nil:
		return waitErr
	case err != nil && !errors.Is(err, io.EOF):
		return readError(a.Conn, err)
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

// size is how much memory is held, in bytes.
func (a *readAhead) size() int {
	if a == nil || a.slab == nil || len(a.slab.Buf) < worthNoting {
		return 0
	}
	return len(a.slab.Buf)
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
