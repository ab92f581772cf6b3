package selflog

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"syslogd/message"
)

// File writes own messages to a file, a line each. It is opened for each one, so
// that it can be moved away at any time.
type File struct {
	path string
	now  func() time.Time
}

// NewFile returns a File for the path. Nothing is opened before the first message.
func NewFile(path string, now func() time.Time) *File {
	if now == nil {
		now = time.Now
	}
	return &File{path, now}
}

// Send is a Sink. A file that can not be written costs the message.
func (f *File) Send(_ message.Severity, tag, text string) bool {
	// A pipe that nobody reads must not hold up the server.
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return false
	}
	_, err = fmt.Fprintf(file, "%s %s %s\n", f.now().Format(time.Stamp), tag, text)
	return file.Close() == nil && err == nil
}
