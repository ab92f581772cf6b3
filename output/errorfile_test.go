package output

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMessagesThatAreGivenUpAreInTheErrorFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "errors")
	out := &flaky{errs: []error{&Rejected{Index: 1, Err: errDown}, &Suspended{Done: 1, Err: errDown}}}
	now := time.Unix(0, 0)
	d := NewDelivery(out, Policy{Interval: time.Minute, IntervalMax: time.Hour, Errors: &ErrorFile{Path: file, Action: `the "first"`}},
		slog.New(slog.DiscardHandler), func() time.Time { return now })
	b := records("a", "poison\n", "b", "c/\u00e9")
	if done := d.Deliver(t.Context(), b); done != 4 || b.Lost != 2 {
		t.Errorf("%d done, %d of them lost; want 4, 2", done, b.Lost)
	}
	d.Deliver(t.Context(), records("while suspended"))
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := `{ "action": "the \"first\"", "status": -2218, "template0": "poison\n", "reason": "down" }
{ "action": "the \"first\"", "status": -2007, "template0": "c\/é", "reason": "down" }
{ "action": "the \"first\"", "status": -2007, "template0": "while suspended", "reason": "down" }
`
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if strings.Join(out.got, " ") != "a b" || d.Failed.Value() != 3 {
		t.Errorf("delivered %q, %d failed", out.got, d.Failed.Value())
	}
}

func TestTheErrorFileEndsAtItsSizeWithAWholeLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "errors")
	var log strings.Builder
	f := &ErrorFile{Path: file, Action: "x", MaxSize: 150, Log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 4 {
		f.Write(records("a"), codeSuspended, nil)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if line := `{ "action": "x", "status": -2007, "template0": "a" }` + "\n"; string(got) != line+line {
		t.Errorf("got %q", got)
	}
	if n := strings.Count(log.String(), "has reached its size"); n != 1 {
		t.Errorf("said %d times that it is full", n)
	}
}

func TestTheErrorFileDoesNotShowWhatAnOutputRendersForItself(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "errors")
	f := &ErrorFile{Path: file, Action: "x", Private: 1}
	b := records("a")
	b.Parts = append(b.Parts, b.Parts[0])
	f.Write(b, codeSuspended, nil)
	got, err := os.ReadFile(file)
	if want := `{ "action": "x", "status": -2007, "template0": "a" }` + "\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAnErrorFileThatCanNotBeWrittenIsReportedOnce(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	f := &ErrorFile{Path: filepath.Join(t.TempDir(), "no", "errors"), Log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 3 {
		f.Write(records("a"), codeSuspended, nil)
	}
	if n := strings.Count(log.String(), "can not be written"); n != 1 {
		t.Errorf("reported %d times:\n%s", n, log.String())
	}
}

func TestTheStateFileSuspendsTheAction(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state")
	out := &flaky{}
	now := time.Unix(0, 0)
	d := NewDelivery(out, Policy{Interval: time.Minute, IntervalMax: time.Hour, StateFile: file}, slog.New(slog.DiscardHandler), func() time.Time { return now })
	for _, step := range []struct{ state, message string }{
		{"", "no file"}, {"READY\n", "ready"}, {"anything", "anything"}, {"SUSPENDED\n", "lost"}, {"READY\n", "too early"},
	} {
		if step.state != "" {
			if err := os.WriteFile(file, []byte(step.state), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		d.Deliver(t.Context(), records(step.message))
	}
	now = now.Add(time.Minute)
	d.Deliver(t.Context(), records("after the interval"))
	if got := strings.Join(out.got, ", "); got != "no file, ready, anything, after the interval" {
		t.Errorf("delivered: %s", got)
	}
}
