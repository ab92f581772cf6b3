package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
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
	c := &command{prog: "syslogd", args: []string{"check", "rsyslog.conf"}, stdout: &out, stderr: &out}
	c.subcommand()
	return out.Bytes()
}
