// Package mmkv makes variables of the key=value pairs in a message.
package mmkv

import (
	"errors"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/parser/pairs"
	"syslogd/router/property"
)

// Module describes mmkv to the registry.
var Module = module.NewModifier[module.None]("mmkv", nil, params, nil, New)

// Config is action(type="mmkv").
type Config struct {
	Separators, Quotes string
	Assign             byte
	Root               modify.Place
}

var params = param.Table[Config]{
	param.String("separators", func(c *Config) *string { return &c.Separators }).Default(" ,;|").Doc("Characters between pairs. Tabs always separate, escaped ones do not."),
	param.Char("assign", func(c *Config) *byte { return &c.Assign }).Default("=").Doc("Character between key and value."),
	param.String("quotes", func(c *Config) *string { return &c.Quotes }).Default(`"'`).Doc("Characters that may stand around a value."),
	modify.PlaceParam("jsonRoot", func(c *Config) *modify.Place { return &c.Root }).Default("!kv").Doc("Variable that the pairs are put into."),
}

// New returns the modifier.
func New(c Config, _ module.Env) (modify.Modifier, error) {
	if c.Separators == "" {
		return nil, errors.New("separators: want at least one character")
	}
	return &modifier{c.Root, pairs.Options{Separators: []byte(c.Separators + "\t"), Assign: c.Assign, Quotes: []byte(c.Quotes)}}, nil
}

type modifier struct {
	root    modify.Place
	options pairs.Options
}

// Modify puts the pairs of the text into an object. A message without pairs stays
// as it is and has parsesuccess FAIL.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	obj := x.options.Read(m.Msg())
	if obj.Len() == 0 {
		m.Flags &^= message.ParseOK
		return nil
	}
	if x.root.Put(m, obj, ctx) {
		m.Flags |= message.ParseOK
	}
	return nil
}
