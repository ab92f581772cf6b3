package pmdevice

import (
	"time"

	"syslogd/message"
)

// stamp is a time as it was found.
type stamp struct {
	message.Timestamp
	year, zone bool // what the text said
}

// clockReader reads a time stamp from the start of a text.
type clockReader struct {
	text []byte
	pos  int
	t    stamp
}

// scanTime reads a time stamp at pos in any of the forms that devices use, and
// returns the position behind it; pos if there is none.
//
//	[Sun ]Nov 22 [2026 ]10:00:00[.123][ AM[.123]][ UTC][ 2026]
//	2026 Nov 22 10:00:00, 22 Nov 2026 10:00:00, 22-Nov-2026 10:00:00
//	2026-11-22T10:00:00.123+01:00, 2026-11-22 10:00:00,123, 2026:11:22-10:00:00
//	2026/11/22 10:00:00, Sun, 22 Nov 2026 10:00:00
func (p *device) scanTime(text []byte, pos int, t *stamp) int {
	if len(text)-pos < 12 {
		return pos
	}
	r := clockReader{text: text, pos: pos}
	ok := false
	if is(text[pos], digit) {
		ok = r.numeric()
	} else {
		r.weekday()
		if r.pos > pos && is(textAt(text, r.pos), digit) { // Sun, 22 Nov 2026 10:00:00
			ok = r.numeric()
		} else {
			ok = r.monthFirst()
		}
	}
	if !ok {
		return pos
	}
	p.zoneAndYear(&r)
	if !p.endsTime(text, r.pos) {
		return pos
	}
	*t = r.t
	return r.pos
}

// endsTime reports whether a time stamp may end at pos.
func (p *device) endsTime(text []byte, pos int) bool {
	return pos >= len(text) || text[pos] == ' ' || text[pos] == ':' || p.tab(text, pos) > 0
}

// noYear stands for a year that the text does not have.
const noYear = -1

// date stores a date and reports whether it can be one.
func (r *clockReader) date(year, month, day int) bool {
	r.t.Year, r.t.Month, r.t.Day = int16(year), uint8(month), uint8(day)
	r.t.year = year != noYear
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 && year < 2100
}

// number reads up to max digits; -1 if there is none.
func (r *clockReader) number(max int) int {
	n, start := 0, r.pos
	for r.pos < len(r.text) && r.pos-start < max && is(r.text[r.pos], digit) {
		n = n*10 + int(r.text[r.pos]-'0')
		r.pos++
	}
	if r.pos == start {
		return -1
	}
	return n
}

func (r *clockReader) byte(c byte) bool {
	if at(r.text, r.pos, c) {
		r.pos++
		return true
	}
	return false
}

func (r *clockReader) month() int {
	if len(r.text)-r.pos < 4 {
		return 0
	}
	m := monthNumber(r.text[r.pos:])
	r.pos += 3
	return m
}

func monthNumber(b []byte) int {
	key := uint32(b[0]|0x20)<<16 | uint32(b[1]|0x20)<<8 | uint32(b[2]|0x20)
	for i, k := range months {
		if k == key {
			return i + 1
		}
	}
	return 0
}

