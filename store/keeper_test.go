package store

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

func TestOnlyExactBackupNamesAreOurs(t *testing.T) {
	t.Parallel()
	files := map[string]Rotation{"out.log": {}, "noext": {}, ".hidden": {}, "a.b.log": {}, "z.log.gz": {}, "n.123": {}}
	const at = "2026-03-01T10-00-00.123"
	for _, c := range []struct {
		name, file string
		zip        Compression
		temp       bool
	}{
		{"out-" + at + ".log", "out.log", None, false},
		{"out-" + at + ".log.gz", "out.log", Gzip, false},
		{"out-" + at + ".log.zst", "out.log", Zstd, false},
		{"out-" + at + ".log.gz.tmp", "out.log", Gzip, true},
		{"noext-" + at, "noext", None, false},
		{"noext-" + at + ".gz", "noext", Gzip, false},
		{"-" + at + ".hidden", ".hidden", None, false},
		{"a.b-" + at + ".log", "a.b.log", None, false},
		{"z.log-" + at + ".gz", "z.log.gz", None, false},
		{"n-" + at + ".123", "n.123", None, false},
		{"out.log", "", None, false},
		{"out-" + at, "", None, false},
		{"out.log-" + at, "", None, false},
		{"out-" + at + ".log.1", "", None, false},
		{"out-" + at + ".log.bz2", "", None, false},
		{"out-" + at + ".log.tmp", "", None, false},
		{"out-" + at + "x.log", "", None, false},
		{"out-x" + at + ".log", "", None, false},
		{"out2-" + at + ".log", "", None, false},
		{"out-2026-13-01T10-00-00.123.log", "", None, false},
		{"out-2026-03-01T10-00-00.12a.log", "", None, false},
		{"out-2026-03-01T10-00-00,123.log", "", None, false},
		{"out-2026-03-01.log", "", None, false},
	} {
		file, b, ok := parseBackup(c.name, files)
		if ok != (c.file != "") {
			t.Errorf("%s: ours is %v", c.name, ok)
			continue
		}
		if ok && (file != c.file || b.at != at || b.zip != c.zip || b.temp != c.temp) {
			t.Errorf("%s: of %s, %+v", c.name, file, b)
		}
	}
}

