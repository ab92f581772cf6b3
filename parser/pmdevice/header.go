package pmdevice

import (
	"bytes"

	"syslogd/message"
	"syslogd/parser"
)

// header reads a message that begins with a time, in whatever form.
func (p *device) header(b *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	var t stamp
	end := p.scanTime(text, pos, &t)
	if end == pos {
		return none
	}
	if host := p.zoneIsHost(text, pos, end); host > 0 {
		t = stamp{}
		end = p.scanTime(text[:host-1], pos, &t)
	}
	if at(text, end, ':') {
		end++
	}
	return p.behindTime(b, m, skipBlanks(text, end), &t)
}

// zoneIsHost returns where the word lies that ends a time from pos to end, if it is a host with
// the name of a zone, and else 0: behind the plain time of RFC 3164 and in front of a tag with
// an id, as daemons write it, which know no zones.
func (p *device) zoneIsHost(text []byte, pos, end int) int {
	if end-pos <= message.StampLen {
		return 0
	}
	n, _ := parser.FastRFC3164(text[pos:], new(message.Timestamp))
	if host := pos + message.StampLen; n == message.StampLen && run(text, host, letter) == end && at(text, end, ' ') {
		t, ok := p.scanTag(text, skipBlanks(text, end), false)
		if ok && text[t.start] != '%' && hasPrefix(text, t.end-2, "]:") {
			return host
		}
	}
	return 0
}

// behindTime reads host, tag and text behind a time.
func (p *device) behindTime(b *message.Batch, m *message.Message, pos int, t *stamp) kind {
	text := m.Raw()
	for i := range headed {
		if f := &headed[i]; pos < len(text) && (kinds[text[pos]]&f.first != 0 || bytes.IndexByte([]byte(f.bytes), text[pos]) >= 0) {
			if k := f.read(p, b, m, pos); k != none {
				if m.Reported == m.Received {
					setTime(m, t)
				}
				return k
			}
		}
	}
	setTime(m, t)
	p.hostAndTag(m, pos)
	if m.TagText.Len == 0 {
		return untagged
	}
	return rfc3164
}

// headed are the families whose messages have a time in front, in any form; pos
// is behind it. A family that knows a better time sets it.
var headed = []family{
	{bytes: "[", read: (*device).netApp},               // [node:event:severity]: text
	{first: alnum, read: (*device).relayedNetApp},      // host [node:event:severity]: text
	{first: alnum, read: (*device).relayedMeraki},      // host 1 1374543213.342 MX84 urls text
	{first: alnum, read: (*device).snare},              // host TAB MSWinEventLog TAB text
	{first: letter | digit, read: (*device).keyValue},  // date=2026-11-22 time=10:01:02 devname=fw1
	{first: alnum, read: (*device).hostKeyValue},       // host date=2026-11-22 time=10:01:02
	{first: alnum, read: (*device).relayedNetScaler},   // host 05/21/2026:00:00:00 GMT host 0-PPE-0 : text
	{bytes: "MF", read: (*device).aix},                 // Message forwarded from host: tag: text
	{first: alnum, bytes: "(,", read: (*device).uniFi}, // name,mac,version: tag: text
	{first: alnum, read: (*device).colonHost},          // host: host: text, host: <Code> text
	{first: alnum, read: (*device).unversioned},        // host app procid msgid - text
}

// hostAndTag reads [host] [tag] text at pos.
func (p *device) hostAndTag(m *message.Message, pos int) {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	word := text[pos:end]
	if (isPriority(word) || isBracketed(word)) && end < len(text) { // Cisco Meeting Server: user.info host tag:; FreeBSD: <auth.info> host
		pos = skipBlanks(text, end)
		end = p.tokenEnd(text, pos)
		word = text[pos:end]
	}
	if p.noHost(text, pos, end) {
		p.tagAndText(m, pos, true)
		return
	}
	if n := len(word); n > 4 && word[0] == '[' && word[n-1] == ']' && isAddress(word[1:n-1]) {
		setHost(m, pos+1, end-1)
		p.tagAndText(m, skipBlanks(text, end), false)
		return
	}
	if !isHost(word) && !isNode(word) && !(isSerial(word) && p.tagFollows(text, end)) || m.Origin.Local && !p.localHost(m, pos, end) {
		p.tagAndText(m, pos, false)
		return
	}
	next := p.pastRepeated(m, skipBlanks(text, end), word)
	setHost(m, pos, end)
	p.tagAndText(m, next, false)
}

