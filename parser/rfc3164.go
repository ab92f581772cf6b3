package parser

import (
	"syslogd/config/param"
	"syslogd/message"
)

// RFC3164 reads everything else: <PRI>[time] [host] tag: text, in the shapes
// that devices and programs send. It takes every message.
type RFC3164 struct {
	c           RFC3164Config
	noHostOrTag bool
	slash       bool
}

// RFC3164Config is the decoded form of parser(type="pmrfc3164" ...).
type RFC3164Config struct {
	// YearAfterTimestamp accepts a year behind the time of day.
	YearAfterTimestamp bool
	// SquareBracketsInHostname accepts [address] as host name, SlashesInHostname
	// and AtSignsInHostname the bytes / and @ in it.
	SquareBracketsInHostname bool
	SlashesInHostname        bool
	AtSignsInHostname        bool
	// TagEndingByColon makes a word without colon text; the tag is then "-".
	TagEndingByColon bool
	// RemoveMsgFirstSpace drops one blank in front of the text.
	RemoveMsgFirstSpace bool
	// Headerless recognises messages that have neither PRI nor time stamp. They
	// get HeaderlessHost, or the sender's address, as host name and
	// HeaderlessTag as tag, or are discarded.
	Headerless     bool
	HeaderlessHost string
	HeaderlessTag  string
	HeaderlessDrop bool
}

// NewRFC3164 returns the parser that c describes. The zero configuration is rsyslog.rfc3164.
func NewRFC3164(c RFC3164Config) *RFC3164 { return &RFC3164{c: c} }

// RFC3164Params are the parameters of parser(type="pmrfc3164").
var RFC3164Params = param.Table[RFC3164Config]{
	param.Bool("detect.yearAfterTimestamp", func(c *RFC3164Config) *bool { return &c.YearAfterTimestamp }).Default("off").
		Doc("Accept a year from 2000 to 2099 behind the time of day."),
	param.Bool("permit.squareBracketsInHostname", func(c *RFC3164Config) *bool { return &c.SquareBracketsInHostname }).Default("off").
		Doc("Accept [name] as host name. The brackets are part of it."),
	param.Bool("permit.slashesInHostname", func(c *RFC3164Config) *bool { return &c.SlashesInHostname }).Default("off").
		Doc("Accept slashes in the host name."),
	param.Bool("permit.atSignsInHostname", func(c *RFC3164Config) *bool { return &c.AtSignsInHostname }).Default("off").
		Doc("Accept @ in the host name."),
	param.Bool("force.tagEndingByColon", func(c *RFC3164Config) *bool { return &c.TagEndingByColon }).Default("off").
		Doc("Only a word that ends with a colon is a tag. Otherwise the tag is - and the word belongs to the text."),
	param.Bool("remove.msgFirstSpace", func(c *RFC3164Config) *bool { return &c.RemoveMsgFirstSpace }).Default("off").
		Doc("Remove one blank in front of the text."),
	param.Bool("detect.headerless", func(c *RFC3164Config) *bool { return &c.Headerless }).Default("off").
		Doc("Recognise messages without PRI, without time stamp and without a bracket in front: all of such a message is text."),
	param.String("headerless.hostname", func(c *RFC3164Config) *string { return &c.HeaderlessHost }).
		Inherits("address of the sender").Doc("Host name of messages without a header."),
	param.String("headerless.tag", func(c *RFC3164Config) *string { return &c.HeaderlessTag }).Default("headerless").
		Doc("Tag of messages without a header."),
	param.Bool("headerless.drop", func(c *RFC3164Config) *bool { return &c.HeaderlessDrop }).Default("off").
		Doc("Discard messages without a header."),
	param.Refused[RFC3164Config]("headerless.ruleset", "a message without a header cannot go to a ruleset of its own; test $syslogtag in the ruleset instead"),
	param.Refused[RFC3164Config]("headerless.errorfile", "messages without a header cannot be written to a file by the parser; test $syslogtag in the ruleset instead"),
}

// withOptions returns the parser with what it needs of the global options.
func (p *RFC3164) withOptions(o Options) MessageParser {
	q := *p
	q.noHostOrTag, q.slash = !o.ParseHostnameAndTag, o.PermitSlashInProgramName
	return &q
}

// Parse implements MessageParser. It always takes the message.
func (p *RFC3164) Parse(b *message.Batch, m *message.Message) bool {
	text := m.Raw()
	pos := int(m.AfterPRI)
	if !startsWithBracket(text[pos:]) {
		n := p.time(b, m, text[pos:])
		if p.c.Headerless && n == 0 && pos == 0 {
			p.headerless(m)
			return true
		}
		pos += n
		if !p.noHostOrTag {
			pos = p.hostname(m, text, pos)
			pos = p.tag(m, text, pos)
		}
	}
	if p.c.RemoveMsgFirstSpace && pos < len(text) && text[pos] == ' ' {
		pos++
	}
	m.MsgText = span(pos, len(text)-pos)
	return true
}

