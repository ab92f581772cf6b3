package pmdevice

import (
	"bytes"

	"syslogd/message"
)

const (
	// ciscoWindow is how far behind the PRI a mnemonic is looked for.
	ciscoWindow = 400
	// maxMnemonics bounds how many percent signs are looked at.
	maxMnemonics = 6
)

// cisco reads IOS, IOS-XE, IOS-XR, NX-OS, AireOS, ASA and their kin:
//
//	[seq:] [host:] [seq:] [*|.][time [zone]:] %FACILITY-n-MNEMONIC: text
//	[seq:] [host] RP/0/RP0/CPU0:time : process[pid]: %MNEMONIC : text
//	[host:] *task: time: %MNEMONIC: text
//	[:][time] [host] : %ASA-n-id: text
//
// with or without the header of a relay in front.
func (p *device) cisco(b *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	from := pos
	for range maxMnemonics {
		i := bytes.IndexByte(text[from:min(len(text), pos+ciscoWindow)], '%')
		if i < 0 {
			return none
		}
		from += i
		if end := mnemonicEnd(text, from); end > 0 {
			return p.ciscoHeader(b, m, pos, mnemonic{from, end})
		}
		from++
	}
	return none
}

// mnemonic is where %FACILITY-n-NAME lies.
type mnemonic struct{ start, end int }

// mnemonicEnd returns where the mnemonic at pos ends, or 0 if there is none:
// %FACILITY[-SUB]-n-NAME, where n is a digit or, on small switches, a letter.
func mnemonicEnd(text []byte, pos int) int {
	if pos+1 >= len(text) || !is(text[pos+1], upper) {
		return 0
	}
	i, severity := pos+1, false
	for {
		group := i
		for i < len(text) && (kinds[text[i]]&alnum != 0 || text[i] == '_' || text[i] == '.' || text[i] == '/') {
			i++
		}
		if i-pos > maxName {
			return 0
		}
		if severity && i > group && (i == len(text) || text[i] != '-') {
			return i
		}
		if !at(text, i, '-') {
			return 0
		}
		severity = severity || i == group+1 && (text[group] >= '0' && text[group] <= '7' || is(text[group], upper))
		i++
	}
}

// ciscoHeader reads what stands between pos and a mnemonic. It reports false if
// that is not all of a device's header.
func (p *device) ciscoHeader(b *message.Batch, m *message.Message, pos int, mn mnemonic) kind {
	text := m.Raw()
	h := ciscoFields{p: p, text: text[:mn.start], pos: pos}
	if !h.read() {
		return none
	}
	start := mn.end
	if at(text, skipBlanks(text, start), ':') {
		start = skipBlanks(text, start) + 1
	} else if h.task.Len == 0 {
		return none
	}
	h.put(m)
	if h.task.Len > 0 { // the mnemonic belongs to the text
		m.MsgText = span(mn.start, len(text))
		return cisco
	}
	m.TagText, m.Program = span(mn.start, mn.end+1), span(mn.start, mn.end)
	if text[mn.end] != ':' { // a blank in front of the colon
		m.TagText = m.Append(b, text[mn.start:mn.end], colon)
	}
	m.MsgText = span(start, len(text))
	return cisco
}

// numbered reads the same headers in front of a text without a mnemonic: what IOS
// sends of debug commands, and some processes of IOS-XR and AireOS.
//
//	seq: [host:] [*|.]time: text
//	seq: [host] RP/0/RP0/CPU0:time : process[pid]: text
//	[host:] *task: time: text
func (p *device) numbered(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	h := ciscoFields{p: p, text: text, pos: pos}
	if h.number() {
		if !at(text, h.pos, ':') {
			return none
		}
	} else if i := bytes.IndexByte(text[pos:min(len(text), pos+maxName)], '*'); i < 0 || i > 0 && !bytes.HasSuffix(text[pos:pos+i], []byte(": ")) {
		return none
	}
	for n := 1; n < 6 && h.time.Month == 0; n++ {
		if at(text, h.pos, ':') {
			h.pos++
		}
		h.pos = skipBlanks(text, h.pos)
		if h.clock(n) || h.number() || h.task.Len == 0 && h.star() || h.session() || !h.xr && h.node() {
			continue
		}
		if h.hosts > 0 || !h.name() || !h.closed && !h.xrNext() {
			return none
		}
	}
	h.pos = skipBlanks(text, h.pos)
	if h.time.Month == 0 || !at(text, h.pos, ':') || h.task.Len == 0 && h.seq.Len == 0 {
		return none
	}
	h.pos++
	if h.xr {
		h.pos = skipBlanks(text, h.pos)
		if !h.node() {
			return none
		}
	}
	h.put(m)
	m.MsgText = span(h.pos, len(text))
	return cisco
}

