// Package omdiscard takes messages and drops them. It is the module behind the
// action ~; a rule that is to end a message's way is better written with stop.
package omdiscard

import (
	"context"

	"syslogd/config/param"
	"syslogd/module"
	"syslogd/output"
)

// Module describes omdiscard to the registry.
var Module = builtin()

func builtin() *module.Output {
	m := module.NewOutput[module.None]("omdiscard", nil, params, nil, New)
	m.Builtin = true
	return module.WithLegacy(m, module.NoLegacyText[Config])
}

// Config is action(type="omdiscard"), which has no parameters.
type Config struct{}

var params = param.Table[Config]{}

// New returns an output that drops everything.
func New(Config, module.Env) (output.Output, error) { return discard{}, nil }

type discard struct{}

func (discard) Templates() []string                        { return []string{} }
func (discard) ConcurrentWrite()                           {}
func (discard) Write(context.Context, *output.Batch) error { return nil }
func (discard) Close() error                               { return nil }
