// Package mmutf8fix replaces bytes in the message text that are not UTF-8, or
// all that is not printable ASCII.
package mmutf8fix

import (
	"bytes"
	"unicode/utf8"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmutf8fix to the registry.
var Module = module.NewModifier[module.None]("mmutf8fix", nil, params, nil, New)

// Config is action(type="mmutf8fix").
type Config struct {
	// Controls replaces control characters and all bytes above 126.
	Controls    bool
	Replacement byte
	// Sequence stands in the place of Replacement if it is not empty.
	Sequence string
}

var params = param.Table[Config]{
	param.Enum("mode", func(c *Config) *bool { return &c.Controls },
		param.Choice[bool]{Name: "utf-8", Value: false}, param.Choice[bool]{Name: "controlcharacters", Value: true}).Default("utf-8").
		Doc("What is replaced: invalid UTF-8, or each byte that is not printable ASCII."),
	param.Char("replacementChar", func(c *Config) *byte { return &c.Replacement }).Default(" ").Doc("What stands for each replaced byte."),
	param.String("replacementSequence", func(c *Config) *string { return &c.Sequence }).Doc("The same as several bytes, for instance the UTF-8 of U+FFFD."),
}

// New returns the modifier.
func New(c Config, _ module.Env) (modify.Modifier, error) {
	if c.Sequence == "" {
		c.Sequence = string([]byte{c.Replacement})
	}
	return &modifier{c}, nil
}

type modifier struct{ Config }

// Modify replaces bytes. A message that needs none costs no memory.
func (x *modifier) Modify(m *message.Message, _ *property.Context) error {
	text := m.Msg()
	if x.Controls {
		if i := bytes.IndexFunc(text, func(r rune) bool { return r < 32 || r > 126 }); i >= 0 {
			m.ReplaceMsg(x.controls(text))
		}
	} else if !utf8.Valid(text) {
		m.ReplaceMsg(x.invalid(text))
	}
	return nil
}

func (x *modifier) controls(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, b := range text {
		if b < 32 || b > 126 {
			out = append(out, x.Sequence...)
		} else {
			out = append(out, b)
		}
	}
	return out
}

func (x *modifier) invalid(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			out = append(out, x.Sequence...)
		} else {
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}
