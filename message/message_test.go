package message

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"
)

// spanOf returns the span of the first occurrence of part in text.
func spanOf(text, part string) Span {
	return Span{uint32(strings.Index(text, part)), uint32(len(part))}
}

func TestPropertiesOfAnRFC3164Message(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tag, program, app, procid string }{
		{"app:", "app", "app", "-"},
		{"app[12]:", "app", "app", "12"},
		{"app[]:", "app", "app", ""},
		{"app[12:", "app", "app", "-"},
		{"app[1][2]:", "app", "app", "1"},
		{"[app]:", "", "-", "app"},
		{"]app[:", "]app", "]app", "-"},
		{":", "", "-", "-"},
		{"", "", "-", "-"},
	} {
		m := Message{Peer: NewPeer("192.0.2.1", "sender")}
		text := "<13>h " + c.tag
		m.SetText([]byte(text))
		m.TagText = Span{6, uint32(len(c.tag))}
		m.Program = Span{6, uint32(len(c.program))}
		for _, p := range []struct{ name, got, want string }{
			{"tag", string(m.Tag(nil)), c.tag}, {"program", string(m.ProgramName()), c.program}, {"app-name", string(m.AppName()), c.app},
			{"procid", string(m.ProcID()), c.procid}, {"msgid", string(m.MsgID()), "-"}, {"structured data", string(m.StructuredData()), "-"},
			{"host", string(m.Hostname()), "sender"},
		} {
			if p.got != p.want {
				t.Errorf("%q: %s is %q, want %q", c.tag, p.name, p.got, p.want)
			}
		}
	}
}

func TestPropertiesOfAnRFC5424Message(t *testing.T) {
	t.Parallel()
	const text = `<13>1 - h app 12 ID [a x="1"] msg`
	m := Message{Peer: NewPeer("192.0.2.1", "sender")}
	m.SetText([]byte(text))
	m.Protocol, m.Flags = 1, HasHostname
	check := func(what string, want ...string) {
		t.Helper()
		got := []string{string(m.Hostname()), string(m.Tag(nil)), string(m.ProgramName()), string(m.AppName()), string(m.ProcID()), string(m.MsgID()), string(m.StructuredData())}
		if g, w := strings.Join(got, "|"), strings.Join(want, "|"); g != w {
			t.Errorf("%s: got %s, want %s", what, g, w)
		}
	}
	check("no field", "", "", "", "", "-", "-", "-")
	m.Host, m.App, m.Proc, m.ID, m.SD = spanOf(text, "h "), spanOf(text, "app"), spanOf(text, "12"), spanOf(text, "ID"), spanOf(text, `[a x="1"]`)
	m.Host.Len, m.Program = 1, m.App
	check("all fields", "h", "app[12]", "app", "app", "12", "ID", `[a x="1"]`)
	m.Proc = spanOf(text, "-")
	check("procid -", "h", "app", "app", "app", "-", "ID", `[a x="1"]`)
	m.Proc, m.App.Len, m.Program.Len = Span{9, 0}, 0, 0
	check("empty app-name and procid", "h", "-[]", "-", "-", "", "ID", `[a x="1"]`)
	m.SetTag([]byte("new[7]:"), 3)
	check("tag set", "h", "new[7]:", "new", "-", "", "ID", `[a x="1"]`)
	if m.Protocol != 1 {
		t.Error("setting the tag changed the protocol version")
	}
}

func TestSettersLeaveTheSlabAlone(t *testing.T) {
	t.Parallel()
	slab := []byte("<13>h app: text<13>next")
	m := Message{Peer: NewPeer("", "")}
	m.SetText(slab[:15])
	m.SetMsg([]byte(" replaced"))
	m.SetHostname([]byte("other"))
	m.SetTag([]byte("tag:"), 3)
	if string(slab) != "<13>h app: text<13>next" {
		t.Errorf("slab is %q", slab)
	}
	got := string(m.Hostname()) + "|" + string(m.Tag(nil)) + "|" + string(m.ProgramName()) + "|" + string(m.Msg()) + "|" + string(m.Raw())
	if want := "other|tag:|tag| replaced|<13>h app: text"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c := m.Clone()
	for i := range slab {
		slab[i] = 'x'
	}
	if string(c.Raw()) != "<13>h app: text" || string(c.Msg()) != " replaced" {
		t.Errorf("the clone changed: %q %q", c.Raw(), c.Msg())
	}
}

func TestRawAfterPRI(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<13>Oct 11 x": "Oct 11 x", "no pri": "no pri", "<13>": "", "<999>x y": "x y", "<1>x": "x", "<>x": "<>x", "<1234>x": "<1234>x", "<ab>x": "x",
		"<": "<", "<1": "<1", "": "", "<13 x>": "<13 x>", "<013>x": "x",
	} {
		m := Message{}
		m.SetText([]byte(in))
		if got := string(m.RawAfterPRI()); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestComposedTagUsesTheScratchBuffer(t *testing.T) {
	text := "<13>1 - h app 12 - - "
	m := Message{Peer: NewPeer("", "")}
	m.SetText([]byte(text))
	m.Protocol, m.App, m.Proc = 1, spanOf(text, "app"), spanOf(text, "12")
	scratch := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		if !bytes.Equal(m.Tag(scratch), []byte("app[12]")) {
			t.Fatal("wrong tag")
		}
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// TestMessageFillsThreeCacheLines holds what the layout of Message promises.
func TestMessageFillsThreeCacheLines(t *testing.T) {
	var m Message
	if size := unsafe.Sizeof(m); size != 3*64 {
		t.Errorf("a message has %d bytes", size)
	}
	if at := unsafe.Offsetof(m.Reported); at != 64 {
		t.Errorf("what the reader writes has %d bytes", at)
	}
	if at := unsafe.Offsetof(m.App); at != 128 {
		t.Errorf("what a message of RFC 3164 needs has %d bytes", at)
	}
}
