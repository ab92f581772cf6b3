package imfile

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	r := startRig(t, t.TempDir(), "a.log", options{conf: func(c *Config) { c.Tag, c.CEE, c.Metadata = "app[7]:", true, metadataOn }})
	r.write("a.log", "x\n{\"a\":1}\n")
	r.want("@cee:x", `@cee:{"a":1}`)
	if want := "133 box app[7]: app"; r.queue.tags[0] != want {
		t.Errorf("got %s, want %s", r.queue.tags[0], want)
	}
	want := fmt.Sprintf(`{ "metadata": { "filename": "%s", "fileoffset": "2" } }`, strings.ReplaceAll(r.path("a.log"), "/", `\/`))
	if got := r.queue.meta[1]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A program that rotates its file and one that is told to later: no line is lost
// or read twice, and their order stays.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"a.log", "a.log*"} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			r := startRig(t, t.TempDir(), pattern, options{})
			const rounds, lines = 12, 400
			n := 0
			f := create(t, r.path("a.log"))
			put := func(count int) {
				for range count {
					n++
					fmt.Fprintf(f, "line %d\n", n)
				}
			}
			for round := range rounds {
				put(lines)
				// A file that lives shorter than a moment can not be found.
				if !poll(func() bool { return r.in.stats.open.Value() > uint64(round) }) {
					t.Fatal("the new file is not read")
				}
				put(lines)
				if err := os.Rename(r.path("a.log"), r.path(fmt.Sprintf("a.log.%d", round))); err != nil {
					t.Fatal(err)
				}
				put(lines / 10) // still in the old file
				r.waitFor(n - lines/10)
				f.Close()
				f = create(t, r.path("a.log"))
			}
			put(lines)
			f.Close()
			r.waitFor(n)
			r.stop()
			checkLines(t, r.queue.got(), n)
		})
	}
}

func (r *rig) waitFor(n int) {
	r.t.Helper()
	if !poll(func() bool { return len(r.queue.got()) >= n }) {
		r.t.Fatalf("got %d messages, want %d\nlog: %s", len(r.queue.got()), n, r.log)
	}
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// checkLines compares with "line 1" to "line n"; files of different names may overtake each other.
func checkLines(t *testing.T, got []string, n int) {
	t.Helper()
	count := map[string]int{}
	for _, text := range got {
		count[text]++
	}
	for i := 1; i <= n; i++ {
		if c := count[fmt.Sprintf("line %d", i)]; c != 1 {
			t.Errorf("line %d came %d times", i, c)
		}
	}
	if len(got) != n {
		t.Errorf("got %d messages, want %d", len(got), n)
	}
}

// copytruncate: the file is emptied and goes on from its start.
func TestCopyTruncate(t *testing.T) {
	t.Parallel()
	r := startRig(t, t.TempDir(), "a.log", options{})
	r.write("a.log", "one\ntwo\n")
	r.want("one", "two")
	if err := os.Truncate(r.path("a.log"), 0); err != nil {
		t.Fatal(err)
	}
	r.write("a.log", "n\n")
	r.want("one", "two", "n")
	r.write("a.log", "m\n")
	r.want("one", "two", "n", "m")
	r.stop()

	// While nobody looks, too: the text is shorter, or another one.
	for _, text := range []string{"x\n", "other text of more bytes\n"} {
		os.Truncate(r.path("a.log"), 0)
		r.write("a.log", text)
		r2 := startRig(t, r.dir, "a.log", options{})
		r2.want(strings.TrimSpace(text))
		r2.stop()
	}
}

func TestTruncationIsIgnoredOnRequest(t *testing.T) {
	t.Parallel()
	r := startRig(t, t.TempDir(), "a.log", options{conf: func(c *Config) { c.Reopen = false }})
	r.write("a.log", "one\ntwo\n")
	r.want("one", "two")
	os.Truncate(r.path("a.log"), 0)
	r.write("a.log", "n\n")
	if !poll(func() bool { return strings.Contains(r.log.String(), "became shorter") }) {
		t.Fatal("the log says nothing")
	}
	r.write("a.log", "1234567\n")
	r.want("one", "two", "7") // behind the old length
}

func TestWildcardsLater(t *testing.T) {
	t.Parallel()
	r := startRig(t, t.TempDir(), "in/*/log/{a,b}*.txt", options{})
	texts := []string{}
	for i, dir := range []string{"in/h1/log", "in/h2/log", "in/h3/log"} {
		if err := os.MkdirAll(r.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
		r.write(dir+"/a1.txt", fmt.Sprintf("a%d\n", i))
		r.write(dir+"/c1.txt", "no\n")
		r.write(dir+"/.a.txt", "no\n")
		texts = append(texts, fmt.Sprintf("a%d", i))
		r.wantSorted(texts...)
	}
	// The whole tree goes and comes back.
	if err := os.RemoveAll(r.path("in")); err != nil {
		t.Fatal(err)
	}
	os.MkdirAll(r.path("in/h1/log"), 0o700)
	r.write("in/h1/log/b.txt", "b\n")
	r.wantSorted(append(texts, "b")...)
}

// Files that are reached by symbolic links, as in Kubernetes: the link and the
// directory of the file are elsewhere.
func TestSymbolicLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "pods"), 0o700)
	os.MkdirAll(filepath.Join(dir, "real"), 0o700)
	os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "links"))
	r := startRig(t, dir, "links/*.log", options{})
	r.write("pods/0.log", "zero\n")
	os.Symlink(r.path("pods/0.log"), r.path("real/c.log"))
	r.want("zero")
	r.write("pods/0.log", "one\n")
	r.want("zero", "one")
	os.Rename(r.path("pods/0.log"), r.path("pods/0.log.1"))
	r.write("pods/0.log", "two\n")
	r.want("zero", "one", "two")
	r.write("real/plain.log", "three\n")
	r.want("zero", "one", "two", "three")
}

