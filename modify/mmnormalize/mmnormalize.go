// Package mmnormalize makes variables of text that a rulebase describes, in the
// format of liblognorm.
package mmnormalize

import (
	"errors"
	"io/fs"
	"strings"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmnormalize to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewModifier("mmnormalize", moduleParams, actionParams, inherit, New)
	return module.WithLegacy(m, module.NoLegacyText[Config])
}

// ModuleConfig is module(load="mmnormalize").
type ModuleConfig struct{ AllowRegex bool }

// Config is action(type="mmnormalize").
type Config struct {
	RuleBase   string
	Rules      []string
	Path       modify.Place
	UseRawMsg  bool
	Variable   string
	allowRegex bool
}

var moduleParams = param.Table[ModuleConfig]{
	param.Bool("allowRegex", func(c *ModuleConfig) *bool { return &c.AllowRegex }).Default("off").Doc("Permit fields of the type regex, which are slow."),
}

var actionParams = param.Table[Config]{
	param.Word("ruleBase", func(c *Config) *string { return &c.RuleBase }).Legacy("MMNormalizeRuleBase").Lasting(param.UntilInstance).Doc("File with the rules."),
	param.Strings("rule", func(c *Config) *[]string { return &c.Rules }).Legacy("MMNormalizeRule").Lasting(param.UntilInstance).Doc("Lines of a rulebase, in the place of a file."),
	modify.PlaceParam("path", func(c *Config) *modify.Place { return &c.Path }).Default("$!").Doc("Variable that the fields are put into."),
	param.Bool("useRawMsg", func(c *Config) *bool { return &c.UseRawMsg }).Legacy("MMNormalizeUseRawMsg").Lasting(param.UntilInstance).Default("off").Doc("Read rawmsg instead of msg."),
	param.Word("variable", func(c *Config) *string { return &c.Variable }).Doc("Read this property or variable instead."),
	param.NoEffect[Config]("debug", "syslogd explain shows the variables"),
	param.NoEffect[Config]("debugFile", "syslogd explain shows the variables"),
	param.NoEffect[Config]("turbo", "rules are compiled in any case"),
}

func inherit(m *ModuleConfig, c *Config) { c.allowRegex = m.AllowRegex }

// Check reports rules that are missing, given twice, or not understood.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if (c.RuleBase == "") == (len(c.Rules) == 0) {
		diags.Errorf(o.Range, `%s needs either "ruleBase" or "rule"`, o.Title).Effect = o.Effect
		return false
	}
	if c.Variable != "" {
		if _, err := property.Resolve(c.Variable); err != nil {
			diags.Errorf(o.Range, "variable: %v", err).Effect = o.Effect
			return false
		}
		if c.UseRawMsg {
			diags.Warnf(o.Range, `"variable" and "useRawMsg" are given`).Effect = "rawmsg is not read"
		}
	}
	b, err := c.load()
	if err != nil {
		diags.Errorf(o.Range, "rulebase %s can not be read: %v", c.RuleBase, err).Effect = o.Effect
		return false
	}
	for _, p := range b.problems {
		diags.Errorf(o.Range, "rulebase: %v", p).Effect = "this line of the rulebase is ignored"
	}
	return true
}

// load reads the rules.
func (c *Config) load() (*rulebase, error) {
	b := newRulebase(c.allowRegex)
	if c.RuleBase == "" {
		b.load("rule", strings.Join(c.Rules, "\n"))
		return b, nil
	}
	err := b.loadFile(c.RuleBase)
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return b, err
}

// New reads the rulebase. What is wrong with it Check has reported.
func New(c Config, _ module.Env) (modify.Modifier, error) {
	x := &modifier{Config: c}
	x.source.ID = property.Msg
	if c.UseRawMsg {
		x.source.ID = property.RawMsg
	}
	var err error
	if c.Variable != "" {
		if x.source, err = property.Resolve(c.Variable); err != nil {
			return nil, err
		}
	}
	x.rules, err = c.load()
	return x, err
}

type modifier struct {
	Config
	source property.Property
	rules  *rulebase
}

// Modify sets the variables and parsesuccess. A message that no rule matches
// gets originalmsg, and as unparsed-data the text from where the rule ended that
// got farthest.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	text := string(x.source.Append(nil, m, ctx))
	obj, ok := x.rules.normalize(text)
	if ok {
		m.Flags |= message.ParseOK
	} else {
		m.Flags &^= message.ParseOK
	}
	x.Path.Put(m, obj, ctx)
	return nil
}

// normalize returns the fields of text and whether a rule matches.
func (b *rulebase) normalize(text string) (message.Value, bool) {
	m := matcher{text: text, v1: !b.v2}
	obj := message.ObjectValue()
	_, r := m.match(b.root, 0, false, &obj)
	if r == nil {
		obj = message.ObjectValue()
		obj.Put("originalmsg", message.StringValue(text), true)
		obj.Put("unparsed-data", message.StringValue(text[min(m.farthest, len(text)):]), true)
		return obj, false
	}
	b.finish(&obj, r)
	return obj, true
}

// finish adds the tags of a rule and what they are annotated with.
func (b *rulebase) finish(obj *message.Value, r *rule) {
	if len(r.tags) == 0 {
		return
	}
	tags := message.ArrayValue()
	for _, t := range r.tags {
		tags.Append(message.StringValue(t))
	}
	obj.Put("event.tags", tags, true)
	for _, t := range r.tags {
		for _, a := range b.annotations[t] {
			obj.Put(a.field, message.StringValue(a.value), true)
		}
	}
}
