package ratelimit_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/parser"
	"syslogd/ratelimit"
	"syslogd/router/property"
	"syslogd/router/template"
)

func newPolicy(t *testing.T, text string) *ratelimit.Policy {
	t.Helper()
	set := template.NewSet()
	set.DefineLegacy(`byAddress,"%fromhost-ip%"`, diag.Range{}, &diag.List{})
	p := &ratelimit.Policy{Name: "p", Burst: 10000, KeyName: "RSYSLOG_PerSourceKey", MaxStates: 3, TopN: 2, Template: set.Lookup, Log: slog.New(slog.DiscardHandler)}
	if text != "" {
		p.File = filepath.Join(t.TempDir(), "policy.yaml")
		write(t, p.File, text)
	}
	return p
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// passing sends messages through the filter and returns the texts of those that pass.
func passing(f *ratelimit.Filter, texts ...string) string {
	b := message.NewBatch(nil)
	for _, text := range texts {
		b.Add([]byte(text), &message.Origin{Name: "test"}, message.NewPeer("192.0.2.1", "peer"))
	}
	f.Filter(b)
	var out []string
	for i := range b.Msgs {
		out = append(out, string(b.Msgs[i].Raw()))
	}
	b.Release()
	return strings.Join(out, "\n")
}

func newFilter(p *ratelimit.Policy) *ratelimit.Filter {
	prs := parser.New(parser.DefaultOptions(), nil)
	return p.NewFilter("input", prs.Parse, &property.Context{LocalHost: func() string { return "box" }, Globals: &property.Globals{}, Clock: time.Now}, time.Now)
}

func TestAPolicyLimitsWhatIsNotUrgent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPolicy(t, "interval: 10\nburst: 2\nseverity: notice\n")
		if err := p.Load(); err != nil {
			t.Fatal(err)
		}
		f, other := newFilter(p), newFilter(p)
		if got, want := passing(f, "<13>1", "<11>err", "<13>2", "<14>3", "<11>err2"), "<13>1\n<11>err\n<13>2\n<11>err2"; got != want {
			t.Errorf("passing: %q, want %q", got, want)
		}
		if got := passing(other, "<13>1"); got == "" {
			t.Error("an input used up what another may send")
		}
		time.Sleep(10 * time.Second) // virtual
		if got := passing(f, "<14>next"); got == "" {
			t.Error("the limit did not begin again")
		}
	})
}

func TestAPolicyLimitsEachSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPolicy(t, "perSource:\n  default:\n    max: 1\n    window: 2s\n  overrides:\n    - key: big\n      max: 3\n      window: 2s\n")
		if err := p.Load(); err != nil {
			t.Fatal(err)
		}
		f := newFilter(p)
		line := func(host, text string) string { return "<13>Oct 11 22:14:15 " + host + " app: " + text }
		texts := []string{line("a", "1"), line("a", "2"), line("big", "1"), line("big", "2"), line("b", "1"), line("big", "3"), line("big", "4"), line("big", "5")}
		want := strings.Join([]string{texts[0], texts[2], texts[3], texts[4], texts[5]}, "\n")
		if got := passing(f, texts...); got != want {
			t.Errorf("passing:\n%s\nwant:\n%s", got, want)
		}
		// A fourth source takes the place of a, the one not seen for longest.
		passing(f, line("c", "1"))
		if got := passing(f, line("a", "again")); got == "" {
			t.Error("more sources are known than maxStates")
		}
		var set ratelimit.Policies
		set.Add(p)
		var names []string
		for _, o := range set.Objects() {
			names = append(names, o.Label+" "+o.Name)
		}
		if got, want := strings.Join(names, ", "), "ratelimit p, ratelimit_source p: big"; got != want {
			t.Errorf("metrics of %q, want %q", got, want)
		}
		time.Sleep(2 * time.Second) // virtual
		if got := passing(f, texts[0]); got == "" {
			t.Error("the window did not end")
		}
	})
}

func TestMistakesInPolicyFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"interval: x\n":    "cannot unmarshal",
		"burts: 5\n":       "field burts not found",
		"severity: loud\n": `there is no severity "loud"`,
		"interval: -1\n":   "can not be negative",
		"scope: output\n":  "needs mode: drop or pace",
		"mode: drop\n":     "mode needs scope: output",
		"scope: both\n":    `found "both"`,
		"scope: output\nmode: pace\nseverity: err\n":                                              "neither severity nor perSource",
		"perSource:\n  enabled: true\n":                                                           "want a default with max and window",
		"perSource:\n  keyTemplate: none\n":                                                       `there is no template "none"`,
		"perSource:\n  default: {max: 1, window: soon}\n":                                         `found "soon"`,
		"perSource:\n  default: {window: 1s}\n":                                                   "want max",
		"perSource:\n  default: {max: 1, window: 1s}\n  overrides:\n    - {key: a, window: 1s}\n": `override of "a": want max`,
	} {
		err := newPolicy(t, text).Load()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "policy.yaml") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestAPolicyThatCanNotBeReadAgainStays(t *testing.T) {
	t.Parallel()
	p := newPolicy(t, "interval: 5\nburst: 7\n")
	var set ratelimit.Policies
	set.Add(p)
	if err := p.Load(); err != nil {
		t.Fatal(err)
	}
	write(t, p.File, "burst: many\n")
	set.HUP()
	if a := p.Allowance(); a.Burst != 7 {
		t.Errorf("burst %d after a broken file, want 7", a.Burst)
	}
	write(t, p.File, "interval: 5\nburst: 9\n")
	set.HUP()
	if a := p.Allowance(); a.Burst != 9 {
		t.Errorf("burst %d after HUP, want 9", a.Burst)
	}
}

func TestAWatchedPolicyIsReadWhenItChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPolicy(t, "burst: 7\n")
		p.Watch, p.Debounce = true, 5*time.Second
		var set ratelimit.Policies
		set.Add(p)
		if err := p.Load(); err != nil {
			t.Fatal(err)
		}
		stop := set.Watch()
		defer stop()
		time.Sleep(time.Second) // virtual: the file is looked at
		write(t, p.File, "burst: 12345\n")
		time.Sleep(4 * time.Second)
		if a := p.Allowance(); a.Burst != 7 {
			t.Errorf("burst %d before the file was quiet for long enough", a.Burst)
		}
		time.Sleep(3 * time.Second)
		if a := p.Allowance(); a.Burst != 12345 {
			t.Errorf("burst %d, want 12345", a.Burst)
		}
	})
}
