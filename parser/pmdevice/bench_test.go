package pmdevice

import (
	"testing"

	"syslogd/message"
	"syslogd/parser"
)

// BenchmarkConformant compares the chain with pmdevice in front to the default one.
func BenchmarkConformant(b *testing.B) {
	for _, c := range []struct{ name, raw string }{
		{"rfc3164", "<38>Jun 15 11:59:58 web01.example.com sshd[24200]: Accepted publickey for deploy from 10.0.0.5 port 53122 ssh2: ED25519 SHA256:AbCdEfGhIjKlMnOpQrStUv"},
		{"rfc3164-nopid", "<38>Jun 15 11:59:58 web01.example.com dhcpd: DHCPACK on 10.0.0.99 to 00:00:5e:00:01:07 (laptop) via eth0 with some more text to read through"},
		{"rfc3339", "<38>2026-06-15T11:59:58.123456+02:00 web01.example.com sshd[24200]: Accepted publickey for deploy from 10.0.0.5 port 53122 ssh2: ED25519 SHA256:AbC"},
		{"rfc5424", "<165>1 2026-06-15T11:59:58.003Z web01.example.com evntslog 24200 ID47 [ex@32473 iut=\"3\" src=\"App\"] An application event log entry with some text"},
	} {
		b.Run(c.name+"/default", func(b *testing.B) { bench(b, parser.New(parser.DefaultOptions(), nil), c.raw) })
		b.Run(c.name+"/device", func(b *testing.B) { bench(b, newParser(b, parser.DefaultOptions(), Config{}), c.raw) })
	}
}

func BenchmarkDevices(b *testing.B) {
	p := newParser(b, parser.DefaultOptions(), Config{})
	for _, raw := range seeds[2:9] {
		b.Run(raw[:24], func(b *testing.B) { bench(b, p, raw) })
	}
}

func bench(b *testing.B, p *parser.Parser, raw string) {
	batch := message.NewBatch(nil)
	m := add(batch, raw)
	o, peer, rec, text := m.Origin, m.Peer, m.Received, []byte(raw)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		batch.Cut(0)
		m := batch.Add(text, o, peer)
		m.Received = rec
		p.Parse(batch, m)
	}
}
