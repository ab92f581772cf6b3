package imfile

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A route names each directory that the kernel looks into, and what it looks for.
func TestRoutesGoThroughLinks(t *testing.T) {
	t.Parallel()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	os.MkdirAll(filepath.Join(top, "app/r1/log"), 0o700)
	os.MkdirAll(filepath.Join(top, "store"), 0o700)
	for name, target := range map[string]string{
		"app/current": "stable", "app/stable": "r1", "up": "app/r1/log", "abs": filepath.Join(top, "app"),
		"loop": "loop", "dangling": "store/none/x",
	} {
		if err := os.Symlink(target, filepath.Join(top, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		path, real string
		steps      []string
	}{
		{"app/current/log", "app/r1/log", []string{"app", "app/current", "app/stable", "app/r1", "app/r1/log"}},
		{"up/../log/a", "app/r1/log/a", []string{"up", "app", "app/r1", "app/r1/log", "app/r1/log/a"}},
		{"./app//r1/./log/", "app/r1/log", []string{"app", "app/r1", "app/r1/log"}},
		{"abs/none/b", "app/none/b", []string{"abs", "app", "app/none", "app/none/b"}},
		{"dangling", "store/none/x", []string{"dangling", "store", "store/none", "store/none/x"}},
	} {
		var steps []string
		r := routes{step: func(dir, name string) {
			if rel, err := filepath.Rel(top, join(dir, name)); err == nil && filepath.IsLocal(rel) && rel != "." {
				steps = append(steps, rel)
			}
		}}
		if real := r.dir(top + "/" + c.path); real != filepath.Join(top, c.real) {
			t.Errorf("%s: leads to %s, want %s", c.path, real, c.real)
		}
		slices.Sort(steps)
		slices.Sort(c.steps)
		if steps = slices.Compact(steps); !slices.Equal(steps, c.steps) {
			t.Errorf("%s: steps %q, want %q", c.path, steps, c.steps)
		}
	}
	r := routes{step: func(string, string) {}}
	r.dir(top + "/loop/x") // ends
	if wd, err := os.Getwd(); err != nil || r.dir(".") != wd || r.dir("") != wd || r.dir("a") != wd+"/a" {
		t.Errorf("a relative path leads to %s", r.dir("a"))
	}
	if r.dir("/") != "/" || r.dir("/..") != "/" || r.dir("//") != "/" {
		t.Error("the root")
	}
}
