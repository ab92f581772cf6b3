package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// failWrites returns a rule that lets pass bytes of the first write to path and
// fails it and all later ones with err.
func failWrites(path string, pass int, err error) func(vfs.Op) vfs.Verdict {
	return func(op vfs.Op) vfs.Verdict {
		if op.Kind != "write" || op.Path != path {
			return vfs.Verdict{}
		}
		if op.N == 1 {
			return vfs.Verdict{Short: pass, Cut: true}
		}
		return vfs.Verdict{Err: err}
	}
}

func TestDiskFullInTheMiddleOfARecordTearsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fault, mem, log := newMemStore(t, nil)
		running(t, s)
		f := mustFile(t, s, "/out.log", Options{})
		fault.Set(failWrites("/out.log", len("first\nsec"), unix.ENOSPC))
		mustAppend(t, f, "first\n", "second\n", "third\n")
		s.Rouse()
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		wantContent(t, mem, "/out.log", "first\n")

		var write *WriteError
		if err := f.Append([]byte("fourth\n"), nil); !errors.As(err, &write) || !NoSpace(err) {
			t.Errorf("append to a full disk: %v", err)
		}
		if n := s.Stats().Failing; n != 1 {
			t.Errorf("%d files failing", n)
		}
		fault.Set(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantContent(t, mem, "/out.log", "first\nsecond\nthird\n")
		mustAppend(t, f, "fourth\n")
		s.FlushIdle()
		wantContent(t, mem, "/out.log", "first\nsecond\nthird\nfourth\n")
		if st := s.Stats(); st.Failing != 0 || st.Lost != 0 {
			t.Errorf("%+v", st)
		}
		if log := reported(s, log); strings.Count(log, "\n") != 2 {
			t.Errorf("want one line when it began and one when it ended:\n%s", log)
		}
	})
}

func TestOtherWritersBytesAreNotCutOff(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	mustAppend(t, f, "a\n")
	s.FlushIdle()
	other, err := mem.OpenFile("/out.log", openFlags, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = other.Write([]byte("other\n"))
	fault.Set(failWrites("/out.log", len("sec"), unix.ENOSPC))
	mustAppend(t, f, "second\n")
	s.FlushIdle()
	wantContent(t, mem, "/out.log", "a\nother\nsec")
	fault.Set(nil)
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, mem, "/out.log", "a\nother\nsecond\n")
}

func TestShortWritesAreContinued(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "write" && op.Len > 3 {
			return vfs.Verdict{Short: 3}
		}
		return vfs.Verdict{}
	})
	mustAppend(t, f, "first\n", "second\n", "third\n")
	s.FlushIdle()
	wantContent(t, mem, "/out.log", "first\nsecond\nthird\n")
}

func TestWriteErrorKeepsTheRecords(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	mustAppend(t, f, "a\n")
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "write" {
			return vfs.Verdict{Err: unix.EIO}
		}
		return vfs.Verdict{}
	})
	if err := f.Flush(); !errors.Is(err, unix.EIO) {
		t.Errorf("flush: %v", err)
	}
	if err := f.Append([]byte("b\n"), nil); !errors.Is(err, unix.EIO) {
		t.Errorf("append: %v", err)
	}
	fault.Set(nil)
	mustAppend(t, f, "b\n")
	s.FlushIdle()
	wantContent(t, mem, "/out.log", "a\nb\n")
}

func TestLargeAppendToAFullDiskIsTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("x", 999) + "\n"
	large := strings.Repeat(line, 100)
	for _, c := range []struct {
		name  string
		pass  int
		taken bool
	}{{"nothing written", 0, false}, {"part of a record", 500, false}, {"several records", 3500, true}} {
		s, fault, mem, _ := newMemStore(t, nil)
		f := mustFile(t, s, "/out.log", Options{})
		fault.Set(failWrites("/out.log", c.pass, unix.ENOSPC))
		err := f.Append([]byte(large), nil)
		if (err == nil) != c.taken {
			t.Errorf("%s: append says %v", c.name, err)
		}
		if n := len(content(mem, "/out.log")); n%len(line) != 0 {
			t.Errorf("%s: the file ends in a torn record (%d bytes)", c.name, n)
		}
		fault.Set(nil)
		if !c.taken {
			err = f.Append([]byte(large), nil)
		} else {
			err = f.Flush()
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		wantContent(t, mem, "/out.log", large)
	}
}

