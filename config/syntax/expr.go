package syntax

import (
	"strconv"
	"strings"

	"syslogd/internal/diag"
)

// Levels of binding, from loose to tight.
const (
	levelNone  = iota
	levelLogic // and, or: one level, as in rsyslogd
	levelCompare
	levelSum // + - and the concatenation &
	levelProduct
	levelUnary // - and not: "not $a == 1" is "(not $a) == 1"
)

func levelOf(op string) int {
	switch op {
	case "and", "or":
		return levelLogic
	case "+", "-", "&":
		return levelSum
	case "*", "/", "%":
		return levelProduct
	}
	return levelCompare
}

// expr reads an expression. Without ok the error has been reported.
func (p *parser) expr() (Expr, bool) {
	p.operands = 0
	return p.binary(levelLogic)
}

// binary reads operands joined by operators that bind at least as tight as level.
func (p *parser) binary(level int) (Expr, bool) {
	x, ok := p.unary()
	for ok {
		t := p.peek(inExpr)
		if t.kind != tOp || levelOf(t.text) < level {
			return x, true
		}
		p.take(t)
		if p.operands++; p.operands > maxOperands {
			p.syntaxError(t.start, t.end, "the expression has more than %d operators", maxOperands)
			return nil, false
		}
		var y Expr
		if y, ok = p.binary(levelOf(t.text) + 1); ok {
			x = &Binary{at{spanning(x.Range(), y.Range())}, t.text, p.tokRange(t), x, y}
		}
	}
	return nil, false
}

// spanning is the range from the start of a to the end of b, or as much of it
// as is on the line of a.
func spanning(a, b diag.Range) diag.Range {
	if a.Start.Line == b.Start.Line && a.Start.Src == b.Start.Src {
		a.Len = b.Start.Col + b.Len - a.Start.Col
	}
	return a
}

func (p *parser) unary() (Expr, bool) {
	t := p.peek(inExpr)
	if t.kind != tNot && (t.kind != tOp || t.text != "-") {
		return p.primary(t)
	}
	if !p.enter(t) {
		p.leave()
		return nil, false
	}
	defer p.leave()
	p.take(t)
	x, ok := p.unary()
	if !ok {
		return nil, false
	}
	return &Unary{at{spanning(p.tokRange(t), x.Range())}, t.text, x}, true
}

// primary reads one operand, which begins with t.
func (p *parser) primary(t token) (Expr, bool) {
	switch t.kind {
	case tNumber:
		p.take(t)
		return p.number(t), true
	case tString, tBacktick:
		if t.problem != nil && t.problem.cut {
			p.take(t)
			return nil, false
		}
		p.take(t)
		return p.stringConst(t), true
	case tVar:
		p.take(t)
		return p.variable(t), t.problem == nil
	case tLParen:
		return p.paren(t)
	case tLBracket:
		return p.array(t)
	case tExists:
		return p.exists(t)
	case tName:
		if p.lex.expression(t.end).kind == tLParen {
			return p.funcCall(t)
		}
	}
	p.noOperand(t)
	return nil, false
}

func (p *parser) number(t token) *Number {
	digits, base := t.text, 10
	switch {
	case len(t.text) > 2 && t.text[1]|0x20 == 'x':
		digits, base = t.text[2:], 16
	case len(t.text) > 1 && t.text[0] == '0':
		base = 8
	}
	v, err := strconv.ParseInt(digits, base, 64)
	if err != nil && t.problem == nil {
		p.warnf(p.tokRange(t), "the number does not fit in 64 bits").Effect = "it is read as 9223372036854775807"
	}
	return &Number{at{p.tokRange(t)}, v, t.text}
}

func (p *parser) stringConst(t token) *String {
	s := &String{at: at{p.tokRange(t)}, Value: t.text}
	if t.kind == tBacktick {
		s.Backtick, s.Value = t.text, p.backtick(t)
	}
	return s
}

func (p *parser) variable(t token) *Variable { return &Variable{at{p.tokRange(t)}, t.text} }

func (p *parser) paren(open token) (Expr, bool) {
	if !p.enter(open) {
		p.leave()
		return nil, false
	}
	defer p.leave()
	p.take(open)
	x, ok := p.binary(levelLogic)
	if !ok || !p.expect(tRParen, ")", open) {
		return nil, false
	}
	return &Paren{at{spanning(p.tokRange(open), p.tokRange(p.last))}, x}, true
}

// expect reads the token that closes open.
func (p *parser) expect(k kind, text string, open token) bool {
	t := p.peek(inExpr)
	if t.kind == k {
		p.take(t)
		return true
	}
	if p.endsExpr(t) {
		p.syntaxError(open.start, open.end, "this %s has no matching %s", p.src.text[open.end-1:open.end], text).Hint =
			"add " + text + " in front of " + describe(t)
		return false
	}
	p.unexpected(t)
	return false
}