func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := startRig(t, dir, "a.log", options{})
	r.write("a.log", "one\npart")
	r.want("one")
	r.stop()
	r.write("a.log", "ial\ntwo\n"+strings.Repeat("x", 600)+"\n")
	r = startRig(t, dir, "a.log", options{})
	r.want("partial", "two", strings.Repeat("x", 600))
	r.stop()
	if s := r.states(); len(s) != 1 || strings.Count(s[0], ":") != 2 {
		t.Errorf("state files %q, want one with a fingerprint in its name", s)
	}
	r.write("a.log", "three\n")
	// Renamed meanwhile, and out of the pattern: only the new file is read.
	r = startRig(t, dir, "a.log", options{})
	r.want("three")
}

// What is in a queue that is lost is read again; what was processed is not.
func TestCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := startRig(t, dir, "a.log", options{})
	r.write("a.log", "one\n")
	r.want("one")
	if !poll(func() bool { return len(r.states()) == 1 }) {
		t.Fatal("the position was not saved")
	}
	r.queue.mu.Lock()
	r.queue.stalled = true
	r.queue.mu.Unlock()
	r.write("a.log", "two\n")
	r.want("one", "two")
	r.kill()
	r = startRig(t, dir, "a.log", options{})
	r.want("two")
}

func TestPersistence(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*Config){
		"persistStateAfterSubmission": func(c *Config) { c.PersistSubmit = true },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := startRig(t, dir, "a.log", options{conf: set, stalled: true})
			r.write("a.log", "one\n")
			r.want("one")
			text := ""
			if !poll(func() bool {
				for _, name := range r.states() {
					b, _ := os.ReadFile(name)
					text = string(b)
				}
				return strings.Contains(text, `"curr_offs":4`)
			}) {
				t.Errorf("state %q", text)
			}
		})
	}
}

// A queue that is full stops the reading; nothing is lost.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), "a.log", options{})
	r.queue.full = true
	r.run()
	var want []string
	for i := range 5000 {
		want = append(want, fmt.Sprintf("line %d", i))
	}
	r.write("a.log", strings.Join(want, "\n")+"\n")
	if !poll(r.queue.blocked) {
		t.Fatal("nothing waits")
	}
	// A stop while the queue is full: everything is read at the next start.
	r.stop()
	r2 := newRig(t, r.dir, "a.log", options{})
	r2.queue.full = true
	r2.run()
	if !poll(r2.queue.blocked) {
		t.Fatal("nothing waits")
	}
	r2.queue.setFull(false)
	r2.want(want...)
}

