package pmdevice

import (
	"bytes"

	"syslogd/message"
)

// merakiKinds are the kinds of events of Meraki that merakiKind does not tell by their form.
var merakiKinds = []string{"association", "dhcp", "disassociation", "events", "firewall", "flows", "ids-alerts", "urls"}

// merakiKind reports whether a word, with rest behind it, is a kind of events of Meraki: one of
// merakiKinds, a name such as security_event, ip_flow_start, l7_firewall, or any in front of pairs.
func merakiKind(word, rest []byte) bool {
	if len(word) == 0 || !is(word[0], small) || run(word, 0, small|digit|hostMark) != len(word) || isLevel(word) {
		return false
	}
	for _, k := range merakiKinds {
		if string(word) == k {
			return true
		}
	}
	for _, part := range []string{"security_", "_event", "_firewall", "_flow"} {
		if bytes.Contains(word, []byte(part)) {
			return true
		}
	}
	key := run(rest, 0, small|digit|hostMark)
	return key > 0 && at(rest, key, '=')
}

// scanEpoch reads seconds since 1970 with a fraction and the blanks behind it, 0.0 being no
// time. It returns pos if there are none.
func scanEpoch(text []byte, pos int, t *stamp) int {
	end := run(text, pos, digit)
	if width := end - pos; !at(text, end, '.') || width != 1 && (width < 9 || width > 10) || width == 1 && text[pos] != '0' {
		return pos
	}
	seconds := int64(0)
	for _, c := range text[pos:end] {
		seconds = seconds*10 + int64(c-'0')
	}
	r := clockReader{text: text, pos: end}
	r.fraction()
	next := skipBlanks(text, r.pos)
	if r.pos == end || next == r.pos || next == len(text) {
		return pos
	}
	if seconds > 0 {
		*t = epochTime(seconds, r.t.Frac, r.t.Digits)
	}
	return next
}

// meraki reads [1 ]1374543213.342705328 MX84 urls text. Without that kind of event it is not
// Meraki's: programs write seconds in front of their lines, too. Such a line has no host.
func (p *device) meraki(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	start := pos
	if hasPrefix(text, pos, "1 ") {
		start = skipBlanks(text, pos+2)
	}
	if k := p.merakiAt(m, start); k != none {
		return k
	}
	var t stamp
	// A number behind the time is Squid's: milliseconds.
	next := scanEpoch(text, pos, &t)
	if next == pos || t.Month == 0 || !is(text[next], letter) {
		return none
	}
	setTime(m, &t)
	m.MsgText = span(next, len(text))
	return untagged
}

// merakiAt reads it behind the version.
func (p *device) merakiAt(m *message.Message, pos int) kind {
	text := m.Raw()
	var t stamp
	host := scanEpoch(text, pos, &t)
	end := p.tokenEnd(text, host)
	if host == pos || !isHost(text[host:end]) {
		return none
	}
	start := skipBlanks(text, end)
	if hasPrefix(text, start, "%%") { // Huawei and Comware that count from their start: 0.2199 HUAWEI %%01
		setTime(m, &t)
		setHost(m, host, end)
		p.tagAndText(m, start, false)
		return rfc3164
	}
	stop := run(text, start, alnum|hostMark)
	event := tag{start: start, end: stop, program: stop, text: stop}
	if at(text, stop, ':') {
		event.end, event.text = stop+1, stop+1
	}
	if !merakiKind(text[start:stop], text[skipBlanks(text, event.text):]) {
		return none
	}
	setTime(m, &t)
	setHost(m, host, end)
	p.setTag(m, &event)
	return meraki
}

// relayedMeraki reads host and the same, behind the time of a relay: both give way.
func (p *device) relayedMeraki(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	next := skipBlanks(text, end)
	if next == end || next == len(text) || !is(text[next], digit) || !isHost(text[pos:end]) {
		return none
	}
	if hasPrefix(text, next, "1 ") {
		next = skipBlanks(text, next+2)
	}
	return p.merakiAt(m, next)
}

