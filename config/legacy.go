package config

import (
	"fmt"
	"slices"
	"strings"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/module"
	"syslogd/queue"
	"syslogd/router"
)

// legacyState are the values of $directives that a later line consumes. Those
// of modules are in loadedModule.pending.
type legacyState struct {
	action       *actionCommon // nil: nothing set since the last action
	actionPlaces places
	queue        []queueDirective
	// mainQueue applies to the rulesets of $RuleSet lines after $RulesetCreateMainQueue.
	mainQueue []queueDirective
}

type queueDirective struct {
	dir *syntax.Directive
	arg *param.Arg
}

func (s *legacyState) reset() { *s = legacyState{} }

// expire ends the values that hold so long. Those of the queue hold until the
// next action of either style; see param.UntilAction.
func (s *legacyState) expire(lasts param.Lifetime) {
	if lasts == param.UntilAction {
		s.queue = nil
	}
	if s.action == nil {
		return
	}
	for _, name := range actionParams.Reset(s.action, lasts) {
		delete(s.actionPlaces, name)
	}
}

// nextAction returns the generic settings for the next action line.
func (l *loader) nextAction() (actionCommon, queue.Config, places) {
	common, given := l.cfg.newCommon(), l.legacy.actionPlaces.join()
	if l.legacy.action != nil {
		common = *l.legacy.action
	}
	q := l.cfg.actionQueueDefaults()
	l.decodeQueue(&q, l.legacy.queue, &given)
	return common, q, given
}

// decodeQueue applies collected queue directives.
func (l *loader) decodeQueue(conf *queue.Config, dirs []queueDirective, given *places) {
	for _, d := range dirs {
		obj := l.directiveObject(d.dir)
		obj.Args = []*param.Arg{d.arg}
		queue.Params.Decode(conf, obj, l.diags)
		given.note(obj)
	}
}

func (l *loader) directiveObject(d *syntax.Directive) *param.Object {
	return &param.Object{Title: "$" + d.Spelling, Effect: passedOver, Range: d.Range()}
}

// directiveArg is the value of d for a parameter of kind k.
func (l *loader) directiveArg(name string, k param.Kind, d *syntax.Directive) *param.Arg {
	line := syntax.NewLine(d.Value)
	v := k.Take(line)
	l.extra(d, line)
	return &param.Arg{Name: strings.ToLower(name), Items: []string{v}, Range: d.Range(), ValueRange: d.ValueRange}
}

// extra complains about what is left behind the value of d and is no comment.
func (l *loader) extra(d *syntax.Directive, line *syntax.Line) {
	if !line.Comment() {
		l.diags.Errorf(d.ValueRange, "extra characters in $%s: %q", d.Spelling, line.Rest()).Effect = "they are ignored"
	}
}

// word is the first word of the value of d.
func (l *loader) word(d *syntax.Directive) string {
	line := syntax.NewLine(d.Value)
	w := line.Word()
	l.extra(d, line)
	return w
}

// pending returns the values that directives have set for the module's next instance.
func (l *loader) pending(m *loadedModule) any {
	if m.pending == nil {
		m.pending = m.instanceObject().New(nil)
	}
	return m.pending
}

func (l *loader) directive(d *syntax.Directive) {
	if d.Name != "includeconfig" && !l.permitted(l.cfg.Global.LegacyFormat, "compatibility.configFormat.legacy", d.Range(), passedOver) {
		return
	}
	if run := special(d.Name); run != nil {
		l.use(d, Use{Kind: UseSpecial})
		run(l, d)
		return
	}
	if l.queueDirective(d) || l.globalDirective(d) || l.actionDirective(d) || l.moduleDirective(d) {
		return
	}
	l.use(d, Use{Kind: UseUnknown})
	diagnostic := l.diags.Errorf(d.Range(), "there is no directive $%s", d.Spelling)
	if s := diag.Suggest(d.Name, l.directiveNames()); s != "" {
		diagnostic.Hint = fmt.Sprintf("did you mean $%s?", s)
	} else if m := l.moduleOfDirective(d.Name); m != "" {
		diagnostic.Text = fmt.Sprintf("$%s belongs to the module %s, which is not loaded", d.Spelling, m)
		diagnostic.Hint, diagnostic.Missing = "load it first: $ModLoad "+m, m
	} else {
		diagnostic.Hint = "it may belong to a module that is not loaded"
	}
	diagnostic.Effect, diagnostic.Code = passedOver, -3003
}

