package docs

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the pages")

const (
	dir    = "../../docs/modules"
	manDir = "../../docs/man"
)

func TestModuleReference(t *testing.T) { compare(t, dir, Pages()) }

func TestManualPages(t *testing.T) {
	pages, err := Man()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, manDir, pages)
}

// compare holds the files of a folder against what they should be.
func compare(t *testing.T, dir string, pages map[string]string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, want := range pages {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := pages[f.Name()]; !ok {
			t.Errorf("%s: nothing writes %s", dir, f.Name())
		}
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s/%s is stale, run make docs (%v)", dir, name, err)
		}
	}
}

// groff understands the pages without a warning.
func TestManualPagesAreValid(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	pages, err := Man()
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range pages {
		if strings.Contains(page, "@") && strings.Contains(page, "REFERENCE@") {
			t.Errorf("%s: a mark is left", name)
		}
		cmd := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z")
		cmd.Stdin = strings.NewReader(page)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%.2000s", name, err, out)
		}
	}
}
