package docs

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/explain"
)

// TestExamplesDoWhatTheirCasesSay runs examples/NAME.cases with the example NAME.
func TestExamplesDoWhatTheirCasesSay(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.cases")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) { runCases(t, name) })
	}
}

func runCases(t *testing.T, name string) {
	found, _ := filepath.Glob(strings.TrimSuffix(name, ".cases") + ".[cy]*[fl]")
	if len(found) != 1 {
		t.Fatalf("want one configuration for %s, found %q", name, found)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cases, err := explain.ReadCases(f)
	if err != nil {
		t.Fatal(err)
	}
	cfg, diags, err := config.Load(found[0], nil, engine.Modules(), config.Options{Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	now := explain.DefaultTime
	x, err := explain.New(cfg, engine.Env{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}, diags)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for _, c := range cases {
		now = c.At
		for _, wrong := range x.Run(c) {
			t.Errorf("%s: line %d: %s", name, c.Line, wrong)
		}
	}
}
