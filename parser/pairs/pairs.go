// Package pairs reads what devices write into the text of a message for machines:
// key=value pairs, and the Common and the Log Event Extended Format (CEF, LEEF).
package pairs

import (
	"bytes"
	"strconv"

	"syslogd/message"
)

// Max bounds the pairs that are read from one message.
const Max = 512

// Options say what pairs look like.
type Options struct {
	// Separators are the bytes between pairs; Assign stands between key and value.
	Separators []byte
	Assign     byte
	// Quotes are the bytes that may stand around a value.
	Quotes []byte
}

// Default is key=value key="value with blanks", with commas, semicolons or bars
// between pairs, too.
func Default() Options {
	return Options{Separators: []byte(" \t,;|"), Assign: '=', Quotes: []byte(`"'`)}
}

// Read returns the pairs in text as an object. Words that are no pair are passed
// over. The first of several values of a key counts.
func (o *Options) Read(text []byte) message.Value {
	obj := message.ObjectValue()
	seen := map[string]bool{}
	for pos := 0; pos < len(text) && obj.Len() < Max; {
		if bytes.IndexByte(o.Separators, text[pos]) >= 0 {
			pos++
			continue
		}
		end := pos
		for end < len(text) && text[end] != o.Assign && bytes.IndexByte(o.Separators, text[end]) < 0 {
			end++
		}
		if end == len(text) || text[end] != o.Assign || end == pos {
			pos = max(end, pos+1)
			continue
		}
		key := string(text[pos:end])
		value, next := o.value(text, end+1)
		if !seen[key] {
			seen[key] = true
			obj.Add(key, message.StringValue(value))
		}
		pos = next
	}
	return obj
}

// value reads a value at pos and returns where it ends. In quotes a backslash
// escapes a quote or a backslash.
func (o *Options) value(text []byte, pos int) (string, int) {
	if pos < len(text) && bytes.IndexByte(o.Quotes, text[pos]) >= 0 {
		quote := text[pos]
		for i := pos + 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case quote:
				return unescape(text[pos+1:i], quote), i + 1
			}
		}
	}
	end := pos
	for end < len(text) && bytes.IndexByte(o.Separators, text[end]) < 0 {
		end++
	}
	return string(text[pos:end]), end
}

// unescape takes the backslashes away that stand before one of the bytes or
// another backslash.
func unescape(b []byte, escaped ...byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) && (b[i+1] == '\\' || bytes.IndexByte(escaped, b[i+1]) >= 0) {
			i++
		}
		out = append(out, b[i])
	}
	return string(out)
}

// Header is the header of a message in CEF or LEEF.
type Header struct {
	Format, Version                     string // CEF 0, LEEF 2.0
	Vendor, Product, ProductVersion, ID string
	Name, Severity                      string // CEF only
	Fields                              message.Value
}

// Structured finds CEF:0| or LEEF:1.0| in text and reads what follows it. A text
// that begins with the version and a bar, because the tag took the name, is read
// as format. ok is false if there is none.
func Structured(text []byte, format string) (h Header, ok bool) {
	text = bytes.TrimLeft(text, " ")
	for _, f := range [...]string{"CEF", "LEEF"} {
		if i := bytes.Index(text[:min(len(text), 1024)], []byte(f+":")); i >= 0 && i+len(f)+1 < len(text) && text[i+len(f)+1]-'0' <= 9 {
			if f == "CEF" && i > 0 && text[i-1] != ' ' || f == "LEEF" && i > 0 && text[i-1] != ' ' {
				continue
			}
			return parse(f, text[i+len(f)+1:])
		}
	}
	if format == "CEF" || format == "LEEF" {
		return parse(format, text)
	}
	return h, false
}

