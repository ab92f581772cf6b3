package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/vfs"
)

// running starts the store's goroutines and has them end with the test.
func running(t testing.TB, s *Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}) // closed by the goroutine below
	go func() {
		defer close(done)
		_ = s.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func TestBytesAreWritten50msAfterTheOldest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _, mem, _ := newMemStore(t, nil)
		running(t, s)
		f := mustFile(t, s, "/out.log", Options{})
		mustAppend(t, f, "a\n")
		s.Rouse()
		start := time.Now()
		for range 100 {
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if content(mem, "/out.log") != "" {
				break
			}
			if time.Since(start) == 20*time.Millisecond {
				mustAppend(t, f, "b\n")
			}
		}
		wantContent(t, mem, "/out.log", "a\nb\n")
		if age := time.Since(start); age < 40*time.Millisecond || age > 60*time.Millisecond {
			t.Errorf("written after %v", age)
		}
	})
}

func TestFlusherSleepsWhenNothingWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		s := New(vfs.NewMem(), nil, func() time.Time { reads.Add(1); return time.Now() })
		running(t, s)
		f := mustFile(t, s, "/out.log", Options{})
		mustAppend(t, f, "a\n")
		s.Rouse()
		time.Sleep(time.Second)
		synctest.Wait()
		before := reads.Load()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := reads.Load() - before; n != 0 {
			t.Errorf("the clock was read %d times in an idle day", n)
		}
		mustAppend(t, f, "b\n")
		time.Sleep(time.Hour)
		synctest.Wait()
		wantContent(t, s.fs, "/out.log", "a\n") // nobody has told the flusher
		s.Rouse()
		time.Sleep(60 * time.Millisecond)
		synctest.Wait()
		wantContent(t, s.fs, "/out.log", "a\nb\n")
	})
}

func TestFlushOnTXEndOffKeepsBytesUntilTheBufferIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _, mem, _ := newMemStore(t, nil)
		running(t, s)
		f := mustFile(t, s, "/out.log", Options{Hold: true})
		mustAppend(t, f, "a\n")
		s.FlushIdle()
		time.Sleep(time.Minute)
		synctest.Wait()
		wantContent(t, mem, "/out.log", "")
		line := strings.Repeat("x", 1023) + "\n"
		for range 64 {
			mustAppend(t, f, line)
		}
		if got := len(content(mem, "/out.log")); got != 2+63*1024 {
			t.Errorf("%d bytes written when the buffer was full", got)
		}
		s.HUP()
		if got := len(content(mem, "/out.log")); got != 2+64*1024 {
			t.Errorf("%d bytes written after HUP", got)
		}
	})
}

func TestAsyncWritingWritesAtFlushInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _, mem, _ := newMemStore(t, nil)
		running(t, s)
		f := mustFile(t, s, "/out.log", Options{Hold: true, FlushInterval: 5 * time.Second})
		mustAppend(t, f, "a\n")
		s.FlushIdle()
		time.Sleep(4 * time.Second)
		synctest.Wait()
		wantContent(t, mem, "/out.log", "")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantContent(t, mem, "/out.log", "a\n")
	})
}

func TestABufferBelongsToAFileOnlyWhileItHoldsBytes(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	mustAppend(t, f, "a\n")
	if cap(f.buf) != tinyBuffer {
		t.Errorf("a short record took a buffer of %d bytes", cap(f.buf))
	}
	mustAppend(t, f, strings.Repeat("b", smallBuffer)+"\n")
	if cap(f.buf) != mediumBuffer {
		t.Errorf("after 4 KiB the buffer has %d bytes", cap(f.buf))
	}
	s.FlushIdle()
	if f.buf != nil {
		t.Errorf("after the flush a buffer of %d bytes is left", cap(f.buf))
	}
	large := strings.Repeat("c", mediumBuffer) + "\n"
	mustAppend(t, f, large)
	if f.buf != nil || !strings.HasSuffix(content(mem, "/out.log"), "\n"+large) {
		t.Error("a large append to an empty buffer was not written through")
	}
}

func TestLargeIOBufferIsUsed(t *testing.T) {
	t.Parallel()
	s, _, _, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{Buffer: 200 << 10, Hold: true})
	line := strings.Repeat("x", 1023) + "\n"
	for range 200 {
		mustAppend(t, f, line)
	}
	if n := s.Stats().Writes; n != 0 {
		t.Errorf("%d writes before the buffer was full", n)
	}
	mustAppend(t, f, line)
	if n := s.Stats().Writes; n != 1 {
		t.Errorf("%d writes when it was", n)
	}
}

