package config

import (
	"maps"
	"slices"
	"strings"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/module"
	"syslogd/queue"
)

// Setting is a parameter of an object, with the value that is in effect.
type Setting struct {
	param.Value
	// Default is the value that it has when the object does not name it.
	Default []string
	// From is where the configuration sets it, for this object or for all of its
	// kind; the zero Range if it does not.
	From diag.Range
}

// Changed reports whether the value is not the default.
func (s *Setting) Changed() bool { return !slices.Equal(s.Items, s.Default) }

// places are where the parameters of an object were given, by their names.
type places map[string]diag.Range

// note records the arguments that a table has used.
func (p *places) note(o *param.Object) {
	for _, a := range o.Args {
		if a.Param != "" {
			p.set(a.Param, a.ValueRange)
		}
	}
}

func (p *places) set(name string, r diag.Range) {
	if *p == nil {
		*p = places{}
	}
	(*p)[name] = r
}

// join returns the places of p and of others.
func (p places) join(others ...places) places {
	out := maps.Clone(p)
	if out == nil {
		out = places{}
	}
	for _, o := range others {
		maps.Copy(out, o)
	}
	return out
}

// UseKind says what a directive sets.
type UseKind uint8

const (
	// UseUnknown is a directive that nobody knows.
	UseUnknown UseKind = iota
	// UseSpecial is more than an assignment: $ModLoad, $template.
	UseSpecial
	UseGlobal
	UseMainQueue
	UseRulesetQueue
	UseActionQueue
	UseAction
	// UseModule is a parameter of a module, UseInstance one of the next input or
	// action of it, UseRun one that makes an input.
	UseModule
	UseInstance
	UseRun
)

// Use says what became of a legacy directive.
type Use struct {
	Kind UseKind
	// Module is the name of the module whose directive it is.
	Module string
	// Info is the parameter that it sets, nil for UseSpecial and UseUnknown.
	Info *param.Info
	// Failed is set when the value could not be used.
	Failed bool
}

func (l *loader) use(d *syntax.Directive, u Use) { l.cfg.Uses[d] = u }

// settings joins values, defaults and places. parent are the places of the object
// that defaults come from.
func settings(values, defaults []param.Value, from, parent places) []Setting {
	out := make([]Setting, 0, len(values))
	for i, v := range values {
		if strings.HasPrefix(v.Name, "$") {
			mean(out, &v, from[v.Name])
			continue
		}
		s := Setting{Value: v, Default: defaults[i].Items, From: from[v.Name]}
		if s.Items == nil && s.Default != nil && (v.Kind == param.KindString || v.Kind == param.KindWord) {
			s.Items = []string{""}
		}
		if s.From.Start.Src == nil && !s.Changed() {
			s.From = parent[v.Name]
		}
		out = append(out, s)
	}
	return out
}

// mean gives the parameter that a directive stands for the value that it means
// when it is on.
func mean(list []Setting, v *param.Value, from diag.Range) {
	for i := range list {
		if list[i].Name == v.Meant[0] && slices.Equal(v.Items, []string{"on"}) {
			list[i].Items, list[i].From = []string{v.Meant[1]}, from
		}
	}
}

// GlobalSettings are the parameters of global().
func (c *Config) GlobalSettings() []Setting {
	var def Global
	globalParams.SetDefaults(&def)
	def.DropUser, def.DropGroup = param.NoID, param.NoID
	return settings(globalParams.Values(&c.Global), globalParams.Values(&def), c.globalPlaces, nil)
}

// MainQueueSettings are the parameters of main_queue().
func (c *Config) MainQueueSettings() []Setting {
	var def queue.Config
	queue.Params.SetDefaults(&def)
	def.SetSize(queue.DefaultSize)
	return settings(queue.Params.Values(&c.MainQueue), queue.Params.Values(&def), c.mainQueuePlaces, nil)
}

// ModuleSettings are the parameters of module(load=name); nil for a module that
// has none, or is not loaded.
func (c *Config) ModuleSettings(name string) []Setting {
	m := c.modules[name]
	if m == nil || m.moduleObject() == nil {
		return nil
	}
	o := m.moduleObject()
	return settings(o.Values(m.conf), o.Values(o.New(nil)), m.places, nil)
}

// Modules returns the names of modules whose parameters the configuration sets
// although it does not load them: those that are always there.
func (c *Config) Modules() []string {
	var out []string
	for name, m := range c.modules {
		if len(m.places) > 0 && !slices.Contains(c.Loaded, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// instanceSettings are the parameters of an input or output.
func instanceSettings(o *module.Object, m *loadedModule, conf any, from places) []Setting {
	return settings(o.Values(conf), o.Values(o.New(m.conf)), from, m.places)
}

// Settings are the parameters of the input.
func (i *Input) Settings() []Setting {
	return instanceSettings(i.Module.Instance, i.module, i.Conf, i.places)
}

// Settings are the parameters of the parser.
func (p *Parser) Settings() []Setting {
	o := p.Module.Instance
	return settings(o.Values(p.Conf), o.Values(o.New(nil)), p.places, nil)
}

// QueueSettings are the parameters of the ruleset's queue; nil if it has none.
func (r *Ruleset) QueueSettings(c *Config) []Setting {
	if r.Queue == nil {
		return nil
	}
	def := c.rulesetQueueDefaults()
	return settings(queue.Params.Values(r.Queue), queue.Params.Values(&def), r.places, nil)
}

// Settings are the parameters of the action: of its output, those that all
// actions have, and, if it has a queue, those of the queue.
func (a *Action) Settings(c *Config) []Setting {
	out := instanceSettings(a.Module.Instance, a.module, a.Conf, a.places)
	if _, line := a.Node.(*syntax.LegacyAction); line {
		for i := range out {
			if s := &out[i]; s.From.Start.Src == nil && s.Changed() {
				s.From = a.Range
			}
		}
	}
	def := c.newCommon()
	out = append(out, settings(actionParams.Values(&a.common), actionParams.Values(&def), a.places, c.globalPlaces)...)
	if a.Queue != nil {
		none := c.actionQueueDefaults()
		none.WorkerThreads = 1
		out = append(out, settings(queue.Params.Values(a.Queue), queue.Params.Values(&none), a.places, nil)...)
	}
	return out
}

// OwnQueue reports whether the action has a queue that the configuration does
// not ask for.
func (a *Action) OwnQueue() bool { return a.Queue != nil && !a.queueGiven }
