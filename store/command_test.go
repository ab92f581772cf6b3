package store

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"syslogd/internal/vfs"
)

// sizeCommand writes a script and returns the command line that runs it.
func sizeCommand(t testing.TB, dir, body string) string {
	t.Helper()
	path := dir + "/rot"
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncd '"+dir+"'\n"+body), 0o700); err != nil {
		t.Fatal(err)
	}
	return "/bin/sh " + path
}

func TestSizeCommandRunsAfterTheWriteThatFoundTheLimitReached(t *testing.T) {
	t.Parallel()
	// Seen with rsyslogd 8.2302: limits and lengths of lines, and the lines in
	// the file when the command was run.
	for _, c := range []struct {
		limit       int64
		length      int
		moved, left int
	}{{60, 29, 4, 1}, {60, 30, 3, 2}, {100, 44, 4, 2}} {
		s, _ := newOSStore(t, nil)
		dir := t.TempDir()
		cmd := sizeCommand(t, dir, "cat out.log >>moved; rm out.log\n")
		f := mustFile(t, s, dir+"/out.log", Options{SizeLimit: c.limit, SizeCommand: cmd})
		for range c.moved + c.left {
			mustAppend(t, f, string(record(c.length)))
			s.FlushIdle()
		}
		moved, left := content(vfs.OS{}, dir+"/moved"), content(vfs.OS{}, dir+"/out.log")
		if len(moved) != c.moved*c.length || len(left) != c.left*c.length {
			t.Errorf("limit %d: %d bytes moved, %d left", c.limit, len(moved), len(left))
		}
	}
}

// Not parallel: while another test starts a process, a file that was just
// written can not be executed (ETXTBSY).
func TestSizeCommandGetsTheRestOfTheLineAsOneArgument(t *testing.T) {
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	path := dir + "/rot"
	script := "#!/bin/sh\necho \"$#:$1\" >'" + dir + "/args'\nrm '" + dir + "/out.log'\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for pass, want := range map[bool]string{false: "1:one   two\n", true: "2:one   two\n"} {
		f := mustFile(t, s, dir+"/out.log", Options{SizeLimit: 1, SizeCommand: path + " one   two", PassName: pass})
		for range 2 {
			mustAppend(t, f, "x\n")
			s.FlushIdle()
		}
		wantContent(t, vfs.OS{}, dir+"/args", want)
	}
}

func TestASizeCommandThatDoesNotHelpSuspendsTheFile(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s, _ := newOSStore(t, clock)
	dir := t.TempDir()
	cmd := sizeCommand(t, dir, "echo run >>runs\ntest -e really && rm out.log\nexit 3\n")
	f := mustFile(t, s, dir+"/out.log", Options{SizeLimit: 10, SizeCommand: cmd})
	mustAppend(t, f, "0123456789\n")
	s.FlushIdle()
	mustAppend(t, f, "second\n")
	var limit *SizeLimitError
	if err := f.Flush(); !errors.As(err, &limit) || !strings.Contains(err.Error(), "did no resolve situation") {
		t.Errorf("flush: %v", err)
	}
	for range 5 {
		if err := f.Append([]byte("refused\n"), nil); !errors.As(err, &limit) {
			t.Errorf("append: %v", err)
		}
	}
	wantContent(t, vfs.OS{}, dir+"/out.log", "0123456789\nsecond\n")
	wantContent(t, vfs.OS{}, dir+"/runs", "run\n")

	if err := os.WriteFile(dir+"/really", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	clock.Add(commandRest + time.Second)
	mustAppend(t, f, "third\n")
	s.FlushIdle()
	wantContent(t, vfs.OS{}, dir+"/out.log", "third\n")
}

func TestASizeCommandThatIsNotThere(t *testing.T) {
	t.Parallel()
	s, _ := newOSStore(t, nil)
	dir := t.TempDir()
	f := mustFile(t, s, dir+"/out.log", Options{SizeLimit: 1, SizeCommand: dir + "/none"})
	mustAppend(t, f, "x\n")
	s.FlushIdle()
	mustAppend(t, f, "y\n")
	var limit *SizeLimitError
	if err := f.Flush(); !errors.As(err, &limit) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("flush: %v", err)
	}
}