func TestBytesAFullDiskKeepsBackAreBounded(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	mem.SetSpace(0)
	line := record(1000)
	taken := 0
	for range 1000 {
		if f.Append(line, nil) == nil {
			taken++
		}
	}
	if taken*len(line) > minBuffer {
		t.Errorf("%d bytes taken", taken*len(line))
	}
	mem.SetSpace(-1)
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := len(content(mem, "/out.log")); n != taken*len(line) {
		t.Errorf("%d bytes taken, %d written", taken*len(line), n)
	}
}

func TestWhatCannotBeWrittenAtTheEndIsCountedAndReported(t *testing.T) {
	t.Parallel()
	s, _, mem, log := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	mem.SetSpace(3)
	mustAppend(t, f, "a\n", "b\n", "c\n")
	if err := s.Close(); !NoSpace(err) {
		t.Errorf("close: %v", err)
	}
	wantContent(t, mem, "/out.log", "a\n")
	if st := s.Stats(); st.Lost != 2 || st.Failing != 0 || st.OpenFiles != 0 {
		t.Errorf("%+v", st)
	}
	if log := reported(s, log); !strings.Contains(log, "records lost") || !strings.Contains(log, "count=2") {
		t.Errorf("log: %s", log)
	}
	if err := f.Append([]byte("d\n"), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
}

func TestHUPOnAFullDiskKeepsTheRecords(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	c := s.Cache(&Options{}, "/d/", 0)
	mem.SetSpace(0)
	mustAppend(t, f, "a\n")
	if err := appendTo(c, []byte("/d/x"), []byte("b\n")); err != nil {
		t.Fatal(err)
	}
	s.HUP()
	mem.SetSpace(-1)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, mem, "/out.log", "a\n")
	wantContent(t, mem, "/d/x", "b\n")
}

func TestAFullDiskDoesNotEvictRecords(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	c := s.Cache(&Options{}, "/d/", 2)
	mem.SetSpace(0)
	for _, k := range []string{"/d/a", "/d/b"} {
		if err := appendTo(c, []byte(k), []byte(k+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := appendTo(c, []byte("/d/c"), []byte("c\n")); !NoSpace(err) {
		t.Errorf("third file: %v", err)
	}
	mem.SetSpace(-1)
	if err := appendTo(c, []byte("/d/c"), []byte("c\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, mem, "/d/a", "/d/a\n")
	wantContent(t, mem, "/d/b", "/d/b\n")
	wantContent(t, mem, "/d/c", "c\n")
	if n := s.Stats().Lost; n != 0 {
		t.Errorf("%d lost", n)
	}
}

func TestABrokenFileDoesNotBlockTheCache(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, nil)
	c := s.Cache(&Options{}, "/d/", 1)
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "write" && op.Path == "/d/bad" {
			return vfs.Verdict{Err: unix.EIO}
		}
		return vfs.Verdict{}
	})
	for _, k := range []string{"/d/bad", "/d/good"} {
		if err := appendTo(c, []byte(k), []byte("x\n")); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
	s.FlushIdle()
	wantContent(t, mem, "/d/good", "x\n")
	if n := s.Stats().Lost; n != 1 {
		t.Errorf("%d records counted as lost", n)
	}
}

func TestNoDescriptorsLeftClosesTheOldestDynamicFile(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, nil)
	c := s.Cache(&Options{}, "/d/", 0)
	for _, k := range []string{"/d/a", "/d/b"} {
		if err := appendTo(c, []byte(k), []byte("1\n")); err != nil {
			t.Fatal(err)
		}
	}
	open := 2
	fault.Set(func(op vfs.Op) vfs.Verdict {
		switch op.Kind {
		case "open":
			if open >= 2 {
				return vfs.Verdict{Err: unix.EMFILE}
			}
		case "close":
			open--
		}
		return vfs.Verdict{}
	})
	if err := appendTo(c, []byte("/d/c"), []byte("1\n")); err != nil {
		t.Errorf("dynamic file: %v", err)
	}
	open = 2
	f := mustFile(t, s, "/static", Options{})
	mustAppend(t, f, "1\n")
	if st := c.Stats(); st.Evicted != 2 || st.Used != 1 {
		t.Errorf("%+v", st)
	}
	fault.Set(nil)
	_ = s.Close()
	for _, p := range []string{"/d/a", "/d/b", "/d/c", "/static"} {
		wantContent(t, mem, p, "1\n")
	}
}

func TestAHeldBufferIsTriedAgainWithoutANewRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _, mem, _ := newMemStore(t, nil)
		running(t, s)
		f := mustFile(t, s, "/out.log", Options{Hold: true})
		mustAppend(t, f, "a\n")
		mem.SetSpace(0)
		if err := f.Append(record(minBuffer-1), nil); !NoSpace(err) {
			t.Errorf("append: %v", err)
		}
		mem.SetSpace(-1)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantContent(t, mem, "/out.log", "a\n")
		// From here on it is held again.
		mustAppend(t, f, "b\n")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantContent(t, mem, "/out.log", "a\n")
	})
}

