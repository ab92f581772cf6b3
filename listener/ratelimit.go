package listener

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"syslogd/metrics"
)

// RateLimit lets Burst messages through in each window of Interval, and drops
// the rest. The window begins with its first message, as in rsyslogd. The zero
// Interval is no limit.
type RateLimit struct {
	Interval time.Duration
	Burst    int
	// Policy, if not nil, sets Interval and Burst.
	Policy *Policy
	// Name is the listener, for the log.
	Name string
	Log  *slog.Logger
	// Dropped counts messages.
	Dropped metrics.Counter

	mu    sync.Mutex
	start time.Time
	count int
	lost  int
}

// Take asks for n messages at the time now and returns how many are let through.
func (r *RateLimit) Take(n int, now time.Time) int {
	if r == nil || r.Interval == 0 && r.Policy == nil {
		return n
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	granted := r.grant(n, now)
	if over := n - granted; over > 0 {
		if r.lost == 0 {
			r.Log.Warn(r.Name+": begin to drop messages due to rate-limiting", "code", 2177)
		}
		r.lost += over
		r.Dropped.Add(uint64(over))
	}
	return granted
}

// grant takes n messages off the window. mu is held.
func (r *RateLimit) grant(n int, now time.Time) int {
	if r.Policy != nil {
		a := r.Policy.Allowance()
		r.Interval, r.Burst = a.Interval, a.Burst
	}
	if r.Interval == 0 {
		return n
	}
	if r.start.IsZero() || now.Sub(r.start) >= r.Interval {
		if r.lost > 0 {
			r.Log.Warn(fmt.Sprintf("%s: %d messages lost due to rate-limiting (%d allowed within %d seconds)",
				r.Name, r.lost, r.Burst, int(r.Interval/time.Second)), "code", 2177)
		}
		r.start, r.count, r.lost = now, 0, 0
	}
	granted := min(n, max(r.Burst-r.count, 0))
	r.count += granted
	return granted
}

// Ask is Take for one message that is not dropped but waits: it returns how long
// until the next window, 0 if the message may go now.
func (r *RateLimit) Ask(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.grant(1, now) == 1 {
		return 0
	}
	return max(r.start.Add(r.Interval).Sub(now), time.Millisecond)
}

// Paces reports whether the policy makes messages of actions wait.
func (r *RateLimit) Paces() bool { return r.Policy != nil && r.Policy.Allowance().Pace }

// LogLimiter lets one event a minute through. The zero LogLimiter is ready to use.
type LogLimiter struct {
	mu   sync.Mutex
	next time.Time
}

// Allow reports whether the event may be logged.
func (l *LogLimiter) Allow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Before(l.next) {
		return false
	}
	l.next = now.Add(time.Minute)
	return true
}
