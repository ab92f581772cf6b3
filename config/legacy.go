package config

import (
	"fmt"
	"slices"
	"strings"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
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
	name string // of the queue.* parameter
	dir  *syntax.Directive
}

func (s *legacyState) reset() { *s = legacyState{} }

// resetWithAction are the parameters that hold for one legacy action only.
var resetWithAction = []string{"name", "action.execOnlyEveryNthTime", "action.execOnlyEveryNthTimeTimeout", "action.writeAllMarkMessages"}

// takeAction returns the generic settings for the next legacy action. Those
// that rsyslogd resets with every action are reset.
func (s *legacyState) takeAction(l *loader) (actionCommon, queue.Config, places) {
	common, given := l.cfg.newCommon(), s.actionPlaces.join()
	if s.action != nil {
		common = *s.action
		s.action.Name, s.action.WriteAllMarks = "", true
		s.action.EveryNth, s.action.EveryNthTimeout = 0, 0
		for _, name := range resetWithAction {
			delete(s.actionPlaces, name)
		}
	}
	q := l.cfg.actionQueueDefaults()
	l.decodeQueue(&q, s.queue, &given)
	s.queue = nil
	return common, q, given
}

// decodeQueue applies collected queue directives.
func (l *loader) decodeQueue(conf *queue.Config, dirs []queueDirective, given *places) {
	for _, d := range dirs {
		obj := l.directiveObject(d.dir)
		obj.Args = []*param.Arg{directiveArg(d.name, d.dir)}
		queue.Params.Decode(conf, obj, l.diags)
		given.note(obj)
	}
}

func (l *loader) directiveObject(d *syntax.Directive) *param.Object {
	return &param.Object{Title: "$" + d.Spelling, Effect: "this line is ignored", Range: d.Range()}
}

func directiveArg(name string, d *syntax.Directive) *param.Arg {
	return &param.Arg{Name: strings.ToLower(name), Items: []string{d.Value}, Range: d.Range(), ValueRange: d.ValueRange}
}

// pending returns the values that directives have set for the module's next instance.
func (l *loader) pending(m *loadedModule) any {
	if m.pending == nil {
		m.pending = m.instanceObject().New(nil)
	}
	return m.pending
}

func (l *loader) directive(d *syntax.Directive) {
	if d.Name != "includeconfig" && !l.permitted(l.cfg.Global.LegacyFormat, "compatibility.configFormat.legacy", d.Range(), "this line is ignored") {
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
		diagnostic.Hint = "load it first: $ModLoad " + m
	} else {
		diagnostic.Hint = "it may belong to a module that is not loaded"
	}
	diagnostic.Effect, diagnostic.Code = "this line is ignored", -3003
}

