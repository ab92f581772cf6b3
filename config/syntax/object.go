package syntax

import (
	"strings"

	"syslogd/internal/diag"
)

// object reads keyword(name="value" ...). It returns nil when the object is
// dropped.
func (p *parser) object(t token) *Object {
	o := &Object{at: at{p.rng(t.start, t.start+len(t.text))}, Kind: t.text}
	var ok bool
	if o.Params, ok = p.params(t); !ok {
		return nil
	}
	return o
}

// params reads the parameters of the object that open begins, and its closing
// parenthesis. It goes on behind errors; without ok there was one.
func (p *parser) params(open token) ([]Param, bool) {
	p.take(open)
	var list []Param
	ok, cut, comma := true, false, false
	for !p.gaveUp() {
		if p.unclosedObject(open, cut) {
			return nil, false
		}
		t := p.peek(inObject)
		switch {
		case t.kind == tRParen:
			p.take(t)
			return list, ok
		case t.kind == tEOF, t.kind == tBad:
			ok = false // unclosedObject says so
			p.off = t.start
		case t.kind == tComma:
			p.take(t)
			if !comma {
				p.syntaxError(t.start, t.end, "parameters are separated by blanks, not by commas").Hint = "remove the comma"
			}
			ok, comma = false, true
		case t.kind == tName:
			par, parOK, parCut := p.param(t)
			list = append(list, par)
			ok, cut = ok && parOK, cut || parCut
		default:
			p.take(t)
			if ok || t.kind != tString { // a broken value often leaves strings behind
				p.noParam(t)
			}
			ok, cut = false, cut || isCut(t)
		}
	}
	return nil, false
}

// unclosedObject reports whether the text or a new statement begins where a
// parameter or ) is expected. It says so unless a string was cut off before.
func (p *parser) unclosedObject(open token, cut bool) bool {
	off := p.lex.skip(p.off, true)
	p.reportComments()
	atEnd := off >= len(p.src.text)
	if !atEnd && !(p.lex.onNewLine(off, p.last.end) && p.endsObject(off)) {
		return false
	}
	if !cut {
		p.syntaxError(open.start, open.end, "%s has no closing )", describe(open)).Hint =
			"add ) in front of " + describe(p.lex.statement(off))
	}
	p.off = off
	if atEnd {
		p.off = p.lex.eol(p.last.end)
	}
	return true
}

// endsObject reports whether an object that is still open can not go on at off: a
// statement begins there. A line with $ in front holds no parameter.
func (p *parser) endsObject(off int) bool {
	return p.lex.lineStart(off) >= 0 && p.lex.statement(off).kind == tDirective || p.beginsStatement(off)
}

func isCut(t token) bool { return t.problem != nil && t.problem.cut }

func (p *parser) noParam(t token) {
	if t.problem != nil {
		return
	}
	d := p.syntaxError(t.start, t.end, "want a parameter name or ), found %s", describe(t))
	if t.kind == tString && strings.Contains(string(p.src.text[t.start:t.end]), "\n") {
		d.Hint = "is the closing quote of an earlier value missing?"
	}
}

// param reads name = value. cut is set when the value is a string with no end.
func (p *parser) param(name token) (par Param, ok, cut bool) {
	p.take(name)
	par = Param{at: at{p.tokRange(name)}, Name: lower([]byte(name.text)), Spelling: name.text}
	if p.lex.at(name.end) == '-' {
		p.syntaxError(name.start, p.skipWord(), "a parameter name has letters, digits, _ and . only")
		return par, false, false
	}
	eq := p.lex.object(p.off)
	if eq.kind != tAssign {
		p.syntaxError(name.start, name.end, "the parameter %s has no value", name.text).Hint = name.text + `="..."`
		return par, false, false
	}
	p.take(eq)
	par.Value, ok, cut = p.value(name)
	return par, ok, cut
}

