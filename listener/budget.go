package listener

import (
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/metrics"
	"syslogd/ratelimit"
)

// Budget bounds the memory of what connections hold: the start of frames that have not
// ended, decompressors, TLS handshakes, and what was read and waits for its queue. All
// inputs share one. It counts what is held until it is let go, not until somebody has
// decided that it is to be.
//
// Who has a goroutine of its own asks for memory before it takes it, and waits while
// others hold too much. As long as one of them is at work, which may be to wait for its
// queue, memory comes free without anybody's loss. When all wait for their peers, the source
// whose connections hold most loses the one that holds most; so it does when one has waited
// for its peer as long as another for memory. A poller can not wait, and closes one at once.
//
// Connections that hold little are counted, but not looked at: a message costs nothing
// here. A nil *Budget has no bound.
type Budget struct {
	// Cut counts connections that were closed for it, Waits how often one had to wait.
	Cut, Waits metrics.Counter

	most int64
	log  *slog.Logger
	used atomic.Int64

	mu      sync.Mutex
	holders map[*intake]struct{} // that hold worthNoting or more, and were not cut off
	leaving map[*intake]struct{} // that were cut off, and have not let go what they hold
	waiting []*wanted            // who asked first comes first
	busy    int                  // of holders, those that wait neither for a peer nor for memory
	told    ratelimit.PerMinute
}

// wanted is memory that a connection waits for.
type wanted struct {
	in      *intake
	n       int64
	since   time.Time
	granted chan bool // of one: what settle answers, once
}

// worthNoting is what a connection holds at least to be one that may be closed.
const worthNoting = 16 << 10

// sparePart is the part of the budget that those who can wait leave to pollers.
const sparePart = 8

// NewBudget returns a budget of so many bytes; 0 is DefaultBudget.
func NewBudget(most int64, log *slog.Logger) *Budget {
	if most == 0 {
		most = DefaultBudget()
	}
	return &Budget{most: most, log: log, holders: map[*intake]struct{}{}, leaving: map[*intake]struct{}{}}
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
		metrics.Of("inputs_memory_waits_total", "Times that a connection was not read from because all of them held too much.", &b.Waits),
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
			b.mu.Lock()
			b.settle()
		}
		return
	}
	b.mu.Lock()
	b.set(in, int64(n))
	b.settle()
}

// set notes what a connection holds. mu is held.
func (b *Budget) set(in *intake, n int64) {
	delta := n - in.held.Swap(n)
	b.used.Add(delta)
	if n >= worthNoting && !in.cutOff.Load() {
		b.holders[in] = struct{}{}
	} else {
		delete(b.holders, in)
	}
	b.note(in)
}

// try adds n bytes to what a connection holds, and reports whether that is within the
// bound and nobody waits.
func (b *Budget) try(in *intake, n int) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) > 0 || !b.fits(int64(n)) {
		return false
	}
	b.set(in, in.held.Load()+int64(n))
	return true
}

// fits reports whether n bytes more leave pollers their part. mu is held.
func (b *Budget) fits(n int64) bool { return b.used.Load()+n <= b.most-b.most/sparePart }

