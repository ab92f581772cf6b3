package message

import (
	"math"
	"strconv"
	"strings"
)

// Kind is the type of a Value.
type Kind uint8

// The kinds of JSON. Real numbers keep their text.
const (
	Null Kind = iota
	Bool
	Int
	Real
	String
	Array
	Object
)

// Value is a JSON value: a message variable or a part of one. The zero Value is
// null. Objects keep the order in which their members were made.
type Value struct {
	kind Kind
	num  int64  // Int, 0 or 1 for Bool, the Marks of a String
	str  string // String, and the text of a Real
	arr  []Value
	obj  []member
	// index, if not nil, is of the members' names. What is read by several goroutines
	// is not changed any more: only Put and its like make one.
	index *index
}

type member struct {
	key string
	val Value
}

// StringValue, IntValue, BoolValue and ArrayValue make values. ArrayValue takes
// over items.
func StringValue(s string) Value { return Value{kind: String, str: s} }

// IntValue makes a number.
func IntValue(n int64) Value { return Value{kind: Int, num: n} }

// BoolValue makes a truth value.
func BoolValue(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// RealValue makes a number with a fraction, written as json-c does it.
func RealValue(f float64) Value {
	switch {
	case math.IsInf(f, 1):
		return Value{kind: Real, str: "Infinity"}
	case math.IsInf(f, -1):
		return Value{kind: Real, str: "-Infinity"}
	}
	text := strconv.FormatFloat(f, 'g', 17, 64)
	if !strings.ContainsAny(text, ".eN") {
		text += ".0"
	}
	return Value{kind: Real, str: text}
}

// ArrayValue makes an array.
func ArrayValue(items ...Value) Value { return Value{kind: Array, arr: items} }

// ObjectValue makes an empty object.
func ObjectValue() Value { return Value{kind: Object} }

// Kind returns the value's kind.
func (v *Value) Kind() Kind { return v.kind }

// Int returns the number of an Int or Bool.
func (v *Value) Int() int64 { return v.num }

// Text returns the content of a String, or the text of a Real.
func (v *Value) Text() string { return v.str }

// Len is the number of members or elements.
func (v *Value) Len() int {
	if v.kind == Object {
		return len(v.obj)
	}
	return len(v.arr)
}

// At returns element i of an Array.
func (v *Value) At(i int) *Value { return &v.arr[i] }

// Append adds an element to an Array.
func (v *Value) Append(item Value) { v.arr = append(v.arr, item) }

// Add adds a member to an Object that has none of that name; Put looks.
func (v *Value) Add(key string, val Value) {
	if v.index != nil {
		v.push(key, val)
		return
	}
	v.obj = append(v.obj, member{key, val})
}

// Member returns the name and value of member i of an Object.
func (v *Value) Member(i int) (string, *Value) { return v.obj[i].key, &v.obj[i].val }

// Get returns the member called key, or nil. Unless exact is set, ASCII case
// does not count when no member has the very name.
func (v *Value) Get(key string, exact bool) *Value {
	if v == nil || v.kind != Object {
		return nil
	}
	if i := v.find(key, exact); i >= 0 {
		return &v.obj[i].val
	}
	return nil
}

// find returns the place of the member called key, as Get, or -1.
func (v *Value) find(key string, exact bool) int {
	if v.index != nil {
		if i, sure := v.index.find(v.obj, key, exact); sure {
			return i
		}
	}
	for i := range v.obj {
		if v.obj[i].key == key {
			return i
		}
	}
	if exact {
		return -1
	}
	for i := range v.obj {
		if equalFold(v.obj[i].key, key) {
			return i
		}
	}
	return -1
}

// equalFold is == without regard to ASCII case.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c-'A' < 26 {
		return c + 'a' - 'A'
	}
	return c
}

// Put sets the member called key, as Get finds it, or adds it.
func (v *Value) Put(key string, val Value, exact bool) {
	if old := v.Get(key, exact); old != nil {
		*old = val
		return
	}
	v.push(key, val)
}

