package imfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
	"syslogd/module"
)

// statePrefix begins the names of state files.
const statePrefix = "imfile-state:"

// state is the content of a state file. The names are rsyslogd's; it can go on
// where this server stopped, and the other way round.
type state struct {
	Filename string `json:"filename"`
	WasNL    int    `json:"prev_was_nl"`
	Offset   int64  `json:"curr_offs"`
	// Start is where the message begins whose start rsyslogd has read; it is in
	// one of the segments.
	Start       int64  `json:"strt_offs"`
	LineSegment string `json:"prev_line_segment,omitempty"`
	MsgSegment  string `json:"prev_msg_segment,omitempty"`

	// HeadLen and Head are the fingerprint of the first bytes that were read: a
	// new file may have the inode of an old one.
	HeadLen int    `json:"head_len,omitempty"`
	Head    string `json:"head,omitempty"`
	// SkipLine and SkipMsg are set inside a message that was too long.
	SkipLine bool `json:"skip_line,omitempty"`
	SkipMsg  bool `json:"skip_msg,omitempty"`
}

// headSize is how much of a file its fingerprint covers.
const headSize = 512

// position is where reading goes on.
func (s *state) position() int64 {
	if s.LineSegment != "" || s.MsgSegment != "" {
		// What rsyslogd has read of a message is read again.
		return s.Start
	}
	return s.Offset
}

// stateStore reads and writes the state files of an input.
type stateStore struct {
	fs  vfs.FS
	dir string
}

// name is that of a file's state: rsyslogd's, and a number where several inputs
// read one file. head is the fingerprint of the first 512 bytes, empty for a
// file that is shorter.
func stateName(ino uint64, head string, nth int) string {
	name := fmt.Sprintf("%s%d", statePrefix, ino)
	if head != "" {
		name += ":" + head
	}
	if nth > 0 {
		name += fmt.Sprintf("#%d", nth)
	}
	return name
}

// pattern is that of all state files.
func (s *stateStore) pattern() []string {
	return []string{module.FilePattern(filepath.Join(s.dir, statePrefix))[0] + "*"}
}

// load returns the state of that name, nil if there is none.
func (s *stateStore) load(name string) (*state, error) {
	path := filepath.Join(s.dir, name)
	text, err := vfs.ReadFile(s.fs, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	st := new(state)
	if err := json.Unmarshal(text, st); err != nil {
		return nil, fmt.Errorf("state file %s: %w", path, err)
	}
	if p := st.position(); p < 0 {
		return nil, fmt.Errorf("state file %s: offset %d", path, p)
	}
	return st, nil
}

// save writes a state so that either the old or the new one is there.
func (s *stateStore) save(name string, st *state) error {
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, name)
	tmp := path + ".tmp"
	f, err := s.fs.OpenFile(tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = vfs.WriteFull(f, text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.fs.Rename(tmp, path)
	}
	if err != nil {
		s.fs.Remove(tmp)
	}
	return err
}

// remove removes a state that is there.
func (s *stateStore) remove(name string) error {
	if err := s.fs.Remove(filepath.Join(s.dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// headOf returns the fingerprint of the first n bytes of f, or "" if it has less.
func headOf(f vfs.File, n int) (string, error) {
	buf := make([]byte, n)
	got, err := f.ReadAt(buf, 0)
	if got < n {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return "", err
	}
	return fingerprint(buf), nil
}
