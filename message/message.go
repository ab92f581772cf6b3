// Package message holds the record in flight: one syslog message with its
// fields, time stamps and variables, and the batch that many of them travel in.
//
// It is in every signature of the server, so it imports nothing of it. It does
// not parse (package parser) and does not render (router/template).
//
// # Who owns the bytes
//
// A Batch owns the slab that a listener read into. Fields of a Message are
// spans of its text, which lies in the slab or, when a parser had to change
// bytes, in the batch's side buffer. They are valid until the batch is
// released; who needs one message for longer takes a Clone, who needs many copies
// them to a batch with AddCopy and Own.
package message

import (
	"bytes"
	"unsafe"
)

// Span is a piece of a message's text.
type Span struct {
	Off, Len uint32
}

// Flags say what is known about a message.
type Flags uint8

const (
	// Parsed is set when a parser has filled in the fields; a queue may hold
	// messages in both states.
	Parsed Flags = 1 << iota
	// HasHostname is set when Hostname is the message's own. Otherwise the
	// sender's name stands in.
	HasHostname
	// ParseOK is the property parsesuccess: set by a modifier that parses.
	ParseOK
	// Mark is set on -- MARK -- messages.
	Mark
	// Drop is set by a parser that discards the message (an empty one, or one
	// that no parser of the ruleset takes).
	Drop
	// Clean is set when the text, as received, has no byte below 32; who knows it
	// from framing spares the parser the look. Without it nothing is known.
	Clean
	// TimeAsSent is set when Reported stands in the text as it would be printed, in
	// front of Host with a blank between them: as in RFC 3164 if Reported.Form has
	// FromRFC3164, else as in RFC 3339.
	TimeAsSent
)

// Message is one message. The zero Message is empty; SetText makes it one.
//
// Text fields are spans of Text(). Parsers set the spans; everything else reads
// them with the methods. A Message may be copied by value as long as its batch
// lives.
//
// It fills three cache lines of 64 bytes: one that the reader writes, one that the
// parser of RFC 3164 adds, one for all that other messages have. A fourth costs 4 %
// of the CPU time of a message that is received and written to a file.
type Message struct {
	buf []byte // text, then bytes appended by SetX
	// Origin is the input the message came in by. Never nil in flight.
	Origin *Origin
	// Peer is the sender. Never nil in flight.
	Peer *Peer
	// Received is the time of reception.
	Received Timestamp
	rawLen   uint32
	// PeerPort is the sender's port, 0 if it has none.
	PeerPort uint16
	Flags    Flags
	// Protocol is 1 for RFC 5424, else 0.
	Protocol uint8

	// Reported is the time in the message, or else the time of reception.
	Reported Timestamp
	// MsgText is the part after the header, with the leading blank that an
	// RFC 3164 message has.
	MsgText Span
	// Host is the host name in the message; only if Flags has HasHostname.
	Host Span
	// TagText is the tag as an RFC 3164 message has it, with the colon. An
	// RFC 5424 message has none: its tag is composed of App and Proc.
	TagText Span
	// Program is the part of the tag that names the program.
	Program Span
	// PRI is facility and severity. InvalidPRI stands for one that could not be read.
	PRI Priority
	// AfterPRI is where the text goes on behind <PRI>; 0 if there is none.
	AfterPRI uint8
	// DayStyle remembers how the day of each time stamp was first printed; see
	// DayPadding.
	DayStyle [2]DayPadding
	_        [4]byte
	rare     *rare

	// App, Proc, ID and SD are the RFC 5424 header fields, as sent ("-"
	// included). A span at offset 0 is a field that the message does not have:
	// the methods derive or default. An empty one elsewhere is an empty field.
	App, Proc, ID, SD Span
	// JSON is the tree $!, Local the tree $.; nil while empty.
	JSON, Local *Tree
	// Details, if not nil, tells what $!device is when it is first asked for.
	Details Details
}

// rare is what few messages have. Copies of a message share it: it is replaced,
// never changed.
type rare struct {
	uuid    []byte
	details *Tree // what Details told
}