// moduleOfDirective is the name of the module that has the directive, or "".
func (l *loader) moduleOfDirective(name string) string {
	has := func(infos []param.Info) bool {
		return slices.ContainsFunc(infos, func(i param.Info) bool {
			return i.HasDirective(name)
		})
	}
	for _, m := range l.reg.Inputs {
		if has(m.Module.Infos) || has(m.Instance.Infos) {
			return m.Name
		}
	}
	for _, m := range l.reg.Outputs {
		if has(m.Module.Infos) || has(m.Instance.Infos) {
			return m.Name
		}
	}
	return ""
}

func (l *loader) directiveNames() []string {
	out := append([]string(nil), specialNames...)
	add := func(infos []param.Info) {
		for _, i := range infos {
			out = append(out, i.Directives...)
		}
	}
	add(globalParams.Infos())
	add(actionParams.Infos())
	for _, m := range l.cfg.modules {
		if o := m.moduleObject(); o != nil {
			add(o.Infos)
		}
		if o := m.instanceObject(); o != nil {
			add(o.Infos)
		}
	}
	return out
}

// report says what became of a directive's value; it returns whether the table knew the directive.
func (l *loader) report(d *syntax.Directive, line *syntax.Line, info *param.Info, err error, u Use, given *places) bool {
	if info == nil {
		return false
	}
	u.Info, u.Failed = info, err != nil
	l.use(d, u)
	if slices.ContainsFunc(info.Misnomers, func(s string) bool { return strings.EqualFold(s, d.Name) }) {
		n := l.diags.Notef(d.Range(), "$%s is not known to rsyslogd: $%s is meant", d.Spelling, info.Directives[0])
		n.Hint = "write $" + info.Directives[0]
	}
	if err == nil {
		given.set(info.Name, d.ValueRange)
		l.extra(d, line)
		l.valueless(d, info, setsNothing)
	}
	switch {
	case info.Kind == param.KindGone:
		l.diags.Notef(d.Range(), "$%s is no longer supported", d.Spelling).Effect = passedOver
	case info.Kind == param.KindNoEffect:
		l.diags.Notef(d.Range(), "$%s has no effect here: %s", d.Spelling, info.Refused)
	case info.Kind == param.KindRefused, info.Kind == param.KindNotYet && (err != nil || info.Refused == ""):
		l.diags.Errorf(d.Range(), "$%s is not available: %s", d.Spelling, info.Refused).Effect = passedOver
	case err != nil:
		diagnostic := l.diags.Errorf(d.ValueRange, "$%s: %v", d.Spelling, err)
		if h, ok := err.(interface{ Hint() string }); ok {
			diagnostic.Hint = h.Hint()
		}
		diagnostic.Effect = passedOver
		l.unknownID(err)
	}
	return true
}

// valueless says what a directive does that is written without the text that it
// takes. Where that is a number, a switch or the like the table refuses it.
func (l *loader) valueless(d *syntax.Directive, info *param.Info, effect string) {
	if d.Value != "" || info == nil || !info.TakesText() {
		return
	}
	w := l.diags.Notef(d.Range(), "$%s has no value", d.Spelling)
	w.Effect = effect
	switch {
	case effect == passedOver:
		w.Severity = diag.Warning
	case info.AloneText != "":
		w.Effect = fmt.Sprintf("%s is used, as in rsyslogd", info.AloneText)
	case info.NeedsText():
		w.Severity, w.Effect = diag.Error, "this input is ignored"
	}
}

// nameless reports a directive that names nothing, which has no effect then.
func (l *loader) nameless(d *syntax.Directive, what string) {
	l.diags.Notef(d.Range(), "$%s names no %s", d.Spelling, what).Effect = passedOver
}

// Effects of a directive without a value. As in rsyslogd a global one is passed over.
const (
	setsNothing = "it is set to an empty text"
	passedOver  = "this line is ignored"
)

// unknownID aborts the start for a user or group that does not exist.
func (l *loader) unknownID(err error) {
	if id, ok := err.(*param.IDError); ok && l.cfg.Global.AbortOnUnknownID && l.cfg.Abort == nil {
		l.cfg.Abort = &Abort{Text: id.Error(), Exit: 1}
	}
}

