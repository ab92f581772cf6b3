package epoll

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// both runs a test with a Set that waits directly and with one that does not.
func both(t *testing.T, test func(t *testing.T, s *Set)) {
	t.Helper()
	for name, direct := range map[string]bool{"direct": true, "by the runtime": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			s.Direct(direct)
			if direct != (s.watch == nil) {
				t.Fatalf("Direct(%v) has no effect", direct)
			}
			test(t, s)
		})
	}
}

// pair returns a descriptor to watch and one to write to it.
func pair(t *testing.T) (watched, other int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func add(t *testing.T, s *Set, fd int) {
	t.Helper()
	if err := s.Add(fd); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

func TestWaitReportsWhatIsReadableAsLongAsItIs(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *Set) {
		a, toA := pair(t)
		b, _ := pair(t)
		add(t, s, a)
		add(t, s, b)
		write(t, toA)
		for range 2 {
			if got := s.Wait(-1); !slices.Equal(got, []Event{{FD: a}}) {
				t.Fatalf("events %v, want one of %d", got, a)
			}
		}
		if _, err := unix.Read(a, make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		if got := s.Wait(0); len(got) != 0 {
			t.Errorf("events %v when everything was read", got)
		}
		unix.Shutdown(toA, unix.SHUT_WR)
		if got := s.Wait(-1); !slices.Equal(got, []Event{{FD: a, Closing: true}}) {
			t.Errorf("events %v, want that %d is closing", got, a)
		}
		s.Remove(a)
		if got := s.Wait(time.Millisecond); len(got) != 0 {
			t.Errorf("events %v of what was removed", got)
		}
	})
}

func TestADescriptorThatIsAddedWhileWaitingIsReported(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *Set) {
		a, toA := pair(t)
		events := make(chan []Event)
		go func() { events <- s.Wait(-1) }()
		add(t, s, a)
		write(t, toA)
		if got := <-events; !slices.Equal(got, []Event{{FD: a}}) {
			t.Errorf("events %v, want one of %d", got, a)
		}
	})
}

func TestInterruptEndsOneWait(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *Set) {
		ended := make(chan int)
		go func() { ended <- len(s.Wait(-1)) }()
		s.Interrupt()
		if n := <-ended; n != 0 {
			t.Errorf("%d events, want none", n)
		}
		if n := len(s.Wait(0)); n != 0 {
			t.Errorf("%d events afterwards", n)
		}
		s.Interrupt() // nobody waits
		if n := len(s.Wait(-1)); n != 0 {
			t.Errorf("%d events, want none", n)
		}
	})
}

func TestAnotherWayOfWaitingLosesNoEvent(t *testing.T) {
	t.Parallel()
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, toA := pair(t)
	add(t, s, a)
	for i := range 100 {
		s.Direct(i%2 == 0)
		write(t, toA)
		if n := len(s.Wait(-1)); n != 1 {
			t.Fatalf("%d events after change %d", n, i)
		}
		if _, err := unix.Read(a, make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
	}
}
