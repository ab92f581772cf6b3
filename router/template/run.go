package template

import (
	"syslogd/message"
	"syslogd/router/property"
)

// run is the parts of a template that write the end of a message as it is sent:
// HOSTNAME, TAG and the text of RFC 3164, or HOSTNAME to the text of RFC 5424. In a
// message whose fields stand so, all of it is copied in one piece.
type run struct {
	parts   int
	rfc5424 bool
	noLF    bool // without a line feed at the end
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
		if n := startsWith(rest, runOf5424); n > 0 && len(rest) > n+1 && rest[n].isBlank() {
			t.parts[i].run = endOfRun(rest, n+1, true)
		}
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
		if i%2 == 1 && !p.isBlank() || i%2 == 0 && (p.kind != direct || p.prop.ID != fields[i/2]) {
			return 0
		}
	}
	return n
}

func (p *part) isBlank() bool { return p.kind == constant && string(p.constant) == " " }

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
	end := m.MsgText.Off + m.MsgText.Len
	if ok && r.noLF && m.Msg()[m.MsgText.Len-1] == '\n' {
		end--
	}
	return message.Span{Off: m.Host.Off, Len: end - m.Host.Off}, ok
}
