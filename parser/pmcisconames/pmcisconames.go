// Package pmcisconames repairs messages of Cisco devices that log with names:
// they put " :" between their name and the tag.
package pmcisconames

import (
	"bytes"

	"syslogd/message"
	"syslogd/module"
	"syslogd/parser"
)

// Name of the parser.
const Name = "rsyslog.cisconames"

// Module describes pmcisconames to the registry.
var Module = module.NewParser("pmcisconames", nil, New, Name)

// New returns the parser.
func New(module.None, module.ParserEnv) (module.Parser, error) { return names{}, nil }

type names struct{}

// shortest is a time stamp, a name of one letter and " : %ASA-1-000000: ".
const shortest = 34

// Parse changes the text and leaves it to the next parser.
func (names) Parse(b *message.Batch, m *message.Message) bool {
	raw := m.Raw()
	pos := parser.SkipBlanks(raw, int(m.AfterPRI))
	if len(raw)-pos < shortest {
		return false
	}
	switch text := raw[pos:]; {
	case text[3] == ' ' && text[6] == ' ' && text[9] == ':' && text[12] == ':' && text[15] == ' ': // Oct 11 22:14:15
		pos += 16
	case text[3] == ' ' && text[6] == ' ' && text[11] == ' ' && text[14] == ':' && text[17] == ':' && text[20] == ' ': // Oct 11 2003 22:14:15
		pos += 21
	default:
		return false
	}
	blank := bytes.IndexByte(raw[pos:], ' ')
	if blank < 0 {
		return false
	}
	pos += blank + 1
	if bytes.HasPrefix(raw[pos:], []byte(": %")) {
		parser.Cut(b, m, pos, 2)
	}
	return false
}
