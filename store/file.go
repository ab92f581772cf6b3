package store

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
)

// File is a file that records are appended to. Its methods may be called by
// any number of goroutines.
type File struct {
	// used is when the file was last written or opened, in Unix nanoseconds. It
	// stands beside what an append needs: see Cache.find.
	used atomic.Int64
	// made counts what was made for the file, itself and directories.
	made atomic.Int32
	// writing is since when a write is under way, in Unix nanoseconds; 0: none is.
	writing atomic.Int64

	mu sync.Mutex // guards what follows, up to limitUntil
	// buf is what was taken and not written, whole records; nil when there is
	// nothing. room is how many bytes it may have before it is written or replaced.
	buf  []byte
	room int
	// ready: records may be added to buf at once.
	ready bool
	// queued: the file is in a lane, or needs none.
	queued bool
	// dead: the file was closed for good.
	dead bool
	// reported: the log knows that the file is failing.
	reported bool
	// failing is why bytes could not be written; nil: they could.
	failing error
	// owed is who is told when all that was taken is written; asking is the one whose
	// records are being taken.
	owed   owed
	asking *receipt.Receipt
	// toSync are directories in which something was made that is not durable.
	toSync []directory

	h handle
	// zip is the compressed stream, nil without ZipLevel.
	zip *zipStream
	// No rotation is tried before rotateAfter. period is the number of the
	// period that the content belongs to, periodEnd when the next one begins.
	// Times are in Unix nanoseconds.
	rotateAfter, periodEnd int64
	period                 int64
	// limitUntil holds the size command back after it did not help, with limitErr.
	limitUntil int64
	limitErr   error
	// retryAt is when an isolated file is tried again, retryAfter how long that was.
	retryAt    int64
	retryAfter time.Duration

	s   *Store
	set *settings
	// base is the directory that names from messages stay below; "": the name is
	// the configuration's.
	base, path string
	// fs and name are where the file is: path, or below base what is left of it.
	fs   vfs.FS
	name string
	refs int // guarded by Store.mu
	// next is the next file in a lane; it belongs to who holds that list.
	next *File
}

// handle is what is known about the open file.
type handle struct {
	vfs.File
	info vfs.Info
	// size is how many bytes we think the file has.
	size int64
	// checked is when the path was last compared with the open file.
	checked int64
	// null: /dev/null, nothing is ever written. stream: a FIFO or a device.
	null, stream bool
}

// Path returns the path that the file was asked for with.
func (f *File) Path() string { return f.path }

// Append takes p, one or more whole records. When it returns, p was copied or
// written and may be used again; what is not written yet has back, if that is not nil,
// until it is. With an error nothing of p was taken:
// *OpenError, *WriteError, *SizeLimitError, or ErrClosed. Store.Rouse or FlushIdle
// has it written.
func (f *File) Append(p []byte, back *receipt.Receipt) error {
	f.mu.Lock()
	if f.ready && f.queued && len(f.buf)+len(p) <= f.room {
		f.buf = append(f.buf, p...)
		if back != nil {
			f.owed.add(p, back)
		}
		f.mu.Unlock()
		return nil
	}
	// Nothing above can panic: a record that finds room needs no deferred call.
	if err := f.appendLocked(p, back); err != nil {
		return f.appendAgain(p, back, err)
	}
	return nil
}

// appendLocked is appendSlow for a caller that has locked f; it unlocks f.
func (f *File) appendLocked(p []byte, back *receipt.Receipt) error {
	defer f.mu.Unlock()
	return f.appendSlow(p, back)
}

// appendAgain makes room when descriptors have run out.
func (f *File) appendAgain(p []byte, back *receipt.Receipt, err error) error {
	for try := 0; try < 4 && tooManyOpen(err) && f.s.shed(); try++ {
		f.mu.Lock()
		err = f.appendLocked(p, back)
	}
	return err
}

func (f *File) appendSlow(p []byte, back *receipt.Receipt) error {
	if f.dead {
		return ErrClosed
	}
	if f.failing != nil && f.rests(f.s.clock()) {
		return f.keep(p, back, f.failing)
	}
	f.asking = back
	err := f.take(p)
	f.asking = nil
	if err != nil && f.isolates(err) {
		return f.keep(p, back, err)
	}
	if err == nil && back != nil && f.holds(true) {
		f.owed.add(p, back)
	}
	return err
}

// take is appendSlow for a file that is to be written now.
func (f *File) take(p []byte) error {
	// An empty record makes the file, as in rsyslogd.
	if f.h.File == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if f.h.null || len(p) == 0 {
		return nil
	}
	if f.failing != nil || (len(f.buf) > 0 && len(f.buf)+len(p) > f.set.max) {
		if err := f.flush(false); err != nil {
			return err
		}
	}
	if len(f.buf) == 0 && (len(p) >= mediumBuffer || len(p) > f.set.max) {
		return f.writeThrough(p)
	}
	f.grow(len(f.buf) + len(p))
	f.buf = append(f.buf, p...)
	f.wait()
	return nil
}

// writeThrough writes p without copying it. What the kernel does not take is
// kept as if it had been appended, because a part may be on disk already.
func (f *File) writeThrough(p []byte) error {
	n, err := f.write(f.s.clock(), p, false)
	if err != nil && n == 0 {
		f.settle(err)
		return err
	}
	if n < len(p) {
		f.grow(len(p) - n)
		f.buf = append(f.buf, p[n:]...)
	}
	f.settle(err)
	if f.zip != nil || len(f.buf) > 0 {
		f.wait()
	}
	return nil
}

