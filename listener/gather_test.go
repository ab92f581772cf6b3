package listener

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestMessagesGatherWhenTheyComeOften(t *testing.T) {
	t.Parallel()
	g := alone()
	now := time.Unix(1000, 0)
	// reads simulates 50 reads that bring so many messages each.
	reads := func(every time.Duration, messages int) (pause time.Duration) {
		for range 50 {
			now = now.Add(every)
			pause = g.After(now, messages)
		}
		return pause
	}
	for _, step := range []struct {
		what     string
		every    time.Duration
		messages int
		want     time.Duration
	}{
		{"500 a second", 2 * time.Millisecond, 1, 0},
		{"500 times 100 a second, each time at once", 2 * time.Millisecond, 100, 0},
		{"900 a second", 1100 * time.Microsecond, 1, 0},
		{"5,000 a second", 200 * time.Microsecond, 1, gatherPause},
		{"the same 5,000 while they gather", 2 * time.Millisecond, 10, gatherPause},
		{"900 a second, when they gather already", 2 * time.Millisecond, 2, gatherPause},
		{"200,000 a second", time.Millisecond, 200, gatherShort},
		{"50,000 a second", time.Millisecond, 50, gatherLong},
		{"the same 50,000 while they gather", 8 * time.Millisecond, 400, gatherLong},
		{"5,000 a second again", 4 * time.Millisecond, 20, gatherPause},
		{"500 a second again", 2 * time.Millisecond, 1, 0},
		{"nothing for a while", time.Second, 0, 0},
	} {
		if got := reads(step.every, step.messages); got != step.want {
			t.Errorf("%s: they gather for %v, want %v", step.what, got, step.want)
		}
	}
}

func TestASteadyStreamIsWaitedForDirectly(t *testing.T) {
	t.Parallel()
	g := alone()
	now := time.Unix(1000, 0)
	read := func(n int, every time.Duration) bool {
		for range n {
			now = now.Add(every)
			g.After(now, 1)
			g.Direct(true)
		}
		return g.Direct(true)
	}
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("with a single processor a steady stream is not waited for directly")
	}
	for _, step := range []struct {
		what  string
		reads int
		every time.Duration
		want  bool
	}{
		{"100 a second", 30, 10 * time.Millisecond, false},
		{"500 a second, at first", steadyReads - 1, 2 * time.Millisecond, false},
		{"500 a second", 1, 2 * time.Millisecond, true},
		{"200 a second", 30, 5 * time.Millisecond, true},
		{"a gap", 1, monitorPatience, false},
		{"500 a second again", steadyReads, 2 * time.Millisecond, true},
		{"5,000 a second", 100, 200 * time.Microsecond, true},
		{"nothing for a while", 1, time.Second, false},
	} {
		if got := read(step.reads, step.every); got != step.want {
			t.Errorf("%s: directly %v, want %v", step.what, got, step.want)
		}
	}
}

// alone is one that competes with no other.
func alone() Gather { return Gather{kept: new(atomic.Int32)} }

func TestAProcessorIsLeftForOthers(t *testing.T) {
	t.Parallel()
	a, b, c := alone(), alone(), alone()
	b.kept, c.kept = a.kept, a.kept
	now := time.Unix(1000, 0)
	read := func(g *Gather, every time.Duration) bool {
		for range 100 {
			now = now.Add(every)
			g.After(now, 1)
		}
		return g.Direct(true)
	}
	const steady, seldom = 2 * time.Millisecond, 20 * time.Millisecond
	if procs := runtime.GOMAXPROCS(0); procs == 1 {
		if read(&a, steady) {
			t.Error("the only processor is kept for a steady stream")
		}
		if !read(&a, 100*time.Microsecond) {
			t.Error("messages that gather are not waited for directly")
		}
		return
	}
	a.kept.Store(int32(runtime.GOMAXPROCS(0) - 2)) // others
	if !read(&a, steady) || read(&b, steady) {
		t.Error("want one that waits directly, and one that does not")
	}
	if !read(&b, 100*time.Microsecond) || b.keeps {
		t.Error("want one whose messages gather to wait directly, without a processor of its own")
	}
	if read(&a, seldom) || !read(&b, steady) {
		t.Error("the second one does not take the place of the first")
	}
	if b.Direct(false) {
		t.Error("one waits directly that may not")
	}
	b.Release()
	if !read(&c, steady) {
		t.Error("the third one does not take the place of the second")
	}
}

// Without an end of its turn a goroutine that waits in system calls is interrupted
// again and again.
func TestATurnEndsBeforeTheMonitorLosesPatience(t *testing.T) {
	t.Parallel()
	g := alone()
	now := time.Unix(1000, 0)
	longest := time.Duration(0)
	g.After(now, 1)
	g.EndTurn()
	for range 100 {
		now = now.Add(2 * time.Millisecond)
		g.After(now, 1)
		longest = max(longest, now.Sub(g.turn))
		g.EndTurn()
	}
	if longest >= monitorPatience {
		t.Errorf("a turn lasts %v", longest)
	}
}

func TestWaitingDoesNotAllocate(t *testing.T) {
	g := alone()
	g.keeps = true
	if n := testing.AllocsPerRun(100, func() { g.Sleep(time.Microsecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
