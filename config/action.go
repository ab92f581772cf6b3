package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/output"
	"syslogd/queue"
	"syslogd/ratelimit"
	"syslogd/router"
	"syslogd/router/property"
)

func asFilterError(err error, target **property.FilterError) bool { return errors.As(err, target) }

// actionCommon are the parameters that every action has.
type actionCommon struct {
	Name             string
	ResumeRetryCount int
	ResumeInterval   int
	ResumeMax        int
	Report           bool
	Continuation     bool
	ErrorFile        string
	ErrorFileMax     int64
	StateFile        string
	LimitName        string // of a ratelimit() object, "" for none
	router.Conditions
}

var actionParams = param.Table[actionCommon]{
	param.Word("name", func(c *actionCommon) *string { return &c.Name }).Legacy("ActionName").Lasting(param.UntilLegacyAction).
		Doc("Name in logs and metrics."),
	param.Int("action.resumeRetryCount", func(c *actionCommon) *int { return &c.ResumeRetryCount }).Range(-1, 1<<31-1).Legacy("ActionResumeRetryCount").Lasting(param.UntilAction).
		Doc("Tries before a message is given up; -1 is for ever."),
	param.Int("action.resumeInterval", func(c *actionCommon) *int { return &c.ResumeInterval }).Range(0, 1<<31-1).Legacy("ActionResumeInterval").Default("30").
		Doc("Seconds between tries; grows with suspensions in a row."),
	param.PositiveInt("action.resumeIntervalMax", func(c *actionCommon) *int { return &c.ResumeMax }).Default("1800").
		Doc("Limit of the growing interval, seconds."),
	param.Bool("action.reportSuspension", func(c *actionCommon) *bool { return &c.Report }).Inherits("global").Doc("Log suspension and resumption."),
	param.Bool("action.reportSuspensionContinuation", func(c *actionCommon) *bool { return &c.Continuation }).Inherits("global").Doc("Log every try."),
	param.NonNegInt("action.execOnlyEveryNthTime", func(c *actionCommon) *int { return &c.EveryNth }).Legacy("ActionExecOnlyEveryNthTime").Lasting(param.UntilLegacyAction).
		Doc("Run for every n-th message."),
	param.NonNegInt("action.execOnlyEveryNthTimeTimeout", func(c *actionCommon) *int { return &c.EveryNthTimeout }).Legacy("ActionExecOnlyEveryNthTimeTimeout").Lasting(param.UntilLegacyAction).
		Doc("Seconds after which that count starts again."),
	param.NonNegInt("action.execOnlyOnceEveryInterval", func(c *actionCommon) *int { return &c.OnceEvery }).Legacy("ActionExecOnlyOnceEveryInterval").
		Doc("Run at most once in so many seconds."),
	param.Bool("action.execOnlyWhenPreviousIsSuspended", func(c *actionCommon) *bool { return &c.WhenPreviousSuspended }).Legacy("ActionExecOnlyWhenPreviousIsSuspended").
		Doc("Run only while the action before is suspended: failover."),
	param.Bool("action.writeAllMarkMessages", func(c *actionCommon) *bool { return &c.WriteAllMarks }).Legacy("ActionWriteAllMarkMessages").Lasting(param.UntilLegacyAction).Default("on").
		Doc("Write mark messages even if the action was used within the mark interval."),
	param.NoEffect[actionCommon]("action.copyMsg", "a message that goes to a queue is always a copy"),
	param.NoEffect[actionCommon]("action.repeatedMsgContainsOriginalMsg", "the message that stands for repeated ones always contains their text").Legacy("RepeatedMsgContainsOriginalMsg"),
	param.String("action.errorFile", func(c *actionCommon) *string { return &c.ErrorFile }).
		Doc("File for messages that the action gives up, as JSON, a line each, with the reason."),
	param.Size("action.errorFile.maxSize", func(c *actionCommon) *int64 { return &c.ErrorFileMax }).Default("0").
		Doc("Size at which nothing more is written to it; 0 is no limit."),
	param.String("action.externalState.file", func(c *actionCommon) *string { return &c.StateFile }).
		Doc("File that suspends the action while its text is SUSPENDED."),
	ratelimit.NameParam("action.rateLimit.name", func(c *actionCommon) *string { return &c.LimitName }),
}

