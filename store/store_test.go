package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"syslogd/internal/vfs"
)

func TestAppendedRecordsAreInTheFileAfterFlushIdle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := New(vfs.OS{}, nil, nil)
	f, err := s.File(filepath.Join(dir, "a/b/out.log"), &Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for i := range 3 {
		line := fmt.Sprintf("line %d\n", i)
		want += line
		if err := f.Append([]byte(line), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile(f.Path()); len(got) != 0 {
		t.Errorf("before FlushIdle the file has %q", got)
	}
	s.FlushIdle()
	if got, _ := os.ReadFile(f.Path()); string(got) != want {
		t.Errorf("after FlushIdle the file has %q, want %q", got, want)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
