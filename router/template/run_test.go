package template

import (
	"slices"
	"testing"

	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

// runTemplates have runs.
func runTemplates(t testing.TB) []*Template {
	set := NewSet()
	return []*Template{
		set.Lookup("RSYSLOG_TraditionalFileFormat"), set.Lookup("RSYSLOG_SyslogProtocol23Format"), set.Lookup("RSYSLOG_TraditionalForwardFormat"), set.Lookup("RSYSLOG_FileFormat"),
		str(t, `<%PRI%>%TIMESTAMP:::date-rfc3164-buggyday% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg%`),
		str(t, `<%PRI%>1 %TIMEGENERATED:::date-rfc3339% %HOSTNAME% %APP-NAME% %PROCID% %MSGID% %STRUCTURED-DATA% %msg%`),
		str(t, `%HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%|%HOSTNAME% %APP-NAME% %PROCID% %MSGID% %STRUCTURED-DATA% %msg:::drop-last-lf%|`),
	}
}

// withoutRuns returns a copy of tpl that writes part by part.
func withoutRuns(tpl *Template) *Template {
	slow := *tpl
	slow.parts = slices.Clone(tpl.parts)
	for i := range slow.parts {
		slow.parts[i].run = nil
	}
	return &slow
}

// FuzzRuns: whatever a message is, a run yields what its parts would.
func FuzzRuns(f *testing.F) {
	f.Add("<13>Feb 13 04:05:06 h app: text", byte(0))
	f.Add("<13>1 2026-02-03T04:05:06.123+02:00 h a p i - text\n", byte(0))
	f.Add("<013>Feb  3 04:05:06 h app[1]: text", byte(1))
	templates := runTemplates(f)
	f.Fuzz(func(t *testing.T, text string, style byte) {
		for _, tpl := range templates {
			m, n := testmsg.Parse(text), testmsg.Parse(text)
			m.DayStyle[0] = message.DayPadding(style % 3)
			n.DayStyle = m.DayStyle
			got, want := tpl.Append(nil, m, newContext()), withoutRuns(tpl).Append(nil, n, newContext())
			if string(got) != string(want) || m.DayStyle != n.DayStyle {
				t.Errorf("%s: got %q, want %q", tpl.Name, got, want)
			}
		}
	})
}

// A run yields what its parts would.
func TestRunsAreWhatTheirPartsAre(t *testing.T) {
	t.Parallel()
	templates := runTemplates(t)
	texts := []string{
		fox, su, "<13>Feb  3 04:05:06 h app: text\n", "<13>Feb  3 04:05:06 h app:text", "<13>Feb  3 04:05:06 h app:", "<13>Feb  3 04:05:06 h app", "<13>Feb  3 04:05:06 h", "<13>x", "no header", "",
		"<13>1 2026-02-03T04:05:06Z h a p i - text", "<13>1 2026-02-03T04:05:06Z h a p i [x y=\"z\"] text\n", "<13>1 2026-02-03T04:05:06Z h - - - - text", "<13>1 2026-02-03T04:05:06Z h a p i -",
		"<13>Feb 13 04:05:06 h app: text", "<8>Feb 13 04:05:06 h app: text", "<191>Feb 13 04:05:06 h app: text", "<013>Feb 13 04:05:06 h app: text", "<08>Feb 13 04:05:06 h app: text",
		"<13>feb 13 04:05:06 h app: text", "<13>Feb 03 04:05:06 h app: text", "Feb 13 04:05:06 h app: text", "<13>Feb 13 4:05:06 h app: text", "<13>Feb 3 22:14:15. h app: text", "<13> Feb 13 04:05:06 h app: text",
		"<13>1 2026-02-03T04:05:06.123+02:00 h a p i - text", "<13>1 2026-02-03T04:05:06.Z h a p i - text", "<13>1 2026-02-03T04:05:06.1234567Z h a p i - text", "<013>1 2026-02-03T04:05:06Z h a p i - text", "<13>1 - h a p i - text",
		"<13>2026-02-03T04:05:06Z h app: text",
		"<13>1 2026-02-03T04:05:06Z h a p i text", "<13>1 2026-02-03T04:05:06Z h  p i - text", "<13>1 2026-02-03T04:05:06Z   -  - x", "<13>1 - h", "<13>1 -",
	}
	setters := map[string]func(m *message.Message){
		"as received": func(*message.Message) {},
		"host":        func(m *message.Message) { m.SetHostname([]byte("other")) },
		"raw":         func(m *message.Message) { m.SetRaw([]byte("<14>Feb 14 04:05:06 g app: text")) },
		"PRI":         func(m *message.Message) { m.PRI ^= 1 },
		"day":         func(m *message.Message) { m.DayStyle[0] = message.ZeroDay },
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
		slow := withoutRuns(tpl)
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
