package pmdevice

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/parser"
)

func TestDetails(t *testing.T) {
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, c := range [][2]string{
		{"<187>77: *Mar  1 18:48:50: %LINK-SP-3-UPDOWN: up", `{"recogniser":"cisco","vendor":"Cisco","mnemonic":"LINK-SP-3-UPDOWN","facility":"LINK-SP","severity":"3","name":"UPDOWN","sequence":"77","unsynchronised":true}`},
		{"<187>Mar  1 18:48:50: %ASA-6-302013: up", `{"recogniser":"cisco","vendor":"Cisco","mnemonic":"ASA-6-302013","facility":"ASA","severity":"6","name":"302013"}`},
		{"<189>88: a RP/0/RSP0/CPU0:May  3 01:02:03.004 : config[6]: %MGBL-SYS-5-CONFIG_I : x", `{"recogniser":"cisco","vendor":"Cisco","mnemonic":"MGBL-SYS-5-CONFIG_I","facility":"MGBL-SYS","severity":"5","name":"CONFIG_I","sequence":"88"}`},
		{"<189>May  3 01:02:03 leaf1 Ebra: %LINEPROTO-5-UPDOWN: down", `{"recogniser":"conformant","mnemonic":"LINEPROTO-5-UPDOWN","facility":"LINEPROTO","severity":"5","name":"UPDOWN","vendor":"Arista"}`},
		{"<188>May  3 2026 01:02:03 HW %%01SHELL/4/LOGINFAIL(l)[31]:Failed", `{"recogniser":"rfc3164","vendor":"Huawei","mnemonic":"SHELL\/4\/LOGINFAIL","facility":"SHELL","severity":"4","name":"LOGINFAIL","sequence":"31"}`},
		{"<188>May  3 01:02:03 2026 H3C %%10SHELL/5/LOGIN: x", `{"recogniser":"rfc3164","vendor":"HPE Comware","mnemonic":"SHELL\/5\/LOGIN","facility":"SHELL","severity":"5","name":"LOGIN"}`},
		{"<13>May  3 01:02:03 bigip1 err tmm3[2001]: 01010028:3: No members", `{"recogniser":"rfc3164","vendor":"F5","mnemonic":"01010028","severity":"3"}`},
		{"<14>1 2026-05-03T01:02:03Z fw RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.39 a=\"b\"]", `{"recogniser":"conformant","vendor":"Juniper","mnemonic":"RT_FLOW_SESSION_DENY"}`},
		{"<134>1 1780000000.5 MX84 urls x", `{"recogniser":"meraki","vendor":"Cisco Meraki","mnemonic":"urls"}`},
		{"<189>date=2026-05-03 time=01:02:03 devname=f a=\"b c\"", `{"recogniser":"key_value","vendor":"Fortinet","fields":{"date":"2026-05-03","time":"01:02:03","devname":"f","a":"b c"}}`},
		{"<189>May  3 01:02:03 waf1 CEF:0|A|B|1|2|n|3|a=b c d=e", `{"recogniser":"conformant","format":"CEF","vendor":"A","product":"B","version":"1","mnemonic":"2","name":"n","severity":"3","fields":{"a":"b c","d":"e"}}`},
		{"<189>May  3 01:02:03 web1 su: failed", `{"recogniser":"conformant"}`},
		{"<189>1 2026-05-03T01:02:03Z f - - - - date=2026-05-03 time=01:02:03 devname=f", `{"recogniser":"conformant","vendor":"Fortinet","fields":{"date":"2026-05-03","time":"01:02:03","devname":"f"}}`},
		{"<189>May  3 01:02:03: %STKUNIT1-M:CP %SEC-5-LOGIN_SUCCESS: x", `{"recogniser":"cisco","vendor":"Dell","mnemonic":"SEC-5-LOGIN_SUCCESS","facility":"SEC","severity":"5","name":"LOGIN_SUCCESS"}`},
		{"<189>45: [syslog@9 s_sn=\"3\"]: *May  3 01:02:03: %A-1-B: x", `{"recogniser":"cisco","vendor":"Cisco","mnemonic":"A-1-B","facility":"A","severity":"1","name":"B","sequence":"45","unsynchronised":true}`},
		{"<30>May  3 01:02:03 r1 system,info,account user admin", `{"recogniser":"rfc3164","vendor":"MikroTik","mnemonic":"system,info,account"}`},
		{"<14>1 2026-05-03T01:02:03Z cp CheckPoint 1 - [fields@1.3.6.1.4.1.2620 a=\"b\"]", `{"recogniser":"conformant","vendor":"Check Point"}`},
		{"<14>1 2026-05-03T01:02:03Z sc1 Tanium 1 - [Question@017472 a=\"b\"] x", `{"recogniser":"conformant","vendor":"Tanium"}`},
		{"<14>May  3 01:02:03 pa1 1,2026/05/03 01:02:03,0011,TRAFFIC,end", `{"recogniser":"untagged","vendor":"Palo Alto Networks"}`},
		{"<28>May  3 01:02:03 mx1 rpd[7]: %DAEMON-4-BGP_CONNECT_FAILED: x", `{"recogniser":"conformant","mnemonic":"DAEMON-4-BGP_CONNECT_FAILED","facility":"DAEMON","severity":"4","name":"BGP_CONNECT_FAILED","vendor":"Juniper"}`},
		{"nothing at all", `{"recogniser":"text"}`},
	} {
		b := message.NewBatch(nil)
		m := add(b, c[0])
		p.Parse(b, m)
		if m.JSON != nil {
			t.Errorf("%s: variables were made without being asked for", c[0])
		}
		v := m.Variable(message.ParsePath("device"), false)
		if got := string(v.AppendJSON(nil, true)); got != c[1] {
			t.Errorf("%s\n got  %s\n want %s", c[0], got, c[1])
		}
	}
}

