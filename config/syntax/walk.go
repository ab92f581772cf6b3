package syntax

// Inspect calls f for n and, when f returns true, for what hangs below it:
// statements, actions, expressions, objects of list templates and the
// statements of included files, in the order of the text.
func Inspect(n Node, f func(Node) bool) {
	if n == nil || !f(n) {
		return
	}
	switch n := n.(type) {
	case *Template:
		for _, e := range n.Entries {
			Inspect(e, f)
		}
	case *Ruleset:
		inspectBlock(n.Body, f)
	case *Include:
		inspectFiles(n.Files, f)
	case *Directive:
		inspectFiles(n.Files, f)
	case *Block:
		for _, s := range n.Stmts {
			Inspect(s, f)
		}
	case *If:
		Inspect(n.Cond, f)
		inspectBlock(n.Then, f)
		inspectBlock(n.Else, f)
	case *Foreach:
		Inspect(n.Var, f)
		Inspect(n.In, f)
		inspectBlock(n.Body, f)
	case *Set:
		Inspect(n.Var, f)
		Inspect(n.Value, f)
	case *Unset:
		Inspect(n.Var, f)
	case *PRIFilter:
		inspectBlock(n.Body, f)
	case *PropFilter:
		inspectBlock(n.Body, f)
	case *ActionList:
		for _, a := range n.Actions {
			Inspect(a, f)
		}
	case *CallIndirect:
		Inspect(n.Name, f)
	case *ReloadLookupTable:
		inspectExprs(n.Args, f)
	default:
		inspectExpr(n, f)
	}
}

func inspectExpr(n Node, f func(Node) bool) {
	switch n := n.(type) {
	case *Binary:
		Inspect(n.X, f)
		Inspect(n.Y, f)
	case *Unary:
		Inspect(n.X, f)
	case *Paren:
		Inspect(n.X, f)
	case *FuncCall:
		inspectExprs(n.Args, f)
	case *Exists:
		Inspect(n.Var, f)
	case *ArrayLit:
		for _, s := range n.Items {
			Inspect(s, f)
		}
	}
}

func inspectBlock(b *Block, f func(Node) bool) {
	if b != nil {
		Inspect(b, f)
	}
}

func inspectFiles(files []*File, f func(Node) bool) {
	for _, file := range files {
		InspectFile(file, f)
	}
}

func inspectExprs(list []Expr, f func(Node) bool) {
	for _, x := range list {
		Inspect(x, f)
	}
}

// InspectFile is Inspect for all statements of a file.
func InspectFile(file *File, f func(Node) bool) {
	for _, s := range file.Stmts {
		Inspect(s, f)
	}
}
