package store

import (
	"syslogd/internal/barrier"
)

// A panic in what is done to a file is an error of that file: it is said in the log with
// the calls that led there, and the file is one that can not be written for now. Its
// records are kept and tried again as after any other error, all other files go on.

// guard is deferred where something is done to the file; a panic becomes *err.
func (f *File) guard(op string, err *error) {
	if v := recover(); v != nil {
		*err = f.panicked(op, barrier.Caught(v))
	}
}

// panicked reports a panic and makes it an error.
func (f *File) panicked(op string, p *barrier.Panic) error {
	f.s.stats.panics.Add(1)
	f.s.report.error("panic at a file, it is tried again", "file", f.path, "op", op, "panic", p.Value, "stack", p.Stack)
	return &WriteError{f.path, p}
}