// skipWord passes over the rest of a word and a value behind it. It returns the
// end of the word.
func (p *parser) skipWord() int {
	p.off = p.lex.span(p.off, func(c byte) bool { return isNameByte(c) || c == '-' || c == '.' })
	end := p.off
	if eq := p.lex.object(p.off); eq.kind == tAssign {
		p.off = eq.end
		if v := p.lex.object(p.off); v.kind == tString {
			p.off = v.end
		}
	}
	p.reported = max(p.reported, p.off)
	return end
}

// value reads a string or an array of strings, the value of the parameter name.
func (p *parser) value(name token) (v Value, ok, cut bool) {
	off := p.lex.skip(p.off, true)
	if c := p.lex.at(off); c != '"' && c != '`' && c != '[' && p.lex.object(off).kind != tString {
		p.bareValue(name, off)
		return v, false, false
	}
	t := p.peek(inObject)
	if t.kind == tLBracket {
		return p.arrayValue(t)
	}
	p.take(t)
	item := p.item(t)
	return Value{at: item.at, Items: []Item{item}}, !isCut(t), isCut(t)
}

func (p *parser) item(t token) Item {
	it := Item{at: at{p.tokRange(t)}, Text: t.text}
	if t.kind == tBacktick && !isCut(t) {
		it.Backtick, it.Text = t.text, p.backtick(t)
	}
	return it
}

// bareValue reports a value that is not in double quotes and passes over it.
func (p *parser) bareValue(name token, off int) {
	c := p.lex.at(off)
	end := p.lex.span(off, func(c byte) bool { return !isWhite(c) && c != ')' && c != '"' && c != ',' })
	if c == '\'' {
		end = p.lex.span(off+1, func(c byte) bool { return c != '\'' && c != '\n' })
		if p.lex.at(end) == '\'' {
			end++
		}
	}
	text := string(p.src.text[off:end])
	var d *diag.Diagnostic
	switch {
	case end == off:
		t := p.lex.object(off)
		p.syntaxError(name.start, name.end, "the parameter %s has no value", name.text).Hint = name.text + `="..."`
		if t.kind == tComma {
			p.off = t.end
		}
		return
	case c == '\'':
		text = strings.Trim(text, "'")
		d = p.syntaxError(off, end, "a value in an object stands in double quotes, not in single ones")
	default:
		d = p.syntaxError(off, end, "a value in an object must be in double quotes")
	}
	if !strings.ContainsAny(text, "\"\\\n") {
		d.Hint = name.text + `="` + text + `"`
	}
	p.off = end
	p.reported = max(p.reported, end)
	p.last = token{kind: tString, start: off, end: end}
}

// arrayValue reads ["a", "b"].
func (p *parser) arrayValue(open token) (v Value, ok, cut bool) {
	p.take(open)
	v.Array, ok = true, true
	for {
		if p.bareElement() {
			ok = false
		}
		t := p.peek(inObject)
		if !ok && (t.kind == tComma || t.kind == tRBracket) {
			p.take(t)
			if t.kind == tRBracket {
				return v, false, false
			}
			continue
		}
		if t.kind != tString && t.kind != tBacktick {
			p.badElement(open, t)
			return v, false, false
		}
		p.take(t)
		if isCut(t) {
			return v, false, true
		}
		v.Items = append(v.Items, p.item(t))
		switch t = p.peek(inObject); t.kind {
		case tComma:
			p.take(t)
		case tRBracket:
			p.take(t)
			v.at = at{spanning(p.tokRange(open), p.tokRange(t))}
			return v, ok, false
		case tString:
			p.syntaxError(t.start, t.end, "the elements of an array are separated by commas").Hint = "add a comma in front of this"
			ok = false
		default:
			p.syntaxError(open.start, open.end, "this [ has no matching ]").Hint = "add ] in front of " + describe(t)
			return v, false, false
		}
	}
}

