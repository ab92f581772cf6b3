package omprog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"syslogd/internal/process"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
	"syslogd/output/omprog"
)

// open makes an output of a shell script, in which $d is a new directory.
func open(t *testing.T, script string, change func(*omprog.Config)) (output.Output, string) {
	t.Helper()
	var losses *metrics.Losses
	return openWith(t, script, change, &losses)
}

// openWith is open that hands out the book of losses.
func openWith(t *testing.T, script string, change func(*omprog.Config), losses **metrics.Losses) (output.Output, string) {
	t.Helper()
	*losses = metrics.NewLosses(slog.New(slog.DiscardHandler))
	t.Cleanup((*losses).Close)
	dir := t.TempDir()
	file := filepath.Join(dir, "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nd="+dir+"\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := omprog.Module.Instance.New(nil).(*omprog.Config)
	c.Binary = "/bin/sh " + file // a file just written can not always be executed while other tests start programs
	if change != nil {
		change(c)
	}
	out, err := omprog.New(*c, module.Env{Name: "test", Log: slog.New(slog.DiscardHandler), Losses: *losses})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out, dir
}

func write(out output.Output, records ...string) error {
	var p output.Part
	for _, r := range records {
		p.Data = append(p.Data, r...)
		p.Ends = append(p.Ends, len(p.Data))
	}
	return out.Write(context.Background(), &output.Batch{Parts: []output.Part{p}})
}

func has(t *testing.T, dir, name, want string) {
	t.Helper()
	if text, err := os.ReadFile(filepath.Join(dir, name)); string(text) != want {
		t.Errorf("%s has %q (%v), want %q", name, text, err, want)
	}
}

func confirm(c *omprog.Config) { c.Confirm = true }

func TestAProgramReadsTheRecords(t *testing.T) {
	t.Parallel()
	out, dir := open(t, `exec cat > $d/out`, nil)
	if err := write(out, "one\n", "two"); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil { // waits for the program
		t.Fatal(err)
	}
	has(t, dir, "out", "one\ntwo\n")
}

func TestAProgramThatConfirms(t *testing.T) {
	t.Parallel()
	out, dir := open(t, `echo OK; while read -r l; do echo "$l" >> $d/out; case "$l" in bad) echo "no, sorry";; *) echo OK;; esac; done`, confirm)
	if err := write(out, "one", "two"); err != nil {
		t.Fatal(err)
	}
	has(t, dir, "out", "one\ntwo\n")
	var suspended *output.Suspended
	if err := write(out, "three", "bad", "four"); !errors.As(err, &suspended) || suspended.Done != 1 || !suspended.Record || !strings.Contains(err.Error(), "no, sorry") {
		t.Errorf("a refused record: %v", err)
	}
	if err := write(out, "five"); err != nil {
		t.Errorf("the program is not used on: %v", err)
	}
	has(t, dir, "out", "one\ntwo\nthree\nbad\nfive\n")
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	out, dir := open(t, `echo OK; while read -r l; do echo "$l" >> $d/out; case "$l" in BEGIN*|COMMIT*) echo OK;; bad) echo ERROR;; flush) echo PREVIOUS_COMMITTED;; *) echo DEFER_COMMIT;; esac; done`,
		func(c *omprog.Config) { c.Confirm, c.Transactions = true, true })
	if err := write(out, "one", "two"); err != nil {
		t.Fatal(err)
	}
	has(t, dir, "out", "BEGIN TRANSACTION\none\ntwo\nCOMMIT TRANSACTION\n")
	// What was not committed is tried again, but for what the program says is safe.
	var suspended *output.Suspended
	if err := write(out, "a", "b", "flush", "bad"); !errors.As(err, &suspended) || suspended.Done != 2 {
		t.Errorf("got %v", err)
	}
}

func TestAProgramThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	out, dir := open(t, `echo OK; echo start >> $d/out; read -r l; echo "$l" >> $d/out; echo OK`, confirm)
	for _, text := range []string{"one", "two"} {
		if err := write(out, text); err != nil {
			t.Fatal(err)
		}
	}
	has(t, dir, "out", "start\none\nstart\ntwo\n")
}

