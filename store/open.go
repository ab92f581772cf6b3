package store

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// openFlags: O_NONBLOCK keeps open(2) from waiting for the reader of a FIFO or
// the carrier of a terminal; it means nothing for a regular file. O_NOCTTY
// keeps a terminal from becoming ours.
const openFlags = unix.O_WRONLY | unix.O_APPEND | unix.O_NOCTTY | unix.O_NONBLOCK | unix.O_CLOEXEC

// open opens the file, and creates it and its directories if they are missing.
func (f *File) open() (err error) {
	defer f.guard("open", &err)
	h, err := f.openOrCreate()
	if err != nil {
		f.s.stats.errors.Add(1)
		return err
	}
	info, err := h.Stat()
	if err != nil {
		return &OpenError{f.path, "open", errors.Join(err, h.Close())}
	}
	now := f.s.clock()
	f.h = handle{File: h, info: info, size: info.Size, checked: now.UnixNano()}
	f.h.null = info.Mode&fs.ModeCharDevice != 0 && info.Rdev == unix.Mkdev(1, 3)
	f.h.stream = !info.Mode.IsRegular()
	f.queued = f.queued || (f.set.lane == nil && f.failing == nil)
	f.setReady()
	f.s.stats.openFiles.Add(1)
	f.s.stats.opens.Add(1)
	f.used.Store(now.UnixNano())
	f.expectJanitor(now)
	if !f.h.stream {
		f.beginPeriod(now)
		if f.set.Rotation.keeps() {
			fsys, name := f.real()
			f.s.keeper.later(fsys, name, &f.set.Rotation)
		}
	}
	return nil
}

func (f *File) openOrCreate() (vfs.File, error) {
	f.s.creating.RLock()
	defer f.s.creating.RUnlock()
	flags := openFlags
	if f.set.Links == NoLinks {
		flags |= unix.O_NOFOLLOW
	}
	h, err := f.fs.OpenFile(f.name, flags, 0)
	switch {
	case err == nil:
		return h, nil
	case errors.Is(err, unix.ENXIO):
		// A FIFO without a reader. Opened for both directions it needs none, and
		// keeps up to 64 KiB for the reader to come, as in rsyslogd's ompipe.
		h, err = f.fs.OpenFile(f.name, flags&^(unix.O_WRONLY|unix.O_APPEND)|unix.O_RDWR, 0)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		return f.create(flags)
	}
	if err != nil {
		return nil, &OpenError{f.path, "open", err}
	}
	return h, nil
}

// create makes the file, which did not exist a moment ago.
func (f *File) create(flags int) (vfs.File, error) {
	if err := f.makeDirs(); err != nil {
		return nil, err
	}
	perm := uint32(f.set.FileMode)
	h, err := f.fs.OpenFile(f.name, flags|unix.O_CREAT|unix.O_EXCL, perm)
	if errors.Is(err, fs.ErrExist) {
		// Another writer was faster, or the path is a symbolic link to nowhere.
		h, err = f.fs.OpenFile(f.name, flags|unix.O_CREAT, perm)
		if err != nil {
			return nil, &OpenError{f.path, "open", err}
		}
		return h, nil
	}
	if err != nil {
		return nil, &OpenError{f.path, "open", err}
	}
	f.made.Add(1)
	if o := f.set.FileOwner; !o.isZero() {
		if err := f.chowned(f.path, h.Chown(o.ids())); err != nil {
			return nil, &OpenError{f.path, "chown", errors.Join(err, h.Close())}
		}
	}
	f.unlisted(f.fs, filepath.Dir(f.name))
	_ = f.syncDirs() // it is tried again with the content
	return h, nil
}

// chowned deals with the outcome of giving what was made at path to its owner. As in
// rsyslogd, it stays when that is refused and is used from the next record on; unless
// IgnoreChown is set the first one is refused, so that the fault is seen.
func (f *File) chowned(path string, err error) error {
	if err == nil {
		return nil
	}
	f.s.report.warn("owner can not be set, the file is written all the same", "file", path, "err", err)
	if f.set.IgnoreChown {
		return nil
	}
	return err
}

func (f *File) makeDirs() error {
	if f.set.NoDirs {
		return nil
	}
	err := f.makeDirsIn(f.fs, filepath.Dir(f.name))
	var open *OpenError
	if err != nil && !errors.As(err, &open) {
		err = &OpenError{f.path, "mkdir", err}
	}
	return err
}

func (f *File) makeDirsIn(fsys vfs.FS, dir string) error {
	if f.fs != f.s.fs && fsys == f.fs {
		if err := f.makeDirsIn(f.s.fs, filepath.Clean(f.base)); err != nil {
			return err
		}
	}
	return vfs.MkdirAll(fsys, dir, uint32(f.set.DirMode), func(dir string) error {
		f.made.Add(1)
		f.unlisted(fsys, filepath.Dir(dir))
		if f.set.DirOwner.isZero() {
			return nil
		}
		uid, gid := f.set.DirOwner.ids()
		if err := f.chowned(dir, fsys.Chown(dir, uid, gid)); err != nil {
			return &OpenError{f.path, "chown", err}
		}
		return nil
	})
}

// closeHandle closes the descriptor, if there is one, and ends the compressed
// stream. buf is not touched.
func (f *File) closeHandle() (err error) {
	if f.h.File == nil {
		return nil
	}
	defer f.guard("close", &err)
	defer func() {
		f.h = handle{}
		f.setReady()
		f.s.stats.openFiles.Add(-1)
	}()
	err = f.endZip()
	if e := f.h.Close(); e != nil {
		// NFS and quota report a failed write here.
		f.s.stats.errors.Add(1)
		err = errors.Join(err, e)
	}
	return err
}

// follow compares the path with the open file, once a second, and opens the
// path again if it leads elsewhere: to nothing, or to another file. Unlike
// rsyslogd, which writes to a renamed or removed file until HUP.
func (f *File) follow(now int64) error {
	const interval = 1e9
	if f.h.stream || now-f.h.checked < interval {
		return nil
	}
	f.h.checked = now
	info, err := f.fs.Stat(f.name)
	if err == nil && vfs.SameFile(info, f.h.info) {
		// Somebody may have truncated it (logrotate's copytruncate).
		f.h.size = info.Size
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := f.endZip(); err != nil {
		return err
	}
	f.tell(f.closeHandle())
	f.s.stats.reopened.Add(1)
	return f.open()
}
