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
type reporter struct {
	log   *slog.Logger
	clock func() time.Time

	mu      sync.Mutex // guards what follows
	since   time.Time
	lines   int
	skipped int
}

const (
	reportPeriod = 30 * time.Second
	reportLines  = 5
)

func (r *reporter) warn(text string, args ...any) { r.line(slog.LevelWarn, text, args) }
func (r *reporter) info(text string, args ...any) { r.line(slog.LevelInfo, text, args) }
func (r *reporter) error(text string, args ...any) {
	r.line(slog.LevelError, text, args)
}

func (r *reporter) line(level slog.Level, text string, args []any) {
	if r.log == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.clock(); now.Sub(r.since) >= reportPeriod || now.Before(r.since) {
		r.since, r.lines = now, 0
	}
	// Losing records is never left out.
	if r.lines >= reportLines && level < slog.LevelError {
		r.skipped++
		return
	}
	r.lines++
	if r.skipped > 0 {
		args = append(args, "suppressed", r.skipped)
		r.skipped = 0
	}
	r.log.Log(context.Background(), level, text, args...)
}
