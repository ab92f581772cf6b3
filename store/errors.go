package store

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// OpenError says that a file could not be opened, created, or given its owner.
// The record that was appended is not taken.
type OpenError struct {
	Path string
	// Op is "open", "mkdir" or "chown".
	Op  string
	Err error
}

func (e *OpenError) Error() string { return e.Err.Error() }
func (e *OpenError) Unwrap() error { return e.Err }

// WriteError says that bytes taken earlier could not be written. They are kept
// and tried again, once a second and with every Append; the record that was
// appended is not taken. See NoSpace.
type WriteError struct {
	Path string
	Err  error
}

func (e *WriteError) Error() string { return e.Err.Error() }
func (e *WriteError) Unwrap() error { return e.Err }

// SizeLimitError says that a file is beyond SizeLimit and SizeCommand did not
// change that. The text is rsyslogd's.
type SizeLimitError struct {
	Path string
	// Err is why the command could not be run, or nil.
	Err error
}

func (e *SizeLimitError) Error() string {
	s := fmt.Sprintf("file size limit cmd for file '%s' did no resolve situation ", e.Path)
	if e.Err != nil {
		s += "(" + e.Err.Error() + ")"
	}
	return s
}

func (e *SizeLimitError) Unwrap() error { return e.Err }

// ErrClosed is returned by what is used after it was closed.
var ErrClosed = errors.New("file closed")

// NoSpace reports whether err says that a disk or a quota is full.
func NoSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

// tooManyOpen reports whether err says that descriptors have run out.
func tooManyOpen(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE)
}
