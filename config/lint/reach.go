package lint

import (
	"fmt"
	"slices"
	"strings"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// inRulesets calls f for all nodes with the name of the ruleset that they are in.
func (l *linter) inRulesets(f func(ruleset string, n syntax.Node)) {
	current := config.DefaultRuleset
	objects := map[syntax.Node]bool{} // below a ruleset() object, seen with its name
	syntax.InspectFile(l.cfg.File, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Ruleset:
			name := value(&n.Object, "name")
			syntax.Inspect(n, func(inner syntax.Node) bool {
				objects[inner] = true
				f(name, inner)
				return true
			})
			return false
		case *syntax.Directive:
			if n.Name == "ruleset" {
				current = n.Value
			}
		}
		if !objects[n] {
			f(current, n)
		}
		return true
	})
}

// reach looks for rulesets that no message gets to, and for statements.
func (l *linter) reach() {
	used := map[string]bool{l.cfg.Default.Name: true, config.DefaultRuleset: true}
	indirect := false
	wrong := l.diags.Count(diag.Error) > 0 // what uses a ruleset may be what was refused
	for _, in := range l.cfg.Inputs {
		used[l.rulesetOf(in)] = true
	}
	l.inRulesets(func(_ string, n syntax.Node) {
		switch n := n.(type) {
		case *syntax.Call:
			used[n.Name] = true
		case *syntax.CallIndirect:
			indirect = true
		case *syntax.Object:
			used[value(n, "ruleset")] = true
		case *syntax.Directive:
			// An input that was refused has an error of its own.
			if strings.HasSuffix(n.Name, "bindruleset") || n.Name == "defaultruleset" {
				used[n.Value] = true
			}
		case *syntax.Block:
			l.behindStop(n.Stmts)
		}
	})
	l.behindStop(l.cfg.File.Stmts)
	for _, r := range l.cfg.Rulesets {
		bind := fmt.Sprintf("ruleset=%q", r.Name)
		if used[r.Name] || indirect || wrong || l.suggested(bind) || !r.Range.Start.IsValid() {
			continue
		}
		l.diags.Notef(r.Range, "no input and no call uses the ruleset %q: its rules see no message", r.Name).
			Hint = fmt.Sprintf("write %s at an input, or call %s", bind, r.Name)
	}
}

// suggested reports whether a diagnostic has that hint already: one mistake, one message.
func (l *linter) suggested(hint string) bool {
	return slices.ContainsFunc(l.diags.All(), func(d diag.Diagnostic) bool { return d.Hint == hint })
}

// behindStop looks for the first statement behind a stop that every message meets.
func (l *linter) behindStop(stmts []syntax.Stmt) {
	var stop syntax.Node
	for _, s := range stmts {
		switch s := s.(type) {
		case *syntax.If, *syntax.PRIFilter, *syntax.PropFilter, *syntax.ActionList, *syntax.Set, *syntax.Foreach:
			if stop != nil {
				d := l.diags.Notef(s.Range(), "no message comes here")
				d.Related = []diag.Related{{Range: stop.Range(), Text: "every message ends here"}}
				d.Hint = "move the stop behind it, or give the stop a condition"
				return
			}
		case *syntax.Directive:
			if s.Name == "ruleset" {
				stop = nil
			}
		}
		if found := endsAll(s); found != nil {
			stop = found
		}
	}
}

// endsAll returns the stop that ends every message in s, or nil.
func endsAll(s syntax.Stmt) syntax.Node {
	switch s := s.(type) {
	case *syntax.ActionList:
		for _, a := range s.Actions {
			if stop, ok := a.(*syntax.Stop); ok {
				return stop
			}
		}
	case *syntax.PRIFilter:
		if s.Text == "*.*" && s.Body != nil && len(s.Body.Stmts) > 0 {
			return endsAll(s.Body.Stmts[len(s.Body.Stmts)-1])
		}
	}
	return nil
}

// inputDirective looks for directives behind the line that makes the input that
// they are for.
func (l *linter) inputDirective(d *syntax.Directive) {
	use := l.cfg.Uses[d]
	if !strings.HasPrefix(use.Module, "im") || use.Failed {
		return
	}
	switch use.Kind {
	case config.UseRun:
		l.runs[use.Module] = d
		delete(l.late, use.Module)
	case config.UseInstance:
		l.late[use.Module] = append(l.late[use.Module], d)
	}
}

// lateDirectives reports directives that no input took.
func (l *linter) lateDirectives() {
	for module, list := range l.late {
		for _, d := range list {
			n := l.diags.Notef(d.Range(), "$%s has no effect: no line that makes an input of %s follows", d.Spelling, module)
			n.Hint = "write it in front of the line that makes the input"
			if run := l.runs[module]; run != nil {
				n.Related = []diag.Related{{Range: run.Range(), Text: "the input was made here"}}
				n.Hint = "write it in front of $" + run.Spelling
			}
		}
	}
}
