package queue

import (
	"net/netip"
	"strconv"
	"strings"

	"syslogd/message"
)

// Flags of a message in an rsyslogd queue.
const (
	classicMark          = 0x08
	classicNeedsParsing  = 0x10
	classicParseHostname = 0x20
)

// add puts a message into the batch.
func (im *classicImport) add(o *classicObject) {
	if im.batch == nil {
		im.batch = message.NewBatch(nil)
		im.batch.Ruleset = o.text("pszRuleset")
	}
	raw := []byte(o.text("pszRawMsg"))
	flags := o.int("msgFlags")
	m := im.batch.Add(raw, im.origin(o.text("pszInputName"), flags), im.peer(o.text("pszRcvFromIP"), o.text("pszRcvFrom")))
	m.Received = classicTime(o.text("tRcvdAt"))
	im.batch.Received = m.Received.Time()
	if flags&classicMark != 0 {
		m.Flags |= message.Mark
	}
	m.JSON, m.Local = classicTree(o.text("json")), classicTree(o.text("localvars"))
	if id := o.text("pszUUID"); id != "" {
		m.SetUUID([]byte(id))
	}
	if flags&classicNeedsParsing == 0 {
		setClassic(m, o, raw)
	}
}

// setClassic sets the fields of a message that rsyslogd had parsed.
func setClassic(m *message.Message, o *classicObject, raw []byte) {
	m.Flags |= message.Parsed
	m.PRI = message.Priority(o.int("iFacility")<<3 | o.int("iSeverity")&7)
	if m.PRI > message.InvalidPRI {
		m.PRI = message.InvalidPRI
	}
	if i := strings.IndexByte(string(raw[:min(len(raw), 5)]), '>'); i > 0 && raw[0] == '<' {
		m.AfterPRI = uint8(i + 1)
	}
	m.Reported = classicTime(o.text("tTIMESTAMP"))
	if o.int("iProtocolVersion") == 1 {
		m.Protocol = 1
	}
	// A text that modifiers have exchanged is the end of the raw message, too.
	off := min(max(0, o.int("offMSG")), len(raw))
	m.MsgText = message.Span{Off: uint32(off), Len: uint32(len(raw) - off)}
	for _, f := range []struct {
		name string
		set  func([]byte)
	}{
		{"pszHOSTNAME", m.SetHostname}, {"pCSAPPNAME", m.SetAppName}, {"pCSPROCID", m.SetProcID}, {"pCSMSGID", m.SetMsgID}, {"pszStrucData", m.SetStructuredData},
	} {
		if text, found := o.props[f.name]; found {
			f.set([]byte(text))
		}
	}
	if tag := o.text("pszTAG"); tag != "" {
		n := strings.IndexAny(tag, ":[/")
		if n < 0 {
			n = len(tag)
		}
		m.SetTag([]byte(tag), n)
	} else if m.Protocol == 1 {
		m.Program = m.App
	}
}

func (im *classicImport) origin(name string, flags int) *message.Origin {
	key := name + " " + strconv.Itoa(flags&classicParseHostname)
	o := im.origins[key]
	if o == nil {
		o = &message.Origin{Name: name, NoHostname: flags&classicParseHostname == 0}
		if im.origins == nil || len(im.origins) > 1000 {
			im.origins = map[string]*message.Origin{}
		}
		im.origins[key] = o
	}
	return o
}

func (im *classicImport) peer(ip, host string) *message.Peer {
	key := ip + " " + host
	p := im.peers[key]
	if p == nil {
		p = message.NewPeer(ip, host)
		if addr, err := netip.ParseAddr(ip); err == nil && !addr.IsLoopback() {
			p.Addr = addr
		}
		if im.peers == nil || len(im.peers) > 10000 {
			im.peers = map[string]*message.Peer{}
		}
		im.peers[key] = p
	}
	return p
}

func classicTree(text string) *message.Tree {
	if text == "" {
		return nil
	}
	v, _, err := message.ParseJSON(text)
	if err != nil {
		return nil
	}
	return &message.Tree{Root: v}
}

// classicTime reads type:year:month:day:hour:minute:second:fraction:digits:sign:offHour:offMin.
func classicTime(text string) message.Timestamp {
	f := strings.Split(text, ":")
	if len(f) != 12 || len(f[9]) != 1 {
		return message.Timestamp{}
	}
	n := func(i, most int) int {
		v, err := strconv.Atoi(f[i])
		if err != nil || v < 0 || v > most {
			return 0
		}
		return v
	}
	form := message.TimeForm(0)
	if f[0] == "1" {
		form = message.FromRFC3164
	}
	return message.Timestamp{
		Year: int16(n(1, 9999)), Month: uint8(n(2, 12)), Day: uint8(n(3, 31)), Hour: uint8(n(4, 23)), Minute: uint8(n(5, 59)), Second: uint8(n(6, 60)),
		Frac: uint32(n(7, 999999)), Digits: uint8(n(8, 6)), Sign: f[9][0], OffHour: uint8(n(10, 23)), OffMin: uint8(n(11, 59)), Form: form,
	}
}