// pastRepeated passes over what stands at pos in front of a tag when a host, or a relay in front
// of it, says who it is twice: host host tag: (UniFi OS), host time host tag:. The time is then
// that of the host itself.
func (p *device) pastRepeated(m *message.Message, pos int, host []byte) int {
	text := m.Raw()
	var t stamp
	start := pos
	if pos < len(text) && is(text[pos], alnum) {
		start = skipBlanks(text, p.scanTime(text, pos, &t))
	}
	end := p.tokenEnd(text, start)
	if end == len(text) || !bytes.Equal(text[start:end], host) {
		return pos
	}
	next := skipBlanks(text, end)
	if _, ok := p.scanTag(text, next, true); !ok {
		return pos
	}
	if t.Month != 0 {
		setTime(m, &t)
	}
	return next
}

// localHost reports whether the word from pos to end is a host also in a message of a local
// socket. Most of those have none, and a program's name may have a blank: "Media Server: text". So a
// tag must follow, and the word must be this machine's name, or look like a name, or the tag
// must have an id. Names of programs with blanks begin with a capital.
func (p *device) localHost(m *message.Message, pos, end int) bool {
	text := m.Raw()
	word := text[pos:end]
	t, ok := p.scanTag(text, p.between(text, skipBlanks(text, end), false), false)
	return ok && (t.idStart > 0 || isDistinct(word) || !is(word[0], upper) || len(word) == 1 || m.Peer != nil && bytes.Equal(word, m.Peer.Host()))
}

// tagFollows reports whether a tag stands behind the blanks at pos.
func (p *device) tagFollows(text []byte, pos int) bool {
	next := skipBlanks(text, pos)
	_, ok := p.scanTag(text, p.between(text, next, false), false)
	return ok
}

// noHost reports whether the word from pos to end, which could be one, is no host:
// it is a tag, or begins a text.
func (p *device) noHost(text []byte, pos, end int) bool {
	word := text[pos:end]
	switch {
	case len(word) == 0:
		return true
	case word[len(word)-1] == ':' && !isIPv6(word):
		return true
	case hasPrefix(text, pos, "last message "), hasPrefix(text, pos, "message repeated "), hasPrefix(text, pos, "above message repeats "):
		return true
	case is(word[0], upper) && (isLevel(word) || isCalendar(word) && is(textAt(text, skipBlanks(text, end)), digit)):
		return true
	case len(word) == 5 && isNumber(word): // ProCurve without a host
		_, ok := p.scanTag(text, skipBlanks(text, end), true)
		return ok
	}
	var t stamp
	return p.scanTime(text, pos, &t) > pos
}

// tagAndText reads [something] [tag] text at pos. first is set when pos is where a
// host could be.
func (p *device) tagAndText(m *message.Message, pos int, first bool) {
	text := m.Raw()
	from := p.between(text, pos, first)
	var t stamp
	if from == pos && (is(textAt(text, pos), digit) || first && is(textAt(text, pos), letter)) && p.scanTime(text, pos, &t) > pos {
		m.MsgText = span(pos, len(text)) // a second time
		return
	}
	tag, ok := p.scanTag(text, from, false)
	if !ok && (!first || bytes.IndexByte(text[pos:p.tokenEnd(text, pos)], ',') > 0) {
		tag, ok = p.wordTag(text, from)
	}
	if !ok {
		m.MsgText = span(pos, len(text))
		return
	}
	p.setTag(m, &tag)
}

