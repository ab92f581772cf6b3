package property

import (
	"strings"
	"testing"
	"time"

	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

const (
	rfc5424 = `<165>1 2003-10-11T22:14:15.003456Z host.example.com app/sub 1024 ID47 [ex@1 a="1"] The quick fox`
	rfc3164 = `<34>Oct  1 02:04:05 mymachine su[12]: 'su root' failed`
	noPID   = `<13>1 2003-10-11T22:14:15Z - evntslog - - - `
	headerl = `no header at all`
	invalid = `<999>text`
)

func newContext() *Context {
	return &Context{Globals: &Globals{}, LocalHost: func() string { return "box" }}
}

// get resolves a name and reads it in both ways, which must agree.
func get(t *testing.T, name string, m *message.Message, ctx *Context) string {
	t.Helper()
	p, err := Resolve(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := string(p.Get(m, ctx))
	if appended := string(p.Append([]byte("<"), m, ctx)); appended != "<"+got {
		t.Errorf("%s: Get returns %q, Append %q", name, got, appended)
	}
	return got
}

// Every property of five messages, as rsyslogd 8.2302 prints them.
func TestPropertiesByName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		want [5]string // of rfc5424, rfc3164, noPID, headerl, invalid
	}{
		{"msg", [5]string{"The quick fox", " 'su root' failed", "", " at all", invalid}},
		{"rawmsg", [5]string{rfc5424, rfc3164, noPID, headerl, invalid}},
		{"rawmsg-after-pri", [5]string{rfc5424[5:], rfc3164[4:], noPID[4:], headerl, "text"}},
		{"hostname", [5]string{"host.example.com", "mymachine", "-", "no", "peer.example"}},
		{"source", [5]string{"host.example.com", "mymachine", "-", "no", "peer.example"}},
		{"fromhost", [5]string{"peer.example", "peer.example", "peer.example", "peer.example", "peer.example"}},
		{"fromhost-ip", [5]string{"192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1"}},
		{"fromhost-port", [5]string{"4711", "4711", "4711", "4711", "4711"}},
		{"syslogtag", [5]string{"app/sub[1024]", "su[12]:", "evntslog", "header", ""}},
		{"programname", [5]string{"app", "su", "evntslog", "header", ""}},
		{"app-name", [5]string{"app/sub", "su", "evntslog", "header", "-"}},
		{"procid", [5]string{"1024", "12", "-", "-", "-"}},
		{"msgid", [5]string{"ID47", "-", "-", "-", "-"}},
		{"structured-data", [5]string{`[ex@1 a="1"]`, "-", "-", "-", "-"}},
		{"protocol-version", [5]string{"1", "0", "1", "0", "0"}},
		{"pri", [5]string{"165", "34", "13", "13", "invld"}},
		{"pri-text", [5]string{"local4.notice", "auth.crit", "user.notice", "user.notice", "invld.debug"}},
		{"iut", [5]string{"1", "1", "1", "1", "1"}},
		{"syslogfacility", [5]string{"20", "4", "1", "1", "invld"}},
		{"syslogfacility-text", [5]string{"local4", "auth", "user", "user", "invld"}},
		{"syslogseverity", [5]string{"5", "2", "5", "5", "7"}},
		{"syslogseverity-text", [5]string{"notice", "crit", "notice", "notice", "debug"}},
		{"syslogpriority", [5]string{"5", "2", "5", "5", "7"}},
		{"syslogpriority-text", [5]string{"notice", "crit", "notice", "notice", "debug"}},
		{"timereported", [5]string{"Oct 11 22:14:15", "Oct  1 02:04:05", "Oct 11 22:14:15", "Feb  3 04:05:06", "Feb  3 04:05:06"}},
		{"timestamp", [5]string{"Oct 11 22:14:15", "Oct  1 02:04:05", "Oct 11 22:14:15", "Feb  3 04:05:06", "Feb  3 04:05:06"}},
		{"timegenerated", [5]string{"Feb  3 04:05:06", "Feb  3 04:05:06", "Feb  3 04:05:06", "Feb  3 04:05:06", "Feb  3 04:05:06"}},
		{"timereceived", [5]string{"Feb  3 04:05:06", "Feb  3 04:05:06", "Feb  3 04:05:06", "Feb  3 04:05:06", "Feb  3 04:05:06"}},
		{"inputname", [5]string{"imudp", "imudp", "imudp", "imudp", "imudp"}},
		{"parsesuccess", [5]string{"FAIL", "FAIL", "FAIL", "FAIL", "FAIL"}},
		{"$bom", [5]string{"\ufeff", "\ufeff", "\ufeff", "\ufeff", "\ufeff"}},
		{"$myhostname", [5]string{"box", "box", "box", "box", "box"}},
		{"$!all-json", [5]string{"{}", "{}", "{}", "{}", "{}"}},
		{"$!all-json-plain", [5]string{"{}", "{}", "{}", "{}", "{}"}},
		{"$!", [5]string{}}, {"$.", [5]string{}}, {"$/", [5]string{}}, {"$!a!b", [5]string{}},
	} {
		ctx := newContext()
		for i, raw := range []string{rfc5424, rfc3164, noPID, headerl, invalid} {
			m := testmsg.Parse(raw)
			for _, name := range []string{tt.name, strings.ToUpper(tt.name)} {
				if got := get(t, name, m, ctx); got != tt.want[i] {
					t.Errorf("%s of %q: got %q, want %q", name, raw, got, tt.want[i])
				}
			}
		}
	}
}

