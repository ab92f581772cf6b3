// Package param declares configurable parameters, once, in typed tables.
//
// A module lists its parameters in a Table; from it come decoding, defaults,
// limits, the legacy $directives, the texts of errors and the reference pages.
//
//	var params = param.Table[Config]{
//		param.String("port", func(c *Config) *string { return &c.Port }).Required().
//			Legacy("InputTCPServerRun").Runs().Doc("TCP port or name."),
//		param.Bool("keepalive", func(c *Config) *bool { return &c.KeepAlive }).Default("off").
//			Doc("TCP keep-alive."),
//	}
//
// The package does not know modules or objects; package config hands it the
// arguments it found in an object and the struct to fill.
package param

import (
	"cmp"
	"slices"
	"strings"

	"syslogd/internal/diag"
)

// Kind is the type of a parameter's value, as rsyslog documents it.
type Kind string

// The kinds. Their text is what documentation and errors show.
const (
	KindBool     Kind = "on or off"
	KindInt      Kind = "number"
	KindSize     Kind = "size"
	KindString   Kind = "string"
	KindWord     Kind = "word"
	KindChar     Kind = "character"
	KindStrings  Kind = "array"
	KindMode     Kind = "octal mode"
	KindUser     Kind = "user"
	KindGroup    Kind = "group"
	KindFacility Kind = "facility"
	KindSeverity Kind = "severity"
	KindEnum     Kind = "choice"
	KindTemplate Kind = "template"
	KindRuleset  Kind = "ruleset"
	KindDuration Kind = "duration"
	KindGone     Kind = "gone"
	KindRefused  Kind = "not available"
	KindNotYet   Kind = "not available yet"
	KindNoEffect Kind = "no effect"
)

// Arg is one name="value" of an object, or the value of a legacy directive.
type Arg struct {
	Name       string // lower case
	Spelling   string // as written; "" is Name
	Items      []string
	Array      bool
	Range      diag.Range // of the name
	ValueRange diag.Range
	// Used is set by the table that knew the name; Param is its spelling there.
	Used  bool
	Param string
	// Effect, if not empty, is what follows from a name that no table knows.
	Effect string
	// Unknown is set when no table knew the name.
	Unknown bool
}

// Object is what a table decodes: an object's arguments and how to name it in an error.
type Object struct {
	// Title is for instance input(type="imudp").
	Title string
	// Effect says what happens when the object cannot be used: "this input is ignored".
	Effect string
	Range  diag.Range
	Args   []*Arg
}

