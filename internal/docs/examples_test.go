package docs

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/engine"
)

func TestExamplesAreClean(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.conf")
	yaml, _ := filepath.Glob("../../examples/*.yaml")
	files = append(files, yaml...)
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			cfg, diags, err := config.Load(name, text, engine.Modules(), config.Options{})
			if err != nil {
				t.Fatal(err)
			}
			e := engine.New(cfg, engine.Env{Log: slog.New(slog.DiscardHandler)}, diags)
			defer e.Stop(t.Context())
			for _, d := range diags.All() {
				// The certificates of an example are not on this machine.
				// That of a widely copied guide has the name that the guide has.
				if strings.Contains(d.Text, "/etc/syslogd/") || strings.Contains(d.Text, "$UDPServerRun is meant") {
					continue
				}
				var b strings.Builder
				d.Write(&b)
				t.Error(b.String())
			}
		})
	}
}
