package queue

import (
	"bufio"
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
	"syslogd/message"
)

// A disk queue of rsyslogd 8 is files PREFIX.00000001 and so on, and PREFIX.qi,
// which says where reading goes on. They hold objects as text; see readClassic.

// takeClassic moves the messages of an rsyslogd queue into the spool, file by
// file: one that was read as a whole is removed. It returns how many messages came.
func (q *Queue) takeClassic(sp *spool) (int, error) {
	fsys := q.env.FS
	if q.conf.Classic == "" {
		return 0, nil
	}
	files, err := classicFiles(fsys, q.conf.Classic)
	if err != nil {
		return 0, err
	}
	state := q.conf.Classic + ".qi"
	from, offset, err := classicPosition(fsys, state)
	if err != nil {
		return 0, err
	}
	total := 0
	im := classicImport{spool: sp}
	for _, n := range files {
		if n < from {
			continue // done; rsyslogd had not removed it yet
		}
		start := int64(0)
		if n == from {
			start = offset
		}
		path := classicName(q.conf.Classic, n)
		count, bad, err := im.file(fsys, path, start)
		total += count
		if err != nil {
			return total, err
		}
		if err := q.retire(path, bad); err != nil {
			return total, err
		}
	}
	if total > 0 {
		q.env.Log.Info("a disk queue of rsyslogd was taken over", "queue", q.name, "count", total)
	}
	if err := fsys.Remove(state); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return total, err
	}
	return total, nil
}

// retire removes a file that was taken over, or sets it aside if bad bytes of it
// could not be read.
func (q *Queue) retire(path string, bad int64) error {
	if bad == 0 {
		return q.env.FS.Remove(path)
	}
	q.env.Log.Error("a file of an rsyslogd queue was damaged; what could be read was taken over, the file is kept", "file", path+badSuffix, "bytes", bad)
	return q.env.FS.Rename(path, path+badSuffix)
}

func classicName(prefix string, n int) string { return fmt.Sprintf("%s.%08d", prefix, n) }

