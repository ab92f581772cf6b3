package store

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

func TestADiskThatIsNearlyFullIsTold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		st   unix.Statfs_t
		want string
	}{
		{"room", unix.Statfs_t{Bsize: 4096, Blocks: 1 << 20, Bavail: 1 << 18, Files: 1 << 20, Ffree: 1 << 18}, ""},
		{"little room", unix.Statfs_t{Bsize: 4096, Blocks: 1 << 20, Bavail: 1 << 10, Files: 1 << 20, Ffree: 1 << 18}, "4 MiB"},
		{"a hundredth of much", unix.Statfs_t{Bsize: 4096, Blocks: 1 << 30, Bavail: 1 << 20, Files: 1 << 30, Ffree: 1 << 20}, ""},
		{"few inodes", unix.Statfs_t{Bsize: 4096, Blocks: 1 << 20, Bavail: 1 << 18, Files: 1 << 20, Ffree: 7}, "7 inodes"},
		{"no inodes at all", unix.Statfs_t{Bsize: 4096, Blocks: 1 << 20, Bavail: 1 << 18}, ""},
	} {
		s, _, _, log := newMemStore(t, newClock())
		mustFile(t, s, "/fixed/a.log", Options{})
		s.Cache(&Options{}, "/log/%", 0)
		asked := map[string]bool{}
		s.checkRoom(func(path string, st *unix.Statfs_t) error {
			asked[path] = true
			*st = tc.st
			st.Fsid.Val[0] = int32(len(asked))
			return nil
		})
		err := s.Health()
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if !asked["/fixed"] || !asked["/log"] {
			t.Errorf("asked for %v", asked)
		}
		if told := strings.Contains(reported(s, log), "nearly full"); told != (tc.want != "") {
			t.Errorf("%s: in the log: %v", tc.name, told)
		}
		s.checkRoom(func(string, *unix.Statfs_t) error { return nil })
		if err := s.Health(); err != nil {
			t.Errorf("%s: after there is room again: %v", tc.name, err)
		}
	}
}

// Directories of one file system are one disk that is nearly full.
func TestADiskThatIsNearlyFullIsNamedOnce(t *testing.T) {
	t.Parallel()
	s, _, _, _ := newMemStore(t, newClock())
	for _, name := range []string{"/a/x.log", "/b/x.log", "/other/x.log"} {
		mustFile(t, s, name, Options{})
	}
	s.checkRoom(func(path string, st *unix.Statfs_t) error {
		*st = unix.Statfs_t{Bsize: 4096, Blocks: 1 << 20, Bavail: 10}
		if path == "/other" {
			st.Fsid.Val[0] = 1
		}
		return nil
	})
	if err := s.Health(); err == nil || strings.Count(err.Error(), "the file system of") != 2 {
		t.Errorf("health: %v, want two file systems", err)
	}
}

func TestHealthNamesFilesThatCanNotBeWritten(t *testing.T) {
	t.Parallel()
	s, fault, _, _ := newMemStore(t, newClock())
	fault.Set(func(op vfs.Op) vfs.Verdict {
		return vfs.Verdict{Err: onlyIf(op.Kind == "open" && op.Path != "/log", unix.EACCES)}
	})
	c := s.Cache(&Options{Isolate: true}, "/log/", 0)
	for i := range 9 {
		send(t, c, "", fmt.Sprintf("/log/%d", i))
	}
	err := s.Health()
	if err == nil || strings.Count(err.Error(), "/log/") != maxNamed || !strings.Contains(err.Error(), "4 more files") {
		t.Errorf("health: %v", err)
	}
}
