package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoTestSleeps refuses time.Sleep, and a receive from time.After as a statement, in tests: a
// machine is slower than any pause. A test waits for what it is about (process.Await), or runs in
// a bubble of testing/synctest, where time passes at once. Helpers of such tests may sleep.
func TestNoTestSleeps(t *testing.T) {
	root := "../.."
	found := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		found++
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		for _, at := range sleeps(f) {
			t.Errorf("%s: a test sleeps; it waits for a condition with process.Await, or runs in synctest.Test", files.Position(at))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 100 {
		t.Errorf("only %d files were looked at", found)
	}
}

// sleeps are the places in a file where something sleeps that no bubble is in sight of: in a test
// without one, and in any function of a file without one.
func sleeps(f *ast.File) (places []token.Pos) {
	bubbles := slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"testing/synctest"` })
	for _, d := range f.Decls {
		fn, _ := d.(*ast.FuncDecl)
		if fn == nil || bubbles && (!runByGo(fn) || opensBubble(fn)) {
			continue
		}
		timeouts := map[ast.Stmt]bool{} // cases of a select: what is waited for comes first
		ast.Inspect(fn, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CommClause:
				timeouts[n.Comm] = true
			case *ast.CallExpr:
				if isCall(n, "time", "Sleep") {
					places = append(places, n.Pos())
				}
			case *ast.ExprStmt:
				if receive, _ := n.X.(*ast.UnaryExpr); receive != nil && !timeouts[n] && isCall(receive.X, "time", "After") {
					places = append(places, n.Pos())
				}
			}
			return true
		})
	}
	return places
}

// runByGo reports whether go test calls the function itself.
func runByGo(fn *ast.FuncDecl) bool {
	return fn.Recv == nil && slices.ContainsFunc([]string{"Test", "Fuzz", "Benchmark"}, func(kind string) bool {
		return strings.HasPrefix(fn.Name.Name, kind)
	})
}

func opensBubble(fn *ast.FuncDecl) (opens bool) {
	ast.Inspect(fn, func(n ast.Node) bool {
		e, _ := n.(ast.Expr)
		opens = opens || isCall(e, "synctest", "Test")
		return !opens
	})
	return opens
}

func isCall(e ast.Expr, pkg, name string) bool {
	call, _ := e.(*ast.CallExpr)
	if call == nil {
		return false
	}
	sel, _ := call.Fun.(*ast.SelectorExpr)
	if sel == nil || sel.Sel.Name != name {
		return false
	}
	x, _ := sel.X.(*ast.Ident)
	return x != nil && x.Name == pkg
}

func TestSleepsAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`func TestX(t *testing.T) { time.Sleep(1) }`:                                   1,
		`func TestX(t *testing.T) { <-time.After(1) }`:                                 1,
		`func TestX(t *testing.T) { select { case <-time.After(1): } }`:                0,
		`func TestX(t *testing.T) { synctest.Test(t, func() { time.Sleep(1) }) }`:      0,
		`func helper() { time.Sleep(1) }`:                                              0,
		`func BenchmarkX(b *testing.B) { for range 3 { func() { time.Sleep(1) }() } }`: 1,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x_test.go", "package x\nimport \"testing/synctest\"\n"+text, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(sleeps(f)); got != want {
			t.Errorf("%s: %d sleeps, want %d", text, got, want)
		}
	}
	f, err := parser.ParseFile(token.NewFileSet(), "x_test.go", "package x\nfunc helper() { time.Sleep(1) }", 0)
	if err != nil || len(sleeps(f)) != 1 {
		t.Errorf("a helper of tests without bubbles: %v", err)
	}
}
