package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"syslogd/internal/process"
	"syslogd/internal/vfs"
)

// fakeClock is a clock that tests move.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *fakeClock { return &fakeClock{now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.Local)} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logBuffer collects what the store reports.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// reported returns what the store has reported so far.
func reported(s *Store, l *logBuffer) string {
	s.report.write(context.Background())
	return l.String()
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// newMemStore returns a store on a faulty file system in memory. Rotation is
// done by renaming, as lumberjack does it.
func newMemStore(t testing.TB, clock *fakeClock) (*Store, *vfs.Fault, *vfs.Mem, *logBuffer) {
	t.Helper()
	mem := vfs.NewMem()
	fault := vfs.NewFault(mem)
	log := &logBuffer{}
	now := time.Now
	if clock != nil {
		now = clock.Now
	}
	s := New(fault, log.logger(), now)
	s.rotator = renamer{mem, now}
	t.Cleanup(func() { _ = s.Close() })
	return s, fault, mem, log
}

// renamer rotates on any file system.
type renamer struct {
	fs  vfs.FS
	now func() time.Time
}

func (r renamer) Rotate(path string) error {
	ext := filepath.Ext(path)
	at := r.now().UTC().Format(backupTime)
	if err := r.fs.Rename(path, strings.TrimSuffix(path, ext)+"-"+at+ext); err != nil {
		return err
	}
	f, err := r.fs.OpenFile(path, 0o1101, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (renamer) Close() error { return nil }

func mustFile(t testing.TB, s *Store, path string, o Options) *File {
	t.Helper()
	f, err := s.File(path, &o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustAppend(t testing.TB, f *File, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if err := f.Append([]byte(l), nil); err != nil {
			t.Fatalf("append %q: %v", l, err)
		}
	}
}

// content is what a file holds, "" if it is not there.
func content(fsys vfs.FS, path string) string {
	p, err := vfs.ReadFile(fsys, path)
	if err != nil {
		return ""
	}
	return string(p)
}

func wantContent(t testing.TB, fsys vfs.FS, path, want string) {
	t.Helper()
	if got := content(fsys, path); got != want {
		t.Errorf("%s\n got %q\nwant %q", path, got, want)
	}
}

// waitFor waits until cond holds.
func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	if !process.Await(cond) {
		t.Fatalf("waited in vain: %s", what)
	}
}

// readAll returns the text of a file that may be compressed.
func readAll(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	switch filepath.Ext(path) {
	case ".gz":
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	case ".zst":
		z, err := zstd.NewReader(f)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer z.Close()
		r = z
	}
	p, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return string(p)
}

// loadLine is line n of writer w: its length varies, its text says whether it
// is whole.
func loadLine(w, n int) string {
	return fmt.Sprintf("w%d n%d %s end\n", w, n, strings.Repeat("x", n%97))
}

// checkLoad checks that texts, in the order of writing, hold the lines of all
// writers whole, once, and in order.
func checkLoad(t testing.TB, texts []string, writers, lines int) {
	t.Helper()
	next := make([]int, writers)
	for line := range strings.Lines(strings.Join(texts, "")) {
		var w, n int
		if _, err := fmt.Sscanf(line, "w%d n%d", &w, &n); err != nil || w >= writers || line != loadLine(w, n) {
			t.Fatalf("torn line %q", line)
		}
		if n != next[w] {
			t.Fatalf("writer %d: line %d where %d was due", w, n, next[w])
		}
		next[w]++
	}
	for w, n := range next {
		if n != lines {
			t.Errorf("writer %d: %d lines, want %d", w, n, lines)
		}
	}
}

// load has writers append lines first to end each, at the same time.
func load(t testing.TB, writers, first, end int, appendLine func([]byte) error) {
	t.Helper()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := first; n < end; n++ {
				if err := appendLine([]byte(loadLine(w, n))); err != nil {
					t.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// backups returns the names in dir that were rotated from name, oldest first.
func backups(t testing.TB, dir, name string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if file, _, ok := parseBackup(e.Name(), map[string]Rotation{name: {}}); ok && file == name {
			list = append(list, e.Name())
		}
	}
	slices.Sort(list)
	return list
}

// appendTo appends one record.
func appendTo(c *Cache, key, text []byte) error {
	err := c.Append([]Record{{Key: key, Text: text}}, nil, new(int))
	return err
}

// plain is Append for a caller that asks for no receipt.
func plain(f *File) func(p []byte) error {
	return func(p []byte) error { return f.Append(p, nil) }
}
