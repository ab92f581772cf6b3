// Package pmdevice reads what network devices, appliances and programs send in
// place of RFC 3164 and RFC 5424, as the person who looks after them means it: a
// sequence number is no host, the mnemonic is the program, the time is the
// device's own.
//
// A message that keeps to one of the RFCs is read at once, with the result of
// the default chain. Anything else goes through the families below: the first
// byte tells which of them are asked.
package pmdevice

import (
	"bytes"
	"maps"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/module"
	"syslogd/parser"
)

// Name of the parser.
const Name = "syslogd.device"

// Module describes pmdevice to the registry.
var Module = module.NewParser("pmdevice", params, New, Name)

// Config is parser(type="pmdevice").
type Config struct{}

var params = param.Table[Config]{}

// New returns the parser.
func New(c Config, env module.ParserEnv) (module.Parser, error) {
	p := &device{name: env.Name, counters: &counters{log: env.Log}, slash: env.Options.PermitSlashInProgramName, off: !env.Options.ParseHostnameAndTag, zones: knownZones()}
	maps.Copy(p.zones, env.Zones)
	p.register(env)
	switch o := env.Options; {
	case !o.EscapeControlCharacters || !o.EscapeTab:
		p.tabFirst = '\t'
	case o.EscapeCStyle:
		p.tabText, p.tabFirst = `\t`, '\\'
	default:
		p.tabText, p.tabFirst = string(o.EscapePrefix)+"011", o.EscapePrefix
	}
	return p, nil
}

type device struct {
	*counters
	name       string
	slash, off bool
	zones      map[string]*message.Zone
	// tabText is how a tab looks when it has been escaped, "" if it never is.
	tabText  string
	tabFirst byte
}

// family is a kind of messages that one function recognises. It fills in m and
// returns what it is, or leaves m as it is and returns none.
type family struct {
	// first are the kinds of the byte that such a message begins with, bytes are
	// further ones.
	first uint8
	bytes string
	read  func(p *device, b *message.Batch, m *message.Message, pos int) kind
}

// families read a message from behind the PRI and blanks, in this order.
var families = []family{
	{first: digit, read: (*device).meraki},                          // [1 ]1374543213.342 MX84 urls text
	{first: digit, read: (*device).versioned},                       // 1 2026-11-22T10:00:00Z host app ...
	{first: digit, read: (*device).netScaler},                       // 05/21/2026:00:00:00 GMT host 0-PPE-0 : text
	{first: alnum | hostMark, bytes: ":*%", read: (*device).cisco},  // 77: host: *Mar  1 18:48:50: %SYS-5-CONFIG_I: text
	{first: alnum | hostMark, bytes: "*", read: (*device).numbered}, // 77: *Mar  1 18:48:50: text, host: *task: time: text
	{first: letter, read: (*device).keyValue},                       // date=2026-11-22 time=10:01:02 devname=fw1
	{first: alnum, read: (*device).snare},                           // host TAB MSWinEventLog TAB text
	{first: letter, read: (*device).netScreen},                      // host: NetScreen device_id=
	{bytes: "[", read: (*device).netApp},                            // [node:event:severity]: text
	{first: alnum, read: (*device).header},                          // a time in any form, then headed
	{first: small, read: (*device).routerOS},                        // system,info text
	{bytes: "(", read: (*device).timeInParens},                      // (2024-05-10T09:49:05) firewall: text
	{first: anyTag | oddMark, bytes: "[", read: (*device).tagged},   // word[pid]: text, CEF:0|
	{first: alnum, read: (*device).hostTagged},                      // host tag: text
}

// byFirst has a bit for each family that may begin with a byte.
var byFirst = func() (t [256]uint32) {
	for i, f := range families {
		for c := range t {
			if kinds[c]&f.first != 0 {
				t[c] |= 1 << i
			}
		}
		for _, c := range []byte(f.bytes) {
			t[c] |= 1 << i
		}
	}
	return t
}()

// Parse implements module.Parser.
func (p *device) Parse(b *message.Batch, m *message.Message) bool {
	if p.off || m.Origin.NoHostname {
		return false
	}
	if m.AfterPRI == 0 && hasPrefix(m.Raw(), 0, mark+"<") {
		parser.Cut(b, m, 0, len(mark))
		parser.ReadPRI(m)
		if m.PRI == message.InvalidPRI {
			return p.ParseAnyPRI(b, m)
		}
	}
	if n := int(m.AfterPRI); n == 2 || n > 5 {
		return p.ParseAnyPRI(b, m)
	}
	m.Details = p
	if !p.conformant(m) {
		p.count(m, p.read(b, m))
	}
	return true
}

// mark is the byte order mark of UTF-8, which programs on Windows put in front of a message or
// of its text. It is no part of either; only RFC 5424 says what it means.
const mark = "\xef\xbb\xbf"

// markWindow is how far a mark is looked for.
const markWindow = 512

// ParseAnyPRI implements parser.AnyPRI: what is no PRI is text.
func (p *device) ParseAnyPRI(b *message.Batch, m *message.Message) bool {
	if p.off || m.Origin.NoHostname {
		return false
	}
	m.PRI, m.AfterPRI = message.DefaultPRI, 0
	m.Details = p
	p.counts[badPRI].Add(1)
	p.count(m, p.read(b, m))
	return true
}

// read asks the families and returns the kind of the message. What none of them
// takes is text.
func (p *device) read(b *message.Batch, m *message.Message) kind {
	raw := m.Raw()
	if i := bytes.Index(raw[:min(len(raw), markWindow)], []byte(mark)); i >= 0 && !hasVersion(raw, int(m.AfterPRI)) {
		parser.Cut(b, m, i, len(mark))
		raw = m.Raw()
	}
	pos := skipBlanks(raw, int(m.AfterPRI))
	if pos < len(raw) {
		for i, set := 0, byFirst[raw[pos]]; set != 0; i, set = i+1, set>>1 {
			if set&1 == 0 {
				continue
			}
			if k := families[i].read(p, b, m, pos); k != none {
				return k
			}
		}
	}
	m.MsgText = span(pos, len(raw))
	return plainText
}

// hasVersion reports whether a version stands in front of a header, as in RFC 5424.
func hasVersion(text []byte, pos int) bool {
	return is(textAt(text, pos), digit) && at(text, pos+1, ' ')
}

// span is from start to end.
func span(start, end int) message.Span {
	return message.Span{Off: uint32(start), Len: uint32(end - start)}
}

// setHost makes the bytes from start to end the host name.
func setHost(m *message.Message, start, end int) {
	m.Host = span(start, end)
	m.Flags |= message.HasHostname
}

// zoneOf gives a time that came without a zone the one that the configuration
// says for its sender.
func zoneOf(m *message.Message, t *message.Timestamp) { parser.ApplyZone(m, t) }
