package config

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syslogd/parser"
	"syslogd/ratelimit"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/queue"
	"syslogd/router"
	"syslogd/router/lookup"
	"syslogd/router/script"
	"syslogd/router/template"
)

// loader walks the tree. It holds what later statements depend on.
type loader struct {
	cfg   *Config
	reg   *module.Registry
	diags *diag.List

	// checking is set when nothing that is read takes effect.
	checking bool
	// trace is Options.Trace.
	trace bool
	// current is the ruleset that statements are added to: the default one, or
	// the one of the last $RuleSet.
	current *Ruleset
	// globalSeen are the parameters of global() that were given, for "first wins".
	globalSeen map[string]diag.Range
	legacy     legacyState
	// calls are resolved when all rulesets are known.
	calls []pendingCall
	// defaultName is the value of $DefaultRuleset.
	defaultName  string
	defaultRange diag.Range
	// mainQueueRange is where main_queue() stands, or a directive of the main queue.
	mainQueueRange diag.Range
	// outChannels are the $OutChannel definitions.
	outChannels map[string]outChannel
	inputRules  []inputRuleset
	policies    []policyCheck
	kept        []keptBucket
	// unclear is set when an input() names no module: it may be the one of any.
	unclear bool
}

type pendingCall struct {
	stmt *router.Call
	name string
	rng  diag.Range
}

// inputRuleset is the ruleset an input names; it may be defined later.
type inputRuleset struct {
	input *Input
	name  string
	rng   diag.Range
}

func newLoader(name string, file *syntax.File, reg *module.Registry, diags *diag.List) *loader {
	cfg := &Config{
		Name: name, File: file, Templates: template.NewSet(),
		Parsers: map[string]*Parser{}, Allowed: map[string][]string{}, modules: map[string]*loadedModule{},
		Tables: &lookup.Set{}, Regexps: &posix.Compiler{}, Requests: &script.Requests{}, Policies: &ratelimit.Policies{}, Zones: map[string]*message.Zone{}, Uses: map[*syntax.Directive]Use{},
		Buckets: &metrics.Buckets{Counters: map[string]*metrics.Dynamic{}, Percentiles: map[string]*metrics.Percentiles{}},
	}
	cfg.Templates.Regexps, cfg.Tables.Regexps = cfg.Regexps, cfg.Regexps
	globalParams.SetDefaults(&cfg.Global)
	cfg.Global.DropUser, cfg.Global.DropGroup = param.NoID, param.NoID
	queue.Params.SetDefaults(&cfg.MainQueue)
	cfg.Default = &Ruleset{Ruleset: &router.Ruleset{Name: DefaultRuleset}}
	cfg.Rulesets = []*Ruleset{cfg.Default}
	l := &loader{cfg: cfg, reg: reg, diags: diags, current: cfg.Default,
		globalSeen: map[string]diag.Range{}, outChannels: map[string]outChannel{}}
	l.legacy.reset()
	for name, out := range reg.Outputs {
		if out.Builtin {
			l.cfg.modules[name] = &loadedModule{name: name, output: out, conf: out.Module.New(nil)}
		}
	}
	for name, p := range reg.Parsers {
		if p.Builtin {
			l.addParser(&loadedModule{name: name, parser: p})
		}
	}
	return l
}

// addParser adds a parser module and the parsers that come with it.
func (l *loader) addParser(m *loadedModule) {
	l.cfg.modules[m.name] = m
	for _, name := range m.parser.Instances {
		l.cfg.Parsers[name] = &Parser{Module: m.parser, Conf: m.parser.Instance.New(nil)}
	}
}

// stmts adds top-level statements to the current ruleset.
func (l *loader) stmts(list []syntax.Stmt) {
	for _, s := range list {
		l.topLevel(s)
	}
}

