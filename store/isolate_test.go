package store

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
	"syslogd/metrics"
)

// refusals are the ways in which the file bad.log can not be written.
var refusals = map[string]func(op vfs.Op) error{
	"EFBIG":  func(op vfs.Op) error { return onlyIf(op.Kind == "write", unix.EFBIG) },
	"EIO":    func(op vfs.Op) error { return onlyIf(op.Kind == "write", unix.EIO) },
	"EAGAIN": func(op vfs.Op) error { return onlyIf(op.Kind == "write", unix.EAGAIN) },
	"EACCES": func(op vfs.Op) error { return onlyIf(op.Kind == "open", unix.EACCES) },
	"EISDIR": func(op vfs.Op) error { return onlyIf(op.Kind == "open", unix.EISDIR) },
	"ELOOP":  func(op vfs.Op) error { return onlyIf(op.Kind == "open", unix.ELOOP) },
}

func onlyIf(cond bool, err error) error {
	if cond {
		return err
	}
	return nil
}

// An owner that can not be set is told to the action, once: the next record is written, and
// nothing is kept for a file that can be written.
func TestAnOwnerThatCanNotBeSetIsNoReasonToKeepRecords(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, newClock())
	fault.Set(func(op vfs.Op) vfs.Verdict { return vfs.Verdict{Err: onlyIf(op.Kind == "chown", unix.EPERM)} })
	c := s.Cache(&Options{Isolate: true, FileOwner: Owner{UID: 1000, HasUID: true}}, "/log/", 0)
	var open *OpenError
	if err := appendTo(c, []byte("/log/a"), []byte("one\n")); !errors.As(err, &open) || open.Op != "chown" {
		t.Errorf("the first record: %v", err)
	}
	if err := appendTo(c, []byte("/log/a"), []byte("two\n")); err != nil {
		t.Errorf("the second record: %v", err)
	}
	s.FlushIdle()
	wantContent(t, mem, "/log/a", "two\n")
	if n := s.Stats().Failing; n != 0 {
		t.Errorf("%d files count as failing", n)
	}
}

func TestAFileThatCanNotBeWrittenHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	for name, refuse := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			s, fault, mem, log := newMemStore(t, clock)
			book := metrics.NewLosses(slog.New(slog.DiscardHandler))
			defer book.Close()
			s.CountLosses(book)
			tries := 0
			fault.Set(func(op vfs.Op) vfs.Verdict {
				if filepath.Base(op.Path) != "bad.log" {
					return vfs.Verdict{}
				}
				err := refuse(op)
				if err != nil {
					tries++
				}
				return vfs.Verdict{Err: err}
			})
			c := s.Cache(&Options{Isolate: true}, "/log/", 0)
			line := strings.Repeat("x", 99) + "\n"
			const rounds = 1000
			for i := range rounds {
				for h := range 10 {
					text := fmt.Appendf(nil, "%d\n", i)
					if err := appendTo(c, fmt.Appendf(nil, "/log/h%d.log", h), text); err != nil {
						t.Fatal(err)
					}
				}
				if err := appendTo(c, []byte("/log/bad.log"), []byte(line)); err != nil {
					t.Fatal(err)
				}
				s.FlushIdle()
				s.flushDue(clock.Now())
				clock.Add(10 * time.Millisecond)
			}
			if err := s.Flush(); err != nil {
				t.Errorf("the failing file is in the way: %v", err)
			}
			for h := range 10 {
				if n := strings.Count(content(mem, fmt.Sprintf("/log/h%d.log", h)), "\n"); n != rounds {
					t.Errorf("h%d.log has %d lines", h, n)
				}
			}
			// Ten seconds: after 1, 2, 4 ... s; a full pipe every second.
			if tries > 25 {
				t.Errorf("%d tries", tries)
			}
			if list := s.Failing(5); len(list) != 1 || list[0].Path != "/log/bad.log" {
				t.Errorf("failing files: %v", list)
			}
			if text := reported(s, log); !strings.Contains(text, "/log/bad.log") {
				t.Errorf("the log does not name the file: %s", text)
			}
			fault.Set(nil)
			for range 200 {
				clock.Add(time.Second)
				s.flushDue(clock.Now())
			}
			written := strings.Count(content(mem, "/log/bad.log"), line)
			if lost := int(book.Total()); written+lost != rounds || written < minBuffer/len(line)-1 {
				t.Errorf("%d lines are written, %d counted as lost, of %d", written, lost, rounds)
			}
			if len(s.Failing(5)) > 0 {
				t.Error("the file still fails")
			}
		})
	}
}

func TestAFullDiskIsNoBusinessOfOneFile(t *testing.T) {
	t.Parallel()
	s, fault, _, _ := newMemStore(t, newClock())
	fault.Set(func(op vfs.Op) vfs.Verdict {
		return vfs.Verdict{Err: onlyIf(op.Kind == "write", unix.ENOSPC)}
	})
	c := s.Cache(&Options{Isolate: true}, "/log/", 0)
	if err := appendTo(c, []byte("/log/a"), []byte("x\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); !NoSpace(err) {
		t.Errorf("a full disk: %v, want the error", err)
	}
}

func TestManyFailingFilesKeepLittleMemory(t *testing.T) {
	t.Parallel()
	s, fault, _, _ := newMemStore(t, newClock())
	fault.Set(func(op vfs.Op) vfs.Verdict {
		return vfs.Verdict{Err: onlyIf(op.Kind == "open" && op.Path != "/log", unix.EACCES)}
	})
	c := s.Cache(&Options{Isolate: true}, "/log/", 0)
	for i := range 3 * maxIsolated {
		if err := appendTo(c, fmt.Appendf(nil, "/log/%d", i), []byte("x\n")); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Stats().Failing; n != maxIsolated {
		t.Errorf("%d files keep records, want %d", n, maxIsolated)
	}
	if n := s.Stats().Lost; n != 2*maxIsolated {
		t.Errorf("%d records are counted as lost", n)
	}
}

func TestAFIFOWithoutAReaderAndADirectoryHoldNoOtherUp(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, "fifo.log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkdir(filepath.Join(dir, "dir.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := s.Cache(&Options{Isolate: true}, dir+"/", 0)
	text := []byte(strings.Repeat("x", 1<<10-1) + "\n")
	for range 300 {
		for _, name := range []string{"fifo.log", "dir.log", "good.log"} {
			if err := appendTo(c, []byte(filepath.Join(dir, name)), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Flush(); err != nil {
		t.Error(err)
	}
	if n := len(readAll(t, filepath.Join(dir, "good.log"))); n != 300<<10 {
		t.Errorf("good.log has %d bytes", n)
	}
	if list := s.Failing(5); len(list) != 2 {
		t.Errorf("failing: %v", list)
	}
}
