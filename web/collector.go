package web

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"syslogd/metrics"
)

// collector shows a metrics.Set to Prometheus. It is unchecked: which objects
// exist depends on the configuration.
//
// Names of objects may come from messages (keys of dyn_stats, senders). Whatever they
// are, the page is valid and has all others: a label is made valid, and a number that
// can not be shown is left out and counted.
type collector struct {
	set *metrics.Set
	// unshown counts numbers that were left out.
	unshown metrics.Counter
}

// Describe sends nothing, which makes the collector unchecked.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads all numbers.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	g := gathered{known: map[string]*series{}, first: map[string]metrics.Number{}}
	objects, broken := c.objects()
	c.unshown.Add(broken)
	for _, o := range objects {
		c.unshown.Add(g.add(o))
	}
	for _, s := range g.order {
		m, err := s.metric()
		if err != nil {
			c.unshown.Add(1)
			continue
		}
		out <- m
	}
	out <- prometheus.MustNewConstMetric(unshownDesc, prometheus.CounterValue, float64(c.unshown.Value()))
}

var unshownDesc = prometheus.NewDesc("syslogd_metrics_unshown_total",
	"Numbers that could not be shown on this page, over all readings.", nil, nil)

// objects returns the objects of the set, and how many places to ask for them broke.
func (c *collector) objects() (list []*metrics.Object, broken uint64) {
	return c.set.Gather(func(any) { broken++ }), broken
}

// series is one line of the page.
type series struct {
	number metrics.Number
	keys   []string
	values []string
	sum    float64
}

func (s *series) metric() (prometheus.Metric, error) {
	desc := prometheus.NewDesc("syslogd_"+s.number.Name, s.number.Help, s.keys, nil)
	kind := prometheus.GaugeValue
	if s.number.Kind == metrics.Count {
		kind = prometheus.CounterValue
	}
	return prometheus.NewConstMetric(desc, kind, s.sum, s.values...)
}

// gathered are the lines of a page. Objects of the same name and labels, such as two
// inputs of one name, are added up: Prometheus refuses a page with one series twice.
type gathered struct {
	order []*series
	known map[string]*series
	// first is the first number of each name: further ones must be of its kind, and get
	// its help, or Prometheus refuses the page.
	first map[string]metrics.Number
}

// add adds the numbers of an object and returns how many of them can not be shown.
func (g *gathered) add(o *metrics.Object) (unshown uint64) {
	keys, values := labels(o)
	for _, n := range o.Numbers {
		v, ok := read(n)
		first, there := g.first[n.Name]
		if !there {
			first = n
			g.first[n.Name] = n
		}
		if !ok || first.Kind != n.Kind {
			unshown++
			continue
		}
		id := n.Name
		for i := range keys {
			id += "\xff" + keys[i] + "\xff" + values[i] // in valid UTF-8 there is no such byte
		}
		s := g.known[id]
		if s == nil {
			n.Help = first.Help
			s = &series{number: n, keys: keys, values: values}
			g.known[id] = s
			g.order = append(g.order, s)
		}
		s.sum += v
	}
	return unshown
}

// read reads a number. One whose reading breaks must not take the server along.
func read(n metrics.Number) (v float64, ok bool) {
	defer func() {
		if recover() != nil {
			v, ok = math.NaN(), false
		}
	}()
	return n.Read(), true
}

func labels(o *metrics.Object) (keys, values []string) {
	if o.Label != "" {
		keys, values = append(keys, o.Label), append(values, labelValue(o.Name))
	}
	for _, kv := range o.Extra {
		keys, values = append(keys, kv[0]), append(values, labelValue(kv[1]))
	}
	return keys, values
}

// maxLabel bounds the value of a label, in bytes: a key of dyn_stats may be as long as
// a message, and there may be many. What is the same up to there is added up.
const maxLabel = 1 << 10

// labelValue returns s as valid UTF-8: a byte that is none becomes \xNN, so that two
// names that differ in such bytes only stay two.
func labelValue(s string) string {
	if len(s) <= maxLabel && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case b.Len() >= maxLabel:
			b.WriteString("...")
			return b.String()
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
