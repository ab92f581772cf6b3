package pmdevice

import (
	"testing"
	"time"

	"syslogd/message"
	"syslogd/parser"
)

func TestMissingYear(t *testing.T) {
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, c := range []struct{ name, at, sent, want string }{
		{"now", "2026-06-15T12:00:00Z", "Jun 15 11:59:59", "2026-06-15T11:59:59Z"},
		{"a December message in January", "2026-01-01T00:00:05Z", "Dec 31 23:59:59", "2025-12-31T23:59:59Z"},
		{"held back for weeks", "2026-02-01T00:00:05Z", "Nov 22 10:00:00", "2025-11-22T10:00:00Z"},
		{"a clock that is ahead over New Year", "2026-12-31T23:59:58Z", "Jan  1 00:00:03", "2027-01-01T00:00:03Z"},
		{"a clock that is hours ahead", "2026-06-15T12:00:00Z", "Jun 16 09:00:00", "2026-06-16T09:00:00Z"},
		{"never more than a day", "2026-06-15T12:00:00Z", "Jun 16 12:00:01", "2025-06-16T12:00:01Z"},
		{"a leap day", "2026-03-01T00:00:00Z", "Feb 29 23:59:59", "2024-02-29T23:59:59Z"},
		{"a leap day in its year", "2028-03-01T00:00:00Z", "Feb 29 23:59:59", "2028-02-29T23:59:59Z"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		// Conformant, and as a dialect.
		for _, raw := range []string{"<13>" + c.sent + " host1 app: x", "<13>7: " + c.sent + ": %SYS-5-X: x", "<13>" + c.sent + "  host1 app: x"} {
			b := message.NewBatch(nil)
			m := add(b, raw)
			m.Received = message.TimestampOf(at)
			p.Parse(b, m)
			if got := m.Reported.Time().Format(time.RFC3339); got != c.want {
				t.Errorf("%s: %q received %s: got %s, want %s", c.name, raw, c.at, got, c.want)
			}
		}
	}
}

func TestZonesOfSenders(t *testing.T) {
	o := parser.DefaultOptions()
	built, err := New(Config{}, parserEnv(o))
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(o, parser.Chain{built})
	for raw, want := range map[string]string{
		"<13>Jun 15 11:59:59 host1 app: x":         "2026-06-15T11:59:59+05:30",
		"<13>Jun 15 11:59:59  host1 app: x":        "2026-06-15T11:59:59+05:30",
		"<13>7: Jun 15 11:59:59: %SYS-5-X: x":      "2026-06-15T11:59:59+05:30",
		"<13>7: Jun 15 11:59:59 CEST: %SYS-5-X: x": "2026-06-15T11:59:59+02:00",
		"<13>Jun 15 11:59:59 IST host1 app: x":     "2026-06-15T11:59:59+05:30",
	} {
		b := message.NewBatch(nil)
		m := add(b, raw)
		m.Origin = &message.Origin{DefaultTZ: &message.Zone{Sign: '+', Hour: 5, Min: 30}}
		p.Parse(b, m)
		if got := string(m.Reported.AppendRFC3339(nil)); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}
