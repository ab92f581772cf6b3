package queue

import (
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
	"syslogd/internal/progress"
	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
	"syslogd/message"
	"syslogd/metrics"
)

// spool is the part of a queue that is on disk: a directory with segments and a
// position. Any number of goroutines append, one reads, any number finish what
// was read.
type spool struct {
	fs  vfs.FS
	dir string
	log *slog.Logger
	// lock keeps other processes away; nil where that is not possible.
	lock io.Closer
	// maxBytes bounds all segments, maxSegment is where one ends, sync asks for
	// fsync, checkpoint is after how many messages the position is written.
	maxBytes, maxSegment int64
	sync                 bool
	checkpoint           int

	seq atomic.Uint64 // the last number given away
	// start is the last number of an earlier run. Who sent what is not known of
	// its messages.
	start uint64
	// between is the last number that a batch in memory was given. A segment
	// ends where such a batch comes in between, so that those that a stop saves
	// find their place in the order.
	between atomic.Uint64

	// damaged counts messages that were on disk and can not be read.
	damaged *metrics.Loss
	// trouble is why the disk took nothing the last time; nil while it works.
	trouble atomic.Pointer[error]
	// stuck is why nothing could be read the last time.
	stuck atomic.Pointer[error]

	beat    progress.Beat // of append
	wmu     sync.Mutex    // held while a record is written
	out     vfs.File      // of the last segment; nil: the next record begins a new one
	buf     []byte
	failing bool      // the last write failed
	told    time.Time // that was last reported
	telling bool      // that it works again
	closed  bool      // nothing more may be written

	mu       sync.Mutex // guards what follows
	segments []*segment // in order
	bytes    int64      // of segments
	pos      position
	posLog   positionLog
	posAhead int         // messages done since the position was written
	posErr   error       // the last write of the position failed so
	noting   *time.Timer // calls note; nil: there is nothing to note
	posNext  uint64      // the position that is on disk: files in front of it may go
	saved    []kept      // what a stop has written between the segments
	drained  bool        // at the stop everything on disk had been read
	ending   bool        // the position is written once more, at the end
	stored   int         // messages on disk that are not done
	most     int         // of stored
	aside    int         // files that were set aside
	end      uint64      // the number behind the last message that is on disk; changes under wmu, too
	writing  *segment    // that out is open for
	reading  *segment
	readOff  int64 // in reading
	// readSince is when the last that was read of reading was received.
	readSince time.Time

	// ledger has the batches that were read and are not safe elsewhere, in order. settled
	// tells that some are; it has room for one.
	ledger  receipt.Ledger[*fed]
	settled chan struct{}

	// What the reader alone uses.
	at      *cursor // in reading
	dec     message.Decoder
	lastSeq uint64 // of the last record that was read from reading
	rescans int    // of reading, which had become shorter
	tries   int    // that reading failed, one after the other
}

// fed is a batch that was read from disk.
type fed struct {
	batch *message.Batch
	flow  uint64
	old   bool      // of an earlier run
	since time.Time // when the first message was received
	recs  []fedRecord
	n     int // messages in batch
	// back is what the ledger waits for. The batch's own receipt returns it; safe tells
	// that it did, and that nobody said unfinished.
	back *receipt.Receipt
	safe atomic.Bool
	// part is how many messages were done when a stop came in between; it counts if they
	// are safe. The spool's mu guards it.
	part int
}

// fedRecord is one of the records that a batch was made of.
type fedRecord struct {
	seq   uint64
	msgs  int // that went into the batch
	first int // done before
}

// errFull says that the queue may not take more disk space.
var errFull = errors.New("queue.maxDiskSpace is used up")

// errClosed says that the queue has ended: another process may have its files.
var errClosed = errors.New("the queue has been closed")

// firstSeq is where numbers begin: a stop can put records in front of the first.
const firstSeq = 1 << 32

// found is what open found of an earlier run.
type found struct {
	messages int
	segments int
	torn     int64 // bytes cut off at the end
	bad      []damagedFile
	lost     int // messages
}

