package parser

import (
	"bytes"

	"syslogd/message"
)

// maxLocalTag is the longest tag that imuxsock reads, in bytes.
const maxLocalTag = 511

// parseLocal reads what libc's syslog() writes to /dev/log: <PRI>, a time
// stamp, a tag up to the next blank, and never a host name (imuxsock's special
// parser). RFC 5424 is not recognised, as in rsyslogd 8.2302.
//
// Unlike rsyslogd, which takes the first two bytes of a text without PRI for
// one, and counts bytes in the text as it was before control characters in the
// tag were escaped, nothing of the text is lost.
func parseLocal(m *message.Message) {
	text := m.Raw()
	pos := int(m.AfterPRI)
	if m.PRI == message.InvalidPRI {
		// A number that is too large is skipped, what is no number is text.
		if pos = skipBrackets(text); pos == 0 {
			m.MsgText = span(0, len(text))
			return
		}
	}
	ts := m.Received
	if n, _ := scanRFC3164(text[pos:], &ts, false); n > 0 {
		pos += n
		applyZone(m, &ts)
	} else {
		n, _ := scanRFC3339(text[pos:], &ts, nil)
		pos += n
	}
	if !m.Origin.IgnoreTimestamp {
		m.Reported = ts
	}
	n := scanLocalTag(text[pos:])
	m.TagText = span(pos, n)
	pos += n
	m.MsgText = span(pos, len(text)-pos)
}

// scanLocalTag returns the length of the tag at the start of text.
func scanLocalTag(text []byte) int {
	text = text[:min(len(text), maxLocalTag)]
	if n := bytes.IndexByte(text, ' '); n >= 0 {
		return n
	}
	return len(text)
}

// LocalTag returns where the tag lies in a message from a local socket as it
// was received: for an input that changes it.
func LocalTag(text []byte) (start, end int) {
	pri, after := scanPRI(text)
	start = int(after)
	if pri == message.InvalidPRI {
		if start = skipBrackets(text); start == 0 {
			return 0, 0
		}
	}
	var ts message.Timestamp
	if n, _ := scanRFC3164(text[start:], &ts, false); n > 0 {
		start += n
	} else {
		n, _ := scanRFC3339(text[start:], &ts, nil)
		start += n
	}
	return start, start + scanLocalTag(text[start:])
}

// PRI returns the priority of a message as it was received: for an input that
// depends on it.
func PRI(text []byte) message.Priority {
	pri, _ := scanPRI(text)
	return pri
}

// skipBrackets returns the length of <digits> at the start of text, or 0.
func skipBrackets(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '>':
			return i + 1
		case text[i]-'0' > 9:
			return 0
		}
	}
	return 0
}

func span(off, n int) message.Span { return message.Span{Off: uint32(off), Len: uint32(n)} }

// applyZone labels a time that had no zone with the input's default zone. The
// time of day is not converted.
func applyZone(m *message.Message, ts *message.Timestamp) {
	if z := m.Origin.ZoneOf(m.Peer); z != nil {
		ts.Sign, ts.OffHour, ts.OffMin = z.Sign, z.Hour, z.Min
	}
}