func (c *Config) newCommon() actionCommon {
	var a actionCommon
	actionParams.SetDefaults(&a)
	a.Report, a.Continuation = c.Global.ReportSuspension, c.Global.ReportContinuation
	return a
}

func (l *loader) actionObject(a *syntax.ActionObject) router.Stmt {
	enabled := l.enabled(a.Params)
	obj := param.ObjectOf(&a.Object, "action()", "this action is ignored")
	typ, ok := l.required(obj, "type")
	if !ok {
		return nil
	}
	obj.Title = actionTitle(typ)
	_, rng := text(obj, "type")
	m := l.find(typ, "output", obj, rng)
	if m == nil {
		return nil
	}
	common := l.cfg.newCommon()
	ok = actionParams.Decode(&common, obj, l.diags)
	q := l.cfg.actionQueueDefaults()
	ok = queue.Params.Decode(&q, obj, l.diags) && ok
	conf := m.output.Instance.New(m.conf)
	ok = m.output.Instance.Decode(conf, obj, l.diags) && ok
	infos := append(append(actionParams.Infos(), queue.Params.Infos()...), m.output.Instance.Infos...)
	param.ReportUnknown(obj, infos, l.diags)
	ok = l.templateArgs(m.output.Instance.Infos, obj) && ok
	if !ok || !l.check(m.output.Instance, conf, obj) {
		return nil
	}
	l.cfg.HasActions = true
	l.legacy.expire(param.UntilAction)
	if !enabled {
		return nil
	}
	l.noteLimit(conf, obj)
	var given places
	l.cfg.HasActions = true
	l.legacy.expire(param.UntilAction)
	given.note(obj)
	return l.addAction(m, conf, common, q, a, given)
}

// addAction numbers and records an action.
func (l *loader) addAction(m *loadedModule, conf any, common actionCommon, q queue.Config, node syntax.Node, given places) router.Stmt {
	rng := node.Range()
	n := len(l.cfg.Actions)
	name := common.Name
	if name == "" {
		name = fmt.Sprintf("action-%d-%s", n, m.output.Name)
		if m.output.Builtin {
			name = fmt.Sprintf("action-%d-builtin:%s", n, m.output.Name)
		}
	}
	act := &Action{
		Action: &router.Action{Name: name, Index: n, Conditions: common.Conditions},
		Module: m.output, Conf: conf, Range: rng, Node: node, queueGiven: q.Given,
		module: m, common: common, places: given,
		Policy: output.Policy{
			RetryCount: common.ResumeRetryCount, Interval: time.Duration(common.ResumeInterval) * time.Second,
			IntervalMax: time.Duration(common.ResumeMax) * time.Second, Report: common.Report, ReportContinuation: common.Continuation,
			StateFile: common.StateFile,
		},
	}
	if common.ErrorFile != "" {
		act.Policy.Errors = &output.ErrorFile{Path: common.ErrorFile, Action: name, MaxSize: common.ErrorFileMax}
	}
	queued := q.Queued()
	if m.output.Modify != nil && queued {
		d := l.diags.Warnf(rng, "action %s changes messages, which has no use behind a queue", name)
		d.Effect = "the action has no queue"
	} else if queued {
		q.SetSize(queue.DefaultActionSize)
		if q.WorkerThreads == 0 {
			q.WorkerThreads = 1
		}
		q.ForAction = true
		act.Queue = &q
	}
	if common.LimitName != "" {
		l.policies = append(l.policies, policyCheck{common.LimitName, given["action.rateLimit.name"], true, func() bool { return act.Queue != nil }})
	}
	if act.WhenPreviousSuspended && n > 0 {
		before := l.cfg.Actions[n-1]
		before.Watched = true
		if before.Queue != nil {
			d := l.diags.Notef(rng, "action %s runs only while the one before is suspended, but %s has a queue, which hides that", name, before.Name)
			d.Hint, d.Effect = "give the queue to a ruleset with both actions instead", "the action never runs"
		}
	}
	l.cfg.Actions = append(l.cfg.Actions, act)
	return act.Action
}

