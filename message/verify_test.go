package message

import (
	"fmt"
	"testing"
	"time"
)

// fieldsOf are the fields of a message by name, for comparison.
func fieldsOf(m *Message) map[string]string {
	return map[string]string{
		"host": string(m.Hostname()), "tag": string(m.Tag(nil)), "program": string(m.ProgramName()), "app-name": string(m.AppName()),
		"procid": string(m.ProcID()), "msgid": string(m.MsgID()), "structured data": string(m.StructuredData()), "msg": string(m.Msg()),
	}
}

// shapes are messages with their fields in all places that parsers find them in.
func shapes() map[string]func() Message {
	text := func(s string, set func(m *Message)) func() Message {
		return func() Message {
			m := Message{Peer: NewPeer("192.0.2.1", "sender"), Origin: &Origin{}}
			// Memory goes on behind the text, as in a slab.
			m.SetText(append([]byte(s), "<13>next"...)[:len(s)])
			set(&m)
			return m
		}
	}
	const device = "<13>date=2024-03-01 devid=[7] type=a1 devname=FGHOST"
	const header = "<13>Oct 11 22:14:15 host app[12]: text"
	const modern = `<13>1 2003-10-11T22:14:15Z host app 12 ID [a x="1"] text`
	when := func(m *Message, form TimeForm) {
		m.Reported = TimestampOf(time.Date(2003, 10, 11, 22, 14, 15, 0, time.UTC))
		m.Reported.Digits, m.Reported.Frac, m.Reported.Sign, m.Reported.Form = 0, 0, 'Z', form
		m.AfterPRI, m.Flags = 4, HasHostname|TimeAsSent
	}
	return map[string]func() Message{
		"fields within the text": text(device, func(m *Message) {
			m.AfterPRI, m.Flags = 4, HasHostname
			m.MsgText, m.Host, m.TagText = Span{4, uint32(len(device) - 4)}, spanOf(device, "FGHOST"), spanOf(device, "devid=[7]")
			m.Program, m.SD, m.ID = spanOf(device, "devid"), spanOf(device, "[7]"), Span{10, 0}
		}),
		"header": text(header, func(m *Message) {
			when(m, FromRFC3164)
			m.Host, m.TagText, m.Program, m.MsgText = spanOf(header, "host"), spanOf(header, "app[12]:"), spanOf(header, "app"), spanOf(header, " text")
		}),
		"RFC 5424": text(modern, func(m *Message) {
			when(m, 0)
			m.Protocol = 1
			m.Host, m.App, m.Proc, m.ID, m.SD = spanOf(modern, "host"), spanOf(modern, "app"), Span{31, 2}, spanOf(modern, "ID"), spanOf(modern, `[a x="1"]`)
			m.Program, m.MsgText = m.App, spanOf(modern, "text")
		}),
		"no header": text("<999>all of it", func(m *Message) {
			m.MsgText, m.Host, m.Flags = Span{0, 14}, Span{5, 3}, HasHostname
			m.SD, m.ID = Span{5, 3}, Span{14, 0}
		}),
		"empty":       text("", func(*Message) {}),
		"no text":     func() Message { b := NewBatch(nil); return *peered(b.AddText(nil, []byte("h"), []byte("t[1]:"), 1)) },
		"no host":     func() Message { b := NewBatch(nil); return *peered(b.AddText(nil, nil, []byte("t[1]:"), 1)) },
		"no tag":      func() Message { b := NewBatch(nil); return *peered(b.AddText([]byte("text"), []byte("h"), nil, 0)) },
		"of RELP, 00": text("<00000013>x", func(m *Message) { m.AfterPRI, m.MsgText = 10, Span{10, 1} }),
	}
}

func peered(m *Message) *Message {
	m.Peer, m.Origin = NewPeer("192.0.2.1", "sender"), &Origin{}
	return m
}

// changes are all that changes a message, with the fields that each sets.
var changes = map[string]struct {
	do  func(m *Message, b []byte)
	set string
}{
	"SetMsg":       {(*Message).SetMsg, "msg"},
	"ReplaceMsg":   {(*Message).ReplaceMsg, "msg"},
	"SetTag":       {func(m *Message, b []byte) { m.SetTag(b, len(b)/2) }, "tag"},
	"SetHostname":  {(*Message).SetHostname, "host"},
	"SetAppName":   {(*Message).SetAppName, "app-name"},
	"SetProcID":    {(*Message).SetProcID, "procid"},
	"SetMsgID":     {(*Message).SetMsgID, "msgid"},
	"SetStrucData": {(*Message).SetStructuredData, "structured data"},
	"SetRaw":       {(*Message).SetRaw, ""},
	"Append":       {func(m *Message, b []byte) { m.ID = m.Append(NewBatch(nil), b) }, "msgid"},
	"Clone":        {func(m *Message, _ []byte) { *m = *m.Clone() }, ""},
	"AddCopy": {func(m *Message, _ []byte) {
		src, b := NewBatch(nil), NewBatch(nil)
		for range 8 { // so that the text is copied
			src.Add(nil, nil, nil)
		}
		b.AddCopy(m)
		b.Own(src)
		*m = b.Msgs[0]
	}, ""},
	"decoded": {func(m *Message, _ []byte) {
		b, got := NewBatch(nil), NewBatch(nil)
		b.AddCopy(m)
		var dec Decoder
		if err := dec.Append(got, AppendBatch(nil, b, 0, 1)); err != nil {
			panic(err)
		}
		*m = got.Msgs[0]
	}, ""},
}

// dependent are the fields that follow from others where a message does not have them.
var dependent = map[string][]string{
	"tag":      {"program", "app-name", "procid"},
	"app-name": {"tag", "program"}, "procid": {"tag"},
}

// TestAnyChangeLeavesTheOtherFields changes messages of all shapes twice in every way.
func TestAnyChangeLeavesTheOtherFields(t *testing.T) {
	t.Parallel()
	texts := []string{"", "x", "a text that is longer than any of the fields that the messages have here, and their texts"}
	for shape, build := range shapes() {
		for first, a := range changes {
			for second, b := range changes {
				for i := range len(texts) * len(texts) {
					m := build()
					one, two := texts[i%len(texts)], texts[i/len(texts)]
					what := fmt.Sprintf("%s, %s %.3q, %s %.3q", shape, first, one, second, two)
					checkChange(t, what, &m, one, a.set, a.do)
					checkChange(t, what, &m, two, b.set, b.do)
					if t.Failed() {
						return
					}
				}
			}
		}
	}
}

func checkChange(t *testing.T, what string, m *Message, text, set string, do func(m *Message, b []byte)) {
	t.Helper()
	want := fieldsOf(m)
	do(m, []byte(text))
	if err := m.Check(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got := fieldsOf(m)
	if set != "" {
		// Of an empty field the methods make what its absence means.
		if text != "" || set == "msg" || set == "host" {
			want[set] = text
		} else {
			want[set] = got[set]
		}
	}
	for _, name := range dependent[set] {
		want[name] = got[name]
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s is %q, want %q", what, name, got[name], want[name])
		}
	}
}
