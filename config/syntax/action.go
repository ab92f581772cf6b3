package syntax

import (
	"strings"

	"syslogd/internal/diag"
)

// actionList reads one action, or several joined by &.
func (p *parser) actionList(t token) (*ActionList, bool) {
	list := &ActionList{at: at{p.tokRange(t)}}
	ok := p.addActions(list, t)
	p.endChain(list)
	if !ok && len(list.Actions) > 0 {
		p.salvage(&Block{at: list.at, Stmts: []Stmt{list}})
	}
	return list, ok && len(list.Actions) > 0
}

// endChain notes the list that a & behind this may go on with, nil for none.
func (p *parser) endChain(list *ActionList) { p.chain, p.between = list, nil }

// join makes directives that stand behind a list part of it: they set what the actions
// behind them get.
func (p *parser) join(list *ActionList, between []*Directive) {
	for _, d := range between {
		list.Actions = append(list.Actions, d)
		p.joined[d] = true
	}
}

// joinChain reads the actions that the & at the begin of a file adds to the last
// list in front of it: to rsyslogd files that follow each other are one text.
func (p *parser) joinChain(amp token, list *ActionList) bool {
	p.take(amp)
	t := p.peekAction()
	if !beginsAction(t) {
		p.syntaxError(t.start, t.end, "want an action behind &, found %s", describe(t))
		return false
	}
	p.continues = true
	ok := p.addActions(list, t)
	if list.unguarded {
		p.cutUnguarded(list)
	}
	p.endChain(list)
	return ok
}

// cutUnguarded takes away what & adds to an action without a filter: at the top
// level rsyslogd passes over it, and a stop there would end all that follows.
func (p *parser) cutUnguarded(list *ActionList) {
	list.unguarded = true
	kept := list.Actions[:1]
	for _, a := range list.Actions[1:] {
		if _, ok := a.(*Directive); ok {
			kept = append(kept, a)
			continue
		}
		d := p.warnf(a.Range(), "& has no effect here, the first action of the list has no filter")
		d.Hint, d.Effect = "write *.* in front of the first action", "this action is ignored"
	}
	list.Actions = kept
}

// actions reads a list that is a statement of its own.
func (p *parser) actions(t token) (*ActionList, bool) {
	list, ok := p.actionList(t)
	if ok && p.blocks == 0 && p.nesting() == topLevel {
		p.cutUnguarded(list)
	}
	return list, ok
}

// addActions reads actions joined by &; without ok one of them was dropped.
func (p *parser) addActions(list *ActionList, t token) bool {
	ok := true
	for {
		if a, aOK := p.action(t); aOK {
			list.Actions = append(list.Actions, a)
		} else {
			ok = false
		}
		amp, found := p.ampersand()
		if !found {
			return ok
		}
		for d := p.peek(inStatement); d.kind == tDirective; d = p.peek(inStatement) {
			if dir, dOK := p.directive(d); dOK {
				list.Actions = append(list.Actions, dir)
			}
		}
		p.take(amp)
		t = p.peekAction()
		if !beginsAction(t) {
			p.syntaxError(t.start, t.end, "want an action behind &, found %s", describe(t))
			return false
		}
	}
}

// ampersand looks for & behind directives: rsyslogd executes those while it
// looks, and configurations put them between the actions of a failover chain.
func (p *parser) ampersand() (token, bool) {
	t := p.lex.statement(p.off)
	for t.kind == tDirective && !isSpecialDirective(t.text) {
		t = p.lex.statement(t.end)
	}
	return t, t.kind == tAmp
}

// peekAction is the next token where an action may stand. Unlike rsyslogd, which
// looks for a directive of that name, $name on the line of a filter is an
// output channel.
func (p *parser) peekAction() token {
	t := p.peek(inStatement)
	if t.kind == tDirective && !p.lex.onNewLine(t.start, p.last.end) && !strings.ContainsAny(t.text, " \t") {
		t.kind = tLegacy
	}
	return t
}

func beginsAction(t token) bool {
	switch t.kind {
	case tLegacy, tStop, tContinue, tCall, tCallIndirect:
		return true
	case tObject:
		return t.text == "action"
	}
	return false
}

func (p *parser) action(t token) (Action, bool) {
	switch t.kind {
	case tStop:
		p.take(t)
		return &Stop{at: at{p.tokRange(t)}}, true
	case tContinue:
		p.take(t)
		return &Continue{at{p.tokRange(t)}}, true
	case tCall:
		return p.call(t)
	case tCallIndirect:
		p.take(t)
		x, ok := p.expr()
		if !ok {
			p.skipTo(tSemi)
			return nil, false
		}
		return &CallIndirect{at{p.tokRange(t)}, x}, p.semicolon(t)
	case tObject:
		o := p.object(t)
		if o == nil {
			return nil, false
		}
		return &ActionObject{*o}, true
	}
	return p.legacyAction(t)
}

