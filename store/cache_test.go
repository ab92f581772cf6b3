package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/vfs"
)

func appendKeys(t testing.TB, c *Cache, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if err := appendTo(c, []byte("/d/"+k), []byte(k+"\n")); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
	}
}

func (c *Cache) has(key string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.entries["/d/"+key] != nil
}

func TestTheLeastRecentlyUsedFileIsClosed(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	c := s.Cache(&Options{}, "/d/", 3)
	appendKeys(t, c, "a", "b", "c", "a", "b", "d") // closes c
	for k, want := range map[string]bool{"a": true, "b": true, "c": false, "d": true} {
		if c.has(k) != want {
			t.Errorf("after d: %s open is %v", k, !want)
		}
	}
	wantContent(t, mem, "/d/c", "c\n")
	appendKeys(t, c, "a", "e", "f") // close b, then d
	for k, want := range map[string]bool{"a": true, "b": false, "d": false, "e": true, "f": true} {
		if c.has(k) != want {
			t.Errorf("after f: %s open is %v", k, !want)
		}
	}
	if got, want := c.Stats(), (CacheStats{Requests: 9, Missed: 6, Evicted: 3, MaxUsed: 3, Used: 3}); got != want {
		t.Errorf("statistics\n got %+v\nwant %+v", got, want)
	}
	appendKeys(t, c, "f", "f")
	if n := c.Stats().Level0; n != 2 {
		t.Errorf("level0 %d", n)
	}
	if n := s.Stats().OpenFiles; n != 3 {
		t.Errorf("%d files open", n)
	}
}

func TestLRUOrderHoldsForManyFiles(t *testing.T) {
	t.Parallel()
	s, _, _, _ := newMemStore(t, nil)
	const size = 50
	c := s.Cache(&Options{}, "/d/", size)
	var order []string // least recently used first
	seed := uint32(1)
	for range 5000 {
		seed = seed*1664525 + 1013904223
		k := fmt.Sprint(seed >> 16 % 80)
		appendKeys(t, c, k)
		for i, o := range order {
			if o == k {
				order = append(order[:i], order[i+1:]...)
				break
			}
		}
		order = append(order, k)
		if len(order) > size {
			order = order[1:]
		}
		if c.len() != len(order) || !c.has(order[0]) {
			t.Fatalf("after %s: %d files, the oldest of %d should be %s", k, c.len(), len(order), order[0])
		}
	}
}

func TestCacheOfOneAndTwoFiles(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2} {
		s, _, mem, _ := newMemStore(t, nil)
		c := s.Cache(&Options{}, "/d/", size)
		want := map[string]string{}
		for i := range 12 {
			k := fmt.Sprintf("p%d", i%4)
			appendKeys(t, c, k)
			want[k] += k + "\n"
			if c.len() > size {
				t.Errorf("size %d: %d files", size, c.len())
			}
		}
		_ = s.Close()
		for k, text := range want {
			wantContent(t, mem, "/d/"+k, text)
		}
	}
}

func TestEqualOptionsShareAFileOthersDoNot(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	a := mustFile(t, s, "/d/x", Options{})
	b := mustFile(t, s, "/d/x", Options{FileMode: 0o644})
	other := mustFile(t, s, "/d/x", Options{FileMode: 0o600})
	c := s.Cache(&Options{}, "/d/", 5)
	if a != b || a == other {
		t.Errorf("shared: %v, %v", a == b, a == other)
	}
	mustAppend(t, a, "a\n")
	mustAppend(t, b, "b\n")
	appendKeys(t, c, "x")
	if n := s.Stats().OpenFiles; n != 1 {
		t.Errorf("%d descriptors", n)
	}
	_ = a.Close()
	_ = c.Close()
	mustAppend(t, b, "c\n")
	_ = b.Close()
	wantContent(t, mem, "/d/x", "a\nb\nx\nc\n")
	if n := s.Stats().OpenFiles; n != 0 {
		t.Errorf("%d descriptors after close", n)
	}
}

func TestIdleFilesAreClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _, mem, _ := newMemStore(t, nil)
		running(t, s)
		c := s.Cache(&Options{CloseTimeout: 10 * time.Minute}, "/d/", 0)
		f := mustFile(t, s, "/static", Options{CloseTimeout: 5 * time.Minute})
		mustAppend(t, f, "x\n")
		appendKeys(t, c, "a", "b")
		time.Sleep(7 * time.Minute)
		appendKeys(t, c, "b")
		synctest.Wait()
		if n := s.Stats().OpenFiles; n != 2 {
			t.Errorf("%d files open after 7 minutes, want a and b", n)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if got := c.Stats(); got.CloseTimeouts != 1 || c.has("a") || !c.has("b") {
			t.Errorf("after 12 minutes: %+v", got)
		}
		mustAppend(t, f, "y\n")
		appendKeys(t, c, "a")
		s.FlushIdle()
		wantContent(t, mem, "/static", "x\ny\n")
		wantContent(t, mem, "/d/a", "a\na\n")
	})
}

// records are lines for the files that are called as they.
func records(lines ...string) []Record {
	recs := make([]Record, len(lines))
	for i, l := range lines {
		recs[i] = Record{Key: []byte("/d/" + l), Text: []byte(l + "\n")}
	}
	return recs
}

