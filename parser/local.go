package parser

import "syslogd/message"

// parseLocal reads what libc's syslog() writes to /dev/log: <PRI>, a time
// stamp, a tag, and never a host name (imuxsock's special parser). RFC 5424 is
// not recognised, as in rsyslogd 8.2302.
//
// Unlike rsyslogd, which takes the first two bytes of a text without PRI for
// one, the text is kept.
func parseLocal(m *message.Message) {
	text := m.Raw()
	pos := int(m.AfterPRI)
	if m.PRI == message.InvalidPRI {
		m.MsgText = message.Span{Len: uint32(len(text))}
		return
	}
	ts := m.Received
	if n := scanRFC3339(text[pos:], &ts); n > 0 {
		pos += n
	} else if n := scanRFC3164(text[pos:], &ts, false); n > 0 {
		pos += n
		applyZone(m, &ts)
	}
	if !m.Origin.IgnoreTimestamp {
		m.Reported = ts
	}
	n := scanTag(text[pos:])
	m.TagText = span(pos, n)
	pos += n
	m.MsgText = span(pos, len(text)-pos)
}

func span(off, n int) message.Span { return message.Span{Off: uint32(off), Len: uint32(n)} }

// applyZone labels a time that had no zone with the input's default zone. The
// time of day is not converted.
func applyZone(m *message.Message, ts *message.Timestamp) {
	if z := m.Origin.DefaultTZ; z != nil {
		ts.Sign, ts.OffHour, ts.OffMin = z.Sign, z.Hour, z.Min
	}
}
