package syntax

import "strings"

func (p *parser) priFilter(t token) (*PRIFilter, bool) {
	p.take(t)
	if p.splitSelector(t) {
		return nil, false
	}
	f := &PRIFilter{at: at{p.tokRange(t)}, Text: t.text}
	var ok bool
	if f.Body, ok = p.body(t); !ok {
		f.Body = &Block{at: f.at, Braces: true}
		p.salvage(&Block{at: f.at, Stmts: []Stmt{f}})
	}
	return f, ok
}

// splitSelector reports a blank inside of a selector. rsyslogd takes what
// follows the blank for a list of users and an unconditional action; unlike
// rsyslogd, we drop the rule.
func (p *parser) splitSelector(t token) bool {
	next := p.lex.span(t.end, isBlank)
	if next == t.end {
		return false
	}
	c := p.lex.at(next)
	end, more := p.lex.selector(next)
	more = more && strings.Contains(string(p.src.text[next:end]), ".") // else it is a list of users
	if last := t.text[len(t.text)-1]; last != ';' && last != ',' {
		more = c == ';' || c == ','
		end = p.lex.span(next, func(c byte) bool { return !isWhite(c) })
	}
	if !more {
		return false
	}
	p.ignored(p.errorAt(t.end, next, "a selector cannot contain blanks"), "write "+t.text+string(p.src.text[next:end])+" without the blank")
	p.off = end
	return true
}

func (p *parser) ifStatement(t token) (*If, bool) {
	p.take(t)
	s := &If{at: at{p.tokRange(t)}}
	cond, understood := p.condition(tThen, "then")
	s.Cond = cond
	ok := understood
	then, thenOK := p.body(t)
	if !thenOK {
		p.resync()
	}
	s.Then = then
	if els, found := p.elseToken(); found {
		elseOK := false
		s.Else, elseOK = p.elseBranch(els)
		ok = ok && elseOK
	}
	if !ok || !thenOK {
		nothing := &Block{at: s.at, Braces: true}
		if understood {
			p.salvage(&Block{at: s.at, Stmts: []Stmt{&If{at: s.at, Cond: cond, Then: nothing}}})
		}
		p.salvage(s.Then)
		p.salvage(s.Else)
		return nil, false
	}
	return s, true
}

// elseToken looks for else behind directives, which rsyslogd executes while it looks.
func (p *parser) elseToken() (token, bool) {
	off := p.off
	t := p.lex.statement(off)
	for t.kind == tDirective && !isSpecialDirective(t.text) {
		t = p.lex.statement(t.end)
	}
	return t, t.kind == tElse
}

func (p *parser) elseBranch(els token) (*Block, bool) {
	var dirs []Stmt
	for t := p.peek(inStatement); t.kind == tDirective; t = p.peek(inStatement) {
		if d, ok := p.directive(t); ok {
			dirs = append(dirs, d)
		}
	}
	p.take(els)
	b, ok := p.body(els)
	if ok {
		b.Stmts = append(dirs, b.Stmts...)
	}
	return b, ok
}

func (p *parser) foreach(t token) (*Foreach, bool) {
	p.take(t)
	s := &Foreach{at: at{p.tokRange(t)}}
	ok := p.foreachHead(t, s)
	if !ok {
		p.skipTo(tDo)
	}
	body, bodyOK := p.body(t)
	s.Body = body
	if !ok {
		p.salvage(body)
	}
	return s, ok && bodyOK
}

