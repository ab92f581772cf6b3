package template

import (
	"testing"

	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

// full is a message as in RFC 5424.
const full = `<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 4711 ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] An application event log entry`

// hot are templates of busy servers. None of them may allocate.
func hot(t testing.TB) map[string]*Template {
	set := NewSet()
	return map[string]*Template{
		"FileFormat":               set.Lookup("RSYSLOG_FileFormat"),
		"TraditionalFileFormat":    set.Lookup("RSYSLOG_TraditionalFileFormat"),
		"TraditionalForwardFormat": set.Lookup("RSYSLOG_TraditionalForwardFormat"),
		"SyslogProtocol23Format":   set.Lookup("RSYSLOG_SyslogProtocol23Format"),
		"dynafile":                 str(t, "/var/log/%hostname:::secpath-replace%/%$year%/%$month%/%$day%/%programname:::lowercase%.log"),
		"JSON list": list(t, `constant(value="{\"@timestamp\":\"") property(name="timereported" dateFormat="rfc3339" date.inUTC="on") constant(value="\",\"host\":\"")
			property(name="hostname") constant(value="\",\"severity\":\"") property(name="syslogseverity-text") constant(value="\",\"facility\":") property(name="syslogfacility")
			constant(value=",\"tag\":\"") property(name="syslogtag" format="json") constant(value="\",\"message\":\"") property(name="msg" format="json" controlCharacters="escape") constant(value="\"}\n")`),
		"JSON object": define(t, `template(name="t" type="list" option.jsonf="on") { property(name="timereported" outname="ts" dateFormat="unixtimestamp" format="jsonf" dataType="number") property(name="hostname" outname="host" format="jsonf")
			property(name="procid" outname="pid" format="jsonf" dataType="auto" onEmpty="skip") property(name="msg" outname="msg" format="jsonf") }`),
		"SQL": set.Lookup(" StdDBFmt"),
	}
}

func TestRenderingDoesNotAllocate(t *testing.T) {
	messages := []*message.Message{testmsg.Parse(fox), testmsg.Parse(su), testmsg.Parse("<13>Feb  3 04:05:06 h app: tab\there")}
	ctx := newContext()
	buf := make([]byte, 0, 4096)
	for name, tpl := range hot(t) {
		run := func() {
			for _, m := range messages {
				buf = tpl.Append(buf[:0], m, ctx)
			}
		}
		run() // the context's buffers grow once
		if n := testing.AllocsPerRun(100, run); n >= 1 {
			t.Errorf("%s: %.1f allocations", name, n)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	ctx := newContext()
	for name, tpl := range hot(b) {
		m := testmsg.Parse(su)
		if name == "SyslogProtocol23Format" {
			m = testmsg.Parse(full)
		}
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				buf = tpl.Append(buf[:0], m, ctx)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}
