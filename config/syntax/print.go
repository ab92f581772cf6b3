package syntax

import (
	"fmt"
	"io"
	"strings"
)

// Print writes f as configuration text in canonical form: one statement a line,
// braces around every guarded sequence, strings with the fewest escapes.
// Includes are written as they stand, without what they brought in; filters
// that were not understood are left out. Printing what is parsed from the
// output gives the same output.
func Print(w io.Writer, f *File) { PrintWith(w, f, PrintOptions{}) }

// PrintOptions say how the parameters of objects are laid out. The zero value
// writes each object in one line.
type PrintOptions struct {
	// Width, if not 0, is the length of a line, in bytes, beyond which each
	// parameter of an object gets a line of its own.
	Width int
	// Notes gives each parameter of an object that has notes a line of its own,
	// with the note as a comment behind it.
	Notes bool
}

// PrintWith is Print with options.
func PrintWith(w io.Writer, f *File, opt PrintOptions) {
	pr := &printer{opt: opt}
	pr.stmts(f.Stmts)
	io.WriteString(w, pr.String())
}

type printer struct {
	strings.Builder
	indent int
	opt    PrintOptions
}

const indentation = "  "

// line writes one line at the current depth. A backslash at its end would join
// it with the next line; doubled and followed by an empty line it is kept.
func (pr *printer) line(format string, args ...any) {
	text := strings.Repeat(indentation, pr.indent) + fmt.Sprintf(format, args...)
	pr.WriteString(strings.ReplaceAll(text+"\n", "\\\n", "\\\\\n\n"))
}

func (pr *printer) stmts(list []Stmt) {
	for _, s := range list {
		pr.stmt(s)
	}
}

func (pr *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *Comment:
		for _, text := range s.Lines {
			pr.WriteString(strings.TrimRight(strings.Repeat(indentation, pr.indent)+text, " ") + "\n")
		}
	case *Object:
		pr.line("%s", pr.object(s))
	case *Include:
		pr.line("%s", pr.object(&s.Object))
	case *Template:
		pr.template(s)
	case *Ruleset:
		pr.line("%s {", pr.object(&s.Object))
		pr.inner(s.Body)
		pr.line("}")
	case *Directive:
		pr.line("%s", directiveText(s))
	case *BSDBlock:
		pr.line("%s", s.Text)
	case *If:
		pr.ifStatement("if", s)
	case *Foreach:
		pr.guarded(fmt.Sprintf("foreach ($%s in %s) do", s.Var.Name, ExprString(s.In)), s.Body)
	case *Set:
		word := "set"
		if s.Reset {
			word = "reset"
		}
		pr.line("%s $%s = %s;", word, s.Var.Name, ExprString(s.Value))
	case *Unset:
		pr.line("unset $%s;", s.Var.Name)
	case *PRIFilter:
		pr.guarded(s.Text, s.Body)
	case *PropFilter:
		if !s.Broken {
			pr.guarded(propText(s), s.Body)
		}
	case *ActionList:
		pr.actions("", s)
	case *ReloadLookupTable:
		pr.line("reload_lookup_table(%s)", exprList(s.Args))
	}
}

// inner writes the statements of a block that may be empty.
func (pr *printer) inner(b *Block) {
	pr.indent++
	pr.stmts(b.Stmts)
	pr.indent--
}

// guarded writes head and what it guards: behind it when that is a list of
// actions without braces, else in braces.
func (pr *printer) guarded(head string, b *Block) {
	if list := soleActions(b); list != nil {
		pr.actions(head+" ", list)
		return
	}
	pr.braced(head, b)
	pr.line("}")
}

// soleActions is the list of actions that b holds without braces, or nil.
func soleActions(b *Block) *ActionList {
	if b.Braces || len(b.Stmts) != 1 {
		return nil
	}
	list, _ := b.Stmts[0].(*ActionList)
	return list
}

// braced writes head, an opening brace and the statements of b. A block must not
// be empty; statements that were dropped can leave one.
func (pr *printer) braced(head string, b *Block) {
	pr.line("%s {", head)
	start := pr.Len()
	pr.inner(b)
	if pr.Len() == start {
		pr.indent++
		pr.line("continue")
		pr.indent--
	}
}

func (pr *printer) ifStatement(head string, s *If) {
	head += " " + ExprString(s.Cond) + " then"
	if s.Else == nil {
		pr.guarded(head, s.Then)
		return
	}
	pr.braced(head, s.Then)
	if len(s.Else.Stmts) == 1 {
		if next, ok := s.Else.Stmts[0].(*If); ok && !s.Else.Braces {
			pr.ifStatement("} else if", next)
			return
		}
	}
	pr.braced("} else", s.Else)
	pr.line("}")
}

func (pr *printer) actions(head string, list *ActionList) {
	for _, a := range list.Actions {
		if d, ok := a.(*Directive); ok {
			pr.line("%s", directiveText(d))
			continue
		}
		text := pr.action(a)
		if head == "" && atLineStart(text) != tLegacy && isLegacy(a) {
			text = "/**/ " + text // at the start of a line it would be a filter
		}
		pr.line("%s%s", head, text)
		head = "& "
	}
}

func isLegacy(a Action) bool {
	_, ok := a.(*LegacyAction)
	return ok
}

