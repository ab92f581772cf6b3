package imfile

import (
	"bytes"

	"syslogd/internal/characters"
	"syslogd/internal/posix"
)

// splitter cuts the text of a file into messages. It keeps nothing between
// calls: a message that is not complete is looked at again with what has come.
// Its decisions depend on the text alone, not on how it arrived.
type splitter struct {
	mode       readMode
	start, end *posix.Regexp // of modeRegex; one may be nil
	// join stands between the lines of a message.
	join []byte
	// limit is the longest message, in bytes, rawLimit the most text of the file
	// that is taken for one.
	limit, rawLimit int
	trim            int // of modeLine; 0 is off
	discard         bool

	out []byte
}

type readMode uint8

// The ways to find the end of a message: a line feed, an empty line, a line that
// is not indented, expressions.
const (
	modeLine readMode = iota
	modeParagraph
	modeIndented
	modeRegex
)

// tooLong is what a message that is longer than the limit suffers.
func (s *splitter) tooLong() string {
	if s.splits() {
		return "message_split"
	}
	return "message_cut"
}

// splits reports whether the rest of a message that is too long is one of its own.
func (s *splitter) splits() bool { return s.mode == modeRegex && !s.discard }

// skip says what of the file is left out: the rest of a line, and lines up to the
// end of the message that was cut.
type skip struct{ line, message bool }

// flush says how much of a message that has no end yet is sent.
type flush uint8

const (
	flushNothing flush = iota
	flushLines         // the lines that are complete
	flushAll           // the rest of the file
)

// piece is what next found: a message, or text that is none.
type piece struct {
	text []byte // valid until the next call; empty for none
	used int    // bytes of the file; 0 if more must be read
	cut  bool   // the message was longer than the limit
}

// next takes the first piece off buf, which begins where the last one ended.
func (s *splitter) next(buf []byte, st *skip, f flush) piece {
	if *st != (skip{}) {
		if n := s.skip(buf, st, f); n > 0 || *st != (skip{}) {
			return piece{used: n}
		}
	}
	if s.mode == modeLine {
		return s.single(buf, st, f)
	}
	return s.multi(buf, st, f)
}

// line is a line of the file without its line feed. long: it has not ended
// within the limit; text is as much of it.
type line struct {
	text []byte
	used int
	long bool
}

// line returns the first line of buf; false if it is not complete.
func (s *splitter) line(buf []byte, f flush) (line, bool) {
	head := buf[:min(len(buf), s.limit+1)]
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		return line{text: buf[:i], used: i + 1}, true
	}
	switch {
	case len(buf) > s.limit:
		n := characters.Fit(buf, s.limit)
		return line{text: buf[:n], used: n, long: true}, true
	case f == flushAll && len(buf) > 0:
		return line{text: buf, used: len(buf)}, true
	}
	return line{}, false
}

// single takes a line. As in rsyslogd the rest of one that is too long is
// dropped, not made a message of its own.
func (s *splitter) single(buf []byte, st *skip, f flush) piece {
	l, ok := s.line(buf, f)
	if !ok {
		return piece{}
	}
	p := piece{text: l.text, used: l.used, cut: l.long}
	st.line = l.long
	if s.trim > 0 && len(p.text) > s.trim {
		// Unlike rsyslogd, no line feed is appended.
		p.text, p.cut = p.text[:characters.Fit(p.text, s.trim)], false
	}
	return p
}

// multi takes a message of several lines.
func (s *splitter) multi(buf []byte, st *skip, f flush) piece {
	s.out = s.out[:0]
	pos := 0
	for lines := 0; ; lines++ {
		rest := buf[pos:]
		if s.mode == modeIndented && lines > 0 && len(rest) > 0 && !indented(rest) {
			return piece{text: s.out, used: pos}
		}
		l, ok := s.line(rest, f)
		switch {
		case !ok && (f == flushNothing || lines == 0):
			return piece{}
		case !ok:
			return piece{text: s.out, used: pos}
		case s.mode != modeRegex && len(l.text) == 0:
			return piece{text: s.out, used: pos + l.used}
		case s.mode == modeRegex && lines > 0 && s.starts(l):
			return piece{text: s.out, used: pos}
		case pos > s.rawLimit:
			return s.cutAt(pos, st)
		}
		if lines > 0 {
			if len(s.out)+len(s.join) > s.limit {
				return s.cutAt(pos, st)
			}
			s.out = append(s.out, s.join...)
		}
		if n := s.limit - len(s.out); len(l.text) > n || l.long {
			n = characters.Fit(l.text, n)
			s.out = append(s.out, l.text[:n]...)
			return s.cutIn(l, pos, n, st)
		}
		s.out = append(s.out, l.text...)
		pos += l.used
		if s.mode == modeRegex && s.ends(l) {
			return piece{text: s.out, used: pos}
		}
	}
}

func (s *splitter) starts(l line) bool { return s.start != nil && s.start.Match(l.text) }
func (s *splitter) ends(l line) bool   { return s.end != nil && s.end.Match(l.text) }

func indented(b []byte) bool { return b[0] == ' ' || b[0] == '\t' }

// cutAt ends a message that is too long in front of the line at pos.
func (s *splitter) cutAt(pos int, st *skip) piece {
	st.message = !s.splits()
	return piece{text: s.out, used: pos, cut: true}
}

// cutIn ends a message that is too long behind n bytes of the line at pos. With
// expressions the rest is a message of its own, unless it is to be discarded.
func (s *splitter) cutIn(l line, pos, n int, st *skip) piece {
	p := piece{text: s.out, cut: true}
	if s.splits() {
		p.used = pos + n
		return p
	}
	p.used = pos + l.used
	st.line, st.message = l.long, s.mode != modeRegex || !s.ends(l)
	return p
}

// skip returns how much of buf is left out. st says afterwards whether that goes on.
func (s *splitter) skip(buf []byte, st *skip, f flush) int {
	used := 0
	for {
		if st.line {
			i := bytes.IndexByte(buf[used:], '\n')
			if i < 0 {
				return len(buf)
			}
			st.line = false
			used += i + 1
		}
		if !st.message {
			return used
		}
		rest := buf[used:]
		if s.mode == modeIndented && len(rest) > 0 && !indented(rest) {
			st.message = false
			return used
		}
		l, ok := s.line(rest, f)
		if !ok {
			return used
		}
		if s.mode == modeRegex && s.starts(l) {
			st.message = false
			return used
		}
		used += l.used
		st.line = l.long
		st.message = !(s.mode == modeParagraph && len(l.text) == 0 || s.mode == modeRegex && s.ends(l))
	}
}
