package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Locker is a file system whose files can be locked against other processes.
// Mem is no Locker.
type Locker interface {
	// Lock makes the file and locks it until the result is closed. When another
	// process has it the error is a *LockedError. The lock ends with the process,
	// however that ends.
	Lock(name string) (io.Closer, error)
}

// LockedError says that a file is locked by somebody else.
type LockedError struct {
	Name string
	PID  int // of who has it; 0 if that is not known
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return e.Name + " is locked by another process"
	}
	return fmt.Sprintf("%s is locked by process %d", e.Name, e.PID)
}

// Lock locks with flock(2). The file names the process for people.
func (OS) Lock(name string) (io.Closer, error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := retry("lock", name, func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
			defer f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, &LockedError{Name: name, PID: pidIn(f)}
			}
			return nil, err
		}
		switch same, err := still(f, name); {
		case err != nil:
			return nil, errors.Join(err, f.Close())
		case !same: // who had it removed it
			f.Close()
			continue
		}
		err = f.Truncate(0)
		if err == nil {
			_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		}
		if err != nil && !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EDQUOT) {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

// still reports whether the name is that of the open file.
func still(f *os.File, name string) (bool, error) {
	open, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(open, named), err
}

// pidIn is the process that a lock's file names, or 0.
func pidIn(f *os.File) int {
	var text [20]byte
	n, _ := f.ReadAt(text[:], 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return 0
	}
	return pid
}
