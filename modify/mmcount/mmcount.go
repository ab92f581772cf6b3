// Package mmcount counts the messages of a program, and puts the count into
// each of them.
package mmcount

import (
	"errors"
	"sync"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmcount to the registry.
var Module = module.NewModifier[module.None]("mmcount", nil, params, nil, New)

// Config is action(type="mmcount").
type Config struct {
	AppName string
	Key     string
	Value   string

	given bool // Value
}

var params = param.Table[Config]{
	param.Word("appname", func(c *Config) *string { return &c.AppName }).Required().Doc("Program whose messages are counted."),
	param.Word("key", func(c *Config) *string { return &c.Key }).Doc("Variable whose values are counted, for instance !user; without it the severities are."),
	param.Word("value", func(c *Config) *string { return &c.Value }).Given(func(c *Config) *bool { return &c.given }).Doc("Count this value of the variable only."),
}

// maxValues bounds the counters of an action: values come from messages.
const maxValues = 1 << 16

var place, _ = modify.ParsePlace("$!mmcount")

// Check reports a key that is no variable.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if c.Key != "" && property.Variable(c.Key) == nil {
		diags.Errorf(o.Range, "key: want a variable such as !name, found %q", c.Key).Effect = o.Effect
		return false
	}
	return true
}

// New returns the modifier.
func New(c Config, _ module.Env) (modify.Modifier, error) {
	x := &modifier{Config: c, counts: map[string]int64{}}
	if c.Key != "" {
		x.key = property.Variable(c.Key)
	}
	return x, nil
}

type modifier struct {
	Config
	key *property.Property

	mu     sync.Mutex
	counts map[string]int64
}

var errTooMany = errors.New("too many values to count")

// Modify counts m and sets $!mmcount.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	if string(m.AppName()) != x.AppName {
		return nil
	}
	what := m.PRI.Severity().String()
	if x.key != nil {
		v := x.key.Value(m, ctx)
		if v == nil {
			return nil
		}
		what = string(v.AppendText(nil, ctx.CompactJSON))
		if x.given && what != x.Value {
			return nil
		}
	}
	n := x.count(what)
	if n == 0 {
		return errTooMany
	}
	place.Put(m, message.IntValue(n), ctx)
	return nil
}

func (x *modifier) count(what string) int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, known := x.counts[what]; !known && len(x.counts) >= maxValues {
		return 0
	}
	x.counts[what]++
	return x.counts[what]
}
