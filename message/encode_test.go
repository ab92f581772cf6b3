package message

import (
	"net/netip"
	"reflect"
	"testing"
	"time"
)

// travelled is a batch with all that a message may carry.
func travelled() *Batch {
	b := NewBatch(nil)
	b.Ruleset, b.Received = "remote", time.Unix(1700000000, 123456789)
	tcp := &Origin{Name: "imtcp", DefaultTZ: &Zone{'-', 3, 30}, Trust: HostAuto, Tag: []byte("t"),
		Zones: []NetworkZone{{netip.MustParsePrefix("2001:db8::/32"), Zone{'Z', 0, 0}}, {netip.MustParsePrefix("10.0.0.0/8"), Zone{'+', 5, 30}}}}
	local := &Origin{Name: "imuxsock", Format: LocalSocket, NoHostname: true, IgnoreTimestamp: true}
	known := NewPeer("192.0.2.1", "web1")
	known.Addr = netip.MustParseAddr("192.0.2.1")
	unknown := &Peer{Addr: netip.MustParseAddr("2001:db8::1%eth0"), IP: []byte("2001:db8::1"), Resolve: func(*Peer) []byte { return nil }}

	m := b.Add([]byte("<13>Oct 11 22:14:15 h app[12]: raw"), tcp, known)
	m.PRI, m.AfterPRI, m.PeerPort, m.Flags = 13, 4, 514, Parsed|HasHostname
	m.Received, m.Reported = TimestampOf(b.Received), Timestamp{Year: 2026, Month: 10, Day: 11, Hour: 22, Minute: 14, Second: 15, Sign: '+', Form: FromRFC3164}
	m.Host, m.TagText, m.Program, m.MsgText = Span{20, 1}, Span{22, 8}, Span{22, 3}, Span{30, 4}
	m.SetMsg([]byte("changed"))
	m.DayStyle[1] = ZeroDay
	m.SetUUID([]byte("an id"))
	m.JSON, m.Local = &Tree{}, &Tree{}
	m.JSON.Set(ParsePath("a!b"), ArrayValue(IntValue(-5), RealValue(1.5), BoolValue(true), Value{}, StringValue("x")), false, true)
	m.Local.Set(ParsePath("n"), IntValue(7), false, true)

	m = b.Add([]byte("not parsed"), tcp, known)
	m.Received = b.Msgs[0].Received
	m.PRI = InvalidPRI
	m.Details = told("one")
	m = b.Add([]byte("<165>1 - - - - - - x"), local, unknown)
	m.Protocol, m.PRI, m.App = 1, 165, Span{9, 1}
	m.Received = TimestampOf(b.Received.Add(time.Second))
	m.Reported = m.Received
	m = b.Add([]byte(""), tcp, known)
	m.Received = b.Msgs[0].Received
	m.Details = told("two")
	m = b.Add([]byte(""), local, known)
	m.Received = b.Msgs[0].Received
	m.Details = told("one")
	return b
}

// told is a parser that tells its name.
type told string

func (d told) Details(*Message) Value { return StringValue(string(d)) }
func (d told) DetailsName() string    { return string(d) }

func TestAnEncodedBatchIsWhatItWas(t *testing.T) {
	t.Parallel()
	b := travelled()
	p := AppendBatch([]byte("before"), b, 0, b.Len())[len("before"):]
	dec := &Decoder{Resolve: func(*Peer) []byte { return []byte("found") }, Details: func(name string) Details { return told(name) }}
	for range 2 { // the second time inputs and senders are known
		got := NewBatch(nil)
		if err := dec.Append(got, p); err != nil {
			t.Fatal(err)
		}
		if got.Ruleset != b.Ruleset || !got.Received.Equal(b.Received) || got.Len() != b.Len() {
			t.Fatalf("ruleset %q, received %v, %d messages", got.Ruleset, got.Received, got.Len())
		}
		for i := range b.Msgs {
			want, have := b.Msgs[i], got.Msgs[i]
			if !reflect.DeepEqual(want.Origin, have.Origin) || string(want.Peer.IP) != string(have.Peer.IP) || want.Peer.Addr != have.Peer.Addr {
				t.Errorf("message %d: another input or sender", i)
			}
			wantHost := string(want.Peer.Host())
			if i == 2 {
				wantHost = "found"
			}
			if string(have.Peer.Host()) != wantHost {
				t.Errorf("message %d: from %q, want %q", i, have.Peer.Host(), wantHost)
			}
			want.Origin, want.Peer, have.Origin, have.Peer = nil, nil, nil, nil
			for _, tree := range []*Tree{want.JSON, want.Local, have.JSON, have.Local} {
				if tree != nil {
					tree.bound = bound{} // is not encoded
				}
			}
			if !reflect.DeepEqual(want, have) {
				t.Errorf("message %d:\n got %+v\nwant %+v", i, have, want)
			}
		}
		if got.Msgs[0].Peer != got.Msgs[1].Peer || got.Msgs[0].Peer != got.Msgs[3].Peer {
			t.Error("messages of one sender do not share it")
		}
		// What is set later must not overwrite the messages beside it.
		got.Msgs[0].SetTag([]byte("tag:"), 3)
		if string(got.Msgs[1].Raw()) != "not parsed" {
			t.Errorf("the message behind one that was changed is %q", got.Msgs[1].Raw())
		}
	}
}

