package store

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
	"syslogd/internal/vfs"
)

// tempSuffix ends the name of a backup that is being compressed.
const tempSuffix = ".tmp"

// keeper looks after rotated files: it compresses them and removes the ones
// that are too many or too old. It is one goroutine; a directory is read once
// for all files in it that were rotated.
type keeper struct {
	s *Store
	// wake has room for one: later sends and never waits, run receives.
	wake chan struct{}
	// delay lets requests for one directory gather, and late writers finish.
	delay time.Duration

	mu   sync.Mutex                        // guards dirs
	dirs map[directory]map[string]Rotation // file name -> what to do
}

// directory is a directory of a file system.
type directory struct {
	fs   vfs.FS
	path string
}

func newKeeper(s *Store) *keeper {
	return &keeper{s: s, wake: make(chan struct{}, 1), delay: time.Second, dirs: map[directory]map[string]Rotation{}}
}

// later has the backups of path looked after soon. It is called when a file is
// opened, which includes after each rotation, so that what a crash left behind
// is found, too.
func (k *keeper) later(fsys vfs.FS, path string, r *Rotation) {
	parent, name := filepath.Split(path)
	dir := directory{fsys, parent}
	k.mu.Lock()
	files := k.dirs[dir]
	if files == nil {
		files = map[string]Rotation{}
		k.dirs[dir] = files
	}
	files[name] = *r
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *keeper) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		}
		timer.Reset(k.delay)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		k.work(ctx)
	}
}

// work does what has been asked for.
func (k *keeper) work(ctx context.Context) {
	k.mu.Lock()
	dirs := k.dirs
	k.dirs = map[directory]map[string]Rotation{}
	k.mu.Unlock()
	for dir, files := range dirs {
		if ctx.Err() != nil {
			return
		}
		if err := k.guarded(ctx, dir, files); err != nil && ctx.Err() == nil {
			k.s.stats.errors.Add(1)
			k.s.report.warn("rotated files cannot be looked after", "file", dir.path, "err", err)
		}
	}
}

// guarded is sweep; a panic, which names in the directory may cause, is an error.
func (k *keeper) guarded(ctx context.Context, dir directory, files map[string]Rotation) (err error) {
	defer func() {
		if v := recover(); v != nil {
			k.s.stats.panics.Add(1)
			err = barrier.Caught(v)
		}
	}()
	return k.sweep(ctx, dir, files)
}

// backup is a rotated file.
type backup struct {
	name string // as in the directory
	at   string // when it was rotated, in the form of backupTime
	zip  Compression
	temp bool // half-written, by a sweep that was cut off
}

// origin returns the file that the backup called name was rotated from, and the
// time in the name. It accepts exactly what lumberjack makes.
func origin(name string) (file, at string, ok bool) {
	for _, ext := range []string{"", filepath.Ext(name)} {
		stem := strings.TrimSuffix(name, ext)
		n := len(stem) - len("-") - len(backupTime)
		if n < 0 || stem[n] != '-' || !isBackupTime([]byte(stem[n+1:])) {
			continue
		}
		file, at = stem[:n]+ext, stem[n+1:]
		if _, err := time.Parse(backupTime, at); err != nil || filepath.Ext(file) != ext {
			continue
		}
		return file, at, true
	}
	return "", "", false
}

// parseBackup says what the entry name of a directory is to the files that are
// looked after, and of which of them it is a backup.
func parseBackup(name string, files map[string]Rotation) (file string, b backup, ok bool) {
	b.name = name
	if file, b.at, ok = origin(name); ok {
		if _, ok = files[file]; ok {
			return file, b, true
		}
	}
	name, b.temp = strings.CutSuffix(name, tempSuffix)
	for _, z := range []Compression{Gzip, Zstd} {
		plain, found := strings.CutSuffix(name, z.suffix())
		if !found {
			continue
		}
		b.zip = z
		if file, b.at, ok = origin(plain); ok {
			_, ok = files[file]
		}
		return file, b, ok
	}
	return "", b, false
}

