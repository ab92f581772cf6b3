package config

import (
	"fmt"
	"strings"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/router"
	"syslogd/router/property"
	"syslogd/router/script"
	"syslogd/router/selector"
)

// block compiles the statements of a block.
func (l *loader) block(b *syntax.Block) []router.Stmt {
	if b == nil {
		return nil
	}
	var out []router.Stmt
	for _, s := range b.Stmts {
		out = append(out, l.stmt(s)...)
	}
	return out
}

// stmt compiles one statement. What cannot be used is reported and left out;
// what it guards is left out with it.
func (l *loader) stmt(s syntax.Stmt) []router.Stmt {
	switch s := s.(type) {
	case *syntax.ActionList:
		return l.actionList(s)
	case *syntax.Include:
		l.abortIfMissing(s)
		return l.files(s.Files)
	case *syntax.Directive:
		l.directive(s)
		return l.files(s.Files)
	case *syntax.BSDBlock:
		// reported by the parser
	case *syntax.Object:
		d := l.diags.Errorf(s.Range(), "%s() is a declaration and can not stand in a block", s.Kind)
		d.Effect = "it is ignored"
	case *syntax.Template:
		l.diags.Errorf(s.Range(), "template() can not stand in a block").Effect = "it is ignored"
	case *syntax.Ruleset:
		l.diags.Errorf(s.Range(), "ruleset() can not stand in a block").Effect = "it is ignored"
	}
	return l.traced(s, l.single(s))
}

// single compiles the statements that are one when compiled, too.
func (l *loader) single(s syntax.Stmt) router.Stmt {
	switch s := s.(type) {
	case *syntax.If:
		cond := l.expr(s.Cond)
		then, otherwise := l.block(s.Then), l.block(s.Else)
		if cond != nil {
			return &router.If{Cond: cond, Then: then, Else: otherwise}
		}
	case *syntax.PRIFilter:
		if !l.permitted(l.cfg.Global.SelectorFormat, "compatibility.configFormat.syslogd", s.Range(), "this rule is ignored") {
			return nil
		}
		sel, ok := selector.Parse(s.Text, s.Range(), l.diags)
		body := l.block(s.Body)
		if ok {
			return &router.Selector{Sel: sel, Then: body}
		}
	case *syntax.PropFilter:
		return l.propFilter(s)
	case *syntax.Set:
		target := l.target(s.Var, "set")
		value := l.expr(s.Value)
		if target != nil && value != nil {
			return &router.Set{Target: target, Value: value, Reset: s.Reset}
		}
	case *syntax.Unset:
		if target := l.target(s.Var, "unset"); target != nil {
			return &router.Unset{Target: target}
		}
	case *syntax.Foreach:
		return l.foreach(s)
	case *syntax.ReloadLookupTable:
		return l.reloadTable(s)
	}
	return nil
}

// traced makes the list of the statement st, nil for none, that n stands for.
func (l *loader) traced(n syntax.Node, st router.Stmt) []router.Stmt {
	switch {
	case st == nil:
		return nil
	case l.trace:
		st = &router.Traced{Stmt: st, Node: n}
	}
	return []router.Stmt{st}
}

func (l *loader) files(files []*syntax.File) []router.Stmt {
	var out []router.Stmt
	for _, f := range files {
		for _, s := range f.Stmts {
			out = append(out, l.stmt(s)...)
		}
	}
	return out
}

// expr compiles an expression; nil means that it was reported.
func (l *loader) expr(e syntax.Expr) *script.Program {
	l.watchPrevious(e)
	return script.Compile(e, script.Env{Template: l.cfg.Templates.Lookup, Tables: l.cfg.Tables, Buckets: l.cfg.Buckets, Regexps: l.cfg.Regexps, Requests: l.cfg.Requests}, l.diags)
}

// watchPrevious makes the action before an expression that asks for its state
// deliver each message at once, so that there is a state to ask for.
func (l *loader) watchPrevious(e syntax.Expr) {
	syntax.Inspect(e, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncCall); ok && strings.EqualFold(f.Name, "previous_action_suspended") && len(l.cfg.Actions) > 0 {
			l.cfg.Actions[len(l.cfg.Actions)-1].Watched = true
		}
		return true
	})
}

func (l *loader) target(v *syntax.Variable, what string) *script.Target {
	return script.NewTarget(v, what, l.diags)
}

func (l *loader) foreach(s *syntax.Foreach) router.Stmt {
	target, in := l.target(s.Var, "foreach"), l.expr(s.In)
	body := l.block(s.Body)
	if target == nil || in == nil {
		return nil
	}
	return &router.Foreach{Var: target, In: in, Body: body}
}

// permitted reports whether a way to write may be used; it is warned of or
// refused when the configuration says so.
func (l *loader) permitted(format, name string, rng diag.Range, effect string) bool {
	switch format {
	case "warn":
		l.diags.Warnf(rng, "this is written the old way, and %s is %q", name, format).Hint = "syslogd convert writes it in RainerScript"
	case "disable":
		d := l.diags.Errorf(rng, "this is written the old way, and %s is %q", name, format)
		d.Hint, d.Effect = "syslogd convert writes it in RainerScript", effect
		return false
	}
	return true
}

