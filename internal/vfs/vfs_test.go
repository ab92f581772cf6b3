package vfs

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

const appendFlags = unix.O_WRONLY | unix.O_CREAT | unix.O_APPEND

func create(t *testing.T, fsys FS, name, text string) File {
	t.Helper()
	f, err := fsys.OpenFile(name, appendFlags, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
	return f
}

func read(fsys FS, name string) string {
	p, err := ReadFile(fsys, name)
	if err != nil {
		return err.Error()
	}
	return string(p)
}

// TestBothFileSystemsAgree runs the same calls on the real file system and on
// the one in memory.
func TestBothFileSystemsAgree(t *testing.T) {
	t.Parallel()
	mem := NewMem()
	for _, c := range []struct {
		name string
		fs   FS
		dir  string
	}{{"os", OS{}, t.TempDir()}, {"mem", mem, "/d"}} {
		t.Run(c.name, func(t *testing.T) {
			var made []string
			if err := MkdirAll(c.fs, c.dir+"/a/b", 0o700, func(d string) error { made = append(made, d); return nil }); err != nil {
				t.Fatal(err)
			}
			if want := []string{c.dir + "/a", c.dir + "/a/b"}; !slices.Equal(made[len(made)-2:], want) {
				t.Errorf("made %v", made)
			}
			f := create(t, c.fs, c.dir+"/a/b/f", "one\n")
			g := create(t, c.fs, c.dir+"/a/b/f", "two\n")
			_, _ = f.Write([]byte("three\n"))
			if got := read(c.fs, c.dir+"/a/b/f"); got != "one\ntwo\nthree\n" {
				t.Errorf("content %q", got)
			}
			info, err := f.Stat()
			byName, err2 := c.fs.Stat(c.dir + "/a/b/f")
			if err != nil || err2 != nil || !SameFile(info, byName) || byName.Size != 14 || byName.Mode != 0o640 || byName.Nlink != 1 {
				t.Errorf("stat: %+v, %+v", info, byName)
			}
			if err := c.fs.Rename(c.dir+"/a/b/f", c.dir+"/a/g"); err != nil {
				t.Error(err)
			}
			if err := f.Truncate(4); err != nil {
				t.Error(err)
			}
			if err := f.Chmod(0o600); err != nil {
				t.Error(err)
			}
			if got := read(c.fs, c.dir+"/a/g"); got != "one\n" {
				t.Errorf("after truncate %q", got)
			}
			for what, err := range map[string]error{
				"open a missing file": third(c.fs.OpenFile(c.dir+"/a/b/f", unix.O_WRONLY, 0)),
				"stat a missing file": second(c.fs.Stat(c.dir + "/a/b/f")),
				"remove it":           c.fs.Remove(c.dir + "/a/b/f"),
			} {
				if !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, unix.ENOENT) {
					t.Errorf("%s: %v", what, err)
				}
			}
			for what, c := range map[string]struct{ err, want error }{
				"remove a full directory": {c.fs.Remove(c.dir + "/a"), unix.ENOTEMPTY},
				"create what exists":      {third(c.fs.OpenFile(c.dir+"/a/g", appendFlags|unix.O_EXCL, 0)), unix.EEXIST},
				"mkdir what exists":       {c.fs.Mkdir(c.dir+"/a", 0), unix.EEXIST},
				"a file as directory":     {third(c.fs.OpenFile(c.dir+"/a/g/x", appendFlags, 0)), unix.ENOTDIR},
				"mkdir below a file":      {MkdirAll(c.fs, c.dir+"/a/g/x", 0o700, nil), unix.ENOTDIR},
				"write to a directory":    {third(c.fs.OpenFile(c.dir+"/a", unix.O_WRONLY, 0)), unix.EISDIR},
			} {
				if !errors.Is(c.err, c.want) {
					t.Errorf("%s: %v, want %v", what, c.err, c.want)
				}
			}
			if err := SyncDir(c.fs, c.dir+"/a"); err != nil {
				t.Error(err)
			}
			names, err := c.fs.ReadDir(c.dir + "/a")
			slices.Sort(names)
			if err != nil || !slices.Equal(names, []string{"b", "g"}) {
				t.Errorf("names %v, %v", names, err)
			}
			if err := c.fs.Remove(c.dir + "/a/g"); err != nil {
				t.Error(err)
			}
			if info, _ := g.Stat(); info.Nlink != 0 {
				t.Errorf("links of a removed file: %d", info.Nlink)
			}
			for _, h := range []File{f, g} {
				if err := h.Close(); err != nil {
					t.Error(err)
				}
				if err := h.Close(); !errors.Is(err, fs.ErrClosed) {
					t.Errorf("second close: %v", err)
				}
			}
		})
	}
}

func second[A any](_ A, err error) error { return err }
func third(_ File, err error) error      { return err }

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	t.Parallel()
	m := NewMem()
	f := create(t, m, "/kept", "one\n")
	_ = f.Sync()
	_ = SyncDir(m, "/")
	_, _ = f.Write([]byte("two\n"))
	g := create(t, m, "/new", "x\n")
	_ = g.Sync()
	_ = m.Rename("/kept", "/renamed")
	m.Crash()
	if got := read(m, "/kept"); got != "one\n" {
		t.Errorf("synced file: %q", got)
	}
	names, _ := m.ReadDir("/")
	if !slices.Equal(names, []string{"kept"}) {
		t.Errorf("entries that no directory sync made durable: %v", names)
	}
	if _, err := f.Write([]byte("x")); err == nil {
		t.Error("a handle from before the crash still writes")
	}
}

func TestFullDiskCutsAWriteShort(t *testing.T) {
	t.Parallel()
	m := NewMem()
	f := create(t, m, "/f", "")
	m.SetSpace(3)
	n, err := f.Write([]byte("12345"))
	if n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := f.Write([]byte("45")); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("%v", err)
	}
	if n, err := WriteFull(f, []byte("45")); n != 0 || !errors.Is(err, unix.ENOSPC) {
		t.Errorf("%d, %v", n, err)
	}
}

func TestFaultFailsTheChosenCall(t *testing.T) {
	t.Parallel()
	m := NewMem()
	f := NewFault(m)
	f.Set(func(op Op) Verdict {
		switch {
		case op.Kind == "write" && op.N == 2:
			return Verdict{Short: 2, Err: unix.EIO}
		case op.Kind == "rename":
			return Verdict{Err: unix.EACCES}
		}
		return Verdict{}
	})
	h := create(t, f, "/f", "one\n")
	if n, err := h.Write([]byte("two\n")); n != 2 || !errors.Is(err, unix.EIO) {
		t.Errorf("second write: %d, %v", n, err)
	}
	if err := f.Rename("/f", "/g"); !errors.Is(err, unix.EACCES) {
		t.Errorf("rename: %v", err)
	}
	f.Set(nil)
	if n, err := WriteFull(h, []byte("o\n")); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := read(m, "/f"); got != "one\ntwo\n" {
		t.Errorf("%q", got)
	}
}
