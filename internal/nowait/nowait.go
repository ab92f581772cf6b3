// Package nowait makes system calls that never wait, without telling Go's scheduler. A
// call that it is told of wakes, in a process that was idle, the runtime's monitor
// thread, which costs more than the call itself. As long as one of these lasts, the
// processor that it runs on does nothing else of the program: they are for descriptors
// that do not block, and for some hundred kilobytes.
package nowait

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read is read(2). fd must be non-blocking, or EAGAIN does not come. It returns 0
// without an error at the end of a stream.
func Read(fd int, p []byte) (n int, err error) {
	return result(unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p))))
}

// EpollWait is epoll_wait(2) for the events that are there already.
func EpollWait(fd int, events []unix.EpollEvent) (n int, err error) {
	return result(unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0))
}

// result repeats nothing: EINTR is the caller's, as every error.
func result(n, _ uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
