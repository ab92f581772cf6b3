package ompipe_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"syslogd/module"
	"syslogd/output"
	"syslogd/output/ompipe"
)

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no named pipe can be made here: %v", err)
	}
	return path
}

func open(t *testing.T, path string) output.Output {
	t.Helper()
	out, err := ompipe.New(ompipe.Config{Pipe: path}, module.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

func write(out output.Output, records ...string) error {
	var p output.Part
	for _, r := range records {
		p.Data = append(p.Data, r...)
		p.Ends = append(p.Ends, len(p.Data))
	}
	return out.Write(context.Background(), &output.Batch{Parts: []output.Part{p}})
}

func TestAReaderGetsEachRecordAlsoWhenItComesLater(t *testing.T) {
	t.Parallel()
	path := fifo(t)
	out := open(t, path)
	if err := write(out, "one\n", "two\n"); err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lines := bufio.NewReader(r)
	for _, want := range []string{"one\n", "two\n"} {
		if got, err := lines.ReadString('\n'); got != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	}
}

func TestAFullPipeSuspendsAndNoRecordIsTorn(t *testing.T) {
	t.Parallel()
	path := fifo(t)
	out := open(t, path)
	line := strings.Repeat("x", 9999) + "\n" // more than a pipe takes at once
	accepted := 0
	var suspended *output.Suspended
	for {
		err := write(out, line)
		if err == nil {
			accepted++
			continue
		}
		if !errors.As(err, &suspended) || !strings.Contains(err.Error(), "is full") {
			t.Fatalf("got %v", err)
		}
		accepted += suspended.Done
		break
	}
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make(chan int)
	go func() {
		lines := bufio.NewReaderSize(r, 1<<16)
		n := 0
		for {
			text, err := lines.ReadString('\n')
			if text == "end\n" || err != nil {
				got <- n
				return
			}
			if text != line {
				t.Errorf("a record is torn: %d bytes", len(text))
			}
			n++
		}
	}()
	for _, text := range []string{line, "end\n"} {
		for err := write(out, text); err != nil; err = write(out, text) {
			if !errors.As(err, &suspended) {
				t.Fatal(err)
			}
			if suspended.Done == 1 {
				break
			}
		}
	}
	if n := <-got; n != accepted+1 {
		t.Errorf("%d records arrived, want %d", n, accepted+1)
	}
}

func TestWhatIsNoPipeSuspends(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{file: "is no named pipe", file + "-none": "no such file"} {
		var suspended *output.Suspended
		if err := write(open(t, path), "x"); !errors.As(err, &suspended) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if text, _ := os.ReadFile(file); len(text) > 0 {
		t.Errorf("the file was written: %q", text)
	}
}