// openSpool makes dir if it is missing, and looks through the segments in it.
func openSpool(fsys vfs.FS, dir string, conf *Config, log *slog.Logger) (*spool, found, error) {
	s := &spool{
		fs: fsys, dir: dir, log: log, maxBytes: conf.MaxDiskSpace, maxSegment: conf.MaxFileSize,
		sync: conf.SyncFiles, checkpoint: conf.Checkpoint, damaged: &metrics.Loss{},
		settled: make(chan struct{}, 1),
	}
	s.ledger.Passed = func() {
		select {
		case s.settled <- struct{}{}:
		default:
		}
	}
	if s.maxBytes > 0 {
		s.maxSegment = min(s.maxSegment, s.maxBytes/4) // so that space comes free before all is done
	}
	s.posLog = positionLog{fs: fsys, dir: dir, sync: s.sync}
	var err error
	if s.lock, err = lock(fsys, dir, s.mkdir, log); err != nil {
		return nil, found{}, err
	}
	f, err := s.open()
	if err != nil {
		return nil, f, errors.Join(err, s.unlock())
	}
	return s, f, nil
}

// mkdir makes the directory if it is missing.
func (s *spool) mkdir() error {
	return vfs.MkdirAll(s.fs, s.dir, 0o700, func(made string) error {
		if s.sync {
			return vfs.SyncDir(s.fs, filepath.Dir(made))
		}
		return nil
	})
}

// unlock lets other processes have the directory.
func (s *spool) unlock() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

func truncate(fsys vfs.FS, path string, size int64) error {
	f, err := fsys.OpenFile(path, unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// append writes the messages of b from first on. It returns how many are on disk
// then: all, unless there is an error.
func (s *spool) append(b *message.Batch, first int, flow uint64) (int, error) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.beat.Begin()
	done, err := s.appendFrom(b, first, flow)
	s.beat.End()
	if failing := err != nil && !ofMessage(err); failing != s.failing {
		s.failing = failing
		s.tell(err)
	}
	if s.failing && !errors.Is(err, errFull) {
		s.trouble.Store(&err)
	} else {
		s.trouble.Store(nil)
	}
	return done, err
}

// tellEvery is how often it is reported that the disk takes nothing: one that is full
// has room for a moment whenever messages are delivered.
const tellEvery = time.Minute

// tell reports that the disk takes nothing, or with no error that it does again. wmu is held.
func (s *spool) tell(err error) {
	now := time.Now()
	switch {
	case err == nil && s.telling:
		s.telling = false
		s.log.Info("a queue is written to disk again")
	case err != nil && now.Sub(s.told) >= tellEvery:
		s.told, s.telling = now, true
		s.log.Error("a queue can not be written to disk", "err", err)
	}
}

// appendFrom is append without the log; wmu is held.
func (s *spool) appendFrom(b *message.Batch, first int, flow uint64) (int, error) {
	if s.closed {
		return first, errClosed
	}
	for first < b.Len() {
		end, err := s.encode(b, first, b.Len())
		if err != nil {
			end, err = s.encode(b, first, first+1) // up to the one that can not be encoded
		}
		if err == nil && len(s.buf)-recordHeader > maxBody && end-first > 1 {
			end, err = s.encode(b, first, end-1) // the last one is large, and goes alone
		}
		if err != nil {
			return first, err
		}
		if len(s.buf)-recordHeader > maxBody {
			return first, errTooLarge
		}
		r := record{flow: flow, msgs: end - first}
		if err := s.write(&r, crc32.Checksum(s.buf[recordHeader:], castagnoli)); err != nil {
			return first, err
		}
		first = end
	}
	if cap(s.buf) > 4*targetBody {
		s.buf = nil
	}
	return first, nil
}

var errTooLarge = errors.New("the message is too large for a queue on disk")

// targetBody is how long a record should be at most: more than one fits into a segment.
func (s *spool) targetBody() int { return int(min(targetBody, max(s.maxSegment/2, 1))) }

// encode puts a record of messages from first on into buf, to end at the most, and
// returns the first message that is not in it. An error is an *unfit.
func (s *spool) encode(b *message.Batch, first, end int) (next int, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &unfit{barrier.Caught(v)}
		}
	}()
	var head [recordHeader]byte
	s.buf = append(s.buf[:0], head[:]...)
	s.buf, next = message.AppendSome(s.buf, b, first, min(end, first+maxRecordMessages), s.targetBody())
	return next, nil
}

