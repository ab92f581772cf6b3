package listener

import (
	"syslogd/hosts"
	"syslogd/message"
	"syslogd/parser"
)

// OwnOrigin is the origin of the server's own messages.
var OwnOrigin = &message.Origin{Name: "rsyslogd", Format: message.Structured}

// AddOwn adds one of the server's own messages to b: facility syslog, the tag as
// rsyslogd has it ("rsyslogd:" or "rsyslogd-2007:"), from this host.
func AddOwn(b *message.Batch, names *hosts.Names, sev message.Severity, tag, text string) *message.Message {
	m := b.Add([]byte(text), OwnOrigin, names.Local())
	b.StampReceived()
	m.Reported, m.Flags = m.Received, message.Parsed
	m.PRI = 5<<3 | message.Priority(sev)
	m.SetHostname([]byte(names.Host()))
	m.SetTag([]byte(tag), parser.ProgramLen([]byte(tag), false))
	m.SetMsg([]byte(text))
	return m
}
