package template

import (
	"syslogd/message"
	"syslogd/router/property"
)

// run is the parts of a template that write the end of a message as it is sent:
// HOSTNAME, TAG and the text of RFC 3164, or HOSTNAME to the text of RFC 5424, and
// the TIMESTAMP and the PRI in front of them if the template has them, too. In a
// message whose fields stand so, all of it is copied in one piece.
type run struct {
	parts   int
	rfc5424 bool
	noLF    bool  // without a line feed at the end
	time    *part // begins with this time stamp; nil: with HOSTNAME
	pri     bool  // begins with the PRI, and the version of RFC 5424
}

var (
	runOf3164 = []property.ID{property.Hostname, property.SyslogTag}
	runOf5424 = []property.ID{property.Hostname, property.AppName, property.ProcID, property.MsgID, property.StructuredData}
)

// findRuns notes where the parts of a run begin.
func (t *Template) findRuns() {
	if t.escape != noEscape || t.object || t.tree != nil {
		return
	}
	for i := range t.parts {
		rest := t.parts[i:]
		if n := startsWith(rest, runOf3164); n > 0 && len(rest) > n+1 && rest[n].kind == firstSpace && rest[n].prop.ID == property.Msg {
			t.parts[i].run = endOfRun(rest, n+1, false)
		}
		if n := startsWith(rest, runOf5424); n > 0 && len(rest) > n+1 && rest[n].is(" ") {
			t.parts[i].run = endOfRun(rest, n+1, true)
		}
	}
	for i := range t.parts {
		if r := t.parts[i].run; r != nil && r.time == nil {
			t.extend(i)
		}
	}
}

// extend notes that the run of part i begins with the parts in front of it, if these
// are a time stamp, or a PRI and a time stamp.
func (t *Template) extend(i int) {
	r := *t.parts[i].run
	before := t.parts[:i]
	if len(before) < 2 || !before[i-1].is(" ") || !before[i-2].isTime(r.rfc5424) {
		return
	}
	r.parts, r.time = r.parts+2, &before[i-2]
	before[i-2].run = &r
	end := ">"
	if r.rfc5424 {
		end = ">1 "
	}
	if before = before[:i-2]; len(before) >= 3 && before[i-5].is("<") && before[i-4].kind == direct && before[i-4].prop.ID == property.PRI && before[i-3].is(end) {
		r := r
		r.parts, r.pri = r.parts+3, true
		before[i-5].run = &r
	}
}

// startsWith returns how many of parts are the fields with a blank between them, 0
// if they are not.
func startsWith(parts []part, fields []property.ID) int {
	n := 2*len(fields) - 1
	if len(parts) < n {
		return 0
	}
	for i := range n {
		p := &parts[i]
		if i%2 == 1 && !p.is(" ") || i%2 == 0 && (p.kind != direct || p.prop.ID != fields[i/2]) {
			return 0
		}
	}
	return n
}

// is reports whether p is the constant.
func (p *part) is(text string) bool { return p.kind == constant && string(p.constant) == text }

// isTime reports whether p is the time stamp of a message in the format of the RFC.
func (p *part) isTime(rfc5424 bool) bool {
	if rfc5424 {
		return p.kind == rfc3339 && p.prop.ID == property.TimeReported
	}
	return p.kind == rfc3164 && p.prop.ID == property.TimeReported && p.spec.date == dateRFC3164
}

// endOfRun is the run of n parts and the text behind it, nil if that is not there.
func endOfRun(parts []part, n int, rfc5424 bool) *run {
	if p := &parts[n]; p.prop.ID == property.Msg && (p.kind == direct || p.kind == noLastLF) {
		return &run{parts: n + 1, rfc5424: rfc5424, noLF: p.kind == noLastLF}
	}
	return nil
}

// of returns where the run stands in m, if it does.
func (r *run) of(m *message.Message) (s message.Span, ok bool) {
	if m.Flags&message.HasHostname == 0 || m.MsgText.Len == 0 {
		return s, false
	}
	if r.rfc5424 {
		ok = m.App.Len > 0 && m.Follows(m.Host, m.App) && m.Follows(m.App, m.Proc) && m.Follows(m.Proc, m.ID) && m.Follows(m.ID, m.SD) && m.Follows(m.SD, m.MsgText)
	} else {
		ok = m.Follows(m.Host, m.TagText) && m.TagText.Off+m.TagText.Len == m.MsgText.Off && m.Msg()[0] == ' '
	}
	begin, end := m.Host.Off, m.MsgText.Off+m.MsgText.Len
	if ok && r.time != nil {
		begin, ok = r.head(m)
	}
	if ok && r.noLF && m.Msg()[m.MsgText.Len-1] == '\n' {
		end--
	}
	return message.Span{Off: begin, Len: end - begin}, ok
}

// head returns where the run begins in front of the host name, if the time stamp, and
// the PRI, stand there as they are to be written. What was put in front of the text
// since it was read has moved the host name.
func (r *run) head(m *message.Message) (begin uint32, ok bool) {
	if m.Flags&message.TimeAsSent == 0 || r.rfc5424 == (m.Reported.Form&message.FromRFC3164 != 0) {
		return 0, false
	}
	begin = uint32(m.AfterPRI)
	if r.rfc5424 {
		if m.Host.Off != begin+2+uint32(m.Reported.LenRFC3339())+1 {
			return 0, false
		}
		begin += 2
	} else if m.Host.Off != begin+message.StampLen || r.time.spec.date.zeroDay(&r.time.prop, m, false) {
		return 0, false
	}
	if r.pri {
		if !m.PRIAsSent() {
			return 0, false
		}
		begin = 0
	}
	return begin, true
}
