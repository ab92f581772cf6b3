package parser

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"syslogd/message"
)

// RFC5424 reads messages that begin with version 1. Other versions are not
// taken.
type RFC5424 struct{}

// Parse implements MessageParser. Fields run to the next blank and are not
// validated. A header that ends early leaves the rest of the fields empty; one
// without a valid time stamp ends at once, and all that follows is the text.
func (RFC5424) Parse(b *message.Batch, m *message.Message) bool {
	text := m.Raw()
	pos := int(m.AfterPRI)
	if len(text) < pos+2 || text[pos] != '1' || text[pos+1] != ' ' {
		return false
	}
	m.Protocol = 1
	pos += 2
	n, ok := headerTime(b, m, text[pos:])
	pos += n
	if !ok {
		m.MsgText = span(pos, len(text)-pos)
		return true
	}
	m.Host, pos = headerField(text, pos)
	m.Flags |= message.HasHostname
	m.App, pos = headerField(text, pos)
	m.Proc, pos = headerField(text, pos)
	m.ID, pos = headerField(text, pos)
	n = scanStructuredData(text[pos:])
	switch {
	case n > 0:
		m.SD = span(pos, n)
		if pos += n; pos < len(text) && text[pos] == ' ' {
			pos++
		}
	case pos == len(text) || text[pos] != '[':
		// rsyslogd 8.2302 repeats the MSGID where structured data is missing.
		m.SD = m.ID
	}
	m.MsgText = span(pos, len(text)-pos)
	return true
}

// headerTime reads TIMESTAMP SP, or "- ", which stands for no time. It returns
// the bytes read and false if there is neither.
func headerTime(b *message.Batch, m *message.Message, text []byte) (int, bool) {
	if len(text) >= 2 && text[0] == '-' && text[1] == ' ' {
		return 2, true
	}
	ts, ignored := &m.Reported, message.Timestamp{}
	if m.Origin.IgnoreTimestamp {
		ts = &ignored
	}
	n, asSent := scanRFC3339(text, ts, &b.Stamp)
	if asSent && !m.Origin.IgnoreTimestamp {
		m.Flags |= message.TimeAsSent
	}
	return n, n > 0
}

// headerField returns the span from pos to the next blank, or to the end, and
// the position behind the blank.
func headerField(text []byte, pos int) (message.Span, int) {
	if pos+8 <= len(text) {
		// Most fields are shorter than 8 bytes: x has a byte 0 where the blank is.
		const ones, highs = 0x0101010101010101, 0x8080808080808080
		x := binary.LittleEndian.Uint64(text[pos:]) ^ ' '*ones
		if blanks := (x - ones) &^ x & highs; blanks != 0 {
			n := bits.TrailingZeros64(blanks) / 8
			return span(pos, n), pos + n + 1
		}
	}
	n := bytes.IndexByte(text[pos:], ' ')
	if n < 0 {
		return span(pos, len(text)-pos), len(text)
	}
	return span(pos, n), pos + n + 1
}

// scanStructuredData returns the length of the structured data at the start of
// text: 1 for "-", 0 if there is none. As in rsyslogd it ends at the first ]
// that is followed by the end, or by a blank and not escaped.
//
// Unlike rsyslogd, which then takes everything but the last byte, data without
// such an end runs to the last bracket that closes an element, and is no
// structured data at all if none does.
func scanStructuredData(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	if text[0] == '-' {
		return 1
	}
	if text[0] != '[' {
		return 0
	}
	for i := 1; i < len(text); {
		n := bytes.IndexByte(text[i:], ']')
		if n < 0 {
			break
		}
		i += n + 1
		if i == len(text) || text[i] == ' ' && text[i-2] != '\\' {
			return i
		}
	}
	return scanElements(text)
}

// scanElements returns the length of the SD-ELEMENTs at the start of text,
// 1*("[" SD-ID *(SP SD-PARAM) "]"), as RFC 5424, 6.3 defines them, or 0.
func scanElements(text []byte) int {
	end, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c == ']':
			end = i + 1
			if end == len(text) || text[end] != '[' {
				return end
			}
		}
	}
	return end
}
