// Package epoll waits for many descriptors with one epoll(7) instance of its own (Set),
// or for one through the runtime's poller (Watch).
//
// The runtime's poller wakes a thread for each event, also while nobody waits for one,
// and that thread wakes another one to look for work. A Set that waits directly, in the
// system call itself, is not disturbed by events while its user sleeps. That pays with
// many small events only: a goroutine that waits in a system call for more than some
// microseconds keeps the runtime's monitor awake.
package epoll

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/nowait"
)

// maxEvents bounds what one Wait returns.
const maxEvents = 256

// Event says that a descriptor can be read.
type Event struct {
	FD int
	// Closing: the other side sends no more, or the connection is broken. There may
	// be bytes left.
	Closing bool
}

// Set is a set of descriptors. Add, Remove and Interrupt are for any goroutine, the
// other methods for one.
type Set struct {
	fd, wake int
	raw      []unix.EpollEvent
	events   []Event

	// guess may know what is readable, and read it: see New.
	guess func() bool
	// watch has the runtime's poller watch fd; nil while the Set waits directly.
	watch *Watch
	// What a wait through watch has come to: waited is set as soon as nothing was
	// readable, n and err are of epoll_wait.
	waited bool
	n      int
	err    error
}

// New returns an empty Set. guess, if it is not nil, is called by Wait when something
// has become readable after nothing was. It may say that it knows what that is and has
// read it; then Wait returns no events. It is not called while the Set waits directly.
func New(guess func() bool) (*Set, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	s := &Set{fd: fd, wake: wake, raw: make([]unix.EpollEvent, maxEvents), guess: guess}
	if err := s.Add(wake); err != nil {
		s.Close()
		return nil, err
	}
	s.Direct(false)
	return s, nil
}

// Close ends the Set, not its descriptors.
func (s *Set) Close() {
	s.Direct(true)
	unix.Close(s.wake)
	unix.Close(s.fd)
}

// Add watches fd until it is readable, again and again as long as it is.
func (s *Set) Add(fd int) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.fd, unix.EPOLL_CTL_ADD, fd, &ev))
}

// Remove ends watching fd. Closing it is not enough: a process that is being started
// may hold a copy for a moment.
func (s *Set) Remove(fd int) { unix.EpollCtl(s.fd, unix.EPOLL_CTL_DEL, fd, nil) }

// Interrupt makes Wait return, the present one or else the next.
func (s *Set) Interrupt() {
	one := [8]byte{1}
	unix.Write(s.wake, one[:])
}

// Wait waits until a descriptor is readable, or for so long, or until Interrupt is
// called; below 0 is for ever. The events are valid until the next call.
func (s *Set) Wait(timeout time.Duration) []Event {
	n, err := 0, error(nil)
	if s.watch == nil || timeout >= 0 {
		n, err = unix.EpollWait(s.fd, s.raw, milliseconds(timeout))
	} else {
		n, err = s.await()
	}
	if err != nil && !errors.Is(err, unix.EINTR) {
		panic(fmt.Sprintf("epoll_wait: %v", err)) // a wrong descriptor or address
	}
	s.events = s.events[:0]
	for _, ev := range s.raw[:max(n, 0)] {
		if int(ev.Fd) == s.wake {
			var count [8]byte
			unix.Read(s.wake, count[:])
			continue
		}
		s.events = append(s.events, Event{FD: int(ev.Fd), Closing: ev.Events&^unix.EPOLLIN != 0})
	}
	return s.events
}

// await waits through the runtime's poller for n events.
func (s *Set) await() (n int, err error) {
	s.waited, s.n, s.err = false, 0, nil
	if err := s.watch.Until(); err != nil {
		s.Direct(true)
	}
	return s.n, s.err
}

// look looks what is readable, if anything is.
func (s *Set) look() bool {
	if s.waited && s.guess != nil && s.guess() {
		return true
	}
	s.waited = true
	s.n, s.err = nowait.EpollWait(s.fd, s.raw)
	return s.n != 0 || s.err != nil
}

// milliseconds rounds up, so that Wait does not return again and again just before
// its time is over.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int((d + time.Millisecond - 1) / time.Millisecond)
}

// Direct makes Wait wait in the system call itself, or through the runtime's poller,
// as it does at first.
func (s *Set) Direct(on bool) {
	switch {
	case on && s.watch != nil:
		s.watch.Close()
		s.watch = nil
	case !on && s.watch == nil:
		s.watch = NewWatch(s.fd, s.look)
	}
}
