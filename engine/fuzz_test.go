package engine

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"syslogd/config"
	"syslogd/config/lint"
	"syslogd/config/rewrite"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// FuzzCheck runs everything that reads a configuration: no text may crash it or
// make it hang, and what is written of it must be a configuration again.
func FuzzCheck(f *testing.F) {
	names, _ := filepath.Glob("../cmd/syslogd/testdata/diagnostics/*.txtar")
	for _, name := range names {
		if ar, err := txtar.ParseFile(name); err == nil {
			f.Add(string(ar.Files[0].Data), false)
		}
	}
	for _, name := range []string{"../examples/collector.yaml", "../examples/central-tls.conf", "../cmd/syslogd/default.conf"} {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(string(text), strings.HasSuffix(name, ".yaml"))
		}
	}
	f.Fuzz(func(t *testing.T, text string, yaml bool) {
		if len(text) > 1<<14 {
			return
		}
		name := "fuzz.conf"
		if yaml {
			name = "fuzz.yaml"
		}
		none := syntax.Options{
			ReadFile: func(name string) ([]byte, error) {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			},
			Glob: func(string) ([]string, error) { return nil, nil },
		}
		cfg, diags, err := config.Load(name, []byte(text), Modules(), config.Options{Syntax: none})
		if err != nil {
			t.Fatal(err)
		}
		lint.Check(cfg, lint.Host{}, diags)
		e := New(cfg, Env{Log: slog.New(slog.DiscardHandler)}, diags)
		defer e.Stop(context.Background())
		for _, d := range diags.Sorted() {
			d.Write(io.Discard)
		}
		if diags.Count(diag.Error) > 0 || cfg.File.Stopped {
			return
		}
		for what, write := range map[string]func(*config.Config, syntax.Options) ([]byte, error){"convert": rewrite.Convert, "config": rewrite.Effective} {
			out, err := write(cfg, none)
			if err != nil {
				t.Fatal(err)
			}
			out = append([]byte{}, out...) // without bytes Load would read the file
			_, again, err := config.Load("again.conf", out, Modules(), config.Options{Syntax: none})
			if err != nil || again.Count(diag.Error) > 0 {
				var said bytes.Buffer
				for _, d := range again.All() {
					d.Write(&said)
				}
				t.Fatalf("%s of\n%s\nis\n%s\nwith errors %v\n%s", what, text, out, err, said.Bytes())
			}
		}
	})
}
