package mmnormalize

import (
	"strconv"
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

// scanner reads numbers and signs of a date.
type scanner struct {
	s   string
	at  int
	bad bool
}

// number reads a number from low to high.
func (x *scanner) number(low, high int) int {
	d := digits(x.s[x.at:])
	n, err := strconv.Atoi(x.s[x.at : x.at+d])
	if err != nil || n < low || n > high {
		x.bad = true
	}
	x.at += d
	return n
}

// skip reads c and reports whether it was there.
func (x *scanner) skip(c byte) bool {
	if x.at < len(x.s) && x.s[x.at] == c {
		x.at++
		return true
	}
	return false
}

func (x *scanner) want(c byte) {
	if !x.skip(c) {
		x.bad = true
	}
}

// time reads HH:MM:SS, one digit each at least.
func (x *scanner) time() (hour, minute, second int) {
	hour = x.number(0, 23)
	x.want(':')
	minute = x.number(0, 59)
	x.want(':')
	return hour, minute, x.number(0, 60)
}

const months = "janfebmaraprmayjunjulaugsepoctnovdec"

// rfc3164Date is "Oct 29 09:47:08" of the current year. As devices write it, too,
// there may be a year behind the day, and a colon at the end.
func rfc3164Date(s string) (time.Time, int) {
	if len(s) < 3 {
		return time.Time{}, -1
	}
	month := strings.Index(months, strings.ToLower(s[:3]))
	if month < 0 || month%3 != 0 {
		return time.Time{}, -1
	}
	x := scanner{s: s, at: 3}
	x.want(' ')
	x.skip(' ')
	day := x.number(1, 31)
	x.want(' ')
	year := time.Now().Year()
	if digits(s[x.at:]) == 4 {
		year = x.number(1971, 2099)
		x.want(' ')
	}
	hour, minute, second := x.time()
	x.skip(':')
	if x.bad {
		return time.Time{}, -1
	}
	return time.Date(year, time.Month(month/3+1), day, hour, minute, second, 0, time.UTC), x.at
}

// rfc5424Date is "1985-04-12T19:20:50.52-04:00" in front of a blank or the end.
func rfc5424Date(s string) (time.Time, int) {
	x := scanner{s: s}
	year := x.number(0, 2099)
	x.want('-')
	month := x.number(1, 12)
	x.want('-')
	day := x.number(1, 31)
	x.want('T')
	hour, minute, second := x.time()
	nanos := 0
	if x.skip('.') {
		d := digits(s[x.at:])
		nanos, _ = strconv.Atoi((s[x.at:x.at+d] + "000000000")[:9])
		x.at += d
	}
	offset := 0
	if !x.skip('Z') {
		sign := 1
		if !x.skip('+') {
			x.want('-')
			sign = -1
		}
		hours := x.number(0, 23)
		x.want(':')
		offset = sign * (hours*3600 + x.number(0, 59)*60)
	}
	if x.bad || x.at < len(s) && s[x.at] != ' ' {
		return time.Time{}, -1
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.FixedZone("", offset)), x.at
}
