package syntax

import (
	"fmt"
	"strings"

	"syslogd/internal/diag"
)

// Bounds for what a configuration may ask of us. rsyslogd's parser stack ends
// at about the same nesting.
const (
	maxDepth    = 500      // blocks in blocks, parentheses in parentheses
	maxOperands = 20000    // operators of one expression
	maxErrors   = 100      // errors after which a stopped configuration is not checked further
	maxSaid     = 1000     // diagnostics
	maxFileSize = 16 << 20 // bytes
)

// state says which tokens the parser expects.
type state uint8

const (
	inStatement state = iota
	inObject
	inExpr
)

// run is what the parsers of one configuration and its includes share.
type run struct {
	opt   Options
	diags *diag.List
	// stack has the names of the files that are being read.
	stack []string
	files int
	// tooDeep is set when it was said that includes are nested too deep.
	tooDeep bool
	// stopped is set by the first error that ends the configuration.
	stopped bool
	// ends is the effect of such an error; "" is that the configuration ends.
	ends   string
	abort  bool
	errors int
	said   int
	// over is set when it was said that the rest is not checked.
	over bool
	// unused and dropped are those of File.
	unused  []Stmt
	dropped []Lines
	// chain is the list of actions that a & in the next file would go on with,
	// nil when something else came behind it.
	chain *ActionList
	// between are the directives behind chain, and joined those that have become part
	// of a list.
	between []*Directive
	joined  map[Stmt]bool
	// missing is File.Missing.
	missing bool
	// env is what global(environment=...) sets.
	env map[string]string
}

// parser reads one text.
type parser struct {
	*run
	src *source
	lex *lexer
	// off is where the last token ended; last is that token.
	off  int
	last token
	// reported is the end of the last problem of a token, which may be seen again.
	reported int
	// words is the end of the last line that warnWords reported.
	words int
	// noted is the start of the last rule that noteGuard reported on.
	noted    int
	where    level
	depth    int
	operands int
	// guarded is the first line of what the statement guards that is being
	// dropped; 0 is none.
	guarded   int
	continues bool // File.Continues
	// blocks counts the braces around the current statement.
	blocks int
}

func newParser(r *run, src *diag.Source, where level) *parser {
	return newParserOf(r, newSource(src), where)
}

func newParserOf(r *run, s *source, where level) *parser {
	src := s.src
	p := &parser{run: r, src: s, lex: newLexer(s.text), where: where}
	if s.bom {
		p.warnf(diag.Range{Start: diag.Pos{Src: src, Line: 1, Col: 1}, Len: 3}, "the file begins with a UTF-8 byte order mark").Hint = "save it without the mark"
	}
	for _, n := range s.nuls {
		p.errorf(n, "the line has a NUL byte").Effect = "the rest of the line is ignored"
	}
	return p
}

// peek is the next token in state st. Problems of tokens are reported here,
// when the parser has made up its mind about the state.
func (p *parser) peek(st state) token {
	for run := 0; ; run++ {
		t := p.scan(st)
		p.reportComments()
		if t.problem != nil && t.kind == tBad && run > 0 && !(st == inStatement && p.lex.onNewLine(t.start, p.off)) {
			p.reported = t.end // one error for a run of them
		}
		if t.problem != nil && t.start >= p.reported {
			d := p.report(t.problem)
			if st == inStatement && t.kind == tBad && d.Effect == "" {
				d.Effect = p.ignoredPart(t)
			}
			p.reported = t.end
		}
		// rsyslogd passes over what it does not know. What may be meant as a
		// statement or a filter is left to the caller, who drops the line.
		if t.kind != tBad || t.problem == nil || st == inStatement && !t.problem.stray {
			return t
		}
		p.off = t.end
	}
}

// ignoredPart says what is dropped for a character that no statement begins with.
func (p *parser) ignoredPart(t token) string {
	if t.problem.stray {
		return "it is passed over"
	}
	if p.lex.lineStart(t.start) >= 0 {
		return "this line is ignored"
	}
	switch p.last.kind {
	case tPRIFilter, tPropFilter, tThen, tElse, tDo, tAmp:
		return "this rule is ignored"
	}
	return "the rest of the line is ignored"
}

