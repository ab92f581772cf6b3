package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

func newOSStore(t testing.TB, clock *fakeClock) (*Store, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	var s *Store
	if clock == nil {
		s = New(vfs.OS{}, log.logger(), nil)
	} else {
		s = New(vfs.OS{}, log.logger(), clock.Now)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, log
}

func modeOf(t testing.TB, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestCreatedFilesAndDirectoriesHaveTheirModes(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	a := mustFile(t, s, dir+"/d1/d2/a.log", Options{FileMode: 0o600, DirMode: 0o750})
	b := mustFile(t, s, dir+"/e1/b.log", Options{})
	mustAppend(t, a, "x\n")
	mustAppend(t, b, "x\n")
	for path, want := range map[string]fs.FileMode{"d1": 0o750, "d1/d2": 0o750, "d1/d2/a.log": 0o600, "e1": 0o700, "e1/b.log": 0o644} {
		if got := modeOf(t, filepath.Join(dir, path)); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
	// An existing file keeps its mode.
	if err := os.Chmod(a.path, 0o640); err != nil {
		t.Fatal(err)
	}
	s.HUP()
	mustAppend(t, a, "y\n")
	if got := modeOf(t, a.path); got != 0o640 {
		t.Errorf("after reopening mode %o", got)
	}
}

func TestOwnerIsGivenAtCreationOnly(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, nil)
	_ = mem.Mkdir("/old", 0o700)
	o := Options{FileOwner: Owner{UID: 5, HasUID: true}, DirOwner: Owner{UID: 6, GID: 7, HasUID: true, HasGID: true}}
	f := mustFile(t, s, "/old/new/out.log", o)
	mustAppend(t, f, "x\n")
	for path, want := range map[string][2]int{"/old": {0, 0}, "/old/new": {6, 7}, "/old/new/out.log": {5, 0}} {
		info, err := mem.Stat(path)
		if err != nil || info.UID != want[0] || info.GID != want[1] {
			t.Errorf("%s: %d:%d (%v), want %v", path, info.UID, info.GID, err, want)
		}
	}
	_ = mem.Chown("/old/new/out.log", 9, 9)
	s.HUP()
	mustAppend(t, f, "y\n")
	if info, _ := mem.Stat("/old/new/out.log"); info.UID != 9 {
		t.Errorf("owner of an existing file became %d", info.UID)
	}

	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "chown" {
			return vfs.Verdict{Err: unix.EPERM}
		}
		return vfs.Verdict{}
	})
	g := mustFile(t, s, "/old/g/g.log", o)
	for _, what := range []string{"directory", "file"} {
		var open *OpenError
		if err := g.Append([]byte("x\n"), nil); !errors.As(err, &open) || open.Op != "chown" {
			t.Errorf("owner of the %s refused: %v", what, err)
		}
	}
	mustAppend(t, g, "written all the same\n")
	o.IgnoreChown = true
	h := mustFile(t, s, "/old/h/h.log", o)
	mustAppend(t, h, "x\n")
}

func TestMissingDirectoryWithCreateDirsOff(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	f := mustFile(t, s, filepath.Join(t.TempDir(), "no/out.log"), Options{NoDirs: true})
	var open *OpenError
	if err := f.Append([]byte("x\n"), nil); !errors.As(err, &open) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := os.Mkdir(filepath.Dir(f.path), 0o700); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, f, "x\n")
}

func TestAFileInThePlaceOfADirectory(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	mustAppend(t, mustFile(t, s, dir+"/a", Options{}), "x\n")
	f := mustFile(t, s, dir+"/a/b/c.log", Options{})
	var open *OpenError
	if err := f.Append([]byte("x\n"), nil); !errors.As(err, &open) || !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("got %v", err)
	}
}

func TestFIFOWithoutReaderDoesNotHang(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f := mustFile(t, s, path, Options{Rotation: Rotation{Size: 10}})
	mustAppend(t, f, "one\n", "two\n")
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := make([]byte, 100)
	n, err := r.Read(p)
	if string(p[:n]) != "one\ntwo\n" {
		t.Errorf("reader got %q, %v", p[:n], err)
	}
}

func TestFullFIFOKeepsTheRestAndLosesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f := mustFile(t, s, path, Options{})
	want := &strings.Builder{}
	for n := 0; ; n++ {
		line := loadLine(0, n)
		err := f.Append([]byte(line), nil)
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil || n > 1e6 {
			t.Fatal(n, err)
		}
		want.WriteString(line)
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := &strings.Builder{}
	p := make([]byte, 64<<10)
	for done := false; !done; {
		n, _ := r.Read(p)
		got.Write(p[:n])
		done = f.Flush() == nil
	}
	n, _ := r.Read(p)
	got.Write(p[:n])
	if got.String() != want.String() {
		t.Errorf("reader got %d bytes, %d were taken", got.Len(), want.Len())
	}
}

func TestNullDeviceIsNotWritten(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	f := mustFile(t, s, "/dev/null", Options{Sync: true, Rotation: Rotation{Size: 1}, ZipLevel: 6})
	for range 1000 {
		mustAppend(t, f, "x\n")
	}
	if err := f.Flush(); err != nil {
		t.Error(err)
	}
	if st := s.Stats(); st.Writes != 0 || st.Rotations != 0 {
		t.Errorf("%+v", st)
	}
}

func TestSymbolicLinkAsLastComponent(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	if err := os.Symlink("target.log", dir+"/link.log"); err != nil {
		t.Fatal(err)
	}
	no := mustFile(t, s, dir+"/link.log", Options{Links: NoLinks})
	if err := no.Append([]byte("x\n"), nil); !errors.Is(err, unix.ELOOP) {
		t.Errorf("with NoFollow: %v", err)
	}
	yes := mustFile(t, s, dir+"/link.log", Options{})
	mustAppend(t, yes, "x\n")
	if err := yes.Flush(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, vfs.OS{}, dir+"/target.log", "x\n")
}

func TestFileLimitLeavesRoomForSockets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit uint64
		want  int64
	}{{1024, 768}, {20000, 15000}, {300, 44}, {64, 16}, {1 << 40, 262144}} {
		if got := budgetOf(c.limit); got != c.want {
			t.Errorf("limit %d: %d files, want %d", c.limit, got, c.want)
		}
	}
	if n, err := RaiseFileLimit(); err != nil || n == 0 {
		t.Errorf("raise: %d, %v", n, err)
	}
}
