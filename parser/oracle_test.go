package parser

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	syslog "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"syslogd/message"
)

// rawParse reads text with one parser and without Prepare, so that nothing is escaped.
func rawParse(p MessageParser, text []byte) (*message.Message, bool) {
	m := new(message.Message)
	m.SetText(text)
	m.Origin, m.Peer = network, message.NewPeer("127.0.0.1", "localhost")
	m.Received = message.TimestampOf(received)
	m.Reported = m.Received
	m.PRI, m.AfterPRI = scanPRI(text)
	return m, p.Parse(message.NewBatch(nil), m)
}

// againstRFC5424 compares what go-syslog's strict machine reads in text with
// what RFC5424 reads. It returns "" if they agree or if the machine refuses
// text, which is what most of real life gets from it.
func againstRFC5424(machine syslog.Machine, text []byte) string {
	parsed, err := machine.Parse(text)
	if err != nil || parsed == nil {
		return ""
	}
	want := parsed.(*rfc5424.SyslogMessage)
	switch {
	case want.Version != 1:
		return "" // rsyslogd gives other versions to the RFC 3164 parser
	case want.Timestamp != nil && want.Timestamp.Year() >= 2100:
		return "" // rsyslogd reads years up to 2099 only; then the header ends there
	case endsInBackslash(want.StructuredData):
		return "" // an SD-ID that ends with a backslash: rsyslogd takes \] for an escaped bracket
	}
	m, ok := rawParse(RFC5424{}, text)
	if !ok {
		return "not taken"
	}
	var diffs []string
	check := func(name string, got []byte, want *string) {
		w := "-"
		if want != nil {
			w = *want
		}
		if string(got) != w {
			diffs = append(diffs, fmt.Sprintf("%s: got %q, oracle %q", name, got, w))
		}
	}
	if want.Priority == nil || uint8(m.PRI) != *want.Priority {
		diffs = append(diffs, fmt.Sprintf("PRI: got %d", m.PRI))
	}
	if t := want.Timestamp; t == nil {
		if m.Reported != m.Received {
			diffs = append(diffs, "time: got one, oracle has none")
		}
	} else if !m.Reported.Time().Equal(*t) {
		diffs = append(diffs, fmt.Sprintf("time: got %v, oracle %v", m.Reported.Time(), t))
	}
	check("host", m.Hostname(), want.Hostname)
	check("app-name", m.AppName(), want.Appname)
	check("procid", m.ProcID(), want.ProcID)
	check("msgid", m.MsgID(), want.MsgID)
	msg := ""
	if want.Message != nil {
		msg = *want.Message
	}
	check("msg", m.Msg(), &msg)
	if d := diffStructuredData(m.StructuredData(), want.StructuredData); d != "" {
		diffs = append(diffs, d)
	}
	return strings.Join(diffs, "; ")
}

func endsInBackslash(sd *map[string]map[string]string) bool {
	if sd == nil {
		return false
	}
	for id := range *sd {
		if strings.HasSuffix(id, `\`) {
			return true
		}
	}
	return false
}

// diffStructuredData compares raw structured data, which is all that rsyslogd
// keeps, with the decoded form of the oracle.
func diffStructuredData(raw []byte, want *map[string]map[string]string) string {
	got := decodeStructuredData(string(raw))
	if want == nil {
		want = &map[string]map[string]string{}
	}
	if !maps.EqualFunc(got, *want, maps.Equal) {
		return fmt.Sprintf("structured data: got %q, oracle %q", got, *want)
	}
	return ""
}

func decodeStructuredData(s string) map[string]map[string]string {
	out := map[string]map[string]string{}
	for strings.HasPrefix(s, "[") {
		end := strings.IndexAny(s, " ]")
		params := map[string]string{}
		out[s[1:end]] = params
		for s = s[end:]; strings.HasPrefix(s, " "); {
			name, rest, _ := strings.Cut(s[1:], `="`)
			var value []byte
			i := 0
			for ; rest[i] != '"'; i++ {
				if rest[i] == '\\' && strings.IndexByte(`"\]`, rest[i+1]) >= 0 {
					i++
				}
				value = append(value, rest[i])
			}
			params[name], s = string(value), rest[i+1:]
		}
		s = s[1:]
	}
	return out
}

