package engine

import (
	"context"
	"fmt"
	"time"

	"syslogd/metrics"
)

// maxSenders bounds the senders that are tracked (senders.keepTrack).
const maxSenders = 1 << 16

// newSenders makes the table of senders. The texts and numbers are rsyslogd's.
func (e *Engine) newSenders() *metrics.Senders {
	g := &e.cfg.Global
	s := &metrics.Senders{Life: time.Duration(g.SendersTimeout) * time.Second, Max: maxSenders}
	if g.ReportNewSenders {
		s.Appeared = func(name string) { e.log.Info(fmt.Sprintf("new sender '%s'", name), "code", 2430) }
	}
	if g.ReportGoneSenders {
		s.Gone = func(name string, last time.Time) {
			e.log.Warn(fmt.Sprintf("removing sender '%s' from connection table, last seen at %s", name, last.Local().Format(time.DateTime)), "code", 2429)
		}
	}
	return s
}

// expireSenders forgets senders that are silent until ctx is done.
func expireSenders(ctx context.Context, s *metrics.Senders, now func() time.Time) {
	tick := time.NewTicker(min(max(s.Life/4, time.Second), time.Minute))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Expire(now())
		}
	}
}
