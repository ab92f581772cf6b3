package listener

import (
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"syslogd/metrics"
	"syslogd/ratelimit"
)

// Budget bounds the memory of what connections hold while they wait: the start of frames
// that have not ended, and what decompressors need. All inputs share one. When it is
// exceeded, the source whose connections hold most loses the one that holds most.
//
// Connections that hold little are counted, but not looked at: a message costs nothing
// here. A nil *Budget has no bound.
type Budget struct {
	// Cut counts connections that were closed for it.
	Cut metrics.Counter

	most int64
	log  *slog.Logger
	used atomic.Int64

	mu      sync.Mutex
	holders map[*intake]struct{} // that hold worthNoting or more
	told    ratelimit.PerMinute
}

// worthNoting is what a connection holds at least to be one that may be closed.
const worthNoting = 16 << 10

// NewBudget returns a budget of so many bytes; 0 is DefaultBudget.
func NewBudget(most int64, log *slog.Logger) *Budget {
	if most == 0 {
		most = DefaultBudget()
	}
	return &Budget{most: most, log: log, holders: map[*intake]struct{}{}}
}

// DefaultBudget is a sixteenth of the memory that the process may use, from 64 to 256 MiB.
func DefaultBudget() int64 {
	const least, most = 64 << 20, 256 << 20
	return min(max(memory()/16, least), most)
}

// memory is GOMEMLIMIT, if it is set, what the control group may use, or the machine's.
func memory() int64 {
	all := min(debug.SetMemoryLimit(-1), physical())
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			all = min(all, n)
		}
	}
	return all
}

// Object describes the budget to the metrics.
func (b *Budget) Object() *metrics.Object {
	return &metrics.Object{Numbers: []metrics.Number{
		{Name: "inputs_memory_bytes", Help: "Memory that connections hold: parts of frames, decompressors.", Kind: metrics.Gauge,
			Read: func() float64 { return float64(b.used.Load()) }},
		{Name: "inputs_memory_limit_bytes", Help: "What they may hold (inputs.maxMemory).", Kind: metrics.Gauge,
			Read: func() float64 { return float64(b.most) }},
		metrics.Of("inputs_memory_connections_cut_total", "Connections closed because they held too much.", &b.Cut),
	}}
}

// Used is how many bytes are held.
func (b *Budget) Used() int64 { return b.used.Load() }

// hold says that a connection holds n bytes now. It belongs to the goroutine that serves
// the connection.
func (b *Budget) hold(in *intake, n int) {
	before := in.held.Load()
	if b == nil || int64(n) == before {
		return
	}
	if n < worthNoting && before < worthNoting { // nobody else looks at it
		in.held.Store(int64(n))
		if b.used.Add(int64(n)-before) > b.most && int64(n) > before {
			b.enforce()
		}
		return
	}
	b.mu.Lock()
	if in.away.Load() {
		n = 0
	}
	delta := int64(n) - in.held.Swap(int64(n))
	used := b.used.Add(delta)
	if n >= worthNoting {
		b.holders[in] = struct{}{}
	} else {
		delete(b.holders, in)
	}
	b.mu.Unlock()
	if delta > 0 && used > b.most {
		b.enforce()
	}
}

// enforce closes connections until what the others hold fits.
func (b *Budget) enforce() {
	for {
		b.mu.Lock()
		victim := b.victim()
		if victim == nil {
			b.mu.Unlock()
			return
		}
		held := victim.held.Swap(0)
		b.used.Add(-held)
		delete(b.holders, victim)
		b.mu.Unlock()
		b.Cut.Add(1)
		victim.cutOff.Store(true)
		if b.told.Allow() {
			b.log.Warn("connections hold too much memory, the one that holds most of the source that holds most is closed",
				"peer", string(victim.peer.IP), "input", victim.srv.opt.Origin.Name, "size", held, "limit", b.most,
				"count", b.Cut.Value())
		}
		victim.srv.remove(victim)
	}
}

// victim is who has to go, or nil if what is held fits. mu is held.
func (b *Budget) victim() (victim *intake) {
	if b.used.Load() <= b.most {
		return nil
	}
	bySource := map[string]int64{}
	for in := range b.holders {
		bySource[string(in.peer.IP)] += in.held.Load()
	}
	for in := range b.holders {
		if victim == nil {
			victim = in
			continue
		}
		mine, its := bySource[string(in.peer.IP)], bySource[string(victim.peer.IP)]
		if mine > its || mine == its && in.held.Load() > victim.held.Load() {
			victim = in
		}
	}
	return victim
}

// remove sends a connection away for what it holds.
func (s *StreamServer) remove(in *intake) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	s.crowd.remove(in)
	in.sendAway()
}
