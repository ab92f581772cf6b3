package config

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/module"
)

// ModuleName reduces what module(load=) and $ModLoad name to the module's own
// name: without a path, without .so, without "builtin:".
func ModuleName(s string) string {
	s = strings.TrimSuffix(path.Base(strings.TrimSpace(s)), ".so")
	return strings.ToLower(strings.TrimPrefix(s, "builtin:"))
}

func (l *loader) module(o *syntax.Object) {
	obj := param.ObjectOf(o, "module()", "the module is not loaded")
	load, ok := l.required(obj, "load")
	if !ok {
		return
	}
	name := ModuleName(load)
	obj.Title = fmt.Sprintf("module(load=%q)", load)
	_, rng := text(obj, "load")
	m := l.load(name, load, rng)
	if m == nil {
		return
	}
	decl := m.moduleObject()
	if decl == nil {
		if m.unavailable == nil {
			param.ReportUnknown(obj, nil, l.diags)
		}
		return
	}
	if !decl.Decode(m.conf, obj, l.diags) {
		m.conf = decl.New(nil)
	}
	param.ReportUnknown(obj, decl.Infos, l.diags)
	m.places.note(obj)
	m.object = obj
}

func (m *loadedModule) moduleObject() *module.Object {
	switch {
	case m.input != nil:
		return m.input.Module
	case m.output != nil:
		return m.output.Module
	}
	return nil
}

func (m *loadedModule) instanceObject() *module.Object {
	switch {
	case m.input != nil:
		return m.input.Instance
	case m.output != nil:
		return m.output.Instance
	}
	return nil
}

// load brings a module in and returns it, or reports why not.
func (l *loader) load(name, written string, rng diag.Range) *loadedModule {
	if m := l.cfg.modules[name]; m != nil {
		if m.output != nil && m.output.Builtin || m.parser != nil && m.parser.Builtin {
			return m
		}
		d := l.diags.Errorf(rng, "module %q is loaded already", written)
		d.Related = []diag.Related{{Range: m.rng, Text: "loaded here"}}
		d.Effect, d.Code = "this line is ignored", -2221
		return nil
	}
	m := &loadedModule{name: name, rng: rng}
	switch {
	case l.reg.Inputs[name] != nil:
		m.input = l.reg.Inputs[name]
		m.conf = m.input.Module.New(nil)
	case l.reg.Outputs[name] != nil:
		m.output = l.reg.Outputs[name]
		m.conf = m.output.Module.New(nil)
	case l.reg.Parsers[name] != nil:
		m.parser = l.reg.Parsers[name]
		l.addParser(m)
	case l.reg.Drivers[name]:
		// lmnsd_gtls and its like: part of package tls, nothing to set.
	case l.reg.Unavailable[name] != nil:
		m.unavailable = l.reg.Unavailable[name]
		l.diags.Notef(rng, "module %q is not available yet: %s", name, m.unavailable.Lost)
	default:
		d := l.diags.Errorf(rng, "there is no module %q", written)
		if s := diag.Suggest(name, l.reg.Names()); s != "" {
			d.Hint = fmt.Sprintf("did you mean %q?", s)
		}
		d.Effect, d.Code = "the module is not loaded", -2066
		return nil
	}
	l.cfg.modules[name] = m
	l.cfg.Loaded = append(l.cfg.Loaded, name)
	return m
}

// find returns a loaded module for an object's type, or reports why there is none.
func (l *loader) find(name string, kind string, obj *param.Object, rng diag.Range) *loadedModule {
	m := l.cfg.modules[ModuleName(name)]
	if m == nil {
		if u := l.reg.Unavailable[ModuleName(name)]; u != nil {
			l.diags.Errorf(rng, "module %q is not available yet: %s", name, u.Lost).Effect = obj.Effect
			return nil
		}
		d := l.diags.Errorf(rng, "module %q is not loaded", name)
		if known := ModuleName(name); l.reg.Has(known) {
			d.Hint = fmt.Sprintf(`load it first: module(load=%q)`, known)
		} else if s := diag.Suggest(known, l.reg.Names()); s != "" {
			d.Text = fmt.Sprintf("there is no module %q", name)
			d.Hint = fmt.Sprintf("did you mean %q?", s)
		} else {
			d.Text = fmt.Sprintf("there is no module %q", name)
		}
		d.Effect, d.Code, d.Missing = obj.Effect, -2209, ModuleName(name)
		return nil
	}
	if m.unavailable != nil {
		l.diags.Errorf(rng, "module %q is not available yet: %s", name, m.unavailable.Lost).Effect = obj.Effect
		return nil
	}
	if kind == "input" && m.input == nil || kind == "output" && m.output == nil {
		d := l.diags.Errorf(rng, "module %q is no %s module", name, kind)
		if m.input != nil {
			d.Hint = fmt.Sprintf("it receives: input(type=%q ...)", m.name)
		} else if m.output != nil {
			d.Hint = fmt.Sprintf("it is an action: action(type=%q ...)", m.name)
		}
		d.Effect, d.Code = obj.Effect, -2209
		return nil
	}
	return m
}

