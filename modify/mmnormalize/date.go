package mmnormalize

import (
	"strings"
	"time"

	"syslogd/message"
)

// dateField is a date with the parameter format: string, timestamp-unix or
// timestamp-unix-ms.
func dateField(scan func(s string) (time.Time, int)) func(*rulebase, params) (fieldParser, error) {
	return func(_ *rulebase, p params) (fieldParser, error) {
		format := p.str("format")
		return valueField(func(s string) (message.Value, int) {
			t, n := scan(s)
			switch {
			case n < 0:
				return message.Value{}, -1
			case format == "timestamp-unix":
				return message.IntValue(t.Unix()), n
			case format == "timestamp-unix-ms":
				return message.IntValue(t.UnixMilli()), n
			}
			return message.StringValue(s[:n]), n
		}), nil
	}
}

// rfc3164Date is "Oct 29 09:47:08" of the current year.
func rfc3164Date(s string) (time.Time, int) {
	if len(s) < 14 {
		return time.Time{}, -1
	}
	n := 15
	layout := "Jan _2 15:04:05"
	if s[4] != ' ' && len(s) > 5 && s[5] == ' ' { // one digit without padding
		n, layout = 14, "Jan 2 15:04:05"
	}
	if len(s) < n {
		return time.Time{}, -1
	}
	t, err := time.Parse(layout, s[:n])
	if err != nil {
		return time.Time{}, -1
	}
	return time.Date(time.Now().Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC), n
}

// rfc5424Date is "1985-04-12T19:20:50.52-04:00".
func rfc5424Date(s string) (time.Time, int) {
	n := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789-:.TZ+", r) })
	if n < 0 {
		n = len(s)
	}
	for ; n >= len("2006-01-02T15:04:05Z"); n-- {
		if t, err := time.Parse(time.RFC3339Nano, s[:n]); err == nil {
			return t, n
		}
	}
	return time.Time{}, -1
}
