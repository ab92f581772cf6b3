package metrics

import (
	"maps"
	"slices"
	"strconv"
)

// Stats is how impstats shows an object: under rsyslogd's names, over the same
// counters.
type Stats struct {
	Name, Origin string
	Counters     []Stat
	// Nested is set where JSON has the counters in an object "values".
	Nested bool
	// Sender, if not empty, is whom the counters are about; then the line has a form of its own.
	Sender string
}

// Stat is one counter of Stats.
type Stat struct {
	Name string
	Read func() uint64
	// Kind is Gauge for what resetCounters leaves alone.
	Kind Kind
}

// StatOf shows a Counter under rsyslogd's name.
func StatOf(name string, c *Counter) Stat { return Stat{Name: name, Read: c.Value} }

// GaugeStat shows a number that goes up and down.
func GaugeStat(name string, read func() uint64) Stat {
	return Stat{Name: name, Read: read, Kind: Gauge}
}

// NoStat shows a counter of rsyslogd's that is always 0 here.
func NoStat(name string) Stat { return Stat{Name: name, Read: func() uint64 { return 0 }} }

// RegisterStats registers statistics that belong to no object, or that come and
// go: f is called for each reading.
func (s *Set) RegisterStats(f func() []*Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats = append(s.stats, f)
}

// Stats returns what impstats shows, in the order of registration. What has one
// name and origin, such as the sockets of imuxsock, is added up.
func (s *Set) Stats() []*Stats {
	s.mu.Lock()
	sources := append([]func() []*Stats(nil), s.stats...)
	s.mu.Unlock()
	var out []*Stats
	known := map[[3]string]*Stats{}
	for _, f := range sources {
		for _, one := range f() {
			id := [3]string{one.Name, one.Origin, one.Sender}
			if same := known[id]; same != nil {
				same.add(one)
				continue
			}
			sum := *one
			sum.Counters = append([]Stat(nil), one.Counters...)
			known[id] = &sum
			out = append(out, &sum)
		}
	}
	return out
}

// add adds the counters of other, which has the same ones.
func (st *Stats) add(other *Stats) {
	for i := range min(len(st.Counters), len(other.Counters)) {
		a, b := st.Counters[i].Read, other.Counters[i].Read
		st.Counters[i].Read = func() uint64 { return a() + b() }
	}
}

// Stats shows the buckets: one line about all of them, and one each.
func (b *Buckets) Stats() []*Stats {
	counters := &Stats{Name: "global", Origin: "dynstats", Nested: true}
	percentiles := &Stats{Name: "global", Origin: "percentile", Nested: true}
	out := []*Stats{counters, percentiles}
	for _, name := range sortedKeys(b.Counters) {
		d := b.Counters[name]
		counters.Counters = append(counters.Counters,
			StatOf(name+".ops_overflow", &d.Overflow), StatOf(name+".new_metric_add", &d.NewMetric),
			StatOf(name+".no_metric", &d.NoMetric), StatOf(name+".metrics_purged", &d.Purged),
			NoStat(name+".ops_ignored"), StatOf(name+".purge_triggered", &d.PurgeRuns))
		if d.Persist.Path != "" {
			counters.Counters = append(counters.Counters, StatOf(name+"_flushed_bytes", &d.FlushedBytes),
				StatOf(name+"_flushed_counts", &d.Flushes), StatOf(name+"_flush_errors", &d.FlushErrors))
		}
		out = append(out, d.stats())
	}
	for _, name := range sortedKeys(b.Percentiles) {
		p := b.Percentiles[name]
		percentiles.Counters = append(percentiles.Counters,
			StatOf(name+".new_metric_add", &p.NewMetric), StatOf(name+".ops_overflow", &p.Overflow))
		out = append(out, p.stats())
	}
	return out
}

func (d *Dynamic) stats() *Stats {
	st := &Stats{Name: d.Name, Origin: "dynstats.bucket", Nested: true}
	kind := Gauge
	if d.Resettable {
		kind = Count
	}
	d.Each(func(key string, n uint64) {
		st.Counters = append(st.Counters, Stat{Name: key, Kind: kind, Read: func() uint64 { return n }})
	})
	return st
}

func (p *Percentiles) stats() *Stats {
	st := &Stats{Name: p.Name, Origin: "percentile.bucket", Nested: true}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range p.names() {
		sorted, sum := p.entries[key].val.sorted()
		add := func(what string, n int64) {
			st.Counters = append(st.Counters, GaugeStat(key+p.delimiter()+what, func() uint64 { return uint64(n) }))
		}
		for _, r := range p.Ranks {
			add("p"+strconv.Itoa(r), rank(sorted, r))
		}
		add("window_min", rank(sorted, 0))
		add("window_max", rank(sorted, 100))
		add("window_sum", sum)
		add("window_count", int64(len(sorted)))
	}
	return st
}

// delimiter stands between a key and what is said of it.
func (p *Percentiles) delimiter() string {
	if p.Delimiter == "" {
		return "."
	}
	return p.Delimiter
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