func (l *loader) topLevel(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.Object:
		l.object(s)
	case *syntax.Template:
		l.template(s)
	case *syntax.Ruleset:
		l.ruleset(s)
	case *syntax.Include:
		for _, f := range s.Files {
			l.stmts(f.Stmts)
		}
		l.abortIfMissing(s)
	case *syntax.Directive:
		l.directive(s)
		for _, f := range s.Files {
			l.stmts(f.Stmts)
		}
	case *syntax.BSDBlock:
		// reported by the parser
	default:
		l.current.Body = append(l.current.Body, l.stmt(s)...)
	}
}

// enabled evaluates config.enabled: anything but on disables the object, as in rsyslogd.
func (l *loader) enabled(params []syntax.Param) bool {
	for i := range params {
		p := &params[i]
		if p.Name != "config.enabled" || len(p.Value.Items) == 0 {
			continue
		}
		on := p.Value.Items[0].Text
		if on != "on" && on != "off" {
			d := l.diags.Notef(p.Value.Range(), "config.enabled is %q, and only \"on\" enables", on)
			d.Effect = "the object is left out"
		}
		return on == "on"
	}
	return true
}

// text takes the value of a parameter that the loader itself understands.
func text(o *param.Object, name string) (string, diag.Range) {
	if a := o.Arg(name); a != nil && len(a.Items) > 0 {
		a.Used = true
		return a.Items[0], a.ValueRange
	}
	return "", o.Range
}

func (l *loader) object(o *syntax.Object) {
	if !l.enabled(o.Params) {
		return
	}
	switch o.Kind {
	case "global":
		l.global(o)
	case "module":
		l.module(o)
	case "input":
		l.input(o)
	case "main_queue":
		l.mainQueue(o)
	case "parser":
		l.parser(o)
	case "lookup_table":
		l.lookupTable(o)
	case "dyn_stats", "percentile_stats":
		l.statistics(o)
	case "timezone":
		l.timezone(o)
	case "ratelimit":
		l.rateLimit(o)
	default:
		l.diags.Errorf(o.Range(), "%s() can not stand here", o.Kind).Effect = "the object is ignored"
	}
}

func (l *loader) global(o *syntax.Object) {
	obj := param.ObjectOf(o, "global()", "the parameter is ignored")
	kept := obj.Args[:0]
	for _, a := range obj.Args {
		if first, twice := l.globalSeen[a.Name]; twice && !a.Used {
			d := l.diags.Errorf(a.Range, "parameter %q given twice in global()", a.Spelling)
			d.Related = []diag.Related{{Range: first, Text: "first given here"}}
			d.Effect = "the first value is used"
			continue
		}
		l.globalSeen[a.Name] = a.Range
		kept = append(kept, a)
	}
	obj.Args = kept
	globalParams.Decode(&l.cfg.Global, obj, l.diags)
	l.cfg.globalPlaces.note(obj)
	param.ReportUnknown(obj, globalParams.Infos(), l.diags)
	l.applyNow()
}

// applyNow puts into effect what holds while the rest of the file is read.
func (l *loader) applyNow() {
	for _, e := range l.cfg.Global.Environment {
		if l.checking {
			break
		}
		name, value, _ := strings.Cut(e, "=")
		os.Setenv(name, value)
	}
	l.cfg.Environment = append(l.cfg.Environment, l.cfg.Global.Environment...)
	l.cfg.Global.Environment = nil
}

func (l *loader) mainQueue(o *syntax.Object) {
	obj := param.ObjectOf(o, "main_queue()", "the main queue keeps its defaults")
	text(obj, "name")
	conf := l.cfg.MainQueue
	if queue.Params.Decode(&conf, obj, l.diags) {
		l.cfg.MainQueue = conf
		l.mainQueueRange = o.Range()
		l.cfg.mainQueuePlaces.note(obj)
	}
	param.ReportUnknown(obj, queue.Params.Infos(), l.diags)
}

