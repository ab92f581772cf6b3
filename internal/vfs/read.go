package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrNotRegular says that a file that a configuration names is a directory, a
// device or a pipe, which might never end.
var ErrNotRegular = errors.New("not a regular file")

// ReadRegular reads a file that a configuration names, if it is a regular one of
// at most limit bytes.
func ReadRegular(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &os.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = &os.PathError{Op: "read", Path: name, Err: fmt.Errorf("more than %d MiB", limit>>20)}
	}
	return text, err
}
