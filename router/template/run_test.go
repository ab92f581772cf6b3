package template

import (
	"slices"
	"testing"

	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

// A run yields what its parts would.
func TestRunsAreWhatTheirPartsAre(t *testing.T) {
	t.Parallel()
	set := NewSet()
	templates := []*Template{
		set.Lookup("RSYSLOG_TraditionalFileFormat"), set.Lookup("RSYSLOG_SyslogProtocol23Format"),
		str(t, `%HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%|%HOSTNAME% %APP-NAME% %PROCID% %MSGID% %STRUCTURED-DATA% %msg:::drop-last-lf%|`),
	}
	texts := []string{
		fox, su, "<13>Feb  3 04:05:06 h app: text\n", "<13>Feb  3 04:05:06 h app:text", "<13>Feb  3 04:05:06 h app:", "<13>Feb  3 04:05:06 h app", "<13>Feb  3 04:05:06 h", "<13>x", "no header", "",
		"<13>1 2026-02-03T04:05:06Z h a p i - text", "<13>1 2026-02-03T04:05:06Z h a p i [x y=\"z\"] text\n", "<13>1 2026-02-03T04:05:06Z h - - - - text", "<13>1 2026-02-03T04:05:06Z h a p i -",
		"<13>1 2026-02-03T04:05:06Z h a p i text", "<13>1 2026-02-03T04:05:06Z h  p i - text", "<13>1 2026-02-03T04:05:06Z   -  - x", "<13>1 - h", "<13>1 -",
	}
	setters := map[string]func(m *message.Message){
		"as received": func(*message.Message) {},
		"host":        func(m *message.Message) { m.SetHostname([]byte("other")) },
		"no host":     func(m *message.Message) { m.Flags &^= message.HasHostname },
		"tag":         func(m *message.Message) { m.SetTag([]byte("tag:"), 3) },
		"text":        func(m *message.Message) { m.SetMsg([]byte(" changed")) },
		"no text":     func(m *message.Message) { m.SetMsg(nil) },
		"app":         func(m *message.Message) { m.SetAppName([]byte("app")) },
		"one by one": func(m *message.Message) { // in each other's place
			m.SetHostname([]byte("a"))
			m.SetRaw([]byte("<13>b"))
			m.SetAppName([]byte("c"))
			m.SetProcID([]byte("d"))
			m.SetMsg([]byte("e"))
		},
	}
	runs := 0
	for _, tpl := range templates {
		slow := *tpl
		slow.parts = slices.Clone(tpl.parts)
		for i := range slow.parts {
			slow.parts[i].run = nil
		}
		for _, text := range texts {
			for name, set := range setters {
				m := testmsg.Parse(text)
				set(m)
				for i := range tpl.parts {
					if r := tpl.parts[i].run; r != nil {
						if _, ok := r.of(m); ok {
							runs++
						}
					}
				}
				got, want := string(tpl.Append(nil, m, newContext())), string(slow.Append(nil, m, newContext()))
				if got != want {
					t.Errorf("%s, %q, %s:\ngot  %q\nwant %q", tpl.Name, text, name, got, want)
				}
			}
		}
	}
	if runs < 20 {
		t.Errorf("only %d messages had a run, the test shows little", runs)
	}
}
