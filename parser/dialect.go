package parser

import (
	"bytes"

	"syslogd/message"
)

// What parsers of dialects, in packages of their own, have in common with those
// of this package.

// ScanRFC3164 reads a time stamp in the form of RFC 3164, or in one of those that
// devices make of it, at the start of text, with the colon and the blank behind
// it. It returns the bytes read, 0 if there is none. What the text does not say
// comes from m.
func ScanRFC3164(m *message.Message, text []byte) (ts message.Timestamp, n int) {
	ts = m.Received
	if n, _ = scanRFC3164(text, &ts, false); n > 0 {
		applyZone(m, &ts)
	}
	return ts, n
}

// FastRFC3164 reads a time stamp in exactly the form of RFC 3164 with the blank
// behind it: 16 bytes, or 0 if there is none. Year and zone of ts are not touched.
// asSent is for the flag TimeAsSent.
func FastRFC3164(text []byte, ts *message.Timestamp) (n int, asSent message.Flags) {
	if n = fastRFC3164(text, ts); n > 0 && printedAsRFC3164(text) {
		asSent = message.TimeAsSent
	}
	return n, asSent
}

// FastRFC3339 reads a time stamp as RFC 5424 demands it with the blank behind it,
// and returns the bytes read, 0 if there is none. asSent is for the flag TimeAsSent.
func FastRFC3339(text []byte, ts *message.Timestamp) (n int, asSent message.Flags) {
	if n = fastRFC3339(text, ts, nil); n > 0 && printedAsRFC3339(ts, n) {
		asSent = message.TimeAsSent
	}
	return n, asSent
}

// ApplyZone gives a time that came without a zone the default zone of its input.
func ApplyZone(m *message.Message, ts *message.Timestamp) { applyZone(m, ts) }

// StructuredDataLen returns the length of the structured data of RFC 5424 at the
// start of text, brackets or "-", or 0.
func StructuredDataLen(text []byte) int {
	if len(text) > 0 && text[0] == '-' {
		return 1
	}
	if len(text) == 0 || text[0] != '[' {
		return 0
	}
	// Most elements have no bracket and no backslash in a value.
	for end := 0; ; {
		n := bytes.IndexByte(text[end:], ']')
		if n < 0 {
			return scanElements(text)
		}
		// A quote in front of the bracket closes a value, unless it opens one or is
		// escaped: then the element is over.
		if last := end + n - 1; n > 4 && text[last] == '"' && text[last-1] != '=' && text[last-1] != '\\' {
			if end += n + 1; end == len(text) || text[end] != '[' {
				return end
			}
			continue
		}
		element := text[end : end+n]
		if bytes.Count(element, quoteMark)&1 != 0 || bytes.IndexByte(element, '\\') >= 0 {
			return scanElements(text)
		}
		if end += n + 1; end == len(text) || text[end] != '[' {
			return end
		}
	}
}

var quoteMark = []byte{'"'}

// AnyPRI is implemented by parsers that also read messages whose PRI can not be
// understood: they are asked before such a message is taken as it is.
type AnyPRI interface {
	ParseAnyPRI(b *message.Batch, m *message.Message) bool
}

// ReadPRI reads the PRI again after the text of m has changed.
func ReadPRI(m *message.Message) { m.PRI, m.AfterPRI = scanPRI(m.Raw()) }

// Cut takes the n bytes at pos out of the text of m, a message that no parser
// has taken yet. The new text is memory of b.
func Cut(b *message.Batch, m *message.Message, pos, n int) { Splice(b, m, pos, n, "") }

// Splice replaces the n bytes at pos of the text of m by text; see Cut.
func Splice(b *message.Batch, m *message.Message, pos, n int, text string) {
	raw := m.Raw()
	out := b.Side(len(raw) - n + len(text))[:0]
	out = append(append(append(out, raw[:pos]...), text...), raw[pos+n:]...)
	m.ReplaceRaw(out)
}

// SkipBlanks returns the position behind blanks at pos.
func SkipBlanks(text []byte, pos int) int {
	for pos < len(text) && text[pos] == ' ' {
		pos++
	}
	return pos
}
