// Package immark writes a message at regular intervals, as a sign of life.
package immark

import (
	"context"
	"time"

	"syslogd/config/param"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/module"
)

// Module describes immark to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("immark", params, nil, func(*ModuleConfig, *module.None) {},
		func(module.None, module.Env) (listener.Input, error) { return nil, nil }, func(*module.None) string { return "" })
	m.NoObjects = true // the module is the input
	m.Build = func(c any, env module.Env) (listener.Input, error) { return New(*c.(*ModuleConfig), env) }
	m.Ruleset = func(c any) string { return c.(*ModuleConfig).Ruleset }
	m.Instance = m.Module
	m.Implicit = func(mod any) []any {
		if mod.(*ModuleConfig).Interval == 0 {
			return nil
		}
		return []any{mod}
	}
	return m
}

// ModuleConfig is module(load="immark").
type ModuleConfig struct {
	Interval int
	Text     string
	Ruleset  string
	Syslog   bool
	Flag     bool
}

var params = param.Table[ModuleConfig]{
	param.NonNegInt("interval", func(c *ModuleConfig) *int { return &c.Interval }).Legacy("MarkMessagePeriod").Default("1200").Doc("Seconds between two messages; 0 is none."),
	param.String("markMessageText", func(c *ModuleConfig) *string { return &c.Text }).Default("-- MARK --").Doc("Text of the messages."),
	param.Ruleset("ruleset", func(c *ModuleConfig) *string { return &c.Ruleset }).Doc("Ruleset of the messages, unless they go to the system log."),
	param.Bool("use.syslogCall", func(c *ModuleConfig) *bool { return &c.Syslog }).Default("on").
		Doc("Send the messages where the server's own messages go: to the system log, unless processInternalMessages is on."),
	param.Bool("use.markFlag", func(c *ModuleConfig) *bool { return &c.Flag }).Default("on").
		Doc("Mark the messages, so that actions with action.writeAllMarkMessages=\"off\" leave them out after recent output."),
}

// New returns the input.
func New(c ModuleConfig, env module.Env) (listener.Input, error) {
	return &input{ModuleConfig: c, env: env, every: time.Duration(c.Interval) * time.Second}, nil
}

type input struct {
	ModuleConfig
	env   module.Env
	every time.Duration
}

// Open has nothing to open.
func (*input) Open(context.Context) error { return nil }

// Run writes messages until ctx is done.
func (in *input) Run(ctx context.Context, sub *listener.Submitter) error {
	tick := time.NewTicker(in.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			in.mark(sub)
		}
	}
}

func (in *input) mark(sub *listener.Submitter) {
	if in.Syslog && !in.env.Global.ProcessInternal {
		in.env.OwnMessage(in.Text)
		return
	}
	b := message.NewBatch(nil)
	b.Received = in.env.Now()
	m := listener.AddOwn(b, in.env.Names, message.Info, "rsyslogd:", in.Text)
	if in.Flag {
		m.Flags |= message.Mark
	}
	sub.TrySubmit(b)
}

// Close has nothing to close.
func (*input) Close() error { return nil }
