package parser

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"syslogd/message"
)

// received is when all messages of the tests arrive.
var received = time.Date(2026, 11, 23, 8, 30, 15, 123456000, time.UTC)

var network = &message.Origin{Name: "imudp"}

// parse runs text through p as an input would.
func parse(t testing.TB, p *Parser, o *message.Origin, text string) *message.Message {
	t.Helper()
	b := message.NewBatch(nil)
	b.Received = received
	b.Add([]byte(text), o, message.NewPeer("127.0.0.1", "localhost"))
	b.Msgs[0].Received = message.TimestampOf(received)
	p.Parse(b, &b.Msgs[0])
	m := b.Msgs[0].Clone()
	b.Release()
	return m
}

// fields shows a message as the files below testdata/fields have it.
func fields(m *message.Message) string {
	pri := strconv.Itoa(int(m.PRI))
	if m.PRI == message.InvalidPRI {
		pri = "invld"
	}
	ts := string(m.Reported.AppendRFC3339(nil))
	if m.Reported == m.Received {
		ts = "received"
	}
	return fmt.Sprintf("pri=%s ts=%s host=[%s] tag=[%s] prog=[%s] app=[%s] procid=[%s] msgid=[%s] sd=[%s] ver=%d msg=[%s]",
		pri, ts, m.Hostname(), m.Tag(nil), m.ProgramName(), m.AppName(), m.ProcID(), m.MsgID(), m.StructuredData(), m.Protocol, m.Msg())
}

// TestFieldsAsRsyslogdReadsThem goes through files of pairs of lines: a
// datagram as Go string, and the properties that rsyslogd 8.2302 printed for it
// with its default configuration (as Go string where they hold bytes that do
// not print). They were recorded in 2026: the year that is missing in a time
// stamp is that of reception.
func TestFieldsAsRsyslogdReadsThem(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/fields/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	p := New(DefaultOptions(), nil)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			for _, c := range readPairs(t, file) {
				if got := fields(parse(t, p, network, c.in)); got != c.want {
					t.Errorf("%s: %q\n got %s\nwant %s", c.title, c.in, got, c.want)
				}
			}
		})
	}
}

type pair struct{ title, in, want string }

func readPairs(t testing.TB, file string) []pair {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []pair
	title, in := "", ""
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line := sc.Text()
		switch {
		case line == "":
		case strings.HasPrefix(line, "# "):
			title = line[2:]
		case in == "":
			in = unquote(t, line)
		default:
			if line[0] == '"' {
				line = unquote(t, line)
			}
			pairs = append(pairs, pair{title, in, line})
			in = ""
		}
	}
	return pairs
}