// Arg returns the first argument with the lower-case name, or nil.
func (o *Object) Arg(name string) *Arg {
	for _, a := range o.Args {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Param declares one parameter of the struct C.
type Param[C any] struct {
	Info
	// set decodes items into the field; the error says what was found and wanted.
	set func(c *C, items []string) error
	// add, if not nil, is set for a repeated legacy directive.
	add func(c *C, items []string) error
	// given, if not nil, is set to true when a value was given.
	given func(c *C) *bool
	// get is the value as it would be written, nil if there is none.
	get func(c *C) []string
}

// Info is what a parameter is, without its type: for documentation, suggestions and legacy directives.
type Info struct {
	Name string // canonical spelling; compared without case
	// Aliases are further names that mean the same.
	Aliases []string
	Kind    Kind
	// DefaultText is the value that is used when none is given, "" for the zero value.
	DefaultText string
	// DefaultDoc replaces DefaultText in documentation ("module", "system").
	DefaultDoc string
	IsRequired bool
	Text       string
	Directives []string // legacy directives, without $
	Misnomers  []string // what guides call the directive by mistake
	RunsObject bool     // the directive makes an object
	AloneText  string   // value of a directive that is written without one
	ForModule  bool     // the directive holds for the whole module, though an instance has the parameter
	Lasts      Lifetime // of a directive's value
	Appends    bool     // a repeated directive adds to a list
	Choices    []string
	Min, Max   int64 // limits of a number, equal when there are none
	Refused    string
	Deprecated string
	// TwinOf is another name of the value: fileOwner of fileOwnerNum.
	TwinOf string
	// Meant are the parameter and value that say what a directive without
	// parameter says when it is on.
	Meant [2]string
}

// Table declares the parameters of C.
type Table[C any] []*Param[C]

// Default sets the value used when none is given, as it would be written.
func (p *Param[C]) Default(text string) *Param[C] { p.DefaultText = text; return p }

// Inherits documents that the default comes from elsewhere: "module", "global parameter".
func (p *Param[C]) Inherits(from string) *Param[C] { p.DefaultDoc = from; return p }

// Required makes a missing parameter an error.
func (p *Param[C]) Required() *Param[C] { p.IsRequired = true; return p }

// Doc sets one or two sentences of documentation.
func (p *Param[C]) Doc(text string) *Param[C] { p.Text = text; return p }

// Alias adds a name that means the same.
func (p *Param[C]) Alias(name string) *Param[C] { p.Aliases = append(p.Aliases, name); return p }

// Legacy names the directive, without $, that sets the parameter in the pending object.
func (p *Param[C]) Legacy(directive string) *Param[C] {
	p.Directives = append(p.Directives, directive)
	return p
}

// Misnamed adds a name that guides give the directive by mistake. rsyslogd does not
// know it, but there is no doubt what is meant.
func (p *Param[C]) Misnamed(directive string) *Param[C] {
	p.Misnomers = append(p.Misnomers, directive)
	return p
}

// HasDirective reports whether a legacy directive of that name sets the parameter.
func (i *Info) HasDirective(name string) bool {
	is := func(d string) bool { return strings.EqualFold(d, name) }
	return slices.ContainsFunc(i.Directives, is) || slices.ContainsFunc(i.Misnomers, is)
}

// TakesText reports whether the value may be any text, so that an empty one is no mistake
// to the table. A directive that has no parameter but makes an object takes none.
func (i *Info) TakesText() bool {
	switch i.Kind {
	case KindString, KindWord, KindStrings, KindTemplate, KindRuleset:
		return !i.RunsObject || !strings.HasPrefix(i.Name, "$")
	}
	return false
}

// NeedsText reports whether the directive makes an object that can not be without its value.
func (i *Info) NeedsText() bool { return i.RunsObject && i.IsRequired && i.AloneText == "" }

// Twin says that the parameter sets what the named one sets.
func (p *Param[C]) Twin(name string) *Param[C] { p.TwinOf = name; return p }

// Means says which parameter, with which value, a directive stands for that has
// no parameter of its name; the value "" is the directive's own.
func (p *Param[C]) Means(name, value string) *Param[C] { p.Meant = [2]string{name, value}; return p }

// Lifetime is how long the value of a legacy directive holds.
type Lifetime uint8

// The lifetimes of legacy values. $ResetConfigVariables ends all of them.
const (
	// UntilChanged is until the directive is given again.
	UntilChanged Lifetime = iota
	// UntilInstance is for the next input or action of the module that
	// directives make.
	UntilInstance
	// UntilLegacyAction is for the next action line.
	UntilLegacyAction
	// UntilAction is for the next action line, and an action() in between ends it.
	UntilAction
)

// ModuleWide says that the legacy directive is one of the module, as rsyslogd
// has it, although the parameter belongs to its inputs: behind module() it is
// refused.
func (p *Param[C]) ModuleWide() *Param[C] { p.ForModule = true; return p }

// Lasting sets how long the value of the legacy directive holds.
func (p *Param[C]) Lasting(t Lifetime) *Param[C] { p.Lasts = t; return p }

// Runs says that the legacy directive makes an object of the values collected so far.
func (p *Param[C]) Runs() *Param[C] { p.RunsObject = true; return p }

// Alone sets the value that the legacy directive has when none is written.
func (p *Param[C]) Alone(text string) *Param[C] { p.AloneText = text; return p }

// Given names a field that becomes true when the parameter was given.
func (p *Param[C]) Given(f func(*C) *bool) *Param[C] { p.given = f; return p }

// ShownIf writes the value only where set says so: otherwise it is not that of the parameter.
func (p *Param[C]) ShownIf(set func(c *C) bool) *Param[C] {
	show := p.get
	p.get = func(c *C) []string {
		if !set(c) {
			return nil
		}
		return show(c)
	}
	return p
}

// Range limits a number; both ends are allowed.
func (p *Param[C]) Range(min, max int64) *Param[C] {
	p.Min, p.Max = min, max
	inner := p.set
	p.set = func(c *C, items []string) error {
		if n, err := number(one(items)); err == nil && (n < min || n > max) {
			return limitError(min, max, one(items))
		}
		return inner(c, items)
	}
	show := p.get
	p.get = func(c *C) []string {
		items := show(c)
		if n, err := number(one(items)); err != nil || n < min || n > max {
			return nil // a default that can not be written
		}
		return items
	}
	return p
}

// Infos returns what the table declares, in order.
func (t Table[C]) Infos() []Info {
	out := make([]Info, len(t))
	for i, p := range t {
		out[i] = p.Info
	}
	return out
}

func (t Table[C]) find(name string) *Param[C] {
	for _, p := range t {
		if strings.EqualFold(p.Name, name) {
			return p
		}
		for _, a := range p.Aliases {
			if strings.EqualFold(a, name) {
				return p
			}
		}
	}
	return nil
}

// SetDefaults fills c with the declared defaults. It panics when a declared
// default does not decode: a broken table is our own fault.
func (t Table[C]) SetDefaults(c *C) {
	for _, p := range t {
		if p.DefaultText == "" || p.set == nil {
			continue
		}
		if err := p.set(c, []string{p.DefaultText}); err != nil {
			panic("param: default of " + p.Name + ": " + err.Error())
		}
	}
}

// Reset gives the parameters whose legacy values hold so long their defaults
// again. It returns their names.
func (t Table[C]) Reset(c *C, lasts Lifetime) []string {
	fresh := new(C)
	t.SetDefaults(fresh)
	var names []string
	for _, p := range t {
		if p.Lasts != lasts || p.get == nil {
			continue
		}
		names = append(names, p.Name)
		if err := p.set(c, p.get(fresh)); err != nil {
			panic("param: default of " + p.Name + ": " + err.Error())
		}
		if p.given != nil {
			*p.given(c) = false
		}
	}
	return names
}

// Decode fills c from the object's arguments and marks those it knows as used.
// Defaults are not set. It reports whether the object can be used: a value of
// the wrong kind, a missing required parameter or a refused one make it
// unusable, as in rsyslogd. Unknown parameters are left to ReportUnknown.
func (t Table[C]) Decode(c *C, o *Object, diags *diag.List) bool {
	ok := true
	first := map[*Param[C]]*Arg{}
	for _, a := range o.Args {
		p := t.find(a.Name)
		if p == nil {
			continue
		}
		a.Used, a.Param = true, p.Name
		if prev := first[p]; prev != nil {
			d := diags.Errorf(a.Range, "parameter %q given twice in %s", p.Name, o.Title)
			d.Related = []diag.Related{{Range: prev.Range, Text: "first given here"}}
			d.Effect = "the first value is used"
			d.Code = -2220
			continue
		}
		first[p] = a
		if !p.decode(c, a, o, diags) {
			ok = false
		}
	}
	for _, p := range t {
		if p.IsRequired && first[p] == nil {
			ok = false
			if a := o.misspelt(p.Name); a != nil {
				a.Effect = o.Effect // ReportUnknown says the rest
				continue
			}
			d := diags.Errorf(o.Range, "%s needs the parameter %q", o.Title, p.Name)
			d.Effect, d.Code = o.Effect, -2211
		}
	}
	return ok
}

// misspelt returns the argument that probably was to be called name, or nil.
func (o *Object) misspelt(name string) *Arg {
	for _, a := range o.Args {
		if !a.Used && diag.Suggest(a.Name, []string{name}) != "" {
			return a
		}
	}
	return nil
}

func (p *Param[C]) decode(c *C, a *Arg, o *Object, diags *diag.List) bool {
	switch {
	case p.Kind == KindGone:
		diags.Warnf(a.Range, "parameter %q has no effect any more", p.Name).Hint = "remove it"
		return true
	case p.Kind == KindRefused:
		d := diags.Errorf(a.Range, "parameter %q of %s is not available: %s", p.Name, o.Title, p.Info.Refused)
		d.Effect = o.Effect
		return false
	case p.Kind == KindNotYet && p.set != nil && p.set(c, a.Items) == nil:
		return true
	case p.Kind == KindNotYet:
		diags.Errorf(a.Range, "parameter %q of %s: %s", p.Name, o.Title, p.Info.Refused).Effect = "the parameter is ignored"
		return true
	case p.Kind == KindNoEffect:
		diags.Notef(a.Range, "parameter %q has no effect here: %s", p.Name, p.Info.Refused)
		return true
	case p.Deprecated != "":
		diags.Notef(a.Range, "parameter %q is deprecated: %s", p.Name, p.Deprecated)
	}
	if a.Array && p.Kind != KindStrings && len(a.Items) != 1 {
		d := diags.Errorf(a.ValueRange, "%s: want one value, found an array of %d", p.Name, len(a.Items))
		d.Effect, d.Code = o.Effect, -2208
		return false
	}
	if err := p.set(c, a.Items); err != nil {
		d := diags.Errorf(a.ValueRange, "%s: %v", p.Name, err)
		if h, isHint := err.(interface{ Hint() string }); isHint {
			d.Hint = h.Hint()
		}
		d.Effect, d.Code = o.Effect, -2208
		return false
	}
	if p.given != nil {
		*p.given(c) = true
	}
	return true
}

// ReportUnknown reports the arguments that no table knew. infos are the
// parameters that would have been known, for suggestions. As in rsyslogd the
// object stays in use.
func ReportUnknown(o *Object, infos []Info, diags *diag.List) {
	names := make([]string, 0, len(infos))
	for _, i := range infos {
		if !strings.HasPrefix(i.Name, "$") {
			names = append(names, i.Name)
		}
	}
	for _, a := range o.Args {
		if a.Used {
			continue
		}
		d := diags.Errorf(a.Range, "parameter %q not known for %s", cmp.Or(a.Spelling, a.Name), o.Title)
		if s := diag.Suggest(a.Name, names); s != "" {
			d.Hint = "did you mean " + quote(s) + "?"
		}
		a.Unknown = true
		d.Effect, d.Code = "the parameter is ignored", -2207
		if a.Effect != "" {
			d.Effect = a.Effect
		}
	}
}

// Group joins the table of a part to the table of the whole: field returns the part.
func Group[C, P any](field func(*C) *P, part Table[P]) Table[C] {
	out := make(Table[C], len(part))
	for i, p := range part {
		q := &Param[C]{Info: p.Info}
		if p.set != nil {
			q.set = func(c *C, items []string) error { return p.set(field(c), items) }
		}
		if p.add != nil {
			q.add = func(c *C, items []string) error { return p.add(field(c), items) }
		}
		if p.given != nil {
			q.given = func(c *C) *bool { return p.given(field(c)) }
		}
		if p.get != nil {
			q.get = func(c *C) []string { return p.get(field(c)) }
		}
		out[i] = q
	}
	return out
}

// Join concatenates tables.
func Join[C any](tables ...Table[C]) Table[C] {
	var out Table[C]
	for _, t := range tables {
		out = append(out, t...)
	}
	return out
}
