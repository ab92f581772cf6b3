package rewrite

import (
	"fmt"
	"slices"
	"strings"

	"syslogd/config"
	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// width is where objects are broken into a line for each parameter, in bytes.
const width = 100

// Convert writes cfg in RainerScript, with the meaning that it has: legacy
// directives become the parameters of the objects that they apply to, selector
// lines become if statements with actions. Comments before a statement stay
// before it. Files whose legacy lines were included stand in the place of the
// include; other includes stay.
//
// What has no other form stays as it is: $AllowedSender, $DefaultRuleset, filters
// with basic regular expressions. What has no effect becomes a comment. opt is how
// the configuration was read.
func Convert(cfg *config.Config, opt syntax.Options) ([]byte, error) {
	c := newConverter(cfg)
	c.comments = &comments{map[*diag.Source]int{}}
	c.file(cfg.File)
	c.legacyRulesets()
	return c.text(syntax.PrintOptions{Width: width}, opt)
}

func newConverter(cfg *config.Config) *converter {
	return &converter{cfg: cfg, made: madeBy(cfg), done: map[string]bool{}}
}

type converter struct {
	made
	cfg      *config.Config
	comments *comments // nil: they are left out
	out      []syntax.Stmt
	// full is set when all settings are wanted, not only those that were changed.
	full bool
	// rulesets are those that $RuleSet lines make; current is the one that
	// statements belong to, nil for the default.
	rulesets []*legacyRuleset
	current  *legacyRuleset
	// done are the objects that are written once, for many directives.
	done map[string]bool
}

type legacyRuleset struct {
	name string
	body []syntax.Stmt
}

// top adds declarations, which do not belong to a ruleset.
func (c *converter) top(list ...syntax.Stmt) { c.out = follow(c.out, list) }

// add adds statements to the current ruleset.
func (c *converter) add(list ...syntax.Stmt) {
	if c.current == nil {
		c.top(list...)
		return
	}
	c.current.body = follow(c.current.body, list)
}

// follow appends statements to a list. Of the blank lines around a line that is not
// written one is left.
func follow(list, more []syntax.Stmt) []syntax.Stmt {
	for _, s := range more {
		if c, ok := s.(*syntax.Comment); ok && endsBlank(list) {
			for len(c.Lines) > 0 && c.Lines[0] == "" {
				c.Lines = c.Lines[1:]
			}
			if len(c.Lines) == 0 {
				continue
			}
		}
		list = append(list, s)
	}
	return list
}

// endsBlank reports whether a list ends with a blank line.
func endsBlank(list []syntax.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	c, ok := list[len(list)-1].(*syntax.Comment)
	return ok && len(c.Lines) > 0 && c.Lines[len(c.Lines)-1] == ""
}

func (c *converter) file(f *syntax.File) {
	for _, s := range f.Stmts {
		c.add(c.comments.before(s)...)
		c.topLevel(s)
	}
	c.add(c.comments.end(f)...)
}

func (c *converter) topLevel(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.Object:
		c.top(c.object(s)...)
	case *syntax.Template:
		c.top(s)
	case *syntax.Ruleset:
		rs := *s
		rs.Body = c.block(s.Body)
		if name := s.Param("name"); c.full && name != nil && len(name.Value.Items) > 0 {
			rs.Object = *c.ruleset(name.Value.Items[0].Text)
		}
		c.top(&rs)
	case *syntax.Include:
		if c.current == nil && !c.full && !legacy(s) {
			c.top(s)
			return
		}
		c.inline(s.Files)
	case *syntax.Directive:
		c.directive(s)
	default:
		c.add(c.stmt(s)...)
	}
}

// inline puts the content of included files here.
func (c *converter) inline(files []*syntax.File) {
	for _, f := range files {
		c.add(note("from " + f.Source.Name))
		c.file(f)
	}
}

func note(text string) syntax.Stmt { return &syntax.Comment{Lines: []string{"# " + text}} }

// legacy reports whether there is something to convert in or below n.
func legacy(n syntax.Node) bool {
	found := false
	syntax.Inspect(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Directive, *syntax.LegacyAction, *syntax.PRIFilter, *syntax.PropFilter, *syntax.BSDBlock:
			found = true
		case *syntax.Stop:
			found = found || n.Tilde
		}
		return !found
	})
	return found
}