// rsyslogd's state files are understood: it had read a part of a line.
func TestStateOfRsyslogd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	writeFile(t, path, "one\ntwo\npart of it\n")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	os.MkdirAll(filepath.Join(dir, "work"), 0o700)
	state := fmt.Sprintf(`{ "filename": "%s", "prev_was_nl": 0, "curr_offs": 12, "strt_offs": 8, "prev_line_segment": "part" }`, path)
	writeFile(t, filepath.Join(dir, "work", stateName(inode(info), "", 0)), state)
	r := startRig(t, dir, "a.log", options{})
	r.want("part of it")
}

// A state that cannot be read costs no message.
func TestBadState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	writeFile(t, path, "one\n")
	info, _ := os.Stat(path)
	os.MkdirAll(filepath.Join(dir, "work"), 0o700)
	for _, text := range []string{"", "{", `{"curr_offs": -5}`, `{"curr_offs": 999}`, `{"curr_offs": 4, "head_len": 2, "head": "00"}`} {
		name := filepath.Join(dir, "work", stateName(inode(info), "", 0))
		os.Remove(name)
		writeFile(t, name, text)
		r := startRig(t, dir, "a.log", options{})
		r.want("one")
		r.stop()
	}
}

// Two inputs read one file; each has a position of its own.
func TestTwoInputsOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range 2 {
		var shared sync.Map
		a := startRig(t, dir, "*.log", options{shared: &shared})
		b := startRig(t, dir, "a.log", options{shared: &shared, conf: func(c *Config) { c.Trim = 2 }})
		a.write("a.log", fmt.Sprintf("text %d\n", round))
		a.want(fmt.Sprintf("text %d", round))
		b.want("te")
		if round == 0 {
			a.stop()
			b.stop()
			continue
		}
		// The second one loses its state only.
		b.kill()
		a.stop()
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "work/*")); len(names) != 2 {
		t.Errorf("state files %q", names)
	}
}

func TestFreshStartTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a.log"), "old\n")
	tail := func(c *Config) { c.FreshTail = true }
	r := startRig(t, dir, "*.log", options{conf: tail})
	if !poll(func() bool { return len(r.states()) == 1 }) {
		t.Fatal("the position was not saved")
	}
	r.write("a.log", "new\n")
	r.write("b.log", "first\n")
	r.wantSorted("first", "new")
	r.kill()
}

func TestReadTimeout(t *testing.T) {
	t.Parallel()
	r := startRig(t, t.TempDir(), "a.log", options{conf: func(c *Config) { c.Start, c.ReadTimeout = "^S", 1 }})
	r.write("a.log", "S one\nmore\npart")
	r.want(`S one\nmore`)
	r.write("a.log", "\nS two\nS three\n")
	r.want(`S one\nmore`, "part", "S two", "S three")
}

func TestMinuteLimits(t *testing.T) {
	t.Parallel()
	r := startRig(t, t.TempDir(), "a.log", options{conf: func(c *Config) { c.MaxLinesMinute = 3 }})
	r.write("a.log", "1\n2\n3\n4\n5\n")
	if !poll(func() bool { return r.in.stats.limited.Value() == 2 }) {
		t.Error("nothing was dropped")
	}
	r.want("1", "2", "3")
}

// What a file holds when it is deleted is sent, its last line, too, and its state is removed.
func TestDelete(t *testing.T) {
	t.Parallel()
	r := startRig(t, t.TempDir(), "a.log", options{})
	r.write("a.log", "one\nlast")
	r.want("one")
	if !poll(func() bool { return len(r.states()) == 1 }) {
		t.Fatal("the position was not saved")
	}
	os.Remove(r.path("a.log"))
	r.want("one", "last")
	if !poll(func() bool { return len(r.states()) == 0 }) {
		t.Errorf("state files %q", r.states())
	}
}

func TestOldFilesAreIgnored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "old.log"), "old\n")
	past := time.Now().Add(-time.Hour)
	os.Chtimes(filepath.Join(dir, "old.log"), past, past)
	writeFile(t, filepath.Join(dir, "z.log"), "new\n")
	r := startRig(t, dir, "*.log", options{conf: func(c *Config) { c.OlderThan = 60 }})
	r.want("new")
}

