package script

import (
	"bytes"

	"syslogd/message"
)

// A text carries in n which of its slashes and dots come from the configuration, see
// message.Marks: all of a constant, none of a property. What an expression makes of
// texts that have none has none, which costs nothing.

// marked is text with marks.
func marked(s []byte, m message.Marks) Value { return Value{s: s, n: int64(m)} }

// marks are those of a text.
func (v Value) marks() message.Marks {
	if v.kind != str {
		return 0
	}
	return message.Marks(v.n)
}

// piece is s, a piece of the memory of v's text.
func (v Value) piece(s []byte) Value { return marked(s, v.marks().Cut(v.s, s)) }

// joined is text, which begins with a text, of a and of b behind it.
func joined(text []byte, a, b Value) Value {
	if a.marks()|b.marks() == 0 {
		return Value{s: text}
	}
	var k message.Marker
	k.Add(a.Bytes(), a.marks())
	k.Add(text[len(a.Bytes()):], b.marks())
	return marked(text, k.Marks())
}

// replaced is text: v with another text in each place of find, which is not empty.
func replaced(text []byte, v, find, with Value) Value {
	if v.marks()|with.marks() == 0 {
		return Value{s: text}
	}
	var k, skipped message.Marker
	rest, marks, f := v.Bytes(), v.marks(), find.Bytes()
	for {
		i := bytes.Index(rest, f)
		if i < 0 {
			k.Add(rest, marks)
			return marked(text, k.Marks())
		}
		marks = k.Add(rest[:i], marks)
		marks = skipped.Add(f, marks)
		k.Add(with.Bytes(), with.marks())
		rest = rest[i+len(f):]
	}
}