// required takes a parameter that must be there.
func (l *loader) required(obj *param.Object, name string) (string, bool) {
	v, _ := text(obj, name)
	if obj.Arg(name) == nil {
		for _, a := range obj.Args {
			if !a.Used && diag.Suggest(a.Name, []string{name}) != "" {
				a.Effect = obj.Effect
				param.ReportUnknown(&param.Object{Title: obj.Title, Args: []*param.Arg{a}}, []param.Info{{Name: name}}, l.diags)
				return "", false
			}
		}
		d := l.diags.Errorf(obj.Range, "%s needs the parameter %q", obj.Title, name)
		d.Effect, d.Code = obj.Effect, -2211
		d.Hint = map[string]string{"load": `module(load="imudp")`, "type": `type="..." is the name of the module`}[name]
		return "", false
	}
	return v, true
}

func (l *loader) template(t *syntax.Template) {
	if !l.enabled(t.Params) {
		return
	}
	l.cfg.Templates.Define(t, l.diags)
}

func (l *loader) ruleset(r *syntax.Ruleset) {
	if !l.enabled(r.Params) {
		return
	}
	obj := param.ObjectOf(&r.Object, "ruleset()", "this ruleset is ignored")
	name, ok := l.required(obj, "name")
	if !ok {
		return
	}
	obj.Title = fmt.Sprintf("ruleset(name=%q)", name)
	if old := l.rulesetNamed(name); old != nil {
		d := l.diags.Errorf(r.Range(), "ruleset %q is defined twice", name)
		d.Related = []diag.Related{{Range: old.Range, Text: "first defined here"}}
		d.Effect, d.Code = "the first definition is used", -2306
		return
	}
	rs := &Ruleset{Ruleset: &router.Ruleset{Name: name}, Range: r.Range()}
	if a := obj.Arg("parser"); a != nil {
		a.Used = true
		rs.Parsers = l.parserNames(a.Items, a.ValueRange)
	}
	conf := l.cfg.rulesetQueueDefaults()
	if queue.Params.Decode(&conf, obj, l.diags) && conf.Given && conf.Type != queue.Direct {
		conf.SetSize(queue.DefaultSize)
		rs.Queue = &conf
	}
	rs.places.note(obj)
	param.ReportUnknown(obj, append(queue.Params.Infos(), param.Info{Name: "name"}, param.Info{Name: "parser"}), l.diags)
	l.cfg.Rulesets = append(l.cfg.Rulesets, rs)
	if r.Body != nil {
		outer := l.current
		l.current = rs
		rs.Body = append(rs.Body, l.block(r.Body)...)
		l.current = outer
	}
}

// rulesetQueueDefaults are the defaults of a ruleset's queue.
func (c *Config) rulesetQueueDefaults() queue.Config {
	g := &c.Global
	return queueDefaults(queue.DefaultSize, g.rulesetTimeoutShutdown, g.rulesetTimeoutCompletion)
}

// actionQueueDefaults are the defaults of an action's queue.
func (c *Config) actionQueueDefaults() queue.Config {
	g := &c.Global
	conf := queueDefaults(queue.DefaultActionSize, g.actionTimeoutShutdown, g.actionTimeoutCompletion)
	conf.TimeoutEnqueue = g.actionTimeoutEnqueue
	return conf
}

func queueDefaults(size, shutdown, completion int) queue.Config {
	var conf queue.Config
	queue.Params.SetDefaults(&conf)
	conf.Size, conf.TimeoutCompletion = size, completion
	if shutdown > 0 {
		conf.SetTimeoutShutdown(shutdown)
	}
	conf.Given = false
	return conf
}

func (l *loader) rulesetNamed(name string) *Ruleset {
	for _, rs := range l.cfg.Rulesets {
		if rs.Name == name {
			return rs
		}
	}
	return nil
}

