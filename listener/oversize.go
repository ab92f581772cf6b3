package listener

import (
	"errors"
	"log/slog"
	"os"
	"sync"

	"syslogd/message"
)

// OversizeFile is where messages are recorded that are longer than a message may
// be (oversizemsg.errorfile): a JSON object a line, with the members that rsyslogd
// writes. The file is opened for each record, so that it can be moved away at any
// time.
type OversizeFile struct {
	Path string
	// Limit is the length from which on messages are recorded.
	Limit int
	Log   *slog.Logger

	mu     sync.Mutex // guards what follows, and the order of records
	buf    []byte
	failed bool // the last write; said once
}

// oversizeFileMode is the mode that rsyslogd creates the file with.
const oversizeFileMode = 0o640

// Record appends a message of an input. A nil OversizeFile records nothing.
func (f *OversizeFile) Record(text []byte, input string) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.record(text, input)
	if err != nil && !f.failed {
		f.Log.Error("oversize messages can not be recorded", "file", f.Path, "err", err)
	}
	f.failed = err != nil
}

// exceeds reports whether a message that no reader cut is too long.
func (f *OversizeFile) exceeds(text []byte) bool { return f != nil && len(text) > f.Limit }

func (f *OversizeFile) record(text []byte, input string) error {
	f.buf = message.AppendJSONEscaped(append(f.buf[:0], `{ "rawmsg": "`...), text)
	f.buf = message.AppendJSONEscaped(append(f.buf, `", "input": "`...), input)
	f.buf = append(f.buf, "\" }\n"...)
	file, err := os.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, oversizeFileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(f.buf)
	return errors.Join(err, file.Close())
}