func (l *loader) input(o *syntax.Object) {
	obj := param.ObjectOf(o, "input()", "this input is ignored")
	typ, ok := l.required(obj, "type")
	if !ok {
		l.unclear = true
		return
	}
	obj.Title = fmt.Sprintf("input(type=%q)", typ)
	_, rng := text(obj, "type")
	m := l.find(typ, "input", obj, rng)
	if m == nil {
		if u := l.cfg.modules[ModuleName(typ)]; u != nil {
			u.inputs++
		}
		return
	}
	if m.input.NoObjects {
		d := l.diags.Errorf(rng, "module %q has no input() objects", m.name)
		d.Hint, d.Effect = fmt.Sprintf("give the parameters in module(load=%q ...)", m.name), obj.Effect
		return
	}
	m.inputs++
	decl := m.input.Instance
	conf := decl.New(m.conf)
	ok = decl.Decode(conf, obj, l.diags)
	param.ReportUnknown(obj, decl.Infos, l.diags)
	if ok && l.check(decl, conf, obj) {
		in := l.addInput(m, conf, obj)
		in.Node = o
		in.places.note(obj)
		l.noteLimit(conf, obj)
	}
}

// check reports contradictions in conf. When a parameter of the object was
// misspelt that may be the reason: then there is one error, not two.
func (l *loader) check(decl *module.Object, conf any, obj *param.Object) bool {
	before := l.diags.Len()
	if decl.Check(conf, obj, l.diags) {
		return true
	}
	for _, a := range obj.Args {
		if d := l.diags.At(a.Range); a.Unknown && d != nil && d.Hint != "" {
			l.diags.Cut(before)
			d.Effect = obj.Effect
			break
		}
	}
	return false
}

// addInput records an instance and the ruleset it names.
func (l *loader) addInput(m *loadedModule, conf any, obj *param.Object) *Input {
	in := &Input{Module: m.input, Conf: conf, Range: obj.Range, module: m}
	l.cfg.Inputs = append(l.cfg.Inputs, in)
	if name := m.input.Ruleset(conf); name != "" {
		rng := obj.Range
		if a := obj.Arg("ruleset"); a != nil {
			rng = a.ValueRange
		}
		l.inputRules = append(l.inputRules, inputRuleset{in, name, rng})
	}
	return in
}

// implicitInputs adds the instances that come with a module: the system log socket.
func (l *loader) implicitInputs() {
	for _, name := range l.cfg.Loaded {
		m := l.cfg.modules[name]
		if m.input == nil || m.input.Implicit == nil {
			continue
		}
		for _, conf := range m.input.Implicit(m.conf) {
			m.inputs++
			obj := &param.Object{Title: m.name, Effect: "this input is ignored", Range: m.rng}
			if m.object != nil {
				obj.Args = m.object.Args
			}
			if m.input.Instance.Check(conf, obj, l.diags) {
				l.addInput(m, conf, obj)
				if m.object != nil {
					l.noteLimit(conf, m.object)
				}
			}
		}
	}
}

// checkModulesUsed reports modules that were loaded for nothing, as rsyslogd does.
func (l *loader) checkModulesUsed() {
	if l.unclear {
		return
	}
	for _, name := range l.cfg.Loaded {
		m := l.cfg.modules[name]
		if m.input != nil && m.inputs == 0 && m.input.NeedsInput {
			d := l.diags.Warnf(m.rng, "%s: module loaded, but no listener defined", m.name)
			d.Effect, d.Missing = "nothing is received with it", m.name
		}
	}
}

func (l *loader) parser(o *syntax.Object) {
	obj := param.ObjectOf(o, "parser()", "this parser is ignored")
	typ, ok := l.required(obj, "type")
	name, ok2 := l.required(obj, "name")
	if !ok || !ok2 {
		return
	}
	obj.Title = fmt.Sprintf("parser(name=%q)", name)
	_, rng := text(obj, "type")
	m := l.cfg.modules[ModuleName(typ)]
	if m == nil || m.parser == nil {
		d := l.diags.Errorf(rng, "there is no parser module %q", typ)
		if l.reg.Parsers[ModuleName(typ)] != nil {
			d.Text = fmt.Sprintf("parser module %q is not loaded", typ)
			d.Hint = fmt.Sprintf("load it first: module(load=%q)", ModuleName(typ))
		} else if s := diag.Suggest(ModuleName(typ), slices.Collect(maps.Keys(l.reg.Parsers))); s != "" {
			d.Hint = fmt.Sprintf("did you mean %q?", s)
		}
		d.Effect, d.Code, d.Missing = obj.Effect, -2209, ModuleName(typ)
		return
	}
	if l.cfg.Parsers[strings.ToLower(name)] != nil {
		l.diags.Errorf(o.Range(), "parser %q is defined twice", name).Effect = "the first definition is used"
		return
	}
	conf := m.parser.Instance.New(nil)
	ok = m.parser.Instance.Decode(conf, obj, l.diags)
	param.ReportUnknown(obj, m.parser.Instance.Infos, l.diags)
	if ok {
		p := &Parser{Module: m.parser, Conf: conf, Name: name}
		p.places.note(obj)
		l.cfg.Parsers[strings.ToLower(name)] = p
	}
}
