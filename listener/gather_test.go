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
	reads := func(every time.Duration, messages int) (often bool) {
		for range 50 {
			now = now.Add(every)
			often = g.After(now, messages)
		}
		return often
	}
	for _, step := range []struct {
		what     string
		every    time.Duration
		messages int
		want     bool
	}{
		{"500 a second", 2 * time.Millisecond, 1, false},
		{"500 times 100 a second, each time at once", 2 * time.Millisecond, 100, false},
		{"900 a second", 1100 * time.Microsecond, 1, false},
		{"5,000 a second", 200 * time.Microsecond, 1, true},
		{"the same 5,000 while they gather", 2 * time.Millisecond, 10, true},
		{"900 a second, when they gather already", 2 * time.Millisecond, 2, true},
		{"500 a second again", 2 * time.Millisecond, 1, false},
		{"nothing for a while", time.Second, 0, false},
	} {
		if got := reads(step.every, step.messages); got != step.want {
			t.Errorf("%s: they gather: %v, want %v", step.what, got, step.want)
		}
	}
}
