package nowait

import (
	"testing"

	"golang.org/x/sys/unix"
)

// pair is two connected sockets that do not block.
func pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func TestRead(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	p := make([]byte, 8)
	if n, err := Read(a, p); n != -1 || err != unix.EAGAIN {
		t.Errorf("nothing there: %d, %v", n, err)
	}
	unix.Write(b, []byte("text"))
	if n, err := Read(a, p); n != 4 || err != nil || string(p[:4]) != "text" {
		t.Errorf("%d bytes %q, %v", n, p, err)
	}
	unix.Shutdown(b, unix.SHUT_WR)
	if n, err := Read(a, p); n != 0 || err != nil {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if n, err := Read(-1, p); n != -1 || err != unix.EBADF {
		t.Errorf("no descriptor: %d, %v", n, err)
	}
}

func TestEpollWait(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
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
