package syntax

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"syslogd/internal/diag"
)

// yamlRules are the keys of a ruleset that hold its rules.
type yamlRules struct{ filter, actions, statements, script *yaml.Node }

// ruleset makes a ruleset: its rules stand in statements:, in script:, or in
// actions: with an optional filter:.
func (y *yamlReader) ruleset(n *yaml.Node) *Ruleset {
	var rules yamlRules
	keys := map[string]**yaml.Node{
		"filter": &rules.filter, "actions": &rules.actions, "statements": &rules.statements, "script": &rules.script,
	}
	var given []*yaml.Node
	o := y.object("ruleset", nil, n, func(k, v *yaml.Node) bool {
		field := keys[k.Value]
		if field == nil {
			return false
		}
		if *field != nil {
			y.errorf(y.rng(k), "%s stands here a second time", k.Value).Effect = "it is ignored"
			return true
		}
		*field = v
		given = append(given, k)
		return true
	})
	if o == nil {
		return nil
	}
	rs := &Ruleset{Object: *o, Body: &Block{at: o.at, Braces: true}}
	if y.contradict(rules, given) {
		return rs
	}
	switch {
	case rules.statements != nil:
		rs.Body.Stmts = y.statements(rules.statements, given[0])
	case rules.script != nil:
		rs.Body.Stmts = y.script(rules.script)
	default:
		rs.Body.Stmts = y.shortcut(rules)
	}
	return rs
}

// isDefault tells the ruleset that other configurations do not name: its rules
// stand outside of rulesets. In YAML there is no such place.
func (y *yamlReader) isDefault(rs *Ruleset) bool {
	name := rs.Param("name")
	if name == nil || text(name) != "RSYSLOG_DefaultRuleset" {
		return false
	}
	for _, p := range rs.Params {
		if p.Name != "name" {
			d := y.errorf(p.Range(), "RSYSLOG_DefaultRuleset takes no parameters, found %s", p.Spelling)
			d.Hint, d.Effect = "its queue is the one of mainqueue:", "the parameter is ignored"
		}
	}
	return true
}

// contradict reports rules that are given in two ways.
func (y *yamlReader) contradict(r yamlRules, given []*yaml.Node) bool {
	ways := 0
	for _, is := range []bool{r.filter != nil || r.actions != nil, r.statements != nil, r.script != nil} {
		if is {
			ways++
		}
	}
	if ways < 2 {
		return false
	}
	var names []string
	for _, k := range given {
		names = append(names, k.Value)
	}
	d := y.errorf(y.rng(given[1]), "a ruleset has either statements:, or script:, or filter: and actions:, here are %s", strings.Join(names, " and "))
	d.Hint, d.Effect = "put all rules into statements:", "the ruleset has no rules"
	return true
}

// shortcut reads filter: and actions:.
func (y *yamlReader) shortcut(r yamlRules) []Stmt {
	var list []Stmt
	if r.actions != nil {
		for _, n := range y.items(r.actions, &yaml.Node{Kind: yaml.ScalarNode, Value: "actions", Line: r.actions.Line, Column: r.actions.Column}) {
			if s := y.action(n); s != nil {
				list = append(list, s)
			}
		}
	}
	if r.filter == nil {
		return list
	}
	if len(list) == 0 {
		if r.actions == nil {
			y.errorf(y.rng(r.filter), "the filter has no actions:").Effect = "it is ignored"
		}
		return nil
	}
	if s := y.filter(r.filter, list); s != nil {
		return []Stmt{s}
	}
	y.unused = append(y.unused, list...)
	return nil
}