func parse(format string, text []byte) (h Header, ok bool) {
	h.Format = format
	fields := []*string{&h.Version, &h.Vendor, &h.Product, &h.ProductVersion, &h.ID, &h.Name, &h.Severity}
	if format == "LEEF" {
		fields = fields[:5]
	}
	for i, f := range fields {
		n := bar(text)
		if n < 0 {
			if i < 5 {
				return h, false
			}
			n = len(text)
		}
		*f = unescape(text[:n], '|')
		text = text[min(n+1, len(text)):]
	}
	if format == "CEF" {
		h.Fields = extension(text)
		return h, true
	}
	separator := byte('\t')
	if h.Version != "1.0" {
		if n := bytes.IndexByte(text[:min(len(text), 8)], '|'); n >= 0 {
			separator, text = delimiter(text[:n]), text[n+1:]
		}
	}
	h.Fields = leefFields(text, separator)
	return h, true
}

// bar finds the next bar without a backslash.
func bar(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '|':
			return i
		}
	}
	return -1
}

// delimiter reads the delimiter of LEEF 2.0: a byte, or x and its hexadecimal code.
func delimiter(b []byte) byte {
	if len(b) == 1 {
		return b[0]
	}
	hex := bytes.TrimLeft(b, "0xX")
	if n, err := strconv.ParseUint(string(hex), 16, 8); err == nil {
		return byte(n)
	}
	return '\t'
}

var escapedTab = []byte("#011")

// leefFields reads key=value pairs. A tab may have been escaped on reception.
func leefFields(text []byte, separator byte) message.Value {
	obj := message.ObjectValue()
	for len(text) > 0 && obj.Len() < Max {
		end, skip := 0, 0
		for ; end < len(text) && skip == 0; end++ {
			switch {
			case text[end] == separator:
				skip = 1
			case separator == '\t' && text[end] == '#' && bytes.HasPrefix(text[end:], escapedTab):
				skip = len(escapedTab)
			}
		}
		if skip > 0 {
			end--
		}
		part := text[:end]
		skip += end
		if key, value, found := bytes.Cut(part, []byte("=")); found && len(key) > 0 {
			obj.Add(string(bytes.TrimSpace(key)), message.StringValue(string(bytes.TrimRight(value, " \r\n"))))
		}
		text = text[skip:]
	}
	return obj
}

// extension reads the extension of CEF: values may have blanks, so that a value
// ends where a blank, a key and an equals sign come. A backslash escapes = and \,
// and \n and \r are line breaks.
func extension(text []byte) message.Value {
	obj := message.ObjectValue()
	text = bytes.TrimSpace(text)
	key, val := "", -1 // the pair that is open, and where its value begins
	word, clean := 0, true
	for i := 0; i < len(text) && obj.Len() < Max; i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
			clean = false
		case c == ' ':
			word, clean = i+1, true
		case c != '=':
			clean = clean && isKey(c)
		case clean && i > word:
			if val >= 0 {
				obj.Add(key, message.StringValue(value(bytes.TrimRight(text[val:word], " "))))
			}
			key, val, clean = string(text[word:i]), i+1, false
		}
	}
	if val >= 0 && obj.Len() < Max {
		obj.Add(key, message.StringValue(value(text[val:])))
	}
	return obj
}

func isKey(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '.' || c == '-' || c == '[' || c == ']'
}

// value undoes the escapes of a value.
func value(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '\\' && i+1 < len(b) {
			switch b[i+1] {
			case '\\', '=', '|':
				i++
				c = b[i]
			case 'n':
				i++
				c = '\n'
			case 'r':
				i++
				c = '\r'
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// Put adds the header's fields that are there to obj, and Fields as "fields".
func (h *Header) Put(obj *message.Value) {
	for _, f := range [...]struct{ name, value string }{
		{"format", h.Format}, {"vendor", h.Vendor}, {"product", h.Product}, {"version", h.ProductVersion},
		{"mnemonic", h.ID}, {"name", h.Name}, {"severity", h.Severity},
	} {
		if f.value != "" {
			obj.Put(f.name, message.StringValue(f.value), true)
		}
	}
	obj.Put("fields", h.Fields, true)
}
