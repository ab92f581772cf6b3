package pmdevice

import (
	"bytes"

	"syslogd/message"
	"syslogd/parser"
)

// conformant reads a message that keeps to RFC 3164 or RFC 5424 and shows no sign
// of a dialect. It leaves m as it is, and reports false, in all other cases: read
// has to come to the same result for what this function takes.
func (p *device) conformant(m *message.Message) bool {
	text := m.Raw()
	pos := int(m.AfterPRI)
	if len(text)-pos < 20 || pos == 0 {
		return false
	}
	if text[pos] == '1' && text[pos+1] == ' ' {
		return conformant5424(m, text, pos+2)
	}
	ts := m.Received
	bsd := true
	n, asSent := parser.FastRFC3164(text[pos:], &ts)
	if n == 0 {
		bsd = false
		n, asSent = parser.FastRFC3339(text[pos:], &ts)
	}
	if n == 0 {
		return false
	}
	host := pos + n
	if m.Origin.Local {
		return false
	}
	// A host name ends with a letter or a digit. Digits alone may be a year or an
	// event number, capitals alone a zone or a severity.
	i, seen := host, uint8(0)
	for i < len(text) && kinds[text[i]]&(alnum|hostMark) != 0 {
		seen |= kinds[text[i]]
		i++
	}
	if i == host || i == len(text) || text[i] != ' ' || !is(text[i-1], alnum) || seen&(small|hostMark) == 0 && (seen != upper|digit|hexDigit) || !is(text[host], alnum) {
		return false
	}
	if i-host == 4 && string(text[host:i]) == "From" || !plainHost(text[host:i], seen) {
		return false
	}
	tag := i + 1
	end, program := p.conformantTag(text, tag)
	if end == 0 || hasPrefix(text, skipBlanks(text, end), mark) {
		return false
	}
	if bsd {
		parser.ApplyZone(m, &ts)
		inferYear(&ts, &m.Received)
	}
	if !m.Origin.IgnoreTimestamp {
		m.Reported = ts
		m.Flags |= asSent
	}
	setHost(m, host, i)
	m.TagText, m.Program = span(tag, end), span(tag, program)
	m.MsgText = span(end, len(text))
	return true
}

// plainHost reports whether isHost holds for a word of letters, digits and marks, of which
// seen has the kinds, in short.
func plainHost(word []byte, seen uint8) bool {
	switch {
	case len(word) > maxName, seen&(small|upper) == 0, is(word[0], digit) && seen&hostMark != 0:
		return isHost(word)
	case seen&digit == 0:
		return !isLevel(word) && !isPriority(word)
	case seen&hostMark != 0:
		return !isPriority(word)
	}
	return true
}

// conformantTag returns where the tag at pos ends, behind its colon, and where its
// program ends; or 0.
func (p *device) conformantTag(text []byte, pos int) (end, program int) {
	i := run(text, pos, plainTag)
	if i == pos || i-pos > maxName || i == len(text) || !is(text[pos], letter) {
		return 0, 0
	}
	program = i
	if text[i] != '[' && bytes.IndexByte(text[pos:i], '(') > bytes.IndexByte(text[pos:i], ')') { // run-parts(/etc/cron.daily)[1]:
		return 0, 0
	}
	if text[i] == '/' { // postfix/smtpd[1]:, but not RP/0/RSP0/CPU0:
		if !is(text[pos], small) {
			return 0, 0
		}
		for i < len(text) && (kinds[text[i]]&plainTag != 0 || text[i] == '/') {
			i++
		}
		if i == len(text) {
			return 0, 0
		}
		if p.slash {
			program = i
		}
	}
	if text[i] == '[' {
		end := i + 1
		for end < len(text) && end < i+64 && text[end] != ']' && text[end] != ' ' {
			end++
		}
		if !at(text, end, ']') || !at(text, end+1, ':') {
			return 0, 0
		}
		return end + 2, program
	}
	if text[i] != ':' {
		return 0, 0
	}
	i++
	// Behind a name without brackets the header of a device may begin.
	if next := skipBlanks(text, i); next < len(text) && (is(text[next], digit|upper) || bytes.IndexByte([]byte(".*:<N"), text[next]) >= 0) {
		look := text[next:min(len(text), next+80)]
		if look[0] == '<' || look[0] == 'N' || bytes.IndexByte(look, '%') >= 0 {
			return 0, 0
		}
	}
	return i, program
}

// conformant5424 reads the fields behind the version.
func conformant5424(m *message.Message, text []byte, pos int) bool {
	ts := m.Received
	n, asSent := parser.FastRFC3339(text[pos:], &ts)
	if n == 0 {
		if text[pos] != '-' || !at(text, pos+1, ' ') {
			return false
		}
		n = 2
	}
	pos += n
	var fields [4]message.Span
	for i := range fields {
		end := bytes.IndexByte(text[pos:], ' ')
		if end <= 0 {
			return false
		}
		fields[i] = span(pos, pos+end)
		pos += end + 1
	}
	app := text[fields[1].Off : fields[1].Off+fields[1].Len]
	if app[len(app)-1] == ':' || hasPrefix(app, 0, "CEF:") || hasPrefix(app, 0, "LEEF:") {
		return false
	}
	n = parser.StructuredDataLen(text[pos:])
	if n == 0 || pos+n < len(text) && text[pos+n] != ' ' {
		return false
	}
	if !m.Origin.IgnoreTimestamp {
		m.Reported = ts
		m.Flags |= asSent
	}
	m.Protocol = 1
	m.App, m.Proc, m.ID = fields[1], fields[2], fields[3]
	if fields[0].Len != 1 || text[fields[0].Off] != '-' { // a nil host gives way to the sender
		m.Host = fields[0]
		m.Flags |= message.HasHostname
	}
	m.SD = span(pos, pos+n)
	if pos += n; pos < len(text) {
		pos++
	}
	m.MsgText = span(pos, len(text))
	return true
}
