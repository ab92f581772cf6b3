// Package script compiles RainerScript expressions to closures and evaluates
// them with rsyslog's values and conversions: signed numbers, byte strings, JSON.
package script

import (
	"bytes"
	"math"
	"strconv"

	"syslogd/message"
)

// Value is the result of an expression. Byte strings belong to the message, the
// program or the context; they are valid until the message is done.
type Value struct {
	kind kind
	n    int64 // of a number; the marks of a text
	s    []byte
	j    *message.Value
}

type kind uint8

const (
	str kind = iota // the zero Value is the empty string
	num
	obj // a JSON array, object, number or truth value
)

func number(n int64) Value { return Value{kind: num, n: n} }
func text(s []byte) Value  { return Value{s: s} }
func truth(b bool) Value {
	if b {
		return number(1)
	}
	return number(0)
}

// fromJSON reads a JSON string as a string, null as the empty string.
func fromJSON(v *message.Value) Value {
	if v == nil || v.Kind() == message.Null {
		return Value{}
	}
	if v.Kind() == message.String {
		return marked([]byte(v.Text()), v.Marks())
	}
	return Value{kind: obj, j: v}
}

// JSON returns the value as a variable stores it.
func (v Value) JSON() message.Value {
	switch v.kind {
	case num:
		return message.IntValue(v.n)
	case obj:
		return v.j.Copy()
	}
	return message.MarkedValue(string(v.s), v.marks())
}

// Bytes returns the string form.
func (v Value) Bytes() []byte {
	switch v.kind {
	case num:
		return strconv.AppendInt(nil, v.n, 10)
	case obj:
		if v.j.Kind() == message.Int || v.j.Kind() == message.Bool {
			return v.j.AppendText(nil, false)
		}
		c := v.j.Copy() // rsyslogd evaluates a copy
		return c.AppendText(nil, false)
	}
	return v.s
}

func (v Value) String() string { return string(v.Bytes()) }

// Int returns the number form, and whether the whole value was one. The empty
// string is 0 and counts as a number.
func (v Value) Int() (int64, bool) {
	switch v.kind {
	case num:
		return v.n, true
	case obj:
		return jsonInt(v.j), true
	}
	return parseInt(v.s)
}

// constantInt is Int for arithmetic that is done when the configuration is
// read: there, as in rsyslogd, strings may be hexadecimal or octal numbers.
func (v Value) constantInt() int64 {
	n, _ := v.Int()
	if v.kind != str || len(v.s) < 2 || v.s[0] != '0' {
		return n
	}
	base, digits := uint64(8), v.s[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	u := uint64(0)
	for _, c := range digits {
		d := uint64(c - '0')
		if base == 16 && d > 9 {
			d = uint64(c|0x20-'a') + 10
		}
		if d >= base {
			break
		}
		u = u*base + d
	}
	return int64(u)
}

func jsonInt(v *message.Value) int64 {
	switch v.Kind() {
	case message.Int, message.Bool:
		return v.Int()
	case message.Real:
		switch f := v.Float(); {
		case f >= math.MaxInt64:
			return math.MaxInt64
		case f <= math.MinInt64:
			return math.MinInt64
		case f == f:
			return int64(f)
		}
	}
	return 0
}

// parseInt reads an optional minus and decimal digits, up to the first other
// byte; ok says that there was none.
func parseInt(s []byte) (n int64, ok bool) {
	i, neg := 0, false
	if len(s) > 0 && s[0] == '-' {
		neg, i = true, 1
	}
	for ; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			break
		}
		n = n*10 + int64(d)
	}
	if neg {
		n = -n
	}
	return n, i == len(s)
}

// Bool is the truth of if, and, or, not: the number is not 0.
func (v Value) Bool() bool {
	n, _ := v.Int()
	return n != 0
}

// Each calls f with the elements of an array, or with { "key": k, "value": v }
// for the members of an object, until f returns false. The collection is copied
// before, so that f may change it.
func (v Value) Each(f func(Value) bool) {
	if v.kind != obj {
		return
	}
	c := v.j.Clone()
	for i := range c.Len() {
		var item message.Value
		if c.Kind() == message.Object {
			key, val := c.Member(i)
			item = message.ObjectValue()
			item.Put("key", message.StringValue(key), true)
			item.Put("value", *val, true)
		} else {
			item = *c.At(i)
		}
		if !f(fromJSON(&item)) {
			return
		}
	}
}

// isJSONNumber reports whether v is a number in a variable.
func (v Value) isJSONNumber() bool {
	return v.kind == obj && (v.j.Kind() == message.Int || v.j.Kind() == message.Real)
}

// equal is ==.
func equal(a, b Value) bool {
	if a.kind == str && b.kind == str {
		return bytes.Equal(a.s, b.s)
	}
	if a.kind != num && b.kind != num && !(a.isJSONNumber() && b.isJSONNumber()) {
		return bytes.Equal(a.Bytes(), b.Bytes())
	}
	return compareNumbers(a, b) == 0
}

// compareNumbers compares where at least one side is a number: as numbers if
// the other one converts, else as text.
func compareNumbers(a, b Value) int {
	x, okA := a.Int()
	y, okB := b.Int()
	if okA && okB {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return bytes.Compare(a.Bytes(), b.Bytes())
}