func unquote(t testing.TB, s string) string {
	t.Helper()
	u, err := strconv.Unquote(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return u
}

// TestUnlikeRsyslogd holds the texts that are read differently on purpose.
func TestUnlikeRsyslogd(t *testing.T) {
	t.Parallel()
	p := New(DefaultOptions(), nil)
	const head, want = "<13>1 2003-10-11T22:14:15Z h app 1 ID ", "pri=13 ts=2003-10-11T22:14:15Z host=[h] tag=[app[1]] prog=[app] app=[app] procid=[1] msgid=[ID] "
	for _, c := range []struct{ name, in, want string }{
		{"structured data without a blank behind it", head + `[a x="1"]msg text`, want + `sd=[[a x="1"]] ver=1 msg=[msg text]`},
		{"structured data that is not closed", head + `[a x="1" msg text`, want + `sd=[-] ver=1 msg=[[a x="1" msg text]`},
		{"a bracket and nothing else", head + `[`, want + `sd=[-] ver=1 msg=[[]`},
		{"a year in front and nothing behind", "<13>2019 Oct 11 22:14:15",
			"pri=13 ts=2019-10-11T22:14:15+00:00 host=[localhost] tag=[] prog=[] app=[-] procid=[-] msgid=[-] sd=[-] ver=0 msg=[]"},
		{"a year in front and a host behind", "<13>2019 Oct 11 22:14:15 h",
			"pri=13 ts=2019-10-11T22:14:15+00:00 host=[h] tag=[] prog=[] app=[-] procid=[-] msgid=[-] sd=[-] ver=0 msg=[]"},
	} {
		if got := fields(parse(t, p, network, c.in)); got != c.want {
			t.Errorf("%s: %q\n got %s\nwant %s", c.name, c.in, got, c.want)
		}
	}
}

func TestRFC3164Parameters(t *testing.T) {
	t.Parallel()
	const head = "<13>Oct 11 22:14:15 "
	for _, c := range []struct {
		name            string
		conf            RFC3164Config
		in              string
		host, tag, text string
	}{
		{"year behind the time", RFC3164Config{YearAfterTimestamp: true}, head + "2019 h app: x", "h", "app:", " x"},
		{"year behind the time, none there", RFC3164Config{YearAfterTimestamp: true}, head + "h app: x", "h", "app:", " x"},
		{"year behind the time, number out of range", RFC3164Config{YearAfterTimestamp: true}, head + "1999 app: x", "1999", "app:", " x"},
		{"year behind the time ends the text", RFC3164Config{YearAfterTimestamp: true}, head + "2019", "localhost", "", ""},
		{"brackets", RFC3164Config{SquareBracketsInHostname: true}, head + "[192.0.2.9] app: x", "[192.0.2.9]", "app:", " x"},
		{"brackets around an IPv6 address", RFC3164Config{SquareBracketsInHostname: true}, head + "[2001:db8::1] app: x", "localhost", "[2001:", "db8::1] app: x"},
		{"slash", RFC3164Config{SlashesInHostname: true}, head + "a/b app: x", "a/b", "app:", " x"},
		{"slash, none there", RFC3164Config{SlashesInHostname: true}, head + "plain app: x", "plain", "app:", " x"},
		{"at sign", RFC3164Config{AtSignsInHostname: true}, head + "a@b app: x", "a@b", "app:", " x"},
		{"colon wanted, none there", RFC3164Config{TagEndingByColon: true}, head + "h app text: more", "h", "-", " app text: more"},
		{"colon wanted, pid", RFC3164Config{TagEndingByColon: true}, head + "h app[1] text: more", "h", "-", " app[1] text: more"},
		{"colon wanted and there", RFC3164Config{TagEndingByColon: true}, head + "h app[1]: text", "h", "app[1]:", " text"},
		{"colon wanted, no host", RFC3164Config{TagEndingByColon: true}, "<13>(app) text", "localhost", "-", "(app) text"},
		{"first blank removed", RFC3164Config{RemoveMsgFirstSpace: true}, head + "h app: text", "h", "app:", "text"},
		{"first of two blanks removed", RFC3164Config{RemoveMsgFirstSpace: true}, head + "h app:  two", "h", "app:", " two"},
		{"first blank removed, none there", RFC3164Config{RemoveMsgFirstSpace: true}, head + "h app:none", "h", "app:", "none"},
		{"headerless", RFC3164Config{Headerless: true, HeaderlessTag: "headerless"}, "this is not syslog", "127.0.0.1", "headerless", "this is not syslog"},
		{"headerless with names", RFC3164Config{Headerless: true, HeaderlessHost: "n/a", HeaderlessTag: "hdr"}, "some: text", "n/a", "hdr", "some: text"},
		{"headerless, but PRI", RFC3164Config{Headerless: true, HeaderlessTag: "hdr"}, "<13>h app: x", "h", "app:", " x"},
		{"headerless, but time", RFC3164Config{Headerless: true, HeaderlessTag: "hdr"}, "Oct 11 22:14:15 h app: x", "h", "app:", " x"},
		{"headerless, but JSON", RFC3164Config{Headerless: true, HeaderlessTag: "hdr"}, ` {"a":1}`, "localhost", "", ` {"a":1}`},
	} {
		m := parse(t, New(DefaultOptions(), Chain{NewRFC3164(c.conf)}), network, c.in)
		if string(m.Hostname()) != c.host || string(m.Tag(nil)) != c.tag || string(m.Msg()) != c.text {
			t.Errorf("%s: %q\n got host=[%s] tag=[%s] msg=[%s]\nwant host=[%s] tag=[%s] msg=[%s]", c.name, c.in, m.Hostname(), m.Tag(nil), m.Msg(), c.host, c.tag, c.text)
		}
	}
	m := parse(t, New(DefaultOptions(), Chain{NewRFC3164(RFC3164Config{YearAfterTimestamp: true})}), network, head+"2019 h app: x")
	if got := string(m.Reported.AppendRFC3339(nil)); got != "2019-10-11T22:14:15+00:00" {
		t.Errorf("year behind the time: got %s", got)
	}
}

func TestChainsAndOrigins(t *testing.T) {
	t.Parallel()
	const old, new = "<13>Oct 11 22:14:15 h app: x", "<13>1 2003-10-11T22:14:15Z h app 1 ID - msg"
	only3164 := New(DefaultOptions(), Chain{NewRFC3164(RFC3164Config{})})
	if got, want := fields(parse(t, only3164, network, new)), "pri=13 ts=received host=[1] tag=[2003-10-11T22:] prog=[2003-10-11T22] app=[2003-10-11T22] procid=[-] msgid=[-] sd=[-] ver=0 msg=[14:15Z h app 1 ID - msg]"; got != want {
		t.Errorf("only RFC 3164\n got %s\nwant %s", got, want)
	}
	only5424 := New(DefaultOptions(), Chain{RFC5424{}})
	if parse(t, only5424, network, new).Dropped() || !parse(t, only5424, network, old).Dropped() {
		t.Error("a message that no parser of the chain takes is not dropped, or another one is")
	}
	p := New(DefaultOptions(), nil)
	if m := parse(t, p, network, ""); !m.Dropped() {
		t.Error("an empty message is not dropped")
	}
	drop := New(DefaultOptions(), Chain{NewRFC3164(RFC3164Config{Headerless: true, HeaderlessDrop: true})})
	if m := parse(t, drop, network, "text"); !m.Dropped() {
		t.Error("a headerless message is not dropped")
	}
	for _, c := range []struct {
		name   string
		origin message.Origin
		in     string
		want   string
	}{
		{"no host name", message.Origin{NoHostname: true}, "<13>Oct 11 22:14:15 web1 app: text", "2026-10-11T22:14:15+00:00 localhost web1| app: text"},
		{"default zone", message.Origin{DefaultTZ: &message.Zone{Sign: '+', Hour: 5, Min: 30}}, old, "2026-10-11T22:14:15+05:30 h app:| x"},
		{"default zone, zone in the text", message.Origin{DefaultTZ: &message.Zone{Sign: '+', Hour: 5}}, "<13>2003-10-11T22:14:15-07:00 h app: x", "2003-10-11T22:14:15-07:00 h app:| x"},
		{"time ignored", message.Origin{IgnoreTimestamp: true}, old, "2026-11-23T08:30:15.123456+00:00 h app:| x"},
		{"time ignored, RFC 5424", message.Origin{IgnoreTimestamp: true}, new, "2026-11-23T08:30:15.123456+00:00 h app[1]|msg"},
	} {
		m := parse(t, p, &c.origin, c.in)
		if got := fmt.Sprintf("%s %s %s|%s", m.Reported.AppendRFC3339(nil), m.Hostname(), m.Tag(nil), m.Msg()); got != c.want {
			t.Errorf("%s: %q\n got %s\nwant %s", c.name, c.in, got, c.want)
		}
	}
}

func TestStructuredMessagesAreLeftAlone(t *testing.T) {
	t.Parallel()
	p := New(DefaultOptions(), nil)
	m := parse(t, p, &message.Origin{Format: message.Structured}, "a\tline\n")
	if string(m.Raw()) != "a\tline\n" || m.Flags != 0 || m.MsgText.Len != 0 {
		t.Errorf("changed: %q %v", m.Raw(), m.Flags)
	}
}

func TestHostnameAndTagOff(t *testing.T) {
	t.Parallel()
	o := DefaultOptions()
	o.ParseHostnameAndTag = false
	m := parse(t, New(o, nil), network, "<13>Oct 11 22:14:15 h app: x")
	if string(m.Hostname()) != "localhost" || len(m.Tag(nil)) != 0 || string(m.Msg()) != "h app: x" {
		t.Errorf("got host=[%s] tag=[%s] msg=[%s]", m.Hostname(), m.Tag(nil), m.Msg())
	}
}

func TestSlashInProgramName(t *testing.T) {
	t.Parallel()
	o := DefaultOptions()
	o.PermitSlashInProgramName = true
	for in, want := range map[string]string{
		"<13>Oct 11 22:14:15 h a/b/c[9]: x":                "a/b/c",
		"<13>1 2003-10-11T22:14:15Z h postfix/smtpd 1 - -": "postfix/smtpd",
	} {
		if got := parse(t, New(o, nil), network, in).ProgramName(); string(got) != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestLocalSocket(t *testing.T) {
	t.Parallel()
	p := New(DefaultOptions(), nil)
	long := strings.Repeat("t", 600)
	for _, c := range []struct{ in, want string }{
		{"<13>Oct 11 22:14:15 app[12]: text", "13 2026-10-11T22:14:15+00:00 [app[12]:] [app] [12] [ text]"},
		{"<86>Oct 11 22:14:15 su: pam_unix(su:session): opened", "86 2026-10-11T22:14:15+00:00 [su:] [su] [-] [ pam_unix(su:session): opened]"},
		{"<13>Oct 11 22:14:15 web1 app: text", "13 2026-10-11T22:14:15+00:00 [web1] [web1] [-] [ app: text]"},
		{"<14>python-app: hello\x00", "14 received [python-app:] [python-app] [-] [ hello]"},
		{"<14>hello world\x00", "14 received [hello] [hello] [-] [ world]"},
		{"<13>1 2003-10-11T22:14:15Z web1 app 1 ID - text", "13 received [1] [1] [-] [ 2003-10-11T22:14:15Z web1 app 1 ID - text]"},
		{"<13>2003-10-11T22:14:15.003+02:00 app: y", "13 2003-10-11T22:14:15.003+02:00 [app:] [app] [-] [ y]"},
		{"<13>Oct 11 22:14:15 app: one\ntwo\n", "13 2026-10-11T22:14:15+00:00 [app:] [app] [-] [ one#012two]"},
		{"<13>app:text more", "13 received [app:text] [app] [-] [ more]"},
		{"<13> Oct 11 22:14:15 app: x", "13 received [] [] [-] [ Oct 11 22:14:15 app: x]"},
		{"<13>[x] app: y", "13 received [[x]] [] [x] [ app: y]"},
		{"<13>", "13 received [] [] [-] []"},
		{"<192>app: x", "199 received [app:] [app] [-] [ x]"},
		{"<13>" + long + " x", "13 received [" + long[:511] + "] [" + long[:511] + "] [-] [" + long[511:] + " x]"},
		// Unlike rsyslogd, which eats two bytes of it.
		{"app: hello", "13 received [app:] [app] [-] [ hello]"},
		{"<13app: x", "199 received [] [] [-] [<13app: x]"},
	} {
		m := parse(t, p, &message.Origin{Format: message.LocalSocket, NoHostname: true}, c.in)
		ts := string(m.Reported.AppendRFC3339(nil))
		if m.Reported == m.Received {
			ts = "received"
		}
		got := fmt.Sprintf("%d %s [%s] [%s] [%s] [%s]", m.PRI, ts, m.Tag(nil), m.ProgramName(), m.ProcID(), m.Msg())
		if got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.in, got, c.want)
		}
	}
	m := parse(t, p, &message.Origin{Format: message.LocalSocket, IgnoreTimestamp: true}, "<13>Oct 11 22:14:15 app: x")
	if m.Reported != m.Received || string(m.Tag(nil)) != "app:" {
		t.Error("the time is not ignored, or not skipped")
	}
}

func TestPriorityWithManyDigits(t *testing.T) {
	t.Parallel()
	p := New(DefaultOptions(), nil)
	for _, c := range []struct {
		zeros int
		want  message.Priority
	}{{0, 13}, {3, 13}, {240, 13}, {251, 13}, {252, message.InvalidPRI}, {5000, message.InvalidPRI}} {
		m := parse(t, p, network, "<"+strings.Repeat("0", c.zeros)+"13>app: x")
		if m.PRI != c.want {
			t.Errorf("%d zeros: got %d, want %d", c.zeros, m.PRI, c.want)
		}
		if c.want != message.InvalidPRI && string(m.Msg()) != " x" {
			t.Errorf("%d zeros: text %q", c.zeros, m.Msg())
		}
	}
}

func TestMessageThatKeepsToTheRFCIsParsedWithoutAllocation(t *testing.T) {
	p := New(DefaultOptions(), nil)
	for _, file := range []string{"rfc3164.txt", "rfc5424.txt"} {
		for _, line := range messages(t, file) {
			b := message.NewBatch(nil)
			m := b.Add(line, network, message.NewPeer("192.0.2.1", "h"))
			m.Received = message.TimestampOf(received)
			if n := testing.AllocsPerRun(100, func() {
				m.SetText(line)
				p.Parse(b, m)
			}); n != 0 {
				t.Errorf("%s: %.0f allocations", line, n)
			}
			b.Release()
		}
	}
}

// messages returns the lines of a file of representative messages.
func messages(t testing.TB, file string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../testdata/messages", file))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	for _, l := range lines {
		if len(l) == 0 || !utf8.Valid(l) {
			t.Fatalf("%s: odd line %q", file, l)
		}
	}
	return lines
}

