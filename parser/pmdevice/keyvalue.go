package pmdevice

import (
	"bytes"

	"syslogd/message"
)

const (
	// maxPairs and keyWindow bound how much of a message is read for its host and time.
	maxPairs  = 64
	keyWindow = 4096
)

// pairFields are the host and the time among the pairs of a message, as found.
type pairFields struct {
	devname, deviceName, fw, hostname message.Span
	date, time, tz, timezone, stamp   message.Span
	id, sn                            bool
	bar                               bool
}

// keyValue reads FortiGate, Sophos, SonicWall, Check Point and their kin, whose
// messages are nothing but pairs. Host and time are among them:
//
//	date=2026-11-22 time=10:01:02 devname=fw1 tz="+0100"
//	device="SFW" date=2026-11-22 time=10:01:02 timezone="CET" device_name="XG1"
//	id=fw sn=00 time="2026-11-22 10:00:05 UTC" fw=192.0.2.2
//	time=1763805600|hostname=gw1|product=Firewall
func (p *device) keyValue(_ *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	key := run(text, pos, alnum|hostMark)
	if key == pos || !at(text, key, '=') {
		return none
	}
	f := readPairs(text, pos)
	var t stamp
	if !p.pairTime(text, &f, &t) {
		return none
	}
	setTime(m, &t)
	for _, h := range []message.Span{f.devname, f.deviceName, f.fw, f.hostname} {
		if h.Len > 0 {
			m.Host = h
			m.Flags |= message.HasHostname
			break
		}
	}
	m.MsgText = span(pos, len(text))
	return keyValue
}

// hostKeyValue reads the same behind the host name of a header, which gives way.
func (p *device) hostKeyValue(b *message.Batch, m *message.Message, pos int) kind {
	text := m.Raw()
	end := p.tokenEnd(text, pos)
	next := skipBlanks(text, end)
	if next == end || !isHost(text[pos:end]) || next == len(text) || !is(text[next], letter) || p.keyValue(b, m, next) == none {
		return none
	}
	if m.Flags&message.HasHostname == 0 {
		setHost(m, pos, end)
	}
	return keyValue
}

// pairTime finds the time among the pairs. It reports false if the message is not
// one of those that keyValue knows.
func (p *device) pairTime(text []byte, f *pairFields, t *stamp) bool {
	bytesOf := func(s message.Span) []byte { return text[s.Off : s.Off+s.Len] }
	switch {
	case f.date.Len > 0 && f.time.Len > 0:
		r := clockReader{text: bytesOf(f.date)}
		year := r.number(4)
		ok := r.byte('-')
		month := r.number(2)
		if !ok || !r.byte('-') || !r.date(year, month, r.number(2)) {
			return false
		}
		r.text, r.pos = bytesOf(f.time), 0
		if !r.clock() {
			return false
		}
		*t = r.t
		p.pairZone(bytesOf(f.tz), bytesOf(f.timezone), t)
		return true
	case f.bar && f.time.Len > 0 && isNumber(bytesOf(f.time)) && f.time.Len <= 11 && f.hostname.Len > 0:
		seconds := int64(0)
		for _, c := range bytesOf(f.time) {
			seconds = seconds*10 + int64(c-'0')
		}
		*t = epochTime(seconds, 0, 0)
		return true
	case f.id && f.time.Len > 0 && (f.sn || f.fw.Len > 0), f.deviceName.Len > 0 && f.stamp.Len > 0, f.bar && f.hostname.Len > 0:
		when := f.time
		if f.deviceName.Len > 0 {
			when = f.stamp
		}
		if p.scanTime(bytesOf(when), 0, t) == 0 {
			return false
		}
		p.pairZone(bytesOf(f.tz), nil, t)
		return true
	}
	return false
}

// pairZone reads "+0300", "UTC+1:00" and the names of zones.
func (p *device) pairZone(tz, timezone []byte, t *stamp) {
	if t.zone {
		return
	}
	r := clockReader{text: tz}
	if hasPrefix(tz, 0, "UTC") || hasPrefix(tz, 0, "GMT") {
		r.pos = 3
	}
	if len(tz) == 0 {
		r.text = timezone
	}
	if r.pos == 3 && len(tz) == 3 {
		t.Sign, t.OffHour, t.OffMin, t.zone = '+', 0, 0, true
		return
	}
	if r.pairOffset() || p.zoneName(&r) {
		t.Sign, t.OffHour, t.OffMin, t.zone = r.t.Sign, r.t.OffHour, r.t.OffMin, r.t.zone
	}
}

// pairOffset is offset with one digit for the hour: +1:00.
func (r *clockReader) pairOffset() bool {
	if r.pos+2 < len(r.text) && (r.text[r.pos] == '+' || r.text[r.pos] == '-') && is(r.text[r.pos+1], digit) && r.text[r.pos+2] == ':' {
		sign := r.text[r.pos]
		hour := int(r.text[r.pos+1] - '0')
		r.pos += 3
		minute := r.number(2)
		if minute < 0 || minute > 59 {
			return false
		}
		r.t.Sign, r.t.OffHour, r.t.OffMin, r.t.zone = sign, uint8(hour), uint8(minute), true
		return true
	}
	return r.offset()
}

// readPairs reads the pairs at pos that name host and time.
func readPairs(text []byte, pos int) (f pairFields) {
	text = text[:min(len(text), pos+keyWindow)]
	for range maxPairs {
		pos = skipSeparators(text, pos)
		key := pos
		for pos < len(text) && text[pos] != '=' && !isSeparator(text[pos]) {
			pos++
		}
		if !at(text, pos, '=') {
			if pos == len(text) {
				break
			}
			continue // a word that is no pair, in a value without quotes
		}
		name := text[key:pos]
		value, next := pairValue(text, pos+1)
		f.put(name, value)
		f.bar = f.bar || at(text, next, '|')
		pos = next
	}
	return f
}

func isSeparator(c byte) bool { return c == ' ' || c == ',' || c == '|' }

func skipSeparators(text []byte, pos int) int {
	for pos < len(text) && isSeparator(text[pos]) {
		pos++
	}
	return pos
}

// pairValue returns the value at pos, without its quotes, and where it ends.
func pairValue(text []byte, pos int) (message.Span, int) {
	if at(text, pos, '"') {
		n := bytes.IndexByte(text[pos+1:], '"')
		if n < 0 {
			return message.Span{}, len(text)
		}
		return span(pos+1, pos+1+n), pos + n + 2
	}
	end := pos
	for end < len(text) && !isSeparator(text[end]) {
		end++
	}
	return span(pos, end), end
}

func (f *pairFields) put(name []byte, v message.Span) {
	var field *message.Span
	switch string(name) {
	case "devname":
		field = &f.devname
	case "device_name":
		field = &f.deviceName
	case "fw":
		field = &f.fw
	case "hostname":
		field = &f.hostname
	case "date":
		field = &f.date
	case "time":
		field = &f.time
	case "tz":
		field = &f.tz
	case "timezone":
		field = &f.timezone
	case "timestamp":
		field = &f.stamp
	case "id":
		f.id = true
	case "sn":
		f.sn = true
	}
	if field != nil && field.Len == 0 {
		*field = v
	}
}
