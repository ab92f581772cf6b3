// Package store puts bytes on the local disk: it appends records to files,
// coalesces them into few large writes, syncs, rotates, compresses, and keeps
// the open files of dynamic names in a cache. What is written, and where, is
// the caller's business (output/omfile).
//
// A File takes whole records and never divides one over two write(2) calls
// unless the kernel writes less than it was given. It holds a buffer only while
// it has unwritten bytes: those are written when the buffer is full, when the
// workers run out of work (Store.FlushIdle), or 50 ms after the oldest byte
// (Store.Rouse). A
// record that Append took is kept, in memory if the disk is full, until it is
// written or the file is closed for good; one that Append refused was not
// touched, so that the caller may offer it again.
//
// Locks, in the order they are taken: File.mu, Store.creating, Store.mu. A
// Cache's lock is never held while one of those is taken, but for Store.mu.
package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/internal/vfs"
	"syslogd/metrics"
)

// Store owns all files that are written through it.
type Store struct {
	fs      vfs.FS
	clock   func() time.Time
	report  *reporter
	pool    buffers
	rotator rotator
	keeper  *keeper
	stats   counters
	// lost counts records that their file did not take; see CountLosses.
	lost *metrics.Loss
	// short says which file systems are nearly full; nil: nobody has looked.
	short atomic.Pointer[[]string]
	// budget is how many descriptors caches without a size of their own may
	// use together.
	budget atomic.Int64

	// creating is held for reading while a file is created, for writing while
	// one is rotated: lumberjack truncates what it finds under the name of a
	// file it has just moved away.
	creating sync.RWMutex

	mu       sync.Mutex // guards what follows
	settings map[Options]*settings
	files    map[fileKey]*File
	caches   []*Cache
	closed   bool

	flusher flusher
}

type fileKey struct {
	path string
	set  *settings
}

// New returns a Store on fsys. log receives what no caller can be told: writes
// in the background that fail, records lost at close. clock may be nil.
func New(fsys vfs.FS, log *slog.Logger, clock func() time.Time) *Store {
	if clock == nil {
		clock = time.Now
	}
	s := &Store{
		fs:       fsys,
		clock:    clock,
		report:   newReporter(log, clock),
		settings: map[Options]*settings{},
		files:    map[fileKey]*File{},
	}
	s.lost = &metrics.Loss{}
	s.rotator = newLumberjack()
	s.keeper = newKeeper(s)
	s.flusher.init()
	s.budget.Store(FileBudget())
	return s
}

// Run writes in the background what is due, and looks after rotated files,
// until ctx ends. Without it, bytes are written when a buffer is full, by
// FlushIdle, Flush, HUP and Close. After Run has returned, Close the Store.
func (s *Store) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { s.keeper.run(ctx) })
	wg.Go(func() { s.report.run(ctx) })
	wg.Go(func() { s.watchRoom(ctx) })
	s.runFlusher(ctx)
	wg.Wait()
	return nil
}

// SetBudget replaces the number of descriptors that caches without a size of
// their own may use together, by default FileBudget().
func (s *Store) SetBudget(n int64) { s.budget.Store(max(n, 1)) }

// Stats returns the counters.
func (s *Store) Stats() Stats { return s.stats.snapshot() }

// File returns the file of a fixed path, shared with all who ask for the same
// path with equal Options. It is opened by its first Append. Close it.
func (s *Store) File(path string, o *Options) (*File, error) {
	return s.acquire("", path, s.intern(o))
}

// intern returns the one settings value of all Options equal to o.
func (s *Store) intern(o *Options) *settings {
	full := o.withDefaults()
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.settings[full]
	if set == nil {
		set = &settings{Options: full, max: full.bufferLimit()}
		set.lane = s.flusher.laneFor(&full)
		s.settings[full] = set
	}
	return set
}

// acquire returns the file at path, below base if the name came from messages.
func (s *Store) acquire(base, path string, set *settings) (*File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	key := fileKey{path, set}
	f := s.files[key]
	if f == nil {
		f = &File{s: s, base: base, path: path, set: set, fs: s.fs, name: path}
		if base != "" && set.Links != AllLinks && !set.Escape {
			f.fs, f.name = vfs.Beneath(s.fs, base, set.Links == NoLinks), path[len(base):]
		}
		s.files[key] = f
	}
	f.refs++
	return f, nil
}

// release gives a reference back. The last one writes what the file holds and
// closes it; when it cannot be written the reference stays and the error is
// returned, unless lose is set.
func (s *Store) release(f *File, lose bool) error {
	if s.unref(f, false) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return nil
	}
	err := f.flush(true)
	if err != nil && !lose {
		return err
	}
	if s.unref(f, true) {
		return nil
	}
	f.dead = true
	closing := f.closeHandle()
	f.forget()
	if !lose && closing != nil {
		// It is gone all the same: the caller must not keep it.
		s.report.warn("file cannot be closed", "file", f.path, "err", closing)
		return nil
	}
	return errors.Join(err, closing)
}

// unref takes a reference away and reports whether others remain. The last one
// is taken only if last is set; the file is then unknown to the Store.
func (s *Store) unref(f *File, last bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.refs > 1 {
		f.refs--
		return true
	}
	if last {
		f.refs = 0
		delete(s.files, fileKey{f.path, f.set})
	}
	return false
}

// all returns the files the Store knows at the moment.
func (s *Store) all() []*File {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*File, 0, len(s.files))
	for _, f := range s.files {
		list = append(list, f)
	}
	return list
}

func (s *Store) allCaches() []*Cache {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Cache(nil), s.caches...)
}

// Flush writes everything that was appended before the call, and syncs files
// with Options.Sync. It returns the errors of files that could not be written;
// their bytes are kept.
func (s *Store) Flush() error {
	var errs []error
	for _, f := range s.all() {
		if err := f.Flush(); err != nil && !errors.Is(err, ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// HUP closes all files. They are opened again, by name, when they are next
// written. Bytes that cannot be written now are kept for that.
func (s *Store) HUP() {
	for _, c := range s.allCaches() {
		c.clear(false)
	}
	for _, f := range s.all() {
		f.hup()
	}
}

// CloseIdle closes files whose CloseTimeout has passed. Run does it once a
// minute while there are such files.
func (s *Store) CloseIdle(now time.Time) {
	for _, c := range s.allCaches() {
		c.closeIdle(now)
	}
	for _, f := range s.all() {
		f.closeIdle(now)
	}
}

// Close writes and closes all files, and writes what is left to be reported.
// Records that cannot be written are lost, counted and reported. Appends fail
// from now on.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, c := range s.allCaches() {
		c.clear(true)
	}
	var errs []error
	for _, f := range s.all() {
		errs = append(errs, f.shut())
	}
	errs = append(errs, s.rotator.Close())
	s.report.write(context.Background())
	return errors.Join(errs...)
}

// shed closes the least recently used dynamic file of the largest cache,
// because descriptors have run out. It reports whether there was one.
func (s *Store) shed() bool {
	var largest *Cache
	for _, c := range s.allCaches() {
		if largest == nil || c.len() > largest.len() {
			largest = c
		}
	}
	return largest != nil && largest.len() > 0 && largest.evict() == nil
}
