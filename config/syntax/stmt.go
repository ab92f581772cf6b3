package syntax

import (
	"strings"

	"syslogd/internal/diag"
)

// statements reads to the end of the text. What stands behind an error
// that ends the configuration is read to be checked only.
func (p *parser) statements() []Stmt {
	var list []Stmt
	for !p.gaveUp() {
		t := p.peek(inStatement)
		if t.kind == tEOF {
			break
		}
		before := p.stopped
		var s Stmt
		if p.where == insideBlock {
			s = p.blockStatement(t)
		} else {
			s = p.topStatement(t)
		}
		switch {
		case s == nil:
			p.drop(t)
		case !before && (!p.stopped || isInclude(s)):
			list = append(list, s)
		default:
			p.unused = append(p.unused, s)
		}
	}
	return list
}

// drop notes that the statement begun by t could not be understood.
func (p *parser) drop(t token) {
	d := Lines{p.src.src, p.tokRange(t).Start.Line, p.rng(p.off, p.off).Start.Line}
	if p.guarded > 0 {
		d.Last = p.guarded
	}
	p.guarded = 0
	p.dropped = append(p.dropped, d)
}

// salvage keeps what a statement guards that is dropped, to be checked.
func (p *parser) salvage(b *Block) {
	if b == nil || len(b.Stmts) == 0 {
		return
	}
	if p.guarded == 0 {
		p.guarded = b.Range().Start.Line
	}
	p.unused = append(p.unused, b.Stmts...)
}

// isInclude tells the statements that keep what was read before an error inside.
func isInclude(s Stmt) bool {
	switch s := s.(type) {
	case *Include:
		return true
	case *Directive:
		return s.Name == "includeconfig"
	}
	return false
}

// topStatement reads what may stand outside of blocks. It returns nil when the
// statement is dropped.
func (p *parser) topStatement(t token) Stmt {
	if t.kind == tBSD || t.kind == tObject {
		p.endChain(nil)
	}
	switch t.kind {
	case tBSD:
		return p.bsdBlock(t)
	case tObject:
		switch t.text {
		case "template":
			return nilStmt(p.template(t))
		case "ruleset":
			return nilStmt(p.ruleset(t))
		case "action", "include":
		case "property", "constant":
			p.syntaxError(t.start, t.end-1, "%s() stands outside of a list template", t.text).Hint =
				`put it between the braces of template(name="..." type="list") { ... }`
			p.params(t)
			return nil
		default:
			o := p.object(t)
			if o != nil && o.Kind == "global" {
				p.setEnv(o)
			}
			return nilStmt(o)
		}
	}
	return p.blockStatement(t)
}

// nilStmt turns a nil node into a nil Stmt.
func nilStmt[T any, P interface {
	*T
	Stmt
}](s P) Stmt {
	if s == nil {
		return nil
	}
	return s
}

// blockStatement is statement with a place to go on when it fails.
func (p *parser) blockStatement(t token) Stmt {
	if s, ok := p.statement(t); ok {
		return s
	}
	p.resync()
	if p.off <= t.start {
		p.off = t.start + 1
	}
	p.dropChain()
	return nil
}

// dropChain reads the actions that & adds to a statement that was dropped.
func (p *parser) dropChain() {
	for amp, found := p.ampersand(); found; amp, found = p.ampersand() {
		p.take(amp)
		t := p.peek(inStatement)
		if !beginsAction(t) {
			return
		}
		list, ok := p.actionList(t)
		if !ok {
			p.resync()
			continue
		}
		p.salvage(&Block{at: list.at, Stmts: []Stmt{list}})
	}
}

// statement reads one statement that begins with t. Without ok the statement is
// dropped; the error has been reported, and p.off is where it was found.
func (p *parser) statement(t token) (Stmt, bool) {
	if !p.enter(t) {
		p.leave()
		return nil, false
	}
	defer p.leave()
	chain, between := p.chain, p.between
	if t.kind != tDirective { // rsyslogd executes those while it looks for &
		p.endChain(nil)
	}
	switch t.kind {
	case tAmp:
		if chain != nil {
			p.join(chain, between)
			return nil, p.joinChain(t, chain)
		}
	case tIf:
		return okStmt(p.ifStatement(t))
	case tForeach:
		return okStmt(p.foreach(t))
	case tSet, tReset:
		return okStmt(p.set(t))
	case tUnset:
		return okStmt(p.unset(t))
	case tReloadTable:
		return okStmt(p.reloadTable(t))
	case tPRIFilter:
		return okStmt(p.priFilter(t))
	case tPropFilter:
		return okStmt(p.propFilter(t))
	case tDirective:
		d, ok := p.directive(t)
		if ok && chain != nil && !isSpecialDirective(t.text) {
			p.between = append(p.between, d)
		}
		return okStmt(d, ok)
	case tObject:
		if t.text == "include" {
			return okStmt(p.include(t))
		}
		if t.text != "action" {
			return nil, p.misplacedObject(t)
		}
		return okStmt(p.actions(t))
	case tLegacy, tStop, tContinue, tCall, tCallIndirect:
		return okStmt(p.actions(t))
	}
	return nil, p.noStatement(t)
}

func okStmt[T any, P interface {
	*T
	Stmt
}](s P, ok bool) (Stmt, bool) {
	if s == nil || !ok {
		return nil, false
	}
	return s, true
}