// relayedNetApp reads host [node:event:severity]: text. The node's own name counts.
func (p *device) relayedNetApp(b *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	next := skipBlanks(text, end)
	if next == end || !at(text, next, '[') || !isHost(text[pos:end]) {
		return none
	}
	return p.netApp(b, m, next)
}

// netScaler reads 05/21/2017:00:00:00 GMT host 0-PPE-0 : text. The first number is
// the month, unless it can not be one; or the year.
func (p *device) netScaler(b *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	r := clockReader{text: text, pos: pos}
	month := r.number(4)
	ok := r.byte('/')
	day := r.number(2)
	ok = ok && r.byte('/')
	year := r.number(4)
	switch {
	case month > 31:
		year, month, day = month, day, year
	case month > 12:
		month, day = day, month
	}
	if !ok || year < 1970 || !r.byte(':') || !r.date(year, month, day) || !r.clock() {
		return none
	}
	p.zoneAndYear(&r)
	if !at(text, r.pos, ' ') {
		return none
	}
	// Host and engine, or the engine alone, stand in front of " : ".
	words := r.pos + 1
	end := bytes.Index(text[words:min(len(text), words+maxName)], []byte(" : "))
	setTime(m, &r.t)
	start := skipBlanks(text, words)
	if end += words; end <= start {
		p.hostAndTag(m, start)
		return netScaler
	}
	stop := start + len(bytes.TrimRight(text[start:end], " "))
	if n := bytes.IndexByte(text[start:stop], ' '); n >= 0 {
		setHost(m, start, start+n)
		start = skipBlanks(text, start+n)
	}
	m.Program = span(start, stop)
	m.TagText = m.Append(b, text[start:stop], colon)
	m.MsgText = span(end+2, len(text))
	return netScaler
}

// relayedNetScaler reads [host] and the same, behind the time of a relay.
func (p *device) relayedNetScaler(b *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	if k := p.netScaler(b, m, pos); k != none {
		return k
	}
	end := p.tokenEnd(text, pos)
	next := skipBlanks(text, end)
	if !at(text, next+2, '/') || !isHost(text[pos:end]) || p.netScaler(b, m, next) == none {
		return none
	}
	if m.Flags&message.HasHostname == 0 {
		setHost(m, pos, end)
	}
	return netScaler
}

// snareLogs are the kinds of events that Snare's agents and their kin send.
var snareLogs = []string{"MSWinEventLog", "LinuxKAudit", "LinuxAudit", "SolarisBSM", "AIXAudit", "AppleBSM", "GenericLog", "IISWebLog", "ISAWebLog",
	"MSDNSServer", "MSDHCPServer", "MSExchangeLog", "MSSQLServer", "ApacheLog", "SquidProxyLog"}

// snare reads host TAB MSWinEventLog TAB text, and the same with a blank.
func (p *device) snare(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	next := end
	if n := p.tab(text, end); n > 0 {
		next += n
	} else {
		next = skipBlanks(text, end)
	}
	for _, name := range snareLogs {
		stop := next + len(name)
		if stop > len(text) || !equalFold(text[next:stop], name) {
			continue
		}
		n := p.tab(text, stop)
		if n == 0 || !isHost(text[pos:end]) {
			return none
		}
		setHost(m, pos, end)
		p.setTag(m, &tag{start: next, end: stop, program: stop, text: stop + n})
		return snare
	}
	return none
}

// equalFold compares without regard to the case of letters.
func equalFold(b []byte, s string) bool {
	for i := range b {
		if b[i]|0x20 != s[i]|0x20 {
			return false
		}
	}
	return true
}

