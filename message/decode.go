package message

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
)

// Decoder reads what AppendBatch wrote. It knows the inputs and senders it has
// seen, so that messages of one sender share it again. It belongs to one goroutine.
type Decoder struct {
	// Resolve, if not nil, finds the name of a sender that had none yet.
	Resolve func(*Peer) []byte
	// Details, if not nil, finds the parser that tells the details of messages.
	Details func(name string) Details

	origins map[string]*Origin
	peers   map[string]*Peer
	// those of the batch that is read, in the order of their appearance
	batchOrigins []*Origin
	batchPeers   []*Peer
	batchDetails []Details
}

// maxKnown bounds how many inputs and senders a Decoder knows.
const maxKnown = 4096

// deepest bounds the nesting of variables.
const deepest = 10000

// ErrEncoding says that bytes are not an encoded batch.
var ErrEncoding = errors.New("not an encoded batch of messages")

// decoding is the way through an encoded batch. After an error it yields zeros.
type decoding struct {
	p   []byte
	bad bool
}

func (d *decoding) byte() byte {
	if len(d.p) == 0 {
		d.bad = true
		return 0
	}
	c := d.p[0]
	d.p = d.p[1:]
	return c
}

func (d *decoding) uint() uint64 {
	n, size := binary.Uvarint(d.p)
	if size <= 0 {
		d.bad, d.p = true, nil
		return 0
	}
	d.p = d.p[size:]
	return n
}

func (d *decoding) int() int64 {
	n, size := binary.Varint(d.p)
	if size <= 0 {
		d.bad, d.p = true, nil
		return 0
	}
	d.p = d.p[size:]
	return n
}

// take returns the next n bytes; they are not copied.
func (d *decoding) take(n uint64) []byte {
	if n > uint64(len(d.p)) {
		d.bad, d.p = true, nil
		return nil
	}
	b := d.p[:n:n]
	d.p = d.p[n:]
	return b
}

func (d *decoding) text() []byte { return d.take(d.uint()) }

// count is a number of things that take at least a byte each.
func (d *decoding) count() int {
	n := d.uint()
	if n > uint64(len(d.p)) {
		d.bad, d.p = true, nil
		return 0
	}
	return int(n)
}

// Ruleset returns the name of the ruleset that the encoded batch goes to.
func (dec *Decoder) Ruleset(p []byte) []byte {
	d := decoding{p: p}
	d.byte()
	return d.text()
}

// ReceivedIn returns when the encoded batch was received, zero if that is not known.
func ReceivedIn(p []byte) time.Time {
	d := decoding{p: p}
	d.byte()
	d.text()
	return timeOf(d.int())
}

// Append appends the messages in p to b, which must be empty or have the
// ruleset that they have. Their texts are not copied: p must lie in b's slab, or
// live as long as b. After an error b has the messages that it had before.
func (dec *Decoder) Append(b *Batch, p []byte) error {
	d := decoding{p: p}
	dec.batchOrigins, dec.batchPeers, dec.batchDetails = dec.batchOrigins[:0], dec.batchPeers[:0], dec.batchDetails[:0]
	had := len(b.Msgs)
	if d.byte() != formatVersion {
		return ErrEncoding
	}
	if ruleset := d.text(); string(ruleset) != b.Ruleset {
		b.Ruleset = string(ruleset)
	}
	b.Received = timeOf(d.int())
	n := d.count()
	for range n {
		b.Add(nil, nil, nil)
		m := &b.Msgs[len(b.Msgs)-1]
		var before *Message
		if len(b.Msgs) > had+1 {
			before = &b.Msgs[len(b.Msgs)-2]
		}
		if dec.message(&d, m, before); d.bad {
			break
		}
	}
	if d.bad || len(d.p) > 0 {
		b.Cut(had)
		return ErrEncoding
	}
	return nil
}

func (dec *Decoder) message(d *decoding, m, before *Message) {
	head := d.byte()
	m.Flags, m.AfterPRI, m.Protocol = Flags(d.byte()), d.byte(), d.byte()
	pri := d.uint()
	port := d.uint()
	m.PRI, m.PeerPort = Priority(pri), uint16(port)
	if pri > uint64(InvalidPRI) || uint64(m.PeerPort) != port || before == nil && head&(sameOrigin|samePeer|sameReceived) != 0 {
		d.bad = true
		return
	}
	if m.Origin = dec.origin(d, head&sameOrigin != 0, before); m.Origin == nil {
		return
	}
	if m.Peer = dec.peer(d, head&samePeer != 0, before); m.Peer == nil {
		return
	}
	if head&sameReceived != 0 {
		m.Received = before.Received
	} else {
		d.timestamp(&m.Received)
	}
	if head&nowReported != 0 {
		m.Reported = m.Received
	} else {
		d.timestamp(&m.Reported)
	}
	spans := m.spans()
	if head&hasSpans != 0 {
		mask := d.byte()
		for i, s := range spans {
			if mask&(1<<i) != 0 {
				*s = d.span()
			}
		}
	}
	if head&hasTrees != 0 {
		m.JSON, m.Local = d.tree(), d.tree()
	}
	if head&hasRest != 0 {
		m.DayStyle = [2]DayPadding{DayPadding(d.byte()), DayPadding(d.byte())}
		if id := d.text(); len(id) > 0 {
			m.SetUUID(append([]byte(nil), id...))
		}
	}
	if head&hasDetails != 0 {
		m.Details = dec.parser(d)
	}
	added := d.uint()
	m.buf = d.text()
	if added > uint64(len(m.buf)) || uint64(m.AfterPRI) > uint64(len(m.buf))-added {
		d.bad = true
		return
	}
	m.rawLen = uint32(uint64(len(m.buf)) - added)
	// A record may be damaged, or another's work: nothing of it may lie outside.
	d.bad = d.bad || m.Check() != nil
}

