package ratelimit

import (
	"container/list"
	"slices"
	"sync"
	"time"

	"syslogd/metrics"
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
