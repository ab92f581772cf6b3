package pmdevice

import (
	"bytes"

	"syslogd/message"
)

// tag is where a tag lies. end is behind its colon, program where the name of the
// program ends, text where the message goes on. idStart is 0 if there is no id.
type tag struct {
	start, program, end int
	idStart, idEnd      int
	text                int
}

// scanTag reads name[id]:, name[id] or name: at pos. With apart a blank, or the
// end, must follow a colon.
func (p *device) scanTag(text []byte, pos int, apart bool) (t tag, ok bool) {
	t.start = pos
	i, named := pos, false
	for i < len(text) && i-pos <= maxName && kinds[text[i]]&anyTag != 0 && !(text[i] == p.tabFirst && p.tab(text, i) > 0) {
		named = named || is(text[i], alnum)
		i++
	}
	t.program = i
	if i == len(text) || i > pos && !named {
		return t, false
	}
	if text[i] == '[' {
		if !p.scanID(text, &t, i) || t.end == 0 {
			return t, false
		}
		if text[t.end-1] != ':' && (i == pos || apart) {
			return t, false
		}
	} else if text[i] == ':' && i > pos {
		t.end = i + 1
	} else {
		return t, false
	}
	if apart && t.end < len(text) && text[t.end] != ' ' && p.tab(text, t.end) == 0 {
		return t, false
	}
	if is(text[pos], digit) && isClock(text, pos) {
		return t, false
	}
	t.text = t.end
	return t, true
}

// scanID reads [id] and a colon or a blank at pos into t.
func (p *device) scanID(text []byte, t *tag, pos int) bool {
	rest := text[pos:min(len(text), pos+maxName)]
	n := bytes.IndexAny(rest, "] ")
	if n < 1 || rest[n] != ']' || n == 1 && pos == t.start {
		return false
	}
	t.idStart, t.idEnd = pos+1, pos+n
	switch end := pos + n + 1; {
	case end == len(text) || text[end] == ' ':
		t.end = end
	case text[end] == ':':
		t.end = end + 1
	}
	return true
}

// isClock reports whether 10:00: stands at pos.
func isClock(text []byte, pos int) bool {
	i := run(text, pos, digit)
	j := run(text, i+1, digit)
	return i-pos <= 2 && at(text, i, ':') && j-i == 3 && at(text, j, ':') && j+1 < len(text) && is(text[j+1], digit)
}

// wordTag reads a tag that has neither colon nor brackets: an identifier
// with an underscore (CISE_Passed_Authentications 00019), a mnemonic, the topics
// of RouterOS, a word in front of JSON, of CEF or of "-:".
func (p *device) wordTag(text []byte, pos int) (t tag, ok bool) {
	end := pos
	for end < len(text) && end-pos <= maxName && kinds[text[end]]&anyTag != 0 && !(text[end] == p.tabFirst && p.tab(text, end) > 0) {
		end++
	}
	t = tag{start: pos, end: end, program: end, text: end}
	if end == pos || !at(text, end, ' ') {
		return t, false
	}
	word := text[pos:end]
	next := skipBlanks(text, end)
	switch {
	case is(word[0], letter) && bytes.IndexByte(word, '_') > 0 && run(word, 0, alnum|hostMark) == len(word):
	case word[0] == '%' && mnemonicEnd(text, pos) == end:
	case isTopics(word):
	case at(text, next, '{'), hasPrefix(text, next, "CEF:"), hasPrefix(text, next, "LEEF:"), hasPrefix(text, next, "-:"):
		return t, is(word[0], alnum|rareMark)
	default:
		return t, false
	}
	return t, true
}

// isTopics reports whether a word is the topics of RouterOS: words of small
// letters with commas.
func isTopics(word []byte) bool {
	commas := 0
	for i, c := range word {
		switch {
		case c == ',' && i > 0 && i+1 < len(word) && word[i-1] != ',':
			commas++
		case is(c, small|digit), c == '-', c == '!':
		default:
			return false
		}
	}
	return commas > 0 && is(word[0], small)
}

// setTag stores t and makes the rest of the text the message.
func (p *device) setTag(m *message.Message, t *tag) {
	text := m.Raw()
	m.TagText = span(t.start, t.end)
	if t.idStart > 0 {
		m.Proc = span(t.idStart, t.idEnd)
	}
	start := t.start
	switch {
	case t.program == t.start:
	case text[t.start] == '/' && !p.slash:
		start += bytes.LastIndexByte(text[t.start:t.program], '/') + 1
	case hasPrefix(text, t.start, "%%"), p.slash: // Huawei's has slashes
	default:
		if n := bytes.IndexByte(text[t.start:t.program], '/'); n > 0 {
			t.program = t.start + n
		}
	}
	m.Program = span(start, t.program)
	m.MsgText = span(t.text, len(text))
}
