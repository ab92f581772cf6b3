// Package mmsequence puts a number into each message: a counter or a random one.
package mmsequence

import (
	"math"
	"math/rand/v2"
	"sync"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmsequence to the registry.
var Module = module.NewModifier[module.None]("mmsequence", nil, params, nil, New)

// Mode says where numbers come from.
type Mode uint8

// The modes. PerKey counters are shared by all actions with the key.
const (
	PerInstance Mode = iota
	PerKey
	Random
)

// Config is action(type="mmsequence").
type Config struct {
	Mode     Mode
	From, To int
	Step     int
	Key      string
	Var      modify.Place
}

var params = param.Table[Config]{
	param.Enum("mode", func(c *Config) *Mode { return &c.Mode },
		param.Choice[Mode]{Name: "instance", Value: PerInstance}, param.Choice[Mode]{Name: "key", Value: PerKey}, param.Choice[Mode]{Name: "random", Value: Random}).Default("instance").
		Doc("A counter of the action, a counter of the key, or random numbers."),
	param.NonNegInt("from", func(c *Config) *int { return &c.From }).Default("0").Doc("First number."),
	param.PositiveInt("to", func(c *Config) *int { return &c.To }).Default("2147483647").Doc("End of the numbers; the last one is less."),
	param.NonNegInt("step", func(c *Config) *int { return &c.Step }).Default("1").Doc("Difference of two numbers."),
	param.Word("key", func(c *Config) *string { return &c.Key }).Doc("Name of the counter in mode key."),
	modify.PlaceParam("var", func(c *Config) *modify.Place { return &c.Var }).Default("$!mmsequence").Doc("Variable that gets the number."),
}

// Check reports bounds without a number between them.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if c.From >= c.To {
		diags.Errorf(o.Range, `"from" is %d, it must be less than "to", which is %d`, c.From, c.To).Effect = o.Effect
		return false
	}
	if c.Mode == PerKey && c.Key == "" {
		diags.Warnf(o.Range, `mode "key" without a key shares the counter with all others without one`)
	}
	return true
}

// New returns the modifier.
func New(c Config, env module.Env) (modify.Modifier, error) {
	x := &modifier{Config: c, counter: &counter{last: math.MinInt}}
	if c.Mode == PerKey {
		shared, _ := env.Shared.LoadOrStore("mmsequence "+c.Key, x.counter)
		x.counter = shared.(*counter)
	}
	return x, nil
}

type counter struct {
	mu   sync.Mutex
	last int
}

type modifier struct {
	Config
	counter *counter
}

// Modify sets the variable.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	var n int
	if x.Mode == Random {
		n = x.From + rand.IntN(x.To-x.From)
	} else {
		n = x.next()
	}
	x.Var.Put(m, message.IntValue(int64(n)), ctx)
	return nil
}

func (x *modifier) next() int {
	c := x.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last < x.From || c.last >= x.To-x.Step {
		c.last = x.From
	} else {
		c.last += x.Step
	}
	return c.last
}
