// Package rewrite writes a configuration that was read as RainerScript: what
// legacy lines mean (Convert), and what is in effect, with every default
// (Effective).
package rewrite

import (
	"bytes"
	"fmt"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// made finds what the nodes of a tree were made into.
type made struct {
	actions map[syntax.Node]*config.Action
	inputs  map[syntax.Node]*config.Input
}

func madeBy(cfg *config.Config) made {
	m := made{map[syntax.Node]*config.Action{}, map[syntax.Node]*config.Input{}}
	for _, a := range cfg.Actions {
		m.actions[a.Node] = a
	}
	for _, i := range cfg.Inputs {
		m.inputs[i.Node] = i
	}
	return m
}

// text prints what was written. It is read again before anybody sees it: a
// configuration that ends at a syntax error would be worse than none.
func (c *converter) text(layout syntax.PrintOptions, opt syntax.Options) ([]byte, error) {
	var out bytes.Buffer
	syntax.PrintWith(&out, &syntax.File{Stmts: c.out}, layout)
	diags := &diag.List{}
	if f := syntax.Parse(c.cfg.Name+" (written)", out.Bytes(), opt, diags); f.Stopped && !c.cfg.File.Stopped {
		for _, d := range diags.All() {
			if d.Severity == diag.Error {
				return nil, fmt.Errorf("the text that was made of the configuration can not be read: %s: %s", d.Range.Start, d.Text)
			}
		}
	}
	return out.Bytes(), nil
}

// choose returns parameters for the settings that keep accepts.
func choose(list []config.Setting, keep func(s *config.Setting) bool) []syntax.Param {
	var out []syntax.Param
	for i := range list {
		if s := &list[i]; keep(s) {
			out = append(out, setting(s))
		}
	}
	return out
}

func setting(s *config.Setting) syntax.Param {
	p := syntax.NewParam(s.Name, s.Items...)
	p.Note = origin(s)
	return p
}

// changed accepts settings that are not what an object has that does not name them.
func changed(s *config.Setting) bool { return s.Changed() && s.Items != nil }

func object(kind string, params ...syntax.Param) *syntax.Object {
	return &syntax.Object{Kind: kind, Params: params}
}

// moduleObject is module(load=), with the settings that keep accepts.
func moduleObject(cfg *config.Config, name, load string, keep func(*config.Setting) bool) *syntax.Object {
	params := []syntax.Param{syntax.NewParam("load", load)}
	return object("module", append(params, choose(cfg.ModuleSettings(name), keep)...)...)
}

// input is input(type=) for one that was read, with the settings that keep accepts.
func input(in *config.Input, keep func(*config.Setting) bool) *syntax.Object {
	params := []syntax.Param{syntax.NewParam("type", in.Module.Name)}
	return object("input", append(params, choose(in.Settings(), keep)...)...)
}

// action is action(type=) for one that was read, with the settings that keep accepts.
func action(cfg *config.Config, a *config.Action, keep func(*config.Setting) bool) *syntax.ActionObject {
	params := []syntax.Param{syntax.NewParam("type", a.Module.Name)}
	params = append(params, choose(a.Settings(cfg), keep)...)
	for i := range params {
		if a.OwnQueue() && params[i].Name == "queue.type" {
			params[i].Note = "its own: a target that stays away holds up nobody else"
		}
	}
	return &syntax.ActionObject{Object: *object("action", params...)}
}
