// Package mmrm1stspace takes one leading blank off the message text.
package mmrm1stspace

import (
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmrm1stspace to the registry.
var Module = module.NewModifier[module.None]("mmrm1stspace", nil, nil, nil, New)

// New returns the modifier.
func New(module.None, module.Env) (modify.Modifier, error) { return modifier{}, nil }

type modifier struct{}

// Modify takes the blank off.
func (modifier) Modify(m *message.Message, _ *property.Context) error {
	if text := m.Msg(); len(text) > 0 && text[0] == ' ' {
		m.ReplaceMsg(text[1:])
	}
	return nil
}