// moduleOfDirective is the name of the module that has the directive, or "".
func (l *loader) moduleOfDirective(name string) string {
	has := func(infos []param.Info) bool {
		return slices.ContainsFunc(infos, func(i param.Info) bool {
			return slices.ContainsFunc(i.Directives, func(s string) bool { return strings.EqualFold(s, name) })
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

// value prepares a directive's value as rsyslogd reads it: the first word, with
// a complaint about what follows.
func (l *loader) value(d *syntax.Directive, info *param.Info) string {
	v := strings.TrimSpace(d.Value)
	if info != nil && (info.Kind == param.KindString || info.Kind == param.KindStrings) {
		return v
	}
	word, rest, _ := strings.Cut(v, " ")
	if rest = strings.TrimSpace(rest); rest != "" && !strings.HasPrefix(rest, "#") {
		l.diags.Errorf(d.ValueRange, "extra characters in $%s: %q", d.Spelling, rest).Effect = "they are ignored"
	}
	return word
}

// report says what became of a directive's value; it returns whether the table knew the directive.
func (l *loader) report(d *syntax.Directive, info *param.Info, err error, u Use, given *places) bool {
	if info == nil {
		return false
	}
	u.Info, u.Failed = info, err != nil
	l.use(d, u)
	if err == nil {
		given.set(info.Name, d.ValueRange)
	}
	switch {
	case info.Kind == param.KindGone:
		l.diags.Notef(d.Range(), "$%s is no longer supported", d.Spelling).Effect = "this line is ignored"
	case info.Kind == param.KindNoEffect:
		l.diags.Notef(d.Range(), "$%s has no effect here: %s", d.Spelling, info.Refused)
	case info.Kind == param.KindRefused, info.Kind == param.KindNotYet && (err != nil || info.Refused == ""):
		l.diags.Errorf(d.Range(), "$%s is not available: %s", d.Spelling, info.Refused).Effect = "this line is ignored"
	case err != nil:
		diagnostic := l.diags.Errorf(d.ValueRange, "$%s: %v", d.Spelling, err)
		if h, ok := err.(interface{ Hint() string }); ok {
			diagnostic.Hint = h.Hint()
		}
		diagnostic.Effect = "this line is ignored"
		l.unknownID(err)
	}
	return true
}

// unknownID aborts the start for a user or group that does not exist.
func (l *loader) unknownID(err error) {
	if id, ok := err.(*param.IDError); ok && l.cfg.Global.AbortOnUnknownID && l.cfg.Abort == nil {
		l.cfg.Abort = &Abort{Text: id.Error(), Exit: 1}
	}
}

func (l *loader) globalDirective(d *syntax.Directive) bool {
	info, err := globalParams.SetDirective(&l.cfg.Global, d.Name, firstWord(d.Value))
	if info != nil && err == nil {
		l.value(d, info)
		l.applyNow()
	}
	return l.report(d, info, err, Use{Kind: UseGlobal}, &l.cfg.globalPlaces)
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return w
}

func (l *loader) actionDirective(d *syntax.Directive) bool {
	if l.legacy.action == nil {
		c := l.cfg.newCommon()
		l.legacy.action = &c
	}
	info, err := actionParams.SetDirective(l.legacy.action, d.Name, firstWord(d.Value))
	return l.report(d, info, err, Use{Kind: UseAction}, &l.legacy.actionPlaces)
}

func (l *loader) queueDirective(d *syntax.Directive) bool {
	if suffix, ok := strings.CutPrefix(d.Name, "mainmsgqueue"); ok {
		name := queue.DirectiveName(suffix)
		if name == "" {
			return false
		}
		q := queueDirective{name, d}
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
		name := queue.DirectiveName(suffix)
		if name == "" {
			return false
		}
		l.use(d, Use{Kind: UseActionQueue})
		l.legacy.queue = append(l.legacy.queue, queueDirective{name, d})
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
		if o := m.moduleObject(); o != nil {
			info, err := o.SetDirective(m.conf, d.Name, l.directiveValue(d, o.Infos))
			if l.report(d, info, err, Use{Kind: UseModule, Module: m.name}, &m.places) {
				return true
			}
		}
		if o := m.instanceObject(); o != nil {
			info, err := o.SetDirective(l.pending(m), d.Name, l.directiveValue(d, o.Infos))
			if !l.report(d, info, err, Use{Kind: UseInstance, Module: m.name}, &m.pendingPlaces) {
				continue
			}
			if info.RunsObject && err == nil {
				l.use(d, Use{Kind: UseRun, Module: m.name, Info: info})
				l.runDirective(d, m)
			}
			return true
		}
	}
	return false
}

// directiveValue is the value for the parameter among infos that has the
// directive, "" if none has.
func (l *loader) directiveValue(d *syntax.Directive, infos []param.Info) string {
	for i := range infos {
		for _, name := range infos[i].Directives {
			if strings.EqualFold(name, d.Name) {
				return l.value(d, &infos[i])
			}
		}
	}
	return ""
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
	if m.input.AfterRun != nil {
		m.input.AfterRun(m.pending)
		m.forgetDefaults()
	}
}

// forgetDefaults forgets where pending values were given that are the defaults again.
func (m *loadedModule) forgetDefaults() {
	o := m.instanceObject()
	now, fresh := o.Values(m.pending), o.Values(o.New(m.conf))
	for i := range now {
		if slices.Equal(now[i].Items, fresh[i].Items) {
			delete(m.pendingPlaces, now[i].Name)
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
	name := firstWord(d.Value)
	if name == "" {
		l.diags.Errorf(d.Range(), "$ModLoad names no module").Effect = "this line is ignored"
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
	fields := strings.Split(d.Value, ",")
	proto := strings.ToUpper(strings.TrimSpace(fields[0]))
	if proto != "UDP" && proto != "TCP" {
		rng := d.ValueRange
		rng.Len = min(rng.Len, len(strings.TrimSpace(fields[0])))
		e := l.diags.Errorf(rng, "$AllowedSender: want UDP or TCP first, found %q", strings.TrimSpace(fields[0]))
		if s := diag.Suggest(proto, []string{"UDP", "TCP"}); s != "" {
			e.Hint = "did you mean " + s + "?"
		}
		e.Effect = "this line is ignored"
		return
	}
	for _, f := range fields[1:] {
		if f = strings.TrimSpace(f); f != "" {
			l.cfg.Allowed[proto] = append(l.cfg.Allowed[proto], f)
		}
	}
}

func (l *loader) legacyRuleset(d *syntax.Directive) {
	name := firstWord(d.Value)
	if rs := l.rulesetNamed(name); rs != nil {
		l.current = rs
		return
	}
	rs := &Ruleset{Ruleset: &router.Ruleset{Name: name}, Range: d.Range()}
	l.cfg.Rulesets = append(l.cfg.Rulesets, rs)
	l.current = rs
}

func (l *loader) defaultRuleset(d *syntax.Directive) {
	l.defaultName, l.defaultRange = firstWord(d.Value), d.ValueRange
}

func (l *loader) rulesetQueue(d *syntax.Directive) {
	if firstWord(d.Value) != "on" {
		return
	}
	if l.current.Queue != nil {
		l.diags.Errorf(d.Range(), "ruleset %q has a queue already", l.current.Name).Effect = "this line is ignored"
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
	if names := l.parserNames([]string{firstWord(d.Value)}, d.ValueRange); names != nil {
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
	name, rest, _ := strings.Cut(d.Value, ",")
	file, rest, _ := strings.Cut(rest, ",")
	size, command, _ := strings.Cut(rest, ",")
	name = strings.TrimSpace(name)
	if name == "" || strings.TrimSpace(file) == "" {
		l.diags.Errorf(d.ValueRange, "$OutChannel: want name,file,maximum size,command").Effect = "this line is ignored"
		return
	}
	l.outChannels[name] = outChannel{file: strings.TrimSpace(file), size: strings.TrimSpace(size), command: strings.TrimSpace(command), rng: d.ValueRange}
}

// outChannelAction is :omfile:$name.
func (l *loader) outChannelAction(a *syntax.LegacyAction, text string) router.Stmt {
	name, tpl, at := splitTemplate(text)
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
	return l.decodeLegacy(a, l.cfg.modules["omfile"], obj, tpl, at+len(a.Text)-len(text))
}
