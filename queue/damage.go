package queue

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// Files can be damaged while the server is stopped and while it runs: shortened, removed,
// unreadable, garbled. What can be read is processed, the file is set aside, and the
// messages that are missing are counted: their numbers tell, or the position, which says
// how many there were.

// tally counts the messages that a start misses.
type tally struct {
	// below are messages with numbers below pos.end, which pos knows the sum of.
	pos   position
	known bool // pos is whole
	below int
	next  uint64 // the number that comes next; 0: not known
	loose bool   // numbers of this segment have gaps
	gaps  int
	hurt  int // messages of what is behind the last record
}

func newTally(pos position, whole bool) tally {
	t := tally{pos: pos, known: whole && pos.end > 0}
	if t.known {
		t.next = pos.end
	}
	return t
}

// segment is for a segment that begins with the number first.
func (t *tally) segment(first, link uint64) {
	t.loose = link == 0
	if t.next > 0 && link != unknownLink && link > t.next {
		t.gaps += int(link - t.next)
	}
	t.next = max(t.next, first)
}

// record is for a record of which waiting messages are not done.
func (t *tally) record(r *record, waiting int) {
	if !t.loose && r.seq > t.next {
		t.gaps += int(r.seq - t.next)
	}
	t.next = max(t.next, r.end())
	if r.seq < t.pos.end {
		t.below += waiting
	}
}

// missing is how many of the messages that the position knows of are not there.
func (t *tally) missing() int {
	if !t.known {
		return 0
	}
	return max(0, t.pos.waiting-t.below)
}

func (t *tally) lost() int {
	lost := t.missing()
	if lost == 0 { // else they are among those
		lost = t.hurt
	}
	return lost + t.gaps
}

// open looks through what an earlier run has left.
func (s *spool) open() (found, error) {
	var f found
	gone := s.posLog.isMissing()
	pos, whole := s.lastPosition()
	list, err := segmentsIn(s.fs, s.dir)
	if err != nil {
		return f, err
	}
	list = s.withoutCopies(list, &f)
	s.pos, s.posNext = pos, pos.next
	s.seq.Store(max(firstSeq, pos.highest()))
	if len(list) > 0 && gone {
		s.log.Error("a queue's position is gone, messages may be delivered twice, and what is missing in front of its files is not known", "file", filepath.Join(s.dir, positionName))
	}
	t := newTally(pos, whole)
	var torn *segment
	for i, seg := range list {
		if cut := s.look(seg, &t, &f); cut > 0 && i == len(list)-1 {
			f.torn, torn = cut, seg
		} else {
			seg.bad += cut
		}
	}
	if torn != nil {
		s.cutTail(torn, &t, &f)
	}
	for _, seg := range s.segments {
		if seg.bad > 0 {
			f.bad = append(f.bad, damagedFile{name: seg.name})
		}
	}
	f.lost = t.lost()
	s.stored, s.most, s.end = f.messages, f.messages, max(t.next, pos.end)
	if s.end == 0 { // the first message that will be on disk is not in front of this
		s.end = s.seq.Load() + 1
	}
	f.segments = len(s.segments)
	// It also tells whether the directory can be written at all.
	if s.writePosition(); isForbidden(s.posErr) {
		return f, s.posErr
	}
	s.drop()
	return f, nil
}

var errCopy = errors.New("it is a copy of another one")

// withoutCopies sets aside all but the first of segments with the same number.
func (s *spool) withoutCopies(list []*segment, f *found) []*segment {
	first := uint64(0)
	return slices.DeleteFunc(list, func(seg *segment) bool {
		if seg.first != first {
			first = seg.first
			return false
		}
		s.setAside(seg.name)
		f.bad = append(f.bad, damagedFile{seg.name, errCopy})
		return true
	})
}

// isForbidden reports whether err will not go away by itself.
func isForbidden(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS)
}

// lastPosition reads the position. One that can not be read is set aside: then all that
// is on disk counts as not done, and some of it is delivered twice.
func (s *spool) lastPosition() (pos position, whole bool) {
	pos, torn, err := readPosition(s.fs, s.dir)
	if err != nil {
		s.log.Error("a queue's position can not be read, messages may be delivered twice", "file", filepath.Join(s.dir, positionName), "err", err)
		s.setAside(positionName)
		return position{}, false
	}
	if torn > 0 {
		s.log.Warn("the end of a queue's position is damaged, the last messages may be delivered twice", "file", filepath.Join(s.dir, positionName))
	}
	return pos, torn == 0
}

// How often a file is tried that can not be read, and how long after each try at the
// start. While the server runs it waits readPause.
const (
	readTries  = 3
	startPause = 100 * time.Millisecond
)

// look reads a segment of an earlier run. It returns how many bytes behind its last record
// are the begin of another: a crash came while it was written.
func (s *spool) look(seg *segment, t *tally, f *found) (torn int64) {
	var got scanned
	var after tally
	err := error(nil)
	for try := 1; ; try++ {
		after = *t
		got, err = s.count(seg, &after)
		if err == nil || try == readTries || !mayPass(err) {
			break
		}
		time.Sleep(startPause)
	}
	if err != nil {
		s.setAside(seg.name)
		f.bad = append(f.bad, damagedFile{seg.name, err})
		return 0
	}
	*t = after
	t.hurt = got.hurt
	f.messages += seg.waiting
	seg.size, seg.bad = got.tail, got.bad
	s.segments = append(s.segments, seg)
	s.bytes += seg.size
	if cut := got.size - got.tail; got.torn {
		torn = cut
	} else {
		seg.bad += cut
	}
	return torn
}

var errNumbers = errors.New("it has numbers that no message was given")

