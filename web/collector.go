package web

import (
	"github.com/prometheus/client_golang/prometheus"

	"syslogd/metrics"
)

// collector shows a metrics.Set to Prometheus. It is unchecked: which objects
// exist depends on the configuration.
type collector struct{ set *metrics.Set }

// Describe sends nothing, which makes the collector unchecked.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads all numbers. Objects of the same name and labels, such as two
// inputs of one name, are added up: Prometheus refuses a page with one series
// twice.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	type series struct {
		number metrics.Number
		keys   []string
		values []string
		sum    float64
	}
	var order []*series
	known := map[string]*series{}
	for _, o := range c.set.Objects() {
		keys, values := labels(o)
		for _, n := range o.Numbers {
			id := n.Name
			for i := range keys {
				id += "\xff" + keys[i] + "\xff" + values[i]
			}
			s := known[id]
			if s == nil {
				s = &series{number: n, keys: keys, values: values}
				known[id] = s
				order = append(order, s)
			}
			s.sum += n.Read()
		}
	}
	for _, s := range order {
		desc := prometheus.NewDesc("syslogd_"+s.number.Name, s.number.Help, s.keys, nil)
		kind := prometheus.GaugeValue
		if s.number.Kind == metrics.Count {
			kind = prometheus.CounterValue
		}
		m, err := prometheus.NewConstMetric(desc, kind, s.sum, s.values...)
		if err != nil {
			m = prometheus.NewInvalidMetric(desc, err)
		}
		out <- m
	}
}

func labels(o *metrics.Object) (keys, values []string) {
	if o.Label != "" {
		keys, values = append(keys, o.Label), append(values, o.Name)
	}
	for _, kv := range o.Extra {
		keys, values = append(keys, kv[0]), append(values, kv[1])
	}
	return keys, values
}