func benchmark(b *testing.B, lines [][]byte) {
	p := New(DefaultOptions(), nil)
	batch := message.NewBatch(nil)
	peer := message.NewPeer("192.0.2.1", "h")
	size := 0
	for _, l := range lines {
		batch.Add(l, network, peer)
		size += len(l)
	}
	batch.Received = received
	batch.StampReceived()
	b.SetBytes(int64(size / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m := &batch.Msgs[i]
		// As if it had just been added.
		m.ReplaceRaw(lines[i])
		m.Flags, m.Protocol, m.Program.Len = 0, 0, 0
		p.Parse(batch, m)
		if i++; i == len(lines) {
			i = 0
		}
	}
	batch.Release()
}

func BenchmarkRFC3164(b *testing.B) { benchmark(b, messages(b, "rfc3164.txt")) }

func BenchmarkRFC5424(b *testing.B) { benchmark(b, messages(b, "rfc5424.txt")) }

func BenchmarkRFC3164Line150(b *testing.B) {
	benchmark(b, [][]byte{[]byte("<38>Oct 11 22:14:15 web01 sshd[12345]: Accepted publickey for deploy from 192.0.2.7 port 54321 ssh2: ED25519 SHA256:Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3Jhd")})
}

func BenchmarkRFC5424Line300(b *testing.B) {
	benchmark(b, [][]byte{[]byte("<134>1 2026-10-11T22:14:15.003456Z host0007 prog04 1039 ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"][origin@32473 ip=\"192.0.2.1\" software=\"sender\"] " + strings.Repeat("some text ", 13))})
}

func BenchmarkEscaping(b *testing.B) {
	text := []byte("<11>Oct 11 22:14:15 web01 app[77]: boom\nTraceback (most recent call last):\n  File \"x.py\", line 1\nZeroDivisionError: division by zero")
	p := New(DefaultOptions(), nil)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		batch := message.NewBatch(nil)
		p.Parse(batch, batch.Add(text, network, nil))
		batch.Release()
	}
}

