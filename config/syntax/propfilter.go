package syntax

import "strings"

// propFilter reads :property, [!]operation, "value" and what it guards.
//
// Unlike rsyslogd, it understands an operation with _, tabs around the commas,
// variables as properties, and isempty without a value. rsyslogd takes such a
// line apart into an error and an unconditional action.
func (p *parser) propFilter(colon token) (*PropFilter, bool) {
	f := &PropFilter{}
	if !p.propHead(colon, f) {
		f.at = at{p.rng(colon.start, p.lex.eol(colon.start))}
		p.brokenBody(colon, f)
		return f, true
	}
	f.at = at{p.rng(colon.start, p.off)}
	what := p.lex.tok(tPropFilter, colon.start, p.off)
	p.take(what)
	body, ok := p.body(what)
	f.Body = body
	if !ok {
		f.Body = &Block{at: f.at, Braces: true}
		p.salvage(&Block{at: f.at, Stmts: []Stmt{f}})
	}
	return f, ok
}

// propHead reads the filter itself. It leaves p.off behind it.
func (p *parser) propHead(colon token, f *PropFilter) bool {
	x := p.lex
	start := x.span(colon.end, isBlank)
	end := x.span(start, func(c byte) bool { return c != '!' && isVarByte(c) || c == '$' || c == '!' })
	if end == start {
		return p.propError(colon.start, x.eol(colon.start), "a property name is missing behind the :")
	}
	f.Property, f.PropertyRange = string(p.src.text[start:end]), p.rng(start, end)
	comma := x.span(end, isBlank)
	if x.at(comma) != ',' {
		return p.propError(start, end, "want a comma behind the property "+f.Property)
	}
	start = x.span(comma+1, isBlank)
	if x.at(start) == '!' {
		f.Negate = true
		start++
	}
	end = x.span(start, isNameByte)
	if end == start {
		if isBlank(x.at(start)) && f.Negate {
			return p.propError(start-1, start, "! must stand directly in front of the operation")
		}
		return p.propError(comma, comma+1, "an operation such as contains is missing behind the property")
	}
	f.Op, f.OpRange = lower(p.src.text[start:end]), p.rng(start, end)
	return p.propValue(f, start, end)
}

func (p *parser) propValue(f *PropFilter, op, end int) bool {
	x := p.lex
	comma := x.span(end, isBlank)
	start := x.span(comma+1, isBlank)
	if f.Op == "isempty" && (x.at(comma) != ',' || x.at(start) != '"') {
		if x.at(comma) == ',' {
			end = comma + 1
		}
		f.ValueRange = f.OpRange
		p.off = end
		return true
	}
	switch {
	case x.at(comma) != ',':
		return p.propError(op, end, "want a comma and a value behind the operation "+f.Op)
	case x.at(start) != '"':
		word := x.span(start, func(c byte) bool { return c != '\n' && !isBlank(c) })
		return p.propError(start, max(word, start+1), "the value of a property filter must be in double quotes")
	}
	value, after, ok := x.propString(start)
	if !ok {
		return p.propError(start, after, "the closing quote of this value is missing")
	}
	f.Value, f.ValueRange = value, p.rng(start, after)
	p.off = after
	return true
}

// propString decodes the value at start. Its only escapes are \" and \\; other
// backslashes stand for themselves. It ends with its line.
func (x *lexer) propString(start int) (value string, end int, ok bool) {
	var b strings.Builder
	i := start + 1
	for ; x.at(i) != '\n' && x.at(i) != '"'; i++ {
		if next := x.at(i + 1); x.text[i] == '\\' && (next == '"' || next == '\\') {
			i++
		}
		b.WriteByte(x.text[i])
	}
	return b.String(), i + 1, x.at(i) == '"'
}

func (p *parser) propError(start, end int, text string) bool {
	d := p.errorAt(start, end, "%s", text)
	d.Hint = `write it as :msg, contains, "text"`
	if d.Effect == "" {
		d.Effect = "this rule is ignored"
	}
	return false
}

// brokenBody reads what a filter guards that could not be understood: the rest
// of the line, or a block, and the actions chained to it.
func (p *parser) brokenBody(colon token, f *PropFilter) {
	f.Broken = true
	f.Body = &Block{at: f.at}
	end := p.lex.eol(colon.start)
	line := string(p.src.text[colon.start:end])
	p.off = end
	if strings.HasSuffix(line, "{") {
		p.off = end - 1
	}
	if t := p.lex.statement(p.off); t.kind == tLBrace {
		if b, ok := p.block(t); ok {
			f.Body = b
		}
	} else if _, found := p.ampersand(); found {
		p.chained(f)
	}
}

// chained reads the actions that & adds to a filter that was not understood.
func (p *parser) chained(f *PropFilter) {
	list := &ActionList{at: f.at}
	for amp, found := p.ampersand(); found; amp, found = p.ampersand() {
		for d := p.peek(inStatement); d.kind == tDirective; d = p.peek(inStatement) {
			if dir, ok := p.directive(d); ok {
				list.Actions = append(list.Actions, dir)
			}
		}
		p.take(amp)
		t := p.peek(inStatement)
		if !beginsAction(t) {
			return
		}
		if a, ok := p.action(t); ok {
			list.Actions = append(list.Actions, a)
		}
	}
	f.Body.Stmts = []Stmt{list}
}