// unfit says that a message made the encoder panic.
type unfit struct{ *barrier.Panic }

// ofMessage reports whether err is about the next message, not about the disk.
func ofMessage(err error) bool {
	var bad *unfit
	return errors.Is(err, errTooLarge) || errors.As(err, &bad)
}

// number gives n messages their numbers and returns the first of them.
func (s *spool) number(n int) uint64 { return s.seq.Add(uint64(n)) - uint64(n) + 1 }

// write appends the record in buf. wmu is held.
func (s *spool) write(r *record, sum uint32) error {
	s.mu.Lock()
	full := func() bool { return s.maxBytes > 0 && s.bytes > 0 && s.bytes+int64(len(s.buf)) > s.maxBytes }
	cur := s.writing
	if cur != nil && full() && cur.last < s.pos.next {
		s.endSegment() // all of it is done: it goes
		s.drop()
		cur = nil
	}
	stop := full()
	s.mu.Unlock()
	if stop {
		return errFull
	}
	r.seq = s.number(r.msgs)
	if cur == nil || cur.size+int64(len(s.buf)) > s.maxSegment && cur.size > segmentHeader || s.between.Load() > cur.last {
		var err error
		if cur, err = s.begin(r.seq, s.end); err != nil {
			return err
		}
	}
	again, err := s.put(cur, r, sum)
	if again && !s.seq.CompareAndSwap(r.end()-1, r.seq-1) {
		// The numbers are gone: within a segment a gap would mean a loss.
		s.mu.Lock()
		s.endSegment()
		s.mu.Unlock()
	}
	return err
}

// put appends the record in buf to the segment that out is open for; wmu is held. After
// an error, again says that the segment goes on with another record.
func (s *spool) put(cur *segment, r *record, sum uint32) (again bool, err error) {
	sealRecord(s.buf, r, sum)
	r.body = s.buf[recordHeader:]
	_, err = vfs.WriteFull(s.out, s.buf)
	if err == nil && s.sync {
		err = s.out.Sync()
	}
	if err != nil {
		return s.undo(cur, err), err
	}
	s.mu.Lock()
	cur.size += int64(len(s.buf))
	cur.last = r.seq
	cur.note(r, r.msgs)
	s.end = max(s.end, r.end())
	s.bytes += int64(len(s.buf))
	s.stored += r.msgs
	s.most = max(s.most, s.stored)
	if s.noting == nil {
		s.noting = time.AfterFunc(noteAfter, s.note)
	}
	s.mu.Unlock()
	return false, nil
}

// noteAfter is how long after a record the position is written at the latest: it says
// how many messages there are, also when none is processed. It is written before a
// segment is begun, too, so that only of the last one, and only within this time, the
// numbers do not tell how many messages it had.
const noteAfter = time.Second

func (s *spool) note() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noting == nil { // closed in the meantime
		return
	}
	s.noting = nil
	s.noteEnd()
}

// noteEnd writes the position, unless the one on disk says how many messages there are;
// mu is held.
func (s *spool) noteEnd() {
	if there := s.posLog.isThere(); !there || s.pos.end != s.end {
		s.writePosition()
	}
}

