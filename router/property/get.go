package property

import (
	"crypto/rand"
	"os"
	"strconv"
	"strings"
	"time"

	"syslogd/message"
)

// Get returns the property's bytes. They belong to the message or to ctx and
// are valid until the next Get with the same ctx.
func (p *Property) Get(m *message.Message, ctx *Context) []byte {
	switch p.ID {
	case Msg:
		return m.Msg()
	case RawMsg:
		return m.Raw()
	case RawMsgAfterPRI:
		return m.RawAfterPRI()
	case Hostname:
		return m.Hostname()
	case FromHost:
		return m.Peer.Host()
	case FromHostIP:
		return m.Peer.IP
	case SyslogTag:
		return m.Tag(ctx.tagBuffer(m))
	case ProgramName:
		return m.ProgramName()
	case AppName:
		return m.AppName()
	case ProcID:
		return m.ProcID()
	case MsgID:
		return m.MsgID()
	case StructuredData:
		return m.StructuredData()
	}
	ctx.scratch = p.Append(ctx.scratch[:0], m, ctx)
	return ctx.scratch
}

// maxTag bounds the memory that a context keeps for tags.
const maxTag = 1 << 12

// tagBuffer returns memory that a composed tag of m fits in. It is never the
// message's: a tag that is the message's own must not become scratch memory.
func (c *Context) tagBuffer(m *message.Message) []byte {
	if m.Protocol == 0 {
		return nil
	}
	need := len(m.AppName()) + len(m.ProcID()) + len("[]")
	if need > maxTag {
		return make([]byte, 0, need)
	}
	if cap(c.tag) < need {
		c.tag = make([]byte, 0, max(need, 64))
	}
	return c.tag
}

var bom = []byte{0xef, 0xbb, 0xbf}

// Append appends the property's bytes.
func (p *Property) Append(dst []byte, m *message.Message, ctx *Context) []byte {
	switch p.ID {
	case FromHostPort:
		if m.PeerPort != 0 {
			dst = strconv.AppendUint(dst, uint64(m.PeerPort), 10)
		}
		return dst
	case ProtocolVersion:
		return append(dst, '0'+m.Protocol)
	case PRI:
		return appendPRI(dst, m.PRI)
	case PRIText:
		dst = append(dst, m.PRI.Facility().String()...)
		dst = append(dst, '.')
		return append(dst, m.PRI.Severity().String()...)
	case IUT:
		return append(dst, '1')
	case Facility:
		if m.PRI.Facility() == message.FacilityInvalid {
			return append(dst, "invld"...)
		}
		return strconv.AppendUint(dst, uint64(m.PRI.Facility()), 10)
	case FacilityText:
		return append(dst, m.PRI.Facility().String()...)
	case Severity:
		return append(dst, '0'+byte(m.PRI.Severity()))
	case SeverityText:
		return append(dst, m.PRI.Severity().String()...)
	case TimeReported:
		return m.Reported.AppendRFC3164(dst, false)
	case TimeGenerated:
		return m.Received.AppendRFC3164(dst, false)
	case InputName:
		return append(dst, m.Origin.Name...)
	case JSONMesg:
		return appendJSONMesg(dst, m, ctx)
	case UUID:
		return append(dst, uuid(m)...)
	case ParseSuccess:
		if m.Flags&message.ParseOK != 0 {
			return append(dst, "OK"...)
		}
		return append(dst, "FAIL"...)
	case BOM:
		return append(dst, bom...)
	case MyHostname:
		return append(dst, ctx.LocalHost()...)
	case Uptime:
		return appendUptime(dst)
	case Now:
		return p.Clock.append(dst, ctx.Now(), p.UTC)
	case AllJSON:
		return appendAll(dst, m, ctx.CompactJSON)
	case AllJSONPlain:
		return appendAll(dst, m, true)
	case Var:
		return p.appendVar(dst, m, ctx)
	}
	return append(dst, p.Get(m, ctx)...)
}

func appendPRI(dst []byte, p message.Priority) []byte {
	if p == message.InvalidPRI {
		return append(dst, "invld"...)
	}
	return strconv.AppendUint(dst, uint64(p), 10)
}

func appendAll(dst []byte, m *message.Message, compact bool) []byte {
	if m.JSON == nil || m.JSON.Root.Kind() == message.Null {
		return append(dst, "{}"...)
	}
	return m.JSON.Root.AppendJSON(dst, compact)
}

