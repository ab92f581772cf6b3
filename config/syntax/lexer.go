package syntax

import (
	"bytes"
	"strings"
)

// lexer finds tokens. The language has several token sets; which one holds at a
// place only the parser knows, so there is a method a set. They depend on the
// text and the offset alone.
type lexer struct {
	text []byte
	// comment is the offset of a /* without its end, or -1.
	comment int
}

func newLexer(text []byte) *lexer { return &lexer{text: text, comment: -1} }

// at is the byte at off, or 0 behind the end.
func (x *lexer) at(off int) byte {
	if off < 0 || off >= len(x.text) {
		return 0
	}
	return x.text[off]
}

// span is the end of the bytes from off on that ok accepts.
func (x *lexer) span(off int, ok func(byte) bool) int {
	for off < len(x.text) && ok(x.text[off]) {
		off++
	}
	return off
}

// eol is the offset of the line feed that ends the line of off.
func (x *lexer) eol(off int) int {
	return x.span(off, func(c byte) bool { return c != '\n' })
}

func (x *lexer) hasPrefix(off int, s string) bool {
	return off+len(s) <= len(x.text) && string(x.text[off:off+len(s)]) == s
}

// skip passes white space and comments. Comments that begin with # exist
// everywhere but in expressions.
func (x *lexer) skip(off int, hash bool) int {
	for off < len(x.text) {
		switch c := x.text[off]; {
		case isBlank(c) || c == '\n':
			off++
		case c == '#' && hash:
			off = x.eol(off)
		case c == '/' && x.at(off+1) == '*':
			end := bytes.Index(x.text[off+2:], []byte("*/"))
			if end < 0 {
				x.comment = off
				return len(x.text)
			}
			off += 2 + end + 2
		default:
			return off
		}
	}
	return off
}

// lineStart is the offset at which the line of off begins if only blanks stand
// in front of off, and -1 otherwise.
func (x *lexer) lineStart(off int) int {
	for off > 0 && isBlank(x.text[off-1]) {
		off--
	}
	if off > 0 && x.text[off-1] != '\n' {
		return -1
	}
	return off
}

// eof is the token behind the last line.
func (x *lexer) eof() token {
	return token{kind: tEOF, start: len(x.text) - 1, end: len(x.text)}
}

func (x *lexer) tok(k kind, start, end int) token {
	return token{kind: k, start: start, end: end, text: string(x.text[start:end])}
}

func (x *lexer) bad(start, end int, text, hint string) token {
	t := x.tok(tBad, start, end)
	t.problem = &problem{start: start, end: end, text: text, hint: hint}
	return t
}

// strange is the token for bytes that mean nothing; a run of bytes beyond ASCII is one.
func (x *lexer) strange(off int, where string) token {
	end := off + 1
	if x.text[off] >= 0x80 {
		end = x.span(off, func(c byte) bool { return c >= 0x80 })
	}
	t := x.bad(off, end, "", "")
	t.problem.text = "invalid character " + quoteChar(t.text) + " " + where
	if strings.Trim(t.text, "\u00a0") == "" {
		t.problem.text, t.problem.hint = "there is a no-break space "+where, "replace it by a plain blank"
	}
	return t
}

func quoteChar(s string) string {
	if len(s) == 1 && (s[0] < ' ' || s[0] >= 0x7f) {
		const hex = "0123456789abcdef"
		return "0x" + string(hex[s[0]>>4]) + string(hex[s[0]&15])
	}
	return "'" + s + "'"
}

// statement is the token at off where a statement may begin or go on. As in
// rsyslogd the longest match wins.
func (x *lexer) statement(off int) token {
	off = x.skip(off, true)
	if off >= len(x.text) {
		return x.eof()
	}
	switch c := x.text[off]; {
	case isLetter(c), isDigit(c), c == '_', c == '*':
		return x.wordOrSelector(off)
	case c == '&':
		return x.tok(tAmp, off, off+1)
	case c == '{':
		return x.tok(tLBrace, off, off+1)
	case c == '}':
		return x.tok(tRBrace, off, off+1)
	case c == ':':
		return x.colon(off)
	case c == '$':
		return x.directive(off)
	case strings.IndexByte("+-!", c) >= 0 && x.isBSD(off):
		return x.tok(tBSD, off, x.eol(off))
	case strings.IndexByte("|.-@^?~>/", c) >= 0 && (c == '~' || x.at(x.span(off+1, isBlank)) != '\n'):
		return x.tok(tLegacy, off, x.eol(off))
	}
	t := x.strange(off, "where a statement is expected")
	t.problem.stray = true
	switch x.text[off] {
	case ';', ',', ')':
		t.problem.hint = "remove it"
	case '"', '\'':
		t.problem.hint = "remove both quotes: the second one belongs to what follows"
	}
	return t
}