// keep has the backups in dir treated as r says.
func keep(t testing.TB, s *Store, dir string, r Rotation) []string {
	t.Helper()
	s.keeper.later(s.fs, dir+"/out.log", &r)
	s.keeper.work(t.Context())
	names, err := s.fs.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func put(t testing.TB, fsys vfs.FS, path, text string) {
	t.Helper()
	f, err := fsys.OpenFile(path, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestRetentionByCountAndAge(t *testing.T) {
	t.Parallel()
	clock := newClock()
	for _, c := range []struct {
		name string
		r    Rotation
		want int
	}{
		{"count", Rotation{Size: 1, MaxBackups: 3}, 3},
		{"age", Rotation{Size: 1, MaxAge: 49 * time.Hour}, 2},
		{"both", Rotation{Size: 1, MaxBackups: 4, MaxAge: 73 * time.Hour}, 3},
		{"neither", Rotation{Size: 1}, 10},
	} {
		s, _, mem, _ := newMemStore(t, clock)
		for i := range 10 {
			at := clock.Now().Add(-time.Duration(i+1) * 24 * time.Hour).UTC().Format(backupTime)
			put(t, mem, "/out-"+at+".log", "x\n")
		}
		ours := []string{"/out.log", "/out-1.log", "/other-2020-01-01T00-00-00.000.log", "/out-2020-01-01.log"}
		for _, p := range ours {
			put(t, mem, p, "x\n")
		}
		names := keep(t, s, "/", c.r)
		if len(names) != c.want+len(ours) {
			t.Errorf("%s: %v", c.name, names)
		}
		for _, p := range ours {
			if !slices.Contains(names, p[1:]) {
				t.Errorf("%s: %s is gone", c.name, p)
			}
		}
		if c.want < 10 && slices.Contains(names, "out-2026-02-19T09-00-00.000.log") {
			t.Errorf("%s: the oldest was kept", c.name)
		}
	}
}

func TestPlainAndCompressedBackupOfOneTimeCountOnce(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, newClock())
	put(t, mem, "/out-2026-02-01T00-00-00.000.log", "old\n")
	put(t, mem, "/out-2026-02-02T00-00-00.000.log", "new\n")
	// A crash came between the rename and the removal.
	put(t, mem, "/out-2026-02-02T00-00-00.000.log.gz", "whatever")
	got := keep(t, s, "/", Rotation{Size: 1, MaxBackups: 2, Compress: Gzip})
	want := []string{"out-2026-02-01T00-00-00.000.log.gz", "out-2026-02-02T00-00-00.000.log.gz"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if text, err := unzip(Gzip, content(mem, "/"+want[1])); text != "new\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestCrashWhileCompressingLosesNothing(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a line of the log\n", 50000)
	const name = "/out-2026-02-01T00-00-00.000.log"
	kinds := []string{"write", "sync", "close", "rename", "remove", "read", "open"}
	for _, kind := range kinds {
		s, fault, mem, _ := newMemStore(t, newClock())
		put(t, mem, name, text)
		fault.Set(func(op vfs.Op) vfs.Verdict {
			if op.Kind == kind {
				return vfs.Verdict{Err: unix.EIO}
			}
			return vfs.Verdict{}
		})
		keep(t, s, "/", Rotation{Size: 1, Compress: Zstd})
		plain, zipped := content(mem, name), content(mem, name+".zst")
		if plain != text && zipped == "" {
			t.Errorf("%s failed: the backup is gone", kind)
		}
		if got, err := unzip(Zstd, zipped); zipped != "" && (got != text || err != nil) {
			t.Errorf("%s failed: half a file has the final name", kind)
		}
		fault.Set(nil)
		got := keep(t, s, "/", Rotation{Size: 1, Compress: Zstd})
		if !slices.Equal(got, []string{name[1:] + ".zst"}) {
			t.Errorf("%s failed: the next sweep leaves %v", kind, got)
		}
		if got, err := unzip(Zstd, content(mem, name+".zst")); got != text || err != nil {
			t.Errorf("%s failed: after the next sweep %d bytes, %v", kind, len(got), err)
		}
	}
}

// growFS appends a line to a file when that is first read.
type growFS struct {
	vfs.FS
	path string
	done bool
}

type growFile struct {
	vfs.File
	fs *growFS
}

func (g *growFS) OpenFile(name string, flags int, perm uint32) (vfs.File, error) {
	f, err := g.FS.OpenFile(name, flags, perm)
	if err != nil || name != g.path {
		return f, err
	}
	return growFile{f, g}, nil
}

func (f growFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if !f.fs.done {
		f.fs.done = true
		h, _ := f.fs.FS.OpenFile(f.fs.path, openFlags, 0)
		_, _ = h.Write([]byte("late\n"))
	}
	return n, err
}

func TestABackupThatIsStillWrittenIsNotReplaced(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, newClock())
	const name = "/out-2026-02-01T00-00-00.000.log"
	put(t, mem, name, "x\n")
	s.fs = &growFS{FS: mem, path: name}
	if got := keep(t, s, "/", Rotation{Size: 1, Compress: Gzip}); !slices.Equal(got, []string{name[1:]}) {
		t.Errorf("%v", got)
	}
	keep(t, s, "/", Rotation{Size: 1, Compress: Gzip})
	if text, err := unzip(Gzip, content(mem, name+".gz")); text != "x\nlate\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestASweepThatIsStoppedLeavesTheBackup(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, newClock())
	const name = "/out-2026-02-01T00-00-00.000.log"
	put(t, mem, name, "x\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := Rotation{Size: 1, Compress: Gzip, MaxBackups: 1}
	s.keeper.later(s.fs, "/out.log", &r)
	s.keeper.work(ctx)
	wantContent(t, mem, name, "x\n")
}

func TestWhatOnlyHasTheNameOfABackupIsNotTouched(t *testing.T) {
	t.Parallel()
	s, log := newOSStore(t, nil)
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("keep me\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, dir+"/out-2020-01-01T00-00-00.000.log"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/out-2020-01-02T00-00-00.000.log", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(dir+"/out-2020-01-03T00-00-00.000.log", 0o600); err != nil {
		t.Fatal(err)
	}
	if got := keep(t, s, dir, Rotation{Size: 1, MaxAge: time.Hour, Compress: Gzip}); len(got) != 4 {
		t.Errorf("%v", got)
	}
	if got := keep(t, s, dir, Rotation{Size: 1, Compress: Gzip}); len(got) != 4 {
		t.Errorf("%v\n%s", got, reported(s, log))
	}
}

func TestMadeUpBackupNamesDoNotPushRealOnesOut(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	c := s.Cache(&Options{Rotation: Rotation{Size: 10, MaxBackups: 1}}, dir+"/", 0)
	add := func(name string) {
		t.Helper()
		if err := appendTo(c, []byte(dir+"/"+name), []byte("some line\n")); err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	add("sshd.log")
	add("sshd.log")
	add("sshd-2099-01-01T00-00-00.000.log")
	s.keeper.work(t.Context())
	if got := backups(t, dir, "sshd.log"); len(got) != 1 || strings.Contains(got[0], "2099") {
		t.Errorf("%v", got)
	}
}