// filter reads a selector or a property filter, which guards list.
func (y *yamlReader) filter(n *yaml.Node, list []Stmt) (out Stmt) {
	n = y.resolve(n)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.ScalarNode || isNull(n) {
		y.errorf(y.rng(n), "filter: want a selector or a property filter, found %s", shape(n)).Effect = "the ruleset has no rules"
		return nil
	}
	y.apart("the ruleset has no rules", func() {
		p := y.embedded(n)
		said := y.diags.Len()
		body := &Block{at: at{y.rng(n)}, Stmts: list, Braces: true}
		switch t := p.peek(inStatement); t.kind {
		case tPRIFilter:
			p.take(t)
			if !p.splitSelector(t) {
				out = &PRIFilter{at: at{p.tokRange(t)}, Text: t.text, Body: body}
			}
		case tPropFilter:
			f := &PropFilter{Body: body}
			if p.propHead(t, f) {
				f.at = at{p.rng(t.start, p.off)}
				out = f
			}
		}
		if out == nil || p.lex.skip(p.off, true) < len(p.src.text) {
			out = nil
			if y.diags.Len() == said {
				d := p.errorf(y.rng(n), "filter: want a selector or a property filter, found %q", clip(n.Value))
				d.Hint = `filter: "*.info", or filter: ':msg, contains, "text"'`
			}
			y.diags.Edit(said, func(d *diag.Diagnostic) { d.Effect = "the ruleset has no rules" })
		}
	})
	return out
}

// script reads rules in the language.
func (y *yamlReader) script(n *yaml.Node) (list []Stmt) {
	n = y.resolve(n)
	switch {
	case n == nil || isNull(n):
		return nil
	case n.Kind != yaml.ScalarNode:
		d := y.errorf(y.rng(firstKey(n)), "script: want text in RainerScript, found %s", shape(n))
		d.Hint, d.Effect = "write script: | and the text in the lines behind it, or use statements:", "the ruleset has no rules"
		return nil
	}
	y.apart("the script ends here: this statement and all that follows in it have no effect", func() {
		list = y.embedded(n).statements()
	})
	return list
}

// statements reads a list of statements.
func (y *yamlReader) statements(n, key *yaml.Node) []Stmt {
	var list []Stmt
	if y.depth++; y.depth > maxDepth {
		if y.depth == maxDepth+1 {
			y.errorf(y.rng(n), "nested more than %d levels deep", maxDepth).Effect = "it is ignored"
		}
		y.depth--
		return nil
	}
	defer func() { y.depth-- }()
	for _, item := range y.items(n, key) {
		if s := y.statement(item); s != nil {
			list = append(list, s)
		}
	}
	return list
}

// salvage keeps what a statement guards that is dropped, to be checked.
func (y *yamlReader) salvage(b *Block) {
	if b != nil {
		y.unused = append(y.unused, b.Stmts...)
	}
}

// yamlStatement is a kind of statement: the key that tells it apart, and the keys
// that may stand beside it.
type yamlStatement struct {
	key    string
	others []string
	read   func(y *yamlReader, m map[string]*yaml.Node, key *yaml.Node) Stmt
}

func yamlStatements() []yamlStatement {
	return []yamlStatement{
		{"if", []string{"then", "action", "else"}, (*yamlReader).ifStatement},
		{"foreach", nil, (*yamlReader).foreach},
		{"set", nil, func(y *yamlReader, m map[string]*yaml.Node, k *yaml.Node) Stmt { return y.set(m["set"], k, false) }},
		{"reset", nil, func(y *yamlReader, m map[string]*yaml.Node, k *yaml.Node) Stmt { return y.set(m["reset"], k, true) }},
		{"unset", nil, (*yamlReader).unset},
		{"call", nil, (*yamlReader).call},
		{"call_indirect", nil, (*yamlReader).callIndirect},
		{"stop", nil, func(y *yamlReader, m map[string]*yaml.Node, k *yaml.Node) Stmt {
			return y.flag(m["stop"], k, &Stop{at: at{y.rng(k)}})
		}},
		{"continue", nil, func(y *yamlReader, m map[string]*yaml.Node, k *yaml.Node) Stmt {
			return y.flag(m["continue"], k, &Continue{at{y.rng(k)}})
		}},
		{"reload_lookup_table", nil, (*yamlReader).reloadTable},
	}
}

// statement reads one statement: what it is depends on its keys.
func (y *yamlReader) statement(n *yaml.Node) Stmt {
	n = y.resolve(n)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d := y.errorf(y.rng(n), "want a statement such as {type: omfile, file: /var/log/all}, found %s", shape(n))
		if n.Kind == yaml.ScalarNode && (n.Value == "stop" || n.Value == "continue") {
			d.Hint = "write " + n.Value + ": true"
		}
		d.Effect = ignoredStatement
		return nil
	}
	has := func(name string) *yaml.Node {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return n.Content[i]
			}
		}
		return nil
	}
	for _, s := range yamlStatements() {
		if key := has(s.key); key != nil {
			m, ok := y.fields(n, key, append([]string{s.key}, s.others...))
			if !ok {
				return nil
			}
			return s.read(y, m, key)
		}
	}
	if has("type") == nil {
		y.unknownStatement(n)
		return nil
	}
	return y.action(n)
}