// A variable that the configuration has set stands before the parser's.
func TestDetailsGiveWay(t *testing.T) {
	p := newParser(t, parser.DefaultOptions(), Config{})
	b := message.NewBatch(nil)
	m := add(b, "<187>77: %A-1-B: x")
	p.Parse(b, m)
	m.JSON = &message.Tree{}
	m.JSON.Set(message.ParsePath("device!vendor"), message.StringValue("mine"), false, false)
	if v := m.Variable(message.ParsePath("device!vendor"), false); v.Text() != "mine" {
		t.Errorf("got %q", v.Text())
	}
	if v := m.Variable(message.ParsePath("other"), false); v != nil {
		t.Errorf("a variable that nobody set: %v", v)
	}
	if v := m.Clone().Variable(message.ParsePath("device!mnemonic"), false); v == nil || v.Text() != "A-1-B" {
		t.Errorf("a copy has no details: %v", v)
	}
}

// The table of senders is bounded, the totals go on.
func TestSendersThatAreNotUnderstood(t *testing.T) {
	set := &metrics.Set{}
	o := parser.DefaultOptions()
	built, err := New(Config{}, module.ParserEnv{Options: o, Metrics: set, Name: Name})
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(o, parser.Chain{built})
	b := message.NewBatch(nil)
	for i := range 100 {
		for _, raw := range []string{"<13>nothing here", "<13>7: %SYS-5-CONFIG_I: x", "<13>May  3 01:02:03 h app: x", "<999>x"} {
			m := add(b, raw)
			ip := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}).String()
			m.Peer = message.NewPeer(ip, ip)
			p.Parse(b, m)
		}
	}
	got := map[string]float64{}
	for _, o := range set.Objects() {
		for _, n := range o.Numbers {
			if v := n.Read(); v != 0 {
				got[fmt.Sprint(n.Name, o.Extra)] = v
			}
		}
	}
	want := map[string]float64{
		"parser_messages_recognised_total[[recogniser text]]":  200,
		"parser_messages_recognised_total[[recogniser cisco]]": 100, "parser_messages_recognised_total[[recogniser bad_pri]]": 100,
		"parser_unread_senders[]": 64, "parser_unread_messages_other_senders_total[]": 72,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n got  %v\n want %v", got, want)
	}
}

// Every recogniser has a counter, and some rule that leads to it.
func TestEveryRecogniserCounts(t *testing.T) {
	set := &metrics.Set{}
	o := parser.DefaultOptions()
	built, err := New(Config{}, module.ParserEnv{Options: o, Metrics: set, Name: Name})
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(o, parser.Chain{built})
	d := built.(*device)
	b := message.NewBatch(nil)
	messages, conformant := 0, 0
	for _, r := range rules {
		for _, c := range slices.Concat(r.hits, r.misses) {
			m := add(b, c[0])
			p.Parse(b, m)
			messages++
			// A mark within is cut out by a family; explained is the text without it.
			if d.Explain(m) == "it keeps to the RFC" && len(m.Raw()) == len(strings.TrimPrefix(c[0], mark)) {
				conformant++
			}
		}
	}
	total := 0.0
	for _, o := range set.Objects() {
		for _, n := range o.Numbers {
			if n.Name != "parser_messages_recognised_total" {
				continue
			}
			v := n.Read()
			if v == 0 {
				t.Errorf("no rule leads to %v", o.Extra)
			}
			if o.Extra[0][1] != kindNames[badPRI][0] { // beside what the text is
				total += v
			}
		}
	}
	if want := float64(messages - conformant); total != want {
		t.Errorf("%v messages are counted, want %v", total, want)
	}
}

// Whose name counts is decided behind the dialect.
func TestWhoseNameCounts(t *testing.T) {
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, c := range []struct {
		raw, message, auto string
	}{
		{"<189>77: rtr1: May  3 01:02:03: %A-1-B: x", "rtr1", "rtr1"},
		{"<189>77: May  3 01:02:03: %A-1-B: x", sender, sender},
		{"<189>77: localhost: May  3 01:02:03: %A-1-B: x", "localhost", sender},
		{"<13>1 2026-05-03T01:02:03Z localhost a - - - x", "localhost", sender},
		{"<13>May  3 01:02:03 localhost.localdomain a: x", "localhost.localdomain", sender},
		{"<189>date=2026-05-03 time=01:02:03 devname=fw1", "fw1", "fw1"},
	} {
		for trust, want := range map[message.HostTrust]string{message.HostFromMessage: c.message, message.HostAuto: c.auto, message.HostFromSender: sender} {
			b := message.NewBatch(nil)
			m := add(b, c.raw)
			m.Origin = &message.Origin{Trust: trust}
			p.Parse(b, m)
			if got := string(m.Hostname()); got != want {
				t.Errorf("%s, trust %d: got %s, want %s", c.raw, trust, got, want)
			}
		}
	}
}
