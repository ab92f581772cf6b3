// Package mmcef makes variables of messages in the Common Event Format (CEF) and
// the Log Event Extended Format (LEEF).
package mmcef

import (
	"syslogd/config/param"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/parser/pairs"
	"syslogd/router/property"
)

// Module describes mmcef to the registry.
var Module = module.NewModifier[module.None]("mmcef", nil, params, nil, New)

// Config is action(type="mmcef").
type Config struct{ Root modify.Place }

var params = param.Table[Config]{
	modify.PlaceParam("jsonRoot", func(c *Config) *modify.Place { return &c.Root }).Default("!cef").
		Doc("Variable that format, vendor, product, version, mnemonic (the event's identifier), name, severity and the object fields are put into."),
}

// New returns the modifier.
func New(c Config, _ module.Env) (modify.Modifier, error) { return &modifier{c}, nil }

type modifier struct{ Config }

// Modify reads the text, or what follows the tag CEF: or LEEF:. Any other message
// stays as it is and has parsesuccess FAIL.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	h, ok := pairs.Structured(m.Msg(), string(m.ProgramName()))
	if !ok {
		m.Flags &^= message.ParseOK
		return nil
	}
	obj := message.ObjectValue()
	h.Put(&obj)
	if x.Root.Put(m, obj, ctx) {
		m.Flags |= message.ParseOK
	}
	return nil
}
