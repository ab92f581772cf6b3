package message

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"
)

// What a queue on disk keeps of a batch: everything that a ruleset or an action
// may look at later. The form is compact and made for one pass; senders and
// inputs are written once a batch, with the first message that has them.

// formatVersion is the first byte of an encoded batch.
const formatVersion = 1

// Bits of the first byte of an encoded message.
const (
	sameOrigin   = 1 << iota // as the message before
	samePeer                 // as the message before
	sameReceived             // as the message before
	nowReported              // reported when it was received
	hasSpans
	hasTrees
	hasRest    // an identifier, or a style of days
	hasDetails // which parser tells them
)

// recent is how far back an input or a sender is looked for before it is written again.
const recent = 16

// encoder remembers what was written.
type encoder struct {
	origins []*Origin
	peers   []*Peer
	details []string
}

// AppendBatch appends the messages first to end of b.
func AppendBatch(dst []byte, b *Batch, first, end int) []byte {
	dst, _ = AppendSome(dst, b, first, end, math.MaxInt)
	return dst
}

// AppendSome is AppendBatch that ends behind the message with which the batch has size
// bytes or more. It returns the first message that was not appended: a caller can not
// know before how many fit, since inputs, senders and trees take what they take.
func AppendSome(dst []byte, b *Batch, first, end, size int) (_ []byte, next int) {
	var enc encoder
	start := len(dst)
	dst = append(dst, formatVersion)
	dst = appendText(dst, b.Ruleset)
	var nanos int64
	if !b.Received.IsZero() {
		nanos = b.Received.UnixNano()
	}
	dst = binary.AppendVarint(dst, nanos)
	count := len(dst)
	dst = append(dst, make([]byte, countSize)...)
	var before *Message
	for next = first; next < end && (next == first || len(dst)-start < size); next++ {
		dst = enc.message(dst, &b.Msgs[next], before)
		before = &b.Msgs[next]
	}
	putCount(dst[count:count+countSize], uint64(next-first))
	return dst, next
}

// countSize is the room for the number of messages, which is known when they stand
// behind it.
const countSize = 4

// putCount writes n as a varint that fills p, with leading zeros.
func putCount(p []byte, n uint64) {
	for i := range p {
		p[i] = byte(n)&0x7f | 0x80
		n >>= 7
	}
	p[len(p)-1] &= 0x7f
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func (e *encoder) message(dst []byte, m, before *Message) []byte {
	head := byte(0)
	if before != nil {
		if m.Origin == before.Origin {
			head |= sameOrigin
		}
		if m.Peer == before.Peer {
			head |= samePeer
		}
		if m.Received == before.Received {
			head |= sameReceived
		}
	}
	spans := m.spans()
	mask := byte(0)
	for i, s := range spans {
		if *s != (Span{}) {
			mask |= 1 << i
		}
	}
	if mask != 0 {
		head |= hasSpans
	}
	if m.Reported == m.Received {
		head |= nowReported
	}
	if m.JSON != nil || m.Local != nil {
		head |= hasTrees
	}
	if m.UUID() != nil || m.DayStyle != [2]DayPadding{} {
		head |= hasRest
	}
	if m.Details != nil {
		head |= hasDetails
	}
	dst = append(dst, head, byte(m.Flags), m.AfterPRI, m.Protocol)
	dst = binary.AppendUvarint(dst, uint64(m.PRI))
	dst = binary.AppendUvarint(dst, uint64(m.PeerPort))
	if head&sameOrigin == 0 {
		dst = e.origin(dst, m.Origin)
	}
	if head&samePeer == 0 {
		dst = e.peer(dst, m.Peer)
	}
	if head&sameReceived == 0 {
		dst = appendTimestamp(dst, &m.Received)
	}
	if head&nowReported == 0 {
		dst = appendTimestamp(dst, &m.Reported)
	}
	if head&hasSpans != 0 {
		dst = append(dst, mask)
		for i, s := range spans {
			if mask&(1<<i) != 0 {
				dst = binary.AppendUvarint(dst, uint64(s.Off))
				dst = binary.AppendUvarint(dst, uint64(s.Len))
			}
		}
	}
	if head&hasTrees != 0 {
		dst = appendTree(dst, m.JSON)
		dst = appendTree(dst, m.Local)
	}
	if head&hasRest != 0 {
		dst = append(dst, byte(m.DayStyle[0]), byte(m.DayStyle[1]))
		dst = appendText(dst, m.UUID())
	}
	if head&hasDetails != 0 {
		dst = e.parser(dst, m.Details.DetailsName())
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.buf)-int(m.rawLen)))
	return appendText(dst, m.buf)
}

// Places in what spans returns.
const (
	msgSpan     = 0
	hostSpan    = 1
	programSpan = 3
)

// spans are the fields that lie in the text.
func (m *Message) spans() [8]*Span {
	return [8]*Span{&m.MsgText, &m.Host, &m.TagText, &m.Program, &m.App, &m.Proc, &m.ID, &m.SD}
}

