package metrics_test

import (
	"fmt"
	"testing"
	"time"

	"syslogd/metrics"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func counts(d *metrics.Dynamic) string {
	out := ""
	d.Each(func(key string, n uint64) { out += fmt.Sprintf("%s=%d ", key, n) })
	return out
}

func TestABucketCountsKeysUpToItsLimit(t *testing.T) {
	t.Parallel()
	d := &metrics.Dynamic{Name: "hosts", MaxKeys: 2, Life: time.Hour}
	for _, step := range []struct {
		key  string
		want int
	}{{"b", 0}, {"a", 0}, {"b", 0}, {"", 0}, {"c", metrics.DynamicFull}, {"a", 0}} {
		if got := d.Inc([]byte(step.key), start); got != step.want {
			t.Errorf("%q: %d, want %d", step.key, got, step.want)
		}
	}
	if got := counts(d); got != "a=2 b=2 " {
		t.Errorf("it has %s", got)
	}
	if d.Overflow.Value() != 1 || d.NewMetric.Value() != 2 || d.NoMetric.Value() != 1 {
		t.Errorf("overflow %d, new %d, without key %d", d.Overflow.Value(), d.NewMetric.Value(), d.NoMetric.Value())
	}
}

func TestKeysThatAreNotUsedAreForgottenAfterOneToTwoLives(t *testing.T) {
	t.Parallel()
	d := &metrics.Dynamic{Name: "hosts", MaxKeys: 2, Life: time.Minute}
	inc := func(key string, after time.Duration) int { return d.Inc([]byte(key), start.Add(after)) }
	inc("old", 0)
	inc("busy", 30*time.Second)
	inc("busy", 70*time.Second)
	if got := counts(d); got != "busy=2 old=1 " {
		t.Errorf("after one life it has %s", got)
	}
	if got := inc("new", 140*time.Second); got != 0 {
		t.Errorf("there is no room after a purge: %d", got)
	}
	if got := counts(d); got != "busy=2 new=1 " || d.Purged.Value() != 1 {
		t.Errorf("after two lives it has %s, %d purged", got, d.Purged.Value())
	}
}

func TestPercentilesOfTheLastObservations(t *testing.T) {
	t.Parallel()
	p := &metrics.Percentiles{Name: "took", Ranks: []int{50, 95}, Window: 100, MaxKeys: 1, Life: time.Hour}
	for i := int64(1); i <= 300; i++ { // the last 100 are 201 to 300
		p.Observe([]byte("web"), i, start)
	}
	if got := p.Observe([]byte("db"), 1, start); got != metrics.DynamicFull {
		t.Errorf("a key too many gives %d", got)
	}
	got := map[string]float64{}
	for _, o := range p.Objects() {
		for _, n := range o.Numbers {
			name := n.Name
			for _, kv := range o.Extra {
				name += " " + kv[1]
			}
			got[name] = n.Read()
		}
	}
	for name, want := range map[string]float64{
		"percentile web 50": 250, "percentile web 95": 295, "percentile_window_min web": 201, "percentile_window_max web": 300,
		"percentile_window_count web": 100, "percentile_window_sum web": 25050, "percentile_overflow_total": 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}