// sweep reads dir once and treats the backups of files.
func (k *keeper) sweep(ctx context.Context, dir directory, files map[string]Rotation) error {
	names, err := dir.fs.ReadDir(filepath.Clean(dir.path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	backups := map[string][]backup{}
	for _, name := range names {
		if file, b, ok := parseBackup(name, files); ok {
			backups[file] = append(backups[file], b)
		}
	}
	var errs []error
	for file, list := range backups {
		r := files[file]
		if z := filepath.Ext(file); z == Gzip.suffix() || z == Zstd.suffix() {
			// Written with ZipLevel, its backups are compressed as they are.
			r.Compress = None
		}
		errs = append(errs, k.keep(ctx, dir, list, &r))
	}
	return errors.Join(errs...)
}

// keep removes and compresses the backups of one file.
func (k *keeper) keep(ctx context.Context, dir directory, list []backup, r *Rotation) error {
	var errs []error
	// Newest first; the fixed form of the time sorts as text. Of one time the
	// compressed one comes first: its plain file is a remainder.
	slices.SortFunc(list, func(a, b backup) int {
		return strings.Compare(b.at, a.at)*4 + int(b.zip) - int(a.zip)
	})
	oldest := ""
	if r.MaxAge > 0 {
		oldest = k.s.clock().Add(-r.MaxAge).UTC().Format(backupTime)
	}
	kept, last := 0, ""
	for _, b := range list {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		path := filepath.Join(dir.path, b.name)
		if b.temp {
			errs = append(errs, dir.fs.Remove(path))
			continue
		}
		if b.at != last {
			kept++
		}
		last = b.at
		switch {
		case r.MaxBackups > 0 && kept > r.MaxBackups, b.at < oldest:
			errs = append(errs, k.remove(dir.fs, path))
		case r.Compress != None && b.zip == None:
			errs = append(errs, k.compress(ctx, dir.fs, path, r.Compress))
		}
	}
	return errors.Join(errs...)
}

func (k *keeper) remove(fsys vfs.FS, path string) error {
	// A directory or a link that only has the name of a backup is not ours.
	if info, err := fsys.Lstat(path); err != nil || !info.Mode.IsRegular() {
		return nil
	}
	err := fsys.Remove(path)
	if err == nil {
		k.s.stats.removed.Add(1)
	}
	return err
}

// compress replaces the backup at path by a compressed one. The final name
// appears when all is written and synced; a crash leaves the plain file, and at
// most a temporary one, which the next sweep removes.
func (k *keeper) compress(ctx context.Context, fsys vfs.FS, path string, c Compression) error {
	if info, err := fsys.Lstat(path); err != nil || !info.Mode.IsRegular() {
		return nil
	}
	src, err := fsys.OpenFile(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	temp := path + c.suffix() + tempSuffix
	if err := k.compressTo(ctx, fsys, temp, src, info, c); err != nil {
		return errors.Join(err, k.removeTemp(fsys, temp))
	}
	if after, err := src.Stat(); err != nil || after.Size != info.Size {
		// Somebody still writes to it. The next sweep finds it again.
		return errors.Join(err, k.removeTemp(fsys, temp))
	}
	if err := fsys.Rename(temp, path+c.suffix()); err != nil {
		return errors.Join(err, k.removeTemp(fsys, temp))
	}
	k.s.stats.compressed.Add(1)
	return fsys.Remove(path)
}

func (k *keeper) removeTemp(fsys vfs.FS, temp string) error {
	err := fsys.Remove(temp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// zipLevel is what backups are compressed with, the default of gzip(1).
const zipLevel = 6

// compressTo writes the compressed content of src, with its owner and mode.
func (k *keeper) compressTo(ctx context.Context, fsys vfs.FS, temp string, src vfs.File, info vfs.Info, c Compression) (err error) {
	dst, err := fsys.OpenFile(temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	z := newZipper(c, zipLevel, fullWriter{dst})
	buf := k.s.pool.get(largeBuffer)
	defer k.s.pool.put(buf)
	p := buf[:cap(buf)]
	for off := int64(0); off < info.Size; {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, z.Close())
		}
		n, err := src.ReadAt(p[:min(int64(len(p)), info.Size-off)], off)
		if n == 0 {
			return errors.Join(err, z.Close())
		}
		if _, err := z.Write(p[:n]); err != nil {
			return err
		}
		off += int64(n)
	}
	if err := z.Close(); err != nil {
		return err
	}
	// The server may lack the right to give files away; the group of the
	// directory is then as good as it gets, and the mode stays narrow.
	if dst.Chown(info.UID, info.GID) == nil {
		if err := dst.Chmod(uint32(info.Mode.Perm())); err != nil {
			return err
		}
	}
	return dst.Sync()
}

// fullWriter makes an io.Writer of a file.
type fullWriter struct{ f vfs.File }

func (w fullWriter) Write(p []byte) (int, error) { return vfs.WriteFull(w.f, p) }