func (l *loader) globalDirective(d *syntax.Directive) bool {
	if info := directiveInfo(globalParams.Infos(), d.Name); info != nil && d.Value == "" && info.TakesText() {
		l.use(d, Use{Kind: UseGlobal, Info: info, Failed: true})
		l.valueless(d, info, passedOver)
		return true
	}
	line := syntax.NewLine(d.Value)
	info, err := globalParams.SetDirective(&l.cfg.Global, d.Name, line)
	if info != nil && err == nil {
		l.applyNow()
	}
	return l.report(d, line, info, err, Use{Kind: UseGlobal}, &l.cfg.globalPlaces)
}

func (l *loader) actionDirective(d *syntax.Directive) bool {
	if l.legacy.action == nil {
		c := l.cfg.newCommon()
		l.legacy.action = &c
	}
	line := syntax.NewLine(d.Value)
	info, err := actionParams.SetDirective(l.legacy.action, d.Name, line)
	return l.report(d, line, info, err, Use{Kind: UseAction}, &l.legacy.actionPlaces)
}

func (l *loader) queueDirective(d *syntax.Directive) bool {
	if suffix, ok := strings.CutPrefix(d.Name, "mainmsgqueue"); ok {
		info := queue.Directive(suffix)
		if info == nil {
			return false
		}
		q := queueDirective{d, l.directiveArg(info.Name, info.Kind, d)}
		l.valueless(d, info, setsNothing)
		if l.current != l.cfg.Rulesets[0] {
			l.use(d, Use{Kind: UseRulesetQueue})
			l.legacy.mainQueue = append(l.legacy.mainQueue, q)
		} else {
			l.use(d, Use{Kind: UseMainQueue})
			l.mainQueueRange = d.Range()
			l.decodeQueue(&l.cfg.MainQueue, []queueDirective{q}, &l.cfg.mainQueuePlaces)
		}
		return true
	}
	if suffix, ok := strings.CutPrefix(d.Name, "actionqueue"); ok {
		info := queue.Directive(suffix)
		if info == nil {
			return false
		}
		l.use(d, Use{Kind: UseActionQueue})
		l.valueless(d, info, setsNothing)
		l.legacy.queue = append(l.legacy.queue, queueDirective{d, l.directiveArg(info.Name, info.Kind, d)})
		return true
	}
	return false
}

// moduleDirective offers a directive to the loaded modules.
func (l *loader) moduleDirective(d *syntax.Directive) bool {
	for _, m := range l.cfg.modules {
		if m.unavailable != nil {
			for _, name := range m.unavailable.Directives {
				if strings.EqualFold(name, d.Name) {
					l.use(d, Use{Kind: UseModule, Module: m.name})
					l.diags.Notef(d.Range(), "$%s has no effect: module %s is not available yet", d.Spelling, m.name)
					return true
				}
			}
			continue
		}
		line := syntax.NewLine(d.Value)
		if o := m.moduleObject(); o != nil && !l.closed(m, o, d, true) {
			info, err := o.SetDirective(m.conf, d.Name, line)
			if l.report(d, line, info, err, Use{Kind: UseModule, Module: m.name}, &m.places) {
				return true
			}
		} else if o != nil {
			return true
		}
		if o := m.instanceObject(); o != nil && !l.closed(m, o, d, false) {
			info, err := o.SetDirective(l.pending(m), d.Name, line)
			if !l.report(d, line, info, err, Use{Kind: UseInstance, Module: m.name}, &m.pendingPlaces) {
				continue
			}
			if info.RunsObject && err == nil && (d.Value != "" || !info.NeedsText()) {
				l.use(d, Use{Kind: UseRun, Module: m.name, Info: info})
				l.runDirective(d, m)
			}
			return true
		} else if o != nil {
			return true
		}
	}
	return false
}

// closed refuses a directive that sets for all of the module what module() has
// set: for an input whatever it is, for an output the same parameter.
func (l *loader) closed(m *loadedModule, o *module.Object, d *syntax.Directive, forModule bool) bool {
	info := directiveInfo(o.Infos, d.Name)
	switch {
	case m.object == nil || info == nil:
		return false
	case m.input != nil && !forModule && !info.ForModule, m.output != nil && m.object.Arg(strings.ToLower(info.Name)) == nil:
		return false
	}
	l.use(d, Use{Kind: UseModule, Module: m.name, Info: info, Failed: true})
	e := l.diags.Errorf(d.Range(), "$%s is not permitted behind %s", d.Spelling, m.object.Title)
	e.Related = []diag.Related{{Range: m.object.Range, Text: "the module was set up here"}}
	e.Hint = "give it there: " + info.Name + `="..."`
	if strings.HasPrefix(info.Name, "$") {
		e.Hint = ""
		if info.Meant[0] != "" {
			e.Hint = fmt.Sprintf("give it there: %s=%q", info.Meant[0], info.Meant[1])
		}
	}
	e.Effect, e.Code = passedOver, -2222
	return true
}