// classicFiles are the numbers of the files that there are.
func classicFiles(fsys vfs.FS, prefix string) ([]int, error) {
	names, err := fsys.ReadDir(filepath.Dir(prefix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []int
	for _, name := range names {
		digits, found := strings.CutPrefix(name, filepath.Base(prefix)+".")
		if n, err := strconv.Atoi(digits); found && err == nil && n > 0 && name == filepath.Base(classicName(prefix, n)) {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

// classicPosition returns in which file and where reading goes on. rsyslogd
// writes that when it ends: after a crash there is none, and all files are read.
func classicPosition(fsys vfs.FS, path string) (file int, offset int64, err error) {
	text, err := vfs.ReadFile(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	r := bufio.NewReader(strings.NewReader(string(text)))
	streams := 0
	for {
		obj, err := readClassic(r)
		if err != nil {
			return 0, 0, nil // garbled: as if there were none
		}
		if obj.kind != "strm" {
			continue
		}
		if streams++; streams == 2 { // the first is the one that is written
			n, _ := strconv.Atoi(obj.text("iCurrFNum"))
			off, _ := strconv.ParseInt(obj.text("iCurrOffs"), 10, 64)
			return n, max(0, off), nil
		}
	}
}

// classicObject is one object of such a file.
type classicObject struct {
	kind  string
	props map[string]string
	size  int64 // bytes in the file
}

func (o *classicObject) text(name string) string { return o.props[name] }

func (o *classicObject) int(name string) int {
	n, _ := strconv.Atoi(o.props[name])
	return n
}

var errClassic = errors.New("not an object of an rsyslogd queue")

// maxClassicValue bounds a value in such a file.
const maxClassicValue = maxBody

// readClassic reads an object: "<Obj:1:KIND:1:", then for each property
// "+NAME:TYPE:LENGTH:VALUE:", then ">End" and "."; a line feed ends each, and
// values may have some, too.
func readClassic(r *bufio.Reader) (o classicObject, err error) {
	line, err := o.line(r)
	if err != nil {
		return o, err
	}
	fields := strings.Split(line, ":")
	if len(fields) != 5 || fields[0] != "<Obj" && fields[0] != "<OPB" {
		return o, errClassic
	}
	o.kind, o.props = fields[2], map[string]string{}
	for {
		mark, err := r.Peek(1)
		if err != nil {
			return o, unexpected(err)
		}
		if mark[0] != '+' {
			break
		}
		if err := o.property(r); err != nil {
			return o, err
		}
	}
	for _, want := range []string{">End", "."} {
		if line, err = o.line(r); err != nil {
			return o, unexpected(err)
		}
		if line != want {
			return o, errClassic
		}
	}
	return o, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return errClassic
	}
	return err
}

func (o *classicObject) line(r *bufio.Reader) (string, error) {
	text, err := r.ReadSlice('\n')
	o.size += int64(len(text))
	switch {
	case err == bufio.ErrBufferFull:
		return "", errClassic
	case err == io.EOF && len(text) > 0:
		return "", errClassic
	case err != nil:
		return "", err
	}
	return string(text[:len(text)-1]), nil
}

func (o *classicObject) property(r *bufio.Reader) error {
	field := func() (string, error) {
		text, err := r.ReadSlice(':')
		o.size += int64(len(text))
		if err != nil || len(text) > 100 {
			return "", errClassic
		}
		return string(text[:len(text)-1]), nil
	}
	name, err := field()
	if err != nil {
		return err
	}
	if _, err = field(); err != nil { // the type: names tell it, too
		return err
	}
	digits, err := field()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > maxClassicValue {
		return errClassic
	}
	value := make([]byte, 0, min(n+2, 1<<16))
	for len(value) < n+2 { // with ":" and line feed
		chunk := make([]byte, min(n+2-len(value), 1<<16))
		got, err := io.ReadFull(r, chunk)
		o.size += int64(got)
		if err != nil {
			return errClassic
		}
		value = append(value, chunk...)
	}
	if string(value[n:]) != ":\n" {
		return errClassic
	}
	o.props[name[1:]] = string(value[:n])
	return nil
}

// classicImport puts messages into a spool.
type classicImport struct {
	spool   *spool
	batch   *message.Batch
	origins map[string]*message.Origin
	peers   map[string]*message.Peer
}

// file reads a file from an offset on. It returns how many messages came, and how
// many bytes could not be read.
func (im *classicImport) file(fsys vfs.FS, path string, offset int64) (count int, bad int64, err error) {
	f, err := fsys.OpenFile(path, unix.O_RDONLY, 0)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	for offset < info.Size {
		n, end, err := im.objects(io.NewSectionReader(f, offset, info.Size-offset))
		count += n
		offset += end
		if err != nil && !errors.Is(err, errClassic) {
			return count, bad, err
		}
		if offset >= info.Size {
			break
		}
		skip, err := nextClassic(io.NewSectionReader(f, offset, info.Size-offset))
		if err != nil {
			return count, bad, err
		}
		bad += skip
		offset += skip
	}
	return count, bad, nil
}

// nextClassic returns how many bytes there are before the next message, from the
// second byte on.
func nextClassic(r io.Reader) (skip int64, err error) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadSlice('\n')
		if skip > 0 && string(line) == "<Obj:1:msg:1:\n" {
			return skip, nil
		}
		skip += int64(len(line))
		switch {
		case err == io.EOF:
			return skip, nil
		case err != nil && err != bufio.ErrBufferFull:
			return 0, err
		}
	}
}

// objects reads objects up to the first that is none. It returns the length of
// those that were put into the spool.
func (im *classicImport) objects(r io.Reader) (count int, end int64, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var size int64
	for {
		obj, err := readClassic(in)
		if err == nil && obj.kind == "msg" {
			if im.batch != nil && (im.batch.Len() >= maxRecordMessages || im.batch.Ruleset != obj.text("pszRuleset")) {
				n, flushed := im.flush()
				if count += n; flushed != nil {
					return count, end, flushed
				}
				end = size
			}
			im.add(&obj)
		}
		if err != nil {
			n, flushed := im.flush()
			if count += n; flushed != nil {
				return count, end, flushed
			}
			if err == io.EOF {
				err = nil
			}
			return count, size, err
		}
		size += obj.size
	}
}

// flush puts the messages collected so far into the spool.
func (im *classicImport) flush() (int, error) {
	if im.batch == nil {
		return 0, nil
	}
	b := im.batch
	im.batch = nil
	defer b.Release()
	return im.spool.append(b, 0, oneFlow)
}
