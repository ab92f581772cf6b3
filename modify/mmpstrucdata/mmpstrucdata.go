// Package mmpstrucdata makes variables of the structured data of RFC 5424.
package mmpstrucdata

import (
	"bytes"
	"fmt"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmpstrucdata to the registry.
var Module = module.NewModifier[module.None]("mmpstrucdata", nil, params, nil, New)

// Config is action(type="mmpstrucdata").
type Config struct {
	Root      modify.Place
	Container string
	MaxSize   int64
	Lower     bool
}

var params = param.Table[Config]{
	modify.PlaceParam("jsonRoot", func(c *Config) *modify.Place { return &c.Root }).Default("!").Doc("Variable that the object is put into."),
	param.String("container", func(c *Config) *string { return &c.Container }).Default("rfc5424-sd").Doc("Name of the object."),
	param.Size("maxStructuredDataSize", func(c *Config) *int64 { return &c.MaxSize }).Inherits("global maxMessageSize").Doc("Longer structured data is left alone."),
	param.Bool("sd_name.lowercase", func(c *Config) *bool { return &c.Lower }).Default("on").Doc("Write names in lower case."),
}

// New returns the modifier.
func New(c Config, env module.Env) (modify.Modifier, error) {
	if c.MaxSize == 0 {
		c.MaxSize = int64(env.Global.MaxMessageSize)
	}
	return &modifier{c}, nil
}

type modifier struct{ Config }

// Modify puts the parameters of each element into an object of the element's name.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	sd := m.StructuredData()
	if m.Protocol == 0 || len(sd) == 0 || sd[0] != '[' {
		return nil
	}
	if int64(len(sd)) > x.MaxSize {
		return fmt.Errorf("structured data has %d bytes, the limit is %d", len(sd), x.MaxSize)
	}
	elements := message.ObjectValue()
	for len(sd) > 0 && sd[0] == '[' {
		name, params, rest, ok := x.element(sd[1:])
		if !ok {
			return fmt.Errorf("structured data is not well-formed: %.100q", m.StructuredData())
		}
		elements.Put(name, params, true)
		sd = rest
	}
	x.Root.PutIn(x.Container, m, elements, ctx)
	return nil
}

// element reads an element behind its [.
func (x *modifier) element(sd []byte) (name string, params message.Value, rest []byte, ok bool) {
	params = message.ObjectValue()
	i := bytes.IndexAny(sd, " ]=\"")
	if i <= 0 || sd[i] != ' ' && sd[i] != ']' {
		return "", params, nil, false
	}
	name = x.name(sd[:i])
	for sd = sd[i:]; ; {
		sd = bytes.TrimLeft(sd, " ")
		if len(sd) == 0 {
			return "", params, nil, false
		}
		if sd[0] == ']' {
			return name, params, sd[1:], true
		}
		eq := bytes.IndexAny(sd, "= ]\"")
		if eq <= 0 || sd[eq] != '=' || eq+1 >= len(sd) || sd[eq+1] != '"' {
			return "", params, nil, false
		}
		value, n := unquote(sd[eq+2:])
		if n < 0 {
			return "", params, nil, false
		}
		params.Put(x.name(sd[:eq]), message.StringValue(value), true)
		sd = sd[eq+2+n:]
	}
}

func (x *modifier) name(b []byte) string {
	if x.Lower {
		b = bytes.ToLower(b)
	}
	return string(b)
}

// unquote reads a value up to its closing quote and returns how many bytes it
// took with the quote, or -1. A backslash escapes ", \ and ] (RFC 5424, 6.3.3);
// before others it stands for itself.
func unquote(b []byte) (value string, n int) {
	var out []byte
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return string(out), i + 1
		case c == '\\' && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\' || b[i+1] == ']'):
			i++
			out = append(out, b[i])
		default:
			out = append(out, c)
		}
	}
	return "", -1
}