// directiveInfo is the parameter that has the directive, or nil.
func directiveInfo(infos []param.Info, directive string) *param.Info {
	for i := range infos {
		if infos[i].HasDirective(directive) {
			return &infos[i]
		}
	}
	return nil
}

// runDirective makes an input of the values collected so far.
func (l *loader) runDirective(d *syntax.Directive, m *loadedModule) {
	m.inputs++
	o := m.input.Instance
	conf := o.Copy(m.pending)
	if m.input.LegacyInherit != nil {
		m.input.LegacyInherit(m.conf, conf)
	}
	obj := l.directiveObject(d)
	obj.Effect = "this input is ignored"
	if o.Check(conf, obj, l.diags) {
		in := l.addInput(m, conf, obj)
		in.Node, in.places = d, m.pendingPlaces.join()
	}
	m.expire(param.UntilInstance)
}

// expire ends the pending values that hold so long.
func (m *loadedModule) expire(lasts param.Lifetime) {
	if o := m.moduleObject(); o != nil {
		for _, name := range o.Reset(m.conf, lasts) {
			delete(m.places, name)
		}
	}
	if m.pending != nil {
		for _, name := range m.instanceObject().Reset(m.pending, lasts) {
			delete(m.pendingPlaces, name)
		}
	}
}

// special returns what to do for directives that are more than an assignment,
// or nil. $IncludeConfig is done while parsing.
func special(name string) func(*loader, *syntax.Directive) {
	switch name {
	case "includeconfig":
		return func(*loader, *syntax.Directive) {}
	case "modload":
		return (*loader).modLoad
	case "moddir":
		return (*loader).modDir
	case "template":
		return (*loader).legacyTemplate
	case "outchannel":
		return (*loader).outChannel
	case "allowedsender":
		return (*loader).allowedSender
	case "ruleset":
		return (*loader).legacyRuleset
	case "defaultruleset":
		return (*loader).defaultRuleset
	case "rulesetcreatemainqueue":
		return (*loader).rulesetQueue
	case "rulesetparser":
		return (*loader).rulesetParser
	case "resetconfigvariables":
		return (*loader).resetVariables
	}
	return nil
}

// specialNames are the directives that special knows, for suggestions.
var specialNames = []string{"IncludeConfig", "ModLoad", "Template", "OutChannel", "AllowedSender", "RuleSet",
	"DefaultRuleset", "RulesetCreateMainQueue", "RulesetParser", "ResetConfigVariables"}

func (l *loader) modLoad(d *syntax.Directive) {
	name := l.word(d)
	if name == "" {
		l.diags.Errorf(d.Range(), "$ModLoad names no module").Effect = passedOver
		return
	}
	l.load(ModuleName(name), name, d.ValueRange)
}

func (l *loader) modDir(d *syntax.Directive) {
	l.diags.Notef(d.Range(), "$ModDir has no effect here: modules are part of the program")
}

func (l *loader) legacyTemplate(d *syntax.Directive) {
	l.cfg.Templates.DefineLegacy(d.Value, d.ValueRange, l.diags)
}

func (l *loader) allowedSender(d *syntax.Directive) {
	line := syntax.NewLine(d.Value)
	name := line.Until(",")
	proto := strings.ToUpper(name)
	if proto != "UDP" && proto != "TCP" {
		rng := d.ValueRange
		rng.Len = min(rng.Len, len(name))
		e := l.diags.Errorf(rng, "$AllowedSender: want UDP or TCP first, found %q", name)
		if s := diag.Suggest(proto, []string{"UDP", "TCP"}); s != "" {
			e.Hint = "did you mean " + s + "?"
		}
		e.Effect = passedOver
		return
	}
	if line.Skip(','); line.Comment() {
		l.nameless(d, "address")
		return
	}
	// Commas or white space stand between the addresses.
	for line.Skip(','); !line.Comment(); line.Skip(',') {
		if addr := line.Until(", \t"); addr != "" {
			l.cfg.Allowed[proto] = append(l.cfg.Allowed[proto], addr)
		}
	}
}

