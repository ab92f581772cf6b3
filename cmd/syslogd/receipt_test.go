package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Lines that a full disk keeps in memory are read again when the server is killed there.
func TestLinesThatAFullDiskKeepsInMemoryAreReadAgain(t *testing.T) {
	t.Parallel()
	disk, mayFill := scratch(t)
	if !mayFill {
		t.Skip("no disk may be filled")
	}
	s := startServer(t, strings.Replace(fileConf, `file="@DIR@/out.log"`, `file="`+disk+`/out.log"`, 1))
	out := func() string {
		text, _ := os.ReadFile(filepath.Join(disk, "out.log"))
		return string(text)
	}
	add := func(from, to int) {
		t.Helper()
		f, err := os.OpenFile(s.path("in.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := from; i <= to; i++ {
			fmt.Fprintf(f, "line %d\n", i)
		}
	}
	add(1, 10)
	if !poll(func() bool { return strings.Contains(out(), "line 10\n") }) {
		t.Fatalf("the first lines did not come: %s", s.read("output"))
	}
	fill(filepath.Join(disk, "ballast"))
	add(11, 2000)
	if !poll(func() bool { return strings.Contains(s.read("output"), "cannot be written") }) {
		t.Fatalf("the disk is full, and nobody says so: %s", s.read("output"))
	}
	begin := time.Now()
	poll(func() bool { return time.Since(begin) > 3*time.Second }) // positions are saved in between
	s.kill()
	os.Remove(filepath.Join(disk, "ballast"))
	s.again()
	if !poll(func() bool { return strings.Contains(out(), "line 2000\n") }) {
		t.Fatalf("the last line did not come: %s", s.read("output"))
	}
	s.stop()
	got := map[string]bool{}
	for line := range strings.Lines(out()) {
		got[strings.TrimSuffix(line, "\n")] = true
	}
	for i := 1; i <= 2000; i++ {
		if !got[fmt.Sprintf("line %d", i)] {
			t.Fatalf("line %d is missing, %d of 2000 are there", i, len(got))
		}
	}
}