func (y *yamlReader) unknownStatement(n *yaml.Node) {
	key := firstKey(n)
	d := y.errorf(y.rng(key), "there is no statement %s", shape(n))
	known := []string{"type"}
	for _, s := range yamlStatements() {
		known = append(known, s.key)
	}
	if key.Value == "action" {
		d.Hint = "write the parameters of the action themselves: type: omfile"
	} else if s := diag.Suggest(key.Value, known); s != "" {
		d.Hint = "did you mean " + s + "?"
	} else {
		d.Hint = "an action begins with type:"
	}
	d.Effect = ignoredStatement
}

// fields are the values of a mapping by their keys, all of them known.
func (y *yamlReader) fields(n, key *yaml.Node, known []string) (map[string]*yaml.Node, bool) {
	n = y.resolve(n)
	if n == nil {
		return nil, false
	}
	if n.Kind != yaml.MappingNode {
		y.errorf(y.rng(key), "%s: want %s:, found %s", key.Value, strings.Join(known, ":, "), shape(n)).Effect = ignoredStatement
		return nil, false
	}
	m, ok := map[string]*yaml.Node{}, true
	y.pairs(n, func(k, v *yaml.Node) {
		var d *diag.Diagnostic
		switch {
		case !slices.Contains(known, k.Value):
			d = y.errorf(y.rng(k), "%s: can not stand beside or in %s:", clip(k.Value), key.Value)
			if s := diag.Suggest(k.Value, known); s != "" {
				d.Hint = "did you mean " + s + "?"
			}
		case m[k.Value] != nil:
			d = y.errorf(y.rng(k), "%s stands here a second time", k.Value)
		default:
			m[k.Value] = v
			return
		}
		d.Effect, ok = ignoredStatement, false
	})
	return m, ok
}

// action makes action(...).
func (y *yamlReader) action(n *yaml.Node) Stmt {
	o := y.object("action", nil, n, nil)
	if o == nil {
		return nil
	}
	return &ActionList{at: o.at, Actions: []Action{&ActionObject{*o}}}
}

func (y *yamlReader) single(a Action) Stmt {
	return &ActionList{at: at{a.Range()}, Actions: []Action{a}}
}

// flag is stop: true and continue: true.
func (y *yamlReader) flag(n, key *yaml.Node, a Action) Stmt {
	n = y.resolve(n)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.ScalarNode || !isYes(n.Value) {
		y.errorf(y.rng(n), "%s: want true, found %s", key.Value, shape(n)).Effect = ignoredStatement
		return nil
	}
	return y.single(a)
}

func (y *yamlReader) ifStatement(m map[string]*yaml.Node, key *yaml.Node) Stmt {
	s := &If{at: at{y.rng(key)}}
	cond, ok := y.expr(m["if"])
	s.Cond = cond
	switch {
	case m["then"] != nil && m["action"] != nil:
		y.errorf(y.rng(key), "if: has both then: and action:").Effect = ignoredStatement
		return nil
	case m["then"] != nil:
		s.Then = y.block(m["then"], "then")
	case m["action"] != nil:
		s.Then = &Block{at: s.at, Braces: true}
		if a := y.action(m["action"]); a != nil {
			s.Then.Stmts = []Stmt{a}
		}
	default:
		d := y.errorf(y.rng(key), "if: needs then: or action:")
		d.Effect = ignoredStatement
		return nil
	}
	if m["else"] != nil {
		s.Else = y.block(m["else"], "else")
		ok = ok && s.Else != nil
	}
	if !ok || s.Then == nil {
		y.salvage(s.Then)
		y.salvage(s.Else)
		return nil
	}
	return s
}