// conformant are texts that RFC 5424 allows, beside those in testdata/messages.
var conformant = []string{
	"<34>1 - - - - - -",
	"<34>1 - - - - - - ",
	"<34>1 - - - - - - msg",
	"<0>1 2003-10-11T22:14:15Z h a p m -",
	"<191>1 1985-04-12T23:20:50.52Z h a p m - x",
	"<165>1 1985-04-12T19:20:50.52-04:00 h a p m - x",
	"<165>1 2003-08-24T05:14:15.000003-07:00 h a p m - x",
	"<165>1 2003-10-11T22:14:15.003Z h a p m [a] x",
	"<165>1 2003-10-11T22:14:15.003Z h a p m [a][b@1 x=\"\"] x",
	"<165>1 2003-10-11T22:14:15.003Z h a p m [a x=\"1\" x=\"2\"]",
	`<165>1 2003-10-11T22:14:15.003Z h a p m [a x="\"\\\]"] x`,
	`<165>1 2003-10-11T22:14:15.003Z h a p m [a x="\] y"] z`,
	`<165>1 2003-10-11T22:14:15.003Z h a p m [a x="[ü"] z`,
	"<165>1 2003-10-11T22:14:15.003Z h a p m - \ufeffwith BOM",
	"<165>1 2003-10-11T22:14:15.003Z h a p m -  two blanks",
	"<165>1 2003-10-11T22:14:15.003Z h a p m [a] [no more data]",
	"<13>1 2026-02-28T23:59:59+23:59 " + "h255" + " a: p[1] m/1 - x",
	"<13>1 2099-12-31T23:59:59.999999Z 2001:db8::1 !#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ p m - x",
}

func oracleTexts(t testing.TB) [][]byte {
	texts := messages(t, "rfc5424.txt")
	for _, s := range conformant {
		texts = append(texts, []byte(s))
	}
	return texts
}

