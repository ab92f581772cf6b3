// Package pmsnare repairs events of the Snare agents, which separate host name
// and tag by tabs.
package pmsnare

import (
	"bytes"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/module"
	"syslogd/parser"
)

// Name of the parser.
const Name = "rsyslog.snare"

// Module describes pmsnare to the registry.
var Module = module.NewParser("pmsnare", params, New, Name)

// Config is parser(type="pmsnare"): how a tab looks when the message was
// sanitised. Without a value the global setting holds.
type Config struct {
	Prefix                                   byte
	Escape, EscapeTab, CStyle                bool
	escapeGiven, escapeTabGiven, cStyleGiven bool
}

var params = param.Table[Config]{
	param.Char("parser.controlCharacterEscapePrefix", func(c *Config) *byte { return &c.Prefix }).Inherits("global").Doc("What an escaped byte begins with."),
	param.Bool("parser.escapeControlCharactersOnReceive", func(c *Config) *bool { return &c.Escape }).Given(func(c *Config) *bool { return &c.escapeGiven }).
		Inherits("global").Doc("Control characters are escaped."),
	param.Bool("parser.escapeControlCharacterTab", func(c *Config) *bool { return &c.EscapeTab }).Given(func(c *Config) *bool { return &c.escapeTabGiven }).
		Inherits("global").Doc("Tabs are escaped, too."),
	param.Bool("parser.escapeControlCharactersCStyle", func(c *Config) *bool { return &c.CStyle }).Given(func(c *Config) *bool { return &c.cStyleGiven }).
		Inherits("global").Doc("A tab is escaped as \\t."),
}

// New returns the parser.
func New(c Config, env module.ParserEnv) (module.Parser, error) {
	o := env.Options
	if c.Prefix == 0 {
		c.Prefix = o.EscapePrefix
	}
	if !c.escapeGiven {
		c.Escape = o.EscapeControlCharacters
	}
	if !c.escapeTabGiven {
		c.EscapeTab = o.EscapeTab
	}
	if !c.cStyleGiven {
		c.CStyle = o.EscapeCStyle
	}
	switch {
	case !c.Escape || !c.EscapeTab:
		return &snare{tab: []byte("\t")}, nil
	case c.CStyle:
		return &snare{tab: []byte(`\t`)}, nil
	}
	return &snare{tab: []byte{c.Prefix, '0', '1', '1'}}, nil
}

type snare struct{ tab []byte }

// shortest is the least length of an event.
const shortest = 30

var tags = [][]byte{[]byte("MSWinEventLog"), []byte("LinuxKAudit")}

// Parse replaces the tabs around the tag by blanks and leaves the message to the
// next parser. Events come as
//
//	host TAB tag TAB ...
//	time host tag TAB ...
func (p *snare) Parse(b *message.Batch, m *message.Message) bool {
	raw := m.Raw()
	start := int(m.AfterPRI)
	if len(raw)-start < shortest {
		return false
	}
	pos := start
	for pos < len(raw) && raw[pos] != ' ' && raw[pos] != '\t' && raw[pos] != p.tab[0] {
		pos++
	}
	if bytes.HasPrefix(raw[pos:], p.tab) {
		if n := tagLen(raw[pos+len(p.tab):]); n > 0 {
			parser.Splice(b, m, pos, len(p.tab), " ")
			p.blank(b, m, pos+1+n)
		}
		return false
	}
	pos = start + len("Oct 11 22:14:15 ")
	host := bytes.IndexByte(raw[pos:], ' ')
	if host < 0 {
		return false
	}
	pos += host + 1
	if n := tagLen(raw[pos:]); n > 0 && len(raw) > pos+n {
		p.blank(b, m, pos+n)
	}
	return false
}

// tagLen is the length of a known tag at the start of text, 0 if there is none.
func tagLen(text []byte) int {
	for _, t := range tags {
		if len(text) >= len(t) && bytes.EqualFold(text[:len(t)], t) {
			return len(t)
		}
	}
	return 0
}

// blank replaces the tab at pos. Unlike rsyslogd, nothing else is replaced.
func (p *snare) blank(b *message.Batch, m *message.Message, pos int) {
	if bytes.HasPrefix(m.Raw()[pos:], p.tab) {
		parser.Splice(b, m, pos, len(p.tab), " ")
	}
}
