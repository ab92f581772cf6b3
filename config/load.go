package config

import (
	"os"
	"strings"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/queue"
	"syslogd/ratelimit"
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

func (l *loader) abortIfMissing(s *syntax.Include) {
	if s.Abort && l.cfg.Abort == nil {
		l.cfg.Abort = &Abort{Text: "an include file with mode abort-if-missing is missing", Exit: 1}
	}
}