// object leaves out what a directive that follows sets to another value.
func (c *converter) object(o *syntax.Object) []syntax.Stmt {
	switch o.Kind {
	case "global", "main_queue", "module", "input":
		if c.full {
			return nil
		}
	}
	switch o.Kind {
	case "global":
		return c.rest(o, c.cfg.GlobalSettings())
	case "main_queue":
		return c.rest(o, c.cfg.MainQueueSettings())
	case "module":
		load := o.Param("load")
		if load == nil || len(load.Value.Items) == 0 {
			break
		}
		name := config.ModuleName(load.Value.Items[0].Text)
		if c.done["module "+name] {
			return nil
		}
		c.done["module "+name] = true
		if c.directed(config.UseModule, name) {
			return []syntax.Stmt{moduleObject(c.cfg, name, load.Value.Items[0].Text, changed)}
		}
	}
	return []syntax.Stmt{o}
}

// directed reports whether a directive sets a parameter of the module itself.
func (c *converter) directed(kind config.UseKind, module string) bool {
	for _, u := range c.cfg.Uses {
		if u.Kind == kind && u.Module == module && u.Info != nil {
			return true
		}
	}
	return false
}

// rest is o without the parameters whose value in effect is from elsewhere.
func (c *converter) rest(o *syntax.Object, list []config.Setting) []syntax.Stmt {
	out := *o
	out.Params = nil
	for _, p := range o.Params {
		i := slices.IndexFunc(list, func(s config.Setting) bool { return strings.EqualFold(s.Name, p.Name) })
		if i < 0 || list[i].From == p.Value.Range() {
			out.Params = append(out.Params, p)
		}
	}
	if len(out.Params) == 0 && len(o.Params) > 0 {
		return nil
	}
	return []syntax.Stmt{&out}
}

// directive adds what a legacy line stands for, if that is not part of another object.
func (c *converter) directive(d *syntax.Directive) {
	use := c.cfg.Uses[d]
	switch {
	case c.full && use.Kind != config.UseSpecial && (use.Info == nil || use.Kind == config.UseRun || !strings.HasPrefix(use.Info.Name, "$") || use.Info.Meant[0] != ""):
	case use.Kind == config.UseSpecial:
		c.special(d)
	case use.Kind == config.UseUnknown, use.Failed:
		c.add(note("not converted, it was in error: $" + d.Spelling + " " + d.Value))
	case use.Kind == config.UseRun:
		if in := c.inputs[d]; in != nil {
			c.module(use.Module)
			c.top(input(in, changed))
		}
	case use.Info != nil && idle(use.Info):
		c.add(note("had no effect: $" + d.Spelling + " " + d.Value))
	case use.Info != nil && strings.HasPrefix(use.Info.Name, "$") && use.Info.Meant[0] == "":
		c.top(d)
	case use.Kind == config.UseGlobal:
		c.once("global", c.cfg.GlobalSettings(), func(s *config.Setting) bool { return changed(s) && c.setByDirective(s) })
	case use.Kind == config.UseMainQueue:
		c.once("main_queue", c.cfg.MainQueueSettings(), func(s *config.Setting) bool { return changed(s) && c.setByDirective(s) })
	case use.Kind == config.UseModule:
		c.module(use.Module)
	}
}

// idle reports whether a parameter does nothing in this server.
func idle(i *param.Info) bool {
	switch i.Kind {
	case param.KindGone, param.KindNoEffect, param.KindRefused, param.KindNotYet:
		return true
	}
	return false
}

// setByDirective reports whether the value in effect is that of a legacy line.
func (c *converter) setByDirective(s *config.Setting) bool {
	for d := range c.cfg.Uses {
		if s.From == d.ValueRange {
			return true
		}
	}
	return false
}

// once adds one object for all directives that are about it, where the first of them stands.
func (c *converter) once(kind string, list []config.Setting, keep func(*config.Setting) bool) {
	if c.done[kind] {
		return
	}
	c.done[kind] = true
	if params := choose(list, keep); len(params) > 0 {
		c.top(object(kind, params...))
	}
}

// module adds module(load=) with the parameters that directives set, once.
func (c *converter) module(name string) {
	if c.done["module "+name] {
		return
	}
	c.done["module "+name] = true
	load := name
	if slices.Contains(c.cfg.Modules(), name) {
		load = "builtin:" + name
	}
	o := moduleObject(c.cfg, name, load, changed)
	if len(o.Params) > 1 || slices.Contains(c.cfg.Loaded, name) {
		c.top(o)
	}
}

