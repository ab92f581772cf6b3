package syntax

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// stringKind tells the kinds of string constants apart; they differ in the
// escapes they know.
type stringKind uint8

const (
	objectString stringKind = iota // "..." in an object
	doubleString                   // "..." in an expression
	singleString                   // '...' in an expression
)

// simpleEscape decodes an escape of one character.
func simpleEscape(k stringKind, c byte) (byte, bool) {
	switch c {
	case '\\', '"', '\'':
		return c, true
	case 'b':
		return '\b', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case '$':
		return c, k != objectString
	case '?':
		return c, k == objectString
	case 'a':
		return '\a', k == objectString
	case 'f':
		return '\f', k == objectString
	case 'v':
		// Unlike rsyslogd, which yields a question mark.
		return '\v', k == objectString
	}
	return 0, false
}

// quoted scans the string that opens at off.
func (x *lexer) quoted(off int, k stringKind) token {
	quote := x.text[off]
	t := token{kind: tString, start: off}
	var out []byte
	i, lines := off+1, false
	for ; i < len(x.text) && x.text[i] != quote; i++ {
		switch c := x.text[i]; {
		case c == '\\':
			var b byte
			b, i = x.escape(i, k, &t)
			out = append(out, b)
			continue
		case c == '$' && k == doubleString && t.problem == nil:
			t.problem = &problem{start: i, end: i + 1, fatal: true,
				text: "a $ in double quotes must be escaped",
				hint: `write \$ for a dollar sign, '...' for text as it stands, or $name & "..." for a value`}
		case c == '\n':
			lines = true
		}
		out = append(out, x.text[i])
	}
	t.end, t.text = i+1, string(out)
	if i >= len(x.text) || lines && looksOpen(x.at(i+1)) {
		return x.unclosed(off)
	}
	return t
}

// looksOpen reports whether the byte behind a string of several lines is one
// that follows an opening quote rather than a closing one: then the quote that
// ended the string was meant to open the next, and one is missing above.
func looksOpen(c byte) bool {
	return isNameByte(c) || c == '%' || c == '/' || c == '\\' || c == '.' || c == ':' || c == '@' || c >= 0x80
}

// unclosed is the token for a string whose end is missing: it ends with its line.
func (x *lexer) unclosed(off int) token {
	end := x.eol(off)
	t := x.tok(tString, off, end)
	t.text = string(x.text[off+1 : end])
	t.problem = &problem{start: off, end: end, fatal: true, cut: true,
		text: "the closing quote of this string is missing"}
	return t
}

// escape decodes the escape at text[i], a backslash, and returns the index of its last byte.
func (x *lexer) escape(i int, k stringKind, t *token) (byte, int) {
	c := x.at(i + 1)
	if b, ok := simpleEscape(k, c); ok {
		return b, i + 1
	}
	switch {
	case c == 'x' && isHex(x.at(i+2)) && isHex(x.at(i+3)):
		return hexValue(x.text[i+2])<<4 | hexValue(x.text[i+3]), i + 3
	case isOctal(c) && isOctal(x.at(i+2)) && isOctal(x.at(i+3)):
		return (c-'0')<<6 | (x.text[i+2]-'0')<<3 | (x.text[i+3] - '0'), i + 3
	}
	if t.problem == nil && i+1 < len(x.text) {
		t.problem = x.unknownEscape(i, k)
	}
	if isOctal(c) && k == objectString {
		// Unlike rsyslogd, which takes the bytes that follow for digits.
		if d := x.at(i + 2); isOctal(d) {
			return (c-'0')<<3 | (d - '0'), i + 2
		}
		return c - '0', i + 1
	}
	// The byte stands for itself; at the end of a line the backslash does.
	if c == 0 || c == '\n' {
		return '\\', i
	}
	return c, i + 1
}

func (x *lexer) unknownEscape(i int, k stringKind) *problem {
	c := x.at(i + 1)
	end := i + 2
	for c >= 0x80 && end < len(x.text) && x.text[end]&0xc0 == 0x80 {
		end++
	}
	esc := string(x.text[i:end])
	p := &problem{start: i, end: end, fatal: true, text: "the escape " + esc + " is unknown in strings",
		hint: `write \` + esc + " for a backslash"}
	switch {
	case isOctal(c):
		p.text = "an octal escape has three digits"
		p.hint = "for instance \\00" + string(c)
		p.fatal = k != objectString
	case c == 'x':
		p.text = `\x needs two hexadecimal digits`
		p.hint = `for instance \x0a`
	case c == '$':
		p.text = `a $ is not escaped in the strings of an object`
		p.hint = "write $"
	case c == '\n':
		p.end, p.text, p.hint = i+1, "a backslash in a string must be doubled", `write \\`
	}
	return p
}

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// backtick scans `...`; there are no escapes in it.
func (x *lexer) backtick(off int) token {
	n := bytes.IndexByte(x.text[off+1:], '`')
	if n < 0 {
		t := x.unclosed(off)
		t.kind, t.problem.text = tBacktick, "the closing backtick is missing"
		return t
	}
	return token{kind: tBacktick, start: off, end: off + n + 2, text: string(x.text[off+1 : off+1+n])}
}

// typographic scans what begins with a byte beyond ASCII, which may be a
// string in the quotes that word processors make.
func (x *lexer) typographic(off int, where string) token {
	const quotes = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
	line := string(x.text[off:x.eol(off)])
	first, size := utf8.DecodeRuneInString(line)
	if !strings.ContainsRune(quotes, first) {
		return x.strange(off, where)
	}
	t := token{kind: tBad, start: off, end: off + size, text: line[:size]}
	if n := strings.IndexAny(line[size:], quotes); n >= 0 {
		_, last := utf8.DecodeRuneInString(line[size+n:])
		t.kind, t.text, t.end = tString, line[size:size+n], off+size+n+last
	}
	t.problem = &problem{start: off, end: t.end, fatal: true, text: "typographic quotes do not quote", hint: `use " or '`}
	return t
}
