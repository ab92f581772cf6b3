package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

const fileConf = `
global(workDirectory="@DIR@")
module(load="imfile")
input(type="imfile" file="@DIR@/in.log" tag="t" ruleset="rs")
template(name="f" type="string" string="%msg%\n")
ruleset(name="rs") { action(type="omfile" file="@DIR@/out.log" template="f") }
`

// growing is a file that a program writes to.
type growing struct {
	mu    sync.Mutex
	lines int
	stop  chan struct{} // closed by end
	done  sync.WaitGroup
}

// grow appends lines to the file, in pieces that do not end with lines.
func grow(t *testing.T, path string) *growing {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	g := &growing{stop: make(chan struct{})}
	g.done.Go(func() {
		defer f.Close()
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; {
			n++
			for range 9 {
				fmt.Fprintf(f, "line %d\n", n)
				n++
			}
			fmt.Fprintf(f, "li")
			select {
			case <-g.stop:
				fmt.Fprintf(f, "ne %d\n", n)
				g.set(n)
				return
			case <-tick.C:
				fmt.Fprintf(f, "ne %d\n", n)
				g.set(n)
			}
		}
	})
	return g
}

func (g *growing) set(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines = n
}

func (g *growing) end() int {
	close(g.stop)
	g.done.Wait()
	return g.lines
}

// counts returns how often each of "line 1" to "line n" stands in the file, and
// what else does.
func (s *running) counts(name string, n int) (counts []int, other []string) {
	counts = make([]int, n+1)
	for _, text := range strings.Split(strings.TrimSuffix(s.read(name), "\n"), "\n") {
		var i int
		if _, err := fmt.Sscanf(text, "line %d", &i); err != nil || i < 1 || i > n || fmt.Sprintf("line %d", i) != text {
			other = append(other, text)
			continue
		}
		counts[i]++
	}
	return counts, other
}

// A server that is killed while a file grows reads no line less, and few twice.
func TestFileIsReadOnAfterKill(t *testing.T) {
	s := startServer(t, fileConf)
	g := grow(t, s.path("in.log"))
	for round := range 3 {
		// Each life saves a position and reads on behind it.
		from := strings.Count(s.read("out.log"), "\n")
		begin := time.Now()
		if !poll(func() bool {
			return strings.Count(s.read("out.log"), "\n") > from+100 && (round > 0 || time.Since(begin) > 2500*time.Millisecond)
		}) {
			t.Fatal("nothing is read")
		}
		s.kill()
		s.again()
	}
	n := g.end()
	last := fmt.Sprintf("line %d\n", n)
	if !poll(func() bool { return strings.Contains(s.read("out.log"), last) }) {
		t.Fatalf("the last line did not come: %s", s.read("output"))
	}
	s.stop()
	counts, _ := s.counts("out.log", n) // the kill may tear a line of the output
	twice := 0
	for i, c := range counts[1:] {
		switch {
		case c == 0:
			t.Errorf("line %d is missing", i+1)
		case c > 1:
			twice++
		}
	}
	if twice == n {
		t.Error("each line was read twice: no position was saved")
	}
	t.Logf("%d lines, %d of them more than once", n, twice)
}

// Stops and starts while a file grows: each line comes once, in order.
func TestFileIsReadOnceAcrossStops(t *testing.T) {
	s := startServer(t, fileConf)
	g := grow(t, s.path("in.log"))
	for range 3 {
		// More than the servers before have written: this one is at work.
		from := strings.Count(s.read("out.log"), "\n")
		if !poll(func() bool { return strings.Count(s.read("out.log"), "\n") > from }) {
			t.Fatal("nothing is read")
		}
		s.stop()
		s.again()
	}
	n := g.end()
	var want strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	poll(func() bool { return strings.Count(s.read("out.log"), "\n") >= n })
	s.stop()
	if got := s.read("out.log"); got != want.String() {
		counts, other := s.counts("out.log", n)
		for i, c := range counts[1:] {
			if c != 1 {
				t.Errorf("line %d came %d times", i+1, c)
			}
		}
		t.Errorf("%d lines, out of order or with others: %q", n, other)
	}
}
