package engine_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/output"
	"syslogd/router"
)

// The product of what a message can go through: parsers, then two modifiers, then
// everything that reads one: templates with all options, and all kinds of functions.
const productReads = `
template(name="all" type="list") {
	property(name="msg" regex.expression="([a-z]+)=(.*)" regex.type="ERE" regex.submatch="2" regex.nomatchmode="FIELD")
	property(name="rawmsg" field.number="2" field.delimiter="32") property(name="hostname" position.from="2" position.to="5" caseconversion="upper")
	property(name="msg" controlcharacters="escape" droplastlf="on" spifno1stsp="on") property(name="programname" securepath="replace")
	property(name="syslogtag" format="jsonf" outname="t") property(name="structured-data" format="json") property(name="jsonmesg") property(name="$!all-json")
	property(name="rawmsg-after-pri" compressspace="on") property(name="$!device") property(name="procid") property(name="msgid") property(name="app-name")
	property(name="timereported" dateformat="rfc3339") property(name="fromhost-ip") property(name="pri-text")
}
set $.x = replace($msg, "a", $hostname) & field($rawmsg, 32, 3) & re_extract($msg, "([0-9.]+)", 1, 1, "none") & substring($syslogtag, 1, 3);
set $!y = split($msg, " ");
foreach ($.i in $!y) do { set $!n = $!n + cnum($.i); }
set $.z = exec_template("all") & wrap($programname, "'", "_") & parse_json($msg, "\$!j") & unflatten($!, "_") & strlen($!device);
if $msg contains_i "x" or re_match($!device!fields!devname, "[A-Z]") then { set $!hit = tolower($hostname); }
action(type="omfile" file="/dev/null" name="one" template="all")
action(type="omfile" file="/dev/null" name="two" template="RSYSLOG_SyslogProtocol23Format")
action(type="omfile" file="/dev/null" name="three" template="RSYSLOG_ForwardFormat")
`

// productModifiers are actions that change a message.
var productModifiers = []string{
	"", "mmanon", "mmcef", `mmcount" appname="app`, "mmfields", `mmfields" separator=" `, "mmjsonparse", `mmjsonparse" mode="find-json`, "mmkv",
	`mmnormalize" rule="rule=:%a:word% %b:number% %c:rest%`, "mmpstrucdata", "mmrm1stspace", "mmutf8fix", `mmutf8fix" mode="controlcharacters`, `mmanon" ipv4.mode="simple`,
}

var productParsers = []string{
	`["rsyslog.rfc5424","rsyslog.rfc3164"]`, `["syslogd.device"]`,
	`["rsyslog.aixforwardedfrom","rsyslog.ciscoios","rsyslog.cisconames","rsyslog.lastline","rsyslog.snare","rsyslog.rfc5424","rsyslog.rfc3164"]`, `["rsyslog.pmnull"]`,
}

