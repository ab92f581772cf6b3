package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// reporter logs what happens in the background, where no caller can be told. A
// full disk fails thousands of files at once: only some lines a period are
// written, the next one says how many were not.
//
// Lines are noted under a file's lock and written by a goroutine of their own:
// the handler may put them into the server's main queue, and wait there for a
// worker that waits for that file.
type reporter struct {
	log   *slog.Logger
	clock func() time.Time
	// wake has room for one: note sends and never waits, run receives.
	wake chan struct{}

	mu      sync.Mutex // guards what follows
	since   time.Time
	lines   int
	skipped int
	noted   []report
}

type report struct {
	level slog.Level
	text  string
	args  []any
}

const (
	reportPeriod = 30 * time.Second
	// reportLines are written in a period, reportLosses if they say that records
	// were lost.
	reportLines  = 5
	reportLosses = 100
)

func newReporter(log *slog.Logger, clock func() time.Time) *reporter {
	return &reporter{log: log, clock: clock, wake: make(chan struct{}, 1)}
}

func (r *reporter) error(text string, args ...any) { r.note(slog.LevelError, text, args) }
func (r *reporter) warn(text string, args ...any)  { r.note(slog.LevelWarn, text, args) }
func (r *reporter) info(text string, args ...any)  { r.note(slog.LevelInfo, text, args) }

func (r *reporter) note(level slog.Level, text string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.clock(); now.Sub(r.since) >= reportPeriod || now.Before(r.since) {
		r.since, r.lines = now, 0
	}
	if r.lines >= reportLosses || r.lines >= reportLines && level < slog.LevelError {
		r.skipped++
		return
	}
	r.lines++
	if r.skipped > 0 {
		args = append(args, "suppressed", r.skipped)
		r.skipped = 0
	}
	r.noted = append(r.noted, report{level, text, args})
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run writes lines until ctx ends.
func (r *reporter) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
			r.write(ctx)
		}
	}
}

// write writes the lines noted so far.
func (r *reporter) write(ctx context.Context) {
	r.mu.Lock()
	list := r.noted
	r.noted = nil
	r.mu.Unlock()
	if r.log == nil {
		return
	}
	for _, l := range list {
		r.log.Log(ctx, l.level, l.text, l.args...)
	}
}