// xrNext reports whether the name of a node comes next, as behind a host of IOS-XR.
func (h *ciscoFields) xrNext() bool {
	look := *h
	look.pos = skipBlanks(h.text, h.pos)
	return !look.xr && look.node()
}

// put stores time, host, and the task as the program.
func (h *ciscoFields) put(m *message.Message) {
	setTime(m, &h.time)
	if h.host.Len > 0 {
		m.Host = h.host
		m.Flags |= message.HasHostname
	}
	if h.task.Len == 0 {
		return
	}
	m.TagText, m.Program = h.task, h.task
	m.TagText.Len++
	if h.pid.Len > 0 {
		m.Proc = h.pid
		m.TagText.Len = h.pid.Off + h.pid.Len - h.task.Off + 2
	}
}

var colon = []byte(":")

// ciscoFields are the fields of a header, read from the text in front of a mnemonic.
type ciscoFields struct {
	p    *device
	text []byte
	pos  int

	time            stamp
	host, task, pid message.Span
	seq             message.Span
	hosts           int
	// lead is set when a time stands in front of everything: perhaps a relay's.
	// closed is set when the last host ended with a colon of its own.
	// own is set when something is there that only a device writes; second when a
	// time, or a number in front of the last host, shows a device behind a relay.
	lead, closed, own, xr, second bool
	unsync                        bool
	stacked                       bool // a unit of a stack stands in front of the mnemonic
}

// read reads all fields, each with the colon behind it, and decides whether they
// are a header.
func (h *ciscoFields) read() bool {
	for n := 0; ; n++ {
		h.pos = skipBlanks(h.text, h.pos)
		if h.pos == len(h.text) {
			break
		}
		if at(h.text, h.pos, ':') { // a stray colon, or one behind a blank
			h.pos++
			continue
		}
		if n > 12 || !(h.clock(n) || h.uptime() || h.number() || h.star() || h.node() || h.vdc() || h.unit() || h.session() || h.name()) {
			return false
		}
	}
	switch {
	case h.hosts > 2 || h.hosts == 2 && !(h.lead && h.second):
		return false
	case h.own || h.hosts == 0:
		return true
	case !h.lead: // host: %SYS-5-CONFIG_I:
		return true
	case h.hosts == 2: // time host tag: %...
		return false
	}
	// time host %SYS..., time host : %ASA..., time address: %ACE...; but in
	// "time word: %..." the word is a tag.
	return !h.closed || isAddress(h.text[h.host.Off:h.host.Off+h.host.Len])
}

// isAddress reports whether a word is an IP address.
func isAddress(word []byte) bool {
	return isIPv6(word) || bytes.Count(word, []byte(".")) == 3 && len(bytes.Trim(word, "0123456789.")) == 0
}

// clock reads [*|.]time.
func (h *ciscoFields) clock(n int) bool {
	pos := h.pos
	mark := at(h.text, pos, '*') || at(h.text, pos, '.')
	if mark {
		pos++
	}
	var t stamp
	end := h.p.scanTime(h.text, pos, &t)
	if end == pos {
		return false
	}
	h.lead = h.lead || n == 0 && !mark
	h.own = h.own || n > 0 || mark || at(h.text, end, ':') // a colon behind the time is Cisco's
	h.second = h.second || n > 0
	h.unsync = mark
	h.time, h.pos = t, end
	return true
}

// uptime reads 00:01:01, 2y10w or 1w2d: the clock has never been set.
func (h *ciscoFields) uptime() bool {
	i, units := h.pos, 0
	if isClock(h.text, i) {
		i = run(h.text, i, digit)
		i = run(h.text, i+1, digit)
		i = run(h.text, i+1, digit)
		if at(h.text, i, '.') {
			i = run(h.text, i+1, digit)
		}
	} else {
		for i < len(h.text) && is(h.text[i], digit) {
			i = run(h.text, i, digit)
			if i == len(h.text) || bytes.IndexByte([]byte("ywdh"), h.text[i]) < 0 {
				return false
			}
			i++
			units++
		}
		if units == 0 {
			return false
		}
	}
	if i < len(h.text) && h.text[i] != ':' && h.text[i] != ' ' {
		return false
	}
	h.pos, h.own, h.second = i, true, true
	return true
}

