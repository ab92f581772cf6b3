package ratelimit_test

import (
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/ratelimit"
)

func TestARateLimitLetsABurstThroughInEachInterval(t *testing.T) {
	t.Parallel()
	log := &strings.Builder{}
	l := &ratelimit.Limit{Interval: 10 * time.Second, Burst: 5, Name: "imudp(*/514)", Log: slog.New(slog.NewTextHandler(log, nil))}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, step := range []struct {
		after     time.Duration
		ask, want int
	}{
		{0, 3, 3},
		{time.Second, 4, 2}, // the burst ends in the middle of a batch
		{9 * time.Second, 1, 0},
		{10 * time.Second, 6, 5}, // a new interval
		{25 * time.Second, 1, 1},
	} {
		if got := l.Take(step.ask, start.Add(step.after)); got != step.want {
			t.Errorf("after %v: %d of %d, want %d", step.after, got, step.ask, step.want)
		}
	}
	if got := l.Dropped.Value(); got != 4 {
		t.Errorf("%d are counted as dropped, want 4", got)
	}
	text := log.String()
	for want, times := range map[string]int{
		"imudp(*/514): begin to drop messages due to rate-limiting":                        2,
		"imudp(*/514): 3 messages lost due to rate-limiting (5 allowed within 10 seconds)": 1,
		"imudp(*/514): 1 messages lost due to rate-limiting (5 allowed within 10 seconds)": 1,
	} {
		if got := strings.Count(text, want); got != times {
			t.Errorf("the log has %q %d times, want %d:\n%s", want, got, times, text)
		}
	}
}

func TestWithoutAnIntervalThereIsNoRateLimit(t *testing.T) {
	t.Parallel()
	var none *ratelimit.Limit
	if got := none.Take(1e6, time.Now()); got != 1e6 {
		t.Errorf("%d pass without a limit", got)
	}
	if got := (&ratelimit.Limit{Burst: 1}).Take(1e6, time.Now()); got != 1e6 {
		t.Errorf("%d pass without an interval", got)
	}
}

func TestAnEventIsLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l ratelimit.PerMinute
		if !l.Allow() || l.Allow() {
			t.Error("want the first event, not the second")
		}
		time.Sleep(59 * time.Second)
		if l.Allow() {
			t.Error("an event is logged after 59 s")
		}
		time.Sleep(time.Second)
		if !l.Allow() {
			t.Error("no event is logged after a minute")
		}
	})
}

// Workers of an action share its limit, and its policy may change under them.
func TestALimitWithAPolicyIsSharedByWorkers(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, "scope: output\nmode: drop\ninterval: 3600\nburst: 100\n")
	if err := p.Load(); err != nil {
		t.Fatal(err)
	}
	l := &ratelimit.Limit{Policy: p, Log: slog.New(slog.DiscardHandler)}
	var passed atomic.Int64
	var workers sync.WaitGroup
	now := time.Now()
	for range 4 {
		workers.Go(func() {
			for range 100 {
				passed.Add(int64(l.Take(1, now)))
				if err := p.Load(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	if n := passed.Load(); n != 100 {
		t.Errorf("%d of 400 messages passed, the burst is 100", n)
	}
}