// wait is try for the goroutine that serves the connection, which waits until it has the
// memory. It reports false if the connection has to go, or the server does.
func (b *Budget) wait(in *intake, n int) bool {
	if b.try(in, n) {
		return true
	}
	b.Waits.Add(1)
	w := &wanted{in: in, n: int64(n), since: time.Now(), granted: make(chan bool, 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, w)
	in.waits = true
	b.note(in)
	b.settle()
	look := time.NewTicker(lookAround)
	defer look.Stop()
	for !in.away.Load() {
		select {
		case yes := <-w.granted:
			return yes
		case <-in.sub.Patience().Done():
			b.forget(w)
			return false
		case <-look.C:
			b.mu.Lock()
			if len(b.waiting) > 0 && b.waiting[0] == w {
				b.settle()
			} else {
				b.mu.Unlock()
			}
		}
	}
	b.forget(w)
	return false
}

// lookAround is how often who waits looks whether it was sent away for another reason, and
// how long it waits while others are at work, but some wait for their peers.
const lookAround = time.Second

// forget takes back what a connection asked for. What was granted meanwhile it holds,
// until it ends.
func (b *Budget) forget(w *wanted) {
	b.mu.Lock()
	b.waiting = slices.DeleteFunc(b.waiting, func(o *wanted) bool { return o == w })
	w.in.waits = false
	b.note(w.in)
	b.settle()
}

// works says that a connection does something that ends without its peer: what it holds
// comes free by itself. idles says that it waits for its peer.
func (b *Budget) works(in *intake) { b.setIdle(in, false) }
func (b *Budget) idles(in *intake) { b.setIdle(in, true) }

func (b *Budget) setIdle(in *intake, idle bool) {
	if b == nil || in.idle.Load() == idle { // nobody else changes it
		return
	}
	in.idle.Store(idle)
	if in.held.Load() < worthNoting {
		return
	}
	b.mu.Lock()
	if idle {
		in.since = time.Now()
	}
	b.note(in)
	b.settle()
}

// gone says that a connection has ended.
func (b *Budget) gone(in *intake) {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.set(in, 0)
	b.settle()
}

// note keeps up who is busy: who holds something and does not wait for anybody. mu is held.
func (b *Budget) note(in *intake) {
	busy := in.held.Load() >= worthNoting && !in.idle.Load() && !in.waits && !in.cutOff.Load()
	if busy != in.busy {
		in.busy = busy
		if busy {
			b.busy++
		} else {
			b.busy--
		}
	}
}

// settle gives memory to those that wait, and closes connections where there is none to
// give. mu is held, and free afterwards.
func (b *Budget) settle() {
	for {
		b.grant()
		victim, held := b.victim()
		if victim == nil {
			b.mu.Unlock()
			return
		}
		b.cut(victim)
		b.mu.Unlock()
		b.dismiss(victim, held)
		b.mu.Lock()
	}
}

// grant gives memory to those that wait, as far as it goes. mu is held.
func (b *Budget) grant() {
	for len(b.waiting) > 0 {
		w := b.waiting[0]
		if !b.fits(w.n) {
			return
		}
		b.waiting[0] = nil // the array lives on, and what the connection holds must not
		b.waiting = b.waiting[1:]
		w.in.waits = false
		b.set(w.in, w.in.held.Load()+w.n)
		w.granted <- true
	}
}

// victim is who has to go, and what that brings, or nil if nobody has: what is held fits,
// or will when who was cut off has left, or who is at work has done it. mu is held.
func (b *Budget) victim() (victim *intake, held int64) {
	leaving := b.left()
	over := b.used.Load()-leaving > b.most
	var silent time.Time // since when who waits for memory waits
	if !over {
		if len(b.waiting) == 0 || leaving > 0 {
			return nil, 0
		}
		if silent = b.waiting[0].since; b.busy > 0 && time.Since(silent) < lookAround {
			return nil, 0
		}
	}
	stuck := !over && b.busy == 0
	bySource := map[string]int64{}
	for in := range b.holders {
		bySource[string(in.peer.IP)] += in.held.Load()
	}
	for in := range b.holders {
		if in.busy || !over && !stuck && (in.waits || in.since.After(silent)) {
			continue
		}
		if victim == nil {
			victim = in
			continue
		}
		mine, its := bySource[string(in.peer.IP)], bySource[string(victim.peer.IP)]
		if mine > its || mine == its && in.held.Load() > victim.held.Load() {
			victim = in
		}
	}
	switch {
	case victim != nil:
		return victim, victim.held.Load()
	case stuck: // nobody holds anything that it could give: this alone is too much
		return b.waiting[0].in, b.waiting[0].n
	}
	return nil, 0
}

// left is what those that were cut off still hold. mu is held.
func (b *Budget) left() (bytes int64) {
	for in := range b.leaving {
		if n := in.held.Load(); n >= worthNoting {
			bytes += n
		} else {
			delete(b.leaving, in)
		}
	}
	return bytes
}

// cut notes that a connection has to go: it gets no more, and what it holds is about to be
// let go. mu is held.
func (b *Budget) cut(in *intake) {
	b.Cut.Add(1)
	in.cutOff.Store(true)
	in.waits = false
	b.note(in)
	delete(b.holders, in)
	b.leaving[in] = struct{}{}
	b.waiting = slices.DeleteFunc(b.waiting, func(w *wanted) bool {
		if w.in == in {
			w.granted <- false
		}
		return w.in == in
	})
}

// dismiss ends a connection that was cut off.
func (b *Budget) dismiss(in *intake, held int64) {
	if b.told.Allow() {
		b.log.Warn("connections hold too much memory, the one that holds most of the source that holds most is closed",
			"peer", string(in.peer.IP), "input", in.srv.opt.Origin.Name, "size", held, "limit", b.most,
			"count", b.Cut.Value())
	}
	in.srv.remove(in)
}

// remove sends a connection away for what it holds.
func (s *StreamServer) remove(in *intake) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	s.crowd.remove(in)
	in.sendAway()
}