// Details reads from a message what its fields do not hold. It must not change it.
type Details interface {
	Details(m *Message) Value
	// DetailsName is the name of the parser that it is: a queue on disk keeps that,
	// and asks again when the message has been read back.
	DetailsName() string
}

// detailsName is the variable of Details.
const detailsName = "device"

// Variable returns the variable $! at path, nil if there is none. Details are not
// part of $!: they stand in where $!device has not been set.
func (m *Message) Variable(path Path, exact bool) *Value {
	if v := m.JSON.Get(path, exact); v != nil || m.Details == nil || len(path) == 0 {
		return v
	}
	if path[0].Name != detailsName && (exact || !equalFold(path[0].Name, detailsName)) {
		return nil
	}
	if m.rare == nil || m.rare.details == nil {
		m.rare = &rare{uuid: m.UUID(), details: &Tree{Root: m.Details.Details(m)}}
	}
	return m.rare.details.Get(path[1:], exact)
}

// DayPadding is what stands before a day below 10 in an RFC 3164 time stamp.
// rsyslogd caches the text by message, so the format that is used first for a
// message decides.
type DayPadding uint8

// The paddings; the zero value is undecided.
const (
	BlankDay DayPadding = 1 + iota
	ZeroDay
)

// SetText starts a message over text, which becomes what Raw returns. The
// message refers to text, it does not copy it. All fields are reset but Origin,
// Peer, PeerPort and Received.
func (m *Message) SetText(text []byte) {
	*m = Message{buf: text, rawLen: uint32(len(text)), Origin: m.Origin, Peer: m.Peer, PeerPort: m.PeerPort, Received: m.Received}
}

// Raw is the whole message as received, after sanitising, with the PRI
// (property rawmsg). The caller must not change it.
func (m *Message) Raw() []byte { return m.buf[:m.rawLen] }

// ReplaceRaw exchanges the text before it is parsed: a sanitised or
// decompressed copy that lives as long as the batch.
func (m *Message) ReplaceRaw(text []byte) {
	m.buf, m.rawLen = text, uint32(len(text))
}

// Bytes returns the bytes of s. The caller must not change them.
func (m *Message) Bytes(s Span) []byte { return m.buf[s.Off : s.Off+s.Len : s.Off+s.Len] }

// Follows reports whether b stands behind a in the text, with a blank between them.
func (m *Message) Follows(a, b Span) bool {
	return b.Off == a.Off+a.Len+1 && m.buf[b.Off-1] == ' '
}

// RawAfterPRI is Raw without a leading <...>: what follows a > that stands as
// byte 2, 3 or 4 behind <, valid or not, as rsyslogd's rawmsg-after-pri.
func (m *Message) RawAfterPRI() []byte {
	raw := m.Raw()
	if len(raw) < 3 || raw[0] != '<' {
		return raw
	}
	for i := 2; i <= 4 && i < len(raw); i++ {
		if raw[i] == '>' {
			return raw[i+1:]
		}
	}
	return raw
}

