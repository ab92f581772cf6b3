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
	// Digits is the number of fractional digits known, 0 to 6; Frac their value.
	Digits uint8
	Frac   uint32
	// Sign is '+' or '-', or 'Z' for a zone that was written so.
	Sign    byte
	OffHour uint8
	OffMin  uint8
	// FromRFC3164 is set when the text had neither year nor zone.
	FromRFC3164 bool
}

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

// Offset is the zone's distance from UTC in seconds.
func (t *Timestamp) Offset() int {
	off := int(t.OffHour)*3600 + int(t.OffMin)*60
	if t.Sign == '-' {
		return -off
	}
	return off
}

// Unix returns the seconds since 1970 in UTC.
func (t *Timestamp) Unix() int64 {
	return time.Date(int(t.Year), time.Month(t.Month), int(t.Day), int(t.Hour), int(t.Minute), int(t.Second), 0, time.UTC).Unix() - int64(t.Offset())
}