// bareElement reports an element that is not in double quotes and passes over it.
func (p *parser) bareElement() bool {
	off := p.lex.skip(p.off, true)
	c := p.lex.at(off)
	if !isNameByte(c) && c != '\'' {
		return false
	}
	end := p.lex.span(off, func(c byte) bool { return !isWhite(c) && c != ']' && c != ',' && c != ')' })
	text := strings.Trim(string(p.src.text[off:end]), "'")
	d := p.syntaxError(off, end, "the elements of an array must be in double quotes")
	if !strings.ContainsAny(text, "\"\\") {
		d.Hint = `write "` + text + `"`
	}
	p.off = end
	return true
}

func (p *parser) badElement(open, t token) {
	switch t.kind {
	case tRBracket:
		p.take(t)
		if p.last.start == p.lex.skip(open.end, true) {
			p.syntaxError(open.start, t.end, "an array needs at least one element")
			return
		}
		p.syntaxError(t.start, t.end, "there is no string behind the last comma").Hint = "remove the comma"
	case tRParen, tEOF:
		p.syntaxError(open.start, open.end, "this [ has no matching ]").Hint = "add ] in front of " + describe(t)
	default:
		p.syntaxError(t.start, t.end, "want a string in double quotes in [ ], found %s", describe(t))
		p.off = p.lex.span(p.off, func(c byte) bool { return c != ']' && c != '\n' && c != ')' })
		if p.lex.at(p.off) == ']' {
			p.off++
		}
		p.reported = max(p.reported, p.off)
	}
}

// template reads template(...) and the entries of a list template.
func (p *parser) template(t token) *Template {
	o := p.object(t)
	tpl := &Template{}
	if o != nil {
		tpl.Object = *o
	}
	open := p.peek(inStatement)
	if open.kind != tLBrace {
		if o == nil {
			return nil
		}
		return tpl
	}
	tpl.HasList = true
	p.take(open)
	if !p.entries(open, tpl) || o == nil {
		return nil
	}
	return tpl
}

func (p *parser) entries(open token, tpl *Template) bool {
	ok := true
	for !p.gaveUp() {
		t := p.peek(inStatement)
		switch {
		case t.kind == tRBrace:
			p.take(t)
			return ok
		case t.kind == tObject && (t.text == "property" || t.text == "constant"):
			if e := p.object(t); e != nil {
				tpl.Entries = append(tpl.Entries, e)
			} else {
				ok = false
			}
		case t.kind == tDirective && !isSpecialDirective(t.text):
			// Unlike rsyslogd, where it takes effect before the template.
			d := p.errorAt(t.start, t.end, "a directive may not stand in a list template")
			d.Hint, d.Effect = "put it in front of the template", "the directive is ignored"
			p.take(t)
		case t.kind == tEOF, p.beginsStatement(t.start) && t.kind != tLBrace:
			p.syntaxError(open.start, open.end, "this { of a list template has no matching }").Hint =
				"a list template holds property(...) and constant(...) only"
			return false
		default:
			d := p.syntaxError(t.start, t.end, "want property(...), constant(...) or } in a list template, found %s", describe(t))
			if s := diag.Suggest(t.text, []string{"property", "constant"}); s != "" {
				d.Hint = "did you mean " + s + "?"
			}
			ok = false
			if p.take(t); t.kind == tLegacy && p.lex.at(p.lex.span(t.end, isBlank)) == '(' {
				p.skipParens(p.lex.span(t.end, isBlank))
			} else {
				p.off = p.lex.eol(p.off)
			}
		}
	}
	return false
}

// ruleset reads ruleset(...) { ... }; unlike other blocks, this one may be empty.
func (p *parser) ruleset(t token) *Ruleset {
	o := p.object(t)
	open := p.peek(inStatement)
	if open.kind != tLBrace {
		if o != nil {
			p.syntaxError(t.start, t.end-1, "ruleset(...) needs a block, found %s", describe(open)).Hint =
				"write { ... } behind it; the braces may be empty"
		}
		return nil
	}
	b, ok := p.block(open)
	if o == nil || !ok {
		p.salvage(b)
		return nil
	}
	return &Ruleset{*o, b}
}
