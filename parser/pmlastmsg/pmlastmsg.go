// Package pmlastmsg reads "last message repeated n times", which some programs
// and devices send without a header.
package pmlastmsg

import (
	"bytes"

	"syslogd/message"
	"syslogd/module"
	"syslogd/parser"
)

// Name of the parser.
const Name = "rsyslog.lastline"

// Module describes pmlastmsg to the registry.
var Module = module.NewParser("pmlastmsg", nil, New, Name)

// New returns the parser.
func New(module.None, module.ParserEnv) (module.Parser, error) { return lastMessage{}, nil }

type lastMessage struct{}

var opening, closing = []byte("last message repeated "), []byte(" times")

// Parse takes messages that are nothing else: they have no tag and no time.
func (lastMessage) Parse(_ *message.Batch, m *message.Message) bool {
	raw := m.Raw()
	text := raw[parser.SkipBlanks(raw, int(m.AfterPRI)):]
	if len(text) < len(opening)+len(closing)+1 || !bytes.EqualFold(text[:len(opening)], opening) {
		return false
	}
	text = bytes.TrimLeft(text[len(opening):], "0123456789")
	if !bytes.EqualFold(text, closing) {
		return false
	}
	m.MsgText = message.Span{Off: uint32(m.AfterPRI), Len: uint32(len(raw) - int(m.AfterPRI))}
	return true
}