// ownQueues gives a queue to actions that others must not wait for. Those whose
// state the next action asks for run at once, or there would be none to ask for.
// Behind a queue on disk it is one on disk: a queue in memory would take messages
// off the disk before they are delivered. Nobody waits for an action that is alone
// in a ruleset with a queue: a second one would only cost time.
func (l *loader) ownQueues() {
	typ, spooled := l.spooled()
	taken := map[string]bool{}
	l.findAlone()
	for _, a := range l.cfg.Actions {
		if !a.Alone && a.Queue == nil && !a.queueGiven && !a.Watched && a.Module.OwnQueue != nil && a.Module.OwnQueue(a.Conf) {
			q := l.cfg.actionQueueDefaults()
			q.Type, q.WorkerThreads, q.ForAction = typ, 1, true
			q.SetSize(queue.DefaultSize) // what the main queue would hold without it
			if spooled {
				q.FileName = ownQueueName(a, taken)
			}
			a.Queue = &q
		}
	}
}

// findAlone marks the actions that are alone behind the queue of a ruleset.
func (l *loader) findAlone() {
	for _, rs := range l.cfg.Rulesets {
		if rs.Queue == nil {
			continue
		}
		var only *Action
		n := 0
		for s := range router.All(rs.Body) {
			switch s := s.(type) {
			case *router.Action:
				if a := l.cfg.Actions[s.Index]; a.Module.Modify == nil {
					only = a
					n++
				}
			case *router.Call, *router.CallIndirect:
				n += 2 // others may be there
			}
		}
		if n == 1 {
			only.Alone = true
		}
	}
}

// spooled reports whether the main queue or one of a ruleset has files, and which
// type of queue may stand behind it.
func (l *loader) spooled() (typ queue.Type, spooled bool) {
	front := []*queue.Config{&l.cfg.MainQueue}
	for _, rs := range l.cfg.Rulesets {
		if rs.Queue != nil {
			front = append(front, rs.Queue)
		}
	}
	typ = queue.LinkedList
	for _, q := range front {
		if q.FileName != "" {
			spooled = true
			if q.Type == queue.Disk {
				typ = queue.Disk
			}
		}
	}
	return typ, spooled
}

// ownQueueName names the files of an action's own queue. It is made of what the
// administrator calls the action, or else of its target, so that the queue is
// found again when other actions have come or gone.
func ownQueueName(a *Action, taken map[string]bool) string {
	name := a.common.Name
	if name == "" {
		name = a.Module.Name
		for _, v := range a.Module.Instance.Values(a.Conf) {
			if v.Name == "target" || v.Name == "port" {
				name += "-" + strings.Join(v.Items, "-")
			}
		}
	}
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '.' || r == ':' || unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, name)
	unique := name
	for n := 2; taken[unique]; n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	taken[unique] = true
	return unique
}

// legacyAction understands the action of a selector line.
func (l *loader) legacyAction(a *syntax.LegacyAction) router.Stmt {
	line := syntax.NewLine(a.Text)
	if line.Skip(':') {
		mod := strings.ToLower(line.Until(":"))
		if !line.Skip(':') {
			l.badAction(a, "want :module:parameters")
			return nil
		}
		if mod == "omfile" {
			return l.legacyFile(a, line)
		}
		return l.legacyOutput(a, mod, line)
	}
	switch a.Text[0] {
	case '*':
		l.diags.Warnf(a.Range(), "the action * is deprecated").Hint = `write ":omusrmsg:*"`
		return l.legacyOutput(a, "omusrmsg", line)
	case '/', '.', '-', '?', '$':
		return l.legacyFile(a, line)
	case '@':
		return l.legacyOutput(a, "omfwd", line)
	case '|', '^', '>':
		line.Take(1)
		return l.legacyOutput(a, map[byte]string{'|': "ompipe", '^': "omshell", '>': "ommysql"}[a.Text[0]], line)
	}
	l.diags.Warnf(a.Range(), "a list of users as action is deprecated").Hint = fmt.Sprintf("write %q", ":omusrmsg:"+a.Text)
	return l.legacyOutput(a, "omusrmsg", line)
}