// PRIAsSent reports whether the text begins with <PRI> as it would be printed.
func (m *Message) PRIAsSent() bool {
	if m.AfterPRI < 3 {
		return false
	}
	digits, n := m.buf[1:m.AfterPRI-1], 0
	for _, c := range digits {
		if c-'0' > 9 {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n == int(m.PRI) && (digits[0] != '0' || len(digits) == 1)
}

// Msg is the text part (property msg).
func (m *Message) Msg() []byte { return m.Bytes(m.MsgText) }

// Hostname is the host in the message or, if it names none, the sender's name.
func (m *Message) Hostname() []byte {
	if m.Flags&HasHostname != 0 {
		return m.Bytes(m.Host)
	}
	return m.Peer.Host()
}

// Tag returns the tag: as parsed or set, else for RFC 5424 app-name[procid],
// or app-name alone if the procid is "-". A composed tag is appended to scratch[:0].
func (m *Message) Tag(scratch []byte) []byte {
	// Off is never 0 for the tag of an RFC 5424 message: only SetTag makes one.
	if m.Protocol == 0 || m.TagText.Off != 0 {
		return m.Bytes(m.TagText)
	}
	app, proc := m.AppName(), m.ProcID()
	if len(proc) == 1 && proc[0] == '-' {
		return app
	}
	scratch = append(scratch[:0], app...)
	scratch = append(scratch, '[')
	scratch = append(scratch, proc...)
	return append(scratch, ']')
}

// ProgramName is the program part of the tag (property programname).
func (m *Message) ProgramName() []byte {
	if m.Protocol != 0 && m.App.Off != 0 && m.App.Len == 0 && m.TagText.Off == 0 {
		return dash
	}
	return m.Bytes(m.Program)
}

var dash = []byte("-")

// AppName is the RFC 5424 field; for other messages the program name. It is
// "-" if that is empty, and empty if an RFC 5424 header broke off before it.
func (m *Message) AppName() []byte {
	app := m.App
	if m.Protocol == 0 && app.Off == 0 {
		app = m.Program
	}
	if app.Len == 0 && (m.Protocol == 0 || app.Off != 0) {
		return dash
	}
	return m.Bytes(app)
}

// ProcID is the RFC 5424 field; for other messages what stands in the tag between [ and ], or "-".
func (m *Message) ProcID() []byte {
	if m.Proc.Off != 0 {
		return m.Bytes(m.Proc)
	}
	if m.Protocol != 0 {
		return dash
	}
	tag := m.Bytes(m.TagText)
	open := bytes.IndexByte(tag, '[')
	if open < 0 {
		return dash
	}
	end := bytes.IndexByte(tag[open:], ']')
	if end < 0 {
		return dash
	}
	return tag[open+1 : open+end]
}

// MsgID is the RFC 5424 field or "-".
func (m *Message) MsgID() []byte {
	if m.ID.Off != 0 {
		return m.Bytes(m.ID)
	}
	return dash
}

// StructuredData is the RFC 5424 field, brackets included, or "-".
func (m *Message) StructuredData() []byte {
	if m.SD.Off != 0 {
		return m.Bytes(m.SD)
	}
	return dash
}

// SetMsg replaces the text part. b is copied. The batch's slab is not touched.
func (m *Message) SetMsg(b []byte) { m.MsgText = m.add(b) }

// ReplaceMsg replaces the text part in Raw, too, as rsyslogd's modifiers do. A
// text that is not the end of Raw is replaced alone. b is copied. Other fields stay
// what they are, also those that a parser found within the text part.
func (m *Message) ReplaceMsg(b []byte) {
	off, end := m.MsgText.Off, m.MsgText.Off+m.MsgText.Len
	if end != m.rawLen {
		m.SetMsg(b)
		return
	}
	tail := m.buf[end:] // what setters have appended
	kept := m.within(off, end)
	old := m.Bytes(kept)
	buf := make([]byte, 0, int(off)+len(b)+1+len(tail)+len(old))
	buf = append(append(buf, m.buf[:off]...), b...)
	m.rawLen = uint32(len(buf))
	buf = notEmpty(buf)
	shift := uint32(len(buf)) - end
	buf = append(buf, tail...)
	moved := uint32(len(buf)) - kept.Off
	m.buf = append(buf, old...)
	for i, s := range m.spans() {
		switch {
		case i == msgSpan:
		case s.Off >= end && *s != (Span{}):
			s.Off += shift
		case s.Off+s.Len > off && s.Len > 0:
			s.Off += moved
		case s.Off > off: // an empty field, of which nothing but that it exists is left
			s.Off = max(off, 1)
		}
	}
	m.MsgText.Len = uint32(len(b))
	if off < m.Host.Off {
		m.Flags &^= TimeAsSent
	}
	if off < uint32(m.AfterPRI) {
		m.headChanged()
	}
}

// within is the least span that holds all fields with a byte in off to end-1, but for
// the text part.
func (m *Message) within(off, end uint32) Span {
	var hull Span
	for i, s := range m.spans() {
		if i == msgSpan || s.Off >= end || s.Off+s.Len <= off || s.Len == 0 {
			continue
		}
		if hull.Len == 0 {
			hull = *s
			continue
		}
		last := max(hull.Off+hull.Len, s.Off+s.Len)
		hull.Off = min(hull.Off, s.Off)
		hull.Len = last - hull.Off
	}
	return hull
}

// headChanged is for a text whose beginning is another one.
func (m *Message) headChanged() {
	m.Flags &^= TimeAsSent
	m.AfterPRI = uint8(len(m.Raw()) - len(m.RawAfterPRI()))
}

// notEmpty puts a byte that belongs to nothing into an empty text: offset 0 is the
// place of fields that a message does not have.
func notEmpty(buf []byte) []byte {
	if len(buf) == 0 {
		return append(buf, ' ')
	}
	return buf
}

// SetTag replaces the tag and the program name. programLen is the length of
// the program name within the tag. b is copied.
func (m *Message) SetTag(b []byte, programLen int) {
	m.TagText = m.add(b)
	m.Program = Span{m.TagText.Off, uint32(programLen)}
}

// SetHostname replaces the host name. b is copied.
func (m *Message) SetHostname(b []byte) {
	m.Host = m.add(b)
	m.Flags = m.Flags&^TimeAsSent | HasHostname
}

// SetAppName replaces the application name of an RFC 5424 message. b is copied.
func (m *Message) SetAppName(b []byte) { m.App = m.add(b) }

// SetProcID replaces the process ID. b is copied, as in all of these.
func (m *Message) SetProcID(b []byte) { m.Proc = m.add(b) }

// SetMsgID replaces the message ID.
func (m *Message) SetMsgID(b []byte) { m.ID = m.add(b) }

// SetStructuredData replaces the structured data.
func (m *Message) SetStructuredData(b []byte) { m.SD = m.add(b) }

// SetRaw replaces what Raw returns. The fields stay what they are.
func (m *Message) SetRaw(b []byte) {
	m.buf = append(append(make([]byte, 0, len(b)+len(m.buf)), b...), m.buf...)
	m.rawLen = uint32(len(b))
	for i, s := range m.spans() {
		// Only the text part, the host and the program may lie at offset 0; other
		// fields do not exist there.
		if i == msgSpan || i == hostSpan || i == programSpan || s.Off > 0 || s.Len > 0 {
			s.Off += m.rawLen
		}
	}
	m.headChanged()
}

// add appends b behind the text, in memory of the message's own.
func (m *Message) add(b []byte) Span {
	off := len(m.buf)
	m.buf = notEmpty(m.buf[:off:off])
	off = len(m.buf)
	m.buf = append(m.buf, b...)
	return Span{uint32(off), uint32(len(b))}
}

// Append puts text behind the message's own, in memory of b, the message's batch,
// and returns where it lies. It is for parsers that compose a field.
func (m *Message) Append(b *Batch, text ...[]byte) Span {
	size := max(len(m.buf), 1)
	for _, t := range text {
		size += len(t)
	}
	buf := notEmpty(append(b.Side(size)[:0], m.buf...))
	n := len(buf)
	for _, t := range text {
		buf = append(buf, t...)
	}
	m.buf = buf
	return Span{uint32(n), uint32(size - n)}
}

// Clone returns a copy that does not depend on the batch: for a queue of an
// action or of another ruleset. Variables are copied, too.
func (m *Message) Clone() *Message {
	c := *m
	c.buf = append([]byte(nil), m.buf...)
	c.JSON, c.Local = m.JSON.Clone(), m.Local.Clone()
	return &c
}

// Dropped reports that a parser decided that the message is not to be processed.
func (m *Message) Dropped() bool { return m.Flags&Drop != 0 }

// Size is the memory the message takes, in bytes, for queue limits.
func (m *Message) Size() int { return len(m.buf) + int(unsafe.Sizeof(*m)) }

// UUID returns the identifier that SetUUID stored, or nil.
func (m *Message) UUID() []byte {
	if m.rare == nil {
		return nil
	}
	return m.rare.uuid
}

// SetUUID stores an identifier. It takes over id.
func (m *Message) SetUUID(id []byte) {
	r := &rare{uuid: id}
	if m.rare != nil {
		r.details = m.rare.details
	}
	m.rare = r
}