func TestProgramsThatDoNotWork(t *testing.T) {
	t.Parallel()
	const short, long = 200, 60_000 // ms: who answers may take long to be started
	for _, test := range []struct {
		name, script string
		timeout      int
		want         string
	}{
		{"it does not say OK", `echo HELLO; exec cat`, long, `did not start: it answers "HELLO"`},
		{"it ends", `exit 1`, long, "it ended without an answer"},
		{"it never answers", `exec sleep 1000`, short, "no answer within"},
	} {
		out, _ := open(t, test.script, func(c *omprog.Config) { c.Confirm, c.ConfirmTimeout = true, test.timeout })
		var suspended *output.Suspended
		if err := write(out, "x"); !errors.As(err, &suspended) || suspended.Done != 0 || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestTheEndOfAProgram(t *testing.T) {
	t.Parallel()
	out, dir := open(t, `trap 'echo term >> $d/out; exit' TERM; echo OK; read -r l; echo OK; while :; do sleep 0.01; done`,
		func(c *omprog.Config) { c.Confirm, c.SignalOnClose = true, true })
	if err := write(out, "x"); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	has(t, dir, "out", "term\n")

	deaf, _ := open(t, `trap '' TERM; echo OK; read -r l; echo OK; while :; do sleep 0.01; done`,
		func(c *omprog.Config) { c.Confirm, c.SignalOnClose, c.CloseTimeout = true, true, 50 })
	if err := write(deaf, "x"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := deaf.Close(); err != nil || time.Since(start) > time.Minute {
		t.Errorf("a program that ignores TERM: %v after %v", err, time.Since(start))
	}
}

func TestOutputAndHUP(t *testing.T) {
	t.Parallel()
	// As in the server: below nohup(1) a shell could not trap the signal.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	_, dir := open(t, `trap 'echo hup' HUP; while :; do if read -r l; then echo "got $l"; elif [ -e $d/stop ] || [ ! -d $d ]; then exit; fi; done`, nil)
	c := omprog.Module.Instance.New(nil).(*omprog.Config)
	c.Binary, c.Output, c.HUPSignal = "/bin/sh "+filepath.Join(dir, "program"), filepath.Join(dir, "output"), 1
	out, err := omprog.New(*c, module.Env{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	file := c.Output
	wait := func(want string) {
		t.Helper()
		var text []byte
		if !process.Await(func() bool { text, _ = os.ReadFile(file); return strings.Contains(string(text), want) }) {
			t.Fatalf("the output is %q, want %q in it", text, want)
		}
	}
	if err := write(out, "one"); err != nil {
		t.Fatal(err)
	}
	wait("got one\n")
	// A shell that is about to read when a signal comes sees it behind what it reads.
	hup := func() {
		t.Helper()
		if !process.Await(func() bool {
			out.(output.Reopener).HUP()
			text, _ := os.ReadFile(file)
			return strings.Contains(string(text), "hup\n")
		}) {
			t.Fatal("the program does not know of HUP")
		}
	}
	hup()
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	hup() // in the new file
	if err := os.WriteFile(filepath.Join(dir, "stop"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
}

// A program that ends has not read all that was written: the next one reads the rest.
// Only what it has read and not processed is gone, and that nobody knows.
func TestWhatAProgramThatEndsHasNotReadIsWrittenAgain(t *testing.T) {
	t.Parallel()
	// reads is a program that ends when it has read n lines.
	reads := func(n int) string {
		return fmt.Sprintf(`n=0; while [ $n -lt %d ] && read -r l; do n=$((n+1)); case "$l" in *TRANS*) ;; *) echo "$l" >> $d/out;; esac; done`, n)
	}
	transactions := func(c *omprog.Config) { c.Transactions = true }
	for name, test := range map[string]struct {
		script string
		change func(*omprog.Config)
		size   int // of a record; more than a pipe holds has a program end within a batch
	}{
		"unconfirmed":          {script: reads(37)},
		"unconfirmed, large":   {script: reads(37), size: 4000},
		"killed":               {script: `n=0; while read -r l; do echo "$l" >> $d/out; n=$((n+1)); [ $n = 41 ] && kill -9 $$; done`},
		"transactions":         {script: reads(50), change: transactions},
		"few at a time":        {script: reads(7), change: transactions},
		"transactions, large":  {script: reads(50), change: transactions, size: 4000},
		"few at a time, large": {script: reads(7), change: transactions, size: 4000},
		"confirmed":            {script: `echo OK; n=0; while [ $n -lt 37 ] && read -r l; do echo "$l" >> $d/out; echo OK; n=$((n+1)); done`, change: confirm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var losses *metrics.Losses
			out, dir := openWith(t, test.script, test.change, &losses)
			var want []string
			for i := range 10 {
				var batch []string
				for j := range 50 {
					batch = append(batch, fmt.Sprintf("record %-*d", test.size, i*50+j))
				}
				want = append(want, batch...)
				deliver(t, out, batch)
			}
			if err := out.Close(); err != nil {
				t.Fatal(err)
			}
			text, _ := os.ReadFile(filepath.Join(dir, "out"))
			got := strings.Fields(strings.ReplaceAll(string(text), "record ", ""))
			// A stop starts a program only once more.
			if lost := int(losses.Total()); len(got)+lost != len(want) {
				t.Errorf("%d records read, %d counted as lost, %d written", len(got), lost, len(want))
			}
			for i, n := range got {
				if n != strconv.Itoa(i) {
					t.Fatalf("record %d is %s", i, n)
				}
			}
		})
	}
}

// deliver writes until all is written, as a delivery does.
func deliver(t *testing.T, out output.Output, batch []string) {
	t.Helper()
	for range 1000 {
		err := write(out, batch...)
		if err == nil {
			return
		}
		var suspended *output.Suspended
		if !errors.As(err, &suspended) {
			t.Fatal(err)
		}
		batch = batch[suspended.Done:]
	}
	t.Fatal("it does not take the batch")
}

// What a program has not read when it is killed at the end is counted.
func TestAProgramThatReadsNothingAtTheEnd(t *testing.T) {
	t.Parallel()
	var losses *metrics.Losses
	out, _ := openWith(t, `read -r l; exec sleep 1000`, func(c *omprog.Config) { c.SignalOnClose, c.CloseTimeout = true, 100 }, &losses)
	if err := write(out, "one", "two", "three"); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	// It has read one before it was killed, unless the machine is slow.
	if n := losses.Of("program_ended", "test").Count(); n != 2 && n != 3 {
		t.Errorf("%d counted as lost, want 2", n)
	}
}
