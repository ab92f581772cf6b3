package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/receipt"
	"syslogd/internal/vfs"
)

// slips notes which records came back, and how.
type slips struct {
	mu   sync.Mutex
	back map[string]receipt.Outcome
}

// of returns a receipt for a record.
func (s *slips) of(record string) *receipt.Receipt {
	return receipt.New(func(o receipt.Outcome) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.back == nil {
			s.back = map[string]receipt.Outcome{}
		}
		s.back[record] = o
	})
}

// append appends a record and asks for a receipt. It reports whether the file took it.
func (s *slips) append(f *File, record string) bool {
	r := s.of(record)
	err := f.Append([]byte(record), r)
	if err != nil {
		r.Mark(receipt.Unfinished)
	}
	r.Return(receipt.Stored)
	return err == nil
}

func (s *slips) list(o receipt.Outcome) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for record, got := range s.back {
		if got == o {
			list = append(list, record)
		}
	}
	slices.Sort(list)
	return list
}

func (s *slips) want(t *testing.T, o receipt.Outcome, want ...string) {
	t.Helper()
	if got := s.list(o); !slices.Equal(got, want) {
		t.Errorf("%v: %q, want %q", o, got, want)
	}
}

func TestAReceiptComesBackWhenTheRecordIsWritten(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	var back slips
	back.append(f, "one\n")
	back.append(f, "two\n")
	back.want(t, receipt.Stored)
	mem.SetSpace(6)
	if f.Flush() == nil {
		t.Fatal("there was room")
	}
	back.want(t, receipt.Stored) // one is written, but who knows which
	mem.SetSpace(-1)
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	back.want(t, receipt.Stored, "one\n", "two\n")
	back.append(f, strings.Repeat("x", 100<<10)+"\n") // is not copied
	if n := len(back.list(receipt.Stored)); n != 3 {
		t.Errorf("%d records came back, want 3: a large one is written at once", n)
	}
}

// What a file holds that can not be written when the server stops is still the input's if
// that has asked, and only else lost.
func TestWhatAStopLeavesInAFile(t *testing.T) {
	t.Parallel()
	s, _, mem, log := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	var back slips
	if err := f.Append(nil, nil); err != nil { // makes it
		t.Fatal(err)
	}
	mem.SetSpace(0)
	back.append(f, "one\ntwo\n")
	f.Append([]byte("nobody asked\n"), nil)
	_ = s.Close()
	back.want(t, receipt.Unfinished, "one\ntwo\n")
	if n := s.Stats().Lost; n != 1 {
		t.Errorf("%d records counted as lost, want 1: %s", n, reported(s, log))
	}
}

// A file that fails alone keeps what fits, and gives up the rest.
func TestWhatAnIsolatedFileDoesNotKeepIsGivenUp(t *testing.T) {
	t.Parallel()
	s, fault, _, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{Isolate: true})
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "write" {
			return vfs.Verdict{Err: unix.EIO}
		}
		return vfs.Verdict{}
	})
	var back slips
	large := strings.Repeat("x", minBuffer/2) + "\n"
	back.append(f, "a"+large)
	_ = f.Flush()
	back.append(f, "b"+large)
	back.want(t, receipt.GivenUp, "b"+large)
	fault.Set(nil)
	f.hup()
	back.want(t, receipt.Stored, "a"+large)
}

// With sync a record is stored when it is durable: whatever fails on the way, in each step
// and also when the machine ends there.
func TestWithSyncAReceiptSaysThatTheRecordIsDurable(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 7))
			clock := newClock()
			s, fault, mem, _ := newMemStore(t, clock)
			fault.Set(func(op vfs.Op) vfs.Verdict {
				if rng.IntN(5) > 0 || op.Kind == "stat" || op.Kind == "lstat" {
					return vfs.Verdict{}
				}
				return vfs.Verdict{Err: []error{unix.EIO, unix.ENOSPC}[rng.IntN(2)]}
			})
			f := mustFile(t, s, "/d/e/out.log", Options{Sync: true})
			var back slips
			for i := range 30 {
				record := fmt.Sprintf("record %d\n", i)
				if rng.IntN(10) == 0 {
					record = strings.Repeat("x", mediumBuffer) + record
				}
				back.append(f, record)
				switch rng.IntN(5) {
				case 0:
					_ = f.Flush()
				case 1:
					f.hup()
				case 2:
					clock.Add(time.Second)
					s.flushDue(clock.Now())
				}
			}
			stored := back.list(receipt.Stored)
			mem.Crash()
			b, _ := vfs.ReadFile(mem, "/d/e/out.log")
			for _, record := range stored {
				if n := strings.Count("\n"+string(b), "\n"+record); n != 1 {
					t.Errorf("%.20q is stored, and %d times in the file", record, n)
				}
			}
		})
	}
}

// A write that could not be made durable is taken back and done again, so that the record
// is there once.
func TestWhatCouldNotBeSyncedIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"gathered": 10, "written through": mediumBuffer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, fault, mem, _ := newMemStore(t, nil)
			f := mustFile(t, s, "/out.log", Options{Sync: true})
			mustAppend(t, f, "before\n")
			if err := f.Flush(); err != nil {
				t.Fatal(err)
			}
			fault.Set(func(op vfs.Op) vfs.Verdict {
				if op.Kind == "sync" {
					return vfs.Verdict{Err: unix.EIO}
				}
				return vfs.Verdict{}
			})
			var back slips
			record := strings.Repeat("x", size) + "\n"
			back.append(f, record)
			_ = f.Flush()
			back.want(t, receipt.Stored)
			if b, _ := vfs.ReadFile(mem, "/out.log"); string(b) != "before\n" {
				t.Errorf("%d bytes are left of a write that was not synced", len(b))
			}
			fault.Set(nil)
			back.append(f, record)
			if err := f.Flush(); err != nil {
				t.Fatal(err)
			}
			back.want(t, receipt.Stored, record)
			b, _ := vfs.ReadFile(mem, "/out.log")
			if n := strings.Count(string(b), record); n < 1 || n > 2 || len(b) != len("before\n")+n*len(record) {
				t.Errorf("the file has the record %d times, %d bytes", n, len(b))
			}
		})
	}
}
