package parser_test

import (
	"bufio"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/engine"
	"syslogd/message"
	"syslogd/parser"
	"syslogd/router/property"
)

// received is when the messages of these tests arrive: they were recorded in 2026.
var received = time.Date(2026, time.November, 24, 13, 0, 0, 0, time.UTC)

// runner gives messages to a configuration.
type runner struct {
	*engine.DryRun
	in    *engine.Input
	lines []string
}

func (*runner) Enter(syntax.Node, *message.Message, *property.Context) func(bool) {
	return func(bool) {}
}
func (*runner) Parsed(*engine.Parsed)          {}
func (r *runner) Delivered(d engine.Delivered) { r.lines = append(r.lines, string(d.Text)) }

// dialect is a configuration with modules and a chain of parsers.
func dialect(t testing.TB, input, objects, chain, template string) *runner {
	t.Helper()
	conf := `global(localHostname="vm")
module(load="imudp") module(load="imuxsock" sysSock.use="off")
` + objects + `
template(name="f" type="string" string="` + template + `")
ruleset(name="in" parser=[` + chain + `]) { action(type="omfile" file="/nowhere" template="f") }
input(type="imudp" port="0" ruleset="in")
input(type="imuxsock" socket="/nowhere" useSpecialParser="off" ruleset="in")
`
	cfg, diags, err := config.Load("test.conf", []byte(conf), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{}
	r.DryRun, err = engine.NewDryRun(cfg, engine.Env{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return received }}, r, diags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	for _, d := range diags.All() {
		t.Fatalf("%s: %s", d.Range.Start, d.Text)
	}
	if r.in, err = r.Input(input); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *runner) send(text string) string {
	r.lines = nil
	r.Run(r.in, netip.Addr{}, []byte(text))
	return strings.Join(r.lines, "\n")
}

// pairs reads a file of pairs of lines, as Go strings: a message, and what
// rsyslogd 8.2302 wrote for it when it came by a local socket, whose messages
// have no host name. Unlike rsyslogd, a blank behind a Snare tag is no tab.
func pairs(t *testing.T, file string) [][2]string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata/dialects", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out [][2]string
	var text string
	lines := bufio.NewScanner(f)
	for half := false; lines.Scan(); {
		if lines.Text() == "" {
			continue
		}
		s, err := strconv.Unquote(lines.Text())
		if err != nil {
			t.Fatalf("%s: %s: %v", file, lines.Text(), err)
		}
		if half {
			out = append(out, [2]string{text, s})
		}
		text, half = s, !half
	}
	if len(out) == 0 {
		t.Fatalf("%s has no pairs", file)
	}
	return out
}

const (
	ciscoObjects = `module(load="pmciscoios") timezone(id="CET" offset="+01:00") timezone(id="PDT" offset="-07:00")`
	repairs      = `module(load="pmaixforwardedfrom") module(load="pmsnare") module(load="pmcisconames") module(load="pmlastmsg")`
	repairChain  = `"rsyslog.lastline","rsyslog.aixforwardedfrom","rsyslog.cisconames","rsyslog.snare","rsyslog.rfc5424","rsyslog.rfc3164"`
)

func TestDialectsAsRsyslogdReadsThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ file, objects, chain, template string }{
		{"ciscoios.txt", ciscoObjects, `"rsyslog.ciscoios","rsyslog.rfc3164"`, "%timereported:::date-rfc3339%|%hostname%|%syslogtag%|%msg%|%protocol-version%"},
		{"repair.txt", repairs, repairChain, "%hostname%|%syslogtag%|%msg%|%rawmsg%"},
	} {
		r := dialect(t, "imuxsock", test.objects, test.chain, test.template)
		for _, p := range pairs(t, test.file) {
			got := strings.Replace(r.send(p[0]), received.Format("2006-01-02T15:04:05.000000-07:00"), "received", 1)
			if got != p[1] {
				t.Errorf("%s: %q\n got  %q\n want %q", test.file, p[0], got, p[1])
			}
		}
	}
}