// netScreen reads host: NetScreen device_id=... and has no time in the header.
func (p *device) netScreen(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	start := end + 1
	if end-pos < 2 || text[end-1] != ':' || !hasPrefix(text, start, "NetScreen device_id=") || !isHost(text[pos:end-1]) {
		return none
	}
	setHost(m, pos, end-1)
	stop := start + len("NetScreen")
	p.setTag(m, &tag{start: start, end: stop, program: stop, text: stop})
	return netScreen
}

// netApp reads [node:event:severity]: text and [node: process: event:severity]: text.
func (p *device) netApp(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	if !at(text, pos, '[') {
		return none
	}
	end := bytes.IndexByte(text[pos:min(len(text), pos+maxName)], ']')
	if end < 0 || !at(text, pos+end+1, ':') {
		return none
	}
	end += pos
	var parts [4]message.Span
	n, start := 0, pos+1
	for i := start; i <= end; i++ {
		if text[i] != ':' && i < end {
			continue
		}
		start = skipBlanks(text, start)
		if n == len(parts) || i == start || i < end && run(text, start, alnum|hostMark) != i {
			return none
		}
		parts[n] = span(start, i)
		n, start = n+1, i+1
	}
	if n < 3 {
		return none
	}
	severity := parts[n-1]
	if !isSeverity(text[severity.Off : severity.Off+severity.Len]) {
		return none
	}
	event := parts[n-2]
	setHost(m, int(parts[0].Off), int(parts[0].Off+parts[0].Len))
	stop := int(event.Off + event.Len)
	p.setTag(m, &tag{start: int(event.Off), end: stop + 1, program: stop, text: end + 2})
	return netApp
}

// aix reads Message forwarded from host: tag: and From host: tag:.
func (p *device) aix(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	switch {
	case hasPrefix(text, pos, "Message forwarded from "):
		pos += len("Message forwarded from ")
	case hasPrefix(text, pos, "From "):
		pos += len("From ")
	default:
		return none
	}
	end := p.tokenEnd(text, pos)
	if end-pos < 2 || text[end-1] != ':' || !isHost(text[pos:end-1]) {
		return none
	}
	setHost(m, pos, end-1)
	p.tagAndText(m, skipBlanks(text, end), false)
	return aix
}

// uniFi reads name,mac,version[:] tag: and ("model,mac,version") tag:. Without a
// name the hardware address is the host.
func (p *device) uniFi(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	start, end := pos, p.tokenEnd(text, pos)
	next := skipBlanks(text, end)
	if hasPrefix(text, pos, `("`) {
		n := bytes.Index(text[pos+2:end], []byte(`")`))
		if n < 0 {
			return none
		}
		start, end = pos+2, pos+2+n
	}
	word := text[start:end]
	if n := len(word); n > 0 && word[n-1] == ':' {
		word = word[:n-1]
	}
	comma := bytes.IndexByte(word, ',')
	switch {
	case comma < 0:
		return none
	case comma == 12 && isMAC(word[:12]) && len(word) > 13: // mac,model-version:
		end = start + 12
	case len(word) < comma+13 || !isMAC(word[comma+1:comma+13]) || len(word) > comma+13 && word[comma+13] != ',':
		return none
	case comma == 0:
		start, end = start+1, start+13
	default:
		end = start + comma
	}
	setHost(m, start, end)
	p.tagAndText(m, next, false)
	return uniFi
}

// colonHost reads a host with a colon that is no tag: host: host: text (NetApp),
// host: <Code> ... (Avamar).
func (p *device) colonHost(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	next := skipBlanks(text, end)
	if end-pos < 2 || text[end-1] != ':' || !isHost(text[pos:end-1]) {
		return none
	}
	host := text[pos : end-1]
	switch {
	case bytes.HasPrefix(text[next:], text[pos:end]) && at(text, next+len(host)+1, ' '):
		next += len(host) + 1
	case hasPrefix(text, next, "<Code> "):
	default:
		return none
	}
	setHost(m, pos, pos+len(host))
	m.MsgText = span(next, len(text))
	return colonHost
}