// endsExpr tells the tokens that end an expression for sure.
func (p *parser) endsExpr(t token) bool {
	switch t.kind {
	case tThen, tDo, tSemi, tEOF, tBad:
		return true
	}
	return p.lex.onNewLine(t.start, p.last.end) && p.beginsStatement(t.start)
}

func (p *parser) array(open token) (Expr, bool) {
	p.take(open)
	a := &ArrayLit{}
	for {
		t := p.peek(inExpr)
		if t.kind != tString && t.kind != tBacktick {
			d := p.syntaxError(t.start, t.end, "want a string in [ ], found %s", describe(t))
			if t.kind == tNumber {
				d.Hint = "write '" + t.text + "'"
			}
			return nil, false
		}
		p.take(t)
		if t.problem != nil && t.problem.cut {
			return nil, false
		}
		a.Items = append(a.Items, p.stringConst(t))
		t = p.peek(inExpr)
		switch t.kind {
		case tComma:
			p.take(t)
			continue
		case tRBracket:
			p.take(t)
			a.at = at{spanning(p.tokRange(open), p.tokRange(t))}
			return a, true
		}
		return nil, p.expect(tRBracket, "]", open)
	}
}

// funcCall reads a function call.
func (p *parser) funcCall(name token) (Expr, bool) {
	if !p.enter(name) {
		p.leave()
		return nil, false
	}
	defer p.leave()
	p.take(name)
	open := p.peek(inExpr)
	p.take(open)
	f := &FuncCall{Name: lower([]byte(name.text))}
	if t := p.peek(inExpr); t.kind == tRParen {
		p.take(t)
	} else {
		var ok bool
		if f.Args, ok = p.args(open); !ok {
			return nil, false
		}
	}
	f.at = at{spanning(p.tokRange(name), p.tokRange(p.last))}
	return f, true
}

// args reads expression { "," expression } ")".
func (p *parser) args(open token) ([]Expr, bool) {
	var list []Expr
	for {
		x, ok := p.binary(levelLogic)
		if !ok {
			return nil, false
		}
		list = append(list, x)
		t := p.peek(inExpr)
		if t.kind != tComma {
			return list, p.expect(tRParen, ")", open)
		}
		p.take(t)
	}
}

func (p *parser) exists(name token) (Expr, bool) {
	p.take(name)
	open := p.peek(inExpr)
	if open.kind == tLParen {
		p.take(open)
		if v := p.peek(inExpr); v.kind == tVar {
			p.take(v)
			x := &Exists{Var: p.variable(v)}
			if !p.expect(tRParen, ")", open) {
				return nil, false
			}
			x.at = at{spanning(p.tokRange(name), p.tokRange(p.last))}
			return x, true
		}
	}
	p.syntaxError(name.start, name.end, "exists takes one variable in parentheses").Hint = "exists($!name)"
	return nil, false
}

// noOperand reports that t stands where a value is expected.
func (p *parser) noOperand(t token) {
	before := "a value is expected"
	if p.last.kind == tOp || p.last.kind == tNot {
		before = p.last.text + " is not followed by a value"
	}
	switch {
	case t.kind == tName:
		p.syntaxError(t.start, t.end, "%s is neither a variable nor a string", describe(t)).Hint = "write $" + t.text + " for the property, '" + t.text + "' for the text"
	case t.kind == tOp && t.text == "/" && p.last.text == "/" && p.last.end == t.start:
		p.syntaxError(p.last.start, t.end, "// does not begin a comment").Hint = "put a # comment in front of the statement, or write /* ... */"
	case t.kind == tOp && t.text == "%":
		p.syntaxError(t.start, t.end, "%% is not part of a name in expressions").Hint = "write $msg, not %msg%"
	case t.kind == tOp || t.kind == tAssign || t.kind == tRParen || p.endsExpr(t):
		p.syntaxError(t.start, t.end, "%s: found %s", before, describe(t))
	default:
		p.syntaxError(t.start, t.end, "a value is expected, found %s", describe(t))
	}
}

// unexpected reports a token behind a complete expression.
func (p *parser) unexpected(t token) {
	d := p.syntaxError(t.start, t.end, "want an operator, found %s", describe(t))
	switch t.kind {
	case tName:
		p.notAnOperator(d, t)
	case tAssign:
		d.Text, d.Hint = "= does not compare", "write =="
	case tNot:
		d.Hint = "put it in front and use parentheses: not ($a contains 'b')"
	case tRParen:
		d.Text = ") without a matching ("
	case tString, tVar, tNumber:
		d.Hint = "is an operator such as ==, contains or & missing in front of it?"
	case tBad, tEOF:
		d.Text = "the expression ends without a then or ;"
	}
}

