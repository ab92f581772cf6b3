// Package parser reads the fields of a message from its bytes, as rsyslogd does.
//
// A Parser does it in two steps. Prepare makes the text fit for everything that
// follows: it decompresses, drops what transports leave at the end, escapes
// control characters and reads the PRI. Then the parsers of a chain are asked in
// order until one takes the message.
//
// The parsers are offset scanners: one small function a field, no copy, no
// allocation for a message that keeps to the RFCs. They validate as little as
// rsyslogd does, since a server that refuses odd input loses the line that
// someone needs. Framing of byte streams is in package parser/frame.
package parser

import (
	"syslogd/message"
)

// Options are the settings of global() that concern the reading of messages.
// DefaultOptions returns rsyslogd's defaults.
type Options struct {
	// EscapeControlCharacters replaces bytes below 32 (parser.escapeControlCharactersOnReceive).
	// NUL is escaped always.
	EscapeControlCharacters bool
	// EscapePrefix stands before the three octal digits of an escaped byte
	// (parser.controlCharacterEscapePrefix).
	EscapePrefix byte
	// EscapeTab escapes tabs as well (parser.escapeControlCharacterTab).
	EscapeTab bool
	// EscapeCStyle writes \t, \n, \x01 instead (parser.escapeControlCharactersCStyle).
	EscapeCStyle bool
	// Escape8Bit escapes bytes above 127 (parser.escape8BitCharactersOnReceive).
	Escape8Bit bool
	// SpaceLF replaces an inner LF with a blank (parser.spaceLFOnReceive).
	SpaceLF bool
	// DropTrailingLF removes one LF at the end (parser.dropTrailingLFOnReception),
	// DropTrailingCR one CR (parser.dropTrailingCROnReception).
	DropTrailingLF, DropTrailingCR bool
	// PermitSlashInProgramName keeps a slash from ending the program name
	// (parser.permitSlashInProgramName).
	PermitSlashInProgramName bool
	// ParseHostnameAndTag off leaves an RFC 3164 message without host name and
	// tag (parser.parseHostnameAndTag).
	ParseHostnameAndTag bool
	// Decompress unpacks messages that begin with z (parser.supportCompressionExtension).
	Decompress bool
	// MaxMessageSize is the length that escaping and decompression may reach, in
	// bytes. Longer messages without control characters are not cut here: inputs do that.
	MaxMessageSize int
}

// DefaultMaxMessageSize is the value of global(maxMessageSize) if none is given.
const DefaultMaxMessageSize = 8096

// DefaultOptions returns the defaults of rsyslogd 8.2302.
func DefaultOptions() Options {
	return Options{
		EscapeControlCharacters: true,
		EscapePrefix:            '#',
		EscapeTab:               true,
		DropTrailingLF:          true,
		ParseHostnameAndTag:     true,
		Decompress:              true,
		MaxMessageSize:          DefaultMaxMessageSize,
	}
}

// MessageParser fills in a message's fields, or reports false: the message is
// not of its kind, and is unchanged. The PRI has been read; the text to parse
// begins at AfterPRI.
type MessageParser interface {
	Parse(b *message.Batch, m *message.Message) bool
}

// Parser reads messages with one chain and one set of options. It does not
// change and may be used by any number of goroutines.
type Parser struct {
	prep   sanitiser
	chain  Chain
	anyPRI int // index in chain of the parser that is AnyPRI, or -1
	slash  bool
}

// New returns a Parser. A nil chain stands for the default chain.
func New(o Options, chain Chain) *Parser {
	if o.MaxMessageSize <= 0 {
		o.MaxMessageSize = DefaultMaxMessageSize
	}
	if chain == nil {
		chain = DefaultChain()
	}
	own := make(Chain, len(chain))
	anyPRI := -1
	for i, c := range chain {
		if _, ok := c.(AnyPRI); ok && anyPRI < 0 {
			anyPRI = i
		}
		if g, ok := c.(interface {
			withOptions(Options) MessageParser
		}); ok {
			c = g.withOptions(o)
		}
		own[i] = c
	}
	return &Parser{prep: newSanitiser(o), chain: own, anyPRI: anyPRI, slash: o.PermitSlashInProgramName}
}

// Parse fills in the fields of m, which lies in b, and sets the flag Parsed.
// Received must be set. A message whose origin is structured, or that has been
// parsed, is left alone. A message that is empty or that no parser of the chain
// takes gets the flag Drop: rsyslogd discards it.
func (p *Parser) Parse(b *message.Batch, m *message.Message) { p.ParseBy(b, m) }

