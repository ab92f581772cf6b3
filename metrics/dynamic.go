package metrics

import (
	"slices"
	"sort"
	"strconv"
	"sync"
	"time"
)

// Dynamic is a dyn_stats() bucket: counters whose names come from messages.
// Their number is bounded, and those that are no longer used are forgotten.
type Dynamic struct {
	Name string
	// MaxKeys bounds the counters.
	MaxKeys int
	// Life is how long a counter is kept without use; it is forgotten after one
	// to two lives.
	Life time.Duration
	// Resettable counters obey impstats' resetCounters.
	Resettable bool
	// Persist says whether the counters outlive the process.
	Persist Persistence

	// Counters of operations.
	Overflow, NewMetric, NoMetric, Purged, PurgeRuns Counter
	// Counters of the file: bytes, times, and times that it could not be written.
	FlushedBytes, Flushes, FlushErrors Counter

	bucket[*count]
	unsaved int           // counts since the counters were saved; guarded by mu
	wake    chan struct{} // of the Keeper; nil without one
}

type count struct{ n uint64 }

// Results of Inc and Observe, as rsyslogd's functions return them.
const (
	DynamicOK   = 0
	DynamicFull = -6 // as many keys as there may be
)

// Inc adds one to the counter of that name at the time now. An empty name is
// counted as such and is no error, as in rsyslogd.
func (d *Dynamic) Inc(key []byte, now time.Time) int {
	if len(key) == 0 {
		d.NoMetric.Add(1)
		return DynamicOK
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c, state := d.get(key, d.MaxKeys, d.Life, now, func() *count { return &count{} })
	d.account(state)
	if c == nil {
		d.Overflow.Add(1)
		return DynamicFull
	}
	c.n++
	if d.wake == nil {
		return DynamicOK
	}
	if d.unsaved++; d.Persist.Counts > 0 && d.unsaved >= d.Persist.Counts {
		select {
		case d.wake <- struct{}{}:
		default: // it is awake
		}
	}
	return DynamicOK
}

func (d *Dynamic) account(s bucketState) {
	d.Purged.Add(uint64(s.purged))
	if s.purged > 0 {
		d.PurgeRuns.Add(1)
	}
	if s.added {
		d.NewMetric.Add(1)
	}
}

// Each calls f for all counters in the order of their names.
func (d *Dynamic) Each(f func(key string, n uint64)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.names() {
		f(k, d.entries[k].val.n)
	}
}

// Objects describes the bucket for a page of metrics.
func (d *Dynamic) Objects() []*Object {
	out := []*Object{{Label: "bucket", Name: d.Name, Numbers: []Number{
		Of("dynstats_overflow_total", "Counts refused because the bucket has as many keys as it may.", &d.Overflow),
		Of("dynstats_new_metrics_total", "Keys that were added.", &d.NewMetric),
		Of("dynstats_no_metric_total", "Counts without a key.", &d.NoMetric),
		Of("dynstats_metrics_purged_total", "Keys that were forgotten.", &d.Purged),
		Of("dynstats_purges_total", "Times that keys were forgotten.", &d.PurgeRuns),
	}}}
	d.Each(func(key string, n uint64) {
		out = append(out, &Object{Label: "bucket", Name: d.Name, Extra: [][2]string{{"key", key}}, Numbers: []Number{
			{Name: "dynstats_total", Help: "Counts of dyn_inc().", Kind: Count, Read: func() float64 { return float64(n) }},
		}})
	})
	return out
}

// Percentiles is a percentile_stats() bucket: the last observations for each key.
type Percentiles struct {
	Name string
	// Ranks are the percentiles to report, 1 to 100.
	Ranks []int
	// Window is how many observations are kept for each key.
	Window     int
	MaxKeys    int
	Life       time.Duration
	Resettable bool
	// Delimiter stands between key and rank in impstats.
	Delimiter string

	Overflow, NewMetric Counter

	bucket[*window]
}

type window struct {
	ring []int64
	next int
}

// Observe adds an observation for the key at the time now.
func (p *Percentiles) Observe(key []byte, n int64, now time.Time) int {
	if len(key) == 0 {
		return DynamicOK
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w, state := p.get(key, p.MaxKeys, p.Life, now, func() *window { return &window{} })
	if state.added {
		p.NewMetric.Add(1)
	}
	if w == nil {
		p.Overflow.Add(1)
		return DynamicFull
	}
	if len(w.ring) < p.Window {
		w.ring = append(w.ring, n)
	} else {
		w.ring[w.next] = n
		w.next = (w.next + 1) % p.Window
	}
	return DynamicOK
}

func (w *window) sorted() (list []int64, sum int64) {
	list = slices.Clone(w.ring)
	slices.Sort(list)
	for _, n := range list {
		sum += n
	}
	return list, sum
}

// Rank returns the value that so many percent of sorted are not above; 0 for none.
func rank(sorted []int64, percent int) int64 {
	if len(sorted) == 0 {
		return 0
	}
	i := (percent*len(sorted) + 99) / 100
	return sorted[min(max(i-1, 0), len(sorted)-1)]
}

// Objects describes the bucket for a page of metrics.
func (p *Percentiles) Objects() []*Object {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []*Object{{Label: "bucket", Name: p.Name, Numbers: []Number{
		Of("percentile_overflow_total", "Observations refused because the bucket has as many keys as it may.", &p.Overflow),
		Of("percentile_new_metrics_total", "Keys that were added.", &p.NewMetric),
	}}}
	number := func(name, help string, n int64) Number {
		return Number{Name: name, Help: help, Kind: Gauge, Read: func() float64 { return float64(n) }}
	}
	for _, k := range p.names() {
		sorted, sum := p.entries[k].val.sorted()
		out = append(out, &Object{Label: "bucket", Name: p.Name, Extra: [][2]string{{"key", k}}, Numbers: []Number{
			number("percentile_window_min", "Least observation of the window.", rank(sorted, 0)),
			number("percentile_window_max", "Greatest observation of the window.", rank(sorted, 100)),
			number("percentile_window_sum", "Sum of the window.", sum),
			number("percentile_window_count", "Observations in the window.", int64(len(sorted))),
		}})
		for _, r := range p.Ranks {
			out = append(out, &Object{Label: "bucket", Name: p.Name, Extra: [][2]string{{"key", k}, {"percentile", strconv.Itoa(r)}}, Numbers: []Number{
				number("percentile", "Value that so many percent of the window's observations are not above.", rank(sorted, r)),
			}})
		}
	}
	return out
}

// bucket is named things that are forgotten when they are not used.
type bucket[V any] struct {
	mu      sync.Mutex
	entries map[string]*bucketEntry[V]
	purgeAt time.Time
}

type bucketEntry[V any] struct {
	val  V
	used bool // since the last purge
}

type bucketState struct {
	added  bool
	purged int
}

// get returns the entry for key, a new one if there is room, else the zero V.
func (b *bucket[V]) get(key []byte, most int, life time.Duration, now time.Time, fresh func() V) (val V, s bucketState) {
	if b.entries == nil {
		b.entries, b.purgeAt = map[string]*bucketEntry[V]{}, now.Add(life)
	}
	if !now.Before(b.purgeAt) {
		s.purged = b.purge()
		b.purgeAt = now.Add(life)
	}
	e := b.entries[string(key)]
	if e == nil {
		if len(b.entries) >= most {
			return val, s
		}
		s.added = true
		e = &bucketEntry[V]{val: fresh()}
		b.entries[string(key)] = e
	}
	e.used = true
	return e.val, s
}

// purge forgets what was not used since the last purge.
func (b *bucket[V]) purge() int {
	n := len(b.entries)
	for k, e := range b.entries {
		if !e.used {
			delete(b.entries, k)
		}
		e.used = false
	}
	return n - len(b.entries)
}

func (b *bucket[V]) names() []string {
	out := make([]string, 0, len(b.entries))
	for k := range b.entries {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Buckets are the dynamic statistics of a configuration, by name.
type Buckets struct {
	Counters    map[string]*Dynamic
	Percentiles map[string]*Percentiles
}

// Objects describes all buckets for a page of metrics.
func (b *Buckets) Objects() []*Object {
	var out []*Object
	for _, d := range b.Counters {
		out = append(out, d.Objects()...)
	}
	for _, p := range b.Percentiles {
		out = append(out, p.Objects()...)
	}
	return out
}