// product is a configuration with a parser chain and two modifiers.
func product(t testing.TB, parsers, first, second string, repeats bool) *router.Router {
	t.Helper()
	var b strings.Builder
	if repeats {
		b.WriteString("$RepeatedMsgReduction on\n")
	}
	for _, m := range []string{"pmaixforwardedfrom", "pmciscoios", "pmcisconames", "pmlastmsg", "pmsnare", "pmnull", "pmdevice", "fmunflatten", "mmanon", "mmcef", "mmcount",
		"mmfields", "mmjsonparse", "mmkv", "mmnormalize", "mmpstrucdata", "mmrm1stspace", "mmutf8fix"} {
		fmt.Fprintf(&b, "module(load=%q)\n", m)
	}
	body := ""
	for _, m := range []string{first, second} {
		if m != "" {
			body += fmt.Sprintf("action(type=\"%s\")\n", m)
		}
	}
	at := strings.Index(productReads, "set $.x")
	fmt.Fprintf(&b, "%s\nruleset(name=\"r\" parser=%s) {\n%s%s}\n", productReads[:at], parsers, body, productReads[at:])
	cfg, diags, err := config.Load("product.conf", []byte(b.String()), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(cfg, engine.Env{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, diags)
	for _, d := range diags.All() {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s\n%s", d.Range.Start, d.Text, b.String())
		}
	}
	r := e.Router()
	r.Barrier = nil // a panic is what is looked for
	for _, a := range r.Actions {
		if a.Delivery != nil {
			a.Delivery = output.NewDelivery(discard{}, output.Policy{}, slog.New(slog.DiscardHandler), time.Now)
		}
	}
	return r
}

type discard struct{}

func (discard) Write(context.Context, *output.Batch) error { return nil }
func (discard) Close() error                               { return nil }

// FuzzProduct runs a message through a parser chain, two modifiers and all that reads a
// message, and once more as a queue on disk gives it back. Nothing may panic, and the
// message is in order behind every step.
func FuzzProduct(f *testing.F) {
	texts := []string{
		"<13>date=2024-03-01 time=10:00:00 srcip=1.2.3.244 dstip=192.168.100.255 devname=FGHOST", "<13>Oct 11 22:14:15 host app[1]: text 1.2.3.4 a=b",
		`<13>1 2003-10-11T22:14:15.003Z host app 1 ID [a@1 x="y"] @cee:{"a":{"b":[1,2]}}`, "<189>77: host: *Mar  1 18:48:50: %SYS-5-CONFIG_I: text", "<13>CEF:0|v|p|1|id|name|5|src=1.2.3.4",
		"<13>{\"a_b\":1}", "<999>no pri 10.0.0.1", "", "<13>", "<13>host\tMSWinEventLog\t1\tSystem", "<13>last message repeated 3 times", "<13>Message forwarded from host: app: x",
		"<4>1 1374543213.342210640 MX84 urls src=192.168.1.186:63735 dst=69.58.188.40:80",
	}
	for i, text := range texts {
		for j := range 8 {
			f.Add(text, uint8(i*3+j), uint8(i+5*j), uint8(j*7+i), j%2 == 0)
		}
	}
	routers := map[string]*router.Router{}
	f.Fuzz(func(t *testing.T, text string, parsers, first, second uint8, repeats bool) {
		if len(text) > 4<<10 {
			return
		}
		p := productParsers[int(parsers)%len(productParsers)]
		a, b := productModifiers[int(first)%len(productModifiers)], productModifiers[int(second)%len(productModifiers)]
		key := fmt.Sprint(p, a, b, repeats)
		r := routers[key]
		if r == nil {
			r = product(t, p, a, b, repeats)
			routers[key] = r
		}
		runProduct(t, r, text)
	})
}

func runProduct(t *testing.T, r *router.Router, text string) {
	origin, peer := &message.Origin{Name: "fuzz"}, message.NewPeer("192.0.2.1", "sender")
	in := message.NewBatch(nil)
	in.Ruleset, in.Received = "r", time.Unix(1700000000, 0)
	for range 4 {
		in.Add(slices.Concat([]byte(text), []byte("<13>behind"))[:len(text)], origin, peer)
	}
	in.Add([]byte("<13>Oct 11 22:14:15 host other: message"), origin, peer)
	in.StampReceived()
	in.Retain()
	w := r.NewWorker(t.Context())
	w.Run(in)
	check := func(b *message.Batch, where string) {
		for i := range b.Msgs {
			if err := b.Msgs[i].Check(); err != nil {
				t.Fatalf("%s, message %d: %v", where, i, err)
			}
		}
	}
	check(in, "behind the ruleset")
	var dec message.Decoder
	out := message.NewBatch(nil)
	if err := dec.Append(out, message.AppendBatch(nil, in, 0, in.Len())); err != nil {
		t.Fatalf("decoded: %v", err)
	}
	check(out, "decoded")
	out.Retain()
	r.NewWorker(t.Context()).Run(out)
	check(out, "decoded and behind the ruleset")
	w.ProcessRepeats()
}