// What the bits of an encoded input say.
const (
	originNoHostname byte = 1 << iota
	originNoTimestamp
	originDefaultTZ
	originTrust
	originZones
	originTag
)

// origin appends which input it is: 0 and what it is like, or how many inputs ago it was written.
func (e *encoder) origin(dst []byte, o *Origin) []byte {
	for i := 1; i <= min(recent, len(e.origins)); i++ {
		if e.origins[len(e.origins)-i] == o {
			return binary.AppendUvarint(dst, uint64(i))
		}
	}
	e.origins = append(e.origins, o)
	dst = append(dst, 0)
	if o == nil {
		o = &Origin{}
	}
	bits := byte(0)
	if o.NoHostname {
		bits |= originNoHostname
	}
	if o.IgnoreTimestamp {
		bits |= originNoTimestamp
	}
	if o.DefaultTZ != nil {
		bits |= originDefaultTZ
	}
	if o.Trust != HostFromMessage {
		bits |= originTrust
	}
	if len(o.Zones) > 0 {
		bits |= originZones
	}
	if o.Tag != nil {
		bits |= originTag
	}
	body := append(appendText(nil, o.Name), byte(o.Format), bits)
	if z := o.DefaultTZ; z != nil {
		body = append(body, z.Sign, z.Hour, z.Min)
	}
	if bits&originTrust != 0 {
		body = append(body, byte(o.Trust))
	}
	if bits&originZones != 0 {
		body = binary.AppendUvarint(body, uint64(len(o.Zones)))
		for i := range o.Zones {
			z := &o.Zones[i]
			body = append(appendText(body, z.Network.String()), z.Zone.Sign, z.Zone.Hour, z.Zone.Min)
		}
	}
	if bits&originTag != 0 {
		body = appendText(body, o.Tag)
	}
	return appendText(dst, body)
}

// parser appends the name of the parser that tells the details of a message, as
// origin does.
func (e *encoder) parser(dst []byte, name string) []byte {
	for i := 1; i <= min(recent, len(e.details)); i++ {
		if e.details[len(e.details)-i] == name {
			return binary.AppendUvarint(dst, uint64(i))
		}
	}
	e.details = append(e.details, name)
	return appendText(append(dst, 0), name)
}

// peer appends which sender it is, as origin does. A name that is not known yet
// is asked for again by whoever reads it.
func (e *encoder) peer(dst []byte, p *Peer) []byte {
	for i := 1; i <= min(recent, len(e.peers)); i++ {
		if e.peers[len(e.peers)-i] == p {
			return binary.AppendUvarint(dst, uint64(i))
		}
	}
	e.peers = append(e.peers, p)
	dst = append(dst, 0)
	if p == nil {
		p = &Peer{}
	}
	addr, _ := p.Addr.MarshalBinary()
	body := appendText(appendText(nil, p.IP), addr)
	switch host := p.host.Load(); {
	case host != nil:
		body = appendText(append(body, 1), *host)
	case p.Resolve != nil:
		body = append(body, 2)
	default:
		body = append(body, 0)
	}
	return appendText(dst, body)
}

func appendTimestamp(dst []byte, t *Timestamp) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(t.Year))
	dst = append(dst, t.Month, t.Day, t.Hour, t.Minute, t.Second, t.Digits)
	dst = binary.LittleEndian.AppendUint32(dst, t.Frac)
	return append(dst, t.Sign, t.OffHour, t.OffMin, byte(t.Form))
}

// timestampSize is the length of what appendTimestamp appends.
const timestampSize = 16

func appendTree(dst []byte, t *Tree) []byte {
	if t == nil {
		return append(dst, 0)
	}
	return appendValue(append(dst, 1), &t.Root)
}

// withMarks is set in the kind of a String that has marks, which stand in front of it.
const withMarks = 0x80

func appendValue(dst []byte, v *Value) []byte {
	if v.Marks() != 0 {
		dst = binary.AppendUvarint(append(dst, byte(v.kind)|withMarks), uint64(v.Marks()))
		return appendText(dst, v.str)
	}
	dst = append(dst, byte(v.kind))
	switch v.kind {
	case Bool, Int:
		dst = binary.AppendVarint(dst, v.num)
	case String, Real:
		dst = appendText(dst, v.str)
	case Array:
		dst = binary.AppendUvarint(dst, uint64(len(v.arr)))
		for i := range v.arr {
			dst = appendValue(dst, &v.arr[i])
		}
	case Object:
		dst = binary.AppendUvarint(dst, uint64(len(v.obj)))
		for i := range v.obj {
			dst = appendText(dst, v.obj[i].key)
			dst = appendValue(dst, &v.obj[i].val)
		}
	}
	return dst
}

// timeOf is the opposite of UnixNano, with 0 for a time that was never set.
func timeOf(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos)
}

func addrOf(p []byte) (addr netip.Addr) {
	if addr.UnmarshalBinary(p) != nil {
		return netip.Addr{}
	}
	return addr
}