func (c *converter) special(d *syntax.Directive) {
	switch d.Name {
	case "includeconfig":
		c.include(d)
	case "modload", "moddir":
		if c.full {
			return
		}
		if d.Name == "moddir" {
			c.add(note("had no effect: $" + d.Spelling + " " + d.Value))
			return
		}
		name := config.ModuleName(firstWord(d.Value))
		if slices.Contains(c.cfg.Loaded, name) {
			c.module(name)
		} else {
			c.top(object("module", syntax.NewParam("load", name)))
		}
	case "template":
		if t := c.template(d); t != nil {
			c.top(t)
		} else {
			c.top(d)
		}
	case "ruleset":
		c.enter(firstWord(d.Value))
	case "rulesetcreatemainqueue", "rulesetparser":
		if c.current == nil {
			c.top(d)
		}
	case "outchannel", "resetconfigvariables":
		// part of the actions
	default:
		c.top(d)
	}
}

func firstWord(s string) string { return syntax.NewLine(s).Word() }

func (c *converter) include(d *syntax.Directive) {
	if c.full {
		c.inline(d.Files)
		return
	}
	for _, f := range d.Files {
		if f.Continues || slices.ContainsFunc(f.Stmts, func(s syntax.Stmt) bool { return c.current != nil || legacy(s) }) {
			c.inline(d.Files)
			return
		}
	}
	c.top(object("include", syntax.NewParam("file", strings.TrimSpace(d.Value)), syntax.NewParam("mode", "optional")))
}

// enter makes the ruleset of a $RuleSet line the current one.
func (c *converter) enter(name string) {
	c.current = nil
	if name == config.DefaultRuleset {
		return
	}
	for _, rs := range c.rulesets {
		if rs.name == name {
			c.current = rs
		}
	}
	if c.current == nil {
		c.current = &legacyRuleset{name: name}
		c.rulesets = append(c.rulesets, c.current)
	}
}

// legacyRulesets adds the rulesets of $RuleSet lines.
func (c *converter) legacyRulesets() {
	for _, rs := range c.rulesets {
		c.out = append(c.out, &syntax.Ruleset{Object: *c.ruleset(rs.name), Body: &syntax.Block{Stmts: rs.body, Braces: true}})
	}
}

// ruleset is ruleset(name=) with its queue and parsers.
func (c *converter) ruleset(name string) *syntax.Object {
	o := object("ruleset", syntax.NewParam("name", name))
	for _, r := range c.cfg.Rulesets {
		if r.Name != name {
			continue
		}
		if len(r.Parsers) > 0 {
			p := syntax.NewParam("parser", r.Parsers...)
			p.Value.Array = true
			o.Params = append(o.Params, p)
		}
		queue := choose(r.QueueSettings(c.cfg), c.keep)
		if r.Queue != nil && len(queue) == 0 {
			queue = append(queue, syntax.NewParam("queue.type", "FixedArray"))
		}
		o.Params = append(o.Params, queue...)
	}
	return o
}

// keep says which settings are written.
func (c *converter) keep(s *config.Setting) bool { return c.full || changed(s) }

func (c *converter) block(b *syntax.Block) *syntax.Block {
	if b == nil {
		return nil
	}
	out := &syntax.Block{Braces: b.Braces}
	for _, s := range b.Stmts {
		if b.Braces {
			out.Stmts = follow(out.Stmts, c.comments.before(s))
		}
		out.Stmts = follow(out.Stmts, c.stmt(s))
	}
	if len(out.Stmts) != 1 || !isStatement(out.Stmts[0]) {
		out.Braces = true
	}
	return out
}

// guarded is block for one that a condition guards: it must not be empty, also
// when all that stood in it was in error.
func (c *converter) guarded(b *syntax.Block) *syntax.Block {
	out := c.block(b)
	if out == nil || slices.ContainsFunc(out.Stmts, isStatement) {
		return out
	}
	out.Stmts = append(out.Stmts, &syntax.ActionList{Actions: []syntax.Action{&syntax.Continue{}}})
	out.Braces = true
	return out
}

func isStatement(s syntax.Stmt) bool {
	_, comment := s.(*syntax.Comment)
	return !comment
}

