// Package metrics holds the server's counters. Workers and listeners add to
// them once a batch, not once a message; web reads them for Prometheus, and
// impstats-like output may read the same numbers.
package metrics

import (
	"sort"
	"sync"
	"sync/atomic"
)

// Counter only grows. The zero Counter is ready to use. It fills a cache line,
// so that two workers' counters do not slow each other down.
type Counter struct {
	n atomic.Uint64
	_ [56]byte
}

// Add adds n.
func (c *Counter) Add(n uint64) {
	if n != 0 {
		c.n.Add(n)
	}
}

// Value returns the count.
func (c *Counter) Value() uint64 { return c.n.Load() }

// Kind says how Prometheus should read a number.
type Kind uint8

const (
	// Count is a number that only grows.
	Count Kind = iota
	// Gauge goes up and down.
	Gauge
)

// Number is one number of an Object, read at scrape time.
type Number struct {
	// Name is the Prometheus name without the prefix syslogd_, for instance
	// input_messages_received_total.
	Name string
	Help string
	Kind Kind
	Read func() float64
}

// Object is a thing with numbers: an input, an action, a queue. Its Name is a
// label, so objects must come from the configuration, never from messages.
type Object struct {
	// Label is the label's name: input, action, queue; empty for the server itself.
	Label string
	Name  string
	// Extra are further labels with their values.
	Extra   [][2]string
	Numbers []Number
	// Stats are what impstats shows of it; none for what rsyslogd does not have.
	Stats []*Stats
}

// Set is all objects of a server.
type Set struct {
	mu      sync.Mutex
	objects []*Object
	dynamic []func() []*Object
	stats   []func() []*Stats // in the order of registration
}

// Register adds o and returns a function that takes it out again.
func (s *Set) Register(o *Object) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects = append(s.objects, o)
	there := true // guarded by mu
	if len(o.Stats) > 0 {
		s.stats = append(s.stats, func() []*Stats {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !there {
				return nil
			}
			return o.Stats
		})
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		there = false
		for i, x := range s.objects {
			if x == o {
				s.objects = append(s.objects[:i:i], s.objects[i+1:]...)
				return
			}
		}
	}
}

// RegisterDynamic registers objects that come and go: f is called for each reading.
func (s *Set) RegisterDynamic(f func() []*Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dynamic = append(s.dynamic, f)
}

// Objects returns the registered objects, sorted by label and name.
func (s *Set) Objects() []*Object { return s.Gather(nil) }

// Gather is Objects for a reader that goes on without the objects of a function that
// panics; broken, if not nil, is told what that said.
func (s *Set) Gather(broken func(what any)) []*Object {
	s.mu.Lock()
	out := append([]*Object(nil), s.objects...)
	dynamic := append([]func() []*Object(nil), s.dynamic...)
	s.mu.Unlock()
	for _, f := range dynamic {
		out = append(out, call(f, broken)...)
	}
	sort.SliceStable(out, func(i, j int) bool {
		if out[i].Label != out[j].Label {
			return out[i].Label < out[j].Label
		}
		return out[i].Name < out[j].Name
	})
	return out
}

func call(f func() []*Object, broken func(any)) []*Object {
	if broken != nil {
		defer func() {
			if r := recover(); r != nil {
				broken(r)
			}
		}()
	}
	return f()
}

// Of makes a Number that reads a Counter.
func Of(name, help string, c *Counter) Number {
	return Number{Name: name, Help: help, Kind: Count, Read: func() float64 { return float64(c.Value()) }}
}