func (p *parser) notAnOperator(d *diag.Diagnostic, t token) {
	d.Text = "there is no operator " + t.text
	other := map[string]string{
		"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "is": "==", "isequal": "==",
		"equals": "==", "icontains": "contains_i", "like": "contains", "matches": "re_match($msg, 'expression')",
		"regex": "re_match($msg, 'expression')", "ereregex": "re_match($msg, 'expression')", "xor": "!=",
		"endswith_i": "endswith(tolower) or re_match_i", "mod": "%",
	}
	word := strings.ToLower(t.text)
	if w, ok := other[word]; ok {
		d.Hint = "write " + w
		return
	}
	if s := diag.Suggest(word, []string{"and", "or", "contains", "contains_i", "startswith", "startswith_i", "endswith", "then", "do"}); s != "" {
		d.Hint = "did you mean " + s + "?"
	}
}

// condition reads an expression and the word behind it, then or do. Without ok
// the error has been reported and p.off is where the guarded statement begins.
func (p *parser) condition(want kind, word string) (Expr, bool) {
	x, ok := p.expr()
	if !ok {
		p.skipTo(want)
		return x, false
	}
	t := p.peek(inExpr)
	switch {
	case t.kind == want:
		p.take(t)
		return x, true
	case t.kind == tBad || t.kind == tEOF || p.looksLikeStatement(t):
		p.syntaxError(t.start, t.end, "%s is missing in front of %s", word, describe(t)).Hint = "write " + word + " behind the condition"
		p.off = t.start
	case t.kind == tDo || t.kind == tThen:
		p.syntaxError(t.start, t.end, "want %s, found %s", word, describe(t)).Hint = "write " + word
		p.take(t)
	case t.kind == tName && diag.Suggest(t.text, []string{word}) != "":
		p.syntaxError(t.start, t.end, "want %s, found %s", word, describe(t)).Hint = "write " + word
		p.take(t)
	default:
		p.unexpected(t)
		p.skipTo(want)
	}
	return x, false
}

// looksLikeStatement reports whether the word t, scanned in an expression, is
// the first of a statement.
func (p *parser) looksLikeStatement(t token) bool {
	if t.kind != tName {
		return false
	}
	k := p.lex.statement(t.start).kind
	return k == tObject || k != tLegacy && k != tPRIFilter
}

// skipTo passes over the rest of a broken expression, to the token that ends it
// or to where the next statement seems to begin.
func (p *parser) skipTo(want kind) bool {
	start := p.off
	off := start
	for {
		t := p.lex.expression(off)
		switch {
		case t.kind == want:
			p.take(t)
			p.reported = max(p.reported, t.end)
			return true
		case t.kind == tEOF:
			p.lex.comment = -1
			p.off = p.lex.eol(start)
			return false
		case t.kind == tBad && t.problem == nil, p.lex.onNewLine(t.start, off) && p.beginsStatement(t.start):
			p.off = t.start
			p.reported = max(p.reported, t.start)
			return false
		}
		off = t.end
	}
}

// beginsStatement guesses whether a statement begins at off, the first text of
// a line, although an expression or object is not complete yet.
func (p *parser) beginsStatement(off int) bool {
	if p.lex.lineStart(off) < 0 {
		return false
	}
	t := p.lex.statement(off)
	next := p.lex.at(p.lex.span(t.end, isBlank))
	switch t.kind {
	case tRBrace, tObject, tPropFilter:
		return true
	case tPRIFilter:
		return isBlank(p.lex.at(t.end)) && next != '='
	case tDirective:
		rest := strings.TrimLeft(t.text[len(directiveName(t.text))+1:], " \t")
		op := p.lex.expression(t.start + len(t.text) - len(rest))
		return rest != "" && op.kind != tOp && op.kind != tRParen && op.kind != tThen && op.kind != tComma && op.kind != tAssign && op.kind != tSemi
	case tLegacy, tAmp, tLBrace, tBad, tBSD, tEOF:
		return false
	}
	return next != '='
}

// ParseExpr parses an expression that stands alone.
func ParseExpr(text string) (Expr, error) {
	var diags diag.List
	src := &diag.Source{Name: "expression", Text: []byte(text)}
	p := newParser(&run{diags: &diags}, src, topLevel)
	x, ok := p.expr()
	if ok {
		if t := p.peek(inExpr); t.kind != tEOF {
			p.unexpected(t)
		}
	}
	for i := range diags.All() {
		if d := &diags.All()[i]; d.Severity == diag.Error {
			return nil, &ExprError{*d}
		}
	}
	return x, nil
}

// ExprError is what is wrong with the text given to ParseExpr.
type ExprError struct {
	Diagnostic diag.Diagnostic
}

// Error returns the first diagnostic in one line, with the column.
func (e *ExprError) Error() string {
	d := &e.Diagnostic
	text := d.Range.Start.String() + ": " + d.Text
	if d.Hint != "" {
		text += " (" + d.Hint + ")"
	}
	return text
}
