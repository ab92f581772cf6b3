package queue

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// segment is one file of records.
type segment struct {
	name  string // without directory
	first uint64 // number of the first record, which is in the name, too
	last  uint64 // of the last record; first-1 if there is none
	size  int64  // bytes of whole records, and the header
	// bad is how many bytes in front of size are not records. A segment that has
	// some is set aside when its records are done.
	bad int64
}

const (
	segmentSuffix = ".seg"
	badSuffix     = ".bad"
	positionName  = "position"
)

func segmentName(first uint64) string { return fmt.Sprintf("%016x%s", first, segmentSuffix) }

// segmentsIn lists the segments in dir in the order of their numbers. A missing
// directory has none.
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
		if found && err == nil && len(hex) == 16 && first > 0 {
			list = append(list, &segment{name: name, first: first, last: first - 1})
		}
	}
	slices.SortFunc(list, func(a, b *segment) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	return list, nil
}

// cursor reads the records of a segment one after the other.
type cursor struct {
	f   vfs.File
	off int64 // of the next record
	end int64 // how far may be read
	bad int64 // bytes passed that are not records
}

func openCursor(fsys vfs.FS, dir string, s *segment) (*cursor, error) {
	f, err := fsys.OpenFile(filepath.Join(dir, s.name), unix.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	c := &cursor{f: f, off: segmentHeader, end: s.size}
	head := make([]byte, segmentHeader)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		f.Close()
		return nil, err
	}
	if !isSegmentHeader(head[:n]) {
		// The records behind a header that is garbled can still be found.
		c.off = 0
	}
	return c, nil
}

func (c *cursor) close() { c.f.Close() }

// window reads what comes next into buf, as much as fits.
func (c *cursor) window(buf []byte) ([]byte, error) {
	n := min(int64(len(buf)), c.end-c.off)
	if n <= 0 {
		return nil, nil
	}
	got, err := c.f.ReadAt(buf[:n], c.off)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return buf[:got], nil
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
			return p[n:], true, 0
		case want > 0 && c.off+int64(want) <= c.end:
			return nil, false, want
		}
		skip := findRecord(p)
		c.off += int64(skip)
		c.bad += int64(skip)
		p = p[skip:]
	}
	return nil, false, 0
}

// scan reads a whole segment and calls each for its records. tail is where the
// last record ends; what lies behind it is in cursor.bad, too.
func scan(fsys vfs.FS, dir string, s *segment, each func(r *record)) (c *cursor, tail, badBefore int64, err error) {
	if c, err = openCursor(fsys, dir, s); err != nil {
		return nil, 0, 0, err
	}
	defer c.close()
	info, err := c.f.Stat()
	if err != nil {
		return nil, 0, 0, err
	}
	c.end = info.Size
	if c.off == 0 && c.end >= segmentHeader {
		badBefore = segmentHeader
	}
	tail = min(c.off, c.end)
	buf := make([]byte, 256<<10)
	for {
		p, err := c.window(buf)
		if err != nil {
			return nil, 0, 0, err
		}
		if len(p) == 0 {
			return c, tail, badBefore, nil
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
			tail, badBefore = c.off, max(badBefore, c.bad)
			each(&r)
		}
	}
}
