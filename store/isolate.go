package store

import (
	"errors"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/receipt"
	"syslogd/metrics"
)

// With Options.Isolate a file that can not be written is no business of the other
// files of its action: it keeps what it is given, up to the size of its buffer, and is
// tried again; what does not fit is lost, counted and reported. The caller goes on.
//
// What is wrong with all files is different, they wait for room together: descriptors
// have run out, or the disk is full or read-only that the directory of the Cache is on.

const (
	// maxIsolated is how many failing files may keep records: with the default
	// buffers 64 MiB in all.
	maxIsolated = 1024
	// retryMax is the longest rest between two tries of a failing file; the first
	// is retryDelay, each is twice the one before.
	retryMax = time.Minute
)

// CountLosses has lost records counted in l.
func (s *Store) CountLosses(l *metrics.Losses) { s.lost = l.Of("file_not_written", "files") }

// isolates reports whether err concerns f alone.
func (f *File) isolates(err error) bool {
	var open *OpenError
	switch {
	case !f.set.Isolate, errors.Is(err, ErrClosed), tooManyOpen(err):
		return false
	case errors.As(err, &open) && open.Op == "chown":
		// It is written all the same, from the next record on.
		return false
	case NoSpace(err), errors.Is(err, unix.EROFS):
		return f.onOtherDisk()
	}
	return true
}

// onOtherDisk reports whether f lies on another file system than the directory that
// the names of its Cache begin with.
func (f *File) onOtherDisk() bool {
	if f.base == "" {
		return false
	}
	base, err := f.s.fs.Stat(filepath.Clean(f.base))
	if err != nil {
		return false
	}
	info, err := f.s.fs.Stat(f.path)
	if err != nil {
		info, err = f.s.fs.Stat(filepath.Dir(f.path))
	}
	return err == nil && info.Dev != base.Dev
}

// keep takes p for a file that fails with err.
func (f *File) keep(p []byte, back *receipt.Receipt, err error) error {
	if len(f.buf)+len(p) > f.set.max || f.failing == nil && f.s.stats.failing.Load() >= maxIsolated {
		f.lose(p, err)
		back.Mark(receipt.GivenUp)
		return nil
	}
	if f.failing == nil || f.s.clock().UnixNano() >= f.retryAt {
		f.settle(err)
	}
	f.grow(len(f.buf) + len(p))
	f.buf = append(f.buf, p...)
	if back != nil {
		f.owed.add(p, back)
	}
	f.wait()
	f.tell(err)
	return nil
}

// lose counts the records of p as lost.
func (f *File) lose(p []byte, err error) {
	n := countRecords(p)
	f.s.stats.lost.Add(uint64(n))
	f.s.lost.Add(n, "file", f.path, "err", err)
}

// rests reports whether f fails alone and is not to be tried yet.
func (f *File) rests(now time.Time) bool {
	return f.set.Isolate && f.failing != nil && now.UnixNano() < f.retryAt && f.isolates(f.failing)
}

// backOff says when f is tried again, after it could not be written.
func (f *File) backOff(err error) {
	f.retryAfter = min(max(2*f.retryAfter, retryDelay), retryMax)
	if errors.Is(err, unix.EAGAIN) {
		// A full pipe: its reader may be slow, not gone.
		f.retryAfter = retryDelay
	}
	// The lane rings at whole delays: not a moment too late for the next one.
	f.retryAt = f.s.clock().Add(f.retryAfter - retryDelay/2).UnixNano()
}

// Failing returns the files that can not be written, at most n of them.
func (s *Store) Failing(n int) (list []FailingFile) {
	if s.stats.failing.Load() == 0 {
		return nil
	}
	for _, f := range s.all() {
		if len(list) == n {
			break
		}
		if !f.mu.TryLock() {
			continue // a write that hangs must not hang who asks
		}
		err := f.failing
		f.mu.Unlock()
		if err != nil {
			list = append(list, FailingFile{f.path, err})
		}
	}
	return list
}

// FailingFile is a file that can not be written, and why.
type FailingFile struct {
	Path string
	Err  error
}