func TestRFC5424AgainstOracle(t *testing.T) {
	t.Parallel()
	machine := rfc5424.NewMachine()
	for _, text := range oracleTexts(t) {
		if _, err := machine.Parse(text); err != nil {
			t.Errorf("%s: the oracle refuses it: %v", text, err)
		}
		if diff := againstRFC5424(machine, text); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
	for _, file := range []string{"rfc5424", "malformed", "odd"} {
		for _, c := range readPairs(t, "testdata/fields/"+file+".txt") {
			if diff := againstRFC5424(machine, []byte(c.in)); diff != "" {
				t.Errorf("%q\n%s", c.in, diff)
			}
		}
	}
}

func FuzzRFC5424AgainstOracle(f *testing.F) {
	for _, text := range oracleTexts(f) {
		f.Add(text)
	}
	machine := rfc5424.NewMachine()
	f.Fuzz(func(t *testing.T, text []byte) {
		if diff := againstRFC5424(machine, text); diff != "" {
			t.Errorf("%q\n%s", text, diff)
		}
	})
}

// TestRFC3164AgainstOracle reads messages that keep to RFC 3164. rsyslogd keeps
// the blank in front of the text, and ends the program name where a path or a
// byte that is no ASCII begins; the tag is what the oracle has as program.
func TestRFC3164AgainstOracle(t *testing.T) {
	t.Parallel()
	machine := rfc3164.NewMachine(rfc3164.WithYear(rfc3164.Year{YYYY: 2026}))
	for _, text := range messages(t, "rfc3164.txt") {
		parsed, err := machine.Parse(text)
		if err != nil {
			t.Errorf("%s: the oracle refuses it: %v", text, err)
			continue
		}
		want := parsed.(*rfc3164.SyslogMessage)
		m, _ := rawParse(&RFC3164{}, text)
		tag := *want.Appname
		if want.ProcID != nil {
			tag += "[" + *want.ProcID + "]"
		}
		got := fmt.Sprintf("%d %v %s %s%s", m.PRI, m.Reported.Time(), m.Hostname(), m.Tag(nil), m.Msg())
		if w := fmt.Sprintf("%d %v %s %s: %s", *want.Priority, want.Timestamp, *want.Hostname, tag, *want.Message); got != w {
			t.Errorf("%s\n   got %s\noracle %s", text, got, w)
		}
	}
}

// FuzzRFC3164 checks that the fast readers of time stamps agree with the slow
// ones, that times are read as the oracle reads them, and that no text is lost.
func FuzzRFC3164(f *testing.F) {
	for _, text := range messages(f, "rfc3164.txt") {
		f.Add(text)
	}
	for _, file := range []string{"rfc3164", "odd", "malformed"} {
		for _, c := range readPairs(f, "testdata/fields/"+file+".txt") {
			f.Add([]byte(c.in))
		}
	}
	machine := rfc3164.NewMachine(rfc3164.WithYear(rfc3164.Year{YYYY: 2026}))
	f.Fuzz(func(t *testing.T, text []byte) {
		checkFastTimes(t, text)
		m, ok := rawParse(&RFC3164{}, text)
		if !ok {
			t.Fatal("not taken")
		}
		checkSpans(t, m)
		head := text[m.AfterPRI : len(text)-len(m.Msg())]
		if host := m.Bytes(m.Host); !bytes.Contains(head, host) || !bytes.HasSuffix(head, m.Bytes(m.TagText)) {
			t.Errorf("%q: host %q, tag %q", text, host, m.Bytes(m.TagText))
		}
		parsed, err := machine.Parse(text)
		if err != nil || parsed == nil {
			return
		}
		want := parsed.(*rfc3164.SyslogMessage)
		if want.Timestamp == nil || m.Reported == m.Received || m.Reported.Day > 28 {
			return // a day that the month does not have is kept as it was sent
		}
		if got := m.Reported.Time(); !got.Equal(*want.Timestamp) {
			t.Errorf("%q: got %v, oracle %v", text, got, want.Timestamp)
		}
	})
}

func checkFastTimes(t *testing.T, text []byte) {
	t.Helper()
	_, after := scanPRI(text)
	text = text[after:]
	now := message.TimestampOf(received)
	fast, slow := now, now
	if n := fastRFC3164(text, &fast); n > 0 {
		if n != slowRFC3164(text, &slow, false) || fast != slow {
			t.Errorf("%q: fast %v, slow %v", text, fast, slow)
		}
	} else if fast != now {
		t.Errorf("%q: changed the time without reading one", text)
	}
	fast, slow = now, now
	if n := fastRFC3339(text, &fast, nil); n > 0 {
		if n != slowRFC3339(text, &slow) || fast != slow {
			t.Errorf("%q: fast %v, slow %v", text, fast, slow)
		}
	} else if fast != now {
		t.Errorf("%q: changed the time without reading one", text)
	}
}

// checkSpans reads every property and checks what must be true of any message.
func checkSpans(t *testing.T, m *message.Message) {
	t.Helper()
	raw := m.Raw()
	for _, s := range []message.Span{m.MsgText, m.Host, m.TagText, m.Program, m.App, m.Proc, m.ID, m.SD} {
		if int(s.Off)+int(s.Len) > len(raw) {
			t.Fatalf("%q: span %v is outside of the text", raw, s)
		}
	}
	if !bytes.HasSuffix(raw, m.Msg()) {
		t.Errorf("%q: text %q is not the end", raw, m.Msg())
	}
	if tag := m.Tag(nil); !bytes.HasPrefix(tag, m.ProgramName()) {
		t.Errorf("%q: tag %q, program %q", raw, tag, m.ProgramName())
	}
	_ = [][]byte{m.Hostname(), m.AppName(), m.ProcID(), m.MsgID(), m.StructuredData(), m.RawAfterPRI()}
	r := &m.Reported
	if r.Month < 1 || r.Month > 12 || r.Day < 1 || r.Day > 31 || r.Hour > 23 || r.Minute > 59 || r.Second > 60 || r.Digits > 127 || r.Year < 0 || r.Year > 2100 {
		t.Errorf("%q: time %v", raw, *r)
	}
	if s := string(r.AppendRFC3339(nil)); len(s) < len("2003-10-11T22:14:15Z") {
		t.Errorf("%q: time %s", raw, s)
	}
}

// FuzzParse runs any text through everything, with all options on and off.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"rfc3164", "rfc5424", "odd", "malformed", "python"} {
		for _, c := range readPairs(f, "testdata/fields/"+file+".txt") {
			f.Add([]byte(c.in), uint16(0))
		}
	}
	f.Add([]byte(deflate(f, "<13>Oct 11 22:14:15 h app: x")), uint16(0xffff))
	f.Fuzz(func(t *testing.T, text []byte, bits uint16) {
		on := func(i int) bool { return bits>>i&1 == 1 }
		o := Options{
			EscapeControlCharacters: on(0), EscapePrefix: '#', EscapeTab: on(1), EscapeCStyle: on(2), Escape8Bit: on(3), SpaceLF: on(4),
			DropTrailingLF: on(5), DropTrailingCR: on(6), PermitSlashInProgramName: on(7), ParseHostnameAndTag: on(8), Decompress: on(9), MaxMessageSize: 128,
		}
		c := RFC3164Config{
			YearAfterTimestamp: on(10), SquareBracketsInHostname: on(11), SlashesInHostname: on(12), AtSignsInHostname: on(13), TagEndingByColon: false, RemoveMsgFirstSpace: on(14),
		}
		origin := &message.Origin{NoHostname: on(15)}
		if on(14) && on(15) {
			origin.Format = message.LocalSocket
		}
		start := time.Now()
		m := parse(t, New(o, Chain{RFC5424{}, NewRFC3164(c)}), origin, string(text))
		if time.Since(start) > time.Second {
			t.Errorf("%v for %d bytes", time.Since(start), len(text))
		}
		if m.Dropped() {
			if len(text) > 0 {
				t.Errorf("%q: dropped", text)
			}
			return
		}
		checkSpans(t, m)
		if bytes.IndexByte(m.Raw(), 0) >= 0 {
			t.Errorf("%q: NUL left in %q", text, m.Raw())
		}
	})
}
