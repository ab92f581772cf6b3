package pmdevice

import (
	"bytes"

	"syslogd/message"
	"syslogd/parser"
)

// versioned reads what has the version of RFC 5424 in front, any digit, and keeps
// to that RFC more or less.
func (p *device) versioned(b *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	if !at(text, pos+1, ' ') {
		return none
	}
	pos = skipBlanks(text, pos+2)
	var t stamp
	end := p.scanTime(text, pos, &t)
	if end == pos {
		if !at(text, pos, '-') || pos+1 < len(text) && text[pos+1] != ' ' {
			return none
		}
		end++
	}
	if at(text, end, ':') {
		end++
	}
	next := skipBlanks(text, end)
	if is(text[pos], letter) { // the time of RFC 3164: so is the rest
		if k := p.behindTime(b, m, next, &t); k != rfc3164 {
			return k
		}
		return rfc5424
	}
	setTime(m, &t)
	m.Protocol = 1
	p.fields5424(m, next)
	return rfc5424
}

// fields5424 reads host and the fields behind it.
func (p *device) fields5424(m *message.Message, pos int) {
	text := m.Raw()
	host, next := field(text, pos)
	m.MsgText = span(len(text), len(text))
	if host.Len == 0 {
		return
	}
	if host.Len > 1 && text[host.Off+host.Len-1] == ':' { // no host, but a tag
		m.Protocol = 0
		p.tagAndText(m, pos, false)
		return
	}
	if host.Len != 1 || text[host.Off] != '-' {
		m.Host = host
		m.Flags |= message.HasHostname
	}
	if next == len(text) {
		return
	}
	if p.tagBody(m, next) {
		return
	}
	app, next := field(text, next)
	m.App = app
	for _, f := range []*message.Span{&m.Proc, &m.ID} {
		if next == len(text) {
			return
		}
		*f, next = field(text, next)
	}
	if n := parser.StructuredDataLen(text[next:]); n > 0 && (next+n == len(text) || text[next+n] == ' ') {
		m.SD = span(next, next+n)
		next = min(next+n+1, len(text))
	}
	m.MsgText = span(next, len(text))
}

// tagBody reads the body of RFC 3164 where the app-name should be: name:,
// name[id]:, CEF:0|. Nil fields behind it are passed over.
func (p *device) tagBody(m *message.Message, pos int) bool {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	cef := hasPrefix(text, pos, "CEF:") || hasPrefix(text, pos, "LEEF:")
	if end == pos || text[end-1] != ':' && !cef {
		return false
	}
	t, ok := p.scanTag(text, pos, false)
	if !ok || !cef && t.end != end {
		return false
	}
	if hasPrefix(text, t.text, " - - - ") {
		t.text += len(" - - -")
	}
	m.Protocol = 0
	p.setTag(m, &t)
	return true
}

// unversioned reads host app procid msgid - text, which is RFC 5424 without its
// version. pos is behind the time.
func (p *device) unversioned(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	host, next := field(text, pos)
	app, next := field(text, next)
	proc, next := field(text, next)
	id, next := field(text, next)
	if host.Len == 0 || app.Len == 0 || proc.Len == 0 || id.Len == 0 || next == len(text) || !isHost(text[host.Off:host.Off+host.Len]) {
		return none
	}
	name := text[app.Off : app.Off+app.Len]
	number := text[proc.Off : proc.Off+proc.Len]
	if run(name, 0, anyTag) != len(name) || !is(name[0], alnum|rareMark) || !isNumber(number) && string(number) != "-" {
		return none
	}
	if string(number) == "-" && isSeverity(text[id.Off:id.Off+id.Len]) { // logger - INFO - text, the format of many libraries
		return none
	}
	n := parser.StructuredDataLen(text[next:])
	if n == 0 || next+n < len(text) && text[next+n] != ' ' || n > 1 && bytes.IndexByte(text[next:next+n], '=') < 0 {
		return none
	}
	m.Protocol = 1
	m.Host, m.App, m.Proc, m.ID, m.SD = host, app, proc, id, span(next, next+n)
	m.Flags |= message.HasHostname
	m.MsgText = span(min(next+n+1, len(text)), len(text))
	return unversioned
}

// field returns the bytes from pos to the next blank, or to the end, and the
// position behind the blank.
func field(text []byte, pos int) (message.Span, int) {
	n := bytes.IndexByte(text[pos:], ' ')
	if n < 0 {
		return span(pos, len(text)), len(text)
	}
	return span(pos, pos+n), pos + n + 1
}
