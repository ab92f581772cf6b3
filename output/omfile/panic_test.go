package omfile_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syslogd/internal/barrier"
	"syslogd/metrics"
	"syslogd/output"
)

// TestAPanicWithinABatchOfDynamicFiles has the clock panic once, at each of its calls in
// turn, wherever in a batch for several files that is: in the cache, or in what is done
// to a file. Every record is written once.
func TestAPanicWithinABatchOfDynamicFiles(t *testing.T) {
	t.Parallel()
	const records = 70      // more than omfile gives to the store at a time
	var log strings.Builder // of panics that were caught around the output
	for at := 1; ; at++ {
		calls, armed := 0, false
		f := openAt(t, `template(name="path" type="string" string="@DIR@/%hostname%.log")
			action(type="omfile" dynaFile="path")`, func() time.Time {
			if armed {
				if calls++; calls == at {
					panic("the clock")
				}
			}
			return time.Now()
		})
		book := metrics.NewLosses(slog.New(slog.DiscardHandler))
		policy := output.Policy{Barrier: barrier.New(t.TempDir(), slog.New(slog.NewTextHandler(&log, nil)), book)}
		d := output.NewDelivery(f.Output, policy, slog.New(slog.DiscardHandler), time.Now)
		armed = true
		batch := output.Batch{Parts: make([]output.Part, 3)}
		add := func(part int, text string) {
			p := &batch.Parts[part]
			p.Data = append(p.Data, text...)
			p.Ends = append(p.Ends, len(p.Data))
		}
		for i := range records {
			add(0, fmt.Sprintf("record %d\n", i))
			add(1, fmt.Sprintf("%s/%d.log", f.dir, i%9+i/64))
			add(2, "192.0.2.1")
		}
		if done := d.Deliver(context.Background(), &batch); done != records {
			t.Errorf("panic %d: %d are done", at, done)
		}
		over := calls < at
		armed = false
		if err := f.store.Flush(); err != nil {
			t.Error(err)
		}
		// A file that failed is tried again by the next record.
		for i := range 10 {
			f.mustWrite(fmt.Sprintf("more\n|%s/%d.log", f.dir, i))
		}
		f.Output.Close()
		text := contents(t, f.dir)
		for i := range records {
			if n := strings.Count(text, fmt.Sprintf("record %d\n", i)); n != 1 {
				t.Errorf("panic %d: record %d is there %d times", at, i, n)
			}
		}
		book.Close()
		if over {
			break
		}
	}
	if !strings.Contains(log.String(), "an output panicked") {
		t.Error("no panic was outside of what is done to a file")
	}
}

// contents is the text of all files in dir.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	names, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