// Six digits of a second count, however many there are, and a time stays a time.
func TestLongFractions(t *testing.T) {
	t.Parallel()
	p := New(DefaultOptions(), nil)
	for _, c := range []struct{ fraction, want, utc string }{
		{"123456", "123456", "123456"},
		{"1234567", "123456", "123456"},
		{"123456789", "123456", "123456"},
		{"1999999999", "199999", "199999"},
		{"2147483630", "214748", "214748"}, // no time for rsyslogd 8.2302
		{"0000000000123", "000000", "000000"},
		{"0000010", "000001", "000001"},
		{strings.Repeat("0", 150) + "1234567", "000000", "000000"},
	} {
		for _, text := range []string{
			"<165>1 2003-10-11T22:14:15." + c.fraction + "Z h app - ID - x",
			"<165>2003-10-11T22:14:15." + c.fraction + "Z h app: x",
		} {
			m := parse(t, p, network, text)
			got := string(m.Reported.AppendRFC3339(nil))
			u := m.Reported.UTC()
			utc := string(u.AppendRFC3339(nil))
			want, wantUTC := "2003-10-11T22:14:15."+c.want+"Z", "2003-10-11T22:14:15."+c.utc+"+00:00"
			if got != want || utc != wantUTC || string(m.Bytes(m.Host)) != "h" {
				t.Errorf("%s: got %q, in UTC %q, want %q, %q", text, got, utc, want, wantUTC)
			}
		}
	}
}

