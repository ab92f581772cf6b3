package output

import (
	"errors"
	"log/slog"
	"os"
	"strconv"
	"sync"

	"syslogd/message"
)

// ErrorFile is where messages go that an action has given up (action.errorFile):
// a JSON object a line, with the members that rsyslogd writes and the reason. The
// file is opened for each batch of them, so that it can be moved away at any
// time.
type ErrorFile struct {
	// Path of the file, Action the name that the records carry.
	Path, Action string
	// MaxSize is the size at which no more is written; 0 is no limit.
	MaxSize int64
	Log     *slog.Logger
	// Private is how many of the last templates are not shown.
	Private int

	mu     sync.Mutex // guards what follows, and the order of records
	buf    []byte
	failed bool // the last write; said once
	full   bool // said once
}

// Codes of rsyslogd for why a message was given up.
const (
	codeSuspended = -2007
	codeDataFail  = -2218
)

// errorFileMode is the mode that rsyslogd creates the file with.
const errorFileMode = 0o640

// Write appends the records of b. A nil ErrorFile writes nothing.
func (f *ErrorFile) Write(b *Batch, code int, reason error) {
	if f == nil || b.Len() == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.write(b, code, reason)
	if err != nil && !f.failed {
		f.Log.Error("messages can not be written to the error file", "file", f.Path, "err", err)
	}
	f.failed = err != nil
}

func (f *ErrorFile) write(b *Batch, code int, reason error) (err error) {
	file, err := os.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, errorFileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	room := int64(-1)
	if f.MaxSize > 0 {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		room = f.MaxSize - info.Size()
	}
	f.buf = f.buf[:0]
	full := false
	for i := range b.Len() {
		end := len(f.buf)
		f.buf = f.appendRecord(f.buf, b, i, code, reason)
		if room >= 0 && int64(len(f.buf)) > room {
			// Unlike rsyslogd, which cuts the last record: a line is whole or not there.
			f.buf, full = f.buf[:end], true
			break
		}
	}
	if full && !f.full {
		f.Log.Warn("the error file has reached its size, what follows is only counted", "file", f.Path)
	}
	f.full = full
	_, err = file.Write(f.buf)
	return err
}

func (f *ErrorFile) appendRecord(dst []byte, b *Batch, i, code int, reason error) []byte {
	dst = append(dst, `{ "action": `...)
	dst = message.AppendJSONString(dst, f.Action)
	dst = append(dst, `, "status": `...)
	dst = strconv.AppendInt(dst, int64(code), 10)
	for t := range b.Parts[:len(b.Parts)-f.Private] {
		dst = append(dst, `, "template`...)
		dst = strconv.AppendInt(dst, int64(t), 10)
		dst = append(dst, `": `...)
		dst = message.AppendJSONString(dst, string(b.Parts[t].At(i)))
	}
	if reason != nil {
		dst = append(dst, `, "reason": `...)
		dst = message.AppendJSONString(dst, reason.Error())
	}
	return append(dst, " }\n"...)
}