// block reads a list of statements that must not be empty.
func (y *yamlReader) block(n *yaml.Node, name string) *Block {
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: name, Line: n.Line, Column: n.Column}
	n = y.resolve(n)
	if n == nil {
		return nil
	}
	b := &Block{at: at{y.rng(firstKey(n))}, Braces: true}
	if isNull(n) || n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d := y.errorf(y.rng(n), "%s: has no statements", name)
		d.Hint, d.Effect = "write continue: true for a block that does nothing", ignoredStatement
		return nil
	}
	if n.Kind == yaml.MappingNode { // a single statement
		if s := y.statement(n); s != nil {
			b.Stmts = []Stmt{s}
		}
		return b
	}
	b.Stmts = y.statements(n, key)
	return b
}

func (y *yamlReader) foreach(m map[string]*yaml.Node, key *yaml.Node) Stmt {
	f, ok := y.fields(m["foreach"], key, []string{"var", "in", "do"})
	if !ok || !y.needs(f, key, "var", "in", "do") {
		return nil
	}
	s := &Foreach{at: at{y.rng(key)}}
	var ok2 bool
	s.Var, ok = y.variable(f["var"])
	s.In, ok2 = y.expr(f["in"])
	if s.Body = y.block(f["do"], "do"); !ok || !ok2 || s.Body == nil {
		y.salvage(s.Body)
		return nil
	}
	return s
}

func (y *yamlReader) needs(m map[string]*yaml.Node, key *yaml.Node, names ...string) bool {
	for _, name := range names {
		if m[name] == nil {
			y.errorf(y.rng(key), "%s: needs %s:", key.Value, name).Effect = ignoredStatement
			return false
		}
	}
	return true
}

func (y *yamlReader) set(n, key *yaml.Node, reset bool) Stmt {
	f, ok := y.fields(n, key, []string{"var", "expr"})
	if !ok || !y.needs(f, key, "var", "expr") {
		return nil
	}
	v, ok := y.variable(f["var"])
	x, ok2 := y.expr(f["expr"])
	if !ok || !ok2 {
		return nil
	}
	return &Set{at{y.rng(key)}, reset, v, x}
}

func (y *yamlReader) unset(m map[string]*yaml.Node, key *yaml.Node) Stmt {
	v, ok := y.variable(m["unset"])
	if !ok {
		return nil
	}
	return &Unset{at{y.rng(key)}, v}
}

func (y *yamlReader) call(m map[string]*yaml.Node, key *yaml.Node) Stmt {
	n, ok := y.scalar(m["call"], "want the name of a ruleset")
	if !ok {
		return nil
	}
	lex := newLexer([]byte(n.Value + "\n"))
	if t, ok := lex.callName(0); !ok || t.text != n.Value {
		y.errorf(y.rng(n), "want the name of a ruleset, found %q", clip(n.Value)).Effect = ignoredStatement
		return nil
	}
	return y.single(&Call{at{y.rng(key)}, n.Value, y.rng(n)})
}

func (y *yamlReader) callIndirect(m map[string]*yaml.Node, key *yaml.Node) Stmt {
	x, ok := y.expr(m["call_indirect"])
	if !ok {
		return nil
	}
	return y.single(&CallIndirect{at{y.rng(key)}, x})
}

// reloadTable takes the name of a table, or table: and stub_value:.
func (y *yamlReader) reloadTable(m map[string]*yaml.Node, key *yaml.Node) Stmt {
	n := y.resolve(m["reload_lookup_table"])
	if n == nil {
		return nil
	}
	args := []*yaml.Node{n}
	if n.Kind != yaml.ScalarNode {
		f, ok := y.fields(n, key, []string{"table", "stub_value"})
		if !ok || !y.needs(f, key, "table") {
			return nil
		}
		args = []*yaml.Node{f["table"]}
		if f["stub_value"] != nil {
			args = append(args, f["stub_value"])
		}
	}
	s := &ReloadLookupTable{at: at{y.rng(key)}}
	for _, a := range args {
		if a = y.resolve(a); a == nil || a.Kind != yaml.ScalarNode || isNull(a) {
			y.errorf(y.rng(key), "reload_lookup_table: want the name of a table and perhaps a stub, as texts").Effect = ignoredStatement
			return nil
		}
		s.Args = append(s.Args, &String{at: at{y.rng(a)}, Value: a.Value})
	}
	return s
}
