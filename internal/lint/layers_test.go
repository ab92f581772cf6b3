// Package lint holds checks of the source itself.
package lint

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// layer is the height of a package: it may import what is lower. Packages on
// the same level may import each other where they are parts of one thing.
func layer(pkg string) int {
	switch {
	case strings.HasPrefix(pkg, "cmd/"):
		return 90
	case pkg == "explain" || pkg == "config/rewrite" || pkg == "config/lint": // what looks at a configuration from outside
		return 85
	case pkg == "engine" || pkg == "web":
		return 80
	case strings.HasPrefix(pkg, "listener/internal/"): // helpers of tests
		return 45
	case isModule(pkg):
		return 70
	case pkg == "config" || pkg == "router":
		return 60
	case pkg == "module":
		return 50
	case pkg == "listener", pkg == "output", pkg == "modify", pkg == "store", pkg == "queue":
		return 40
	case pkg == "ratelimit", pkg == "hosts":
		return 36
	case strings.HasPrefix(pkg, "router/internal/"): // helpers of tests
		return 35
	case strings.HasPrefix(pkg, "router/"), pkg == "parser", pkg == "tls":
		return 30
	case strings.HasPrefix(pkg, "config/"):
		return 20
	case pkg == "message", pkg == "metrics", pkg == "parser/frame", strings.HasPrefix(pkg, "parser/frame/"):
		return 10
	case pkg == "parser/pairs":
		return 15
	case pkg == "internal/selflog", pkg == "internal/barrier":
		return 12
	case strings.HasPrefix(pkg, "internal/"):
		return 0
	}
	return -1
}

// isModule reports whether a package is a concrete input, output, modifier or parser.
func isModule(pkg string) bool {
	for _, folder := range []string{"listener/", "output/", "modify/", "parser/pm"} {
		if strings.HasPrefix(pkg, folder) {
			return true
		}
	}
	return false
}

// tools are programs beside the server; they may import anything.
var tools = map[string]bool{
	"internal/attack": true, "internal/clients": true, "internal/compat": true, "internal/docs": true, "internal/field": true, "internal/lint": true, "internal/testbench": true, "internal/witness": true,
}

// sameLevel are packages of one level that may import each other.
func sameLevel(from, to string) bool {
	return strings.HasPrefix(from, "router/") && strings.HasPrefix(to, "router/") ||
		strings.HasPrefix(from, "config/") && strings.HasPrefix(to, "config/") ||
		from == "config" && to == "router" ||
		strings.HasPrefix(from, "internal/") && strings.HasPrefix(to, "internal/") ||
		strings.HasPrefix(from, "listener/") && strings.HasPrefix(to, from+"/")
}

func TestLayers(t *testing.T) {
	root := "../.."
	found := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found++
		checkFile(t, path, filepath.ToSlash(filepath.Dir(rel)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 100 {
		t.Errorf("only %d files were looked at", found)
	}
}

func checkFile(t *testing.T, path, pkg string) {
	t.Helper()
	if tools[pkg] {
		return
	}
	if layer(pkg) < 0 {
		t.Errorf("%s: package %q has no place in the layers", path, pkg)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, imp := range f.Imports {
		name, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		to, ours := strings.CutPrefix(name, "syslogd/")
		if !ours {
			continue
		}
		switch {
		case tools[to]:
			t.Errorf("%s imports the tool %s", path, to)
		case isModule(to) && !strings.HasSuffix(path, "engine/modules.go"):
			t.Errorf("%s imports the module %s; only engine/modules.go may", path, to)
		case layer(to) >= layer(pkg) && !sameLevel(pkg, to):
			t.Errorf("%s (%s) imports %s, which is not below it", path, pkg, to)
		}
	}
}
