package script

import (
	"strconv"
	"strings"
	"time"

	"syslogd/message"
	"syslogd/router/property"
)

// timeFunctions are those of points in time.
func timeFunctions() map[string]function {
	return map[string]function{
		"format_time":        pure(2, 2, formatTime),
		"parse_time":         {min: 1, max: 1, run: func(a []Value, _ *message.Message, ctx *property.Context) Value { return parseTime(a[0], ctx, false) }},
		"parse_time_localtz": {min: 1, max: 1, run: func(a []Value, _ *message.Message, ctx *property.Context) Value { return parseTime(a[0], ctx, true) }},
		"is_time":            {min: 1, max: 2, run: func(a []Value, _ *message.Message, ctx *property.Context) Value { return isTime(a, ctx) }},
	}
}

const (
	fmtRFC3164 = "date-rfc3164"
	fmtRFC3339 = "date-rfc3339"
	fmtUnix    = "date-unix"
)

// formatTime is format_time(): in UTC. With an unknown format it is the text of
// the number; rsyslogd 8.2302 returns garbage then.
func formatTime(a []Value) Value {
	n, ok := a[0].Int()
	if !ok {
		s := a[0].Bytes()
		return text(s[:min(len(s), 63)])
	}
	t := time.Unix(n, 0).UTC()
	switch a[1].String() {
	case fmtRFC3164:
		return text(t.AppendFormat(nil, time.Stamp))
	case fmtRFC3339:
		return text(t.AppendFormat(nil, time.RFC3339))
	}
	return text(strconv.AppendInt(nil, n, 10))
}

// readTime reads an RFC 3339 or RFC 3164 time at the start of s; a blank ends
// it. The latter has no year as a rule: the current one is taken, the one before for
// months that lie more than one ahead, the next for January in December.
func readTime(s string, now time.Time) (ts message.Timestamp, format string, ok bool) {
	sc := timeScanner{rest: s}
	if sc.rfc3339(&ts) {
		return ts, fmtRFC3339, true
	}
	sc, ts = timeScanner{rest: s}, message.Timestamp{Sign: '+', Form: message.FromRFC3164}
	if !sc.rfc3164(&ts) {
		return ts, "", false
	}
	if ts.Year == 0 {
		now = now.UTC()
		ts.Year = int16(now.Year())
		switch month := time.Month(ts.Month); {
		case month > now.Month()+1:
			ts.Year--
		case month == time.January && now.Month() == time.December:
			ts.Year++
		}
	}
	return ts, fmtRFC3164, true
}

// timeScanner takes the parts of a time stamp off its text.
type timeScanner struct{ rest string }

func (s *timeScanner) rfc3339(t *message.Timestamp) bool {
	var year, month, day int
	ok := s.number(&year, 1, 9999) && s.take('-') && s.number(&month, 1, 12) && s.take('-') && s.number(&day, 1, 31) &&
		s.take('T') && s.clock(t)
	t.Year, t.Month, t.Day = int16(year), uint8(month), uint8(day)
	return ok && s.zone(t) && s.ends()
}

func (s *timeScanner) rfc3164(t *message.Timestamp) bool {
	var year, day int
	if len(s.rest) < 4 {
		return false
	}
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(s.rest[:3], m.String()[:3]) {
			t.Month = uint8(m)
		}
	}
	s.rest = s.rest[3:]
	if t.Month == 0 || !s.take(' ') {
		return false
	}
	s.take(' ')
	if !s.number(&day, 1, 31) || !s.take(' ') {
		return false
	}
	if len(s.rest) > 4 && s.rest[4] == ' ' && s.number(&year, 1970, 2099) {
		s.rest = s.rest[1:]
	}
	t.Year, t.Day = int16(year), uint8(day)
	ok := s.clock(t)
	s.take(':')
	return ok && s.ends()
}

// clock reads hh:mm:ss and a fraction, which is dropped.
func (s *timeScanner) clock(t *message.Timestamp) bool {
	var hour, minute, second int
	ok := s.number(&hour, 0, 23) && s.take(':') && s.number(&minute, 0, 59) && s.take(':') && s.number(&second, 0, 60)
	t.Hour, t.Minute, t.Second = uint8(hour), uint8(minute), uint8(second)
	if ok && s.take('.') {
		whole := s.rest
		s.rest = strings.TrimLeft(s.rest, "0123456789")
		return len(s.rest) < len(whole)
	}
	return ok
}

func (s *timeScanner) zone(t *message.Timestamp) bool {
	if s.take('Z') {
		t.Sign = 'Z'
		return true
	}
	var hour, minute int
	t.Sign = '+'
	if s.take('-') {
		t.Sign = '-'
	} else if !s.take('+') {
		return false
	}
	ok := s.number(&hour, 0, 23) && s.take(':') && s.number(&minute, 0, 59)
	t.OffHour, t.OffMin = uint8(hour), uint8(minute)
	return ok
}

func (s *timeScanner) take(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// number reads up to four digits of a number within limits.
func (s *timeScanner) number(n *int, low, high int) bool {
	i := 0
	for ; i < len(s.rest) && i < 4 && s.rest[i]-'0' <= 9; i++ {
		*n = *n*10 + int(s.rest[i]-'0')
	}
	s.rest = s.rest[i:]
	return i > 0 && *n >= low && *n <= high
}

func (s *timeScanner) ends() bool { return s.rest == "" || s.rest[0] == ' ' }

// parseTime is parse_time() and parse_time_localtz(): seconds since 1970. A
// time without a zone is in UTC or, if local is set, in the local zone.
func parseTime(v Value, ctx *property.Context, local bool) Value {
	t, _, ok := readTime(v.String(), ctx.Now())
	if !ok {
		ctx.ScriptError = 1
		return number(0)
	}
	ctx.ScriptError = 0
	if local && t.Form&message.FromRFC3164 != 0 {
		return number(time.Date(int(t.Year), time.Month(t.Month), int(t.Day), int(t.Hour), int(t.Minute), int(t.Second), 0, time.Local).Unix())
	}
	return number(t.Unix())
}

// isTime is is_time(): a bare number counts as Unix time, an empty string, too.
func isTime(a []Value, ctx *property.Context) Value {
	_, format, ok := readTime(a[0].String(), ctx.Now())
	if !ok {
		_, ok = a[0].Int()
		format = fmtUnix
	}
	if ok && len(a) == 2 {
		ok = a[1].String() == format
	}
	ctx.ScriptError = 0
	if !ok {
		ctx.ScriptError = 1
	}
	return truth(ok)
}