// begin begins a new segment. wmu is held.
func (s *spool) begin(first, link uint64) (*segment, error) {
	s.mu.Lock()
	s.endSegment()
	s.noteEnd()
	s.mu.Unlock()
	seg := &segment{name: segmentName(first), first: first, last: first - 1, size: segmentHeader}
	path := filepath.Join(s.dir, seg.name)
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_APPEND
	f, err := s.fs.OpenFile(path, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) { // somebody has removed the directory
		s.log.Error("the directory of a queue is gone, it is made again", "file", s.dir)
		if err = s.mkdir(); err == nil {
			f, err = s.fs.OpenFile(path, flags, 0o600)
		}
	}
	if err != nil {
		return nil, err
	}
	_, err = vfs.WriteFull(f, appendSegmentHeader(nil, first, link))
	if err == nil && s.sync {
		err = errors.Join(f.Sync(), vfs.SyncDir(s.fs, s.dir))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), s.fs.Remove(path))
	}
	s.mu.Lock()
	s.segments = append(s.segments, seg)
	s.bytes += segmentHeader
	s.writing = seg
	s.mu.Unlock()
	s.out = f
	return seg, nil
}

// endSegment closes what is written; wmu and mu are held.
func (s *spool) endSegment() {
	if s.out == nil {
		return
	}
	if err := s.out.Close(); err != nil {
		s.log.Warn("a queue's file can not be closed", "file", s.out.Name(), "err", err)
	}
	s.out, s.writing = nil, nil
}

// undo takes back what a write that failed has left behind the last record. If
// even that fails, or the disk is broken, a new segment is begun; wmu is held.
func (s *spool) undo(cur *segment, cause error) (again bool) {
	err := s.out.Truncate(cur.size)
	if err == nil && (errors.Is(cause, unix.ENOSPC) || errors.Is(cause, unix.EDQUOT)) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endSegment()
	return false
}

// settle gives up the places on disk of what is safe elsewhere, and frees the segments
// that no one needs any more. It reports whether there was anything.
func (s *spool) settle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.ending && s.advance()
}

// advance moves the position over what is safe; mu is held.
func (s *spool) advance() bool {
	if !s.pass() {
		return false
	}
	if s.posAhead >= s.checkpoint || s.ledger.Len() == 0 && s.atEnd() {
		s.writePosition()
	}
	s.drop()
	return true
}

// pass is advance without writing anything; mu is held.
func (s *spool) pass() bool {
	safe := s.ledger.Take(nil)
	for _, f := range safe {
		s.pos.advance(f.recs[len(f.recs)-1].seq + 1)
		s.stored -= f.n
		s.posAhead += f.n
	}
	return len(safe) > 0
}

// interrupted says that a stop came in between: only the first done messages are.
func (s *spool) interrupted(f *fed, done int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.part = done
	f.back.Mark(receipt.Unfinished)
}

// writePosition notes the position; mu is held. When it can not be written the
// next start delivers some messages again.
func (s *spool) writePosition() {
	s.pos.end, s.pos.waiting = s.end, s.stored
	err := s.posLog.write(&s.pos)
	if err == nil {
		s.posAhead, s.posNext = 0, s.pos.next
	}
	if (err == nil) != (s.posErr == nil) {
		if err != nil {
			s.log.Error("a queue's position can not be written, a crash would deliver messages twice", "err", err)
		} else {
			s.log.Info("a queue's position is written again")
		}
	}
	s.posErr = err
}

// drop removes the segments whose records are done; mu is held. The one that is
// written, and the one that is read, stay. A bad one is set aside.
func (s *spool) drop() {
	for len(s.segments) > 0 {
		seg := s.segments[0]
		if seg == s.writing || seg == s.reading && s.readOff < seg.size || seg.last >= max(s.pos.next, seg.first) {
			return
		}
		if there := s.posLog.isThere(); !there || seg.last >= max(s.posNext, seg.first) {
			// The next start must not miss what was done: better no position than an old one.
			if s.writePosition(); s.posErr != nil {
				s.posLog.forget()
			}
		}
		if seg.bad > 0 {
			if s.aside++; s.aside <= maxNamed {
				s.log.Info("what can be read of a queue's damaged file was processed, the file is kept", "file", seg.name+badSuffix)
			}
			s.setAside(seg.name)
		} else if err := s.fs.Remove(filepath.Join(s.dir, seg.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("a queue's file can not be removed", "file", filepath.Join(s.dir, seg.name), "err", err)
		}
		s.segments = s.segments[1:]
		s.bytes -= seg.size
	}
}