// Value returns the variable of a property whose ID is Var. Variables of $/ are copies.
func (p *Property) Value(m *message.Message, ctx *Context) *message.Value {
	switch p.Scope {
	case MessageVar:
		return m.Variable(p.Path, ctx.ExactCase)
	case LocalVar:
		return m.Local.Get(p.Path, ctx.ExactCase)
	}
	if v, ok := ctx.Globals.Get(p.Path, ctx.ExactCase); ok {
		return &v
	}
	return nil
}

// Marks tells which slashes and dots of the property's text do not come from a
// message: all of a name or a time that is the server's, none of the rest. Variables
// have marks of their own.
func (p *Property) Marks() message.Marks {
	switch p.ID {
	case InputName, MyHostname, Now, TimeReported, TimeGenerated:
		return message.AllMarks
	}
	return 0
}

func (p *Property) appendVar(dst []byte, m *message.Message, ctx *Context) []byte {
	v := p.Value(m, ctx)
	if v == nil {
		return dst
	}
	return v.AppendText(dst, ctx.CompactJSON)
}

func appendTwo(dst []byte, n int) []byte { return append(dst, '0'+byte(n/10%10), '0'+byte(n%10)) }

func (c Clock) append(dst []byte, t time.Time, utc bool) []byte {
	if utc {
		t = t.UTC()
	} else {
		t = t.Local()
	}
	switch c {
	case ClockDate:
		return t.AppendFormat(dst, "2006-01-02")
	case ClockYear:
		return t.AppendFormat(dst, "2006")
	case ClockMonth:
		return appendTwo(dst, int(t.Month()))
	case ClockDay:
		return appendTwo(dst, t.Day())
	case ClockHour:
		return appendTwo(dst, t.Hour())
	case ClockHalfHour:
		return appendTwo(dst, t.Minute()/30)
	case ClockQuarterHour:
		return appendTwo(dst, t.Minute()/15)
	case ClockMinute:
		return appendTwo(dst, t.Minute())
	case ClockWeekday:
		return append(dst, '0'+byte(t.Weekday()))
	}
	return strconv.AppendInt(dst, t.Unix(), 10)
}

// appendUptime appends the seconds since the machine's start.
func appendUptime(dst []byte) []byte {
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return dst
	}
	seconds, _, _ := strings.Cut(string(text), ".")
	return append(dst, seconds...)
}

const hexUpper = "0123456789ABCDEF"

// uuid returns the message's identifier, made on first use.
func uuid(m *message.Message) []byte {
	if id := m.UUID(); id != nil {
		return id
	}
	var raw [16]byte
	rand.Read(raw[:])
	id := make([]byte, 0, 32)
	for _, b := range raw {
		id = append(id, hexUpper[b>>4], hexUpper[b&15])
	}
	m.SetUUID(id)
	return id
}

// appendJSONMesg appends the whole message as a JSON object.
func appendJSONMesg(dst []byte, m *message.Message, ctx *Context) []byte {
	obj := message.ObjectValue()
	put := func(name string, value []byte) { obj.Put(name, message.StringValue(string(value)), true) }
	get := func(id ID) []byte { return (&Property{ID: id}).Get(m, ctx) }
	put("msg", m.Msg())
	put("rawmsg", m.Raw())
	put("timereported", m.Reported.AppendRFC3339(nil))
	put("hostname", m.Hostname())
	put("syslogtag", get(SyslogTag))
	put("inputname", get(InputName))
	put("fromhost", m.Peer.Host())
	put("fromhost-ip", m.Peer.IP)
	put("pri", get(PRI))
	put("syslogfacility", get(Facility))
	put("syslogseverity", get(Severity))
	put("timegenerated", m.Received.AppendRFC3339(nil))
	put("programname", m.ProgramName())
	put("protocol-version", get(ProtocolVersion))
	put("structured-data", m.StructuredData())
	put("app-name", m.AppName())
	put("procid", m.ProcID())
	put("msgid", m.MsgID())
	if id := m.UUID(); id != nil {
		put("uuid", id)
	} else {
		obj.Put("uuid", message.Value{}, true)
	}
	tree := message.Value{}
	if m.JSON != nil {
		tree = m.JSON.Root.Clone()
	}
	obj.Put("$!", tree, true)
	return obj.AppendJSON(dst, ctx.CompactJSON)
}
