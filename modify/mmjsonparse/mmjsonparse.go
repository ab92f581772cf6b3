// Package mmjsonparse makes variables of a message that is JSON, marked as such
// by a cookie (project lumberjack's @cee:) or found in the text.
package mmjsonparse

import (
	"bytes"
	"strings"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmjsonparse to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewModifier[module.None]("mmjsonparse", nil, params, nil, New)
	return module.WithLegacy(m, module.NoLegacyText[Config])
}

// Config is action(type="mmjsonparse").
type Config struct {
	Cookie        string
	Container     modify.Place
	UseRawMsg     bool
	FindJSON      bool
	MaxScan       int
	AllowTrailing bool
}

var params = param.Table[Config]{
	param.String("cookie", func(c *Config) *string { return &c.Cookie }).Default("@cee:").Doc("Text that JSON stands behind; it may be empty."),
	modify.PlaceParam("container", func(c *Config) *modify.Place { return &c.Container }).Default("$!").Doc("Variable that the members are put into."),
	param.Bool("useRawMsg", func(c *Config) *bool { return &c.UseRawMsg }).Default("off").Doc("Read rawmsg instead of msg."),
	param.Enum("mode", func(c *Config) *bool { return &c.FindJSON },
		param.Choice[bool]{Name: "cookie", Value: false}, param.Choice[bool]{Name: "find-json", Value: true}).Default("cookie").
		Doc("JSON behind the cookie, or the first object in the text."),
	param.PositiveInt("max_scan_bytes", func(c *Config) *int { return &c.MaxScan }).Default("65536").Doc("How far find-json looks for the object."),
	param.Bool("allow_trailing", func(c *Config) *bool { return &c.AllowTrailing }).Default("on").Doc("find-json: text may follow the object."),
}

// New returns the modifier.
func New(c Config, _ module.Env) (modify.Modifier, error) { return &modifier{c}, nil }

type modifier struct{ Config }

// Modify sets the variables and parsesuccess. A message that is no JSON object
// gets its text as the variable msg.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	text := m.Msg()
	if x.UseRawMsg {
		text = m.Raw()
	}
	text = bytes.TrimLeft(text, blanks)
	var object message.Value
	var ok bool
	if x.FindJSON {
		object, ok = x.find(text)
	} else if rest, marked := bytes.CutPrefix(text, []byte(x.Cookie)); marked {
		text = rest
		object, ok = whole(rest)
	}
	if !ok {
		m.Flags &^= message.ParseOK
		x.Container.PutIn("msg", m, message.StringValue(string(text)), ctx)
		return nil
	}
	m.Flags |= message.ParseOK
	x.Container.Put(m, object, ctx)
	return nil
}

const blanks = " \t\n\v\f\r"

// whole reads an object with nothing but blanks around it.
func whole(text []byte) (message.Value, bool) {
	s := strings.Trim(string(text), blanks)
	v, n, err := message.ParseJSON(s)
	return v, err == nil && v.Kind() == message.Object && n == len(s)
}

// find reads the first object in text.
func (x *modifier) find(text []byte) (message.Value, bool) {
	i := bytes.IndexByte(text[:min(len(text), x.MaxScan)], '{')
	if i < 0 {
		return message.Value{}, false
	}
	s := string(text[i:])
	v, n, err := message.ParseJSON(s)
	if err != nil || v.Kind() != message.Object {
		return v, false
	}
	return v, x.AllowTrailing || strings.Trim(s[n:], blanks) == ""
}