// headerless fills in a message that has neither PRI nor time stamp: all of it
// is text.
func (p *RFC3164) headerless(m *message.Message) {
	if p.c.HeaderlessDrop {
		m.Flags |= message.Drop
		return
	}
	m.MsgText = span(0, len(m.Raw()))
	host := m.Peer.IP
	if p.c.HeaderlessHost != "" {
		host = []byte(p.c.HeaderlessHost)
	}
	m.SetHostname(host)
	tag := []byte(p.c.HeaderlessTag)
	m.SetTag(tag, ProgramLen(tag, p.slash))
}

// startsWithBracket reports whether text is JSON or begins with a bracketed
// word, behind blanks: rsyslogd then looks for no header.
func startsWithBracket(text []byte) bool {
	for _, c := range text {
		switch c {
		case ' ', '\t':
			continue
		case '{', '[':
			return true
		}
		return false
	}
	return false
}

// time reads the time stamp, if there is one, and returns the bytes read. HP
// ProCurve has a blank in front of it.
func (p *RFC3164) time(b *message.Batch, m *message.Message, text []byte) int {
	if !p.c.YearAfterTimestamp && b.Stamp.Is(m, text) {
		m.Reported = b.Stamp.Reported
		m.Flags |= b.Stamp.AsSent
		return message.StampLen
	}
	ts := m.Received
	n, asSent := scanRFC3164(text, &ts, p.c.YearAfterTimestamp)
	zoned := false
	if n == 0 {
		n, asSent = scanRFC3339(text, &ts, &b.Stamp)
		zoned = n > 0
	}
	if n == 0 && len(text) > 1 && text[0] == ' ' {
		if n, asSent = scanRFC3164(text[1:], &ts, p.c.YearAfterTimestamp); n > 0 {
			n++
		}
	}
	if n == 0 || m.Origin.IgnoreTimestamp {
		return n
	}
	if !zoned {
		applyZone(m, &ts)
	}
	m.Reported = ts
	if asSent {
		m.Flags |= message.TimeAsSent
	}
	// Without the blank at its end it depends on what follows.
	if n == message.StampLen && text[n-1] == ' ' && !p.c.YearAfterTimestamp {
		b.Stamp.Set(m, text)
	}
	return n
}

// maxHostname is the longest host name that rsyslogd reads, in bytes.
const maxHostname = 511

// hostname reads HOSTNAME SP at pos and returns the position behind it; pos if
// what stands there is no host name.
func (p *RFC3164) hostname(m *message.Message, text []byte, pos int) int {
	if pos == len(text) || m.Origin.NoHostname {
		return pos
	}
	bracket := p.c.SquareBracketsInHostname && text[pos] == '['
	word := text[pos:min(len(text), pos+maxHostname)]
	n := 0
	if bracket {
		n++
	}
	for n < len(word) && (kinds[word[n]]&(alnum|hostPart) != 0 || p.permitted(word[n], bracket)) {
		n++
	}
	i := pos + n
	switch {
	case i == len(text):
		// The host name ends the message.
	case i > pos && text[i] == ' ' && (bracket || kinds[text[i-1]]&alnum != 0):
	default:
		return pos
	}
	m.Host = span(pos, i-pos)
	m.Flags |= message.HasHostname
	return min(i+1, len(text))
}

// permitted reports whether the configuration allows c in a host name.
func (p *RFC3164) permitted(c byte, bracket bool) bool {
	return c == ']' && bracket || c == '@' && p.c.AtSignsInHostname || c == '/' && p.c.SlashesInHostname
}

// tag reads the tag at pos and returns the position behind it.
func (p *RFC3164) tag(m *message.Message, text []byte, pos int) int {
	n, program := scanTag(text[pos:], p.slash)
	if p.c.TagEndingByColon && (n == 0 || text[pos+n-1] != ':') {
		m.SetTag(dash, len(dash))
		// The blank in front of the word goes to the text, too. Unlike rsyslogd,
		// which steps back over any byte that stands there.
		if pos > int(m.AfterPRI) && text[pos-1] == ' ' {
			pos--
		}
		return pos
	}
	m.TagText, m.Program = span(pos, n), span(pos, program)
	return pos + n
}

var dash = []byte("-")

// maxTag is the longest tag that rsyslogd reads, in bytes, without the colon.
const maxTag = 510

// scanTag returns the length of the tag at the start of text: up to a blank, or
// up to a colon, which belongs to it. program is ProgramLen of it.
func scanTag(text []byte, permitSlash bool) (n, program int) {
	end := min(len(text), maxTag)
	word := text[:end]
	for n < len(word) && (kinds[word[n]]&(endsProgram|slash|blank) == 0 || word[n] == '/' && permitSlash) {
		n++
	}
	program = n
	for ; n < len(word); n++ {
		switch word[n] {
		case ':':
			return n + 1, program
		case ' ':
			return n, program
		}
	}
	if n < len(text) && text[n] == ':' {
		return n + 1, program
	}
	return n, program
}
