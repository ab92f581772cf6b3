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
	s := &scan{text: m.Raw(), pos: int(m.AfterPRI)}
	var origin message.Span
	if !s.sequence() || p.Origin && !s.origin(&origin) || p.XR && !s.past(':') {
		return false
	}
	if c := s.peek(); c == '*' || c == '.' {
		s.pos++ // the clock is not set, or not synchronised
	}
	ts, n := p.time(m, s.text[s.pos:])
	if s.pos += n; n == 0 {
		return false
	}
	if p.XR { // the process: ifmgr[123]:
		i := bytes.IndexByte(s.text[s.pos:], '%')
		if i < 0 {
			return false
		}
		s.pos += i
	}
	tag, ok := s.tag(p.XR)
	if !ok {
		return false
	}
	if p.XR { // the colon does not follow at once
		name := m.Bytes(tag)
		m.SetTag(append(name[:len(name):len(name)], ':'), parser.ProgramLen(name, false))
	} else {
		tag.Len++
		m.TagText = tag
	}
	if p.Origin {
		m.Host = origin
		m.Flags |= message.HasHostname
	}
	m.Reported = ts
	m.MsgText = message.Span{Off: uint32(s.pos), Len: uint32(len(s.text) - s.pos)}
	return true
}

// scan is a position in a text.
type scan struct {
	text []byte
	pos  int
}

func (s *scan) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// sequence reads the number of the message, which may be missing, and ": ".
func (s *scan) sequence() bool {
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	ok := bytes.HasPrefix(s.text[s.pos:], colonBlank)
	s.pos += len(colonBlank)
	return ok
}

// origin reads up to ": "; an IPv6 address has colons, too.
func (s *scan) origin(span *message.Span) bool {
	n := bytes.Index(s.text[s.pos:], colonBlank)
	if n < 0 || n > maxOrigin {
		return false
	}
	*span = message.Span{Off: uint32(s.pos), Len: uint32(n)}
	s.pos += n + len(colonBlank)
	return true
}

// past goes behind the next c, which must not end the text: the node of IOS XR.
func (s *scan) past(c byte) bool {
	n := bytes.IndexByte(s.text[s.pos:], c)
	s.pos += n + 1
	return n >= 0 && s.pos < len(s.text)
}

// tag reads the tag, without its colon, and stops in front of the blank behind
// the colon. With apart a blank stands in front of the colon.
func (s *scan) tag(apart bool) (tag message.Span, ok bool) {
	if s.peek() != '%' {
		return tag, false
	}
	n := bytes.IndexAny(s.text[s.pos:], ": ")
	if n < 0 || n > maxTag {
		return tag, false
	}
	tag = message.Span{Off: uint32(s.pos), Len: uint32(n)}
	s.pos += n
	if apart {
		s.pos++
	}
	ok = s.pos <= len(s.text) && bytes.HasPrefix(s.text[s.pos:], colonBlank)
	s.pos++
	return tag, ok
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