func (l *loader) badAction(a *syntax.LegacyAction, want string) {
	d := l.diags.Errorf(a.Range(), "%s", want)
	d.Effect = "this action is ignored"
	if strings.HasPrefix(a.Text, "//") {
		d.Hint = "// does not begin a comment, write # or /* ... */"
	}
}

// legacyFile is /path, ./path, ?template or $outchannel, with a - in front that
// turns syncing off. The values of $FileOwner and the like apply.
func (l *loader) legacyFile(a *syntax.LegacyAction, line *syntax.Line) router.Stmt {
	noSync := line.Skip('-')
	name := "file"
	switch rest := line.Rest(); {
	case line.Skip('$'):
		return l.outChannelAction(a, line)
	case line.Skip('?'):
		name = "dynafile"
	case !strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, "."):
		l.badAction(a, "want /file, ?TEMPLATE or $channel")
		return nil
	}
	what := line.File()
	if what == "" {
		l.badAction(a, "the action names no file")
		return nil
	}
	rng := a.Range()
	if strings.HasPrefix(what, "//") && what != "//" && !strings.Contains(what[2:], "/") {
		l.diags.Notef(rng, "messages go to the file %s, // does not begin a comment", what).Hint = "write # for a comment"
	}
	obj := &param.Object{Title: "the action " + what, Effect: "this action is ignored", Range: rng}
	obj.Args = append(obj.Args, &param.Arg{Name: name, Items: []string{what}, Range: rng, ValueRange: rng})
	if noSync {
		obj.Args = append(obj.Args, &param.Arg{Name: "sync", Items: []string{"off"}, Range: rng, ValueRange: rng})
	}
	return l.decodeLegacy(a, l.cfg.modules["omfile"], obj, line)
}

// legacyOutput is an action of another module; line is behind its mark.
func (l *loader) legacyOutput(a *syntax.LegacyAction, module string, line *syntax.Line) router.Stmt {
	obj := &param.Object{Title: "the action " + a.Text, Effect: "this action is ignored", Range: a.Range()}
	m := l.find(module, "output", obj, a.Range())
	if m == nil {
		return nil
	}
	if m.output.Legacy == nil {
		l.badAction(a, fmt.Sprintf("module %s has no such action line", module))
		return nil
	}
	return l.decodeLegacy(a, m, obj, line)
}

// decodeLegacy makes an action from the values of legacy directives, obj, and
// what the module and the name of a template take from line.
func (l *loader) decodeLegacy(a *syntax.LegacyAction, m *loadedModule, obj *param.Object, line *syntax.Line) router.Stmt {
	decl := m.output.Instance
	conf := decl.Copy(l.pending(m))
	if m.output.LegacyInherit != nil {
		m.output.LegacyInherit(m.conf, conf)
	}
	if m.output.Legacy != nil {
		if err := m.output.Legacy(conf, line); err != nil {
			l.badAction(a, err.Error())
			return nil
		}
	}
	tpl, at, err := line.Template()
	if err != nil {
		l.badAction(a, err.Error())
		return nil
	}
	if tpl != "" {
		rng := a.Range()
		rng.Start.Col += at
		rng.Len = len(tpl)
		obj.Args = append(obj.Args, &param.Arg{Name: "template", Items: []string{tpl}, Range: rng, ValueRange: rng})
	}
	common, q, given := l.nextAction()
	l.legacy.expire(param.UntilLegacyAction)
	given = given.join(m.pendingPlaces)
	if m.output.Consumes == nil || m.output.Consumes(conf) {
		m.expire(param.UntilInstance)
	}
	if !l.templateArgs(decl.Infos, obj) || !decl.Decode(conf, obj, l.diags) || !decl.Check(conf, obj, l.diags) {
		return nil
	}
	l.cfg.HasActions = true
	l.legacy.expire(param.UntilAction)
	given.note(obj)
	return l.addAction(m, conf, common, q, a, given)
}