// parserNames checks the names of a parser chain. With an unknown one the
// ruleset keeps the default chain, as in rsyslogd.
func (l *loader) parserNames(names []string, rng diag.Range) []string {
	for _, n := range names {
		if l.cfg.Parsers[strings.ToLower(n)] != nil {
			continue
		}
		var known []string
		for k := range l.cfg.Parsers {
			known = append(known, k)
		}
		d := l.diags.Errorf(rng, "there is no parser %q", n)
		if mod := l.moduleOfParser(n); mod != "" {
			d.Hint = fmt.Sprintf("load it first: module(load=%q)", mod)
		} else if s := diag.Suggest(n, known); s != "" {
			d.Hint = fmt.Sprintf("did you mean %q?", s)
		}
		d.Effect, d.Code, d.Missing = "the ruleset uses the default parsers", -2159, n
		return nil
	}
	return names
}

// moduleOfParser returns the module that a parser comes with.
func (l *loader) moduleOfParser(name string) string {
	for _, p := range l.reg.Parsers {
		for _, n := range p.Instances {
			if strings.EqualFold(n, name) {
				return p.Name
			}
		}
	}
	return ""
}

func (l *loader) abortIfMissing(s *syntax.Include) {
	if s.Abort && l.cfg.Abort == nil {
		l.cfg.Abort = &Abort{Text: "an include file with mode abort-if-missing is missing", Exit: 1}
	}
}

// finish resolves what may be named before it is defined, and judges the whole.
func (l *loader) finish() {
	for _, c := range l.calls {
		rs := l.rulesetNamed(c.name)
		if rs == nil {
			l.unknownRuleset(c.name, c.rng).Effect = "this call is ignored"
			continue
		}
		c.stmt.Ruleset = rs.Ruleset
	}
	if l.defaultName != "" {
		if rs := l.rulesetNamed(l.defaultName); rs != nil {
			l.cfg.Default = rs
		} else {
			l.unknownRuleset(l.defaultName, l.defaultRange).Effect = "the rules outside of rulesets are used"
		}
	}
	l.implicitInputs()
	for _, ir := range l.inputRules {
		if rs := l.rulesetNamed(ir.name); rs != nil {
			ir.input.Ruleset = rs
		} else {
			l.unknownRuleset(ir.name, ir.rng).Effect = "the default ruleset is used"
		}
	}
	l.sharedPorts()
	l.deviceParser()
	l.ownQueues()
	l.checkDefault()
	l.checkLimits()
	l.permittedRequests()
	l.checkModulesUsed()
	l.keepBuckets()
	l.finishQueues()
	g := &l.cfg.Global
	if g.MaxMessageSize < 128 {
		l.diags.Warnf(l.cfg.globalPlaces["maxMessageSize"], "maxMessageSize is %d, it can not be less than 128", g.MaxMessageSize).Effect = "128 is used"
		g.MaxMessageSize = 128
	}
	g.Parser.MaxMessageSize = int(g.MaxMessageSize)
}

// sharedPorts drops inputs for ports that later inputs of their module name, too:
// as in rsyslogd the last one gets the messages.
func (l *loader) sharedPorts() {
	taken := map[string]*Input{}
	kept := make([]*Input, len(l.cfg.Inputs))
	n := len(kept)
	for _, in := range slices.Backward(l.cfg.Inputs) {
		var last *Input
		free := false
		ports := in.ports()
		for _, p := range ports {
			if last = taken[p]; last == nil {
				free = true
			}
		}
		if len(ports) > 0 && !free {
			d := l.diags.Notef(in.Range, "a later input of %s has the same port", in.Module.Name)
			d.Related = []diag.Related{{Range: last.Range, Text: "it gets the messages"}}
			d.Effect = "this input is ignored"
			continue
		}
		for _, p := range ports {
			taken[p] = in
		}
		n--
		kept[n] = in
	}
	l.cfg.Inputs = kept[n:]
}

