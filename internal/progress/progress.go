// Package progress tells work that takes its time from work that hangs: whoever works
// says which step he is in, at the price of an atomic addition, and one Watch compares.
package progress

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Beat is what one goroutine at a time works at. The zero Beat rests.
type Beat struct{ n atomic.Uint64 }

// Begin and End enclose a step.
func (b *Beat) Begin() { b.n.Add(1) }

// End ends the step.
func (b *Beat) End() { b.n.Add(1) }

// Sample is a number of the step, and whether one is under way.
func (b *Beat) Sample() (step uint64, busy bool) {
	n := b.n.Load()
	return n, n%2 == 1
}

// Stage is a part of the server that must not stay in one step.
type Stage struct {
	// Name is what an administrator calls it: "a worker of queue main Q".
	Name string
	// Sample returns the step that it is in; busy is false while it waits for work. It
	// must not wait for a lock that is held during a step.
	Sample func() (step uint64, busy bool)
	// Detail, if not nil, says more of a step that does not end; "" for nothing.
	Detail func() string
}

// Watch looks at stages. It is safe for concurrent use.
type Watch struct {
	log      *slog.Logger
	patience time.Duration
	now      func() time.Time

	mu     sync.Mutex // guards what follows
	stages []*watched
}

type watched struct {
	Stage
	step  uint64
	since time.Time // zero: at rest
	told  bool
}

// interval is between two looks.
const interval = time.Second

// New returns a watch that reports a step of more than patience. now may be nil.
func New(log *slog.Logger, patience time.Duration, now func() time.Time) *Watch {
	if now == nil {
		now = time.Now
	}
	return &Watch{log: log, patience: patience, now: now}
}

// Add adds stages.
func (w *Watch) Add(stages ...Stage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range stages {
		w.stages = append(w.stages, &watched{Stage: s})
	}
}

// Run looks at all stages once a second, until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look()
		}
	}
}

func (w *Watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for _, s := range w.stages {
		step, busy := s.Sample()
		if busy && step == s.step && !s.since.IsZero() {
			if !s.told && now.Sub(s.since) >= w.patience {
				s.told = true
				w.log.Error("no progress", "where", s.Name, "since", s.since.Format(time.RFC3339), "detail", s.detail())
			}
			continue
		}
		if s.told {
			w.log.Warn("progress again", "where", s.Name, "after", now.Sub(s.since).Round(time.Second))
		}
		s.step, s.since, s.told = step, time.Time{}, false
		if busy {
			s.since = now
		}
	}
}

func (s *watched) detail() string {
	if s.Detail == nil {
		return ""
	}
	return s.Detail()
}

// Problems are the stages that make no progress, one error each.
func (w *Watch) Problems() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, s := range w.stages {
		if !s.told {
			continue
		}
		text := s.Name + " makes no progress since " + s.since.Format(time.RFC3339)
		if d := s.detail(); d != "" {
			text += ": " + d
		}
		errs = append(errs, fmt.Errorf("%s", text))
	}
	return errs
}
