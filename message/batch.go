package message

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"syslogd/internal/receipt"
)

// Batch is a slab of received bytes and the messages that point into it. A
// listener fills it, a queue holds it, a worker runs it, the last one that
// holds it releases it.
type Batch struct {
	Msgs []Message
	// Ruleset is the name of the ruleset that the messages go to, "" for the default.
	Ruleset string
	// Flow is the sender stream the batch belongs to; nil if order does not matter.
	Flow *Flow
	// Received is when the bytes arrived: one clock read a batch.
	Received time.Time
	// Receipt, if not nil, is what the input asks for. The batch holds it until it is
	// released for good; whoever keeps bytes of it longer holds it as well.
	Receipt *receipt.Receipt

	// Stamp belongs to the parsers.
	Stamp Stamp

	slab *Slab
	side []byte
	held int // bytes that Side allocated, or copies of variables take
	refs atomic.Int32
	// others are the batches whose memory the messages lie in, beside its own.
	others []*Batch
}

var batchPool = sync.Pool{New: func() any { return new(Batch) }}

// maxPooledMessages bounds what a pooled batch keeps: about 1 MiB of messages.
const maxPooledMessages = 4096

// prefetched is for how many messages Add fetches the memory before they come: it was
// last in the cache of the processor that released the batch, and a store that misses is
// waited for sooner or later.
const prefetched = 8

// NewBatch returns an empty batch with one reference. It takes over slab,
// which may be nil.
func NewBatch(slab *Slab) *Batch {
	b := batchPool.Get().(*Batch)
	b.slab = slab
	b.refs.Store(1)
	return b
}

// TakeSlab takes the slab out of a batch without messages. The caller owns it.
func (b *Batch) TakeSlab() *Slab {
	slab := b.slab
	b.slab = nil
	return slab
}

// Add appends a message over text, which must lie in the batch's slab or live
// at least as long as the batch. The pointer is valid until the next Add.
func (b *Batch) Add(text []byte, o *Origin, p *Peer) *Message {
	if n := len(b.Msgs); n < cap(b.Msgs) {
		if n%prefetched == 0 && n+2*prefetched <= cap(b.Msgs) {
			prefetch(&b.Msgs[:cap(b.Msgs)][n+prefetched])
		}
		b.Msgs = b.Msgs[:n+1] // slots that are not in use are empty
	} else {
		b.Msgs = append(b.Msgs, Message{})
	}
	m := &b.Msgs[len(b.Msgs)-1]
	if poison && (m.buf != nil || m.Flags != 0 || m.JSON != nil) {
		panic("message: Msgs was made shorter without Cut")
	}
	m.buf, m.rawLen, m.Origin, m.Peer = text, uint32(len(text)), o, p
	return m
}

// Cut takes away all messages but the first n. Msgs must not be made shorter in
// another way.
func (b *Batch) Cut(n int) {
	clear(b.Msgs[n:])
	b.Msgs = b.Msgs[:n]
}

// AddText appends a message that is all text and needs no parser. text, host and
// tag are copied. programLen is the length of the program name within the tag.
func (b *Batch) AddText(text, host, tag []byte, programLen int) *Message {
	buf := make([]byte, 0, len(text)+len(host)+len(tag))
	buf = append(append(append(buf, text...), host...), tag...)
	m := b.Add(buf, nil, nil)
	n, h := uint32(len(text)), uint32(len(host))
	m.rawLen, m.MsgText.Len = n, n
	m.Host = Span{n, h}
	m.TagText = Span{n + h, uint32(len(tag))}
	m.Program = Span{n + h, uint32(programLen)}
	m.Flags = Parsed | HasHostname
	return m
}

// AddCopy appends m as it is now, with variables of its own. Its text stays in the
// memory of m's batch until Own is called.
func (b *Batch) AddCopy(m *Message) {
	b.Msgs = append(b.Msgs, *m)
	c := &b.Msgs[len(b.Msgs)-1]
	c.JSON, c.Local = m.JSON.Clone(), m.Local.Clone()
	b.held += c.JSON.Bytes() + c.Local.Bytes()
}

