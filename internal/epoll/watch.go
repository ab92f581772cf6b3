package epoll

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Watch waits for one descriptor through the runtime's poller. Interrupt is for any
// goroutine, the other methods for one.
type Watch struct {
	file *os.File
	conn syscall.RawConn
	try  func(uintptr) bool
}

// NewWatch watches a copy of fd, and makes fd non-blocking with it. It returns nil if
// that is not possible. try is what Until calls.
func NewWatch(fd int, try func() bool) *Watch {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	if err := unix.SetNonblock(dup, true); err != nil { // else the poller is not asked
		unix.Close(dup)
		return nil
	}
	w := &Watch{file: os.NewFile(uintptr(dup), ""), try: func(uintptr) bool { return try() }}
	if w.conn, err = w.file.SyscallConn(); err == nil {
		err = w.file.SetReadDeadline(time.Time{}) // an error if the poller does not know it
	}
	if err != nil {
		w.file.Close()
		return nil
	}
	return w
}

// Until calls try, again each time that the descriptor has become readable, until it
// returns true. Interrupt ends it with an error.
func (w *Watch) Until() error { return w.conn.Read(w.try) }

// Interrupt ends Until, now and from now on.
func (w *Watch) Interrupt() { w.file.SetReadDeadline(time.Unix(1, 0)) }

// Close ends the watch; fd stays non-blocking.
func (w *Watch) Close() { w.file.Close() }
