package syntax

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"syslogd/internal/diag"
)

// line is line number n of the file, with its end.
func (y *yamlReader) line(n int) string {
	if n < 1 || n > len(y.lines) {
		return ""
	}
	return y.lines[n-1]
}

// col is the offset in its line at which a node begins: YAML counts characters.
func (y *yamlReader) col(n *yaml.Node) int {
	line, off := y.line(n.Line), 0
	for i := 1; i < n.Column && off < len(line); i++ {
		_, size := utf8.DecodeRuneInString(line[off:])
		off += size
	}
	return off
}

// rng is the place of a node: of a scalar as it is written, as far as it lies on
// one line, else of its first byte.
func (y *yamlReader) rng(n *yaml.Node) diag.Range {
	// To YAML a lone CR ends a line, too; such a file may have fewer lines for us.
	if n.Line < 1 || n.Line > len(y.lines) {
		return diag.Range{Start: diag.Pos{Src: y.src, Line: 1, Col: 1}, Len: 1}
	}
	off := y.col(n)
	rest := strings.TrimRight(y.line(n.Line)[off:], " \t\r\n")
	size := 1
	if n.Kind == yaml.ScalarNode {
		size = written(rest, n)
	}
	return diag.Range{Start: diag.Pos{Src: y.src, Line: n.Line, Col: off + 1}, Len: max(1, size)}
}

// written is the length of the scalar n at the beginning of line.
func written(line string, n *yaml.Node) int {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && line != "" {
		for i := 1; i < len(line); i++ {
			switch {
			case line[i] == '\\' && line[0] == '"':
				i++
			case line[i] == line[0]:
				return i + 1
			}
		}
		return len(line)
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && strings.HasPrefix(line, n.Value) {
		return len(n.Value)
	}
	return len(line)
}

// embedded is a parser for the text of a scalar, which knows where it stands in
// the file.
func (y *yamlReader) embedded(n *yaml.Node) *parser {
	from, exact := y.origin(n)
	s := newPart(y.src, []byte(n.Value), from)
	if !exact {
		s.whole = y.rng(n)
	}
	return newParserOf(y.run, s, insideBlock)
}

// origin says where the text of a scalar begins. It is not exact for texts with
// escapes and for folded lines.
func (y *yamlReader) origin(n *yaml.Node) (origin, bool) {
	if n.Line < 1 || n.Line > len(y.lines) {
		return origin{}, false
	}
	if n.Style&yaml.LiteralStyle != 0 {
		return y.literal(n)
	}
	off := y.col(n)
	rest := y.line(n.Line)[off:]
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		off++
		rest = rest[min(1, len(rest)):]
	}
	return origin{line: n.Line - 1, first: off}, n.Style&yaml.FoldedStyle == 0 && strings.HasPrefix(rest, n.Value)
}

// literal finds the indentation of the lines behind a |.
func (y *yamlReader) literal(n *yaml.Node) (origin, bool) {
	indent := -1
	for i, want := range strings.Split(strings.TrimRight(n.Value, "\n"), "\n") {
		have := strings.TrimRight(y.line(n.Line+1+i), "\r\n")
		if want == "" && strings.Trim(have, " ") == "" {
			continue
		}
		if indent < 0 {
			indent = len(have) - len(want)
		}
		if indent < 0 || len(have) < indent || have[indent:] != want {
			return origin{line: n.Line - 1}, false
		}
	}
	indent = max(indent, 0)
	return origin{line: n.Line, first: indent, rest: indent}, true
}

// apart runs f, which parses text in the file. An error in the text ends only
// what effect says.
func (y *yamlReader) apart(effect string, f func()) {
	stopped, ends, said := y.stopped, y.ends, y.diags.Len()
	y.stopped, y.ends = false, effect
	f()
	y.stopped, y.ends = stopped, ends
	y.diags.Edit(said, func(d *diag.Diagnostic) {
		d.Text = strings.ReplaceAll(d.Text, "the end of the file", "the end of the text")
		d.Hint = strings.ReplaceAll(d.Hint, "the end of the file", "the end of the text")
	})
}

// scalar is n as a text, or an error that what takes one.
func (y *yamlReader) scalar(n *yaml.Node, what string) (*yaml.Node, bool) {
	n = y.resolve(n)
	switch {
	case n == nil:
		return nil, false
	case n.Kind != yaml.ScalarNode || isNull(n) || strings.TrimSpace(n.Value) == "":
		y.errorf(y.rng(firstKey(n)), "%s, found %s", what, shape(n)).Effect = ignoredStatement
		return nil, false
	}
	return n, true
}

const ignoredStatement = "this statement is ignored"

// expr reads an expression.
func (y *yamlReader) expr(n *yaml.Node) (x Expr, ok bool) {
	n, ok = y.scalar(n, "want an expression")
	if !ok {
		return nil, false
	}
	y.apart(ignoredStatement, func() {
		p := y.embedded(n)
		if x, ok = p.expr(); !ok {
			return
		}
		if t := p.peek(inExpr); t.kind != tEOF {
			p.unexpected(t)
		}
		ok = !p.stopped
	})
	return x, ok
}

// variable reads the name of a variable.
func (y *yamlReader) variable(n *yaml.Node) (*Variable, bool) {
	n, ok := y.scalar(n, "want a variable such as $.name")
	if !ok {
		return nil, false
	}
	var v *Variable
	y.apart(ignoredStatement, func() {
		p := y.embedded(n)
		t := p.peek(inExpr)
		if t.kind != tVar || t.problem != nil {
			ok = false
		} else {
			p.take(t)
			v = p.variable(t)
			ok = p.peek(inExpr).kind == tEOF
		}
		if !ok && !p.stopped {
			p.errorf(y.rng(n), "want a variable such as $.name, found %q", clip(n.Value)).Effect = ignoredStatement
		}
	})
	return v, ok
}
