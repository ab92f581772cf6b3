package impstats

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/hosts"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

type collect struct{ lines []string }

func (q *collect) Enqueue(_ context.Context, b *message.Batch) error { return q.TryEnqueue(b) }

func (q *collect) TryEnqueue(b *message.Batch) error {
	for i := range b.Msgs {
		m := &b.Msgs[i]
		q.lines = append(q.lines, m.PRI.Facility().String()+"."+m.PRI.Severity().String()+" "+string(m.Hostname())+" "+string(m.Tag(nil))+string(m.Msg()))
	}
	b.Release()
	return nil
}

// testInput has two objects: one of two sockets, and a bucket.
func testInput(t *testing.T, edit func(*ModuleConfig)) (*input, *metrics.Counter) {
	t.Helper()
	var c ModuleConfig
	params.SetDefaults(&c)
	edit(&c)
	set := new(metrics.Set)
	n := new(metrics.Counter)
	n.Add(2)
	for range 2 {
		set.Register(&metrics.Object{Label: "input", Stats: []*metrics.Stats{{Name: "im(a/b)", Origin: "im", Counters: []metrics.Stat{
			metrics.StatOf("submitted", n), metrics.GaugeStat("max.size", func() uint64 { return 7 })}}}})
	}
	gone := set.Register(&metrics.Object{Label: "input", Stats: []*metrics.Stats{{Name: "gone"}}})
	gone()
	bucket := &metrics.Dynamic{Name: "hosts", MaxKeys: 5, Life: time.Hour}
	bucket.Inc([]byte("h.1"), time.Now())
	set.RegisterStats((&metrics.Buckets{Counters: map[string]*metrics.Dynamic{"hosts": bucket}}).Stats)
	in, err := New(c, module.Env{Log: slog.New(slog.DiscardHandler), Metrics: set, Now: time.Now, Names: hosts.New(hosts.Options{LocalHostName: "box"})})
	if err != nil {
		t.Fatal(err)
	}
	return in.(*input), n
}

const rest = ` hosts.new_metric_add=1 hosts.no_metric=0 hosts.metrics_purged=0 hosts.ops_ignored=0 hosts.purge_triggered=0 `

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		format format
		want   []string
	}{
		{formatLegacy, []string{`im(a/b): origin=im submitted=4 max.size=14 `, `global: origin=dynstats hosts.ops_overflow=0` + rest,
			`global: origin=percentile `, `hosts: origin=dynstats.bucket h.1=1 `}},
		{formatJSON, []string{`{ "name": "im(a\/b)", "origin": "im", "submitted": 4, "max.size": 14 }`, "",
			`{ "name": "global", "origin": "percentile", "values": { } }`, `{ "name": "hosts", "origin": "dynstats.bucket", "values": { "h.1": 1 } }`}},
		{formatElasticsearch, []string{`{ "name": "im(a\/b)", "origin": "im", "submitted": 4, "max!size": 14 }`, "", "",
			`{ "name": "hosts", "origin": "dynstats.bucket", "values": { "h!1": 1 } }`}},
		{formatCEE, []string{`@cee: { "name": "im(a\/b)", "origin": "im", "submitted": 4, "max.size": 14 }`}},
		{formatPrometheus, []string{"# HELP U__im_28_a_2f_b_29___submitted__total rsyslog stats: origin=\"im\" object=\"im(a/b)\", counter=\"submitted\"\n" +
			"# TYPE U__im_28_a_2f_b_29___submitted__total counter\nU__im_28_a_2f_b_29___submitted__total 4\n" +
			"# HELP U__im_28_a_2f_b_29___max_2e_size__total rsyslog stats: origin=\"im\" object=\"im(a/b)\", counter=\"max.size\"\n" +
			"# TYPE U__im_28_a_2f_b_29___max_2e_size__total counter\nU__im_28_a_2f_b_29___max_2e_size__total 14"}},
	} {
		in, _ := testInput(t, func(m *ModuleConfig) { m.Format = c.format })
		got := in.lines()
		for i, want := range c.want {
			if want != "" && got[i] != want {
				t.Errorf("format %d: got  %q\nwant %q", c.format, got[i], want)
			}
		}
	}
}

func TestALineForASender(t *testing.T) {
	senders := &metrics.Senders{Max: 2}
	senders.Count([]byte("web"), 7, time.Now())
	for format, want := range map[format]string{
		formatLegacy: `_sender_stat: sender=web messages=7`, formatJSON: `{ "name": "_sender_stat", "origin": "impstats", "sender": "web", "messages": 7 }`,
		formatPrometheus: `_sender_stat_messages_total{sender="web"} 7`,
	} {
		in, _ := testInput(t, func(m *ModuleConfig) { m.Format = format })
		in.env.Metrics.RegisterStats(senders.Stats)
		if lines := in.lines(); lines[len(lines)-1] != want {
			t.Errorf("format %d: got  %q\nwant %q", format, lines[len(lines)-1], want)
		}
	}
}

func TestResetCounters(t *testing.T) {
	in, n := testInput(t, func(m *ModuleConfig) { m.Reset = true })
	for _, want := range []string{"submitted=4 max.size=14 ", "submitted=0 max.size=14 ", "submitted=6 max.size=14 "} {
		if got := in.lines()[0]; !strings.HasSuffix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if strings.Contains(want, "=0") {
			n.Add(3)
		}
	}
	// The bucket is not resettable.
	if got := in.lines()[3]; got != "hosts: origin=dynstats.bucket h.1=1 " {
		t.Errorf("got %q", got)
	}
}

func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "stats")
		in, _ := testInput(t, func(m *ModuleConfig) { m.Interval, m.Bracketing, m.File = 10, true, file })
		if err := in.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		q := new(collect)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- in.Run(ctx, &listener.Submitter{Queue: q}) }()
		synctest.Wait()
		time.Sleep(21 * time.Second) // two intervals, and one that the stop ends
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		const head = "syslog.info box rsyslogd-pstats:"
		if len(q.lines) != 21 || q.lines[0] != head+"BEGIN" || q.lines[6] != head+"END" || q.lines[1] != head+"im(a/b): origin=im submitted=4 max.size=14 " {
			t.Errorf("got %d lines: %q", len(q.lines), q.lines)
		}
		if !strings.HasPrefix(q.lines[5], head+"resource-usage: origin=impstats utime=") || !strings.Contains(q.lines[5], " openfiles=") {
			t.Errorf("got %q", q.lines[5])
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		if len(lines) != 22 || !strings.HasSuffix(lines[0], "2000: BEGIN") {
			t.Errorf("file: %q", lines)
		}
	})
}

func TestFileIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stats")
	in, _ := testInput(t, func(m *ModuleConfig) { m.File, m.Overwrite, m.Format = file, true, formatPrometheus })
	for range 2 {
		if err := in.writeFile(in.lines(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	text, _ := os.ReadFile(file)
	if n := strings.Count(string(text), "_submitted__total 4\n"); n != 1 || strings.Contains(string(text), "20") {
		t.Errorf("%d times in %s", n, text)
	}
}

func TestLegacyDirectivesChooseTheFormat(t *testing.T) {
	c := ModuleConfig{JSON: true}
	d := ModuleConfig{CEE: true}
	if got := []format{c.form(), d.form()}; !slices.Equal(got, []format{formatJSON, formatCEE}) {
		t.Errorf("got %v", got)
	}
}
