package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syslogd/internal/vfs"
)

// TestAPanicAtAFileLosesNothing has the first calls of each kind panic for one of several
// files, in the middle of a batch: all records are written once, in order, and the file
// is used on.
func TestAPanicAtAFileLosesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"open", "fstat", "write", "stat", "close"} {
		for _, isolate := range []bool{true, false} {
			for _, size := range []int{1, largeBuffer} {
				if isolate && size > 1 {
					size = 4000 // all of a file find room while it rests
				}
				t.Run(fmt.Sprint(kind, isolate, size), func(t *testing.T) {
					t.Parallel()
					clock := newClock()
					s, fault, mem, log := newMemStore(t, clock)
					fault.Set(func(op vfs.Op) vfs.Verdict {
						if op.Kind == kind && filepath.Base(op.Path) == "b" && op.N <= 2 {
							panic("sprung")
						}
						return vfs.Verdict{}
					})
					c := s.Cache(&Options{Isolate: isolate, Hold: true}, "/d/", 0)
					_ = mem.Mkdir("/d", 0o700)
					want := map[string]string{}
					var recs []Record
					for i := range 50 {
						key := string(rune('a' + i%5))
						line := fmt.Sprint(i, strings.Repeat("x", size), "\n")
						want[key] += line
						recs = append(recs, Record{Key: []byte(key), Text: []byte(line)})
					}
					for tries := 0; len(recs) > 0; tries++ {
						n := 0
						if err := c.Append(recs, nil, &n); err == nil && n < len(recs) || tries > 9 {
							t.Fatalf("%d of %d are taken, %v", n, len(recs), err)
						}
						recs = recs[n:]
					}
					for range 4 { // the file's descriptor goes, which may be what panics
						clock.Add(2 * retryMax)
						_ = s.Flush()
						s.flushDue(clock.Now())
						s.HUP()
						if err := appendTo(c, []byte("b"), []byte("more\n")); err != nil {
							t.Error(err)
						}
						want["b"] += "more\n"
					}
					_ = s.Flush()
					for key, text := range want {
						if content(mem, "/d/"+key) != text {
							t.Errorf("/d/%s has not each record once", key)
						}
					}
					if got := s.Stats(); got.Panics == 0 || got.Lost > 0 {
						t.Errorf("%+v", got)
					}
					if !strings.Contains(reported(s, log), "panic=sprung") {
						t.Errorf("the log does not tell: %s", log)
					}
				})
			}
		}
	}
}

// TestBytesOfAWriteThatPanickedAreNotWrittenAgain has a write panic behind the system call.
func TestBytesOfAWriteThatPanickedAreNotWrittenAgain(t *testing.T) {
	t.Parallel()
	mem := vfs.NewMem()
	s := New(&late{FS: mem}, nil, time.Now)
	t.Cleanup(func() { _ = s.Close() })
	f := mustFile(t, s, "/f", Options{})
	mustAppend(t, f, "one\n", "two\n")
	if err := f.Flush(); err == nil {
		t.Error("no error")
	}
	mustAppend(t, f, "three\n")
	if err := f.Flush(); err != nil {
		t.Error(err)
	}
	wantContent(t, mem, "/f", "one\ntwo\nthree\n")
}

// late is a file system whose first write panics when it is done.
type late struct {
	vfs.FS
	sprung bool
}

type lateFile struct {
	vfs.File
	fs *late
}

func (l *late) OpenFile(name string, flags int, perm uint32) (vfs.File, error) {
	h, err := l.FS.OpenFile(name, flags, perm)
	return lateFile{h, l}, err
}

func (l lateFile) Write(p []byte) (int, error) {
	n, err := l.File.Write(p)
	if !l.fs.sprung {
		l.fs.sprung = true
		panic("late")
	}
	return n, err
}

// TestACompressorThatPanicsIsReplaced gives up what it holds, and says how much that is.
func TestACompressorThatPanicsIsReplaced(t *testing.T) {
	t.Parallel()
	s, _, mem, log := newMemStore(t, nil)
	f := mustFile(t, s, "/f.gz", Options{ZipLevel: 6, RobustZip: true})
	mustAppend(t, f, "lost\n", "lost, too\n")
	f.zip = &zipStream{z: badZipper{}}
	if err := f.Flush(); err == nil {
		t.Error("no error")
	}
	mustAppend(t, f, "kept\n")
	if err := f.Flush(); err != nil {
		t.Error(err)
	}
	if got, err := unzip(Gzip, content(mem, "/f.gz")); got != "kept\n" || err != nil {
		t.Errorf("the file has %q, %v", got, err)
	}
	if got := s.Stats(); got.Lost != 2 || got.Panics != 1 {
		t.Errorf("%+v %s", got, reported(s, log))
	}
}

type badZipper struct{ zipper }

func (badZipper) Write([]byte) (int, error) { panic("bad") }

// TestARecordThatFindsRoomAllocatesNothing is the way of nearly every record.
func TestARecordThatFindsRoomAllocatesNothing(t *testing.T) {
	s, _, _, _ := newMemStore(t, nil)
	c := s.Cache(&Options{Hold: true}, "/", 0)
	recs := records("a", "b", "c", "d")
	taken := 0
	run := func() {
		if err := c.Append(recs, nil, &taken); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(100, run); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
