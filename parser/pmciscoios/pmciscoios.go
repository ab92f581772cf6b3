// Package pmciscoios reads messages of Cisco IOS and IOS XR:
//
//	seq: [origin:] [*|.]time [zone]: %FACILITY-n-MNEMONIC: text
package pmciscoios

import (
	"bytes"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/module"
	"syslogd/parser"
)

// Name of the parser.
const Name = "rsyslog.ciscoios"

// Module describes pmciscoios to the registry.
var Module = module.NewParser("pmciscoios", params, New, Name)

// Config is parser(type="pmciscoios").
type Config struct {
	// Origin is set when the device names itself in front of the time, XR when
	// the message has the fields of IOS XR.
	Origin, XR bool
}

var params = param.Table[Config]{
	param.Bool("present.origin", func(c *Config) *bool { return &c.Origin }).Default("off").Doc("The name of the device stands in front of the time."),
	param.Bool("present.xr", func(c *Config) *bool { return &c.XR }).Default("off").Doc("The message has the fields of IOS XR."),
}

// New returns the parser.
func New(c Config, env module.ParserEnv) (module.Parser, error) {
	return &ios{Config: c, zones: env.Zones}, nil
}

type ios struct {
	Config
	zones map[string]*message.Zone
}

const (
	// maxTag is the longest tag, without its colon; maxOrigin the longest name.
	maxTag    = 510
	maxOrigin = 510
)

// Parse takes well-formed messages only.
func (p *ios) Parse(_ *message.Batch, m *message.Message) bool {
	raw := m.Raw()
	pos := int(m.AfterPRI)
	for pos < len(raw) && raw[pos] >= '0' && raw[pos] <= '9' {
		pos++
	}
	if !bytes.HasPrefix(raw[pos:], colonBlank) {
		return false
	}
	pos += 2
	var origin message.Span
	if p.Origin {
		n := bytes.Index(raw[pos:], colonBlank)
		if n < 0 || n > maxOrigin {
			return false
		}
		origin = message.Span{Off: uint32(pos), Len: uint32(n)}
		pos += n + 2
	}
	if p.XR { // the node: RP/0/RSP0/CPU0:
		n := bytes.IndexByte(raw[pos:], ':')
		if n < 0 || pos+n+1 >= len(raw) {
			return false
		}
		pos += n + 1
	}
	if pos < len(raw) && (raw[pos] == '*' || raw[pos] == '.') {
		pos++ // the clock is not set, or not synchronised
	}
	ts, n := p.time(m, raw[pos:])
	if n == 0 {
		return false
	}
	pos += n
	if p.XR { // the process: ifmgr[123]:
		if n = bytes.IndexByte(raw[pos:], '%'); n < 0 {
			return false
		}
		pos += n
	}
	if pos >= len(raw) || raw[pos] != '%' {
		return false
	}
	n = bytes.IndexAny(raw[pos:], ": ")
	if n < 0 || n > maxTag {
		return false
	}
	tag, text := pos, pos+n
	if p.XR {
		text++ // a blank stands in front of the colon
	}
	if text > len(raw) || !bytes.HasPrefix(raw[text:], colonBlank) {
		return false
	}
	if p.XR {
		m.SetTag(append(raw[tag:tag+n:tag+n], ':'), parser.ProgramLen(raw[tag:tag+n], false))
	} else {
		m.TagText = message.Span{Off: uint32(tag), Len: uint32(n + 1)}
	}
	if p.Origin {
		m.Host = origin
		m.Flags |= message.HasHostname
	}
	m.Reported = ts
	m.MsgText = message.Span{Off: uint32(text + 1), Len: uint32(len(raw) - text - 1)}
	return true
}

var colonBlank = []byte(": ")

// time reads the time stamp, with the name of a zone that timezone() defined
// behind it. A name that is not defined is passed over.
func (p *ios) time(m *message.Message, text []byte) (message.Timestamp, int) {
	ts, n := parser.ScanRFC3164(m, text)
	if n < 2 || text[n-2] == ':' {
		return ts, n
	}
	end := bytes.IndexAny(text[n:], ": ")
	if end <= 0 || text[n+end] != ':' {
		return ts, n
	}
	if z := p.zones[string(text[n:n+end])]; z != nil {
		ts.Sign, ts.OffHour, ts.OffMin = z.Sign, z.Hour, z.Min
	}
	return ts, parser.SkipBlanks(text[:min(len(text), n+end+2)], n+end+1)
}
