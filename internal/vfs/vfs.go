// Package vfs is the server's door to the disk: the few operations that the
// store and the disk queue need, as an interface with three implementations.
// OS is the real file system, without os.File's poller and its locks on the
// write path. Mem is a file system in memory that can crash and then holds what
// was synced only. Fault wraps another one and fails the calls a test chooses.
//
// Names are plain paths. Errors are *fs.PathError around a syscall.Errno, so
// that errors.Is works with both fs.ErrNotExist and unix.ENOSPC.
package vfs

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// FS is a file system.
type FS interface {
	// OpenFile is open(2): flags are unix.O_* (O_CLOEXEC is always set), perm
	// are permission bits, subject to the process's umask.
	OpenFile(name string, flags int, perm uint32) (File, error)
	// Mkdir makes one directory; perm is subject to the umask.
	Mkdir(name string, perm uint32) error
	// Stat follows a symbolic link as last component, Lstat does not.
	Stat(name string) (Info, error)
	Lstat(name string) (Info, error)
	Rename(old, new string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// ReadDir returns the names in a directory, without "." and "..", in no
	// particular order.
	ReadDir(name string) ([]string, error)
	Chown(name string, uid, gid int) error
	Chmod(name string, perm uint32) error
}

// File is an open file. Write, Sync and Close may be called by one goroutine
// at a time.
type File interface {
	// Write is one write(2), repeated only when a signal interrupted it before
	// the first byte. As the system call, and unlike io.Writer, it may return
	// n < len(p) without an error.
	Write(p []byte) (n int, err error)
	// ReadAt has the contract of io.ReaderAt.
	ReadAt(p []byte, off int64) (n int, err error)
	// Sync is fsync(2); on a directory it makes its entries durable.
	Sync() error
	Stat() (Info, error)
	Truncate(size int64) error
	Chown(uid, gid int) error
	Chmod(perm uint32) error
	Close() error
	Name() string
}

// Info describes a file.
type Info struct {
	Size  int64
	Mode  fs.FileMode
	Dev   uint64
	Ino   uint64
	Nlink uint64
	UID   int
	GID   int
	// Rdev is the device that a device node stands for.
	Rdev    uint64
	ModTime time.Time
}

// SameFile reports whether a and b describe one file.
func SameFile(a, b Info) bool { return a.Ino == b.Ino && a.Dev == b.Dev }

// WriteFull writes all of p. A write that makes no progress and has no error
// counts as ENOSPC. It returns how many bytes were written.
func WriteFull(f File, p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := f.Write(p[done:])
		done += n
		if err != nil {
			return done, err
		}
		if n == 0 {
			return done, &fs.PathError{Op: "write", Path: f.Name(), Err: unix.ENOSPC}
		}
	}
	return done, nil
}

// SyncDir makes the entries of a directory durable.
func SyncDir(fsys FS, dir string) error {
	d, err := fsys.OpenFile(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// MkdirAll makes dir and the parents it lacks, and calls made for each that it
// made, outermost first. made may be nil.
func MkdirAll(fsys FS, dir string, perm uint32, made func(dir string) error) error {
	if info, err := fsys.Stat(dir); err == nil {
		if !info.Mode.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: unix.ENOTDIR}
		}
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := MkdirAll(fsys, parent, perm, made); err != nil {
			return err
		}
	}
	switch err := fsys.Mkdir(dir, perm); {
	case errors.Is(err, fs.ErrExist):
		// Somebody else was faster; what it is shows when it is used.
		return nil
	case err != nil:
		return err
	}
	if made == nil {
		return nil
	}
	return made(dir)
}

// ReadFile returns the content of a file.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.OpenFile(name, unix.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p := make([]byte, info.Size)
	n, err := f.ReadAt(p, 0)
	if n == len(p) {
		err = nil
	}
	return p[:n], err
}
