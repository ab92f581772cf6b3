// Package netns runs functions in a network namespace.
package netns

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// directory is where ip-netns(8) keeps names of namespaces.
const directory = "/var/run/netns"

// Path is the file of the namespace of that name. A name with a slash is a path
// itself.
func Path(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return filepath.Join(directory, name)
}

// Do runs f in the named namespace; "" is the present one. Sockets that f itself
// opens, not those of goroutines that it starts, belong to the namespace.
func Do(name string, f func() error) error {
	if name == "" {
		return f()
	}
	done := make(chan error, 1) // sent to once, below
	go func() { done <- inThread(Path(name), f) }()
	return <-done
}

// inThread runs f on a thread that is in the namespace. A thread that can not go
// back stays locked and ends with its goroutine.
func inThread(path string, f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	target, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	defer target.Close()
	if err := unix.Setns(int(target.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("network namespace %s: %w", path, err)
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, fmt.Errorf("leaving the network namespace %s: %w", path, back))
	}
	runtime.UnlockOSThread()
	return err
}
