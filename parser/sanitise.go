package parser

import (
	"unicode/utf8"

	"syslogd/internal/characters"
	"syslogd/internal/control"
	"syslogd/message"
)

// sanitiser does what rsyslogd does to a text before it parses it.
//
// Unlike rsyslogd 8.2302, which with spaceLFOnReceive leaves most control
// characters unescaped, and with escaping off drops the others from a text that
// has a NUL, it does so with every combination of options.
type sanitiser struct {
	Options
	// keep has a bit for each byte below 32 that passes unchanged.
	keep     uint32
	inflater *inflater
}

func newSanitiser(o Options) sanitiser {
	s := sanitiser{Options: o, inflater: new(inflater)}
	switch {
	case !o.EscapeControlCharacters:
		s.keep = ^uint32(1) // all but NUL
	case !o.EscapeTab:
		s.keep = 1 << '\t'
	}
	return s
}

// clean replaces m's text where it has to change.
func (s *sanitiser) clean(b *message.Batch, m *message.Message) {
	text := m.Raw()
	packed := text[0] == 'z' && s.Decompress
	if m.Flags&message.Clean != 0 && !packed && !s.Escape8Bit {
		return
	}
	if packed {
		if plain, ok := s.inflater.inflate(b, text[1:], s.MaxMessageSize); ok {
			text = plain
		}
	}
	n := len(text)
	if n > 0 && text[n-1] == 0 {
		n--
	}
	if n > 0 && s.DropTrailingLF && text[n-1] == '\n' {
		n--
	}
	if n > 0 && s.DropTrailingCR && text[n-1] == '\r' {
		n--
	}
	text = text[:n]
	if clean := s.cleanPrefix(text); clean < n {
		text = s.escape(b, text, clean)
	}
	if len(text) != len(m.Raw()) || n > 0 && &text[0] != &m.Raw()[0] {
		m.ReplaceRaw(text)
	}
}

// cleanPrefix returns how many bytes at the start of text need no change.
func (s *sanitiser) cleanPrefix(text []byte) int {
	i := 0
	if !s.Escape8Bit {
		i = control.Index(text)
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < 32 && (s.keep>>c&1 == 0 || c == '\n' && s.SpaceLF) || c > 127 && s.Escape8Bit {
			break
		}
	}
	return i
}

// escape returns a copy of text with everything escaped that has to be, in
// memory of b. The first clean bytes need no change. The copy ends 3 bytes
// before the size limit at the latest, so that an escape fits.
func (s *sanitiser) escape(b *message.Batch, text []byte, clean int) []byte {
	grow := 0
	for _, c := range text[clean:] {
		if c < 32 || c > 127 {
			grow += 3
		}
	}
	limit := s.MaxMessageSize - 3
	// rsyslogd goes on one byte before the first one that it escapes, which
	// shows where a text is cut.
	clean = min(max(clean-1, 0), s.MaxMessageSize)
	dst := b.Side(min(len(text)+grow, s.MaxMessageSize))[:0]
	dst = append(dst, text[:clean]...)
	for i, c := range text[clean:] {
		if len(dst) >= limit {
			if text[clean+i] >= utf8.RuneSelf {
				dst = dst[:characters.Whole(dst)]
			}
			break
		}
		switch {
		case c == '\n' && s.SpaceLF:
			dst = append(dst, ' ')
		case c < 32 && s.keep>>c&1 == 0, c > 127 && s.Escape8Bit:
			dst = s.appendEscaped(dst, c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

const hexDigits = "0123456789ABCDEF"

// cEscapes are the letters of C's escapes for the bytes that have one.
var cEscapes = [32]byte{0: '0', '\a': 'a', '\b': 'b', '\t': 't', '\n': 'n', '\v': 'v', '\f': 'f', '\r': 'r', 27: 'e'}

func (s *sanitiser) appendEscaped(dst []byte, c byte) []byte {
	if !s.EscapeCStyle {
		return append(dst, s.EscapePrefix, '0'+c>>6, '0'+c>>3&7, '0'+c&7)
	}
	if c < 32 && cEscapes[c] != 0 {
		return append(dst, '\\', cEscapes[c])
	}
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}
