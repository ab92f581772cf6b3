package queue

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// position says which records are done: all with a number below next, those in
// ranges, and of some only the first messages. Ranges and parts are written by a
// stop that came in between; while the server runs there are rarely any.
type position struct {
	next   uint64
	ranges []seqRange
	parts  []seqPart
	// waiting is how many messages with numbers below end are on disk and not done: a
	// start that finds fewer knows how many were lost. Files are removed only after
	// that was noted. end is 0 when it is not known.
	end     uint64
	waiting int
}

// seqRange is the numbers from to end-1.
type seqRange struct{ from, end uint64 }

// seqPart is a record of which the first messages are done.
type seqPart struct {
	seq  uint64
	done uint64
}

// done reports whether record seq is done, and else how many of its messages are.
func (p *position) done(seq uint64) (all bool, first int) {
	if seq < p.next {
		return true, 0
	}
	for _, r := range p.ranges {
		if seq >= r.from && seq < r.end {
			return true, 0
		}
	}
	for _, part := range p.parts {
		if part.seq == seq {
			return false, int(part.done)
		}
	}
	return false, 0
}

// highest is the highest number that the position knows of.
func (p *position) highest() uint64 {
	n := p.next
	for _, r := range p.ranges {
		n = max(n, r.end)
	}
	for _, s := range p.parts {
		n = max(n, s.seq)
	}
	return max(n, p.end)
}

// advance makes all below next done.
func (p *position) advance(next uint64) {
	p.next = max(p.next, next)
	p.ranges = slices.DeleteFunc(p.ranges, func(r seqRange) bool { return r.end <= p.next })
	p.parts = slices.DeleteFunc(p.parts, func(s seqPart) bool { return s.seq < p.next })
}

func (p *position) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, p.next)
	dst = binary.AppendUvarint(dst, uint64(len(p.ranges)))
	for _, r := range p.ranges {
		dst = binary.AppendUvarint(dst, r.from)
		dst = binary.AppendUvarint(dst, r.end)
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.parts)))
	for _, s := range p.parts {
		dst = binary.AppendUvarint(dst, s.seq)
		dst = binary.AppendUvarint(dst, s.done)
	}
	dst = binary.AppendUvarint(dst, p.end)
	dst = binary.AppendUvarint(dst, uint64(p.waiting))
	body := dst[start+8:]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(body, castagnoli))
	return dst
}

// parsePosition reads the position that b begins with and returns its length,
// or 0 if it is none.
func parsePosition(b []byte, p *position) int {
	if len(b) < 8 {
		return 0
	}
	size := int64(binary.LittleEndian.Uint32(b))
	if size > int64(len(b)-8) {
		return 0
	}
	body := b[8 : 8+size]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return 0
	}
	ok := true
	number := func() uint64 {
		n, size := binary.Uvarint(body)
		if size <= 0 {
			ok, body = false, nil
			return 0
		}
		body = body[size:]
		return n
	}
	got := position{next: number()}
	for n := number(); n > 0 && ok; n-- {
		got.ranges = append(got.ranges, seqRange{number(), number()})
	}
	for n := number(); n > 0 && ok; n-- {
		got.parts = append(got.parts, seqPart{number(), number()})
	}
	got.end = number()
	waiting := number()
	got.waiting = int(min(waiting, maxNumber))
	if !ok || len(body) > 0 || got.highest() > maxKept || waiting > got.end {
		return 0
	}
	*p = got
	return int(8 + size)
}

// positionLog is the file that holds the position: each new one is appended, the
// last whole one counts. It is written anew when it has grown.
type positionLog struct {
	fs   vfs.FS
	dir  string
	sync bool
	f    vfs.File
	size int
	buf  []byte
}

// maxPositionLog is how far the file grows, in bytes; maxPosition is what no position
// reaches: such a file is not ours.
const (
	maxPositionLog = 64 << 10
	maxPosition    = 16 << 20
)

var errPositionSize = errors.New("the file is too large to be a position")

// readPosition returns the last position in dir, and how many bytes of the file
// are no position: the end of a write that a crash tore.
func readPosition(fsys vfs.FS, dir string) (p position, torn int, err error) {
	b, err := readPositionFile(fsys, filepath.Join(dir, positionName))
	if errors.Is(err, fs.ErrNotExist) {
		return p, 0, nil
	}
	if err != nil {
		return p, 0, err
	}
	for len(b) > 0 {
		n := parsePosition(b, &p)
		if n == 0 {
			return p, len(b), nil
		}
		b = b[n:]
	}
	return p, 0, nil
}

func readPositionFile(fsys vfs.FS, path string) ([]byte, error) {
	f, err := openRegular(fsys, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size > maxPosition {
		err = &fs.PathError{Op: "read", Path: path, Err: errPositionSize}
	}
	if err != nil {
		return nil, err
	}
	b := make([]byte, info.Size)
	n, err := f.ReadAt(b, 0)
	if n == len(b) || err == io.EOF {
		err = nil
	}
	return b[:n], err
}

// write makes p the position.
func (l *positionLog) write(p *position) error {
	l.buf = p.append(l.buf[:0])
	if l.f == nil || l.size+len(l.buf) > maxPositionLog {
		return l.rewrite()
	}
	n, err := vfs.WriteFull(l.f, l.buf)
	l.size += n
	if err == nil && l.sync {
		err = l.f.Sync()
	}
	if err != nil {
		// Nothing behind a torn position is read: begin anew next time.
		l.close()
	}
	return err
}

// rewrite puts a file with l.buf alone in place of the old one.
func (l *positionLog) rewrite() error {
	l.close()
	tmp := filepath.Join(l.dir, positionName+".new")
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND | unix.O_NOFOLLOW | unix.O_NONBLOCK
	f, err := l.fs.OpenFile(tmp, flags, 0o600)
	if err != nil && l.fs.Remove(tmp) == nil { // a pipe, or a link
		f, err = l.fs.OpenFile(tmp, flags, 0o600)
	}
	if err != nil {
		return err
	}
	n, err := vfs.WriteFull(f, l.buf)
	if err == nil && l.sync {
		err = f.Sync()
	}
	if err == nil {
		err = l.fs.Rename(tmp, filepath.Join(l.dir, positionName))
	}
	if err == nil && l.sync {
		err = vfs.SyncDir(l.fs, l.dir)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.f, l.size = f, n
	return nil
}

// forget removes the file. If even that is not possible the old position stays.
func (l *positionLog) forget() {
	l.close()
	l.fs.Remove(filepath.Join(l.dir, positionName))
}

// isThere reports whether the file that is written still has its name: somebody may have
// removed it. If it has not, the next write makes a new one.
func (l *positionLog) isThere() bool {
	if l.f == nil {
		return false
	}
	ours, err := l.f.Stat()
	named, missing := l.fs.Lstat(filepath.Join(l.dir, positionName))
	there := err == nil && missing == nil && vfs.SameFile(ours, named)
	if !there {
		l.close()
	}
	return there
}

// isMissing reports whether no position was ever written, or somebody has removed it.
func (l *positionLog) isMissing() bool {
	_, err := l.fs.Lstat(filepath.Join(l.dir, positionName))
	return errors.Is(err, fs.ErrNotExist)
}

func (l *positionLog) close() error {
	if l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	return f.Close()
}
