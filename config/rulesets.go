package config

import (
	"fmt"
	"strings"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/queue"
	"syslogd/router"
)

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