func TestDialectsWithParameters(t *testing.T) {
	t.Parallel()
	const f = "%hostname%|%syslogtag%|%msg%|%pri%"
	for _, test := range []struct{ name, objects, chain, text, want string }{
		{"IOS with origin", `module(load="pmciscoios") parser(name="p" type="pmciscoios" present.origin="on")`, `"p"`,
			"<189>148: rtr1: *Oct 11 22:14:15.339: %SYS-5-CONFIG_I: Configured", "rtr1|%SYS-5-CONFIG_I:| Configured|189"},
		{"IOS with an IPv6 origin", `module(load="pmciscoios") parser(name="p" type="pmciscoios" present.origin="on")`, `"p"`,
			"<189>148: 2001:db8::1: Oct 11 22:14:15: %SYS-5-CONFIG_I: Configured", "2001:db8::1|%SYS-5-CONFIG_I:| Configured|189"},
		{"IOS without the origin", `module(load="pmciscoios") parser(name="p" type="pmciscoios" present.origin="on")`, `"p"`,
			"<189>148: Oct 11 22:14:15: %SYS-5-CONFIG_I: Configured", ""},
		{"IOS XR", `module(load="pmciscoios") parser(name="p" type="pmciscoios" present.origin="on" present.xr="on")`, `"p"`,
			"<187>148: xr1: RP/0/RSP0/CPU0:Oct 11 22:14:15.339 : ifmgr[123]: %PKT_INFRA-LINK-3-UPDOWN : Interface up", "xr1|%PKT_INFRA-LINK-3-UPDOWN:| Interface up|187"},
		{"pmnull", `module(load="pmnull")`, `"rsyslog.pmnull"`, "<189>Oct 11 22:14:15 h app: x", "vm||<189>Oct 11 22:14:15 h app: x|13"},
		{"pmnull with parameters", `module(load="pmnull") parser(name="p" type="pmnull" tag="t[1]:" syslogFacility="local7" syslogSeverity="debug")`, `"p"`,
			"any text", "vm|t[1]:|any text|191"},
		{"snare with C style escapes", `module(load="pmsnare") global(parser.escapeControlCharactersCStyle="on")`, `"rsyslog.snare","rsyslog.rfc3164"`,
			"<14>other.lab.home\tMSWinEventLog\t1\tSecurity\t606129", `other.lab.home|MSWinEventLog| 1\tSecurity\t606129|14`},
		{"snare with tabs", `module(load="pmsnare") global(parser.escapeControlCharacterTab="off")`, `"rsyslog.snare","rsyslog.rfc3164"`,
			"<14>other.lab.home\tMSWinEventLog\t1\tSecurity\t606129", "other.lab.home|MSWinEventLog| 1\tSecurity\t606129|14"},
	} {
		if got := dialect(t, "imudp", test.objects, test.chain, f).send(test.text); got != test.want {
			t.Errorf("%s:\n got  %q\n want %q", test.name, got, test.want)
		}
	}
}

func TestAParserMustBeLoaded(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]string{
		`ruleset(name="r" parser=["rsyslog.lastline"]) { stop }`:                         `load it first: module(load="pmlastmsg")`,
		`parser(name="p" type="pmnull")`:                                                 `load it first: module(load="pmnull")`,
		`module(load="pmlastmsg") ruleset(name="r" parser=["rsyslog.lastlin"]) { stop }`: `did you mean "rsyslog.lastline"?`,
	} {
		_, diags, err := config.Load("x.conf", []byte(conf), engine.Modules(), config.Options{})
		if err != nil || diags.Len() == 0 || diags.All()[0].Hint != want {
			t.Errorf("%s: want the hint %s in %+v", conf, want, diags.All())
		}
	}
}

func FuzzDialects(f *testing.F) {
	for _, s := range []string{
		"<189>148: rtr1: *Oct 11 22:14:15.339 CET: %SYS-5-CONFIG_I: x", "<13>Oct 11 22:14:15 Message forwarded from aixbox: su: x", "<166>Oct 11 22:14:15 asa1 : %ASA-6-302013: x",
		"<14>other.lab.home\tMSWinEventLog\t1\tSecurity", "last message repeated 3 times", "<189>: : : %", "<14>\t", "<13>From ", "<187>1: x: y:Oct 11 22:14:15 : z: %A : t",
	} {
		f.Add([]byte(s))
	}
	all := dialect(f, "imudp", repairs+` module(load="pmciscoios")
parser(name="o" type="pmciscoios" present.origin="on") parser(name="x" type="pmciscoios" present.origin="on" present.xr="on")`,
		`"x","o","rsyslog.ciscoios",`+repairChain, "%rawmsg%%msg%%syslogtag%%programname%%hostname%%procid%")
	f.Fuzz(func(t *testing.T, text []byte) {
		if got := all.send(string(text)); got == "" && len(text) > 0 && strings.Trim(string(text), "\n\x00") != "" {
			t.Fatalf("%q was lost", text)
		}
	})
}

// The short way to the end of structured data comes to what the scanner says.
func TestStructuredDataLen(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "x": 0, "- x": 1, "[a] x": 3, "[a][b c=\"d\"] x": 12, "[a b=\"]\"] x": 9, "[a b=\"\\\"]\"] x": 11, "[a b=\"c\\\\\"] x": 11,
		"[a b=\"x\" c=\"]\"] t": 15, "[a b=\"x\\\"]\"] t": 12, "[a b=\"\"][c d=\"e\"]": 17,
		"[a": 0, "[a b=\"]": 0, "[a][b": 3, "[a:\"b\"; ]": 9,
	} {
		if got := parser.StructuredDataLen([]byte(text)); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}