func TestSyncErrorIsReportedAndNotRepeated(t *testing.T) {
	t.Parallel()
	s, fault, mem, log := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{Sync: true})
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "sync" && op.Path == "/out.log" && op.N == 1 {
			return vfs.Verdict{Err: unix.EIO}
		}
		return vfs.Verdict{}
	})
	mustAppend(t, f, "a\n")
	s.FlushIdle()
	mustAppend(t, f, "b\n")
	s.FlushIdle()
	wantContent(t, mem, "/out.log", "a\nb\n")
	if log := reported(s, log); strings.Count(log, "cannot be synced") != 1 || s.Stats().Errors != 1 {
		t.Errorf("%+v\n%s", s.Stats(), log)
	}
}

func TestAThousandFailingFilesDoNotFloodTheLog(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _, mem, log := newMemStore(t, clock)
	c := s.Cache(&Options{}, "/d/", 0)
	mem.SetSpace(0)
	for n := range 1000 {
		if err := appendTo(c, fmt.Appendf(nil, "/d/%d", n), []byte("x\n")); err != nil {
			t.Fatal(err)
		}
	}
	s.FlushIdle()
	if n := strings.Count(reported(s, log), "\n"); n != reportLines {
		t.Errorf("%d lines", n)
	}
	mem.SetSpace(-1)
	clock.Add(time.Minute)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if text := reported(s, log); !strings.Contains(text, "suppressed=995") {
		t.Errorf("%s", text)
	}
}

// blockingLog is a handler that waits for a file, as one that puts its lines
// into a full main queue does.
type blockingLog struct {
	slog.Handler
	f    **File
	done chan struct{} // closed by Handle
}

func (h blockingLog) Enabled(context.Context, slog.Level) bool { return true }

func (h blockingLog) Handle(context.Context, slog.Record) error {
	_ = (*h.f).Append([]byte("from the log\n"), nil)
	close(h.done)
	return nil
}

func TestALogThatNeedsTheFileDoesNotLockIt(t *testing.T) {
	t.Parallel()
	var f *File
	h := blockingLog{f: &f, done: make(chan struct{})}
	mem := vfs.NewMem()
	s := New(mem, slog.New(h), nil)
	f = mustFile(t, s, "/out.log", Options{})
	running(t, s)
	mem.SetSpace(0)
	mustAppend(t, f, "x\n")
	s.FlushIdle()
	select {
	case <-h.done:
	case <-t.Context().Done():
	}
}