func TestParsesuccessOfAModifier(t *testing.T) {
	t.Parallel()
	m := testmsg.Parse(rfc3164)
	m.Flags |= message.ParseOK
	if got := get(t, "parsesuccess", m, newContext()); got != "OK" {
		t.Errorf("got %q", got)
	}
}

func TestSenderWithoutPort(t *testing.T) {
	t.Parallel()
	m := testmsg.Parse(rfc3164)
	m.PeerPort = 0
	if got := get(t, "fromhost-port", m, newContext()); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestUUIDIsMadeOnceForAMessage(t *testing.T) {
	t.Parallel()
	ctx := newContext()
	m, other := testmsg.Parse(rfc3164), testmsg.Parse(rfc3164)
	id := get(t, "uuid", m, ctx)
	if len(id) != 32 || strings.Trim(id, "0123456789ABCDEF") != "" {
		t.Errorf("%q is not 32 upper-case hexadecimal digits", id)
	}
	if get(t, "uuid", m, ctx) != id || get(t, "uuid", m.Clone(), ctx) != id {
		t.Error("a message has two identifiers")
	}
	if get(t, "uuid", other, ctx) == id {
		t.Error("two messages have one identifier")
	}
}

func TestUptimeIsANumber(t *testing.T) {
	t.Parallel()
	got := get(t, "$uptime", testmsg.Parse(rfc3164), newContext())
	if got == "" || strings.Trim(got, "0123456789") != "" {
		t.Errorf("got %q", got)
	}
}

// The clock is read once a batch, and the time is that of processing.
func TestTimeOfProcessing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		now  time.Time
		utc  string // the suffix of the names
		want string
	}{
		{time.Date(2026, 2, 3, 4, 5, 6, 0, time.Local), "", "2026-02-03 2026 02 03 04 00 00 05 2"},
		{time.Date(2023, 12, 31, 23, 59, 59, 0, time.Local), "", "2023-12-31 2023 12 31 23 01 03 59 0"},
		{time.Date(2026, 11, 7, 0, 30, 0, 0, time.UTC), "-utc", "2026-11-07 2026 11 07 00 01 02 30 6"},
		{time.Date(2026, 1, 1, 1, 15, 0, 0, time.FixedZone("", 7200)), "-utc", "2025-12-31 2025 12 31 23 00 01 15 3"},
	} {
		calls := 0
		ctx := newContext()
		ctx.Clock = func() time.Time { calls++; return tt.now }
		ctx.StartBatch()
		m := testmsg.Parse(rfc3164)
		var got []string
		for _, name := range []string{"$now", "$year", "$month", "$day", "$hour", "$hhour", "$qhour", "$minute", "$WDAY"} {
			got = append(got, get(t, name+tt.utc, m, ctx))
		}
		if g := strings.Join(got, " "); g != tt.want || calls != 1 {
			t.Errorf("%v: got %s with %d looks at the clock, want %s", tt.now, g, calls, tt.want)
		}
		ctx.StartBatch()
		if get(t, "$now-unixtimestamp", m, ctx); calls != 2 {
			t.Error("a new batch does not look at the clock")
		}
	}
	ctx := newContext()
	ctx.Clock = func() time.Time { return time.Unix(1770082506, 0) }
	if got := get(t, "$now-unixtimestamp", testmsg.Parse(rfc3164), ctx); got != "1770082506" {
		t.Errorf("$now-unixtimestamp: got %s", got)
	}
}

func TestJSONMesg(t *testing.T) {
	t.Parallel()
	m := testmsg.Parse(rfc3164)
	m.Reported.Year = 2003
	m.Reported.Sign, m.Reported.OffHour, m.Reported.OffMin = '+', 0, 0
	ctx := newContext()
	const want = `{ "msg": " 'su root' failed", "rawmsg": "<34>Oct  1 02:04:05 mymachine su[12]: 'su root' failed", ` +
		`"timereported": "2003-10-01T02:04:05+00:00", "hostname": "mymachine", "syslogtag": "su[12]:", "inputname": "imudp", ` +
		`"fromhost": "peer.example", "fromhost-ip": "192.0.2.1", "pri": "34", "syslogfacility": "4", "syslogseverity": "2", ` +
		`"timegenerated": "2026-02-03T04:05:06.123400+02:30", "programname": "su", "protocol-version": "0", "structured-data": "-", ` +
		`"app-name": "su", "procid": "12", "msgid": "-", "uuid": null, "$!": null }`
	if got := get(t, "jsonmesg", m, ctx); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	m.SetUUID([]byte("ABC"))
	m.JSON = &message.Tree{}
	m.JSON.Set(message.ParsePath("a"), message.IntValue(1), false, false)
	ctx.CompactJSON = true
	if got := get(t, "jsonmesg", m, ctx); !strings.HasSuffix(got, `"msgid":"-","uuid":"ABC","$!":{"a":1}}`) {
		t.Errorf("got %s", got)
	}
}

func TestUnknownPropertiesAndSuggestions(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "", "$": "", "bogus": "", "hostnam": "hostname", "mssg": "msg", "now": "$now", "YEAR": "$year", "hour-utc": "$hour-utc", "myhostname": "$myhostname",
		"bom": "$bom", "$nov": "$now", "syslogseverity-txt": "syslogseverity-text", "a!b": "", "$msg": "msg",
	} {
		p, err := Resolve(name)
		unknown, ok := err.(*UnknownError)
		if !ok {
			t.Errorf("%q resolves to %+v, %v", name, p, err)
			continue
		}
		if unknown.Suggestion != want || unknown.Name != name {
			t.Errorf("%q: the error is about %q and suggests %q, want %q", name, unknown.Name, unknown.Suggestion, want)
		}
	}
}