// Own makes b, which holds copies of messages of src, last longer than it: b
// holds src's memory as well if it has at least half of the messages, else their
// text is copied. The texts of one batch are never changed, so both may be in use
// at the same time. b holds src's receipt, too.
func (b *Batch) Own(src *Batch) {
	b.Receipt = src.Receipt
	b.Receipt.Hold()
	text := 0
	for i := range b.Msgs {
		text += len(b.Msgs[i].buf)
	}
	if 2*len(b.Msgs) >= len(src.Msgs) {
		src.Retain()
		b.others = append(b.others, src)
		b.held += max(0, src.Bytes()-text)
		return
	}
	buf := make([]byte, 0, text)
	for i := range b.Msgs {
		m, n := &b.Msgs[i], len(buf)
		buf = append(buf, m.buf...)
		m.buf = buf[n:len(buf):len(buf)]
	}
}

// StampReceived sets the time of reception of all messages that have none from
// Received, in the local zone. Listeners call it once, when the batch is full.
func (b *Batch) StampReceived() {
	ts := TimestampOf(b.Received.Local())
	for i := range b.Msgs {
		if m := &b.Msgs[i]; m.Received.IsZero() {
			m.Received = ts
		}
	}
}

// Join moves the messages of o to the end of b and takes o over: its memory lives
// as long as b, whose receipt stands for both.
func (b *Batch) Join(o *Batch) {
	b.Receipt, o.Receipt = receipt.Both(b.Receipt, o.Receipt), nil
	b.Msgs = append(b.Msgs, o.Msgs...)
	b.others = append(b.others, o)
}

// Part returns a batch of messages first to end-1, in the memory of b, which lives
// as long as it. What is set in a message of one is not seen in the other.
func (b *Batch) Part(first, end int) *Batch {
	p := NewBatch(nil)
	p.Msgs = append(p.Msgs, b.Msgs[first:end]...)
	p.Ruleset, p.Flow, p.Received, p.Receipt = b.Ruleset, b.Flow, b.Received, b.Receipt
	p.Receipt.Hold()
	b.Retain()
	p.others = append(p.others, b)
	return p
}

// Len is the number of messages.
func (b *Batch) Len() int { return len(b.Msgs) }

// Bytes is the memory that the batch holds, for queue limits.
func (b *Batch) Bytes() int {
	n := b.held + len(b.Msgs)*int(unsafe.Sizeof(Message{}))
	if b.slab != nil {
		n += cap(b.slab.Buf)
	} else {
		for i := range b.Msgs {
			n += len(b.Msgs[i].buf)
		}
	}
	return n
}

// sideSize is the size of a side buffer. Few messages need one: those with control characters.
const sideSize = 16 << 10

// Side returns n bytes of memory that live as long as the batch, for a changed
// copy of a message's text.
func (b *Batch) Side(n int) []byte {
	if cap(b.side)-len(b.side) < n {
		if n > sideSize/4 {
			b.held += n
			return make([]byte, n)
		}
		// A buffer that is full lives on in the messages that refer to it.
		b.held += sideSize
		b.side = make([]byte, 0, sideSize)
	}
	off := len(b.side)
	b.side = b.side[:off+n]
	return b.side[off : off+n : off+n]
}

// Retain adds a reference: the holder calls Release when it is done.
func (b *Batch) Retain() { b.refs.Add(1) }

// Release drops a reference. With the last one the receipt is returned and the memory
// is reused: neither the batch nor its messages may be touched afterwards. What did not
// go as it should was noted in the receipt before.
func (b *Batch) Release() {
	switch n := b.refs.Add(-1); {
	case n > 0:
		return
	case n < 0:
		panic("message: batch released more often than retained")
	}
	if b.slab != nil {
		b.slab.Release()
	}
	for i, o := range b.others {
		o.Release()
		b.others[i] = nil
	}
	b.others = b.others[:0]
	if cap(b.Msgs) > maxPooledMessages {
		b.Msgs = nil
	}
	clear(b.Msgs)
	b.Msgs = b.Msgs[:0]
	if poison {
		for i := range b.side {
			b.side[i] = 0xDB
		}
		b.side = nil
	}
	back := b.Receipt
	b.slab, b.Flow, b.Ruleset, b.Received, b.Receipt = nil, nil, "", time.Time{}, nil
	b.side, b.held = b.side[:0], cap(b.side)
	batchPool.Put(b)
	back.Return(receipt.Stored)
}