// By says who read a message: the index of a parser in the chain, or one of
// the constants, which are negative.
type By int

const (
	// ByNobody: no parser of the chain took it; it is dropped.
	ByNobody By = -1 - iota
	// ByEmpty: there is no text; it is dropped.
	ByEmpty
	// ByInvalidPRI: the PRI cannot be understood; the whole text is the message.
	ByInvalidPRI
	// ByLocalSocket: it has the form of libc's syslog(3).
	ByLocalSocket
	// ByInput: it came with its fields.
	ByInput
)

// ParseBy is Parse, and says who read the message.
func (p *Parser) ParseBy(b *message.Batch, m *message.Message) By {
	if m.Flags&message.Parsed != 0 || m.Origin.Format == message.Structured {
		return ByInput
	}
	m.Flags |= message.Parsed
	if len(m.Raw()) == 0 {
		m.Flags |= message.Drop
		return ByEmpty
	}
	p.Prepare(b, m)
	m.Reported = m.Received
	by := ByNobody
	switch {
	case m.Origin.Format == message.LocalSocket:
		parseLocal(m)
		by = ByLocalSocket
	case m.PRI == message.InvalidPRI && p.anyPRI >= 0 && p.chain[p.anyPRI].(AnyPRI).ParseAnyPRI(b, m):
		by = By(p.anyPRI)
	case m.PRI == message.InvalidPRI:
		// rsyslogd stores the whole text as it is.
		m.MsgText = message.Span{Len: uint32(len(m.Raw()))}
		by = ByInvalidPRI
	default:
		if by = By(p.chain.Parse(b, m)); by == ByNobody {
			m.Flags |= message.Drop
			return by
		}
	}
	p.setProgram(m)
	if tag := m.Origin.Tag; tag != nil && m.Protocol != 0 && m.TagText.Off == 0 {
		program := m.Program
		m.SetTag(tag, 0)
		m.Program = program
	}
	if m.Origin.Trust != message.HostFromMessage && m.Flags&message.HasHostname != 0 {
		if m.Origin.Trust == message.HostFromSender || saysNothing(m.Bytes(m.Host)) {
			m.Flags &^= message.HasHostname
		}
	}
	m.Verify("parser")
	return by
}

// saysNothing reports whether a host name is one that any machine may have.
func saysNothing(host []byte) bool {
	switch string(host) {
	case "", "-", "localhost", "localhost.localdomain", "(none)", "none", "null", "unknown", "127.0.0.1", "::1", "0.0.0.0", "::":
		return true
	}
	return false
}

// Prepare does what comes before the parsers: decompression, sanitising, PRI.
// The text stays where it is unless it has to change; then it is copied to
// memory of b.
func (p *Parser) Prepare(b *message.Batch, m *message.Message) {
	p.prep.clean(b, m)
	m.PRI, m.AfterPRI = scanPRI(m.Raw())
}

// setProgram sets the program name from the tag.
func (p *Parser) setProgram(m *message.Message) {
	tag := m.TagText
	if m.Protocol != 0 {
		tag = m.App
	}
	if m.Program.Len != 0 || tag.Len == 0 {
		return
	}
	m.Program = message.Span{Off: tag.Off, Len: uint32(ProgramLen(m.Bytes(tag), p.slash))}
}

// ProgramLen is the length of the program name at the start of a tag: up to a
// colon, a bracket, a byte that is not printable ASCII, or a slash unless
// permitSlash is on.
func ProgramLen(tag []byte, permitSlash bool) int {
	for i, c := range tag {
		k := kinds[c]
		if k&endsProgram != 0 || k&slash != 0 && !permitSlash {
			return i
		}
	}
	return len(tag)
}

// scanPRI reads <PRI> at the start of text. Digits are not counted, as in
// rsyslogd: <00013> is 13, and <> is 0. after is 0 if there is no PRI or none
// that can be understood.
func scanPRI(text []byte) (pri message.Priority, after uint8) {
	if len(text) == 0 || text[0] != '<' {
		return message.DefaultPRI, 0
	}
	n, i := 0, 1
	for ; i < len(text) && i < 254; i++ {
		d := text[i] - '0'
		if d > 9 {
			break
		}
		if n = n*10 + int(d); n > maxPRI {
			return message.InvalidPRI, 0
		}
	}
	// Unlike rsyslogd, a PRI of more than 250 digits is invalid.
	if i >= len(text) || text[i] != '>' {
		return message.InvalidPRI, 0
	}
	return message.Priority(n), uint8(i + 1)
}

// maxPRI is local7.debug.
const maxPRI = 191