func (l *loader) legacyRuleset(d *syntax.Directive) {
	name := l.word(d)
	if name == "" {
		l.diags.Notef(d.Range(), "$%s names no ruleset", d.Spelling).Effect = "what follows belongs to a ruleset without a name"
	}
	if rs := l.rulesetNamed(name); rs != nil {
		l.current = rs
		return
	}
	rs := &Ruleset{Ruleset: &router.Ruleset{Name: name}, Range: d.Range()}
	l.cfg.Rulesets = append(l.cfg.Rulesets, rs)
	l.current = rs
}

func (l *loader) defaultRuleset(d *syntax.Directive) {
	if d.Value == "" {
		l.nameless(d, "ruleset")
		return
	}
	l.defaultName, l.defaultRange = l.word(d), d.ValueRange
}

func (l *loader) rulesetQueue(d *syntax.Directive) {
	switch v := l.word(d); v {
	case "on":
	case "off":
		return
	default:
		l.diags.Errorf(d.ValueRange, `$%s: want "on" or "off", found %q`, d.Spelling, v).Effect = passedOver
		return
	}
	if l.current.Queue != nil {
		l.diags.Errorf(d.Range(), "ruleset %q has a queue already", l.current.Name).Effect = passedOver
		return
	}
	conf := l.cfg.rulesetQueueDefaults()
	l.decodeQueue(&conf, l.legacy.mainQueue, &l.current.places)
	l.legacy.mainQueue = nil
	conf.Given = true
	conf.SetSize(queue.DefaultSize)
	l.current.Queue = &conf
}

func (l *loader) rulesetParser(d *syntax.Directive) {
	if names := l.parserNames([]string{l.word(d)}, d.ValueRange); names != nil {
		l.current.Parsers = append(l.current.Parsers, names...)
	}
}

func (l *loader) resetVariables(*syntax.Directive) {
	l.legacy.reset()
	for _, m := range l.cfg.modules {
		m.pending, m.pendingPlaces = nil, nil
	}
}

// outChannel is $OutChannel name,file,maxsize,command.
type outChannel struct {
	file, command string
	size          string
	rng           diag.Range
}

func (l *loader) outChannel(d *syntax.Directive) {
	line := syntax.NewLine(d.Value)
	name := line.Until(",")
	field := func(stop string) string {
		line.While(func(c byte) bool { return c == ',' || c == ' ' || c == '\t' })
		return line.Until(stop)
	}
	ch := outChannel{file: field(" ,"), size: field(", \t#"), rng: d.ValueRange}
	if !line.Comment() {
		// As in rsyslogd the rest of the line is the command: there is no comment behind it.
		ch.command = strings.TrimRight(field(""), " \t")
	}
	if name == "" || ch.file == "" {
		l.diags.Errorf(d.ValueRange, "$OutChannel: want name,file,maximum size,command").Effect = passedOver
		return
	}
	l.outChannels[name] = ch
}

// outChannelAction is :omfile:$name.
func (l *loader) outChannelAction(a *syntax.LegacyAction, line *syntax.Line) router.Stmt {
	name := line.File()
	ch, ok := l.outChannels[name]
	if !ok {
		l.badAction(a, fmt.Sprintf("there is no output channel %q", name))
		var known []string
		for k := range l.outChannels {
			known = append(known, k)
		}
		if d := l.diags.Last(); diag.Suggest(name, known) != "" {
			d.Hint = fmt.Sprintf("did you mean %q?", diag.Suggest(name, known))
		} else {
			d.Hint = "define it in front of the action: $OutChannel " + name + ",/file,size,/command"
		}
		return nil
	}
	obj := &param.Object{Title: "the output channel " + name, Effect: "this action is ignored", Range: a.Range()}
	add := func(name, v string) {
		if v != "" {
			obj.Args = append(obj.Args, &param.Arg{Name: name, Items: []string{v}, Range: ch.rng, ValueRange: ch.rng})
		}
	}
	add("file", ch.file)
	add("rotation.sizelimit", ch.size)
	add("rotation.sizelimitcommand", ch.command)
	add("rotation.sizelimitcommandpassfilename", "off")
	return l.decodeLegacy(a, l.cfg.modules["omfile"], obj, line)
}
