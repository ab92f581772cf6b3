// Package mmfields splits the message text at a separator into variables f1, f2
// and so on.
package mmfields

import (
	"bytes"
	"strconv"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmfields to the registry.
var Module = module.NewModifier[module.None]("mmfields", nil, params, nil, New)

// Config is action(type="mmfields").
type Config struct {
	Separator byte
	Root      modify.Place
}

var params = param.Table[Config]{
	param.Char("separator", func(c *Config) *byte { return &c.Separator }).Default(",").Doc("Character between fields."),
	modify.PlaceParam("jsonRoot", func(c *Config) *modify.Place { return &c.Root }).Default("!").Doc("Variable that the fields are put into."),
}

// New returns the modifier.
func New(c Config, _ module.Env) (modify.Modifier, error) { return &modifier{c}, nil }

type modifier struct{ Config }

// Modify sets a variable for each field, empty ones included. As in rsyslogd no field
// begins behind a separator that ends the text.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	fields := message.ObjectValue()
	text := m.Msg()
	for n := 1; len(text) > 0; n++ {
		var field []byte
		field, text, _ = bytes.Cut(text, []byte{x.Separator})
		fields.Add("f"+strconv.Itoa(n), message.StringValue(string(field)))
	}
	x.Root.Put(m, fields, ctx)
	return nil
}
