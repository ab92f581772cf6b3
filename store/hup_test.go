package store

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestHUPOpensTheNameAgain(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	c := s.Cache(&Options{}, "/d/", 0)
	add := func(line string) {
		mustAppend(t, f, line)
		if err := appendTo(c, []byte("/d/x.log"), []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	add("one\n")
	s.FlushIdle()
	for _, p := range []string{"/out.log", "/d/x.log"} {
		if err := mem.Rename(p, p+".1"); err != nil {
			t.Fatal(err)
		}
	}
	add("two\n")
	s.HUP()
	if n := s.Stats().OpenFiles; n != 0 {
		t.Errorf("%d files open after HUP", n)
	}
	add("three\n")
	s.FlushIdle()
	for _, p := range []string{"/out.log", "/d/x.log"} {
		wantContent(t, mem, p+".1", "one\ntwo\n")
		wantContent(t, mem, p, "three\n")
	}
}

func TestHUPUnderLoadLosesAndTearsNothing(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	running(t, s)
	dir := t.TempDir()
	f := mustFile(t, s, dir+"/out.log", Options{})
	c := s.Cache(&Options{}, dir+"/", 0)
	const writers, lines = 3, 2000
	stop := make(chan struct{}) // closed below when the writers have ended
	var hups sync.WaitGroup
	hups.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(f.path, filepath.Join(dir, time.Now().Format("out-150405.000000000")))
			s.HUP()
			s.FlushIdle()
		}
	})
	key := []byte(dir + "/dyn.log")
	load(t, writers, 0, lines, func(p []byte) error {
		if err := appendTo(c, key, p); err != nil {
			return err
		}
		return f.Append(p, nil)
	})
	close(stop)
	hups.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkLoad(t, []string{readAll(t, dir+"/dyn.log")}, writers, lines)
	var texts []string
	names, err := filepath.Glob(dir + "/out-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		texts = append(texts, readAll(t, name))
	}
	if _, err := os.Stat(f.path); err == nil {
		texts = append(texts, readAll(t, f.path))
	}
	checkLoad(t, texts, writers, lines)
}

func TestRenamedOrRemovedFileIsNoticedWithoutHUP(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _, mem, _ := newMemStore(t, clock)
	f := mustFile(t, s, "/d/out.log", Options{})
	add := func(line string) {
		t.Helper()
		mustAppend(t, f, line)
		s.FlushIdle()
	}
	add("one\n")
	if err := mem.Rename("/d/out.log", "/d/out.log.1"); err != nil {
		t.Fatal(err)
	}
	add("within the second\n")
	clock.Add(time.Second)
	add("two\n")
	wantContent(t, mem, "/d/out.log.1", "one\nwithin the second\n")
	wantContent(t, mem, "/d/out.log", "two\n")

	if err := mem.Remove("/d/out.log"); err != nil {
		t.Fatal(err)
	}
	if err := mem.Rename("/d", "/e"); err != nil {
		t.Fatal(err)
	}
	clock.Add(time.Second)
	add("three\n")
	wantContent(t, mem, "/d/out.log", "three\n")
	if n := s.Stats().Reopened; n != 2 {
		t.Errorf("reopened %d times", n)
	}
}

func TestCopyTruncateIsSeen(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _, mem, _ := newMemStore(t, clock)
	f := mustFile(t, s, "/out.log", Options{Rotation: Rotation{Size: 100}})
	mustAppend(t, f, string(record(90)))
	s.FlushIdle()
	h, err := mem.OpenFile("/out.log", openFlags, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = h.Truncate(0)
	clock.Add(time.Second)
	mustAppend(t, f, string(record(90)))
	s.FlushIdle()
	if n := s.Stats().Rotations; n != 0 {
		t.Errorf("an emptied file was rotated %d times", n)
	}
}
