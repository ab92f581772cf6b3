package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Beneath returns the part of fsys below the directory base, which need not exist yet.
// Names are relative to it. On the real file system no name leads out of it, whatever
// links lie on the way or are put there meanwhile: one that does is an error (EXDEV).
// With noLinks no link is followed at all (ELOOP). Links in base itself are followed,
// they are the administrator's.
func Beneath(fsys FS, base string, noLinks bool) FS {
	if _, ok := fsys.(OS); ok {
		return beneath{base: filepath.Clean(base), noLinks: noLinks}
	}
	return subtree{fsys, base}
}

// beneath is the real file system below base. The directory is opened for each call: it
// may be moved away and made again.
type beneath struct {
	base    string
	noLinks bool
	// walk looks at each element by itself, as where openat2(2) is missing (Linux
	// before 5.6, some sandboxes). It follows no links at all.
	walk bool
}

func (b beneath) path(name string) string { return filepath.Join(b.base, name) }

// open opens name and returns the descriptor.
func (b beneath) open(op, name string, flags int, perm uint32) (fd int, err error) {
	err = retry(op, b.path(name), func() error {
		dir, err := unix.Open(b.base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(dir)
		fd, err = b.openIn(dir, filepath.Clean(name), flags|unix.O_CLOEXEC, perm)
		return err
	})
	return fd, err
}

// raceTries is how often openat2(2) is repeated while somebody moves directories.
const raceTries = 100

func (b beneath) openIn(dir int, name string, flags int, perm uint32) (fd int, err error) {
	if b.walk {
		return walk(dir, name, flags, perm)
	}
	how := unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS}
	if b.noLinks {
		how.Resolve |= unix.RESOLVE_NO_SYMLINKS
	}
	if flags&unix.O_CREAT != 0 {
		how.Mode = uint64(perm)
	}
	for range raceTries {
		if fd, err = unix.Openat2(dir, name, &how); err != unix.EAGAIN {
			break
		}
	}
	if err == unix.ENOSYS || err == unix.EPERM {
		return walk(dir, name, flags, perm)
	}
	return fd, err
}

// walk is openat2(2) with RESOLVE_NO_SYMLINKS by hand.
func walk(dir int, name string, flags int, perm uint32) (int, error) {
	at := dir
	defer func() {
		if at != dir {
			unix.Close(at)
		}
	}()
	for {
		elem, rest, more := strings.Cut(name, "/")
		if elem == ".." || elem == "" {
			return -1, unix.EXDEV
		}
		if !more {
			return unix.Openat(at, elem, flags|unix.O_NOFOLLOW, perm)
		}
		next, err := unix.Openat(at, elem, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, err
		}
		if at != dir {
			unix.Close(at)
		}
		at, name = next, rest
	}
}

// inParent calls f with the directory that name is in, and its last element.
func (b beneath) inParent(op, name string, f func(dir int, elem string) error) error {
	name = filepath.Clean(name)
	dir, err := b.open(op, filepath.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return retry(op, b.path(name), func() error { return f(dir, filepath.Base(name)) })
}

// with calls f with a descriptor of name.
func (b beneath) with(op, name string, flags int, f func(fd int) error) error {
	fd, err := b.open(op, name, flags, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return retry(op, b.path(name), func() error { return f(fd) })
}

func (b beneath) OpenFile(name string, flags int, perm uint32) (File, error) {
	fd, err := b.open("open", name, flags, perm)
	if err != nil {
		return nil, err
	}
	return &osFile{fd: fd, name: b.path(name)}, nil
}

func (b beneath) Mkdir(name string, perm uint32) error {
	return b.inParent("mkdir", name, func(dir int, elem string) error { return unix.Mkdirat(dir, elem, perm) })
}

func (b beneath) Stat(name string) (Info, error)  { return b.stat("stat", name, 0) }
func (b beneath) Lstat(name string) (Info, error) { return b.stat("lstat", name, unix.O_NOFOLLOW) }

func (b beneath) stat(op, name string, flags int) (Info, error) {
	var st unix.Stat_t
	err := b.with(op, name, unix.O_PATH|flags, func(fd int) error { return unix.Fstat(fd, &st) })
	if err != nil {
		return Info{}, err
	}
	return info(&st), nil
}

func (b beneath) Rename(old, new string) error {
	return b.inParent("rename", old, func(from int, oldElem string) error {
		return b.inParent("rename", new, func(to int, newElem string) error {
			return unix.Renameat(from, oldElem, to, newElem)
		})
	})
}

func (b beneath) Remove(name string) error {
	return b.inParent("remove", name, func(dir int, elem string) error {
		err := unix.Unlinkat(dir, elem, 0)
		if err == unix.EISDIR || err == unix.EPERM {
			if e := unix.Unlinkat(dir, elem, unix.AT_REMOVEDIR); e != unix.ENOTDIR {
				err = e
			}
		}
		return err
	})
}

func (b beneath) ReadDir(name string) ([]string, error) {
	fd, err := b.open("open", name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	d := os.NewFile(uintptr(fd), b.path(name))
	defer d.Close()
	return d.Readdirnames(-1)
}

func (b beneath) Chown(name string, uid, gid int) error {
	return b.with("chown", name, unix.O_PATH|unix.O_NOFOLLOW, func(fd int) error {
		return unix.Fchownat(fd, "", uid, gid, unix.AT_EMPTY_PATH)
	})
}

func (b beneath) Chmod(name string, perm uint32) error {
	return b.with("chmod", name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, func(fd int) error { return unix.Fchmod(fd, perm) })
}

// subtree is a part of a file system without links.
type subtree struct {
	FS
	base string
}

func (s subtree) path(name string) string { return filepath.Join(s.base, name) }

func (s subtree) OpenFile(name string, flags int, perm uint32) (File, error) {
	return s.FS.OpenFile(s.path(name), flags, perm)
}
func (s subtree) Mkdir(name string, perm uint32) error  { return s.FS.Mkdir(s.path(name), perm) }
func (s subtree) Stat(name string) (Info, error)        { return s.FS.Stat(s.path(name)) }
func (s subtree) Lstat(name string) (Info, error)       { return s.FS.Lstat(s.path(name)) }
func (s subtree) Rename(old, new string) error          { return s.FS.Rename(s.path(old), s.path(new)) }
func (s subtree) Remove(name string) error              { return s.FS.Remove(s.path(name)) }
func (s subtree) ReadDir(name string) ([]string, error) { return s.FS.ReadDir(s.path(name)) }
func (s subtree) Chown(name string, uid, gid int) error { return s.FS.Chown(s.path(name), uid, gid) }
func (s subtree) Chmod(name string, perm uint32) error  { return s.FS.Chmod(s.path(name), perm) }

// LeadsOut reports whether err says that a link leads out of the directory that names
// stay beneath, or that no link may be followed.
func LeadsOut(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p) && (errors.Is(err, unix.EXDEV) || errors.Is(err, unix.ELOOP))
}
