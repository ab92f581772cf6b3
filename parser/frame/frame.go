// Package frame finds the messages in a byte stream and writes streams that
// others can take apart: syslog over TCP as RFC 6587 describes it, and as it is
// found on the wire.
//
// A frame is octet-counted (RFC 6587, 3.4.1) or ends with a delimiter (3.4.2).
// That is decided frame by frame: one that begins with a digit has a count.
//
// Beyond rsyslogd, NUL ends a frame in a stream that shows records of the form
// <PRI>text NUL, since Python's SysLogHandler, Logbook and old versions of
// logger(1) send those. A NUL inside a frame that LF ends stays data.
package frame

import (
	"fmt"
	"regexp"
	"strings"
)

// Dialect is the input module whose behaviour at the edges a Reader has.
type Dialect uint8

const (
	// TCP is imtcp: text without delimiter at the end of the stream is a frame;
	// an octet-counted frame that is too long is split.
	TCP Dialect = iota
	// PTCP is imptcp: text without delimiter at the end of the stream is
	// dropped; an octet-counted frame that is too long is cut.
	PTCP
)

// Options are the settings of an input. Defaults returns those that rsyslogd has.
type Options struct {
	// OctetCounting recognises frames that begin with a count.
	OctetCounting bool
	// LFDelimiter makes LF end a frame.
	LFDelimiter bool
	// AddtlDelimiter is a byte that ends a frame, too; -1 for none.
	AddtlDelimiter int
	// MaxFrameSize is the largest octet count that is believed.
	MaxFrameSize int
	// MaxMessageSize is the length of the largest frame, in bytes. Longer ones
	// come in pieces, or cut.
	MaxMessageSize int
	// DiscardTruncated cuts a frame that is too long instead of splitting it.
	DiscardTruncated bool
	// CiscoASAFix skips blanks in front of a frame.
	CiscoASAFix bool
	// MultiLine makes LF end a frame only in front of a < or of the end.
	MultiLine bool
	// DelimiterRegex, if not nil, makes LF end a frame only in front of a line
	// that it matches. There is no octet counting then.
	DelimiterRegex *regexp.Regexp
	// NULIsData switches off the recognition of records that end with NUL.
	NULIsData bool
	Dialect   Dialect
}

// Defaults returns the options of an imtcp listener without parameters.
func Defaults() Options {
	return Options{
		OctetCounting:  true,
		LFDelimiter:    true,
		AddtlDelimiter: -1,
		MaxFrameSize:   200000,
		MaxMessageSize: 8096,
	}
}

// MaxBuffer is the number of bytes that Next may want to see at once, at most.
func (o *Options) MaxBuffer() int {
	if o.DelimiterRegex != nil {
		return 2*o.MaxMessageSize + 2
	}
	return max(o.MaxMessageSize, maxDigits) + len("\n<191>")
}

// Kind says what is wrong with a frame. Several may be true of one header.
type Kind uint8

const (
	// BadDelimiter: the count is followed by Byte and not by a blank. The count
	// is believed.
	BadDelimiter Kind = 1 << iota
	// ZeroCount: the count is 0. What follows is read up to a delimiter.
	ZeroCount
	// TooLarge: the count, Size, is above MaxFrameSize. The digits are text, and
	// the frame runs up to a delimiter.
	TooLarge
	// Oversize: the count, Size, is above MaxMessageSize. The frame comes in
	// pieces, or cut.
	Oversize
	// Split: the frame is the first MaxMessageSize bytes of a longer one that a
	// delimiter ends. What follows is in the buffer behind advance.
	Split
	// Incomplete: the stream ended inside an octet-counted frame. Size bytes were dropped.
	Incomplete
	// Unterminated: the stream ended inside a frame without delimiter, and the
	// dialect drops the Size bytes.
	Unterminated
	// Accepted: the frame is Size bytes long, which is above MaxMessageSize, and
	// nevertheless whole.
	Accepted
)

// Event is what a frame's header or its end gives cause to log or count; the
// zero Event is none.
type Event struct {
	Kind Kind
	Byte byte
	Size int
}

// Counted reports whether an octet count that is believed is the cause.
func (e Event) Counted() bool {
	return e.Kind&(BadDelimiter|Oversize) != 0 && e.Kind&(ZeroCount|TooLarge) == 0
}

// String says what is odd, in words.
func (e Event) String() string {
	var out []string
	for _, k := range []struct {
		kind Kind
		text string
	}{
		{BadDelimiter, fmt.Sprintf("the octet count %d is followed by %q and not by a blank", e.Size, e.Byte)},
		{ZeroCount, "the octet count is 0"},
		{TooLarge, fmt.Sprintf("the octet count %d is too large, it is text", e.Size)},
		{Oversize, fmt.Sprintf("the octet count %d is more than a message may have", e.Size)},
		{Split, "the message is longer than a message may be"},
		{Incomplete, fmt.Sprintf("the stream ends within an octet-counted message, bytes dropped: %d", e.Size)},
		{Unterminated, fmt.Sprintf("the stream ends without a delimiter, bytes dropped: %d", e.Size)},
	} {
		if e.Kind&k.kind != 0 {
			out = append(out, k.text)
		}
	}
	return strings.Join(out, "; ")
}

// AppendOctetCounted appends msg as an octet-counted frame (RFC 6587, 3.4.1).
func AppendOctetCounted(dst, msg []byte) []byte {
	var digits [20]byte
	i, n := len(digits), len(msg)
	for ok := true; ok; ok = n > 0 {
		i--
		digits[i] = '0' + byte(n%10)
		n /= 10
	}
	dst = append(dst, digits[i:]...)
	dst = append(dst, ' ')
	return append(dst, msg...)
}

// AppendLF appends msg and, unless it ends with one, an LF (RFC 6587, 3.4.2).
func AppendLF(dst, msg []byte) []byte { return AppendDelimited(dst, msg, '\n') }

// AppendDelimited appends msg and, unless it ends with it, the delimiter.
func AppendDelimited(dst, msg []byte, delimiter byte) []byte {
	dst = append(dst, msg...)
	if n := len(msg); n > 0 && msg[n-1] == delimiter {
		return dst
	}
	return append(dst, delimiter)
}
