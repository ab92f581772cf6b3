package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// allTexts returns what is in the backups of name and in name itself, oldest first.
func allTexts(t testing.TB, dir, name string) []string {
	t.Helper()
	var texts []string
	for _, b := range backups(t, dir, name) {
		texts = append(texts, readAll(t, filepath.Join(dir, b)))
	}
	return append(texts, readAll(t, filepath.Join(dir, name)))
}

func TestRotationUnderLoadLosesAndTearsNothing(t *testing.T) {
	t.Parallel()
	for _, z := range []Compression{None, Gzip, Zstd} {
		t.Run(fmt.Sprint(z), func(t *testing.T) {
			t.Parallel()
			s, log := newOSStore(t, nil)
			s.keeper.delay = time.Millisecond
			running(t, s)
			dir := t.TempDir()
			f := mustFile(t, s, dir+"/out.log", Options{Rotation: Rotation{Size: 8 << 10, Compress: z}})
			const writers = 4
			lines := 0
			// Rotations are 2 ms apart, so their number depends on the machine.
			for lines < 1000 || lines < 100000 && s.Stats().Rotations < 5 {
				load(t, writers, lines, lines+500, plain(f))
				lines += 500
			}
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
			n := int(s.Stats().Rotations)
			if n < 5 {
				t.Errorf("%d rotations", n)
			}
			if z != None {
				waitFor(t, "backups are not compressed", func() bool { return s.Stats().Compressed == uint64(n) })
			}
			list := backups(t, dir, "out.log")
			if len(list) != n {
				t.Errorf("%d rotations left %d backups", n, len(list))
			}
			for _, b := range list {
				if !strings.HasSuffix(b, ".log"+z.suffix()) {
					t.Errorf("backup %s", b)
				}
			}
			checkLoad(t, allTexts(t, dir, "out.log"), writers, lines)
			if log := reported(s, log); log != "" {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestAFileDoesNotGrowBeyondItsSize(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _, mem, _ := newMemStore(t, clock)
	f := mustFile(t, s, "/out.log", Options{Rotation: Rotation{Size: 100}})
	for range 10 {
		clock.Add(time.Second)
		mustAppend(t, f, string(record(40)))
	}
	_ = s.Close()
	names, _ := mem.ReadDir("/")
	if len(names) != 5 {
		t.Errorf("files: %v", names)
	}
	for _, name := range names {
		if n := len(content(mem, "/"+name)); n != 80 {
			t.Errorf("%s has %d bytes", name, n)
		}
	}
}

func TestTwoRotationsInAMillisecondDoNotReplaceEachOther(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _, mem, _ := newMemStore(t, clock)
	f := mustFile(t, s, "/out.log", Options{Rotation: Rotation{Size: 100}})
	var want strings.Builder
	for n := range 10 {
		line := fmt.Sprintf("%s%02d\n", record(90)[:89], n)
		want.WriteString(line)
		mustAppend(t, f, line)
		s.FlushIdle()
		clock.Add(300 * time.Microsecond)
	}
	_ = s.Close()
	names, _ := mem.ReadDir("/")
	var got strings.Builder
	for _, name := range names {
		got.WriteString(content(mem, "/"+name))
	}
	if got.String() != want.String() {
		t.Errorf("%d of %d bytes in %v", got.Len(), want.Len(), names)
	}
}

func TestRotatedFileKeepsModeAndOwner(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	o := Options{FileMode: 0o600, FileOwner: Owner{UID: 7, GID: 8, HasUID: true, HasGID: true}, Rotation: Rotation{Size: 10, Compress: Gzip}}
	f := mustFile(t, s, dir+"/out.log", o)
	mustAppend(t, f, "first line\n")
	s.FlushIdle()
	// Wider than the umask allows: lumberjack's successor lacks these bits.
	if err := os.Chmod(f.path, 0o666); err != nil {
		t.Fatal(err)
	}
	s.HUP()
	mustAppend(t, f, "second line\n")
	s.FlushIdle()
	s.keeper.work(t.Context())
	list := backups(t, dir, "out.log")
	if len(list) != 1 {
		t.Fatalf("backups: %v", list)
	}
	for name, mode := range map[string]os.FileMode{"out.log": 0o666, list[0]: 0o666} {
		info, err := vfs.OS{}.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode.Perm() != mode || info.UID != 7 || info.GID != 8 {
			t.Errorf("%s: mode %o, %d:%d", name, info.Mode.Perm(), info.UID, info.GID)
		}
	}
}

func TestAFailedRotationGoesOnAppending(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, fault, mem, log := newMemStore(t, clock)
	s.rotator = renamer{fault, clock.Now}
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "rename" {
			return vfs.Verdict{Err: unix.EACCES}
		}
		return vfs.Verdict{}
	})
	f := mustFile(t, s, "/out.log", Options{Rotation: Rotation{Size: 100}})
	for range 50 {
		mustAppend(t, f, string(record(90)))
		clock.Add(100 * time.Millisecond)
	}
	s.FlushIdle()
	if n := len(content(mem, "/out.log")); n != 50*90 {
		t.Errorf("%d bytes", n)
	}
	if n := strings.Count(reported(s, log), "cannot be rotated"); n == 0 || n > 6 {
		t.Errorf("%d reports in 5 s:\n%s", n, log)
	}
	fault.Set(nil)
	clock.Add(time.Second)
	mustAppend(t, f, "x\n")
	s.FlushIdle()
	wantContent(t, mem, "/out.log", "x\n")
}

func TestARotationThatCannotOpenTheSuccessorKeepsTheRecords(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, fault, mem, _ := newMemStore(t, clock)
	f := mustFile(t, s, "/out.log", Options{Rotation: Rotation{Size: 100}})
	mustAppend(t, f, string(record(90)))
	s.FlushIdle()
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "open" {
			return vfs.Verdict{Err: unix.EACCES}
		}
		return vfs.Verdict{}
	})
	mustAppend(t, f, string(record(80)))
	var open *OpenError
	if err := f.Flush(); !errors.As(err, &open) {
		t.Errorf("flush: %v", err)
	}
	if err := f.Append(record(80), nil); !errors.As(err, &open) {
		t.Errorf("append: %v", err)
	}
	fault.Set(nil)
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, mem, "/out.log", string(record(80)))
}