// number reads a sequence number. Numbers are never a host; one that has been counted for long
// enough in 32 bits has a sign.
func (h *ciscoFields) number() bool {
	start := h.pos
	if at(h.text, start, '-') {
		start++
	}
	end := run(h.text, start, digit)
	if end == start || end < len(h.text) && h.text[end] != ':' && h.text[end] != ' ' {
		return false
	}
	if at(h.text, end, ':') && end+1 < len(h.text) && h.text[end+1] != ' ' && h.text[end+1] != '*' && h.text[end+1] != '.' {
		var t stamp // a colon without a blank: the start of an address, unless a time follows
		if h.p.scanTime(h.text, end+1, &t) == end+1 {
			return false
		}
	}
	if h.seq.Len == 0 {
		h.seq = span(h.pos, end)
	}
	h.pos, h.own = end, true
	return true
}

// star reads *task: of AireOS. A task may have blanks in its name.
func (h *ciscoFields) star() bool {
	if !at(h.text, h.pos, '*') {
		return false
	}
	end := bytes.IndexByte(h.text[h.pos:], ':')
	if end < 2 || end > 80 {
		return false
	}
	h.task = span(h.pos+1, h.pos+end)
	h.pos += end
	h.own = true
	return true
}

// node reads RP/0/RP0/CPU0: in front of a time, and process[pid]: behind it.
func (h *ciscoFields) node() bool {
	end := h.pos
	for end < len(h.text) && (kinds[h.text[end]]&(alnum|hostMark) != 0 || h.text[end] == '/') {
		end++
	}
	if end == h.pos || end == len(h.text) {
		return false
	}
	if h.xr && h.task.Len == 0 && h.text[end] == '[' {
		t := tag{}
		if !h.p.scanID(h.text, &t, end) || t.end == 0 {
			return false
		}
		h.task, h.pid = span(h.pos, end), span(t.idStart, t.idEnd)
		h.pos = t.end
		return true
	}
	if h.text[end] != ':' || bytes.IndexByte(h.text[h.pos:end], '/') < 0 {
		return false
	}
	next := skipBlanks(h.text, end+1)
	if at(h.text, next, '*') || at(h.text, next, '.') {
		next++
	}
	var t stamp
	if h.p.scanTime(h.text, next, &t) == next {
		return false
	}
	h.pos, h.xr, h.own = end+1, true, true
	return true
}

// vdc reads %$ VDC-1 %$ of NX-OS.
func (h *ciscoFields) vdc() bool {
	if !hasPrefix(h.text, h.pos, "%$ ") {
		return false
	}
	end := bytes.Index(h.text[h.pos+3:], []byte("%$"))
	if end < 0 {
		return false
	}
	h.pos += 3 + end + 2
	return true
}

// unit reads %STKUNIT0-M:CP of Dell's FTOS, in front of the mnemonic.
func (h *ciscoFields) unit() bool {
	if !at(h.text, h.pos, '%') {
		return false
	}
	i := run(h.text, h.pos+1, alnum|hostMark)
	end := run(h.text, i+1, alnum)
	if i == h.pos+1 || !at(h.text, i, ':') || end == i+1 || !at(h.text, end, ' ') {
		return false
	}
	h.pos, h.own, h.stacked = end, true, true
	return true
}

// session reads [syslog@9 s_sn="45" s_id="r1"], which IOS adds on request.
func (h *ciscoFields) session() bool {
	if !hasPrefix(h.text, h.pos, "[syslog@9 ") {
		return false
	}
	end := bytes.IndexByte(h.text[h.pos:], ']')
	if end < 0 {
		return false
	}
	h.pos += end + 1
	h.own = true
	return true
}

// name reads the name or the address of a host; an access point names itself AP:mac.
func (h *ciscoFields) name() bool {
	end := bytes.IndexByte(h.text[h.pos:], ' ')
	if end < 0 {
		end = len(h.text) - h.pos
	}
	end += h.pos
	word := h.text[h.pos:end]
	h.closed = len(word) > 1 && word[len(word)-1] == ':' && !isIPv6(word)
	if h.closed {
		word = word[:len(word)-1]
	}
	start := h.pos
	if len(word) > 3 && string(word[:3]) == "AP:" {
		word, start = word[3:], start+3
		h.own = true
		if run(word, 0, hexDigit|hostMark) != len(word) && bytes.Count(word, colon) != 5 {
			return false
		}
	} else if !isHost(word) {
		return false
	}
	h.hosts++
	h.second = h.second || h.seq.Len > 0
	h.host = span(start, start+len(word))
	h.pos = end
	return true
}
