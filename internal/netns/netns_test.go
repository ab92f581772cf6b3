package netns_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"syslogd/internal/netns"
)

// another makes a network namespace that lives as long as the test and returns its path.
func another(t *testing.T) string {
	t.Helper()
	made, end := make(chan string), make(chan struct{})
	t.Cleanup(func() { close(end) })
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			made <- ""
			return
		}
		made <- fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
		<-end
	}()
	path := <-made
	if path == "" {
		t.Skip("this process may not make network namespaces")
	}
	return path
}

func TestSocketsBelongToTheNamespace(t *testing.T) {
	t.Parallel()
	path := another(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dial := func() error {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err == nil {
			c.Close()
		}
		return err
	}
	// The loopback interface of a new namespace is down.
	if err := netns.Do(path, dial); err == nil {
		t.Error("a listener of another namespace was reached")
	}
	if err := netns.Do("", dial); err != nil {
		t.Error(err)
	}
	for range 50 { // no thread is left in the namespace
		if err := dial(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestANamespaceThatIsNotThere(t *testing.T) {
	t.Parallel()
	err := netns.Do("no-such-namespace", func() error { t.Error("it was run"); return nil })
	if err == nil || !strings.Contains(err.Error(), "/var/run/netns/no-such-namespace") {
		t.Errorf("got %v", err)
	}
}
