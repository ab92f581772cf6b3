package script

import (
	"strconv"
	"strings"
	"time"

	"syslogd/router/property"
)

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

// readTime reads an RFC 3339 or RFC 3164 time. The latter has no year: the
// current one is taken, the one before for months that lie more than one
// ahead, the next for January in December.
func readTime(s string, now time.Time, loc *time.Location) (t time.Time, format string, ok bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, fmtRFC3339, true
	}
	t, err := time.ParseInLocation(time.Stamp, s, loc)
	if err != nil {
		if t, err = time.ParseInLocation("Jan 02 15:04:05", s, loc); err != nil {
			return t, "", false
		}
	}
	year := now.UTC().Year()
	switch ahead := int(t.Month()) - int(now.UTC().Month()); {
	case ahead > 1:
		year--
	case t.Month() == time.January && now.UTC().Month() == time.December:
		year++
	}
	return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc), fmtRFC3164, true
}

// parseTime is parse_time() and parse_time_localtz(): seconds since 1970.
func parseTime(v Value, ctx *property.Context, local bool) Value {
	loc := time.UTC
	if local {
		loc = time.Local
	}
	t, _, ok := readTime(strings.TrimSpace(v.String()), ctx.Now(), loc)
	if !ok {
		ctx.ScriptError = 1
		return number(0)
	}
	ctx.ScriptError = 0
	return number(t.Unix())
}

// isTime is is_time(): a bare number counts as Unix time.
func isTime(a []Value, ctx *property.Context) Value {
	s := strings.TrimSpace(a[0].String())
	_, format, ok := readTime(s, ctx.Now(), time.UTC)
	if !ok && s != "" {
		if _, isNum := parseInt([]byte(s)); isNum {
			format, ok = fmtUnix, true
		}
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