// Slab is a buffer that a listener reads into. Its memory is pooled by size class.
type Slab struct {
	Buf   []byte // full length; the listener fills it
	class int
}

// slabClasses are the sizes that slabs come in: one datagram or a line or two, and
// reads of 8, 64 and 256 KiB behind the start of a message.
var slabClasses = [...]int{1 << 10, 9 << 10, 72 << 10, LargestSlab}

// LargestSlab is the size of the largest class.
const LargestSlab = 264 << 10

// SlabSize is how long a slab is that is to have at least n bytes.
func SlabSize(n int) int {
	for _, size := range slabClasses {
		if n <= size {
			return size
		}
	}
	return n
}

var slabPools [len(slabClasses)]sync.Pool

// NewSlab returns a slab of at least n bytes. Sizes above the largest class are
// allocated and not reused.
func NewSlab(n int) *Slab {
	for i, size := range slabClasses {
		if n > size {
			continue
		}
		if s, ok := slabPools[i].Get().(*Slab); ok {
			s.Buf = s.Buf[:size]
			return s
		}
		return &Slab{Buf: make([]byte, size), class: i}
	}
	return &Slab{Buf: make([]byte, n), class: -1}
}

// Release gives the memory back.
func (s *Slab) Release() {
	if poison {
		for i := range s.Buf {
			s.Buf[i] = 0xDB
		}
	}
	if s.class >= 0 {
		slabPools[s.class].Put(s)
	}
}

// StampLen is the length of a time stamp of RFC 3164 and the blank behind it.
const StampLen = 16

// SecondLen is the length of a time stamp of RFC 3339 up to the second.
const SecondLen = len("2003-10-11T22:14:15")

// Stamp is a memory of a parser: the time stamps that it read last, as in RFC 3164
// and, up to the second, as in RFC 3339. Neighbours often have the same.
type Stamp struct {
	Reported Timestamp
	// AsSent is TimeAsSent, or 0.
	AsSent   Flags
	text     [2]uint64 // StampLen bytes
	received Timestamp
	origin   *Origin
	peer     *Peer

	Second     Timestamp
	secondText [3]uint64 // SecondLen bytes
}

// Bytes are compared as words: a comparison with bytes that were just copied would wait
// until they are in the cache.

func stampOf(text []byte) [2]uint64 {
	text = text[:StampLen]
	return [2]uint64{binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:])}
}

// secondOf returns SecondLen bytes, some in the middle twice.
func secondOf(text []byte) [3]uint64 {
	text = text[:SecondLen]
	return [3]uint64{binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:]), binary.LittleEndian.Uint64(text[SecondLen-8:])}
}

// Is reports whether text, which m came with, begins with the time stamp of RFC 3164.
func (s *Stamp) Is(m *Message, text []byte) bool {
	return len(text) >= StampLen && s.text == stampOf(text) && s.origin == m.Origin && s.peer == m.Peer && s.received == m.Received
}

// Set remembers the time stamp that text begins with and m.Reported and TimeAsSent,
// which follow from it, m.Received, m.Origin and m.Peer alone.
func (s *Stamp) Set(m *Message, text []byte) {
	s.text, s.origin, s.peer, s.received = stampOf(text), m.Origin, m.Peer, m.Received
	s.Reported, s.AsSent = m.Reported, m.Flags&TimeAsSent
}

// IsSecond reports whether text begins with the second that was set last.
func (s *Stamp) IsSecond(text []byte) bool {
	return len(text) >= SecondLen && s.secondText == secondOf(text)
}

// SetSecond remembers the second that text begins with, which was read as t.
func (s *Stamp) SetSecond(text []byte, t Timestamp) {
	s.secondText, s.Second = secondOf(text), t
}
