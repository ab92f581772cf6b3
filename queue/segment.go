package queue

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
	"syslogd/message"
)

// segment is one file of records.
type segment struct {
	name  string // without directory
	first uint64 // number of the first record, as the header says, else the name
	last  uint64 // of the last record; first-1 if there is none
	size  int64  // bytes of whole records, and the header
	// bad is how many bytes are not records. A segment that has some is set aside
	// when its records are done.
	bad int64
	// waiting is how many messages that are not done were written to it, or found at
	// the start; seen is how many of them were read, or are known to be lost.
	waiting, seen int
	since         time.Time // when the first of those was received
	// read is set when the reader is through with it. The number in its name does not tell:
	// when all records of a segment were cut off, the next one has the same.
	read bool
}

const (
	segmentSuffix = ".seg"
	badSuffix     = ".bad"
	positionName  = "position"
)

func segmentName(first uint64) string { return fmt.Sprintf("%016x%s", first, segmentSuffix) }

// note counts n messages of a record that are not done.
func (s *segment) note(r *record, n int) {
	if s.since.IsZero() && n > 0 {
		s.since = message.ReceivedIn(r.body)
	}
	s.waiting += n
}

// segmentsIn lists the segments in dir in the order of their numbers. The name counts only
// where a header is not whole: somebody may have renamed files. A missing directory has
// none.
func segmentsIn(fsys vfs.FS, dir string) ([]*segment, error) {
	names, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []*segment
	for _, name := range names {
		hex, found := strings.CutSuffix(name, segmentSuffix)
		first, err := strconv.ParseUint(hex, 16, 64)
		if found && err == nil && len(hex) == 16 && first > 0 && first < maxNumber {
			list = append(list, &segment{name: name, first: first, last: first - 1})
		}
	}
	for _, seg := range list {
		if c, err := openCursor(fsys, dir, seg); err == nil { // else whoever reads it will see
			seg.first, seg.last = c.first, c.first-1
			c.close()
		}
	}
	slices.SortStableFunc(list, func(a, b *segment) int {
		if order := cmp.Compare(a.first, b.first); order != 0 || a.isCopy() == b.isCopy() {
			return order
		} else if a.isCopy() {
			return 1
		}
		return -1
	})
	return list, nil
}

// isCopy reports whether the segment has not the name that it was made with.
func (s *segment) isCopy() bool { return s.name != segmentName(s.first) }

// cursor reads the records of a segment one after the other.
type cursor struct {
	f           vfs.File
	first, link uint64 // of the segment
	off         int64  // of the next record
	end         int64  // how far may be read
	bad         int64  // bytes passed that are not records

	// What is behind the last record: where it ended, where the next one begins that
	// goes on behind the end, or -1, and how many messages others had.
	last, torn int64
	hurt       int
}

// openCursor opens a segment, if it is a file: a pipe would never end, and a link leads
// to what is not the queue's.
func openCursor(fsys vfs.FS, dir string, s *segment) (*cursor, error) {
	f, err := openRegular(fsys, filepath.Join(dir, s.name))
	if err != nil {
		return nil, err
	}
	c := &cursor{f: f, off: segmentHeader, end: s.size, torn: -1}
	head := make([]byte, segmentHeader)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, errors.Join(err, f.Close())
	}
	var whole bool
	if c.first, c.link, whole = parseSegmentHeader(head[:n]); !whole {
		// The records behind a header that is garbled can still be found.
		c.off, c.first, c.link = 0, s.first, unknownLink
	}
	c.last = c.off
	return c, nil
}

// unknownLink is the link of a segment whose header is garbled.
const unknownLink = maxNumber

func openRegular(fsys vfs.FS, path string) (vfs.File, error) {
	f, err := fsys.OpenFile(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode.IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: vfs.ErrNotRegular}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (c *cursor) close() { c.f.Close() }

// maxBarren is how many bytes without a record are searched for the next one: no file
// of records has so many, and a hole may be as large as the disk is not.
const maxBarren = 2 * maxBody

// window reads what comes next into buf, as much as fits. It is short when the file
// ends before the end of the segment.
func (c *cursor) window(buf []byte) (p []byte, short bool, err error) {
	if c.off-c.last > maxBarren {
		c.bad += c.end - c.off
		c.off = c.end
	}
	n := min(int64(len(buf)), c.end-c.off)
	if n <= 0 {
		return nil, false, nil
	}
	got, err := c.f.ReadAt(buf[:n], c.off)
	if err != nil && err != io.EOF {
		return nil, false, err
	}
	return buf[:got], int64(got) < n, nil
}

// next reads the record that p begins with, or the first one behind bytes that
// are none; the cursor passes it. need is how many bytes a window must have to
// go on; it is 0 when there is no further record in p.
func (c *cursor) next(p []byte, r *record) (rest []byte, ok bool, need int) {
	for len(p) > 0 {
		n, want := parseRecord(p, r)
		switch {
		case n > 0:
			c.off += int64(n)
			c.last, c.torn, c.hurt = c.off, -1, 0
			return p[n:], true, 0
		case want > 0 && c.off+int64(want) <= c.end:
			return nil, false, want
		case want == 0:
			c.hurt += lostIn(p)
		case c.torn < 0:
			c.torn = c.off
		}
		skip := findRecord(p)
		c.off += int64(skip)
		c.bad += int64(skip)
		p = p[skip:]
	}
	return nil, false, 0
}

// scanned is what a scan has found of a segment.
type scanned struct {
	size int64  // of the file
	tail int64  // where the last record ends
	link uint64 // as of a cursor
	bad  int64  // bytes in front of that that are no records
	// torn: what lies behind it is the begin of a record, as a crash leaves it. hurt is
	// how many messages it had if it is not.
	torn bool
	hurt int
}

// scan reads a whole segment and calls each for its records, with the segment's link.
func scan(fsys vfs.FS, dir string, s *segment, each func(r *record, link uint64)) (got scanned, err error) {
	c, err := openCursor(fsys, dir, s)
	if err != nil {
		return got, err
	}
	defer c.close()
	info, err := c.f.Stat()
	if err != nil {
		return got, err
	}
	c.end = info.Size
	got.size, got.link = info.Size, c.link
	if c.off == 0 && c.end >= segmentHeader {
		got.bad = segmentHeader
	}
	got.tail = min(c.off, c.end)
	buf := make([]byte, min(256<<10, max(info.Size, segmentHeader)))
	for {
		p, short, err := c.window(buf)
		if err != nil {
			return got, err
		}
		if short { // somebody has cut it in the meantime
			c.end = c.off + int64(len(p))
			got.size = c.end
		}
		if len(p) == 0 {
			got.torn, got.hurt = c.torn == c.last && c.hurt == 0 || got.size < segmentHeader, c.hurt
			return got, nil
		}
		var r record
		for {
			rest, ok, need := c.next(p, &r)
			if !ok {
				if need > len(buf) {
					buf = make([]byte, need)
				}
				break
			}
			p = rest
			got.tail, got.bad = c.off, max(got.bad, c.bad)
			each(&r, c.link)
		}
	}
}
