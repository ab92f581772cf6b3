package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsLockedByOneAtATime(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "lock")
	first, err := OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := (OS{}).Lock(name); !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Name != name {
		t.Errorf("a second lock gives %v", err)
	}
	// Who has the lock may remove the file: the next one makes a new one.
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	second, err := OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	if _, err := (OS{}).Lock(name); !errors.As(err, &locked) {
		t.Errorf("the end of the first lock ended the second: %v", err)
	}
	second.Close()
	third, err := OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	third.Close()
	if _, err := (OS{}).Lock(filepath.Join(name, "x")); err == nil || errors.Is(err, fs.ErrNotExist) || errors.As(err, &locked) && locked.Name != name {
		t.Errorf("a lock in what is no directory gives %v", err)
	}
}
