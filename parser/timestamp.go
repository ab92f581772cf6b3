package parser

import "syslogd/message"

// scanRFC3339 reads a time stamp such as 2003-10-11T22:14:15.003Z and the
// blank behind it at the start of text. It returns the bytes read, 0 if there
// is none; then ts is unchanged. As in rsyslogd the numbers may have any count
// of digits, the zone must be there, and what follows must be a blank or the end.
// asSent reports that the time would be printed with the same bytes.
func scanRFC3339(text []byte, ts *message.Timestamp, last *message.Stamp) (n int, asSent bool) {
	if n := fastRFC3339(text, ts, last); n > 0 {
		return n, printedAsRFC3339(ts, n)
	}
	return slowRFC3339(text, ts), false
}

// fastRFC3339 reads the form that RFC 5424 demands: fields of fixed width,
// up to six digits of a second, a blank behind. It returns 0 for all others. last, if
// not nil, remembers the second: neighbours often lie in the same.
func fastRFC3339(text []byte, ts *message.Timestamp, last *message.Stamp) int {
	if len(text) < 21 {
		return 0
	}
	var read message.Timestamp
	second := &read
	if last != nil && last.IsSecond(text) {
		second = &last.Second
	} else if !scanSecond(text, second) {
		return 0
	} else if last != nil {
		last.SetSecond(text, read)
	}
	i, frac, digits := message.SecondLen, uint32(0), 0
	if text[i] == '.' {
		i++
		start := i
		for i < len(text) && text[i]-'0' <= 9 {
			frac = frac*10 + uint32(text[i]-'0')
			i++
		}
		if digits = i - start; digits > 6 {
			return 0
		}
	}
	rest, sign, hour, minute := text[i:], byte('Z'), uint(0), uint(0)
	switch {
	case len(rest) >= 2 && rest[0] == 'Z' && rest[1] == ' ':
		i += 2
	case len(rest) >= 7 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':' && rest[6] == ' ':
		sign, hour, minute = rest[0], two(rest[1:3]), two(rest[4:6])
		if hour > 23 || minute > 59 {
			return 0
		}
		i += 7
	default:
		return 0
	}
	// Not put together elsewhere and copied: a copy waits for what was just written.
	*ts = *second
	ts.Frac, ts.Digits = frac, uint8(digits)
	ts.Sign, ts.OffHour, ts.OffMin = sign, uint8(hour), uint8(minute)
	return i
}

// scanSecond reads 2003-10-11T22:14:15.
func scanSecond(text []byte, t *message.Timestamp) bool {
	if text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return false
	}
	century, year := two(text[0:2]), two(text[2:4])
	month, day := two(text[5:7]), two(text[8:10])
	hour, minute, second := two(text[11:13]), two(text[14:16]), two(text[17:19])
	if century > 20 || year > 99 || month-1 > 11 || day-1 > 30 || hour > 23 || minute > 59 || second > 60 {
		return false
	}
	*t = message.Timestamp{
		Year: int16(century*100 + year), Month: uint8(month), Day: uint8(day),
		Hour: uint8(hour), Minute: uint8(minute), Second: uint8(second),
	}
	return true
}

// printedAsRFC3339 reports whether ts, which fastRFC3339 has read from n bytes, is
// printed with these bytes. It is not with a point and no digit behind it.
func printedAsRFC3339(ts *message.Timestamp, n int) bool { return n == ts.LenRFC3339()+1 }

// two reads two digits; anything else gives a number above every limit.
func two(b []byte) uint {
	hi, lo := uint(b[0]-'0'), uint(b[1]-'0')
	if hi > 9 || lo > 9 {
		return 1 << 20
	}
	return hi*10 + lo
}

func slowRFC3339(text []byte, ts *message.Timestamp) int {
	s := scanner{text: text}
	var t message.Timestamp
	year := s.number()
	ok := s.byte('-') && year < 2100
	month := s.number()
	ok = ok && s.byte('-') && month >= 1 && month <= 12
	day := s.number()
	ok = ok && s.byte('T') && day >= 1 && day <= 31
	if !ok {
		return 0
	}
	t.Year, t.Month, t.Day = int16(year), uint8(month), uint8(day)
	if !s.clock(&t, s.number()) {
		return 0
	}
	switch {
	case s.byte('Z'):
		t.Sign = 'Z'
	case s.byte('+'):
		t.Sign = '+'
	case s.byte('-'):
		t.Sign = '-'
	default:
		return 0
	}
	if t.Sign != 'Z' {
		hour := s.number()
		if hour > 23 || !s.byte(':') {
			return 0
		}
		minute := s.number()
		if minute > 59 {
			return 0
		}
		t.OffHour, t.OffMin = uint8(hour), uint8(minute)
	}
	if !s.byte(' ') && s.pos < len(text) {
		return 0
	}
	*ts = t
	return s.pos
}

// scanRFC3164 reads a time stamp such as "Oct 11 22:14:15" and the blank behind
// it at the start of text. It returns the bytes read, 0 if there is none. ts
// holds the time of reception on entry: a year that is missing, and the zone,
// are taken from it. yearAfter accepts a year behind the time of day.
// asSent reports that the time would be printed with the same bytes.
func scanRFC3164(text []byte, ts *message.Timestamp, yearAfter bool) (n int, asSent bool) {
	if !yearAfter {
		if n := fastRFC3164(text, ts); n > 0 {
			return n, printedAsRFC3164(text)
		}
	}
	return slowRFC3164(text, ts, yearAfter), false
}

