// Package pmaixforwardedfrom repairs messages that AIX has forwarded: they have
// "Message forwarded from host:" or "From host:" in the place of the host name.
package pmaixforwardedfrom

import (
	"bytes"

	"syslogd/message"
	"syslogd/module"
	"syslogd/parser"
)

// Name of the parser.
const Name = "rsyslog.aixforwardedfrom"

// Module describes pmaixforwardedfrom to the registry.
var Module = module.NewParser("pmaixforwardedfrom", nil, New, Name)

// New returns the parser.
func New(module.None, module.ParserEnv) (module.Parser, error) { return forwarded{}, nil }

type forwarded struct{}

// timeLen is the length of a time stamp with its blank.
const timeLen = 16

var openings = [][]byte{[]byte("Message forwarded from "), []byte("From ")}

// Parse changes the text and leaves it to the next parser.
func (forwarded) Parse(b *message.Batch, m *message.Message) bool {
	raw := m.Raw()
	pos := parser.SkipBlanks(raw, int(m.AfterPRI)) + timeLen
	if pos >= len(raw) {
		return false
	}
	for _, opening := range openings {
		text := raw[pos:]
		if len(text) <= len(opening) || !bytes.EqualFold(text[:len(opening)], opening) {
			continue
		}
		parser.Cut(b, m, pos, len(opening))
		end := bytes.IndexAny(m.Raw()[pos:], " :")
		if end >= 0 && m.Raw()[pos+end] == ':' {
			parser.Cut(b, m, pos+end, 1)
		}
		break
	}
	return false
}
