package main

import (
	"bytes"
	"context"
	"flag"
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
	"syslogd/engine"
	"syslogd/internal/diag"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata/diagnostics")

// TestDiagnostics runs testdata/diagnostics: what "check" says about a mistake.
// Each case holds one; what is said must point at it and help.
func TestDiagnostics(t *testing.T) {
	names, err := filepath.Glob("testdata/diagnostics/*.txtar")
	if err != nil || len(names) < 100 {
		t.Fatalf("%d cases, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { checkDiagnostics(t, name) })
	}
}

func checkDiagnostics(t *testing.T, name string) {
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var want []byte
	var files []txtar.File
	for _, f := range ar.Files {
		if f.Name == "want" {
			want = f.Data
			continue
		}
		files = append(files, f)
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := checked(t, dir)
	if *update {
		ar.Files = append(files, txtar.File{Name: "want", Data: got})
		if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// checked is what "check" says about dir/rsyslog.conf, with names relative to dir.
func checked(t *testing.T, dir string) []byte {
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(dir); err != nil {
		t.Fatal(err)
	}
	defer os.Chdir(home)
	var out bytes.Buffer
	c := &command{prog: "syslogd", stdout: &out, stderr: &out}
	c.checkCommand([]string{"rsyslog.conf"})
	return out.Bytes()
}

// FuzzCheck runs everything that reads a configuration: no text may crash it or
// make it hang, and what is written of it must be a configuration again.
func FuzzCheck(f *testing.F) {
	names, _ := filepath.Glob("testdata/diagnostics/*.txtar")
	for _, name := range names {
		if ar, err := txtar.ParseFile(name); err == nil {
			f.Add(string(ar.Files[0].Data), false)
		}
	}
	for _, name := range []string{"../../examples/collector.yaml", "../../examples/central-tls.conf", "default.conf"} {
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
		cfg, diags, err := config.Load(name, []byte(text), engine.Modules(), config.Options{Syntax: none})
		if err != nil {
			t.Fatal(err)
		}
		lint.Check(cfg.File, diags)
		e := engine.New(cfg, engine.Env{Log: slog.New(slog.DiscardHandler)}, diags)
		defer e.Stop(context.Background())
		c := &command{prog: "syslogd", stdout: io.Discard, stderr: io.Discard}
		c.show(diags, diag.Note)
		if diags.Count(diag.Error) > 0 || cfg.File.Stopped {
			return
		}
		for what, write := range map[string]func(io.Writer, *config.Config){"convert": rewrite.Convert, "config": rewrite.Effective} {
			var out bytes.Buffer
			write(&out, cfg)
			_, again, err := config.Load("again.conf", out.Bytes(), engine.Modules(), config.Options{Syntax: none})
			if err != nil || again.Count(diag.Error) > 0 {
				var said bytes.Buffer
				for _, d := range again.All() {
					d.Write(&said)
				}
				t.Fatalf("%s of\n%s\nis\n%s\nwith errors %v\n%s", what, text, out.Bytes(), err, said.Bytes())
			}
		}
	})
}