// ports name what the input listens on, comparable with those of other inputs.
func (i *Input) ports() (out []string) {
	where := i.Module.Name
	var ports []string
	for _, v := range i.Module.Instance.Values(i.Conf) {
		switch v.Name {
		case "port":
			ports = v.Items
		case "address", "networkNamespace":
			where += " " + v.Name + "=" + strings.Join(v.Items, ",")
		}
	}
	for _, p := range ports {
		if p != "0" && p != "" {
			out = append(out, where+":"+p)
		}
	}
	return out
}

// finishQueues judges the parameters of each queue together, now that all are known.
// permittedRequests reads httpRequest.permitted: networks, or addresses as they are.
// One that is not understood permits nothing.
func (l *loader) permittedRequests() {
	for _, text := range l.cfg.Global.RequestsPermitted {
		p, err := netip.ParsePrefix(text)
		if a, bad := netip.ParseAddr(text); err != nil && bad == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			d := l.diags.Errorf(l.cfg.globalPlaces["httpRequest.permitted"],
				"httpRequest.permitted: want an address or a network such as 10.0.0.0/8, found %q", text)
			d.Effect = "it permits nothing"
			p = netip.Prefix{} // contains no address
		}
		l.cfg.Requests.Permitted = append(l.cfg.Requests.Permitted, p)
	}
}

func (l *loader) finishQueues() {
	used := queue.Places{}
	workDir := l.cfg.Global.WorkDirectory
	l.cfg.MainQueue.SetSize(queue.DefaultSize)
	l.cfg.MainQueue.Finish("the main queue", l.mainQueueRange, workDir, used, l.diags)
	for _, rs := range l.cfg.Rulesets {
		if rs.Queue != nil {
			rs.Queue.Finish(fmt.Sprintf("the queue of ruleset %q", rs.Name), rs.Range, workDir, used, l.diags)
		}
	}
	for _, a := range l.cfg.Actions {
		if a.Queue != nil {
			a.Queue.Finish("the queue of action "+a.Name, a.Range, workDir, used, l.diags)
		}
	}
}

// checkDefault says which inputs receive for nothing: they name no ruleset, and
// the default one has no rules.
func (l *loader) checkDefault() {
	if len(l.cfg.Default.Body) > 0 || len(l.cfg.Rulesets) < 2 {
		return
	}
	for _, in := range l.cfg.Inputs {
		if in.Ruleset != nil || in.Node == nil {
			continue
		}
		if o, ok := in.Node.(*syntax.Object); ok && o.Param("ruleset") != nil {
			continue // an unknown one, which was reported
		}
		d := l.diags.Notef(in.Range, "this input names no ruleset, and no rules stand outside of rulesets")
		d.Hint, d.Effect = `ruleset="`+l.cfg.Rulesets[1].Name+`"`, "its messages are dropped"
	}
}

// deviceModule is the parser module that parser.devices turns on.
const deviceModule = "pmdevice"

// deviceParser gives rulesets that name no parsers the chain of parser.devices.
func (l *loader) deviceParser() {
	m := l.reg.Parsers[deviceModule]
	if !l.cfg.Global.Devices || m == nil {
		return
	}
	if l.cfg.modules[deviceModule] == nil {
		l.addParser(&loadedModule{name: deviceModule, parser: m})
	}
	for _, rs := range l.cfg.Rulesets {
		if len(rs.Parsers) == 0 {
			rs.Parsers = append([]string{m.Instances[0]}, parser.DefaultChainNames()...)
		}
	}
}

func (l *loader) unknownRuleset(name string, rng diag.Range) *diag.Diagnostic {
	d := l.diags.Errorf(rng, "there is no ruleset %q", name)
	var known []string
	for _, rs := range l.cfg.Rulesets {
		known = append(known, rs.Name)
	}
	if s := diag.Suggest(name, known); s != "" {
		d.Hint = fmt.Sprintf("did you mean %q?", s)
	}
	d.Code, d.Missing = -2308, name
	return d
}