// ref reads which of n things it is; define means that it is described here.
func (d *decoding) ref(n int) (i int, define bool) {
	back := d.uint()
	if back == 0 {
		return 0, true
	}
	if back > uint64(n) {
		d.bad = true
		return 0, false
	}
	return n - int(back), false
}

func (dec *Decoder) origin(d *decoding, same bool, before *Message) *Origin {
	if same {
		return before.Origin
	}
	i, define := d.ref(len(dec.batchOrigins))
	if d.bad {
		return nil
	}
	if !define {
		return dec.batchOrigins[i]
	}
	body := d.text()
	o := dec.origins[string(body)]
	if o == nil {
		in := decoding{p: body}
		o = &Origin{Name: string(in.text()), Format: Format(in.byte())}
		bits := in.byte()
		o.NoHostname, o.IgnoreTimestamp = bits&originNoHostname != 0, bits&originNoTimestamp != 0
		if bits&originDefaultTZ != 0 {
			o.DefaultTZ = &Zone{Sign: in.byte(), Hour: in.byte(), Min: in.byte()}
		}
		if bits&originTrust != 0 {
			o.Trust = HostTrust(in.byte())
		}
		if bits&originZones != 0 {
			in.zones(o)
		}
		if bits&originTag != 0 {
			o.Tag = append([]byte{}, in.text()...)
		}
		if in.bad || d.bad || o.Format > Structured || o.Trust > HostAuto {
			d.bad = true
			return nil
		}
		dec.origins = remember(dec.origins, body, o)
	}
	dec.batchOrigins = append(dec.batchOrigins, o)
	return o
}

// zones reads the zones of networks. A network that is none counts for nobody.
func (d *decoding) zones(o *Origin) {
	for n := d.count(); n > 0 && !d.bad; n-- {
		network, _ := netip.ParsePrefix(string(d.text()))
		o.Zones = append(o.Zones, NetworkZone{network, Zone{Sign: d.byte(), Hour: d.byte(), Min: d.byte()}})
	}
}

// parser finds who tells the details of a message; nobody, if the configuration
// has that parser no more.
func (dec *Decoder) parser(d *decoding) Details {
	i, define := d.ref(len(dec.batchDetails))
	if d.bad {
		return nil
	}
	if !define {
		return dec.batchDetails[i]
	}
	name := d.text()
	var details Details
	if dec.Details != nil && !d.bad {
		details = dec.Details(string(name))
	}
	dec.batchDetails = append(dec.batchDetails, details)
	return details
}

func (dec *Decoder) peer(d *decoding, same bool, before *Message) *Peer {
	if same {
		return before.Peer
	}
	i, define := d.ref(len(dec.batchPeers))
	if d.bad {
		return nil
	}
	if !define {
		return dec.batchPeers[i]
	}
	body := d.text()
	p := dec.peers[string(body)]
	if p == nil {
		in := decoding{p: body}
		p = &Peer{IP: append([]byte(nil), in.text()...)}
		p.Addr = addrOf(in.text())
		switch in.byte() {
		case 1:
			p.SetHost(append([]byte(nil), in.text()...))
		case 2:
			p.Resolve = dec.Resolve
		}
		if in.bad || d.bad {
			d.bad = true
			return nil
		}
		dec.peers = remember(dec.peers, body, p)
	}
	dec.batchPeers = append(dec.batchPeers, p)
	return p
}

// remember adds to a map that is begun anew when it is full.
func remember[T any](known map[string]T, key []byte, v T) map[string]T {
	if known == nil || len(known) >= maxKnown {
		known = map[string]T{}
	}
	known[string(key)] = v
	return known
}

func (d *decoding) span() Span {
	off, n := d.uint(), d.uint()
	if off > 1<<31 || n > 1<<31 {
		d.bad = true
		return Span{}
	}
	return Span{uint32(off), uint32(n)}
}

func (d *decoding) timestamp(t *Timestamp) {
	p := d.take(timestampSize)
	if d.bad {
		return
	}
	*t = Timestamp{
		Year: int16(binary.LittleEndian.Uint16(p)), Month: p[2], Day: p[3], Hour: p[4], Minute: p[5], Second: p[6], Digits: p[7],
		Frac: binary.LittleEndian.Uint32(p[8:]), Sign: p[12], OffHour: p[13], OffMin: p[14], Form: TimeForm(p[15]) & FromRFC3164,
	}
}

func (d *decoding) tree() *Tree {
	if d.byte() == 0 {
		return nil
	}
	return &Tree{Root: d.value(0)}
}

func (d *decoding) value(depth int) Value {
	kind := d.byte()
	v := Value{kind: Kind(kind &^ withMarks)}
	if kind&withMarks != 0 {
		v.num = int64(d.uint())
		d.bad = d.bad || v.kind != String
	}
	if depth > deepest || v.kind > Object {
		d.bad = true
	}
	if d.bad {
		return Value{}
	}
	switch v.kind {
	case Bool, Int:
		v.num = d.int()
	case String, Real:
		v.str = string(d.text())
	case Array:
		n := d.count()
		v.arr = make([]Value, 0, min(n, 1024))
		for i := 0; i < n && !d.bad; i++ {
			v.arr = append(v.arr, d.value(depth+1))
		}
	case Object:
		n := d.count()
		v.obj = make([]member, 0, min(n, 1024))
		for i := 0; i < n && !d.bad; i++ {
			v.obj = append(v.obj, member{string(d.text()), d.value(depth + 1)})
		}
	}
	return v
}