// wordOrSelector scans what begins with a letter, digit, _ or *: a selector, an
// object, a keyword, or a list of users. In front of a selector there are only
// blanks on its line; when there are some, they count for the longest match.
func (x *lexer) wordOrSelector(off int) token {
	word := x.word(off)
	line := x.lineStart(off)
	if line < 0 {
		return word
	}
	if end, ok := x.selector(off); ok && (line < off || end >= word.end) {
		return x.tok(tPRIFilter, off, end)
	}
	return word
}

// selector matches [*a-z]+[0-7]*[.,][,!=;.*a-z0-7]+
func (x *lexer) selector(off int) (end int, ok bool) {
	i := x.span(off, func(c byte) bool { return c == '*' || isLetter(c) })
	if i == off {
		return 0, false
	}
	i = x.span(i, isOctal)
	if c := x.at(i); c != '.' && c != ',' {
		return 0, false
	}
	end = x.span(i+1, func(c byte) bool {
		return isLetter(c) || isOctal(c) || c == ',' || c == '!' || c == '=' || c == ';' || c == '.' || c == '*'
	})
	return end, end > i+1
}

func (x *lexer) word(off int) token {
	if x.text[off] == '*' {
		return x.tok(tLegacy, off, off+1)
	}
	name := x.span(off, isNameByte)
	text := lower(x.text[off:name])
	if objectKeywords[text] {
		if open := x.span(name, isWhite); x.at(open) == '(' {
			return token{kind: tObject, start: off, end: open + 1, text: text}
		}
	}
	end := x.span(off+1, func(c byte) bool { return isNameByte(c) || strings.IndexByte("-+,;", c) >= 0 })
	if k, ok := statementKeywords[text]; ok && end == name {
		return x.tok(k, off, end)
	}
	return x.tok(tLegacy, off, end)
}

func isWhite(c byte) bool    { return isBlank(c) || c == '\n' }
func isNameByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// colon scans :module:parameters, or the colon of a property filter.
func (x *lexer) colon(off int) token {
	name := x.span(off+1, func(c byte) bool { return isLetter(c) || isDigit(c) })
	if name > off+1 && x.at(name) == ':' {
		return x.tok(tLegacy, off, x.eol(off))
	}
	if x.lineStart(off) < 0 {
		t := x.bad(off, off+1, "a property filter must stand at the beginning of a line", "")
		t.problem.hint = "begin a new line here, or write the condition as an expression"
		return t
	}
	return x.tok(tPropFilter, off, off+1)
}

func (x *lexer) directive(off int) token {
	if !isLetter(x.at(off + 1)) {
		t := x.strange(off, "where a statement is expected")
		if c := x.at(off + 1); c == '!' || c == '.' || c == '/' {
			t.problem.text = "a variable cannot begin a statement"
			t.problem.hint = "set " + string(x.text[off:x.span(off+1, isVarByte)]) + " = ...;"
			t.problem.end = x.span(off+1, isVarByte)
		}
		return t
	}
	return x.tok(tDirective, off, x.eol(off))
}

// isBSD matches !tag, +host, -host and +* to the end of the line.
func (x *lexer) isBSD(off int) bool {
	end := x.eol(off)
	rest := string(x.text[off+1 : end])
	if x.text[off] == '!' {
		return rest != "" && !strings.ContainsAny(rest, " \t")
	}
	if after, ok := strings.CutPrefix(rest, "*"); ok {
		after = strings.TrimLeft(after, " \t")
		return after == "" || after[0] == '#'
	}
	if x.lineStart(off) < 0 || rest == "" {
		return false
	}
	return x.span(off+1, func(c byte) bool {
		return isLetter(c) || isDigit(c) || c == '.' || c == ':' || c == '-'
	}) == end
}

// object is the token at off inside the parentheses of an object.
func (x *lexer) object(off int) token {
	off = x.skip(off, true)
	if off >= len(x.text) {
		return x.eof()
	}
	switch c := x.text[off]; {
	case isLetter(c):
		return x.tok(tName, off, x.span(off, func(c byte) bool { return isNameByte(c) || c == '.' }))
	case c == '"':
		return x.quoted(off, objectString)
	case c == '`':
		return x.backtick(off)
	case c >= 0x80:
		return x.typographic(off, "in an object")
	}
	if k, ok := objectMarks[x.text[off]]; ok {
		return x.tok(k, off, off+1)
	}
	return x.strange(off, "in an object")
}

var objectMarks = map[byte]kind{'=': tAssign, ',': tComma, '[': tLBracket, ']': tRBracket, ')': tRParen}

// callName is the ruleset name at off, behind the keyword call. Unlike
// rsyslogd, a name may have a single letter.
func (x *lexer) callName(off int) (token, bool) {
	off = x.skip(off, true)
	if !isLetter(x.at(off)) {
		return token{kind: tBad, start: min(off, len(x.text)), end: min(off+1, len(x.text))}, false
	}
	end := x.span(off, func(c byte) bool { return isNameByte(c) || c == '-' || c == '.' })
	return x.tok(tName, off, end), true
}
