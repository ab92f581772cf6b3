package pmdevice

import (
	"bytes"

	"syslogd/message"
)

// tag is where a tag lies. end is behind its colon, name where the name of the program
// begins if not at start, program where it ends, text where the message goes on. idStart
// is 0 if there is no id.
type tag struct {
	start, program, end int
	name                int
	idStart, idEnd      int
	text                int
}

// scanTag reads name[id]:, name[id], name: or one of the forms of scanGroups at pos. With
// apart a blank, or the end, must follow a colon.
func (p *device) scanTag(text []byte, pos int, apart bool) (t tag, ok bool) {
	t.start = pos
	ok = p.scanName(text, &t, pos) || p.scanGroups(text, &t, pos)
	if !ok || apart && (text[t.end-1] != ':' || t.end < len(text) && text[t.end] != ' ' && p.tab(text, t.end) == 0) {
		return t, false
	}
	if is(text[pos], digit) && isClock(text, pos) {
		return t, false
	}
	t.text = t.end
	return t, true
}

// scanName reads name[id]:, name[id] or name: at pos.
func (p *device) scanName(text []byte, t *tag, pos int) bool {
	i, named := pos, false
	open := -1 // a parenthesis that has not closed
	for i < len(text) && i-pos <= maxName && kinds[text[i]]&(anyTag|oddMark) != 0 && !(text[i] == p.tabFirst && p.tab(text, i) > 0) {
		named = named || is(text[i], alnum) || text[i] >= 0x80
		switch text[i] {
		case '(':
			open = i
		case ')':
			open = -1
		}
		i++
	}
	t.program = i
	switch {
	case i == len(text) || i > pos && !named:
		return false
	case text[i] == '[':
		if !p.scanID(text, t, i) || t.end == 0 || i == pos && text[t.end-1] != ':' {
			return false
		}
		if bytes.IndexByte(text[t.idStart:t.idEnd], '[') >= 0 { // [sssd[krb5_child[7]]]:
			p.scanGroups(text, t, pos)
		}
		return true
	case text[i] != ':' || i == pos:
		return false
	case open > pos && p.scanGroups(text, t, pos): // pam_winbind(sshd:auth)[7]:
		return true
	}
	t.program, t.end = i, i+1
	return true
}

// scanGroups reads a name with more behind it than one id, as daemons of Linux have it. The
// number in the last pair of square brackets is the id.
//
//	sssd[be[EXAMPLE.NET]][7]:    krb5kdc[7](info):    polkitd(authority=local):
//	elixir<0.335.0>:             gdm-password][7]:    [sssd[ldap_child[7]]][7]:
func (p *device) scanGroups(text []byte, t *tag, pos int) bool {
	name := pos
	if at(text, pos, '[') {
		name++
	}
	i := name
	for i < len(text) && i-pos <= maxName && kinds[text[i]]&(anyTag|oddMark) != 0 && text[i] != '(' {
		i++
	}
	if i == name || !is(text[name], alnum) && text[name] != '/' && text[name] != '_' || name > pos && !at(text, i, '[') {
		return false
	}
	program := i
	if name > pos {
		i = pos
	}
	for i < len(text) && i-pos < maxName && text[i] != ':' {
		switch stop := groupEnd(text, i); {
		case stop > 0:
			i = stop
		case text[i] == ']':
			i++
		default:
			return false
		}
	}
	if !at(text, i, ':') || i == program {
		return false
	}
	if name > pos {
		t.name = name
	}
	t.program, t.end = program, i+1
	t.idStart, t.idEnd = lastNumber(text, program, i)
	return true
}

// lastNumber returns where the number in the last pair of square brackets between pos and end
// lies, or zeros.
func lastNumber(text []byte, pos, end int) (int, int) {
	for i := end - 1; i > pos; i-- {
		if text[i] != ']' {
			continue
		}
		if open := bytes.LastIndexByte(text[pos:i], '['); open >= 0 && isNumber(text[pos+open+1:i]) {
			return pos + open + 1, i
		}
	}
	return 0, 0
}

// groupEnd returns where the pair of brackets that opens at pos ends, or 0 if there is none,
// or a blank in it.
func groupEnd(text []byte, pos int) int {
	opens := text[pos]
	closes := map[byte]byte{'[': ']', '(': ')', '<': '>'}[opens]
	if closes == 0 {
		return 0
	}
	depth := 0
	for i := pos; i < len(text) && i-pos < maxName && text[i] != ' '; i++ {
		switch text[i] {
		case opens:
			depth++
		case closes:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
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
	start := max(t.start, t.name)
	switch {
	case t.program == start:
	case text[start] == '/' && !p.slash:
		start += bytes.LastIndexByte(text[start:t.program], '/') + 1
	case hasPrefix(text, start, "%%"), p.slash: // Huawei's has slashes
	default:
		n := bytes.IndexByte(text[start:t.program], '/')
		if open := bytes.IndexByte(text[start:t.program], '('); n > open && open > 0 { // run-parts(/etc/cron.hourly)[7]:
			n = open
		}
		if n > 0 {
			t.program = start + n
		}
	}
	m.Program = span(start, t.program)
	m.MsgText = span(t.text, len(text))
}
