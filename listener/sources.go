package listener

import (
	"container/list"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"syslogd/message"
	"syslogd/metrics"
	"syslogd/parser"
	"syslogd/router/property"
)

// sources are the windows of the sources of a policy, the least recently seen
// ones making room.
type sources struct {
	mu    sync.Mutex
	byKey map[string]*list.Element
	order list.List // of *source, the most recent one first

	allowed, dropped, evicted metrics.Counter
}

// source is what one source has sent in its window.
type source struct {
	key     string
	begin   time.Time
	count   int
	dropped uint64
}

// admit reports whether the source may send one more message.
func (s *sources) admit(key []byte, limits *SourceLimits, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[string(key)]
	if e == nil {
		e = s.add(string(key), limits.MaxStates)
	} else {
		s.order.MoveToFront(e)
	}
	src := e.Value.(*source)
	limit := limits.of(src.key)
	if now.Sub(src.begin) >= limit.Window {
		src.begin, src.count = now, 0
	}
	if src.count >= limit.Max {
		src.dropped++
		s.dropped.Add(1)
		return false
	}
	src.count++
	s.allowed.Add(1)
	return true
}

func (s *sources) add(key string, maxStates int) *list.Element {
	if s.byKey == nil {
		s.byKey = map[string]*list.Element{}
	}
	for len(s.byKey) >= max(maxStates, 1) {
		last := s.order.Back()
		delete(s.byKey, last.Value.(*source).key)
		s.order.Remove(last)
		s.evicted.Add(1)
	}
	e := s.order.PushFront(&source{key: key})
	s.byKey[key] = e
	return e
}

// worst returns the n sources with most losses.
func (s *sources) worst(n int) []source {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []source
	for e := s.order.Front(); e != nil; e = e.Next() {
		if src := e.Value.(*source); src.dropped > 0 {
			out = append(out, *src)
		}
	}
	slices.SortFunc(out, func(a, b source) int { return int(b.dropped) - int(a.dropped) })
	return out[:min(n, len(out))]
}

// Objects describes the policies to the metrics.
func (s *Policies) Objects() []*metrics.Object {
	var out []*metrics.Object
	for _, p := range s.list {
		a := p.Allowance()
		if a == nil || a.Sources == nil {
			continue
		}
		out = append(out, &metrics.Object{Label: "ratelimit", Name: p.Name, Numbers: []metrics.Number{
			metrics.Of("ratelimit_sources_allowed_total", "Messages that the limit of their source let through.", &p.sources.allowed),
			metrics.Of("ratelimit_sources_dropped_total", "Messages that the limit of their source dropped.", &p.sources.dropped),
			metrics.Of("ratelimit_sources_evicted_total", "Sources that made room for others.", &p.sources.evicted),
		}})
		for _, src := range p.sources.worst(a.Sources.TopN) {
			n := float64(src.dropped)
			out = append(out, &metrics.Object{Label: "ratelimit_source", Name: p.Name + ": " + src.key, Numbers: []metrics.Number{
				{Name: "ratelimit_source_dropped_total", Help: "Messages dropped of the sources with most losses.", Kind: metrics.Count, Read: func() float64 { return n }},
			}})
		}
	}
	return out
}

// PolicyFilter applies a policy to the messages of one input, before they are queued.
type PolicyFilter struct {
	policy *Policy
	plain  RateLimit
	now    func() time.Time
	// sourcesOnly is set for inputs that apply the rest of the policy themselves.
	sourcesOnly bool

	mu    sync.Mutex // guards props and key
	parse func(b *message.Batch, m *message.Message)
	props *property.Context
	key   []byte
}

// NewPolicyFilter returns the filter of an input of that name. parse fills in the
// fields of a message and props evaluates properties, for the keys of sources.
func (p *Policy) NewPolicyFilter(name string, parse func(*message.Batch, *message.Message), props *property.Context, now func() time.Time) *PolicyFilter {
	return &PolicyFilter{policy: p, plain: RateLimit{Policy: p, Name: name, Log: p.Log}, parse: parse, props: props, now: now}
}

// SourcesOnly makes f apply nothing but the limits of sources.
func (f *PolicyFilter) SourcesOnly() { f.sourcesOnly = true }

// Filter takes away the messages of b that may not pass.
func (f *PolicyFilter) Filter(b *message.Batch) {
	a := f.policy.Allowance()
	now := f.now()
	kept := b.Msgs[:0]
	f.mu.Lock()
	defer f.mu.Unlock()
	f.props.StartBatch(b.Received)
	for i := range b.Msgs {
		m := &b.Msgs[i]
		if a.Sources != nil && !f.admitSource(b, m, a.Sources, now) {
			continue
		}
		if a.Interval > 0 && !f.sourcesOnly && severity(m) >= a.From && f.plain.Take(1, now) == 0 {
			continue
		}
		kept = append(kept, *m)
	}
	b.Cut(len(kept))
}

func (f *PolicyFilter) admitSource(b *message.Batch, m *message.Message, limits *SourceLimits, now time.Time) (admitted bool) {
	defer func() {
		if recover() != nil {
			// Whoever processes the message comes upon the same, and puts it aside.
			m.SetText(m.Raw())
			admitted = true
		}
	}()
	f.parse(b, m)
	f.props.StartMessage()
	f.key = limits.Key.Append(f.key[:0], m, f.props)
	return f.policy.sources.admit(f.key, limits, now)
}

// severity is that of a message that may not be parsed yet.
func severity(m *message.Message) message.Severity {
	if m.Flags&message.Parsed != 0 || m.Origin.Format == message.Structured {
		return m.PRI.Severity()
	}
	return parser.PRI(m.Raw()).Severity()
}

func inode(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}
