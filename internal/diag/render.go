package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
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
// repeated as tabs so that it lines up.
func (d *Diagnostic) Write(w io.Writer) {
	var b strings.Builder
	code := ""
	if d.Code != 0 {
		code = fmt.Sprintf(" [%d]", d.Code)
	}
	if d.Range.Start.Src != nil {
		fmt.Fprintf(&b, "%s: ", d.Range.Start)
	}
	fmt.Fprintf(&b, "%s: %s%s\n", d.Severity, d.Text, code)
	excerpt(&b, d.Range)
	for _, r := range d.Related {
		fmt.Fprintf(&b, "  note: %s: %s\n", r.Range.Start, r.Text)
	}
	if d.Hint != "" {
		fmt.Fprintf(&b, "  hint: %s\n", d.Hint)
	}
	if d.Effect != "" {
		fmt.Fprintf(&b, "  %s\n", d.Effect)
	}
	for from := fromOf(d.Range); from.Start.IsValid(); from = fromOf(from) {
		fmt.Fprintf(&b, "  note: included from %s\n", from.Start)
	}
	io.WriteString(w, b.String())
}

func fromOf(r Range) Range {
	if r.Start.Src == nil {
		return Range{}
	}
	return r.Start.Src.From
}

// maxExcerpt bounds the shown part of a source line, in bytes.
const maxExcerpt = 160

func excerpt(b *strings.Builder, r Range) {
	if !r.Start.IsValid() {
		return
	}
	line, ok := lineOf(r.Start.Src.Text, r.Start.Line)
	if !ok {
		return
	}
	col, n := r.Start.Col-1, max(r.Len, 1)
	if col > len(line) {
		col = len(line)
	}
	lead := ""
	if len(line) > maxExcerpt {
		from := 0
		if col > maxExcerpt/2 {
			from, lead = col-maxExcerpt/2, "..."
		}
		line, col = line[from:min(from+maxExcerpt, len(line))], col-from
	}
	n = max(1, min(n, len(line)-col))
	num := fmt.Sprint(r.Start.Line)
	fmt.Fprintf(b, "  %s | %s%s\n", num, lead, printable(line))
	fmt.Fprintf(b, "  %s | %s", strings.Repeat(" ", len(num)), strings.Repeat(" ", len(lead)))
	for i := 0; i < col; i++ {
		if line[i] == '\t' {
			b.WriteByte('\t')
		} else if line[i]&0xc0 != 0x80 { // one column a UTF-8 sequence
			b.WriteByte(' ')
		}
	}
	carets := 0
	for i := col; i < col+n && i < len(line); i++ {
		if line[i]&0xc0 != 0x80 {
			carets++
		}
	}
	b.WriteString(strings.Repeat("^", max(1, carets)))
	b.WriteByte('\n')
}

// printable replaces control bytes, so that a hostile file cannot drive the terminal.
func printable(line []byte) string {
	out := append([]byte(nil), line...)
	for i, c := range out {
		if c < ' ' && c != '\t' || c == 0x7f {
			out[i] = '?'
		}
	}
	return string(out)
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
	return text, true
}
