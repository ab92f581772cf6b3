package lint

import (
	"strings"

	"syslogd/config"
	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// object is an input or an action as it was understood, from either style.
type object struct {
	module string
	values map[string][]string // by lower-case name
	node   syntax.Node         // what made it, may be nil
	rng    diag.Range
}

func newObject(module string, values []param.Value, node syntax.Node, rng diag.Range) *object {
	o := &object{module: module, values: map[string][]string{}, node: node, rng: rng}
	for _, v := range values {
		o.values[strings.ToLower(v.Name)] = v.Items
	}
	return o
}

// first is the first value of a parameter, or "".
func (o *object) first(name string) string {
	if v := o.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// given returns the parameter as the text has it, nil if it has not.
func (o *object) given(name string) *syntax.Param {
	switch n := o.node.(type) {
	case *syntax.ActionObject:
		return n.Param(name)
	case *syntax.Object:
		return n.Param(name)
	}
	return nil
}

// place is where a parameter's value stands, or else the object.
func (o *object) place(name string) diag.Range {
	if p := o.given(name); p != nil {
		return p.Value.Range()
	}
	if d, ok := o.node.(*syntax.Directive); ok {
		return d.ValueRange
	}
	return o.rng
}

// legacy returns the text of an action in the syntax of selector lines.
func (o *object) legacy() (text string, ok bool) {
	if a, isLegacy := o.node.(*syntax.LegacyAction); isLegacy {
		return a.Text, true
	}
	return "", false
}

// objects looks at what inputs and actions came to.
func (l *linter) objects() {
	var inputs, actions []*object
	for _, in := range l.cfg.Inputs {
		inputs = append(inputs, newObject(in.Module.Name, in.Module.Instance.Values(in.Conf), in.Node, in.Range))
	}
	for _, a := range l.cfg.Actions {
		if a.Module != nil && a.Module.Instance != nil {
			actions = append(actions, newObject(a.Module.Name, a.Module.Instance.Values(a.Conf), a.Node, a.Range))
		}
	}
	for _, o := range append(inputs, actions...) {
		l.port(o)
	}
	for _, o := range actions {
		l.names(o)
		l.target(o)
	}
	l.samePort(inputs)
	l.toOneself(inputs, actions)
	l.workDirectory()
}

// rulesetOf is the name of the ruleset that an input is bound to.
func (l *linter) rulesetOf(in *config.Input) string {
	if in.Ruleset == nil {
		return l.cfg.Default.Name
	}
	return in.Ruleset.Name
}
