package store

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
)

// unzip returns what can be read, and the error at which that ended.
func unzip(c Compression, p string) (string, error) {
	var r io.Reader
	if c == Zstd {
		z, err := zstd.NewReader(strings.NewReader(p))
		if err != nil {
			return "", err
		}
		defer z.Close()
		r = z
	} else {
		z, err := gzip.NewReader(strings.NewReader(p))
		if err != nil {
			return "", err
		}
		r = z
	}
	var b bytes.Buffer
	_, err := io.Copy(&b, r)
	return b.String(), err
}

func TestZipLevelWritesACompressedStream(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{ZipLevel: 6}, {ZipLevel: 9, RobustZip: true}, {ZipLevel: 3, Zip: Zstd}, {ZipLevel: 9, Zip: Zstd, RobustZip: true}} {
		s, _, mem, _ := newMemStore(t, nil)
		f := mustFile(t, s, "/out.gz", o)
		want := ""
		for n := range 300 {
			mustAppend(t, f, loadLine(0, n))
			want += loadLine(0, n)
			if n%100 == 50 {
				s.FlushIdle()
			}
		}
		s.HUP()
		if got, err := unzip(o.Zip, content(mem, "/out.gz")); err != nil || got != want {
			t.Errorf("%+v: after HUP %d of %d bytes, %v", o, len(got), len(want), err)
		}
		mustAppend(t, f, "last\n")
		_ = s.Close()
		if got, err := unzip(o.Zip, content(mem, "/out.gz")); err != nil || got != want+"last\n" {
			t.Errorf("%+v: after close %d of %d bytes, %v", o, len(got), len(want), err)
		}
	}
}

func TestFlushedCompressedLinesCanBeReadAtOnce(t *testing.T) {
	t.Parallel()
	for _, z := range []Compression{Gzip, Zstd} {
		s, _, mem, _ := newMemStore(t, nil)
		f := mustFile(t, s, "/out.gz", Options{ZipLevel: 6, Zip: z})
		mustAppend(t, f, "one\n", "two\n")
		s.FlushIdle()
		got, err := unzip(z, content(mem, "/out.gz"))
		if got != "one\ntwo\n" || err == nil {
			t.Errorf("unfinished member: %q, %v", got, err)
		}
	}
}

func TestVeryRobustZipSurvivesACrash(t *testing.T) {
	t.Parallel()
	for _, z := range []Compression{Gzip, Zstd} {
		s, _, mem, _ := newMemStore(t, nil)
		f := mustFile(t, s, "/out.gz", Options{ZipLevel: 6, Zip: z, RobustZip: true, Sync: true})
		mustAppend(t, f, "one\n")
		s.FlushIdle()
		mustAppend(t, f, "two\n")
		s.FlushIdle()
		mustAppend(t, f, "not flushed\n")
		mem.Crash()
		if got, err := unzip(z, content(mem, "/out.gz")); got != "one\ntwo\n" || err != nil {
			t.Errorf("after the crash: %q, %v", got, err)
		}
		// The next start appends a member to that.
		s2 := New(mem, nil, nil)
		g := mustFile(t, s2, "/out.gz", Options{ZipLevel: 6, Zip: z, RobustZip: true})
		mustAppend(t, g, "three\n")
		_ = s2.Close()
		if got, err := unzip(z, content(mem, "/out.gz")); got != "one\ntwo\nthree\n" || err != nil {
			t.Errorf("after the restart: %q, %v", got, err)
		}
	}
}

func TestFullDiskDoesNotBreakACompressedStream(t *testing.T) {
	t.Parallel()
	s, fault, mem, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.gz", Options{ZipLevel: 6})
	mustAppend(t, f, "one\n")
	fault.Set(failWrites("/out.gz", 7, unix.ENOSPC))
	s.FlushIdle()
	if err := f.Append([]byte("two\n"), nil); !NoSpace(err) {
		t.Errorf("append: %v", err)
	}
	if err := mem.Rename("/out.gz", "/out.gz.1"); err != nil {
		t.Fatal(err)
	}
	s.HUP()
	fault.Set(nil)
	mustAppend(t, f, "two\n")
	s.HUP()
	mustAppend(t, f, "three\n")
	_ = s.Close()
	for path, want := range map[string]string{"/out.gz.1": "one\ntwo\n", "/out.gz": "three\n"} {
		if got, err := unzip(Gzip, content(mem, path)); got != want || err != nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if n := s.Stats().Lost; n != 0 {
		t.Errorf("%d lost", n)
	}
}

func TestLostCompressedRecordsAreCounted(t *testing.T) {
	t.Parallel()
	s, fault, _, _ := newMemStore(t, nil)
	f := mustFile(t, s, "/out.gz", Options{ZipLevel: 6})
	mustAppend(t, f, "one\n")
	fault.Set(func(op vfs.Op) vfs.Verdict {
		if op.Kind == "write" {
			return vfs.Verdict{Err: unix.ENOSPC}
		}
		return vfs.Verdict{}
	})
	s.FlushIdle()
	if err := s.Close(); !NoSpace(err) {
		t.Errorf("close: %v", err)
	}
	if st := s.Stats(); st.Lost != 1 || st.OpenFiles != 0 {
		t.Errorf("%+v", st)
	}
}