// With sortFiles a file is read to its end before the next one.
func TestSortFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var want []string
	for _, name := range []string{"a", "b", "c"} {
		var text strings.Builder
		for i := range 3000 {
			line := fmt.Sprintf("%s %d %s", name, i, strings.Repeat("x", 100))
			want = append(want, line)
			text.WriteString(line + "\n")
		}
		writeFile(t, filepath.Join(dir, name+".log"), text.String())
	}
	r := startRig(t, dir, "*.log", options{mod: func(m *ModuleConfig) { m.SortFiles = true }})
	r.want(want...)
}

func TestPolling(t *testing.T) {
	t.Parallel()
	r := startRig(t, t.TempDir(), "*.log", options{mod: func(m *ModuleConfig) { m.Polling, m.PollInterval = true, 1 }})
	r.write("a.log", "one\n")
	r.want("one")
	os.Rename(r.path("a.log"), r.path("a.old"))
	r.write("a.log", "two\n")
	r.want("one", "two")
}

// Thousands of files need no goroutine each.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	const n = 2000
	var want []string
	for i := range n {
		text := fmt.Sprintf("text %04d", i)
		want = append(want, text)
		writeFile(t, filepath.Join(dir, fmt.Sprintf("%d.log", i)), text+"\n")
	}
	before := runtime.NumGoroutine()
	r := startRig(t, dir, "*.log", options{})
	r.wantSorted(want...)
	if more := runtime.NumGoroutine() - before; more > 6 {
		t.Errorf("%d goroutines for %d files", more, n)
	}
	r.stop()
	if got := len(r.states()); got != n {
		t.Errorf("%d state files, want %d", got, n)
	}
}

func TestStopLeavesNothingOpen(t *testing.T) {
	dir := t.TempDir()
	before := openFiles(t)
	for range 3 {
		r := startRig(t, dir, "*.log", options{})
		r.write("a.log", "x\n")
		r.waitFor(1)
		os.Rename(r.path("a.log"), r.path("a.old"))
		r.write("a.log", "y\n")
		r.waitFor(2)
		r.stop()
	}
	if after := openFiles(t); after > before+1 { // the runtime's poller may come
		t.Errorf("%d open files, %d before", after, before)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("there is no /proc")
	}
	return len(names)
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pattern, path, want string }{
		{"/var/log/*.log", "/var/log/a.log", "match"},
		{"/var/log/*.log", "/var/log/.a.log", ""},
		{"/var/log/.*.log", "/var/log/.a.log", "match"},
		{"/var/log/*.log", "/var/log/a.txt", ""},
		{"/var/*/x.log", "/var/a", "prefix"},
		{"/var/*/x.log", "/var/a/x.log", "match"},
		{"/var/*/x.log", "/var/a/b/x.log", ""},
		{"/var//log/./x", "/var/log/x", "match"},
		{"/v/{a,b{1,2}}.log", "/v/b2.log", "match"},
		{"/v/{a,b{1,2}}.log", "/v/b.log", ""},
		{"/v/{a.log", "/v/{a.log", "match"},
		{"/v/[!a]?", "/v/bc", "match"},
		{"/v/[!a]?", "/v/ac", ""},
		{`/v/\*`, "/v/*", "match"},
		{`/v/\*`, "/v/x", ""},
	} {
		p, err := parsePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if p.concerns(c.path) {
			got = "prefix"
		}
		if p.matches(c.path) {
			got = "match"
		}
		if got != c.want {
			t.Errorf("%s with %s: got %q, want %q", c.pattern, c.path, got, c.want)
		}
	}
	for _, bad := range []string{"", "/", "/v/[a", "/v/" + strings.Repeat("{a,b}", 12)} {
		if _, err := parsePattern(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestWalkIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 10 {
		writeFile(t, filepath.Join(dir, fmt.Sprint(i)), "x")
	}
	p, _ := parsePattern(dir + "/*")
	w := walker{fs: osFS, maxFiles: 3, maxDirs: 10, enter: func(string) {}, trace: func(string) {}}
	if got := w.walk(p); len(got) != 3 || !w.full || !slices.IsSorted(got) {
		t.Errorf("got %q, full %v", got, w.full)
	}
}
