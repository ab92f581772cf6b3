package syntax

import (
	"sort"

	"syslogd/internal/diag"
)

// source is a text as the scanner sees it: without blanks at line ends and with
// continuation lines joined. It maps every byte back to where it stood.
type source struct {
	src *diag.Source
	// text ends with a line feed.
	text []byte
	segs []segment
	// nuls are places of NUL bytes; rsyslogd reads lines as C strings, which end there.
	nuls []diag.Range
	bom  bool
	// whole, if valid, is the only range: the text stands in another syntax, and
	// its places can not be told apart.
	whole diag.Range
}

// origin is where a text begins in src, when it is a part of it.
type origin struct {
	line int // lines in front of it
	// first is the number of bytes in front of the first line, rest of the others.
	first, rest int
}

func (o origin) col(line, col int) int {
	if line == 1 {
		return o.first + col + 1
	}
	return o.rest + col + 1
}

// segment says that text[off] and what follows, up to the next segment, is a
// piece of one line of the original.
type segment struct {
	off, line, col int
}

// newSource prepares text. Unlike rsyslogd, which cuts lines into pieces of
// 10239 bytes, lines may have any length.
func newSource(src *diag.Source) *source { return newPart(src, src.Text, origin{}) }

// newPart prepares text, which begins in src at from.
func newPart(src *diag.Source, text []byte, from origin) *source {
	s := &source{src: src, text: make([]byte, 0, len(text)+1)}
	rest := text
	joined := false // the line before ended with a backslash
	start := 0      // of the joined line
	for line := 1; len(rest) > 0 || joined; line++ {
		var ln []byte
		ln, rest = cutLine(rest)
		col := 0
		if line == 1 && hasBOM(ln) {
			s.bom, col = true, 3
		}
		ln = s.cutNUL(ln, diag.Pos{Src: src, Line: from.line + line, Col: from.col(line, 0)})
		if joined {
			col = skipSpace(ln, col)
		}
		end := len(ln)
		for end > col && isSpace(ln[end-1]) {
			end--
		}
		s.segs = append(s.segs, segment{len(s.text), from.line + line, from.col(line, col)})
		joined = end > col && ln[end-1] == '\\'
		if joined {
			s.text = append(s.text, ln[col:end-1]...)
			continue
		}
		s.text = append(s.text, ln[col:end]...)
		start = s.endLine(start)
	}
	if len(s.segs) == 0 {
		s.segs, s.text = []segment{{0, from.line + 1, from.col(1, 0)}}, []byte{'\n'}
	}
	return s
}

// endLine ends the joined line that began at start and returns where the next
// begins. Blanks at the end are dropped again: the last piece may be empty.
func (s *source) endLine(start int) int {
	end := len(s.text)
	for end > start && isSpace(s.text[end-1]) {
		end--
	}
	for i := len(s.segs) - 1; s.segs[i].off > end; i-- {
		s.segs[i].off = end
	}
	s.text = append(s.text[:end], '\n')
	return len(s.text)
}

func cutLine(b []byte) (line, rest []byte) {
	for i, c := range b {
		if c == '\n' {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

func hasBOM(b []byte) bool {
	return len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf
}

func (s *source) cutNUL(ln []byte, start diag.Pos) []byte {
	for i, c := range ln {
		if c == 0 {
			start.Col += i
			s.nuls = append(s.nuls, diag.Range{Start: start, Len: 1})
			return ln[:i]
		}
	}
	return ln
}

// isSpace is C's isspace.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// rng is the range of text[start:end] in the original, as far as it lies on
// the line of its first byte.
func (s *source) rng(start, end int) diag.Range {
	if s.whole.Start.IsValid() {
		return s.whole
	}
	i := sort.Search(len(s.segs), func(i int) bool { return s.segs[i].off > start }) - 1
	// Of several segments at one offset only the last has text.
	seg := s.segs[i]
	if i+1 < len(s.segs) {
		end = min(end, s.segs[i+1].off)
	}
	if end > start && end <= len(s.text) && s.text[end-1] == '\n' {
		end--
	}
	return diag.Range{
		Start: diag.Pos{Src: s.src, Line: seg.line, Col: seg.col + start - seg.off},
		Len:   max(1, end-start),
	}
}

// lineEnd is the offset of the line feed that ends the (joined) line of off.
func (s *source) lineEnd(off int) int {
	for off < len(s.text) && s.text[off] != '\n' {
		off++
	}
	return off
}
