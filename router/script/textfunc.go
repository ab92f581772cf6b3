package script

import (
	"bytes"
	"encoding/base64"
	"os"
	"strings"

	"syslogd/message"
	"syslogd/router/property"
)

// textFunctions are those that take texts apart, and make new ones.
func textFunctions() map[string]function {
	return map[string]function{
		"strlen":    pure(1, 1, func(a []Value) Value { return number(int64(len(a[0].Bytes()))) }),
		"substring": pure(3, 3, substring),
		"tolower":   pure(1, 1, func(a []Value) Value { return marked(asciiLower(a[0].Bytes()), a[0].marks()) }),
		"toupper":   pure(1, 1, func(a []Value) Value { return marked(asciiUpper(a[0].Bytes()), a[0].marks()) }),
		"ltrim":     pure(1, 1, func(a []Value) Value { return a[0].piece(bytes.TrimLeft(a[0].Bytes(), " ")) }),
		"rtrim":     pure(1, 1, func(a []Value) Value { return a[0].piece(bytes.TrimRight(a[0].Bytes(), " ")) }),
		"replace":   {min: 3, max: 3, run: replace},
		"wrap":      {min: 2, max: 3, run: wrap},
		"field":     pure(3, 3, field),
		"split":     pure(2, 2, split),
		"b64_decode": pure(1, 1, func(a []Value) Value {
			out, err := base64.StdEncoding.DecodeString(a[0].String())
			if err != nil {
				return Value{}
			}
			return text(out)
		}),
		"tocef":          pure(8, 8, toCEF),
		"cef_ext_escape": pure(1, 1, func(a []Value) Value { return text([]byte(cefExtension.Replace(a[0].String()))) }),
		"cstr":           pure(1, 1, func(a []Value) Value { return marked(a[0].Bytes(), a[0].marks()) }),
		"getenv":         pure(1, 1, func(a []Value) Value { return marked([]byte(os.Getenv(a[0].String())), message.AllMarks) }),
		"hash32":         pure(1, 2, func(a []Value) Value { return hash(a, fnv32) }),
		"hash64":         pure(1, 2, func(a []Value) Value { return hash(a, djb64) }),
		"hash32mod":      pure(2, 3, func(a []Value) Value { return hashMod(a, fnv32) }),
		"hash64mod":      pure(2, 3, func(a []Value) Value { return hashMod(a, djb64) }),
	}
}

func substring(a []Value) Value {
	s := a[0].Bytes()
	start, _ := a[1].Int()
	n, _ := a[2].Int()
	start = max(start, 0)
	if start >= int64(len(s)) {
		return Value{}
	}
	if n < 0 {
		n += int64(len(s)) // a count, not an end, as in rsyslogd
	}
	n = min(max(n, 0), int64(len(s))-start)
	return a[0].piece(s[start : start+n])
}

func asciiLower(s []byte) []byte {
	out := bytes.Clone(s)
	for i, c := range out {
		if c-'A' < 26 {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

func asciiUpper(s []byte) []byte {
	out := bytes.Clone(s)
	for i, c := range out {
		if c-'a' < 26 {
			out[i] = c - 'a' + 'A'
		}
	}
	return out
}

// replace of an empty string puts the replacement around each byte, as rsyslogd
// 8.2302 does. Where the result is too long, nothing is replaced, which the worker tells.
func replace(a []Value, _ *message.Message, ctx *property.Context) Value {
	s, find, with := a[0].Bytes(), a[1].Bytes(), a[2].Bytes()
	if len(find) > 0 {
		out, done := replaceAll(s, find, with)
		if !done {
			ctx.Exceeded = true
			return a[0]
		}
		return replaced(out, a[0], a[1], a[2])
	}
	if len(with)*(len(s)+1) > maxText {
		ctx.Exceeded = true
		return a[0]
	}
	out := make([]byte, 0, len(s)+len(with)*(len(s)+1))
	for _, c := range s {
		out = append(out, with...)
		out = append(out, c)
	}
	return text(append(out, with...))
}

// replaceAll reports whether it replaced anything but what would become too long.
func replaceAll(s, find, with []byte) (out []byte, done bool) {
	if len(with) > len(find) && bytes.Count(s, find)*len(with) > maxText {
		return s, false
	}
	return bytes.ReplaceAll(s, find, with), true
}

// wrap leaves a text that would become too long as it is, which the worker tells.
func wrap(a []Value, m *message.Message, ctx *property.Context) Value {
	s, w := a[0], a[1].Bytes()
	if len(a) == 3 && len(w) > 0 {
		s = replace([]Value{s, a[1], a[2]}, m, ctx)
	}
	if len(s.Bytes())+2*len(w) > 2*maxText {
		ctx.Exceeded = true
		return s
	}
	front := joined(bytes.Join([][]byte{w, s.Bytes()}, nil), a[1], s)
	return joined(bytes.Join([][]byte{front.s, w}, nil), front, a[1])
}

const notFound = "***FIELD NOT FOUND***"

func field(a []Value) Value {
	s := a[0].Bytes()
	delim := a[1].Bytes()
	if a[1].kind == num {
		delim = []byte{byte(a[1].n)}
	}
	n, _ := a[2].Int()
	if n < 1 {
		return text([]byte(notFound))
	}
	if len(delim) == 0 { // found at once, again and again
		return Value{}
	}
	for ; n > 1; n-- {
		i := bytes.Index(s, delim)
		if i < 0 {
			return text([]byte(notFound))
		}
		s = s[i+len(delim):]
	}
	if i := bytes.Index(s, delim); i >= 0 {
		s = s[:i]
	}
	return a[0].piece(s)
}

func split(a []Value) Value {
	arr := message.ArrayValue()
	if sep := a[1].String(); sep != "" {
		for _, p := range strings.Split(a[0].String(), sep) {
			arr.Append(message.StringValue(p))
		}
	}
	return Value{kind: obj, j: &arr}
}

var (
	cefHeader    = strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	cefClass     = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `=`, `\=`, `%`, `\%`, `#`, `\#`)
	cefExtension = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\r", `\r`, "\n", `\n`)
)

func toCEF(a []Value) Value {
	out := "CEF:" + cefHeader.Replace(a[0].String())
	for i := 1; i < 7; i++ {
		r := cefHeader
		if i == 4 {
			r = cefClass
		}
		out += "|" + r.Replace(a[i].String())
	}
	return text([]byte(out + "|" + a[7].String()))
}
