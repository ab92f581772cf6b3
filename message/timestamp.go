package message

import "time"

// Timestamp is a point in time as it was written: calendar fields, as many
// fractional digits as were sent, and the zone as it stood there. Output
// formats print these fields; nothing is lost by a conversion.
type Timestamp struct {
	Year   int16
	Month  uint8 // 1-12
	Day    uint8
	Hour   uint8
	Minute uint8
	Second uint8
	// Digits is the number of fractional digits known, nine at most; Frac their value.
	Digits uint8
	Frac   uint32
	// Sign is '+' or '-', or 'Z' for a zone that was written so.
	Sign    byte
	OffHour uint8
	OffMin  uint8
	Form    TimeForm
}

// TimeForm tells more about how a point in time was written, and is to be. Queues
// on disk hold it as it is.
type TimeForm uint8

// FromRFC3164 is set when the text had neither year nor zone.
const FromRFC3164 TimeForm = 1

// TimestampOf converts t, in t's location, with six fractional digits.
func TimestampOf(t time.Time) Timestamp {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	_, off := t.Zone()
	ts := Timestamp{
		Year: int16(year), Month: uint8(month), Day: uint8(day),
		Hour: uint8(hour), Minute: uint8(minute), Second: uint8(second),
		Digits: 6, Frac: uint32(t.Nanosecond() / 1000), Sign: '+',
	}
	if off < 0 {
		ts.Sign, off = '-', -off
	}
	ts.OffHour, ts.OffMin = uint8(off/3600), uint8(off/60%60)
	return ts
}

// IsZero reports whether t was never set: no calendar has a month 0.
func (t *Timestamp) IsZero() bool { return t.Month == 0 }

// Offset is the zone's distance from UTC in seconds.
func (t *Timestamp) Offset() int {
	off := int(t.OffHour)*3600 + int(t.OffMin)*60
	if t.Sign == '-' {
		return -off
	}
	return off
}

// days is the number of days from 1970-01-01 to the date, in the Gregorian
// calendar. A day that the month does not have (February 30th, which devices
// send) counts on into the next month.
func (t *Timestamp) days() int64 {
	y, m := int64(t.Year), int64(t.Month)
	// Years begin in March, so that the leap day is the last one.
	if m <= 2 {
		y--
		m += 12
	}
	era := y
	if era < 0 {
		era -= 399
	}
	era /= 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + int64(t.Day) - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// Unix returns the seconds since 1970 in UTC.
func (t *Timestamp) Unix() int64 {
	return t.days()*86400 + int64(t.Hour)*3600 + int64(t.Minute)*60 + int64(t.Second) - int64(t.Offset())
}

// Time returns the point in time, in UTC.
func (t *Timestamp) Time() time.Time {
	return time.Unix(t.Unix(), int64(t.Micro())*1000).UTC()
}

// Micro is the fraction of the second in microseconds.
func (t *Timestamp) Micro() int {
	n := int(t.Frac)
	for i := t.Digits; i < 6; i++ {
		n *= 10
	}
	for i := t.Digits; i > 6; i-- {
		n /= 10
	}
	return n
}

// Weekday is the day of the week of the date as written, 0 for Sunday.
func (t *Timestamp) Weekday() int {
	// 1970-01-01 was a Thursday.
	w := (t.days() + 4) % 7
	if w < 0 {
		w += 7
	}
	return int(w)
}

// YearDay is the day of the year of the date as written, 1 to 366.
func (t *Timestamp) YearDay() int {
	first := Timestamp{Year: t.Year, Month: 1, Day: 1}
	return int(t.days()-first.days()) + 1
}

// UTC returns the same point in time in UTC, with six fractional digits. The
// zone is written +00:00. A leap second stays one.
//
// Unlike rsyslogd, which makes .000003 of .003.
func (t *Timestamp) UTC() Timestamp {
	sec := t.Unix()
	leap := t.Second == 60
	if leap {
		sec--
	}
	u := TimestampOf(time.Unix(sec, 0).UTC())
	if leap {
		u.Second = 60
	}
	u.Frac = uint32(t.Micro())
	return u
}

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"

// AppendRFC3164 appends the time as "Oct 11 22:14:15". A day below 10 has a
// blank in front, or a zero with buggyDay.
func (t *Timestamp) AppendRFC3164(dst []byte, buggyDay bool) []byte {
	month := monthNames[:3]
	if t.Month >= 1 && t.Month <= 12 {
		month = monthNames[3*(t.Month-1):][:3]
	}
	tens := '0' + t.Day/10
	if t.Day < 10 && !buggyDay {
		tens = ' '
	}
	return append(dst, month[0], month[1], month[2], ' ', tens, '0'+t.Day%10, ' ',
		'0'+t.Hour/10, '0'+t.Hour%10, ':', '0'+t.Minute/10, '0'+t.Minute%10, ':', '0'+t.Second/10, '0'+t.Second%10)
}

// AppendRFC3339 appends the time as "2003-10-11T22:14:15.003+02:00", with the
// fraction only if there is one.
func (t *Timestamp) AppendRFC3339(dst []byte) []byte {
	y := uint16(t.Year)
	dst = append(dst, byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		'0'+t.Month/10, '0'+t.Month%10, '-', '0'+t.Day/10, '0'+t.Day%10, 'T',
		'0'+t.Hour/10, '0'+t.Hour%10, ':', '0'+t.Minute/10, '0'+t.Minute%10, ':', '0'+t.Second/10, '0'+t.Second%10)
	if t.Digits > 0 {
		dst = t.AppendFraction(append(dst, '.'))
	}
	if t.Sign == 'Z' {
		return append(dst, 'Z')
	}
	return append(dst, t.Sign, '0'+t.OffHour/10, '0'+t.OffHour%10, ':', '0'+t.OffMin/10, '0'+t.OffMin%10)
}

// LenRFC3339 is the length of what AppendRFC3339 appends, for up to six digits.
func (t *Timestamp) LenRFC3339() int {
	n := len("2003-10-11T22:14:15Z")
	if t.Digits > 0 {
		n += 1 + int(t.Digits)
	}
	if t.Sign != 'Z' {
		n += len("+02:00") - 1
	}
	return n
}

// AppendFraction appends the digits of the fraction; "0" if none is known
// (date-subseconds).
func (t *Timestamp) AppendFraction(dst []byte) []byte {
	if t.Digits == 0 {
		return append(dst, '0')
	}
	n, v := len(dst), t.Frac
	dst = append(dst, "000000000"[:min(t.Digits, 9)]...)
	for i := len(dst) - 1; i >= n; i-- {
		dst[i] = '0' + byte(v%10)
		v /= 10
	}
	return dst
}
