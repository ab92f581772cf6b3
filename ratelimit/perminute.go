package ratelimit

import (
	"sync"
	"time"
)

// PerMinute lets one event a minute through, such as a line of the log. The zero PerMinute is ready to use.
type PerMinute struct {
	mu   sync.Mutex
	next time.Time
}

// Allow reports whether the event may be logged.
func (l *PerMinute) Allow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Before(l.next) {
		return false
	}
	l.next = now.Add(time.Minute)
	return true
}