func (p *parser) call(t token) (Action, bool) {
	p.take(t)
	name, ok := p.lex.callName(p.off)
	if !ok {
		if p.lex.onNewLine(name.start, t.end) {
			name = t
		}
		p.syntaxError(name.start, name.end, "want the name of a ruleset behind call").Hint = "call name"
		return nil, false
	}
	p.take(name)
	return &Call{at{p.tokRange(t)}, name.text, p.tokRange(name)}, true
}

// legacyAction reads an action in the syntax of selector lines. Words that are
// no actions at all end up here, too, because a list of users may be any word.
func (p *parser) legacyAction(t token) (Action, bool) {
	if p.misread(t) {
		return nil, false
	}
	if p.blocks > 0 && endsInBrace(t.text) {
		t = p.giveBackBrace(t)
	}
	p.take(t)
	p.warnWords(t)
	text := strings.TrimRight(t.text, " \t")
	r := p.rng(t.start, t.start+len(text))
	if text[0] == '~' {
		return &Stop{at{r}, true}, true
	}
	return &LegacyAction{at{r}, text}, true
}

// warnWords reports a second word on a line: each is an action of its own that
// writes to the user of that name, and only the first belongs to a filter.
func (p *parser) warnWords(t token) {
	next := p.lex.span(t.end, isBlank)
	if !isNameByte(t.text[0]) || next == t.end || !isNameByte(p.lex.at(next)) || next < p.words {
		return
	}
	if p.lex.word(next).kind != tLegacy {
		return
	}
	p.words = p.lex.eol(t.end)
	d := p.warnf(p.rng(next, p.words), "these words are no action of this rule: each is a user to write to, for all messages")
	d.Hint = "join the names of users by commas, without blanks; put a comment in front of the rule"
}

// endsInBrace tells an action that swallowed the brace which was meant to close the block.
func endsInBrace(text string) bool {
	rest, ok := strings.CutSuffix(text, "}")
	return ok && strings.TrimRight(rest, " \t") != rest && !strings.Contains(rest, "{")
}

// giveBackBrace reports such an action and cuts it before the brace.
func (p *parser) giveBackBrace(t token) token {
	p.syntaxError(t.end-1, t.end, "this } belongs to the action, which runs to the end of its line").Hint =
		"put the } on a line of its own"
	t.end--
	t.text = strings.TrimSuffix(t.text, "}")
	return t
}

// misread reports what scans as a legacy action and cannot be meant as one. It
// leaves p.off behind what it reported on.
func (p *parser) misread(t token) bool {
	next := p.lex.at(t.end)
	word := isNameByte(t.text[0]) || t.text == "*"
	switch {
	case word && p.lex.lineStart(t.start) >= 0 && isBlank(next) && strings.HasSuffix(t.text, ",") && p.splitSelector(t):
	case word && (next == '.' || next == ',') && p.isSelector(t):
		p.misplacedSelector(t)
	case word && strings.EqualFold(t.text, "elseif"), strings.EqualFold(t.text, "elif"), strings.EqualFold(t.text, "elsif"):
		p.syntaxError(t.start, t.end, "there is no keyword %s", t.text).Hint = "write else if"
		t.kind = tIf
		p.ifStatement(t)
	case word && p.lex.at(p.lex.span(t.end, isBlank)) == '(':
		p.unknownObject(t)
	case word && strings.HasSuffix(t.text, ";") && statementKeywords[strings.ToLower(strings.TrimRight(t.text, ";"))] != 0:
		p.take(t)
		p.ignored(p.errorAt(t.start, t.end, "%s needs no ; behind it", strings.TrimRight(t.text, ";")), "remove the ;")
	default:
		return false
	}
	return true
}

func (p *parser) ignored(d *diag.Diagnostic, hint string) {
	d.Hint = hint
	if d.Effect == "" {
		d.Effect = "this statement is ignored"
	}
}

// isSelector reports whether t is the beginning of a selector that stands where
// none is recognised.
func (p *parser) isSelector(t token) bool {
	end := p.lex.span(t.end, func(c byte) bool {
		return isLetter(c) || isDigit(c) || strings.IndexByte(",!=;.*", c) >= 0
	})
	return end > t.end+1 && (isBlank(p.lex.at(end)) || p.lex.at(end) == '\n')
}

