package epoll

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAWatchTriesAgainWhenItsDescriptorIsReadable(t *testing.T) {
	t.Parallel()
	fd, other := pair(t)
	w := NewWatch(fd)
	if w == nil {
		t.Fatal("a socket can not be watched")
	}
	defer w.Close()
	tries := 0
	got := make(chan int, 1)
	if err := w.Until(func() bool {
		if tries++; tries == 1 {
			go func() { write(t, other) }()
		}
		n, err := unix.Read(fd, make([]byte, 8))
		if err == nil {
			got <- n
		}
		return err == nil
	}); err != nil || <-got != 1 {
		t.Errorf("it ended with %v after %d tries, want one byte", err, tries)
	}
}

func TestInterruptEndsAWatchForGood(t *testing.T) {
	t.Parallel()
	fd, _ := pair(t)
	w := NewWatch(fd)
	if w == nil {
		t.Fatal("a socket can not be watched")
	}
	defer w.Close()
	for range 2 {
		if err := w.Until(func() bool {
			go w.Interrupt()
			return false
		}); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
	}
}
