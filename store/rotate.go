package store

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"gopkg.in/natefinch/lumberjack.v2"

	"syslogd/internal/vfs"
)

// backupTime is a backup's time in its name, as lumberjack writes it.
const backupTime = "2006-01-02T15-04-05.000"

// rotator moves a file aside, to its name with the time, and creates an empty
// one in its place.
type rotator interface {
	Rotate(path string) error
	Close() error
}

// jack is lumberjack as the engine of rotation: one Logger for all files,
// because each Logger keeps a goroutine for good once it has rotated.
type jack struct {
	mu  sync.Mutex // guards log
	log *lumberjack.Logger
}

// newLumberjack returns the rotator of the real file system. Retention and
// compression stay off: the keeper has them.
func newLumberjack() *jack { return &jack{log: &lumberjack.Logger{}} }

func (j *jack) Rotate(path string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.log.Filename = path
	err := j.log.Rotate()
	if e := j.log.Close(); err == nil {
		err = e
	}
	return err
}

func (j *jack) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.log.Close()
}

const (
	// rotateApart keeps two backups of one file from having the same name:
	// lumberjack's names count milliseconds, and the later replaces the earlier.
	rotateApart = 2 * time.Millisecond
	// rotateRetry is the rest after a rotation that failed.
	rotateRetry = time.Second
)

// rotationDue reports whether the file has to be rotated before n bytes more.
func (f *File) rotationDue(now, n int64) bool {
	r := &f.set.Rotation
	if !r.on() || f.h.stream || f.h.size == 0 || now < f.rotateAfter {
		return false
	}
	if r.Size > 0 && f.h.size+n > r.Size {
		return true
	}
	return f.periodOver(now)
}

// rotate moves the file aside and opens its successor. When that fails, the
// file is opened as it is and written on. An error means that there is no open
// file, or that a compressed stream could not be ended.
func (f *File) rotate() error {
	if err := f.endZip(); err != nil {
		return err
	}
	old := f.h.info
	moved, problem := f.s.moveAside(f)
	now := f.s.clock()
	f.rotateAfter = now.Add(rotateApart).UnixNano()
	if err := f.open(); err != nil {
		return err
	}
	if !moved && problem == nil {
		// Somebody else had moved or removed it.
		f.s.stats.reopened.Add(1)
		return nil
	}
	if vfs.SameFile(old, f.h.info) {
		f.rotateAfter = now.Add(rotateRetry).UnixNano()
		f.s.stats.errors.Add(1)
		f.s.report.warn("file cannot be rotated, it is written on", "file", f.path, "err", problem)
		return nil
	}
	f.s.stats.rotations.Add(1)
	if f.h.info.Mode.Perm() != old.Mode.Perm() && problem == nil {
		// lumberjack copies the mode, but for what the umask takes away.
		problem = f.h.Chmod(uint32(old.Mode.Perm()))
	}
	if f.set.Sync && problem == nil {
		problem = vfs.SyncDir(f.fs, filepath.Dir(f.name))
	}
	if problem != nil {
		f.s.stats.errors.Add(1)
		f.s.report.warn("file was rotated, its successor is not as it should be", "file", f.path, "err", problem)
	}
	return nil
}

// moveAside closes f and has it rotated, unless it no longer has its name.
func (s *Store) moveAside(f *File) (tried bool, err error) {
	old := f.h.info
	if err := f.closeHandle(); err != nil {
		return false, err
	}
	s.creating.Lock()
	defer s.creating.Unlock()
	fsys, name := f.real()
	if info, err := fsys.Stat(name); err != nil || !vfs.SameFile(info, old) {
		return false, nil
	}
	if fsys != s.fs {
		return true, f.moveBeneath(old)
	}
	return true, s.rotator.Rotate(name)
}

// moveBeneath is the rotator's work below a directory that no link may lead out of:
// lumberjack goes by paths, and would truncate what a link leads to that is put in the
// place of the file meanwhile.
func (f *File) moveBeneath(old vfs.Info) error {
	if info, err := f.fs.Lstat(f.name); err != nil || !info.Mode.IsRegular() {
		return errors.Join(err, errLinked)
	}
	ext := filepath.Ext(f.name)
	backup := strings.TrimSuffix(f.name, ext) + "-" + f.s.clock().UTC().Format(backupTime) + ext
	if err := f.fs.Rename(f.name, backup); err != nil {
		return err
	}
	h, err := f.fs.OpenFile(f.name, openFlags|unix.O_CREAT|unix.O_EXCL, uint32(old.Mode.Perm()))
	if err != nil {
		return err
	}
	return errors.Join(h.Chown(old.UID, old.GID), h.Close())
}

var errLinked = errors.New("a symbolic link leads to it")

// real is where backups belong: beside the file itself. The last component of a path
// may be a symbolic link, which renaming would move.
func (f *File) real() (vfs.FS, string) {
	if f.fs != f.s.fs {
		return f.fs, f.name
	}
	return f.s.fs, f.s.realPath(f.path)
}

// realPath resolves a symbolic link as last component.
func (s *Store) realPath(path string) string {
	if info, err := s.fs.Lstat(path); err != nil || info.Mode&fs.ModeSymlink == 0 {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// beginPeriod notes which period the content of the file belongs to.
func (f *File) beginPeriod(now time.Time) {
	step := f.set.Rotation.Interval
	if step <= 0 {
		return
	}
	at := now
	if f.h.size > 0 && f.h.info.ModTime.Before(now) {
		at = f.h.info.ModTime
	}
	f.period = periodOf(at, step)
	f.expectPeriod(now)
	if f.period != periodOf(now, step) {
		f.periodEnd = 0
	}
}

// periodOf numbers the periods of length step in local time.
func periodOf(t time.Time, step time.Duration) int64 {
	_, offset := t.Zone()
	return (t.UnixNano() + int64(offset)*int64(time.Second)) / int64(step)
}

// expectPeriod sets periodEnd, and the flusher's timer.
func (f *File) expectPeriod(now time.Time) {
	step := int64(f.set.Rotation.Interval)
	_, offset := now.Zone()
	f.periodEnd = (periodOf(now, f.set.Rotation.Interval)+1)*step - int64(offset)*int64(time.Second)
	f.s.flusher.expect(&f.s.flusher.period, time.Unix(0, f.periodEnd))
}

func (f *File) periodOver(now int64) bool {
	step := f.set.Rotation.Interval
	// At a change to winter time the number of the period stays for an hour.
	return step > 0 && now >= f.periodEnd && periodOf(time.Unix(0, now), step) != f.period
}

// endPeriod rotates an open file whose period is over, also if nothing more is
// written.
func (f *File) endPeriod() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead || f.h.File == nil || f.h.stream || f.set.Rotation.Interval <= 0 {
		return
	}
	now := f.s.clock()
	if now.UnixNano() >= f.periodEnd {
		f.tell(f.flush(true))
	}
	if f.h.File != nil && f.rotationDue(now.UnixNano(), 0) {
		f.tell(f.rotate())
	}
	if f.h.File != nil {
		f.expectPeriod(now)
	}
}