// misplacedSelector reports a selector that rsyslogd reads as two actions. Unlike
// rsyslogd, which then logs unconditionally, we drop it with its action.
func (p *parser) misplacedSelector(t token) {
	end := p.lex.span(t.end, func(c byte) bool { return !isBlank(c) && c != '\n' })
	if p.lex.lineStart(t.start) < 0 {
		p.ignored(p.errorAt(t.start, end, "a selector must stand at the beginning of a line"), "begin a new line here")
	} else if n, ok := numericFacility(t.text); ok {
		p.ignored(p.errorAt(t.start, t.end, "a facility is given by its name, not by a number"), "write "+n)
	} else {
		p.ignored(p.errorAt(t.start, end, "%s is not a selector", describe(p.lex.tok(tBad, t.start, end))),
			"write it as facility.severity, without blanks")
	}
	p.off = end
	p.resync()
}

func numericFacility(s string) (string, bool) {
	names := [...]string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
		"ftp", "ntp", "bsd_security", "console", "", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) || i > 2 {
			return "", false
		}
		n = n*10 + int(s[i]-'0')
	}
	if n >= len(names) || names[n] == "" {
		return "a name such as local0", true
	}
	return names[n], true
}

// unknownObject reports word( with a word that is no object. Unlike rsyslogd,
// which makes actions of the words, we drop the object.
func (p *parser) unknownObject(t token) {
	names := make([]string, 0, len(objectKeywords)+3)
	for name := range objectKeywords {
		names = append(names, name)
	}
	names = append(names, "if", "foreach", "reload_lookup_table")
	d := p.errorAt(t.start, t.end, "there is no object or statement %s(", t.text)
	hint := ""
	if s := diag.Suggest(t.text, names); s != "" {
		hint = "did you mean " + s + "?"
	}
	p.ignored(d, hint)
	open := p.lex.span(t.end, isBlank)
	p.skipParens(open)
	if p.lex.statement(p.off).kind == tLBrace {
		p.resyncBlock()
	}
}

// skipParens passes over ( ... ) that opens at off, or over the line when it
// does not close within a few thousand bytes.
func (p *parser) skipParens(off int) {
	depth := 0
	for i := off; i < min(len(p.src.text), off+4096); i++ {
		switch c := p.src.text[i]; c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.off = i + 1
				return
			}
		case '"', '\'':
			if t := p.lex.quoted(i, singleString); t.problem == nil || !t.problem.cut {
				i = t.end - 1
			}
		}
	}
	p.off = p.lex.eol(off)
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

func isSpecialDirective(text string) bool {
	name := directiveName(text)
	return name == "includeconfig" || name == "ruleset"
}

// directiveName is the name in a line $Name value: rsyslogd lets it end at white space.
func directiveName(text string) string {
	end := 1
	for end < len(text) && !isSpace(text[end]) {
		end++
	}
	return lower([]byte(text[1:end]))
}

func (p *parser) directive(t token) (*Directive, bool) {
	p.take(t)
	name := t.start + len(directiveName(t.text)) + 1
	value := p.lex.span(name, isLineSpace)
	d := &Directive{
		at:         at{p.rng(t.start, name)},
		Name:       directiveName(t.text),
		Spelling:   string(p.src.text[t.start+1 : name]),
		Value:      strings.TrimRight(string(p.src.text[value:t.end]), " \t"),
		ValueRange: p.rng(value, t.end),
	}
	switch d.Name {
	case "includeconfig":
		p.includeConfig(d)
	case "ruleset":
		if p.blocks > 0 {
			p.syntaxError(t.start, name, "$%s may not stand inside a block", d.Spelling).Hint = "use ruleset(...) { ... }"
			return nil, false
		}
	}
	return d, true
}

func isLineSpace(c byte) bool { return c != '\n' && isSpace(c) }

func (p *parser) bsdBlock(t token) Stmt {
	p.take(t)
	r := p.tokRange(t)
	d := p.errorf(r, "blocks for a program or host are not supported: %s", describe(t))
	d.Code = -2304
	d.Effect = "this line is ignored; the rules behind it apply to all messages"
	d.Hint = bsdHint(t.text)
	return &BSDBlock{at{r}, t.text}
}

// bsdHint is the condition that a block line stands for.
func bsdHint(text string) string {
	property, op := "$hostname", "=="
	name := text[1:]
	if text[0] == '!' {
		property = "$programname"
		if rest, ok := strings.CutPrefix(name, "+"); ok {
			name = rest
		}
	}
	if text[0] == '-' || strings.HasPrefix(name, "-") {
		op, name = "!=", strings.TrimPrefix(name, "-")
	}
	name = strings.TrimSpace(name)
	if strings.HasPrefix(name, "*") {
		return "remove the line"
	}
	value := "\"" + name + "\""
	if list := strings.Split(name, ","); len(list) > 1 {
		value = "[\"" + strings.Join(list, "\", \"") + "\"]"
	}
	return "if " + property + " " + op + " " + value + " then { ... }"
}