// atLineStart is what text is read as at the beginning of a line.
func atLineStart(text string) kind {
	return newLexer([]byte(text + "\n")).statement(0).kind
}

func (pr *printer) action(a Action) string {
	switch a := a.(type) {
	case *ActionObject:
		return pr.object(&a.Object)
	case *LegacyAction:
		if a.Text[0] == '$' { // on a line of its own it would be a directive
			return ":omfile:" + a.Text
		}
		return a.Text
	case *Stop:
		if a.Tilde {
			return "~"
		}
		return "stop"
	case *Call:
		return "call " + a.Name
	case *CallIndirect:
		return "call_indirect " + ExprString(a.Name) + ";"
	}
	return "continue"
}

func directiveText(d *Directive) string {
	name := d.Spelling
	if name == "" {
		name = d.Name
	}
	return strings.TrimRight("$"+name+" "+d.Value, " ")
}

func propText(f *PropFilter) string {
	not := ""
	if f.Negate {
		not = "!"
	}
	value := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(f.Value)
	return fmt.Sprintf(`:%s, %s%s, "%s"`, f.Property, not, f.Op, value)
}

func (pr *printer) template(t *Template) {
	if !t.HasList {
		pr.line("%s", pr.object(&t.Object))
		return
	}
	pr.line("%s {", pr.object(&t.Object))
	pr.indent++
	for _, e := range t.Entries {
		pr.line("%s", pr.object(e))
	}
	pr.indent--
	pr.line("}")
}

// object is o in one line, or with a line for each parameter.
func (pr *printer) object(o *Object) string {
	texts := make([]string, len(o.Params))
	noted := false
	for i := range o.Params {
		texts[i] = paramText(&o.Params[i])
		noted = noted || pr.opt.Notes && o.Params[i].Note != ""
	}
	text := o.Kind + "(" + strings.Join(texts, " ") + ")"
	if !noted && (pr.opt.Width == 0 || len(o.Params) < 2 || len(text) <= pr.opt.Width) {
		return text
	}
	margin := "\n" + strings.Repeat(indentation, pr.indent)
	var b strings.Builder
	b.WriteString(o.Kind + "(")
	for i, text := range texts {
		b.WriteString(margin + indentation + indentation + text)
		if note := o.Params[i].Note; noted && note != "" && text[0] != '#' {
			b.WriteString(strings.Repeat(" ", max(noteColumn-len(text), 2)) + "# " + note)
		}
	}
	b.WriteString(margin + ")")
	return b.String()
}

// noteColumn is where notes stand behind parameters that are not too long.
const noteColumn = 44

func paramText(p *Param) string {
	name := p.Spelling
	if name == "" {
		name = p.Name
	}
	if p.Value.Items == nil && !p.Value.Array {
		if p.Note != "" {
			return "# " + name + " is not set: " + p.Note
		}
		return "# " + name + " is not set"
	}
	return name + "=" + valueText(&p.Value)
}

func valueText(v *Value) string {
	items := make([]string, len(v.Items))
	for i := range v.Items {
		items[i] = quoteObject(v.Items[i].Text)
		if v.Items[i].Backtick != "" {
			items[i] = "`" + v.Items[i].Backtick + "`"
		}
	}
	if v.Array {
		return "[" + strings.Join(items, ", ") + "]"
	}
	return strings.Join(items, "")
}

// quoteObject quotes s for the parameter of an object.
func quoteObject(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quoteExpr quotes s for an expression. Single quotes leave a $ alone.
func quoteExpr(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// ExprString is x as configuration text, with parentheses where the binding of
// the operators needs them.
func ExprString(x Expr) string {
	var b strings.Builder
	writeExpr(&b, x, levelNone)
	return b.String()
}

// writeExpr writes x as an operand of an operator of the given level.
func writeExpr(b *strings.Builder, x Expr, outer int) {
	switch x := x.(type) {
	case *Binary:
		level := levelOf(x.Op)
		open, closing := "", ""
		if level < outer {
			open, closing = "(", ")"
		}
		b.WriteString(open)
		writeExpr(b, x.X, level)
		b.WriteString(" " + x.Op + " ")
		writeExpr(b, x.Y, level+1)
		b.WriteString(closing)
	case *Unary:
		b.WriteString(x.Op)
		if x.Op == "not" {
			b.WriteByte(' ')
		}
		writeExpr(b, x.X, levelUnary)
	case *Paren:
		b.WriteByte('(')
		writeExpr(b, x.X, levelNone)
		b.WriteByte(')')
	default:
		b.WriteString(operandText(x))
	}
}

func operandText(x Expr) string {
	switch x := x.(type) {
	case *Number:
		if x.Text != "" {
			return x.Text
		}
		return fmt.Sprint(x.Value)
	case *String:
		if x.Backtick != "" {
			return "`" + x.Backtick + "`"
		}
		return quoteExpr(x.Value)
	case *Variable:
		return "$" + x.Name
	case *FuncCall:
		return x.Name + "(" + exprList(x.Args) + ")"
	case *Exists:
		return "exists($" + x.Var.Name + ")"
	case *ArrayLit:
		items := make([]string, len(x.Items))
		for i, s := range x.Items {
			items[i] = operandText(s)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return ""
}

func exprList(list []Expr) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = ExprString(x)
	}
	return strings.Join(out, ", ")
}