// noStatement reports that no statement begins with t.
func (p *parser) noStatement(t token) bool {
	p.take(t)
	switch t.kind {
	case tBad: // reported with the token
	case tEOF:
		p.syntaxError(t.start, t.end, "the text ends where a statement is expected")
	case tElse:
		p.syntaxError(t.start, t.end, "else has no if in front of it").Hint =
			"else belongs to if ... then; selectors and property filters have none"
	case tAmp:
		p.syntaxError(t.start, t.end, "& has no action in front of it").Hint =
			"& adds an action to the one above; a new rule begins with a filter"
	case tRBrace:
		p.syntaxError(t.start, t.end, "} without a matching {")
	case tLBrace:
		p.syntaxError(t.start, t.end, "{ without a condition in front of it").Hint = "a block follows if ... then, a filter, or ruleset(...)"
		p.off = t.start // resync reads the block
	case tBSD:
		p.syntaxError(t.start, t.end, "the line %s may not stand inside a block", describe(t))
	}
	return false
}

// misplacedObject reports an object that is only allowed outside of blocks.
func (p *parser) misplacedObject(t token) bool {
	p.syntaxError(t.start, t.end-1, "%s() may not stand inside a block", t.text).Hint = "move it to the top level of the file"
	before := p.errors
	p.params(t)
	if p.errors == before && p.peek(inStatement).kind == tLBrace {
		p.resyncBlock()
	}
	return true
}

// resync passes over the rest of the line. When a block begins there it is read
// for its errors, and a closing brace is left to the block it ends.
func (p *parser) resync() {
	start := p.off
	end := p.src.lineEnd(start)
	rest := string(p.src.text[start:end])
	code, _, _ := strings.Cut(rest, " #")
	code = strings.TrimRight(code, " \t")
	switch {
	case strings.HasSuffix(code, "{"):
		p.off = start + len(code) - 1
		p.resyncBlock()
	case strings.HasSuffix(code, "}") && p.blocks > 0 && !strings.Contains(code, "{"):
		p.off = start + len(code) - 1
	default:
		p.off = end
	}
}

func (p *parser) resyncBlock() {
	if t := p.peek(inStatement); t.kind == tLBrace {
		if b, ok := p.block(t); ok {
			p.salvage(b)
		}
	}
}

// block reads { statements } that begins with open.
func (p *parser) block(open token) (*Block, bool) {
	if !p.enter(open) {
		p.leave()
		p.take(open)
		return nil, false
	}
	defer p.leave()
	p.take(open)
	p.blocks++
	defer func() { p.blocks-- }()
	b := &Block{at: at{p.tokRange(open)}, Braces: true}
	for !p.gaveUp() {
		t := p.peek(inStatement)
		switch t.kind {
		case tRBrace:
			p.take(t)
			p.endChain(nil)
			return b, true
		case tEOF:
			p.syntaxError(open.start, open.end, "this { has no matching }")
			p.salvage(b)
			return nil, false
		}
		if s := p.blockStatement(t); s != nil {
			b.Stmts = append(b.Stmts, s)
		} else {
			p.drop(t)
		}
	}
	return nil, false
}

// body reads what a condition guards: a block, or a single statement.
// Directives in front of the statement become part of it. what names the
// condition in errors.
func (p *parser) body(what token) (*Block, bool) {
	t := p.peekAction()
	b := &Block{at: at{p.tokRange(t)}}
	for t.kind == tDirective && !isSpecialDirective(t.text) {
		s, ok := p.statement(t)
		if !ok {
			return nil, false
		}
		b.Stmts = append(b.Stmts, s)
		t = p.peek(inStatement)
	}
	switch t.kind {
	case tLBrace:
		braced, ok := p.block(t)
		if !ok {
			return nil, false
		}
		if len(braced.Stmts) == 0 && !p.stopped && p.isEmptyBlock(t) {
			p.syntaxError(t.start, t.end, "the block is empty").Hint = "write { continue } for a block that does nothing"
		}
		braced.Stmts = append(b.Stmts, braced.Stmts...)
		return braced, true
	case tEOF, tRBrace:
		p.syntaxError(what.start, what.end, "%s has no action", describe(what))
		return nil, false
	}
	p.noteGuard(what, t)
	s, ok := p.statement(t)
	if !ok {
		return nil, false
	}
	b.Stmts = append(b.Stmts, s)
	return b, true
}

// noteGuard says when what guards a rule that seems to be one of its own: the
// action was forgotten.
func (p *parser) noteGuard(what, t token) {
	switch {
	case p.stopped:
		return
	case t.kind != tPRIFilter && t.kind != tPropFilter && t.kind != tIf && t.kind != tForeach:
		return
	}
	if r, q := p.tokRange(what), p.tokRange(t); r.Start.Line < q.Start.Line && q.Start.Col <= r.Start.Col && p.lex.lineStart(t.start) >= 0 {
		inChain := p.noted > 0 && what.start == p.noted
		p.noted = t.start
		if inChain {
			return
		}
		n := p.notef(r, "%s has no action of its own and guards the rule that follows", describe(what))
		n.Related = []diag.Related{{Range: q, Text: "this rule"}}
	}
}

// isEmptyBlock tells a block with nothing in it from one whose statements were dropped.
func (p *parser) isEmptyBlock(open token) bool {
	return p.lex.statement(open.end).kind == tRBrace
}
