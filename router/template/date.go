package template

import (
	"strconv"

	"syslogd/message"
	"syslogd/router/property"
)

// dateFormat is a format of time stamps.
type dateFormat uint8

const (
	dateRFC3164 dateFormat = iota
	dateBuggyDay
	dateRFC3339
	dateMySQL
	datePgSQL
	dateUnix
	dateSubseconds
	dateYear
	dateMonth
	dateDay
	dateHour
	dateMinute
	dateSecond
	dateWeekday
	dateWeekdayName
	dateOrdinal
	dateWeek
	dateISOWeek
	dateISOWeekYear
	dateTZHour
	dateTZMin
	dateTZSign
)

var dateNames = []string{
	"rfc3164", "rfc3164-buggyday", "rfc3339", "mysql", "pgsql", "unixtimestamp", "subseconds", "year", "month", "day", "hour",
	"minute", "second", "wday", "wdayname", "ordinal", "week", "iso-week", "iso-week-year", "tzoffshour", "tzoffsmin", "tzoffsdirection",
}

// listDates are the names that dateFormat= of a list template takes.
func listDates() []string { return dateNames }

func dateNamed(name string) (dateFormat, bool) {
	for i, n := range dateNames {
		if n == name {
			return dateFormat(i), true
		}
	}
	return 0, false
}

var weekdays = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

func two(dst []byte, n int) []byte { return append(dst, '0'+byte(n/10%10), '0'+byte(n%10)) }

func (d dateFormat) append(dst []byte, p *property.Property, m *message.Message, utc bool) []byte {
	t := p.Timestamp(m)
	if utc {
		u := t.UTC()
		t = &u
	}
	switch d {
	case dateRFC3164, dateBuggyDay:
		return t.AppendRFC3164(dst, d.zeroDay(p, m, utc))
	case dateRFC3339:
		return t.AppendRFC3339(dst)
	}
	return d.appendOther(dst, t)
}

// zeroDay decides how a day below 10 is padded: as it was for the first format
// of this message.
func (d dateFormat) zeroDay(p *property.Property, m *message.Message, utc bool) bool {
	if utc {
		return d == dateBuggyDay
	}
	style := &m.DayStyle[0]
	if p.ID == property.TimeGenerated {
		style = &m.DayStyle[1]
	}
	if *style == 0 {
		*style = message.BlankDay
		if d == dateBuggyDay {
			*style = message.ZeroDay
		}
	}
	return *style == message.ZeroDay
}

func (d dateFormat) appendOther(dst []byte, t *message.Timestamp) []byte {
	switch d {
	case dateMySQL:
		dst = two(two(strconv.AppendInt(dst, int64(t.Year), 10), int(t.Month)), int(t.Day))
		return two(two(two(dst, int(t.Hour)), int(t.Minute)), int(t.Second))
	case datePgSQL:
		dst = append(strconv.AppendInt(dst, int64(t.Year), 10), '-')
		dst = append(two(append(two(dst, int(t.Month)), '-'), int(t.Day)), ' ')
		dst = append(two(append(two(dst, int(t.Hour)), ':'), int(t.Minute)), ':')
		return two(dst, int(t.Second))
	case dateUnix:
		return strconv.AppendInt(dst, t.Unix(), 10)
	case dateSubseconds:
		if t.Digits == 0 {
			return append(dst, '0')
		}
		return t.AppendFraction(dst)
	case dateYear:
		return strconv.AppendInt(dst, int64(t.Year), 10)
	case dateMonth:
		return two(dst, int(t.Month))
	case dateDay:
		return two(dst, int(t.Day))
	case dateHour:
		return two(dst, int(t.Hour))
	case dateMinute:
		return two(dst, int(t.Minute))
	case dateSecond:
		return two(dst, int(t.Second))
	case dateTZHour:
		return two(dst, int(t.OffHour))
	case dateTZMin:
		return two(dst, int(t.OffMin))
	case dateTZSign:
		if t.Sign == '+' {
			return append(dst, '+')
		}
		return append(dst, '-') // also for Z, as rsyslogd 8.2302
	}
	return d.appendCalendar(dst, t)
}

func (d dateFormat) appendCalendar(dst []byte, t *message.Timestamp) []byte {
	switch d {
	case dateWeekday:
		return append(dst, '0'+byte(t.Weekday()))
	case dateWeekdayName:
		return append(dst, weekdays[t.Weekday()]...)
	case dateOrdinal:
		return two(append(dst, '0'+byte(t.YearDay()/100)), t.YearDay()%100)
	case dateWeek:
		return two(dst, week(t))
	}
	written := *t // the date as it stands there, whatever the zone
	written.Sign, written.OffHour, written.OffMin = '+', 0, 0
	y, w := written.Time().ISOWeek()
	if d == dateISOWeek {
		return two(dst, w)
	}
	return strconv.AppendInt(dst, int64(y), 10)
}

// week is rsyslogd's number of the week: weeks begin on Sunday, January 1 lies in week 0 or 1.
func week(t *message.Timestamp) int {
	days := t.YearDay() - 1
	n := (days + 6) / 7
	first := (t.Weekday() - days%7 + 7) % 7
	if t.Weekday() < first {
		n++
	}
	return n
}
