package imfile

import (
	"log/slog"
	"testing"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
	"syslogd/metrics"
)

// TestAPanicAtAnEventMakesAllFilesBeLookedAt returns an error, which makes the hub wake everybody.
func TestAPanicAtAnEventMakesAllFilesBeLookedAt(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	guard := barrier.New("", log, metrics.NewLosses(log))
	n, err := newNotifier(guard)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := n.add(dir, nameEvents); err != nil {
		t.Fatal(err)
	}
	failed, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		n.run(func(event) { panic("sprung") }, func(err error) {
			select {
			case failed <- err:
			default:
			}
		})
	}()
	if err := unix.Mkdir(dir+"/new", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("no error")
	}
	n.end()
	<-ended
	if guard.Caught() == 0 {
		t.Error("the panic is not counted")
	}
}
