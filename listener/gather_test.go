package listener

import (
	"testing"
	"time"
)

func TestMessagesGatherWhenTheyComeOften(t *testing.T) {
	t.Parallel()
	var g Gather
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
		{"the same 50,000 while they gather", 4 * time.Millisecond, 200, gatherLong},
		{"5,000 a second again", 4 * time.Millisecond, 20, gatherPause},
		{"500 a second again", 2 * time.Millisecond, 1, 0},
		{"nothing for a while", time.Second, 0, 0},
	} {
		if got := reads(step.every, step.messages); got != step.want {
			t.Errorf("%s: they gather for %v, want %v", step.what, got, step.want)
		}
	}
}
