package barrier

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/metrics"
)

// bench is a barrier in a directory, with what it logs.
func bench(dir string) (b *Barrier, losses *metrics.Losses, log *bytes.Buffer) {
	log = &bytes.Buffer{}
	l := slog.New(slog.NewTextHandler(log, nil))
	losses = metrics.NewLosses(l)
	return New(dir, l, losses), losses, log
}

var sprung = &Panic{Value: "sprung", Stack: "here"}

func TestAMessageThatPanicsIsCountedLoggedAndKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, losses, log := bench(dir)
	defer losses.Close()
	b.Message("action a", sprung, []byte("a \x1b[2J b"))
	if n := losses.Of("panic", "action a").Count(); n != 1 || b.Caught() != 1 {
		t.Errorf("%d lost, %d caught, want 1 and 1", n, b.Caught())
	}
	text, err := os.ReadFile(filepath.Join(dir, FileName))
	if want := `text="a \x1b[2J b"`; err != nil || !strings.Contains(string(text), want) || strings.Count(string(text), "\n") != 1 {
		t.Errorf("kept is %q, %v; want one line with %s", text, err, want)
	}
	if !strings.Contains(log.String(), filepath.Join(dir, FileName)) {
		t.Errorf("the log does not say where: %s", log)
	}
}

func TestTheFileOfMessagesHasASize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, losses, log := bench(dir)
	defer losses.Close()
	file := filepath.Join(dir, FileName)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, maxFile-100); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.Message("a", sprung, bytes.Repeat([]byte("x"), 100))
	}
	if info, err := os.Stat(file); err != nil || info.Size() != maxFile-100 {
		t.Errorf("the file has grown: %v, %v", info, err)
	}
	if n := strings.Count(log.String(), "has reached its size"); n != 1 {
		t.Errorf("%d lines say so, want one: %s", n, log)
	}
	if n := losses.Total(); n != 3 {
		t.Errorf("%d messages count as lost, want 3", n)
	}
}

// The directory may belong to the user that the server became, or to another one.
func TestNoLinkIsFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(dir, FileName)); err != nil {
		t.Fatal(err)
	}
	b, losses, log := bench(dir)
	defer losses.Close()
	b.Message("a", sprung, []byte("x"))
	b.Message("a", sprung, []byte("y"))
	if text, _ := os.ReadFile(other); string(text) != "before" {
		t.Errorf("what the link leads to has %q", text)
	}
	if n := strings.Count(log.String(), "can not be kept"); n != 1 {
		t.Errorf("%d lines say that they can not be kept, want one: %s", n, log)
	}
}

func TestReportsAreSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _, log := bench("")
		for range 50 {
			b.Report("a connection panicked", sprung)
		}
		if n := strings.Count(log.String(), "panicked"); n != 1 {
			t.Errorf("%d lines at once, want one", n)
		}
		time.Sleep(reportPause)
		b.Report("a connection panicked", sprung)
		if text := log.String(); !strings.Contains(text, "not_said=49") {
			t.Errorf("the log does not say how many: %s", text)
		}
		if b.Caught() != 51 {
			t.Errorf("%d were caught, want 51", b.Caught())
		}
	})
}

// spiteful panics also when it is printed.
type spiteful struct{}

func (spiteful) Error() string { panic("again") }

func TestAPanicBecomesAnError(t *testing.T) {
	t.Parallel()
	b, _, _ := bench("")
	for _, value := range []any{"sprung", errors.New("sprung"), spiteful{}, strings.Repeat("x", 10*maxValue)} {
		work := func() (err error) {
			defer b.Catch(&err, "given up")
			panic(value)
		}
		var p *Panic
		if err := work(); !errors.As(err, &p) || p.Value == "" || len(p.Value) > maxValue || !strings.Contains(p.Stack, "barrier.TestAPanicBecomesAnError") {
			t.Errorf("%T becomes %+v", value, p)
		}
	}
	if b.Caught() != 4 {
		t.Errorf("%d were caught, want 4", b.Caught())
	}
}

func TestWithoutABarrierAPanicIsSeen(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("the panic is gone")
		}
	}()
	func() (err error) {
		var b *Barrier
		defer b.Catch(&err, "given up")
		panic("sprung")
	}()
}