// push adds a member that is not there, and has an index made where that pays.
func (v *Value) push(key string, val Value) *Value {
	v.obj = append(v.obj, member{key, val})
	switch n := len(v.obj); {
	case v.index != nil:
		v.index.add(key, n-1)
	case n >= manyMembers:
		v.index = newIndex(v.obj)
	}
	return &v.obj[len(v.obj)-1].val
}

// Delete takes the member called key away.
func (v *Value) Delete(key string, exact bool) {
	if v.kind != Object {
		return
	}
	if i := v.find(key, exact); i >= 0 {
		v.obj, v.index = append(v.obj[:i], v.obj[i+1:]...), nil
	}
}

// Clone returns a deep copy.
func (v *Value) Clone() Value {
	c := *v
	if v.arr != nil {
		c.arr = make([]Value, len(v.arr))
		for i := range v.arr {
			c.arr[i] = v.arr[i].Clone()
		}
	}
	if v.obj != nil {
		c.index = nil
		c.obj = make([]member, len(v.obj))
		for i := range v.obj {
			c.obj[i] = member{v.obj[i].key, v.obj[i].val.Clone()}
		}
	}
	return c
}

// Copy is Clone with fractions written anew, as in rsyslogd's copies of
// variables: 1.50 becomes 1.5.
func (v *Value) Copy() Value {
	c := v.Clone()
	c.rewriteReals()
	return c
}

func (v *Value) rewriteReals() {
	if v.kind == Real && strings.ContainsAny(v.str, ".eE") {
		*v = RealValue(v.Float())
	}
	for i := range v.arr {
		v.arr[i].rewriteReals()
	}
	for i := range v.obj {
		v.obj[i].val.rewriteReals()
	}
}

// Float returns the number of a Real. It is an infinity if it is too large.
func (v *Value) Float() float64 {
	f, _ := strconv.ParseFloat(v.str, 64)
	return f
}

// AppendText appends what a template prints: the content of a string, JSON
// text for the rest, nothing for null.
func (v *Value) AppendText(dst []byte, compact bool) []byte {
	switch v.kind {
	case Null:
		return dst
	case String:
		return append(dst, v.str...)
	}
	return v.AppendJSON(dst, compact)
}

// AppendJSON appends JSON: { "a": 1, "b": [ 2 ] }, or {"a":1,"b":[2]} if compact.
func (v *Value) AppendJSON(dst []byte, compact bool) []byte {
	switch v.kind {
	case Bool:
		return strconv.AppendBool(dst, v.num != 0)
	case Int:
		return strconv.AppendInt(dst, v.num, 10)
	case Real:
		return append(dst, v.str...)
	case String:
		return AppendJSONString(dst, v.str)
	case Array:
		return v.appendArray(dst, compact)
	case Object:
		return v.appendObject(dst, compact)
	}
	return append(dst, "null"...)
}

func (v *Value) appendArray(dst []byte, compact bool) []byte {
	dst = append(dst, '[')
	for i := range v.arr {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !compact {
			dst = append(dst, ' ')
		}
		dst = v.arr[i].AppendJSON(dst, compact)
	}
	if !compact {
		dst = append(dst, ' ')
	}
	return append(dst, ']')
}

func (v *Value) appendObject(dst []byte, compact bool) []byte {
	dst = append(dst, '{')
	for i := range v.obj {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !compact {
			dst = append(dst, ' ')
		}
		dst = AppendJSONString(dst, v.obj[i].key)
		dst = append(dst, ':')
		if !compact {
			dst = append(dst, ' ')
		}
		dst = v.obj[i].val.AppendJSON(dst, compact)
	}
	if !compact {
		dst = append(dst, ' ')
	}
	return append(dst, '}')
}

// AppendJSONString appends s as a JSON string with quotes.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = AppendJSONEscaped(dst, s)
	return append(dst, '"')
}

const upperHex = "0123456789ABCDEF"

// AppendJSONEscaped appends s escaped for a JSON string, as json-c does it for
// rsyslogd: a slash gets a backslash, bytes from 0x7f on stay. What a sender wrote in another
// encoding is not valid in JSON, but all that there is of it.
func AppendJSONEscaped[T string | []byte](dst []byte, s T) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != '/' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\', '/':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', upperHex[c>>4], upperHex[c&15])
		}
	}
	return append(dst, s[start:]...)
}
