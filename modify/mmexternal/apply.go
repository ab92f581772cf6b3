package mmexternal

import (
	"fmt"

	"syslogd/message"
	"syslogd/modify"
	"syslogd/parser"
	"syslogd/router/property"
)

var root, _ = modify.ParsePlace("$!")

// apply does what an answer says. Members that are no property are ignored, as
// in rsyslogd.
func apply(m *message.Message, ctx *property.Context, answer string) error {
	v, _, err := message.ParseJSON(answer)
	if err != nil || v.Kind() != message.Object {
		return fmt.Errorf("the program's answer is no JSON object: %.100q", answer)
	}
	for i := range v.Len() {
		name, val := v.Member(i)
		if name == "$!" {
			if val.Kind() == message.Object {
				root.Put(m, val.Clone(), ctx)
			}
			continue
		}
		set(m, name, val.AppendText(nil, ctx.CompactJSON), val)
	}
	return nil
}

// set sets one property.
func set(m *message.Message, name string, text []byte, val *message.Value) {
	switch name {
	case "msg":
		m.ReplaceMsg(text)
	case "rawmsg":
		m.SetRaw(text)
	case "syslogtag":
		m.SetTag(text, parser.ProgramLen(text, false))
	case "hostname", "source":
		m.SetHostname(text)
	case "procid":
		m.SetProcID(text)
	case "msgid":
		m.SetMsgID(text)
	case "structured-data":
		m.SetStructuredData(text)
	case "pri":
		if n := val.Int(); val.Kind() == message.Int && n >= 0 && n <= 191 {
			m.PRI = message.Priority(n)
		}
	case "syslogfacility":
		if n := val.Int(); val.Kind() == message.Int && n >= 0 && n <= 23 {
			m.PRI = message.Priority(n)<<3 | m.PRI&7
		}
	case "syslogseverity":
		if n := val.Int(); val.Kind() == message.Int && n >= 0 && n <= 7 {
			m.PRI = m.PRI&^7 | message.Priority(n)
		}
	case "fromhost":
		p := message.NewPeer(string(m.Peer.IP), string(text))
		p.Addr = m.Peer.Addr
		m.Peer = p
	case "fromhost-ip":
		m.Peer = message.NewPeer(string(text), string(m.Peer.Host()))
	}
}
