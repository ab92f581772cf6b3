// Package pmnull takes every message as it is: nothing is read from it.
package pmnull

import (
	"syslogd/config/param"
	"syslogd/message"
	"syslogd/module"
	"syslogd/parser"
)

// Name of the parser.
const Name = "rsyslog.pmnull"

// Module describes pmnull to the registry.
var Module = module.NewParser("pmnull", params, New, Name)

// Config is parser(type="pmnull").
type Config struct {
	Tag      string
	Facility message.Facility
	Severity message.Severity
}

var params = param.Table[Config]{
	param.String("tag", func(c *Config) *string { return &c.Tag }).Doc("Tag of the messages."),
	param.Facility("syslogFacility", func(c *Config) *message.Facility { return &c.Facility }).Default("user").Doc("Facility of the messages."),
	param.Severity("syslogSeverity", func(c *Config) *message.Severity { return &c.Severity }).Default("notice").Doc("Severity of the messages."),
}

// New returns the parser.
func New(c Config, _ module.ParserEnv) (module.Parser, error) { return &null{c}, nil }

type null struct{ Config }

// Parse takes the message. All of it, the PRI included, is text.
func (p *null) Parse(_ *message.Batch, m *message.Message) bool {
	m.PRI = message.Priority(p.Facility)<<3 | message.Priority(p.Severity)
	m.MsgText = message.Span{Len: uint32(len(m.Raw()))}
	if p.Tag != "" {
		m.SetTag([]byte(p.Tag), parser.ProgramLen([]byte(p.Tag), false))
	}
	return true
}
