package syntax

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"syslogd/internal/diag"
)

var update = flag.Bool("update", false, "rewrite the want and runs sections of testdata")

// archive is a configuration with its includes, as Options sees it.
type archive struct{ files map[string][]byte }

func newArchive(files []txtar.File) archive {
	a := archive{map[string][]byte{}}
	for _, f := range files {
		a.files[f.Name] = f.Data
	}
	return a
}

func (a archive) options() Options {
	return Options{ReadFile: a.read, Glob: a.glob, Getenv: func(name string) string {
		return map[string]string{"HOST": "box", "PORT": "514"}[name]
	}}
}

func (a archive) read(name string) ([]byte, error) {
	if text, ok := a.files[name]; ok {
		return text, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (a archive) glob(pattern string) ([]string, error) {
	var names []string
	for name := range a.files {
		if ok, err := path.Match(pattern, name); err != nil {
			return nil, err
		} else if ok {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names, nil
}

func rendered(diags *diag.List) []byte {
	var b bytes.Buffer
	for i := range diags.All() {
		diags.All()[i].Write(&b)
	}
	return b.Bytes()
}

// TestErrors runs testdata/errors: what is said about a broken configuration,
// what of it takes effect and, where a case has that section, what is only checked.
func TestErrors(t *testing.T) {
	names, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d cases, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			checkErrors(t, name)
		})
	}
}

func checkErrors(t *testing.T, name string) {
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := newArchive(ar.Files)
	var diags diag.List
	f, err := ParseFile("rsyslog.conf", want.options(), &diags)
	if err != nil {
		t.Fatal(err)
	}
	var runs bytes.Buffer
	Print(&runs, f)
	got := map[string][]byte{"want": rendered(&diags), "runs": runs.Bytes()}
	if _, has := want.files["checked"]; has {
		var checked bytes.Buffer
		Print(&checked, &File{Source: f.Source, Stmts: f.Unused})
		got["checked"] = checked.Bytes()
	}
	if *update {
		rewrite(t, name, ar, got)
		return
	}
	for section, text := range got {
		if !bytes.Equal(text, want.files[section]) {
			t.Errorf("%s:\n%s\nwant:\n%s", section, text, want.files[section])
		}
	}
}

func rewrite(t *testing.T, name string, ar *txtar.Archive, got map[string][]byte) {
	var keep []txtar.File
	for _, f := range ar.Files {
		if _, ok := got[f.Name]; !ok {
			keep = append(keep, f)
		}
	}
	for _, section := range []string{"want", "runs", "checked"} {
		if text, ok := got[section]; ok {
			keep = append(keep, txtar.File{Name: section, Data: text})
		}
	}
	ar.Files = keep
	if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
		t.Fatal(err)
	}
}
