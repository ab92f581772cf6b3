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
	tries := 0
	got := make(chan int, 1)
	w := NewWatch(fd, func() bool {
		if tries++; tries == 1 {
			go func() { write(t, other) }()
		}
		n, err := unix.Read(fd, make([]byte, 8))
		if err == nil {
			got <- n
		}
		return err == nil
	})
	if w == nil {
		t.Fatal("a socket can not be watched")
	}
	defer w.Close()
	if err := w.Until(); err != nil || <-got != 1 {
		t.Errorf("it ended with %v after %d tries, want one byte", err, tries)
	}
}

func TestInterruptEndsAWatchForGood(t *testing.T) {
	t.Parallel()
	fd, _ := pair(t)
	var w *Watch
	w = NewWatch(fd, func() bool {
		go w.Interrupt()
		return false
	})
	if w == nil {
		t.Fatal("a socket can not be watched")
	}
	defer w.Close()
	for range 2 {
		if err := w.Until(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
	}
}