// stmt converts a statement of a ruleset.
func (c *converter) stmt(s syntax.Stmt) []syntax.Stmt {
	switch s := s.(type) {
	case *syntax.If:
		out := *s
		out.Then, out.Else = c.guarded(s.Then), c.guarded(s.Else)
		return []syntax.Stmt{&out}
	case *syntax.Foreach:
		out := *s
		out.Body = c.guarded(s.Body)
		return []syntax.Stmt{&out}
	case *syntax.PRIFilter:
		return c.selector(s)
	case *syntax.PropFilter:
		return c.filter(s)
	case *syntax.ActionList:
		return c.actionList(s)
	case *syntax.Directive:
		return c.inside(s, s.Files)
	case *syntax.Include:
		if legacy(s) {
			return c.inside(s, s.Files)
		}
	case *syntax.BSDBlock:
		return []syntax.Stmt{note("not converted, it was in error: " + s.Text)}
	}
	return []syntax.Stmt{s}
}

// inside converts a directive or include that stands in a block: declarations
// can not stand there and go to the top.
func (c *converter) inside(s syntax.Stmt, files []*syntax.File) []syntax.Stmt {
	outer := c.current
	here := &legacyRuleset{}
	c.current = here
	if d, ok := s.(*syntax.Directive); ok {
		c.directive(d)
	} else {
		c.inline(files)
	}
	c.current = outer
	return here.body
}

func (c *converter) actionList(list *syntax.ActionList) []syntax.Stmt {
	var out []syntax.Stmt
	for _, a := range list.Actions {
		switch a := a.(type) {
		case *syntax.Directive:
			out = append(out, c.inside(a, nil)...)
		case *syntax.LegacyAction:
			act := c.actions[a]
			if act == nil {
				out = append(out, note("not converted, it was in error: "+a.Text))
				continue
			}
			keep := func(s *config.Setting) bool {
				return c.full || changed(s) && !(act.OwnQueue() && strings.HasPrefix(s.Name, "queue."))
			}
			out = append(out, &syntax.ActionList{Actions: []syntax.Action{action(c.cfg, act, keep)}})
		case *syntax.ActionObject:
			if act := c.actions[a]; act != nil && c.full {
				a = action(c.cfg, act, c.keep)
			}
			out = append(out, &syntax.ActionList{Actions: []syntax.Action{a}})
		case *syntax.Stop:
			// A configuration without actions needs its ~ to start.
			out = append(out, &syntax.ActionList{Actions: []syntax.Action{&syntax.Stop{Tilde: a.Tilde && len(c.cfg.Actions) == 0}}})
		default:
			out = append(out, &syntax.ActionList{Actions: []syntax.Action{a}})
		}
	}
	return out
}

// comments takes each comment of a source once.
type comments struct {
	taken map[*diag.Source]int // the last line taken or passed
}

// before returns the comments and blank lines above n.
func (c *comments) before(n syntax.Node) []syntax.Stmt {
	at := n.Range().Start
	if c == nil || at.Src == nil {
		return nil
	}
	return c.above(at.Src, at.Line)
}

// end returns the comments at the end of f.
func (c *comments) end(f *syntax.File) []syntax.Stmt {
	if c == nil {
		return nil
	}
	return c.above(f.Source, strings.Count(string(f.Source.Text), "\n")+1)
}

func (c *comments) above(src *diag.Source, line int) []syntax.Stmt {
	lines := strings.Split(string(src.Text), "\n")
	end := min(line-1, len(lines))
	begin := end
	for begin > c.taken[src] && isComment(lines[begin-1]) {
		begin--
	}
	c.taken[src] = max(c.taken[src], line)
	if begin >= end {
		return nil
	}
	out := &syntax.Comment{}
	for _, text := range lines[begin:end] {
		if text = strings.TrimSpace(text); text != "" || len(out.Lines) > 0 && out.Lines[len(out.Lines)-1] != "" {
			out.Lines = append(out.Lines, text)
		}
	}
	if out.Lines == nil || begin > 0 && strings.TrimSpace(lines[begin]) == "" {
		out.Lines = append([]string{""}, out.Lines...)
	}
	return []syntax.Stmt{out}
}

func isComment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

// template is template() for a $template line, nil if only that can write it.
func (c *converter) template(d *syntax.Directive) syntax.Stmt {
	if t := modern(d.Value); t != nil && c.cfg.Templates.Lookup(fmt.Sprint(t.Params[0].Value.Items[0].Text)) != nil {
		return t
	}
	return nil
}
