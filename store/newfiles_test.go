package store

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"syslogd/internal/vfs"
	"syslogd/metrics"
)

// inodes counts files and directories below dir, and lines the lines in them.
func inodes(t *testing.T, fsys vfs.FS, dir string) (count, lines int) {
	t.Helper()
	names, err := fsys.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := dir + "/" + name
		count++
		if info, err := fsys.Stat(path); err == nil && info.Mode.IsDir() {
			n, l := inodes(t, fsys, path)
			count, lines = count+n, lines+l
			continue
		}
		lines += strings.Count(content(fsys, path), "\n")
	}
	return count, lines
}

func send(t *testing.T, c *Cache, from, name string) {
	t.Helper()
	if err := c.Append([]Record{{Key: []byte(name), Text: []byte("x\n"), From: []byte(from)}}, nil, new(int)); err != nil {
		t.Fatal(err)
	}
}

func TestASenderMakesSoManyFilesAndNoMessageIsLost(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _, mem, log := newMemStore(t, clock)
	c := s.Cache(&Options{}, "/log/", 0)
	c.LimitNewFiles(NewFiles{PerSender: 2, All: 4, Overflow: "/log/_overflow.log"}, nil)
	const burst = 2 * 300 // of the files and directories
	for i := range 2000 {
		send(t, c, "attacker", fmt.Sprintf("/log/h%d/app.log", i))
	}
	send(t, c, "good", "/log/good/app.log")
	send(t, c, "attacker", "/log/h1/app.log") // exists
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	count, lines := inodes(t, mem, "/log")
	if count > burst+4 || count < burst || lines != 2002 {
		t.Errorf("%d files and directories with %d messages", count, lines)
	}
	if content(mem, "/log/good/app.log") != "x\n" || content(mem, "/log/h1/app.log") != "x\nx\n" {
		t.Error("another sender, or a file that exists, is held up")
	}
	if n := s.Stats().Diverted; n != uint64(strings.Count(content(mem, "/log/_overflow.log"), "\n")) || n == 0 {
		t.Errorf("%d diverted", n)
	}
	if text := reported(s, log); !strings.Contains(text, "attacker") || !strings.Contains(text, "_overflow.log") {
		t.Errorf("log: %s", text)
	}
	clock.Add(10 * time.Second)
	for i := range 100 {
		send(t, c, "attacker", fmt.Sprintf("/log/n%d.log", i))
	}
	if again, _ := inodes(t, mem, "/log"); again-count < 18 || again-count > 20 {
		t.Errorf("%d more after 10 s, want about 20", again-count)
	}
	// Together they make no more than All.
	for i := range 2000 {
		send(t, c, fmt.Sprint(i), fmt.Sprintf("/log/a%d.log", i))
	}
	if all, _ := inodes(t, mem, "/log"); all > 4*300+4*10+4 {
		t.Errorf("%d in all", all)
	}
}

func TestWithoutAPlaceForThemMessagesAreCounted(t *testing.T) {
	t.Parallel()
	s, _, mem, _ := newMemStore(t, newClock())
	book := metrics.NewLosses(slog.New(slog.DiscardHandler))
	defer book.Close()
	c := s.Cache(&Options{}, "", 0)
	c.LimitNewFiles(NewFiles{PerSender: 1}, book.Of("too_many_new_files", "test"))
	_ = mem.Mkdir("/log", 0o755)
	for i := range 400 {
		send(t, c, "a", fmt.Sprintf("/log/%d", i))
	}
	if n, _ := inodes(t, mem, "/log"); n != 300 || book.Total() != 100 {
		t.Errorf("%d files, %d counted", n, book.Total())
	}
}

func TestADynamicNameHasADepth(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("d/", 50)
	a, b := Contain("/log/", "/log/"+deep+"x.log"), Contain("/log/", "/log/"+deep+"y.log")
	if n := strings.Count(a, "/"); n > DefaultDepth+2 || a == b || !strings.HasSuffix(a, ".log") {
		t.Errorf("got %q and %q", a, b)
	}
}

// Senders beyond those that are told apart share one account: who invents names gets no room by it.
func TestSendersBeyondTheBoundShareAnAccount(t *testing.T) {
	t.Parallel()
	k := &makers{senders: map[string]*account{}}
	now := newClock().Now()
	of := func(sender string, at time.Time) *account {
		a := k.of([]byte(sender), at)
		a.at = at // as filling it does
		return a
	}
	for i := range maxSenders {
		of(fmt.Sprint(i), now)
	}
	shared := of("one more", now)
	if of("another", now) != shared {
		t.Error("they have accounts of their own")
	}
	if n := len(k.senders); n > maxSenders+1 {
		t.Errorf("%d accounts, want %d at most", n, maxSenders+1)
	}
	if of("0", now) == shared {
		t.Error("those that are told apart share it, too")
	}
	// Who has not sent for long makes room.
	if later := now.Add(saving); of("one more", later) == of("another", later) {
		t.Error("there is room again, and they share an account still")
	}
}
