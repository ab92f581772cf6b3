package nowait

import (
	"testing"

	"golang.org/x/sys/unix"
)

// pipe returns the ends of a pipe that does not block.
func pipe(t *testing.T) (r, w int) {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(ends[0]) })
	return ends[0], ends[1]
}

func TestRead(t *testing.T) {
	t.Parallel()
	a, b := pipe(t)
	p := make([]byte, 8)
	if n, err := Read(a, p); n != -1 || err != unix.EAGAIN {
		t.Errorf("nothing there: %d, %v", n, err)
	}
	unix.Write(b, []byte("text"))
	if n, err := Read(a, p); n != 4 || err != nil || string(p[:4]) != "text" {
		t.Errorf("%d bytes %q, %v", n, p, err)
	}
	unix.Close(b)
	if n, err := Read(a, p); n != 0 || err != nil {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if n, err := Read(-1, p); n != -1 || err != unix.EBADF {
		t.Errorf("no descriptor: %d, %v", n, err)
	}
}

func TestEpollWait(t *testing.T) {
	t.Parallel()
	a, b := pipe(t)
	defer unix.Close(b)
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(set)
	if err := unix.EpollCtl(set, unix.EPOLL_CTL_ADD, a, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(a)}); err != nil {
		t.Fatal(err)
	}
	events := make([]unix.EpollEvent, 4)
	if n, err := EpollWait(set, events); n != 0 || err != nil {
		t.Errorf("nothing there: %d, %v", n, err)
	}
	unix.Write(b, []byte("text"))
	if n, err := EpollWait(set, events); n != 1 || err != nil || int(events[0].Fd) != a {
		t.Errorf("%d events %v, %v", n, events, err)
	}
}
