package pmdevice

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"syslogd/message"
	"syslogd/parser"
)

var seeds = []string{
	"<13>May  3 01:02:03 host1 prog[1]: text", "<13>1 2026-05-03T01:02:03Z h a p m [x a=\"b\"] text",
	"<187>5: rtr1: 000012: *May 30 2026 01:02:03.004 CEST: %LINK-3-UPDOWN: up", "<189>88: asr RP/0/RSP0/CPU0:May  3 01:02:03.004 CEST: config[6]: %MGBL-SYS-5-CONFIG_I : x",
	"<134>wlc: *SISF BT: May 03 01:02:03.004: %SISF-4-RADIX: x", "<134>1 1780000000.5 MX84 urls x", "<134> 05/03/2026:01:02:03 GMT ns1 0-PPE-1 : x",
	"<189>date=2026-05-03 time=01:02:03 devname=\"F\" tz=\"-0800\"", "<13>May  3 01:02:03 [f:a.b:alert]: x", "<13>dc1\tMSWinEventLog\t0", "<13>May  3 01:02:03 (\"U,788a20aabbcc,v4\") m[3]: x",
	"<134>w: *T B: May  3 01:02:03: #A-3-B: x", "<189>9: [syslog@9 s=\"1\"]: *May  3 01:02:03: %A-1-B: x", "<189>May  3 01:02:03 f: %S0-M:CP %A-5-B: x", "<189>9: x RP/0/0:May  3 01:02:03 : p[1]: x",
	"<13>May  3 01:02:03 h [f:a.b:alert]: x", "<13>May  3 01:02:03 h 1 1780000000.5 MX84 urls x", "<140>(2026-05-03T01:02:03) f[3]: x", "<13>May  3 01:02:03 <4.6> h(id3) a|b:info In(166) p: x", "<13>0.21 H %%01A/4/B(l)[5]:x",
	"<13>May  3 01:02:03 From l: s[8]: x", "dhcp,info x", "<13>May  3 01:02:03 a: a: x", "<13>May  3 01:02:03 host1 sw1: 12: May  3 01:02:03: %A-1-B: x", "<x", "",
}

// FuzzParse looks for messages that lead out of the text, that lose text, or that
// the short way for conformant messages reads otherwise than the families.
func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	o := parser.DefaultOptions()
	p := newParser(f, o, Config{})
	built, _ := New(Config{}, parserEnv(o))
	d := built.(*device)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := message.NewBatch(nil)
		m := add(b, string(raw))
		p.Parse(b, m)
		if m.Dropped() {
			return
		}
		got := fields(m)
		text := bytes.TrimRight(m.Raw(), " ")
		if !bytes.HasSuffix(text, bytes.TrimRight(m.Msg(), " ")) {
			t.Fatalf("%q: the text %q is not the end", raw, m.Msg())
		}
		if m.Reported != m.Received && m.Reported.Form&message.FromRFC3164 != 0 && m.Reported.Unix() > m.Received.Unix()+day+14*3600 {
			t.Fatalf("%q: time %v lies in the future", raw, m.Reported)
		}
		if bytes.HasPrefix(raw, []byte("z")) {
			return
		}
		short := add(b, string(raw))
		p.Prepare(b, short)
		short.Reported = short.Received
		if short.AfterPRI < 3 || short.AfterPRI > 5 || !d.conformant(short) {
			return
		}
		long := add(b, string(raw))
		p.Prepare(b, long)
		long.Reported = long.Received
		d.read(b, long)
		if long.Program.Len == 0 && long.App.Len != 0 {
			long.Program = span(int(long.App.Off), int(long.App.Off)+parser.ProgramLen(long.Bytes(long.App), false))
		}
		if a := fields(long); a != got {
			t.Fatalf("%q\nshort way %s\nfamilies  %s", raw, got, a)
		}
	})
}

// Time grows with the length of a message, not with its square.
func TestTimeIsLinear(t *testing.T) {
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, part := range []string{"%", "%A-", "a,", "1: ", "a=b ", "[", "May  3 01:02:03 ", "a: ", "0-", ":", "a/", "(", "%A-1-B", "*a:"} {
		for _, head := range []string{"<13>", "<13>May  3 01:02:03 ", "<13>May  3 01:02:03 h ", "<13>1 2026-05-03T01:02:03Z h a - - "} {
			cost := func(n int) time.Duration {
				raw := head + strings.Repeat(part, n/len(part))
				least := time.Hour
				for range 5 {
					b := message.NewBatch(nil)
					m := add(b, raw)
					start := time.Now()
					p.Parse(b, m)
					least = min(least, time.Since(start))
				}
				return least
			}
			// Sixteen times the length must not take more than a hundred times as long.
			short, long := cost(4<<10), cost(64<<10)
			if long > 100*max(short, 20*time.Microsecond) {
				t.Errorf("%q, then %q: %v for 4 KiB, %v for 64 KiB", head, part, short, long)
			}
		}
	}
}

func TestNoAllocationForRecognisedMessages(t *testing.T) {
	p := newParser(t, parser.DefaultOptions(), Config{})
	for _, raw := range seeds {
		if len(raw) < 6 || strings.Contains(raw, "\t") {
			continue
		}
		b := message.NewBatch(nil)
		b.Side(1)
		m := add(b, raw)
		o, peer, rec := m.Origin, m.Peer, m.Received
		text := []byte(raw)
		allocs := testing.AllocsPerRun(50, func() {
			b.Cut(0)
			m := b.Add(text, o, peer)
			m.Received = rec
			p.Parse(b, m)
		})
		if allocs >= 1 {
			t.Errorf("%q: %v allocations", raw, allocs)
		}
	}
}
