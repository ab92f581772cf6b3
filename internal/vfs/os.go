package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// OS is the file system of the machine.
type OS struct{}

type osFile struct {
	fd   int
	name string
}

// retry repeats a system call that a signal interrupted. The Go runtime
// preempts with signals, so EINTR happens on slow file systems (FUSE, NFS).
func retry(op, name string, call func() error) error {
	for {
		err := call()
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return &fs.PathError{Op: op, Path: name, Err: err}
		}
	}
}

func (OS) OpenFile(name string, flags int, perm uint32) (File, error) {
	f := &osFile{fd: -1, name: name}
	err := retry("open", name, func() (err error) {
		f.fd, err = unix.Open(name, flags|unix.O_CLOEXEC, perm)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (OS) Mkdir(name string, perm uint32) error {
	return retry("mkdir", name, func() error { return unix.Mkdir(name, perm) })
}

func (OS) Stat(name string) (Info, error) {
	var st unix.Stat_t
	if err := retry("stat", name, func() error { return unix.Stat(name, &st) }); err != nil {
		return Info{}, err
	}
	return info(&st), nil
}

func (OS) Lstat(name string) (Info, error) {
	var st unix.Stat_t
	if err := retry("lstat", name, func() error { return unix.Lstat(name, &st) }); err != nil {
		return Info{}, err
	}
	return info(&st), nil
}

func (OS) Rename(old, new string) error { return os.Rename(old, new) }
func (OS) Remove(name string) error     { return os.Remove(name) }

func (OS) Chown(name string, uid, gid int) error {
	return retry("chown", name, func() error { return unix.Chown(name, uid, gid) })
}

func (OS) Chmod(name string, perm uint32) error {
	return retry("chmod", name, func() error { return unix.Chmod(name, perm) })
}

func (OS) ReadDir(name string) ([]string, error) {
	d, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

func (f *osFile) Write(p []byte) (int, error) {
	for {
		n, err := unix.Write(f.fd, p)
		if err == nil {
			return n, nil
		}
		if err != unix.EINTR {
			return 0, &fs.PathError{Op: "write", Path: f.name, Err: err}
		}
	}
}

func (f *osFile) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		n, err := unix.Pread(f.fd, p[done:], off+int64(done))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return done, &fs.PathError{Op: "read", Path: f.name, Err: err}
		case n == 0:
			return done, io.EOF
		default:
			done += n
		}
	}
	return done, nil
}

func (f *osFile) Sync() error {
	return retry("sync", f.name, func() error { return unix.Fsync(f.fd) })
}

func (f *osFile) Stat() (Info, error) {
	var st unix.Stat_t
	if err := retry("stat", f.name, func() error { return unix.Fstat(f.fd, &st) }); err != nil {
		return Info{}, err
	}
	return info(&st), nil
}

func (f *osFile) Truncate(size int64) error {
	return retry("truncate", f.name, func() error { return unix.Ftruncate(f.fd, size) })
}

func (f *osFile) Chown(uid, gid int) error {
	return retry("chown", f.name, func() error { return unix.Fchown(f.fd, uid, gid) })
}

func (f *osFile) Chmod(perm uint32) error {
	return retry("chmod", f.name, func() error { return unix.Fchmod(f.fd, perm) })
}

// Close does not repeat close(2): on Linux the descriptor is free after EINTR,
// and may belong to somebody else by the time of a second call.
func (f *osFile) Close() error {
	if f.fd < 0 {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	err := unix.Close(f.fd)
	f.fd = -1
	if err != nil && !errors.Is(err, unix.EINTR) {
		return &fs.PathError{Op: "close", Path: f.name, Err: err}
	}
	return nil
}

func (f *osFile) Name() string { return f.name }

func info(st *unix.Stat_t) Info {
	return Info{
		Size:    st.Size,
		Mode:    mode(st.Mode),
		Dev:     uint64(st.Dev),
		Ino:     st.Ino,
		Nlink:   uint64(st.Nlink),
		UID:     int(st.Uid),
		GID:     int(st.Gid),
		Rdev:    uint64(st.Rdev),
		ModTime: time.Unix(st.Mtim.Unix()),
	}
}

// mode is st_mode in Go's terms.
func mode(m uint32) fs.FileMode {
	r := fs.FileMode(m & 0o777)
	switch m & unix.S_IFMT {
	case unix.S_IFDIR:
		r |= fs.ModeDir
	case unix.S_IFLNK:
		r |= fs.ModeSymlink
	case unix.S_IFIFO:
		r |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		r |= fs.ModeSocket
	case unix.S_IFCHR:
		r |= fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFBLK:
		r |= fs.ModeDevice
	}
	if m&unix.S_ISUID != 0 {
		r |= fs.ModeSetuid
	}
	if m&unix.S_ISGID != 0 {
		r |= fs.ModeSetgid
	}
	if m&unix.S_ISVTX != 0 {
		r |= fs.ModeSticky
	}
	return r
}
