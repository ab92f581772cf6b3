package imfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
)

// notifier reads the events of the kernel: those of inotify(7), and that something was mounted
// or unmounted, which inotify says nothing about.
type notifier struct {
	// guard is for the goroutine that reads.
	guard *barrier.Barrier

	fd     int
	mounts int // /proc/self/mountinfo, -1 where there is none
	stop   [2]int
}

// event is something that happened. name is empty if it concerns what is watched itself. all is
// set when anything may have changed: events were lost, or the mounts changed.
type event struct {
	wd   int32
	mask uint32
	name string
	all  bool
}

// Kinds of events: names that come, go or change in a directory; what is written to files.
const (
	nameEvents = unix.IN_CREATE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_DELETE | unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF
	textEvents = unix.IN_MODIFY
)

func newNotifier(guard *barrier.Barrier) (*notifier, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	n := &notifier{fd: fd, guard: guard}
	if err := unix.Pipe2(n.stop[:], unix.O_CLOEXEC); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("pipe2", err)
	}
	if n.mounts, err = unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		n.mounts = -1 // poll(2) passes over it
	}
	return n, nil
}

// add watches what is at path now, and returns its number: one for each directory or file,
// whatever its path.
func (n *notifier) add(path string, mask uint32) (int32, error) {
	wd, err := unix.InotifyAddWatch(n.fd, path, mask|unix.IN_MASK_ADD)
	if err != nil {
		return 0, &os.PathError{Op: "inotify_add_watch", Path: path, Err: err}
	}
	return int32(wd), nil
}

// remove fails for what is gone, and has been forgotten by the kernel.
func (n *notifier) remove(wd int32) { unix.InotifyRmWatch(n.fd, uint32(wd)) }

// end makes run return.
func (n *notifier) end() { unix.Close(n.stop[1]) }

// run hands events to each until end is called.
func (n *notifier) run(each func(event), failed func(error)) {
	defer func() {
		unix.Close(n.fd)
		unix.Close(n.stop[0])
		if n.mounts >= 0 {
			unix.Close(n.mounts)
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		fds := []unix.PollFd{{Fd: int32(n.stop[0]), Events: unix.POLLIN}, {Fd: int32(n.fd), Events: unix.POLLIN}, {Fd: int32(n.mounts), Events: unix.POLLPRI}}
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			failed(os.NewSyscallError("poll", err))
			return
		}
		if fds[0].Revents != 0 {
			return
		}
		if fds[2].Revents != 0 {
			each(event{all: true})
		}
		if fds[1].Revents == 0 {
			continue
		}
		size, err := unix.Read(n.fd, buf)
		if err != nil {
			if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
				failed(os.NewSyscallError("read", err))
			}
			continue
		}
		if err := n.told(buf[:size], each); err != nil {
			failed(err) // everything is looked at
		}
	}
}

// told passes events on.
func (n *notifier) told(buf []byte, each func(event)) (err error) {
	defer n.guard.Catch(&err, "events of files could not be read, all files are looked at")
	decode(buf, each)
	return nil
}

// decode reads struct inotify_event: four numbers of four bytes, the last one being the length of
// the name behind them, which is filled up with NUL.
func decode(buf []byte, each func(event)) {
	for len(buf) >= unix.SizeofInotifyEvent {
		e := event{wd: int32(binary.NativeEndian.Uint32(buf)), mask: binary.NativeEndian.Uint32(buf[4:])}
		end := min(len(buf), unix.SizeofInotifyEvent+int(binary.NativeEndian.Uint32(buf[12:])))
		name, _, _ := bytes.Cut(buf[unix.SizeofInotifyEvent:end], []byte{0})
		e.name = string(name)
		e.all = e.mask&unix.IN_Q_OVERFLOW != 0
		each(e)
		buf = buf[end:]
	}
}