var months = names3("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

var weekdays = names3("sun", "mon", "tue", "wed", "thu", "fri", "sat")

func names3(names ...string) (keys []uint32) {
	for _, n := range names {
		keys = append(keys, uint32(n[0])<<16|uint32(n[1])<<8|uint32(n[2]))
	}
	return keys
}

// weekday passes over "Sun ", "Sun, " and the like.
func (r *clockReader) weekday() {
	b := r.text[r.pos:]
	key := uint32(b[0]|0x20)<<16 | uint32(b[1]|0x20)<<8 | uint32(b[2]|0x20)
	for _, k := range weekdays {
		if k == key && (b[3] == ' ' || b[3] == ',') {
			r.pos = skipBlanks(r.text, r.pos+4)
			return
		}
	}
}

// monthFirst reads Nov [ ]22 [2026 ]10:00:00.
func (r *clockReader) monthFirst() bool {
	month := r.month()
	if month == 0 || !r.byte(' ') {
		return false
	}
	r.byte(' ')
	day := r.number(2)
	if !r.byte(' ') {
		return false
	}
	year, start := noYear, r.pos
	if n := r.number(4); n >= 1970 && r.byte(' ') {
		year = n
	} else {
		r.pos = start
	}
	return r.date(year, month, day) && r.clock()
}

// numeric reads the forms that begin with a digit.
func (r *clockReader) numeric() bool {
	start := r.pos
	n := r.number(4)
	switch width := r.pos - start; {
	case width == 4 && r.byte('-'):
		return r.iso(n)
	case width == 4 && r.byte(':'):
		month := r.number(2)
		ok := r.byte(':')
		day := r.number(2)
		return ok && r.byte('-') && r.date(n, month, day) && r.clock()
	case width == 4 && r.byte('/'):
		month := r.number(2)
		ok := r.byte('/')
		day := r.number(2)
		return ok && r.byte(' ') && r.date(n, month, day) && r.clock()
	case width == 4 && r.byte(' '):
		month := r.month()
		ok := r.byte(' ')
		r.byte(' ')
		day := r.number(2)
		return ok && r.byte(' ') && r.date(n, month, day) && r.clock()
	case width <= 2 && r.pos < len(r.text):
		sep := r.text[r.pos]
		if sep != ' ' && sep != '-' {
			return false
		}
		r.pos++
		month := r.month()
		ok := r.byte(sep)
		year := r.number(4)
		return ok && year >= 1970 && r.byte(' ') && r.date(year, month, n) && r.clock()
	}
	return false
}

// iso reads on behind the year of 2026-11-22T10:00:00.
func (r *clockReader) iso(year int) bool {
	month := r.number(2)
	if !r.byte('-') {
		return false
	}
	day := r.number(2)
	if !r.byte('T') && !r.byte('t') && !r.byte(' ') {
		return false
	}
	if !r.date(year, month, day) || !r.clock() {
		return false
	}
	// Huawei adds a running number: .270.1
	if at(r.text, r.pos, '.') {
		r.pos = run(r.text, r.pos+1, digit)
	}
	return true
}

// clock reads 10:00:00, a fraction, and AM or PM.
func (r *clockReader) clock() bool {
	hour := r.number(2)
	if hour < 0 || hour > 23 || !r.byte(':') {
		return false
	}
	minute := r.number(2)
	if minute < 0 || minute > 59 || !r.byte(':') {
		return false
	}
	second := r.number(2)
	if second < 0 || second > 60 {
		return false
	}
	r.t.Minute, r.t.Second = uint8(minute), uint8(second)
	r.fraction()
	if hour <= 12 && at(r.text, r.pos, ' ') && at(r.text, r.pos+2, 'M') && (at(r.text, r.pos+1, 'A') || at(r.text, r.pos+1, 'P')) {
		if end := r.pos + 3; end >= len(r.text) || !is(r.text[end], alnum|rareMark) {
			hour %= 12
			if r.text[r.pos+1] == 'P' {
				hour += 12
			}
			r.pos = end
			r.fraction() // Cisco: 05:50:19 AM.484
		}
	}
	r.t.Hour = uint8(hour)
	return true
}

// fraction reads .123 or ,123, and :123 of Comware.
func (r *clockReader) fraction() {
	if r.pos+1 >= len(r.text) || !is(r.text[r.pos+1], digit) {
		return
	}
	switch r.text[r.pos] {
	case '.', ',':
	case ':':
		if end := run(r.text, r.pos+1, digit); end-r.pos != 4 || at(r.text, end, ':') || is(textAt(r.text, end), anyTag) {
			return
		}
	default:
		return
	}
	r.t.Frac, r.t.Digits = 0, 0
	for r.pos++; r.pos < len(r.text) && is(r.text[r.pos], digit); r.pos++ {
		if r.t.Digits < 9 {
			r.t.Frac = r.t.Frac*10 + uint32(r.text[r.pos]-'0')
			r.t.Digits++
		}
	}
}

// zoneAndYear reads Z, an offset or the name of a zone, and a year that stands
// before or behind it.
func (p *device) zoneAndYear(r *clockReader) {
	if r.offset() {
		if hasPrefix(r.text, r.pos, " DST") && p.endsTime(r.text, r.pos+4) { // Huawei, in summer
			r.pos += 4
		}
	} else {
		r.yearAfter()
		if at(r.text, r.pos, ' ') {
			without := *r
			if r.pos++; !r.offset() || !p.endsTime(r.text, r.pos) { // Z[7]: is a tag
				*r = without
				if r.pos++; !p.zoneName(r) {
					r.pos--
				}
			}
		}
	}
	r.yearAfter()
}

// yearAfter reads " 2026" if the date has no year.
func (r *clockReader) yearAfter() {
	if r.t.year || !at(r.text, r.pos, ' ') {
		return
	}
	start := r.pos
	r.pos++
	n := r.number(5)
	if r.pos-start == 5 && n >= 1970 && n < 2100 && !is(textAt(r.text, r.pos), anyTag) && !(at(r.text, r.pos, ':') && r.pos+1 < len(r.text) && r.text[r.pos+1] != ' ') {
		r.t.Year, r.t.year = int16(n), true
		return
	}
	r.pos = start
}

// offset reads Z, +01:00, +0100 or +01.
func (r *clockReader) offset() bool {
	start := r.pos
	if r.byte('Z') || r.byte('z') {
		if r.pos == len(r.text) || !is(r.text[r.pos], anyTag) {
			r.t.Sign, r.t.OffHour, r.t.OffMin, r.t.zone = 'Z', 0, 0, true
			return true
		}
		r.pos = start
		return false
	}
	if r.pos >= len(r.text) || r.text[r.pos] != '+' && r.text[r.pos] != '-' {
		return false
	}
	sign := r.text[r.pos]
	r.pos++
	at0 := r.pos
	hour, minute := r.number(2), 0
	wide := r.pos-at0 == 2
	if r.byte(':') {
		minute = r.number(2)
	} else if n := r.number(2); n >= 0 {
		minute = n
	}
	if !wide || hour > 14 || minute < 0 || minute > 59 || r.pos < len(r.text) && is(r.text[r.pos], anyTag) {
		r.pos = start
		return false
	}
	r.t.Sign, r.t.OffHour, r.t.OffMin, r.t.zone = sign, uint8(hour), uint8(minute), true
	return true
}

// zoneName reads the name of a zone. One whose offset is not known is passed over.
func (p *device) zoneName(r *clockReader) bool {
	end := run(r.text, r.pos, alnum)
	name := r.text[r.pos:end]
	if len(name) < 2 || len(name) > 8 {
		return false
	}
	if string(name) == "UTC" || string(name) == "GMT" { // UTC+01:00
		start := r.pos
		if r.pos = end; r.pairOffset() {
			return true
		}
		r.pos = start
	}
	if !p.endsTime(r.text, end) {
		return false
	}
	z, known := p.zones[string(name)]
	if !known {
		return false
	}
	r.pos = end
	if z != nil {
		r.t.Sign, r.t.OffHour, r.t.OffMin, r.t.zone = z.Sign, z.Hour, z.Min, true
	}
	return true
}

// knownZones are the names that may follow a time, with their minutes from UTC.
// IST and DST have no meaning of their own: the default zone holds.
func knownZones() map[string]*message.Zone {
	zones := map[string]*message.Zone{"IST": nil, "DST": nil}
	for name, minutes := range map[string]int{
		"UTC": 0, "GMT": 0, "gmt": 0, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
		"CET": 60, "CEST": 120, "MEZ": 60, "MESZ": 120, "MEST": 120, "BST": 60, "WET": 0, "WEST": 60, "EET": 120, "EEST": 180, "MSK": 180,
		"JST": 540, "KST": 540, "HKT": 480, "SGT": 480, "AEST": 600, "AEDT": 660, "AWST": 480, "NZST": 720, "NZDT": 780, "SAST": 120,
	} {
		z := &message.Zone{Sign: '+'}
		if minutes < 0 {
			z.Sign, minutes = '-', -minutes
		}
		z.Hour, z.Min = uint8(minutes/60), uint8(minutes%60)
		zones[name] = z
	}
	return zones
}

// setTime makes t the reported time. What the text did not say comes from the
// input and from the time of reception.
func setTime(m *message.Message, t *stamp) {
	if m.Origin.IgnoreTimestamp || t.Month == 0 {
		return
	}
	if !t.zone {
		t.Sign, t.OffHour, t.OffMin = m.Received.Sign, m.Received.OffHour, m.Received.OffMin
		zoneOf(m, &t.Timestamp)
	}
	if !t.year {
		inferYear(&t.Timestamp, &m.Received)
		t.Form = 0
		if !t.zone {
			t.Form = message.FromRFC3164
		}
	}
	m.Reported = t.Timestamp
}

// day is in seconds.
const day = 24 * 60 * 60

// inferYear gives t the latest year in which it lies at most a day behind the time
// of reception: a message of December that comes in January is one of the year
// before, and a clock that is ahead over New Year is in the next one.
func inferYear(t, received *message.Timestamp) {
	t.Year = received.Year
	if t.Month == received.Month && t.Day == received.Day {
		return
	}
	limit := received.Unix() + day
	t.Year++
	for tries := 0; tries < 10; tries++ {
		if t.Unix() <= limit && (t.Month != 2 || t.Day != 29 || leap(int(t.Year))) {
			return
		}
		t.Year--
	}
}

func leap(year int) bool { return year%4 == 0 && year%100 != 0 || year%400 == 0 }

// epochTime is a time given as seconds since 1970, with a fraction.
func epochTime(seconds int64, frac uint32, digits uint8) stamp {
	t := stamp{Timestamp: message.TimestampOf(time.Unix(seconds, 0).UTC()), year: true, zone: true}
	t.Frac, t.Digits = frac, digits
	return t
}
