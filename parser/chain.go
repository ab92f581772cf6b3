package parser

import (
	"strings"

	"syslogd/message"
)

// Chain is a list of parsers in the order in which they are asked.
type Chain []MessageParser

// Parse asks the parsers in order. It returns the index of the one that took
// the message, or -1.
func (c Chain) Parse(b *message.Batch, m *message.Message) int {
	for i, p := range c {
		taken := p.Parse(b, m)
		m.Verify("parser")
		if taken {
			return i
		}
	}
	return -1
}

// Names of the parsers that exist without a parser() object.
const (
	NameRFC5424 = "rsyslog.rfc5424"
	NameRFC3164 = "rsyslog.rfc3164"
)

// DefaultChainNames is the chain of a ruleset that names none.
func DefaultChainNames() []string { return []string{NameRFC5424, NameRFC3164} }

// DefaultChain returns the parsers that DefaultChainNames names.
func DefaultChain() Chain { return Chain{RFC5424{}, &RFC3164{}} }

// BuiltIn returns the parser that has the name without a parser() object. Names
// compare without case.
func BuiltIn(name string) (MessageParser, bool) {
	switch strings.ToLower(name) {
	case NameRFC5424:
		return RFC5424{}, true
	case NameRFC3164:
		return &RFC3164{}, true
	}
	return nil, false
}

// BuiltInNames are the names that BuiltIn knows, for suggestions.
func BuiltInNames() []string { return DefaultChainNames() }