// grow makes room in buf for n bytes.
func (f *File) grow(n int) {
	if n <= f.room {
		return
	}
	b := f.s.pool.get(n)
	b = append(b, f.buf...)
	f.s.pool.put(f.buf)
	f.buf, f.room = b, min(cap(b), max(f.set.max, n))
}

// drop removes the first n bytes of buf.
func (f *File) drop(n int) {
	if n < len(f.buf) {
		f.buf = f.buf[:copy(f.buf, f.buf[n:])]
		return
	}
	f.s.pool.put(f.buf)
	f.buf, f.room = nil, 0
}

// wait puts f into its lane.
func (f *File) wait() {
	if f.queued {
		return
	}
	f.queued = true
	switch {
	case f.failing != nil:
		f.s.flusher.rest.push(f)
	case f.set.lane != nil:
		f.set.lane.push(f)
	}
}

// flush writes buf. end says that nothing may stay behind in a compressor.
// When it fails, the rest stays in buf.
func (f *File) flush(end bool) error { return f.flushAt(f.s.clock(), end) }

func (f *File) flushAt(now time.Time, end bool) error {
	if !f.holds(end) {
		if f.failing == nil {
			return nil
		}
		err := f.prepare(now.UnixNano(), 0)
		f.settle(err)
		return err
	}
	n, err := f.write(now, f.buf, end)
	f.drop(n)
	f.settle(err)
	return err
}

// holds reports whether there is something to write.
func (f *File) holds(end bool) bool {
	return len(f.buf) > 0 || f.zip != nil && f.zip.pending(end)
}

// settle notes how a write ended.
func (f *File) settle(err error) {
	was := f.failing
	f.failing = err
	f.setReady()
	switch {
	case err != nil && was == nil:
		f.s.stats.failing.Add(1)
		f.retryAfter = 0
		// A file that needs no lane is now to be tried again.
		f.queued = f.queued && f.set.lane != nil
	case err == nil && was != nil:
		f.s.stats.failing.Add(-1)
		if f.reported {
			f.reported = false
			f.s.report.info("file is written again", "file", f.path)
		}
	}
	held := f.holds(true)
	if err != nil {
		f.backOff(err)
		f.s.stats.errors.Add(1)
		if held {
			f.wait()
		}
	}
	if !held && len(f.owed.list) > 0 {
		f.owed.giveBack(receipt.Stored)
	}
}

func (f *File) setReady() {
	f.ready = f.h.File != nil && !f.h.null && f.failing == nil && !f.dead
}

// background is flush for callers that cannot tell anybody. It is called by
// whoever has taken f out of a lane.
func (f *File) background(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queued = f.set.lane == nil && f.failing == nil
	if f.rests(now) {
		f.wait()
		return
	}
	f.tell(f.flushAt(now, true))
}

// tell reports that bytes wait for the disk, once until they are written.
func (f *File) tell(err error) {
	if err == nil || f.reported || f.dead {
		return
	}
	f.reported = true
	f.s.report.warn("file cannot be written, its records are kept", "file", f.path, "err", err, "bytes", len(f.buf))
}

// Flush writes what was appended, and syncs it with Options.Sync.
func (f *File) Flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return ErrClosed
	}
	if f.failing != nil && f.isolates(f.failing) {
		// Nobody waits for it.
		return nil
	}
	err := f.flush(true)
	if err != nil && f.isolates(err) {
		f.tell(err)
		return nil
	}
	return err
}

// failure is why the file cannot be written, or nil.
func (f *File) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failing
}

// Close gives the file back. The last user's Close writes and closes it.
func (f *File) Close() error { return f.s.release(f, true) }

// hup closes the descriptor and keeps what could not be written.
func (f *File) hup() {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.flush(true)
	f.limitUntil = 0
	if err != nil && f.zip != nil {
		// Half a member is on disk; the other half must not go to another file.
		f.tell(err)
		return
	}
	f.tell(err)
	f.tell(f.closeHandle())
}

// closeIdle closes the descriptor if the file was not written for CloseTimeout.
func (f *File) closeIdle(now time.Time) {
	if !f.idle(now) {
		f.expectJanitor(now)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flush(true) == nil {
		f.tell(f.closeHandle())
	}
}

// idle reports whether CloseTimeout has passed.
func (f *File) idle(now time.Time) bool {
	return f.set.CloseTimeout > 0 && now.UnixNano()-f.used.Load() >= int64(f.set.CloseTimeout)
}

func (f *File) expectJanitor(now time.Time) {
	if f.set.CloseTimeout > 0 {
		f.s.flusher.expect(&f.s.flusher.janitor, now.Add(min(janitorDelay, f.set.CloseTimeout)))
	}
}

// shut closes f whoever uses it.
func (f *File) shut() error {
	f.s.mu.Lock()
	f.refs = 1
	f.s.mu.Unlock()
	return f.s.release(f, true)
}

// forget gives up what a dead file still holds.
func (f *File) forget() {
	f.setReady()
	if f.failing != nil {
		f.s.stats.failing.Add(-1)
		f.failing = nil
	}
	n := countRecords(f.buf)
	if f.zip != nil {
		n += f.zip.records
	}
	if n -= min(n, f.owed.records); n > 0 { // the others are still those of their inputs
		f.s.stats.lost.Add(uint64(n))
		f.s.lost.Add(n, "file", f.path)
		f.s.report.error("records lost, their file could not be written", "file", f.path, "count", n)
	}
	f.owed.giveBack(receipt.Unfinished)
	f.drop(len(f.buf))
	f.zip = nil
}

// countRecords counts lines: where one record ends and the next begins is not
// kept.
func countRecords(p []byte) int {
	n := bytes.Count(p, []byte{'\n'})
	if len(p) > 0 && p[len(p)-1] != '\n' {
		n++
	}
	return n
}