func TestABatchIsAppendedInItsOrder(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]CacheStats{
		0: {Requests: 200, Level0: 50, Missed: 50, MaxUsed: 50, Used: 50},
		// Each use of a file is so long ago that it was closed.
		2: {Requests: 200, Level0: 50, Missed: 150, Evicted: 148, MaxUsed: 2, Used: 2},
	} {
		s, _, mem, _ := newMemStore(t, nil)
		c := s.Cache(&Options{}, "/d/", size)
		var recs []Record
		for n := range 100 {
			recs = append(recs, records(fmt.Sprint(n%50))...)
			if n < 50 {
				recs = append(recs, Record{Key: recs[len(recs)-1].Key, Text: []byte("again\n")})
			} else {
				recs = append(recs, records(fmt.Sprint((n+25)%50))...)
			}
		}
		n := 0
		if err := c.Append(recs, nil, &n); n != len(recs) || err != nil {
			t.Fatalf("%d of %d were taken, %v", n, len(recs), err)
		}
		s.FlushIdle()
		for n := range 50 {
			wantContent(t, mem, fmt.Sprintf("/d/%d", n), fmt.Sprintf("%d\nagain\n%d\n%[1]d\n", n, n))
		}
		if got := c.Stats(); got != want {
			t.Errorf("size %d\n got %+v\nwant %+v", size, got, want)
		}
	}
}

// cacheWithDirectory returns a cache in which the file called dir can not be opened.
func cacheWithDirectory(t *testing.T, size int) (*Cache, *vfs.Mem) {
	t.Helper()
	s, _, mem, _ := newMemStore(t, nil)
	_ = mem.Mkdir("/d", 0o700)
	_ = mem.Mkdir("/d/dir", 0o700)
	return s.Cache(&Options{}, "/d/", size), mem
}

func TestABatchEndsBeforeTheRecordThatFails(t *testing.T) {
	t.Parallel()
	c, mem := cacheWithDirectory(t, 0)
	appendKeys(t, c, "a", "c")
	n := 0
	err := c.Append(records("a", "b", "dir", "c"), nil, &n)
	if _, ok := errors.AsType[*OpenError](err); n != 2 || !ok {
		t.Errorf("%d were taken, %v; want 2 and that the third cannot be opened", n, err)
	}
	c.s.FlushIdle()
	wantContent(t, mem, "/d/a", "a\na\n")
	wantContent(t, mem, "/d/b", "b\n")
	wantContent(t, mem, "/d/c", "c\n")
}

func TestAFileThatCannotBeOpenedTakesNoPlace(t *testing.T) {
	t.Parallel()
	c, mem := cacheWithDirectory(t, 1)
	appendKeys(t, c, "a")
	for range 3 {
		if err := appendTo(c, []byte("/d/dir"), []byte("x\n")); err == nil {
			t.Error("a directory was opened as a file")
		}
	}
	if c.len() > 1 || c.has("dir") {
		t.Errorf("%d entries", c.len())
	}
	_ = mem.Remove("/d/dir")
	appendKeys(t, c, "dir")
	c.s.FlushIdle()
	wantContent(t, mem, "/d/dir", "dir\n")
}

func TestVeryLongKeysShareTheirEntry(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	c := s.Cache(&Options{}, "/d/", 10)
	long := strings.Repeat("x", 6000)
	for range 3 {
		if err := appendTo(c, []byte("/d/"+long), []byte("x\n")); err != nil {
			t.Fatal(err)
		}
	}
	s.FlushIdle()
	wantContent(t, mem, Contain("/d/", "/d/"+long), "x\nx\nx\n")
	if got := c.Stats(); got.Missed != 1 || got.Used != 1 {
		t.Errorf("%+v", got)
	}
}

func TestHostileNamesStayInTheDirectory(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	top := t.TempDir()
	base := top + "/logs/hosts/"
	c := s.Cache(&Options{}, base, 4)
	for _, name := range []string{
		"../../etc/cron.d/x", "/abs", "a/../../b", "c/..", ".", "", "a\x00b", "\x1b[2J", "x/", "//y//",
		strings.Repeat("n", 5000), strings.Repeat("../", 2000), strings.Repeat("é/", 3000), "....", "ok.log",
	} {
		if err := appendTo(c, []byte(base+name), []byte("line\n")); err != nil {
			t.Errorf("%.40q: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{top: "logs", top + "/logs": "hosts"} {
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != want {
			t.Errorf("%s holds %v (%v)", dir, entries, err)
		}
	}
}

func TestNamesMayEscapeWhenTheConfigurationSaysSo(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, nil)
	_ = mem.Mkdir("/a", 0o700)
	c := s.Cache(&Options{Escape: true}, "/a/b/", 0)
	if err := appendTo(c, []byte("/a/b/../x\n"), []byte("x\n")); err != nil {
		t.Fatal(err)
	}
	s.FlushIdle()
	wantContent(t, mem, "/a/x_", "x\n")
}

func TestManyWorkersAndASmallCache(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	running(t, s)
	dir := t.TempDir()
	c := s.Cache(&Options{}, dir+"/", 3)
	const writers, lines, files = 4, 500, 8
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range lines {
				for k := range files {
					key := fmt.Appendf(nil, "%s/f%d", dir, (k+w)%files)
					if err := appendTo(c, key, []byte(loadLine(w, n))); err != nil {
						t.Errorf("append: %v", err)
						return
					}
				}
				s.FlushIdle()
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for k := range files {
		checkLoad(t, []string{content(vfs.OS{}, fmt.Sprintf("%s/f%d", dir, k))}, writers, lines)
	}
	if got := c.Stats(); got.Evicted == 0 || got.MaxUsed > 3+writers {
		t.Errorf("%+v", got)
	}
}