func TestAPeriodEndsAtLocalMidnight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _, mem, _ := newMemStore(t, nil)
		running(t, s)
		f := mustFile(t, s, "/out.log", Options{Rotation: Rotation{Interval: 24 * time.Hour}})
		now := time.Now()
		midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, time.Local)
		time.Sleep(time.Until(midnight) - time.Minute)
		mustAppend(t, f, "yesterday\n")
		s.Rouse()
		time.Sleep(30 * time.Second)
		mustAppend(t, f, "still yesterday\n")
		s.Rouse()
		time.Sleep(time.Minute)
		synctest.Wait()
		wantContent(t, mem, "/out.log", "")
		time.Sleep(72 * time.Hour)
		synctest.Wait()
		if n := s.Stats().Rotations; n != 1 {
			t.Errorf("%d rotations; an empty file needs none", n)
		}
		mustAppend(t, f, "today\n")
		mustAppend(t, f, "today\n")
		s.FlushIdle()
		mustAppend(t, f, "today\n")
		s.FlushIdle()
		wantContent(t, mem, "/out.log", "today\ntoday\ntoday\n")
		backup := "/out-" + midnight.UTC().Format(backupTime) + ".log"
		wantContent(t, mem, backup, "yesterday\nstill yesterday\n")
	})
}

func TestAnEmptyFileBeginsItsPeriodWithTheFirstByte(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _, mem, _ := newMemStore(t, clock)
	f := mustFile(t, s, "/out.log", Options{Rotation: Rotation{Interval: time.Hour}})
	mustAppend(t, f, "a\n")
	clock.Add(time.Hour)
	s.FlushIdle()
	mustAppend(t, f, "b\n")
	s.FlushIdle()
	wantContent(t, mem, "/out.log", "a\nb\n")
	clock.Add(time.Hour)
	mustAppend(t, f, "c\n")
	s.FlushIdle()
	wantContent(t, mem, "/out.log", "c\n")
}

func TestAFileOfAnEarlierPeriodIsRotatedAtTheNextStart(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	path := dir + "/out.log"
	if err := os.WriteFile(path, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	f := mustFile(t, s, path, Options{Rotation: Rotation{Interval: 24 * time.Hour}})
	mustAppend(t, f, "new\n")
	s.FlushIdle()
	mustAppend(t, f, "newer\n")
	s.FlushIdle()
	wantContent(t, vfs.OS{}, path, "new\nnewer\n")
	if n := len(backups(t, dir, "out.log")); n != 1 {
		t.Errorf("%d backups", n)
	}
}

func TestRotationOfASymbolicLinkMovesItsTarget(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/disk", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("disk/real.log", dir+"/out.log"); err != nil {
		t.Fatal(err)
	}
	f := mustFile(t, s, dir+"/out.log", Options{Rotation: Rotation{Size: 5}})
	mustAppend(t, f, "one\n")
	s.FlushIdle()
	mustAppend(t, f, "two\n")
	s.FlushIdle()
	wantContent(t, vfs.OS{}, dir+"/disk/real.log", "two\n")
	if n := len(backups(t, dir+"/disk", "real.log")); n != 1 {
		t.Errorf("%d backups beside the target", n)
	}
}

func TestRotationLeavesASomebodyElsesFileAlone(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	f := mustFile(t, s, dir+"/out.log", Options{Rotation: Rotation{Size: 5}})
	mustAppend(t, f, "one\n")
	s.FlushIdle()
	if err := os.Rename(f.path, f.path+".1"); err != nil {
		t.Fatal(err)
	}
	put(t, vfs.OS{}, f.path, "theirs\n")
	mustAppend(t, f, "two\n")
	s.FlushIdle()
	wantContent(t, vfs.OS{}, f.path, "theirs\ntwo\n")
	if got := backups(t, dir, "out.log"); len(got) != 0 || s.Stats().Rotations != 0 {
		t.Errorf("backups %v", got)
	}
}

func TestRotatedCompressedStreamsAreWholeMembers(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	f := mustFile(t, s, dir+"/out.log.gz", Options{ZipLevel: 1, Rotation: Rotation{Size: 2000, Compress: Gzip}})
	load(t, 2, 0, 2000, plain(f))
	_ = s.Close()
	s.keeper.work(t.Context())
	if n := len(backups(t, dir, "out.log.gz")); n == 0 || s.Stats().Compressed != 0 {
		t.Errorf("%d backups, %d compressed twice", n, s.Stats().Compressed)
	}
	checkLoad(t, allTexts(t, dir, "out.log.gz"), 2, 2000)
}
