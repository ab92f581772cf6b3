package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Write prints d as an administrator reads it:
//
//	/etc/rsyslog.conf:2:20: error: parameter "prt" not known for input(type="imudp") [-2207]
//	  2 | input(type="imudp" prt="514")
//	    |                    ^^^
//	  hint: did you mean "port"?
//	  this input is ignored
//
// The first line can be jumped to by editors. Tabs before the caret are
// repeated as tabs so that it lines up. Control characters are shown as
// question marks: a hostile file must not drive the terminal.
func (d *Diagnostic) Write(w io.Writer) {
	var b strings.Builder
	if d.Range.Start.Src != nil {
		fmt.Fprintf(&b, "%s: ", d.Range.Start)
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, d.Text)
	if d.Code != 0 {
		fmt.Fprintf(&b, " [%d]", d.Code)
	}
	head := printable(b.String())
	b.Reset()
	b.WriteString(head + "\n")
	excerpt(&b, d.Range)
	for _, r := range d.Related {
		b.WriteString(printable(fmt.Sprintf("  note: %s: %s", r.Range.Start, r.Text)) + "\n")
	}
	if d.Hint != "" {
		b.WriteString("  hint: " + printable(d.Hint) + "\n")
	}
	if d.Effect != "" {
		b.WriteString("  " + printable(d.Effect) + "\n")
	}
	for from := fromOf(d.Range); from.Start.IsValid(); from = fromOf(from) {
		b.WriteString(printable(fmt.Sprintf("  note: included from %s", from.Start)) + "\n")
	}
	io.WriteString(w, b.String())
}

func fromOf(r Range) Range {
	if r.Start.Src == nil {
		return Range{}
	}
	return r.Start.Src.From
}

// maxExcerpt bounds the shown part of a source line, in columns.
const maxExcerpt = 160

// cell is one character of a source line as it is shown.
type cell struct {
	off, end int // its bytes
	text     string
	width    int // columns
}

// excerpt shows the line of r with a caret below each column that r covers.
func excerpt(b *strings.Builder, r Range) {
	if !r.Start.IsValid() {
		return
	}
	line, ok := lineOf(r.Start.Src.Text, r.Start.Line)
	if !ok {
		return
	}
	cells := cellsOf(line)
	first, carets := covered(cells, r.Start.Col-1, max(r.Len, 1))
	lead, tail := "", ""
	if first > maxExcerpt-min(carets, maxExcerpt/2) {
		cut := first - maxExcerpt/2
		cells, first, lead = cells[cut:], first-cut, "..."
	}
	if len(cells) > maxExcerpt {
		cells, tail = cells[:maxExcerpt], "..."
	}
	carets = min(carets, len(cells)-first)

	num := fmt.Sprint(r.Start.Line)
	fmt.Fprintf(b, "  %s | %s", num, lead)
	for _, c := range cells {
		b.WriteString(c.text)
	}
	fmt.Fprintf(b, "%s\n  %*s | %*s", tail, len(num), "", len(lead), "")
	for _, c := range cells[:first] {
		if c.text == "\t" {
			b.WriteByte('\t')
		} else {
			b.WriteString("  "[:c.width])
		}
	}
	width := 0
	for _, c := range cells[first : first+carets] {
		width += c.width
	}
	b.WriteString(strings.Repeat("^", max(1, width)) + "\n")
}

// covered finds the cells of the n bytes from off on. Behind the end of the line
// first is the number of cells.
func covered(cells []cell, off, n int) (first, count int) {
	first = len(cells)
	for i, c := range cells {
		if c.off >= off+n {
			break
		}
		if c.end > off {
			first = min(first, i)
			count++
		}
	}
	return first, count
}

// cellsOf divides a line into what is shown as one character. A byte that is not
// UTF-8 and a character that has no picture or changes the direction of
// writing is a question mark; a mark that combines joins the column before it.
func cellsOf(line []byte) []cell {
	cells := make([]cell, 0, len(line))
	for off := 0; off < len(line); {
		r, size := utf8.DecodeRune(line[off:])
		text := string(line[off : off+size])
		switch {
		case r == utf8.RuneError && size == 1, !shown(r):
			text = "?"
		case unicode.In(r, unicode.Mn, unicode.Me) && len(cells) > 0:
			last := &cells[len(cells)-1]
			last.text += text
			off += size
			last.end = off
			continue
		}
		width := 1
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			width = 2
		}
		cells = append(cells, cell{off, off + size, text, width})
		off += size
	}
	return cells
}

// shown reports whether r may be written to a terminal.
func shown(r rune) bool {
	return r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r)
}

// printable replaces what a terminal must not get.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !shown(r) {
			return '?'
		}
		return r
	}, s)
}

func lineOf(text []byte, n int) ([]byte, bool) {
	for ; n > 1; n-- {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			return nil, false
		}
		text = text[i+1:]
	}
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	return bytes.TrimSuffix(text, []byte{'\r'}), true
}