// between passes over what devices put between host and tag, and returns the
// position of the tag; pos if there is nothing of that kind.
//
//	notice mcpd[6760]:                     F5: a severity; SONiC: INFO
//	00077 ports:                           ProCurve: an event number
//	FVE6035FD3AE3 (2024-05-10T09:49:05) firewall[10]:  WatchGuard: serial number, time in UTC
//	f492bf123456,UAP-AC-Pro-4.3.20: hostapd:           UniFi: MAC, model and version
//	daemon.info dnsmasq[1]:                BusyBox: facility and severity
//	auth|security:notice su:               AIX: the same
//	192.0.2.1 dhcpd[1]:                    Infoblox: the address beside the name
//	In(166) Hostd[2099]:                   ESXi: severity and PRI
func (p *device) between(text []byte, pos int, first bool) int {
	end := p.tokenEnd(text, pos)
	word := text[pos:end]
	next := skipBlanks(text, end)
	if end == len(text) || len(word) == 0 {
		return pos
	}
	switch {
	case isSeverity(word) && (is(word[0], small) || !first && is(word[1], upper)):
	case isPriority(word), isAIXPriority(word), isESXiPriority(word), !first && isAddress(word):
	case len(word) == 5 && isNumber(word):
	case len(word) == 13 && run(word, 0, upper|digit) == 13:
		if at(text, next, '(') {
			next = p.pastParen(text, next)
		}
	case word[0] == '(':
		next = p.pastParen(text, pos)
	case len(word) > 13 && word[12] == ',' && isMAC(word[:12]):
	default:
		return pos
	}
	if _, ok := p.scanTag(text, next, false); ok && next > pos {
		return next
	}
	return pos
}

// pastParen passes over (2024-05-10T09:49:05) and blanks; pos if there is no time.
func (p *device) pastParen(text []byte, pos int) int {
	end := bytes.IndexByte(text[pos:min(len(text), pos+40)], ')')
	if end < 20 || !is(text[pos+1], digit) || text[pos+5] != '-' || text[pos+14] != ':' {
		return pos
	}
	return skipBlanks(text, pos+end+1)
}

// timeInParens reads WatchGuard's (2024-05-10T09:49:05) firewall: text. The time is in
// UTC, and stands in for the one that a header would have.
func (p *device) timeInParens(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	next := p.pastParen(text, pos)
	if next == pos {
		return none
	}
	var t stamp
	end := pos + bytes.IndexByte(text[pos:next], ')')
	tag, ok := p.scanTag(text, next, false)
	if !ok || p.scanTime(text[:end], pos+1, &t) != end {
		return none
	}
	if !t.zone {
		t.Sign, t.zone = 'Z', true
	}
	setTime(m, &t)
	p.setTag(m, &tag)
	return rfc3164
}

// tagged reads a message without a time: word: text, word[pid]: text, CEF:0|. It
// has no host: see hostTagged.
func (p *device) tagged(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	cef := hasPrefix(text, pos, "CEF:") || hasPrefix(text, pos, "LEEF:")
	t, ok := p.scanTag(text, pos, !cef)
	if !ok || t.idStart == 0 && isNumber(text[pos:t.program]) { // a sequence number
		return none
	}
	p.setTag(m, &t)
	return tagged
}

// hostTagged reads host tag: text without a time, as the default chain does. Sentences and
// stack traces look the same ("fatal error: text", "Caused by: text"), so one of the two must
// look like a name and not like a word; both if there is a PRI, since what has one but no
// time mostly comes from a program that says nothing about itself.
func (p *device) hostTagged(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	if m.Origin.Local || pos > int(m.AfterPRI) || !isHost(text[pos:end]) || !at(text, end, ' ') {
		return none
	}
	t, ok := p.scanTag(text, end+1, true)
	if !ok || !is(text[end+1], letter) && text[end+1] != '/' {
		return none
	}
	host, program := isDistinct(text[pos:end]), t.idStart > 0 || isDistinct(text[t.start:t.program])
	if !host && !program || m.AfterPRI > 0 && !(host && program) {
		return none
	}
	setHost(m, pos, end)
	p.setTag(m, &t)
	return tagged
}

// isDistinct reports whether a word is more likely a name than a word of a sentence: it has
// a digit, a mark, or capitals behind its first letter.
func isDistinct(word []byte) bool {
	for i, c := range word {
		if kinds[c]&(digit|hostMark|rareMark) != 0 || i > 0 && is(c, upper) {
			return true
		}
	}
	return false
}

// routerOS reads the default form of RouterOS: topics and text, often without PRI.
func (p *device) routerOS(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	if end == len(text) || !isTopics(text[pos:end]) {
		return none
	}
	p.setTag(m, &tag{start: pos, end: end, program: end, text: end})
	return routerOS
}
