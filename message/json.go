package message

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds nested JSON, as in libfastjson.
const maxDepth = 32

var errJSON = errors.New("this is no JSON")

// ParseJSON reads one JSON value from the start of text and returns how many
// bytes it took, blanks before it included. It takes what libfastjson takes
// beside JSON and what programs write: strings in single quotes, True, NaN,
// comments, and a comma behind the last element.
func ParseJSON(text string) (Value, int, error) {
	p := jsonParser{text: text}
	v, err := p.value(0)
	return v, p.at, err
}

type jsonParser struct {
	text string
	at   int
}

// blanks skips white space and comments.
func (p *jsonParser) blanks() {
	for p.at < len(p.text) {
		rest := p.text[p.at:]
		end := 0
		switch {
		case strings.IndexByte(" \t\r\n\v\f", rest[0]) >= 0:
			end = 1
		case strings.HasPrefix(rest, "/*"):
			if end = strings.Index(rest[2:], "*/"); end < 0 {
				return
			}
			end += 4
		case strings.HasPrefix(rest, "//"):
			if end = strings.IndexByte(rest, '\n'); end < 0 {
				return
			}
		default:
			return
		}
		p.at += end
	}
}

// take skips blanks and takes c if it comes next.
func (p *jsonParser) take(c byte) bool {
	p.blanks()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

var jsonWords = []struct {
	text  string
	value Value
}{
	{"true", BoolValue(true)},
	{"false", BoolValue(false)},
	{"null", Value{}},
	{"NaN", Value{kind: Real, str: "NaN"}},
	{"Infinity", Value{kind: Real, str: "Infinity"}},
	{"-Infinity", Value{kind: Real, str: "-Infinity"}},
}

func (p *jsonParser) value(depth int) (Value, error) {
	if depth >= maxDepth {
		return Value{}, fmt.Errorf("JSON is nested deeper than %d levels", maxDepth)
	}
	p.blanks()
	if p.at == len(p.text) {
		return Value{}, errJSON
	}
	switch p.text[p.at] {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"', '\'':
		s, err := p.str()
		return StringValue(s), err
	}
	for i := range jsonWords {
		w := &jsonWords[i]
		if end := p.at + len(w.text); end <= len(p.text) && equalFold(p.text[p.at:end], w.text) {
			p.at = end
			return w.value, nil
		}
	}
	return p.number()
}

func (p *jsonParser) object(depth int) (Value, error) {
	v := ObjectValue()
	p.at++
	for !p.take('}') {
		key, err := p.str()
		if err != nil || !p.take(':') {
			return v, errJSON
		}
		val, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.Put(key, val, true)
		if !p.take(',') {
			if p.take('}') {
				return v, nil
			}
			return v, errJSON
		}
	}
	return v, nil
}

func (p *jsonParser) array(depth int) (Value, error) {
	v := ArrayValue()
	p.at++
	for !p.take(']') {
		item, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.Append(item)
		if !p.take(',') {
			if p.take(']') {
				return v, nil
			}
			return v, errJSON
		}
	}
	return v, nil
}

// number reads a number. An integer beyond 64 bits becomes the nearest one that
// has them, as in rsyslogd.
func (p *jsonParser) number() (Value, error) {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789eE", p.text[p.at]) >= 0 {
		p.at++
	}
	text := p.text[start:p.at]
	if digits := strings.TrimPrefix(text, "-"); digits == "" || digits[0] < '0' || digits[0] > '9' {
		return Value{}, errJSON
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return IntValue(n), nil
	}
	if _, err := strconv.ParseFloat(text, 64); errors.Is(err, strconv.ErrSyntax) {
		return Value{}, errJSON
	}
	return Value{kind: Real, str: text}, nil
}

// str reads a string in double or single quotes.
func (p *jsonParser) str() (string, error) {
	p.blanks()
	if p.at == len(p.text) || p.text[p.at] != '"' && p.text[p.at] != '\'' {
		return "", errJSON
	}
	quote, rest := p.text[p.at], p.text[p.at+1:]
	var out []byte
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; c {
		case quote:
			p.at += i + 2
			if out == nil {
				return rest[:i], nil
			}
			return string(out), nil
		case '\\':
			if out == nil {
				out = append(make([]byte, 0, i+16), rest[:i]...)
			}
			var n int
			if out, n = unescape(out, rest[i:]); n == 0 {
				return "", errJSON
			}
			i += n - 1
		default:
			if out != nil {
				out = append(out, c)
			}
		}
	}
	return "", errJSON
}

// unescape decodes the escape that s begins with and returns its length, 0 for none.
func unescape(dst []byte, s string) ([]byte, int) {
	if len(s) < 2 {
		return dst, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return append(dst, "\"\\/\b\f\n\r\t"[i]), 2
	}
	r, ok := hex4(s)
	if !ok {
		return dst, 0
	}
	n := 6
	if r >= 0xd800 && r < 0xdc00 {
		if low, ok := hex4(s[n:]); ok && low >= 0xdc00 && low < 0xe000 {
			return utf8.AppendRune(dst, 0x10000+(r-0xd800)<<10+(low-0xdc00)), 12
		}
	}
	return utf8.AppendRune(dst, r), n
}

func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
