package listener_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/listener"
)

func TestARateLimitLetsABurstThroughInEachInterval(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	l := &listener.RateLimit{Interval: 10 * time.Second, Burst: 5, Name: "imudp(*/514)", Log: slog.New(slog.NewTextHandler(log, nil))}
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
	var none *listener.RateLimit
	if got := none.Take(1e6, time.Now()); got != 1e6 {
		t.Errorf("%d pass without a limit", got)
	}
	if got := (&listener.RateLimit{Burst: 1}).Take(1e6, time.Now()); got != 1e6 {
		t.Errorf("%d pass without an interval", got)
	}
}

func TestAnEventIsLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l listener.LogLimiter
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