func (p *parser) foreachHead(t token, s *Foreach) bool {
	open := p.peek(inExpr)
	if open.kind != tLParen {
		p.syntaxError(open.start, open.end, "want ( behind foreach, found %s", describe(open)).Hint =
			"foreach ($.i in $!list) do { ... }"
		return false
	}
	p.take(open)
	v := p.peek(inExpr)
	if v.kind != tVar {
		p.syntaxError(v.start, v.end, "want a variable such as $.i behind foreach (, found %s", describe(v)).Hint = "$.i"
		return false
	}
	p.take(v)
	s.Var = p.variable(v)
	if in := p.peek(inExpr); in.kind == tIn {
		p.take(in)
	} else {
		p.syntaxError(in.start, in.end, "want in behind foreach ($%s, found %s", v.text, describe(in))
		return false
	}
	x, ok := p.expr()
	if !ok || !p.expect(tRParen, ")", open) {
		return false
	}
	s.In = x
	do := p.peek(inExpr)
	if do.kind != tDo {
		p.syntaxError(do.start, do.end, "want do behind the ) of foreach, found %s", describe(do)).Hint =
			"foreach ($.i in $!list) do { ... }"
		return do.kind != tThen
	}
	p.take(do)
	return true
}

func (p *parser) set(t token) (*Set, bool) {
	p.take(t)
	s := &Set{at: at{p.tokRange(t)}, Reset: t.kind == tReset}
	v, ok := p.target(t)
	if !ok {
		return nil, p.skipTo(tSemi) && false
	}
	s.Var = v
	if eq := p.peek(inExpr); eq.kind == tAssign {
		p.take(eq)
	} else {
		d := p.syntaxError(eq.start, eq.end, "want = behind $%s, found %s", v.Name, describe(eq))
		if eq.kind == tOp && eq.text == "==" {
			d.Hint = "write = to set, == to compare"
		}
		return nil, p.skipTo(tSemi) && false
	}
	if s.Value, ok = p.expr(); !ok {
		return nil, p.skipTo(tSemi) && false
	}
	return s, p.semicolon(t)
}

func (p *parser) unset(t token) (*Unset, bool) {
	p.take(t)
	v, ok := p.target(t)
	if !ok {
		return nil, p.skipTo(tSemi) && false
	}
	return &Unset{at{p.tokRange(t)}, v}, p.semicolon(t)
}

// target reads the variable that set, reset and unset change.
func (p *parser) target(t token) (*Variable, bool) {
	v := p.peek(inExpr)
	if v.kind != tVar {
		d := p.syntaxError(v.start, v.end, "want a variable such as $.name behind %s, found %s", strings.ToLower(t.text), describe(v))
		if v.kind == tName {
			d.Hint = "$." + v.text
		}
		return nil, false
	}
	p.take(v)
	return p.variable(v), v.problem == nil
}

// semicolon reads the ; that ends the statement begun by t.
func (p *parser) semicolon(t token) bool {
	semi := p.peek(inExpr)
	if semi.kind == tSemi {
		p.take(semi)
		return true
	}
	if p.lex.onNewLine(semi.start, p.last.end) || semi.kind == tEOF || semi.kind == tBad {
		p.syntaxError(p.last.start, p.last.end, "%s needs a ; at its end", strings.ToLower(t.text)).Hint = "add ; behind this"
		return false
	}
	p.unexpected(semi)
	p.skipTo(tSemi)
	return false
}

// onNewLine reports whether a line ends between from and off.
func (x *lexer) onNewLine(off, from int) bool {
	for i := from; i < off && i < len(x.text); i++ {
		if x.text[i] == '\n' {
			return true
		}
	}
	return false
}

func (p *parser) reloadTable(t token) (*ReloadLookupTable, bool) {
	p.take(t)
	open := p.peek(inExpr)
	if open.kind != tLParen {
		p.syntaxError(open.start, open.end, "want ( behind reload_lookup_table, found %s", describe(open)).Hint =
			`reload_lookup_table("name")`
		return nil, false
	}
	p.take(open)
	args, ok := p.args(open)
	if !ok {
		return nil, p.skipTo(tRParen) && false
	}
	for _, a := range args {
		if _, isString := a.(*String); !isString || len(args) > 2 {
			d := p.errorf(a.Range(), "reload_lookup_table takes the name of a table and perhaps a stub, as strings")
			d.Hint = `reload_lookup_table("name", "stub")`
			p.stop(d)
			return nil, false
		}
	}
	return &ReloadLookupTable{at{p.tokRange(t)}, args}, true
}