// TestWhatWasReadBeforeChangesNothing: the time stamps that a batch remembers are used
// only where reading them again yields the same.
func TestWhatWasReadBeforeChangesNothing(t *testing.T) {
	t.Parallel()
	texts := []string{
		"<13>Oct 11 22:14:15 h app: text", "<13>Oct 11 22:14:15.", "<13>Oct 11 22:14:15.123 h app: text", "<13>Oct 11 22:14:15:", "<13>Oct 11 22:14:15:x h app: text",
		"<13>Oct 11 22:14:15 2003 h app: text", "<13>oct 11 22:14:15 h app: text", "<13>Oct 1 22:14:15. h app: text",
		"<13>2003-10-1T1:1:1Z", "<13>2003-10-1T1:1:1Zx h app: text", "<13>1 2003-10-11T22:14:15Z h a p i - x", "<13>1 2003-10-11T22:14:15.5+02:00 h a p i - x", "<13>2003-10-11T22:14:15.5Z h app: x",
	}
	read := func(p *Parser, b *message.Batch, text string) string {
		m := b.Add([]byte(text), network, peerOfTests)
		m.Received = message.TimestampOf(received)
		p.Parse(b, m)
		return fmt.Sprintf("%+v host=%s tag=%s msg=%q flags=%b", m.Reported, m.Bytes(m.Host), m.Bytes(m.TagText), m.Msg(), m.Flags)
	}
	for _, c := range []RFC3164Config{{}, {YearAfterTimestamp: true}} {
		p := New(DefaultOptions(), Chain{RFC5424{}, NewRFC3164(c)})
		for _, before := range texts {
			for _, text := range texts {
				alone := read(p, &message.Batch{}, text)
				b := &message.Batch{}
				read(New(DefaultOptions(), nil), b, before)
				if got := read(p, b, text); got != alone {
					t.Errorf("%q behind %q, %+v:\n got %s\nwant %s", text, before, c, got, alone)
				}
			}
		}
	}
}

var peerOfTests = message.NewPeer("192.0.2.1", "h")
