package store

import (
	"bytes"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
)

// write hands p to the kernel, opening, rotating and reopening the file as
// needed. It returns how many bytes of p are done with.
func (f *File) write(now time.Time, p []byte, end bool) (n int, err error) {
	defer f.guard("write", &err)
	f.writing.Store(now.UnixNano())
	defer f.writing.Store(0)
	if err := f.prepare(now.UnixNano(), int64(len(p))); err != nil {
		return 0, err
	}
	if f.h.null {
		return len(p), nil
	}
	before := f.h.size
	if f.set.ZipLevel > 0 {
		n, err = f.writeZip(p, end)
	} else {
		n, err = f.put(p)
	}
	if n > 0 {
		f.used.Store(now.UnixNano())
	}
	if err != nil {
		return n, err
	}
	if f.set.Sync {
		if err := f.syncAll(before); err != nil {
			return 0, err
		}
	}
	return n, f.limitSize(before)
}

// prepare makes the open file the right one for n more bytes.
func (f *File) prepare(now, n int64) (err error) {
	defer f.guard("prepare", &err)
	if f.h.File == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if err := f.follow(now); err != nil {
		return err
	}
	if f.rotationDue(now, n) {
		if err := f.rotate(); err != nil {
			return err
		}
	}
	if f.h.size == 0 && now >= f.periodEnd {
		f.beginPeriod(time.Unix(0, now))
	}
	return f.checkLimit(now)
}

// put is the only place that writes. It returns how many bytes are on disk and
// stay there.
func (f *File) put(p []byte) (done int, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = f.panicked("write", barrier.Caught(v))
			done = f.grown(done, len(p))
			f.wrote(done)
		}
	}()
	for done < len(p) {
		n, err := f.h.Write(p[done:])
		f.s.stats.writes.Add(1)
		done += n
		if err == nil && n > 0 {
			continue
		}
		if err == nil {
			err = unix.ENOSPC
		}
		done = f.mend(p, done)
		f.wrote(done)
		f.dropBroken(err)
		return done, &WriteError{f.path, err}
	}
	f.wrote(done)
	return done, nil
}

// grown returns how many of n bytes are on disk after a write of them panicked, at least
// done: no other writer is assumed, as far as the size of the file can be that.
func (f *File) grown(done, n int) int {
	if f.h.stream || f.set.ZipLevel > 0 {
		return done
	}
	info, err := f.h.Stat()
	if more := info.Size - f.h.size; err == nil && more > int64(done) && more <= int64(n) {
		return int(more)
	}
	return done
}

func (f *File) wrote(n int) {
	f.h.size += int64(n)
	f.s.stats.bytes.Add(uint64(n))
}

// mend cuts a record off that was written in part, so that a reader, and
// whoever starts after a crash, finds whole lines only. It returns how many of
// the done bytes stay. The cut is made only when the file has exactly the size
// that we alone gave it: other writers' bytes may stand behind ours. Without
// the cut the record is continued where it was broken off.
func (f *File) mend(p []byte, done int) int {
	whole := bytes.LastIndexByte(p[:done], '\n') + 1
	if whole == done || f.h.stream || f.set.ZipLevel > 0 {
		return done
	}
	info, err := f.h.Stat()
	if err != nil || info.Size != f.h.size+int64(done) {
		return done
	}
	if f.h.Truncate(f.h.size+int64(whole)) != nil {
		return done
	}
	return whole
}

// dropBroken closes a stream that cannot recover: a FIFO whose reader left, a
// terminal that hung up. It is opened again by the next attempt.
func (f *File) dropBroken(err error) {
	if !f.h.stream {
		return
	}
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.EIO) || errors.Is(err, unix.ENXIO) {
		f.tell(f.closeHandle())
	}
}

// sync makes the file durable. An error is reported and counted.
func (f *File) sync() error {
	f.s.stats.syncs.Add(1)
	err := f.h.Sync()
	if err == nil || f.h.stream && (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EROFS)) {
		return f.syncDirs()
	}
	f.s.stats.errors.Add(1)
	f.s.report.warn("file cannot be synced", "file", f.path, "err", err)
	return err
}