// count reads a segment into t.
func (s *spool) count(seg *segment, t *tally) (scanned, error) {
	begun := false
	high := seg.first
	seg.last, seg.waiting, seg.since = seg.first-1, 0, time.Time{}
	got, err := scan(s.fs, s.dir, seg, func(r *record, link uint64) {
		if !begun {
			begun = true
			t.segment(seg.first, link)
		}
		if r.seq <= seg.last { // not ours
			return
		}
		waiting := 0
		if all, first := s.pos.done(r.seq); !all {
			waiting = max(0, r.msgs-first)
		}
		t.record(r, waiting)
		seg.note(r, waiting)
		seg.last, high = r.seq, max(high, r.end())
	})
	if err == nil && high > maxKept {
		err = errNumbers
	}
	if err == nil && !begun && got.link != unknownLink { // what was in front of it counts all the same
		t.segment(seg.first, got.link)
	}
	if err == nil && begun {
		s.seq.Store(max(s.seq.Load(), high-1))
	}
	return got, err
}

// cutTail cuts off what a crash has left at the end of the last segment. If the position
// says that it was a record once, it was no crash, and the file is kept.
func (s *spool) cutTail(seg *segment, t *tally, f *found) {
	if t.missing() > 0 {
		seg.bad += f.torn
		f.torn = 0
		return
	}
	if err := truncate(s.fs, filepath.Join(s.dir, seg.name), seg.size); err != nil {
		s.log.Warn("the end of a queue's file can not be cut off", "file", seg.name, "err", err)
	}
}

// mayPass reports whether a file that could not be read may be readable a moment later.
func mayPass(err error) bool {
	for _, never := range []error{fs.ErrNotExist, vfs.ErrNotRegular, errNumbers, unix.ELOOP, unix.EISDIR, unix.ENOTDIR, unix.ENXIO} {
		if errors.Is(err, never) {
			return false
		}
	}
	return true
}

// isShort reports whether the system lacks something that files need. That says nothing
// of the file.
func isShort(err error) bool {
	for _, lack := range []error{unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.EAGAIN} {
		if errors.Is(err, lack) {
			return true
		}
	}
	return false
}

// maxAside is how many names are tried for a file that is set aside.
const maxAside = 1000

// setAside renames a file that is not what it should be. Nothing is overwritten.
func (s *spool) setAside(name string) {
	path := filepath.Join(s.dir, name)
	to := path + badSuffix
	for i := 1; i < maxAside; i++ {
		if _, err := s.fs.Lstat(to); err != nil {
			break
		}
		to = fmt.Sprintf("%s.%d%s", path, i, badSuffix)
	}
	if err := s.fs.Rename(path, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("a queue's file can not be renamed", "file", path, "err", err)
	}
}

// readFailed is called when the reader can not go on in seg. It reports whether it may try
// again; else seg is given up and what was not read of it is lost.
func (s *spool) readFailed(seg *segment, err error) (again bool) {
	s.tries++
	if isShort(err) || mayPass(err) && s.tries < readTries {
		return true
	}
	s.tries = 0
	s.wmu.Lock() // nothing more is to be written to it
	defer s.wmu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if seg == s.writing {
		s.endSegment()
	}
	if seg.waiting > seg.seen {
		s.log.Error("a queue's file can not be read, what was not processed of it is lost", "file", seg.name, "err", err)
	}
	seg.bad = max(seg.bad, seg.size)
	s.reading, s.readOff = seg, seg.size
	s.closeReading()
	return false
}

// maxRescans is how often a file is read again that is shorter than it says.
const maxRescans = 3

// shortened is called when the reader's file ends before its segment does. What was
// written since then may stand in front of where reading was: it begins again.
func (s *spool) shortened(size int64) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	seg := s.reading
	if seg == s.writing {
		s.endSegment()
	}
	if info, err := s.at.f.Stat(); err == nil {
		size = max(size, info.Size)
	}
	if s.rescans++; s.rescans > maxRescans {
		size = 0
	}
	if size < seg.size {
		if seg.bad == 0 {
			s.log.Error("a queue's file is shorter than it was, what can be read of it is processed", "file", seg.name, "bytes", size)
		}
		s.bytes += size - seg.size
		seg.bad += seg.size - size
		seg.size = size
	}
	s.at.off = min(segmentHeader, size)
	s.at.last, s.at.bad = s.at.off, 0
}

// account counts what seg had and the reader did not find; mu is held.
func (s *spool) account(seg *segment) {
	lost := seg.waiting - seg.seen
	if lost <= 0 {
		return
	}
	seg.seen = seg.waiting
	seg.bad = max(seg.bad, 1)
	s.stored -= lost
	// Its place in the position.
	s.ledger.Note(&fed{recs: []fedRecord{{seq: seg.last}}})
	s.damaged.Add(lost, "file", filepath.Join(s.dir, seg.name))
	s.advance()
}

// maxNamed is how many damaged files are named.
const maxNamed = 10

// damagedFile is a file of an earlier run, and why it can not be read at all.
type damagedFile struct {
	name string
	err  error
}

// report logs what a start has found.
func (f *found) report(log *slog.Logger) {
	for i, bad := range f.bad {
		switch {
		case i == maxNamed:
			log.Error("more files of a queue are damaged", "count", len(f.bad)-i)
		case i > maxNamed:
		case bad.err != nil:
			log.Error("a queue's file can not be read and is set aside", "file", bad.name, "err", bad.err)
		default:
			log.Error("a queue's file is damaged, what can be read of it is processed", "file", bad.name)
		}
	}
	if f.torn > 0 {
		log.Warn("a queue's last file ended within a record, which was cut off", "bytes", f.torn)
	}
	if f.messages > 0 {
		log.Info("queue files exist on disk, starting with their messages", "count", f.messages)
	}
}