func TestSyncIsOncePerFlushAndForTheDirectoryOfANewFile(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/d/out.log", Options{Sync: true})
	syncs := map[string]int{}
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "sync" {
			syncs[op.Path]++
		}
		return vfs.Verdict{}
	})
	mustAppend(t, f, "a\n", "b\n")
	s.FlushIdle()
	mustAppend(t, f, "c\n")
	s.FlushIdle()
	if syncs["/d"] != 1 || syncs["/d/out.log"] != 2 {
		t.Errorf("syncs: %v", syncs)
	}
	// The directory itself was made in one that nobody syncs.
	_ = vfs.SyncDir(mem, "/")
	mem.Crash()
	wantContent(t, mem, "/d/out.log", "a\nb\nc\n")
}

func TestWithoutSyncACrashOfTheMachineLosesWhatTheKernelHeld(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.log", Options{})
	mustAppend(t, f, "a\n")
	s.FlushIdle()
	mem.Crash()
	wantContent(t, mem, "/out.log", "")
}

func TestAppendDoesNotAllocate(t *testing.T) {
	s := New(nullFS{vfs.NewMem()}, nil, nil)
	s.SetBudget(1000)
	f := mustFile(t, s, "/static.log", Options{})
	c := s.Cache(&Options{}, "/d/", 0)
	keys := dynamicKeys("/d", 100)
	p := record(150)
	i := 0
	run := func() {
		_ = f.Append(p, nil)
		_ = appendTo(c, keys[i%len(keys)], p)
		if i++; i%500 == 0 {
			s.FlushIdle()
		}
	}
	for range 1000 {
		run()
	}
	if n := testing.AllocsPerRun(5000, run); n >= 1 {
		t.Errorf("%v allocations for two appends", n)
	}
}

func TestNoByteStaysBehindWhenTheLoadEnds(t *testing.T) {
	t.Parallel()
	s, _, _, _ := newMemStore(t, nil)
	running(t, s)
	c := s.Cache(&Options{}, "/d/", 0)
	var want uint64
	for round := range 8 {
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				defer s.Rouse() // as whoever appends does before it waits
				for n := range 300 {
					if err := appendTo(c, fmt.Appendf(nil, "/d/%d", (n*7+w)%40), []byte("line\n")); err != nil {
						t.Error(err)
					}
					if n%(17+round) == 0 && w%2 == 0 {
						s.FlushIdle()
					}
				}
			})
		}
		wg.Wait()
		want += 4 * 300 * uint64(len("line\n"))
		waitFor(t, "bytes are still not written", func() bool { return s.Stats().Bytes == want })
	}
}

// TestManyFilesAreNotWrittenInEachGap: a load over many files that leaves gaps would
// else write a line to each of them in each gap.
func TestManyFilesAreNotWrittenInEachGap(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _, _, _ := newMemStore(t, clock)
	writes := func(files int) uint64 {
		t.Helper()
		before := s.Stats().Writes
		for i := range files {
			mustAppend(t, mustFile(t, s, fmt.Sprintf("/%d.log", i), Options{}), "line\n")
		}
		s.FlushIdle()
		return s.Stats().Writes - before
	}
	for range 3 {
		if n := writes(manyFiles); n != manyFiles {
			t.Fatalf("%d of %d files written at once", n, manyFiles)
		}
	}
	if n := writes(manyFiles + 1); n != manyFiles+1 {
		t.Fatalf("%d files written", n)
	}
	if n := writes(1); n != 0 {
		t.Errorf("%d writes while FlushIdle rests", n)
	}
	if len(s.flusher.wake) == 0 {
		t.Error("nobody knows of what FlushIdle has left")
	}
	clock.Add(flushDelay)
	if n := writes(1); n != 1 {
		t.Errorf("%d writes after the rest", n)
	}
	_ = writes(manyFiles + 1)
	clock.Add(-time.Hour)
	if n := writes(1); n != 1 {
		t.Errorf("%d writes after the clock was set back", n)
	}
}

func TestALonelyRecordIsWrittenWithoutAnAllocation(t *testing.T) {
	s := New(nullFS{vfs.NewMem()}, nil, nil)
	f := mustFile(t, s, "/out.log", Options{})
	p := record(150)
	before := s.Stats().Writes
	if n := testing.AllocsPerRun(1000, func() {
		_ = f.Append(p, nil)
		s.FlushIdle()
	}); n >= 1 {
		t.Errorf("%v allocations", n)
	}
	if n := s.Stats().Writes - before; n != 1001 {
		t.Errorf("%d writes", n)
	}
}
