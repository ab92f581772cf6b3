package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
	"syslogd/message"
)

// Report is what is found in a queue's directory.
type Report struct {
	Dir      string          `json:"dir"`
	Segments []SegmentReport `json:"files"`
	// Waiting messages are those that are not processed yet.
	Waiting int   `json:"waiting"`
	Bytes   int64 `json:"bytes"`
	// SetAside are damaged files of earlier runs.
	SetAside []string `json:"set_aside,omitempty"`
}

// SegmentReport is what is found in a file.
type SegmentReport struct {
	Name     string `json:"name"`
	Records  int    `json:"records"`
	Messages int    `json:"messages"`
	Bytes    int64  `json:"bytes"`
	// Bad is how many bytes in the middle are no records, Tail how many at the
	// end: a write that a crash tore, or one that is going on.
	Bad  int64 `json:"bad_bytes"`
	Tail int64 `json:"torn_bytes"`
}

// Damaged reports whether anything but a torn end was found.
func (r *Report) Damaged() bool {
	return slices.ContainsFunc(r.Segments, func(s SegmentReport) bool { return s.Bad > 0 })
}

// Directories returns the directories of queues below dir: itself, or those in it.
func Directories(fsys vfs.FS, dir string) ([]string, error) {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, name := range names {
		if strings.HasSuffix(name, dirSuffix) {
			dirs = append(dirs, filepath.Join(dir, name))
		}
	}
	slices.Sort(dirs)
	if strings.HasSuffix(filepath.Clean(dir), dirSuffix) || slices.Contains(names, positionName) {
		return []string{dir}, nil
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("%s: there is no queue", dir)
	}
	return dirs, nil
}

// Inspect reads a queue's directory, whether a server uses it or not. each, if not
// nil, is called with every message that waits, in order.
func Inspect(fsys vfs.FS, dir string, each func(m *message.Message, ruleset string) error) (*Report, error) {
	r := &Report{Dir: dir}
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, badSuffix) {
			r.SetAside = append(r.SetAside, name)
		}
	}
	slices.Sort(r.SetAside)
	pos, _, err := readPosition(fsys, dir)
	if err != nil {
		return nil, err
	}
	list, err := segmentsIn(fsys, dir)
	if err != nil {
		return nil, err
	}
	var dec message.Decoder
	for _, seg := range list {
		if err := r.segment(fsys, seg, &pos, &dec, each); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Report) segment(fsys vfs.FS, seg *segment, pos *position, dec *message.Decoder, each func(m *message.Message, ruleset string) error) error {
	s := SegmentReport{Name: seg.name}
	var failed error
	got, err := scan(fsys, r.Dir, seg, func(rec *record, _ uint64) {
		s.Records++
		s.Messages += rec.msgs
		all, first := pos.done(rec.seq)
		if all {
			return
		}
		r.Waiting += max(0, rec.msgs-first)
		if each != nil && failed == nil {
			failed = exportRecord(dec, rec, first, each)
		}
	})
	if err != nil {
		return err
	}
	s.Bytes, s.Bad, s.Tail = got.size, got.bad, got.size-got.tail
	r.Bytes += s.Bytes
	r.Segments = append(r.Segments, s)
	return failed
}

func exportRecord(dec *message.Decoder, rec *record, first int, each func(m *message.Message, ruleset string) error) error {
	b := message.NewBatch(nil)
	defer b.Release()
	if err := dec.Append(b, rec.body); err != nil {
		return fmt.Errorf("record %d: %w", rec.seq, err)
	}
	for i := min(first, b.Len()); i < b.Len(); i++ {
		if err := each(&b.Msgs[i], b.Ruleset); err != nil {
			return err
		}
	}
	return nil
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "%s\n", r.Dir)
	for _, s := range r.Segments {
		state := "whole"
		switch {
		case s.Bad > 0:
			state = fmt.Sprintf("damaged: %d bytes are no records", s.Bad)
		case s.Tail > 0:
			state = fmt.Sprintf("ends within a record, after %d bytes", s.Bytes-s.Tail)
		}
		fmt.Fprintf(w, "  %s  %d records, %d messages, %d bytes, %s\n", s.Name, s.Records, s.Messages, s.Bytes, state)
	}
	for _, name := range r.SetAside {
		fmt.Fprintf(w, "  %s  set aside: it was damaged\n", name)
	}
	fmt.Fprintf(w, "waiting %d messages, %d bytes in %d files\n", r.Waiting, r.Bytes, len(r.Segments))
}