func TestPartsOfABatchAreEncodedAlone(t *testing.T) {
	t.Parallel()
	b := travelled()
	got := NewBatch(nil)
	var dec Decoder
	for i := range b.Msgs {
		if err := dec.Append(got, AppendBatch(nil, b, i, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range b.Msgs {
		if string(got.Msgs[i].Raw()) != string(b.Msgs[i].Raw()) || got.Msgs[i].Received != b.Msgs[i].Received {
			t.Errorf("message %d is %q", i, got.Msgs[i].Raw())
		}
	}
}

// Decoding costs nothing per message: texts are not copied, senders are shared.
func TestDecodingDoesNotAllocatePerMessage(t *testing.T) {
	b := NewBatch(nil)
	peer, origin := NewPeer("192.0.2.1", "web1"), &Origin{Name: "imtcp"}
	for range 1000 {
		m := b.Add([]byte("<13>Oct 11 22:14:15 h app: message"), origin, peer)
		m.Flags, m.MsgText, m.TagText, m.Program = Parsed, Span{26, 8}, Span{22, 4}, Span{22, 3}
	}
	p := AppendBatch(nil, b, 0, b.Len())
	t.Logf("%d bytes a message, of which 34 are text", len(p)/b.Len())
	var dec Decoder
	got := NewBatch(nil)
	if n := testing.AllocsPerRun(100, func() {
		got.Cut(0)
		if err := dec.Append(got, p); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("%.1f allocations for 1000 messages", n)
	}
	buf := make([]byte, 0, len(p))
	if n := testing.AllocsPerRun(100, func() { buf = AppendBatch(buf[:0], b, 0, b.Len()) }); n > 20 {
		t.Errorf("%.1f allocations to encode 1000 messages", n)
	}
}

func FuzzDecode(f *testing.F) {
	b := travelled()
	f.Add(AppendBatch(nil, b, 0, b.Len()))
	f.Add(AppendBatch(nil, b, 1, 2))
	f.Fuzz(func(t *testing.T, p []byte) {
		var dec Decoder
		got := NewBatch(nil)
		if dec.Append(got, p) != nil {
			if got.Len() != 0 {
				t.Fatal("an error, and messages")
			}
			return
		}
		for i := range got.Msgs {
			m := &got.Msgs[i]
			m.Clone()
			_, _, _, _ = m.Tag(nil), m.Msg(), m.Hostname(), m.RawAfterPRI()
			_, _, _, _ = m.ProcID(), m.AppName(), m.MsgID(), m.StructuredData()
			m.Reported.AppendRFC3339(m.Received.AppendRFC3164(nil, false))
		}
		again := NewBatch(nil)
		if err := dec.Append(again, AppendBatch(nil, got, 0, got.Len())); err != nil || again.Len() != got.Len() {
			t.Fatalf("encoded again: %v, %d messages for %d", err, again.Len(), got.Len())
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	mb := NewBatch(nil)
	peer, origin := NewPeer("192.0.2.1", "web1"), &Origin{Name: "imtcp"}
	for range 500 {
		m := mb.Add([]byte("<13>Oct 11 22:14:15 host app[1234]: connection from accepted user session opened closed for by port request GET /index.html status=200 bytes timeout retry"), origin, peer)
		m.Flags, m.MsgText, m.TagText, m.Program = Parsed, Span{34, 80}, Span{25, 10}, Span{25, 3}
	}
	b.Run("encode", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf = AppendBatch(buf[:0], mb, 0, mb.Len())
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/msg")
	})
	p := AppendBatch(nil, mb, 0, mb.Len())
	b.Run("decode", func(b *testing.B) {
		var dec Decoder
		got := NewBatch(nil)
		for b.Loop() {
			got.Cut(0)
			dec.Append(got, p)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/msg")
	})
}