func (p *parser) scan(st state) token {
	switch st {
	case inStatement:
		return p.lex.statement(p.off)
	case inObject:
		off := p.lex.skip(p.off, true)
		if p.lex.onNewLine(off, p.off) && p.endsObject(off) {
			return token{kind: tBad, start: off, end: off}
		}
		return p.lex.object(p.off)
	}
	// A rule that begins on a new line ends an expression that is not
	// complete; its first * would otherwise be a multiplication.
	off := p.lex.skip(p.off, false)
	if p.lex.onNewLine(off, p.off) {
		switch t := p.lex.statement(off); t.kind {
		case tPRIFilter, tObject, tPropFilter:
			if p.beginsStatement(off) {
				t.kind = tBad
				return t
			}
		}
	}
	return p.lex.expression(p.off)
}

// reportComments reports what the scanner met on its way to a token.
func (p *parser) reportComments() {
	if off := p.lex.comment; off >= 0 {
		p.lex.comment = -1
		p.syntaxError(off, off+2, "this comment has no end").Hint = "close it with */"
	}
}

// take consumes t.
func (p *parser) take(t token) {
	p.off, p.last = t.end, t
}

func (p *parser) report(pr *problem) *diag.Diagnostic {
	d := p.errorAt(pr.start, pr.end, "%s", pr.text)
	d.Hint = pr.hint
	if pr.fatal {
		p.stop(d)
	}
	return d
}

// errorAt adds an error about text[start:end].
func (p *parser) errorAt(start, end int, format string, args ...any) *diag.Diagnostic {
	return p.errorf(p.rng(start, end), format, args...)
}

// errorf adds an error with rsyslogd's number for all that is wrong with a
// configuration. The pointer is valid until the next diagnostic.
func (r *run) errorf(rng diag.Range, format string, args ...any) *diag.Diagnostic {
	r.errors++
	if !r.maySay(rng) {
		return &diag.Diagnostic{}
	}
	d := r.diags.Errorf(rng, format, args...)
	d.Code = -2207
	return d
}

func (r *run) warnf(rng diag.Range, format string, args ...any) *diag.Diagnostic {
	if !r.maySay(rng) {
		return &diag.Diagnostic{}
	}
	return r.diags.Warnf(rng, format, args...)
}

func (r *run) notef(rng diag.Range, format string, args ...any) *diag.Diagnostic {
	if !r.maySay(rng) {
		return &diag.Diagnostic{}
	}
	return r.diags.Notef(rng, format, args...)
}

// maySay bounds what a configuration can make us say.
func (r *run) maySay(rng diag.Range) bool {
	r.said++
	if r.said == maxSaid+1 {
		r.diags.Errorf(rng, "more than %d diagnostics", maxSaid).Effect = "the others are not shown"
	}
	return r.said <= maxSaid
}

// gaveUp reports whether there is no point in looking for further errors.
func (r *run) gaveUp() bool { return r.stopped && r.errors > maxErrors }

// syntaxError adds an error that ends the configuration.
func (p *parser) syntaxError(start, end int, format string, args ...any) *diag.Diagnostic {
	d := p.errorAt(start, end, format, args...)
	p.stop(d)
	return d
}

// stop ends what takes effect, as a syntax error does in rsyslogd. d, if given,
// is the error, which says so.
func (r *run) stop(d *diag.Diagnostic) {
	if r.stopped {
		return
	}
	r.stopped = true
	if d != nil {
		if d.Effect = r.ends; d.Effect == "" {
			d.Effect = "the configuration ends here: this statement and all that follows have no effect"
		}
	}
}

func (p *parser) rng(start, end int) diag.Range { return p.src.rng(start, end) }

func (p *parser) tokRange(t token) diag.Range { return p.rng(t.start, t.end) }

// describe names a token in an error text.
func describe(t token) string {
	switch {
	case t.kind == tEOF:
		return "the end of the file"
	case t.kind == tObject:
		return t.text + "("
	case t.kind == tString:
		return "a string"
	case t.kind == tVar:
		return "$" + t.text
	case t.kind == tPropFilter:
		return "a property filter"
	}
	text := strings.TrimSpace(t.text)
	if t.kind == tBad && len(text) > 1 && text[0] == '"' {
		return "a string"
	}
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	if len(text) > 40 {
		text = text[:40] + "..."
	}
	return fmt.Sprintf("%q", text)
}

// enter counts a level of nesting and reports whether there may be one more.
func (p *parser) enter(at token) bool {
	p.depth++
	if p.depth <= maxDepth {
		return true
	}
	if p.depth == maxDepth+1 {
		p.syntaxError(at.start, at.end, "nested more than %d levels deep", maxDepth)
	}
	return false
}

func (p *parser) leave() { p.depth-- }
