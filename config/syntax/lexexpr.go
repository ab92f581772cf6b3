package syntax

// expression is the token at off inside an expression.
func (x *lexer) expression(off int) token {
	off = x.skip(off, false)
	if off >= len(x.text) {
		return x.eof()
	}
	switch c := x.text[off]; {
	case isLetter(c):
		return x.exprWord(off)
	case isDigit(c):
		return x.number(off)
	case c == '$':
		return x.variable(off)
	case c == '"':
		return x.quoted(off, doubleString)
	case c == '\'':
		return x.quoted(off, singleString)
	case c == '`':
		return x.backtick(off)
	case c == '#':
		t := x.bad(off, x.eol(off), "a # comment cannot stand inside an expression",
			"put it in front of the statement, or write /* ... */")
		t.problem.fatal = true
		return t
	case c >= 0x80:
		return x.typographic(off, "in an expression")
	}
	return x.operator(off)
}

func (x *lexer) exprWord(off int) token {
	t := x.tok(tName, off, x.span(off, isNameByte))
	text := lower(x.text[t.start:t.end])
	if k, ok := wordOperators[text]; ok {
		t.kind, t.text = k, text
	}
	return t
}

func isVarByte(c byte) bool {
	switch c {
	case '!', '@', '-', '_', '.', '[', ']', '/':
		return true
	}
	return isLetter(c) || isDigit(c)
}

// variable matches \$[$!./]?[@a-z_]*[!@a-z0-9\-_.\[\]]*
func (x *lexer) variable(off int) token {
	i := off + 1
	switch x.at(i) {
	case '$', '!', '.', '/':
		i++
	}
	i = x.span(i, func(c byte) bool { return c != '/' && isVarByte(c) })
	t := x.tok(tVar, off, i)
	t.text = t.text[1:]
	if t.text == "" {
		t.problem = &problem{start: off, end: i, text: "a $ needs a name behind it", hint: "for instance $msg"}
	}
	return t
}

func (x *lexer) number(off int) token {
	end := x.span(off, isDigit)
	if x.text[off] == '0' && x.at(off+1)|0x20 == 'x' && isHex(x.at(off+2)) {
		end = x.span(off+2, isHex)
	} else if x.text[off] == '0' && end > off+1 {
		if oct := x.span(off, isOctal); oct < end {
			t := x.tok(tNumber, off, end)
			t.problem = &problem{start: off, end: end, fatal: true,
				text: "a number that begins with 0 is octal and has only the digits 0 to 7",
				hint: "remove the leading zero, or write it as a string"}
			return t
		}
	}
	t := x.tok(tNumber, off, end)
	if x.at(end) == '.' && isDigit(x.at(end+1)) {
		t.end = x.span(end+1, func(c byte) bool { return isDigit(c) || c == '.' })
		t.problem = &problem{start: off, end: t.end, fatal: true, text: "numbers have no fraction",
			hint: "use a whole number, or write it as a string: '" + string(x.text[off:t.end]) + "'"}
	}
	return t
}

// marks are the operators of expressions that are not words, longest first.
// The ones with a hint exist in other languages only.
var marks = []struct {
	text, hint string
	kind       kind
	op         string
	lenient    bool // rsyslogd goes on with what op says
}{
	{text: "===", kind: tOp, op: "==", hint: "write =="},
	{text: "!==", kind: tOp, op: "!=", hint: "write !="},
	{text: "==", kind: tOp, op: "=="},
	{text: "=~", kind: tOp, op: "==", hint: "write re_match($property, 'expression')"},
	{text: "!~", kind: tOp, op: "!=", hint: "write not re_match($property, 'expression')"},
	{text: "!=", kind: tOp, op: "!="},
	{text: "<>", kind: tOp, op: "!="},
	{text: "<=", kind: tOp, op: "<="},
	{text: ">=", kind: tOp, op: ">="},
	{text: "=>", kind: tOp, op: ">=", hint: "write >="},
	{text: "=<", kind: tOp, op: "<=", hint: "write <="},
	{text: "&&", kind: tOp, op: "and", hint: "write and"},
	{text: "||", kind: tOp, op: "or", hint: "write or"},
	{text: ":=", kind: tAssign, op: "=", hint: "write =", lenient: true},
	{text: "+=", kind: tAssign, op: "=", hint: "write set $.x = $.x + ...;"},
	{text: "<", kind: tOp, op: "<"},
	{text: ">", kind: tOp, op: ">"},
	{text: "+", kind: tOp, op: "+"},
	{text: "-", kind: tOp, op: "-"},
	{text: "*", kind: tOp, op: "*"},
	{text: "/", kind: tOp, op: "/"},
	{text: "%", kind: tOp, op: "%"},
	{text: "&", kind: tOp, op: "&"},
	{text: "!", kind: tNot, op: "not", hint: "write not (...)"},
	{text: "(", kind: tLParen, op: "("},
	{text: ")", kind: tRParen, op: ")"},
	{text: "[", kind: tLBracket, op: "["},
	{text: "]", kind: tRBracket, op: "]"},
	{text: ",", kind: tComma, op: ","},
	{text: "=", kind: tAssign, op: "="},
	{text: ";", kind: tSemi, op: ";"},
}

func (x *lexer) operator(off int) token {
	for i := range marks {
		m := &marks[i]
		if !x.hasPrefix(off, m.text) {
			continue
		}
		t := token{kind: m.kind, start: off, end: off + len(m.text), text: m.op}
		if m.hint != "" {
			t.problem = &problem{start: off, end: t.end, text: "there is no operator " + m.text, hint: m.hint, fatal: !m.lenient}
		}
		return t
	}
	if c := x.text[off]; c == '{' || c == '}' {
		return x.tok(tBad, off, off+1)
	}
	return x.strange(off, "in an expression")
}
