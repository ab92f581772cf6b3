// Package ratelimit holds limits of how many messages may pass in a time: of an input, an
// action or each source, as parameters or a ratelimit() object say.
package ratelimit

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"syslogd/metrics"
)

// Limit lets Burst messages through in each window of Interval, and drops
// the rest. The window begins with its first message, as in rsyslogd. The zero
// Interval is no limit.
type Limit struct {
	Interval time.Duration
	Burst    int
	// Policy, if not nil, says instead what is allowed.
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
func (l *Limit) Take(n int, now time.Time) int {
	if l == nil || l.Interval == 0 && l.Policy == nil {
		return n
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	granted := l.grant(n, now)
	if over := n - granted; over > 0 {
		if l.lost == 0 {
			l.Log.Warn(l.Name+": begin to drop messages due to rate-limiting", "code", 2177)
		}
		l.lost += over
		l.Dropped.Add(uint64(over))
	}
	return granted
}

// grant takes n messages off the window. mu is held.
func (l *Limit) grant(n int, now time.Time) int {
	interval, burst := l.allowed()
	if interval == 0 {
		return n
	}
	if l.start.IsZero() || now.Sub(l.start) >= interval {
		if l.lost > 0 {
			l.Log.Warn(fmt.Sprintf("%s: %d messages lost due to rate-limiting (%d allowed within %d seconds)",
				l.Name, l.lost, burst, int(interval/time.Second)), "code", 2177)
		}
		l.start, l.count, l.lost = now, 0, 0
	}
	granted := min(n, max(burst-l.count, 0))
	l.count += granted
	return granted
}

// allowed is what may pass now. A policy may change while others ask.
func (l *Limit) allowed() (interval time.Duration, burst int) {
	if l.Policy == nil {
		return l.Interval, l.Burst
	}
	a := l.Policy.Allowance()
	return a.Interval, a.Burst
}

// Ask is Take for one message that is not dropped but waits: it returns how long
// until the next window, 0 if the message may go now.
func (l *Limit) Ask(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grant(1, now) == 1 {
		return 0
	}
	interval, _ := l.allowed()
	return max(l.start.Add(interval).Sub(now), time.Millisecond)
}

// Paces reports whether the policy makes messages of actions wait.
func (l *Limit) Paces() bool { return l.Policy != nil && l.Policy.Allowance().Pace }