func (l *loader) propFilter(s *syntax.PropFilter) router.Stmt {
	if !l.permitted(l.cfg.Global.PropertyFormat, "compatibility.configFormat.property", s.Range(), "this rule is ignored") {
		return nil
	}
	body := l.block(s.Body)
	if s.Broken {
		return nil
	}
	f, err := property.CompileFilter(s.Property, s.Op, s.Value, s.Negate, l.cfg.Regexps)
	if err != nil {
		l.filterError(s, err)
		return nil
	}
	if f.Backtracks() {
		l.diags.Notef(s.ValueRange, "%s", posix.Slow)
	}
	return &router.Filter{Filter: f, Then: body}
}

func (l *loader) filterError(s *syntax.PropFilter, err error) {
	rng := s.Range()
	var fe *property.FilterError
	if asFilterError(err, &fe) {
		switch fe.Part {
		case property.InName:
			rng = s.PropertyRange
		case property.InOp:
			rng = s.OpRange
		case property.InValue:
			rng = s.ValueRange
		}
	}
	d := l.diags.Errorf(rng, "%v", err)
	if fe != nil {
		d.Hint = fe.Hint
	}
	// Unlike rsyslogd, a filter that can not be understood disables its rule
	// and does not make it unconditional.
	d.Effect = "this rule is ignored"
}

func (l *loader) actionList(s *syntax.ActionList) []router.Stmt {
	var out []router.Stmt
	for _, a := range s.Actions {
		out = append(out, l.traced(a, l.action(a))...)
	}
	return out
}

func (l *loader) action(a syntax.Action) router.Stmt {
	switch a := a.(type) {
	case *syntax.ActionObject:
		return l.actionObject(a)
	case *syntax.LegacyAction:
		return l.legacyAction(a)
	case *syntax.Stop:
		if a.Tilde {
			l.legacy.expire(param.UntilLegacyAction)
			l.cfg.HasActions = true
			l.diags.Notef(a.Range(), "the action ~ is deprecated").Hint = `write "stop"`
		}
		return router.Stop{}
	case *syntax.Call:
		st := &router.Call{}
		l.calls = append(l.calls, pendingCall{st, a.Name, a.NameRange})
		return st
	case *syntax.Directive:
		l.directive(a)
	case *syntax.CallIndirect:
		if p := l.expr(a.Name); p != nil {
			return &router.CallIndirect{Name: p}
		}
	}
	return nil
}

// object for an action()'s tables.
func actionTitle(typ string) string { return fmt.Sprintf("action(type=%q)", typ) }

// templateArgs checks that the templates an object names are defined; they
// must stand before the action, as in rsyslogd.
func (l *loader) templateArgs(infos []param.Info, obj *param.Object) bool {
	ok := true
	for _, i := range infos {
		if i.Kind != param.KindTemplate {
			continue
		}
		a := obj.Arg(strings.ToLower(i.Name))
		if a == nil || len(a.Items) == 0 || l.cfg.Templates.Lookup(a.Items[0]) != nil {
			continue
		}
		l.unknownTemplate(a.Items[0], a.ValueRange)
		ok = false
	}
	return ok
}

func (l *loader) unknownTemplate(name string, rng diag.Range) {
	if at, broken := l.cfg.Templates.Broken(name); broken {
		// The mistake is in the template, and was reported.
		d := l.diags.Notef(rng, "template %q is not usable", name)
		d.Related = []diag.Related{{Range: at, Text: "the template"}}
		d.Effect = "this action is ignored"
		return
	}
	d := l.diags.Errorf(rng, "there is no template %q", name)
	if s := diag.Suggest(name, l.cfg.Templates.Names()); s != "" {
		d.Hint = fmt.Sprintf("did you mean %q?", s)
	} else if strings.Contains(name, "/") {
		d.Hint = fmt.Sprintf("write file=%q: dynaFile takes a template that makes names", name)
	} else {
		d.Hint = "define it in front of the action that names it"
	}
	if later := l.laterTemplate(name); later != nil {
		d.Text = fmt.Sprintf("template %q is defined behind the action", name)
		d.Hint = "move the template in front of the action"
		d.Related = []diag.Related{{Range: later.Range(), Text: "it is defined here"}}
	}
	d.Effect, d.Code, d.Missing = "this action is ignored", -3003, name
}

// laterTemplate is where a template is defined that an action names too early, or nil.
func (l *loader) laterTemplate(name string) (found syntax.Node) {
	look := func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Template:
			if p := n.Param("name"); p != nil && len(p.Value.Items) > 0 && p.Value.Items[0].Text == name {
				found = n
			}
		case *syntax.Directive:
			if def, _, ok := strings.Cut(n.Value, ","); ok && n.Name == "template" && def == name {
				found = n
			}
		}
		return found == nil
	}
	for _, s := range l.cfg.File.Stmts {
		syntax.Inspect(s, look)
	}
	return found
}