// exported is a message as a line of JSON.
type exported struct {
	Ruleset        string          `json:"ruleset,omitempty"`
	Raw            string          `json:"rawmsg"`
	Parsed         bool            `json:"parsed"`
	PRI            int             `json:"pri"`
	Time           string          `json:"timereported,omitempty"`
	Received       string          `json:"timegenerated,omitempty"`
	Hostname       string          `json:"hostname,omitempty"`
	Tag            string          `json:"syslogtag,omitempty"`
	Msg            string          `json:"msg,omitempty"`
	AppName        string          `json:"app-name,omitempty"`
	ProcID         string          `json:"procid,omitempty"`
	MsgID          string          `json:"msgid,omitempty"`
	StructuredData string          `json:"structured-data,omitempty"`
	Input          string          `json:"inputname,omitempty"`
	From           string          `json:"fromhost,omitempty"`
	FromIP         string          `json:"fromhost-ip,omitempty"`
	JSON           json.RawMessage `json:"$!,omitempty"`
	Local          json.RawMessage `json:"$.,omitempty"`
}

// ExportLine returns a message as a line of JSON.
func ExportLine(m *message.Message, ruleset string) ([]byte, error) {
	e := exported{
		Ruleset: ruleset, Raw: string(m.Raw()), Parsed: m.Flags&message.Parsed != 0, PRI: int(m.PRI),
		Input: m.Origin.Name, From: string(m.Peer.Host()), FromIP: string(m.Peer.IP),
		Received: timeText(&m.Received),
	}
	if e.Parsed {
		e.Time, e.Hostname, e.Tag, e.Msg = timeText(&m.Reported), string(m.Hostname()), string(m.Tag(nil)), string(m.Msg())
		e.AppName, e.ProcID, e.MsgID, e.StructuredData = string(m.AppName()), string(m.ProcID()), string(m.MsgID()), string(m.StructuredData())
	}
	for _, v := range []struct {
		tree *message.Tree
		to   *json.RawMessage
	}{{m.JSON, &e.JSON}, {m.Local, &e.Local}} {
		if v.tree == nil {
			continue
		}
		if text := v.tree.Root.AppendJSON(nil, true); json.Valid(text) {
			*v.to = text
		}
	}
	line, err := json.Marshal(&e)
	return append(line, '\n'), err
}

func timeText(t *message.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	return string(t.AppendRFC3339(nil))
}

// Repair makes the files of a queue whole while no server uses them: records that
// can be read stay, a damaged file is kept beside the repaired one. It returns
// what it did, for people.
func Repair(fsys vfs.FS, dir string) (did []string, err error) {
	if locker, ok := fsys.(vfs.Locker); ok {
		l, err := locker.Lock(filepath.Join(dir, lockName))
		var locked *vfs.LockedError
		if errors.As(err, &locked) {
			return nil, fmt.Errorf("%s is used by the server with pid %d, which must be stopped first: %w", dir, locked.PID, ErrInUse)
		}
		if err != nil {
			return nil, err
		}
		defer l.Close()
	}
	list, err := segmentsIn(fsys, dir)
	if err != nil {
		return nil, err
	}
	for _, seg := range list {
		var good []byte
		got, err := scan(fsys, dir, seg, func(r *record, link uint64) {
			if good == nil {
				good = appendSegmentHeader(nil, seg.first, min(link, seg.first))
			}
			start := len(good)
			good = append(append(good, make([]byte, recordHeader)...), r.body...)
			resealRecord(good[start:], r)
		})
		if err != nil {
			return did, err
		}
		path := filepath.Join(dir, seg.name)
		switch {
		case got.bad > 0:
			if err := replace(fsys, path, good); err != nil {
				return did, err
			}
			did = append(did, fmt.Sprintf("%s: %d bytes that are no records were left out, the file as it was is %s", path, got.bad+got.size-got.tail, path+badSuffix))
		case got.size > got.tail:
			if err := truncate(fsys, path, got.tail); err != nil {
				return did, err
			}
			did = append(did, fmt.Sprintf("%s: cut to %d bytes", path, got.tail))
		}
	}
	return did, repairPosition(fsys, dir, &did)
}

// repairPosition cuts the end of a position that a crash tore.
func repairPosition(fsys vfs.FS, dir string, did *[]string) error {
	pos, torn, err := readPosition(fsys, dir)
	if err != nil || torn == 0 {
		return err
	}
	log := positionLog{fs: fsys, dir: dir}
	*did = append(*did, filepath.Join(dir, positionName)+": the last position that can be read counts")
	return errors.Join(log.write(&pos), log.close())
}

// replace puts text in the place of a file, which is kept beside it.
func replace(fsys vfs.FS, path string, text []byte) error {
	tmp := path + ".new"
	f, err := fsys.OpenFile(tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = vfs.WriteFull(f, text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(path, path+badSuffix); err != nil {
		return err
	}
	if len(text) == 0 {
		return fsys.Remove(tmp)
	}
	return fsys.Rename(tmp, path)
}