// fastRFC3164 reads the one form that RFC 3164 knows, followed by a blank. It
// returns 0 for all others.
func fastRFC3164(text []byte, ts *message.Timestamp) int {
	if len(text) < 16 || text[3] != ' ' || text[6] != ' ' || text[9] != ':' || text[12] != ':' || text[15] != ' ' {
		return 0
	}
	month := monthNumber(text)
	day := uint(text[5] - '0')
	if text[4] != ' ' {
		day = two(text[4:6])
	} else if day > 9 {
		return 0
	}
	hour, minute, second := two(text[7:9]), two(text[10:12]), two(text[13:15])
	if month == 0 || day-1 > 30 || hour > 23 || minute > 59 || second > 60 {
		return 0
	}
	ts.Month, ts.Day, ts.Hour, ts.Minute, ts.Second = month, uint8(day), uint8(hour), uint8(minute), uint8(second)
	ts.Frac, ts.Digits, ts.Form = 0, 0, message.FromRFC3164
	return 16
}

// printedAsRFC3164 reports whether a time that fastRFC3164 has read is printed with the
// bytes that it was read from: the month in the usual case, a blank before a day below
// 10.
func printedAsRFC3164(text []byte) bool {
	return text[0]&0x20 == 0 && text[1]&0x20 != 0 && text[2]&0x20 != 0 && text[4] != '0'
}

// slowRFC3164 reads what devices send: [yyyy ]Mon [ ]d[d] [yyyy ]hh:mm:ss[.frac][ yyyy][:]
//
// Unlike rsyslogd 8.2302, which looks one byte beyond a text with a year in
// front, such a time stamp may end the text.
func slowRFC3164(text []byte, ts *message.Timestamp, yearAfter bool) int {
	s := scanner{text: text}
	year := 0
	if s.digit() {
		year = s.number()
		if year < 1970 || year > 2100 || !s.byte(' ') {
			return 0
		}
	}
	if len(text)-s.pos < 3 {
		return 0
	}
	month := monthNumber(text[s.pos:])
	s.pos += 3
	if month == 0 || !s.byte(' ') {
		return 0
	}
	s.byte(' ')
	day := s.number()
	if day < 1 || day > 31 || !s.byte(' ') {
		return 0
	}
	hour := s.number()
	if year == 0 && hour > 1970 && hour < 2100 {
		// Cisco: Oct 11 2003 22:14:15
		year = hour
		if !s.byte(' ') {
			return 0
		}
		hour = s.number()
	}
	t := *ts
	if !s.clock(&t, hour) {
		return 0
	}
	if yearAfter && year == 0 {
		year = s.yearAfter()
	}
	s.byte(':')
	if !s.byte(' ') && s.pos < len(text) {
		return 0
	}
	t.Month, t.Day = month, uint8(day)
	t.Form = message.FromRFC3164
	if year != 0 {
		t.Year, t.Form = int16(year), 0
	}
	*ts = t
	return s.pos
}

// monthNumber reads a three-letter month in any case, 0 if there is none. text
// has at least three bytes.
func monthNumber(text []byte) uint8 {
	switch uint32(text[0]|0x20)<<16 | uint32(text[1]|0x20)<<8 | uint32(text[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

// scanner reads numbers and bytes from the start of a text.
type scanner struct {
	text []byte
	pos  int
}

func (s *scanner) digit() bool {
	return s.pos < len(s.text) && s.text[s.pos]-'0' <= 9
}

// byte takes c if it comes next.
func (s *scanner) byte(c byte) bool {
	if s.pos < len(s.text) && s.text[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// number reads digits, none at all being 0. A number beyond every limit stays
// beyond it.
func (s *scanner) number() int {
	n := 0
	for s.digit() {
		if n < 1<<40 {
			n = n*10 + int(s.text[s.pos]-'0')
		}
		s.pos++
	}
	return n
}

// clock reads :mm:ss[.frac] behind the hour.
func (s *scanner) clock(t *message.Timestamp, hour int) bool {
	if hour > 23 || !s.byte(':') {
		return false
	}
	minute := s.number()
	if minute > 59 || !s.byte(':') {
		return false
	}
	second := s.number()
	if second > 60 {
		return false
	}
	t.Hour, t.Minute, t.Second = uint8(hour), uint8(minute), uint8(second)
	t.Frac, t.Digits = 0, 0
	if s.byte('.') {
		s.fraction(t)
	}
	return true
}

// maxFraction is how many digits of a second count: the formats have microseconds.
const maxFraction = 6

// fraction reads the digits behind the point; there may be none.
//
// Unlike rsyslogd 8.2302, which writes bytes that are no digits when there are seven, and
// takes no time with ten or more, digits behind the sixth are passed over, as newer
// rsyslogd does: .NET sends seven, Go and Rust nine.
func (s *scanner) fraction(t *message.Timestamp) {
	for ; s.digit(); s.pos++ {
		if t.Digits < maxFraction {
			t.Frac = t.Frac*10 + uint32(s.text[s.pos]-'0')
			t.Digits++
		}
	}
}

// yearAfter reads " 2003" between the time of day and a blank or the end.
func (s *scanner) yearAfter() int {
	rest := s.text[s.pos:]
	if len(rest) < 5 || rest[0] != ' ' || len(rest) > 5 && rest[5] != ' ' {
		return 0
	}
	century, year := two(rest[1:3]), two(rest[3:5])
	if century != 20 || year > 99 {
		return 0
	}
	s.pos += 5
	return int(century*100 + year)
}
