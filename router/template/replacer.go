package template

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"syslogd/internal/characters"
	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/router/property"
)

// replacer is what the property replacer does to a value, in this order: field
// or regular expression, positions, space if no first space, case, control
// characters, path, last line feed, spaces, output format.
type replacer struct {
	date dateFormat
	utc  bool

	field     int // 1-based; 0: off
	fieldSet  bool
	delimiter byte

	regexps *posix.Compiler // compiles regex
	regex   *posix.Regexp
	badRE   bool
	match   int // which match, 0-based
	group   int
	noMatch noMatch

	pos position

	spaceIfNone   bool
	spaceGen      bool // with spaceIfNone: a blank for an empty value, too
	caseMode      caseMode
	control       controlMode
	secure        secureMode
	dropLF        bool
	compressSpace bool

	format   format
	name     string
	key      []byte // "name": of a JSON field
	dataType dataType
	onEmpty  onEmpty
	omitZero bool

	// ignored is what stood where a position was wanted, for a warning.
	ignored []string
}

type (
	noMatch     uint8
	caseMode    uint8
	controlMode uint8
	secureMode  uint8
	format      uint8
	dataType    uint8
	onEmpty     uint8
)

const (
	noMatchDefault noMatch = iota
	noMatchBlank
	noMatchField
	noMatchZero
)

const (
	keepCase caseMode = iota
	upperCase
	lowerCase
)

const (
	keepControl controlMode = iota
	dropControl
	spaceControl
	escapeControl
	escapeControlOctal
)

const (
	keepSlash secureMode = iota
	dropSlash
	replaceSlash
)

const (
	plain format = iota
	csv
	jsonText
	jsonRaw
	jsonField
	jsonFieldRaw
)

const (
	typeString dataType = iota
	typeNumber
	typeBool
	typeAuto
)

const (
	emptyKeep onEmpty = iota
	emptySkip
	emptyNull
)

// position is a range of bytes, 1-based and inclusive.
type position struct {
	on       bool
	from, to int // to 0: to the end; to below 0: so many bytes before the end
	relative bool
	fixed    bool
}

// isPlain reports whether the value goes out as it is.
func (r *replacer) isPlain() bool {
	return !r.fieldSet && r.regex == nil && !r.badRE && !r.pos.on && !r.spaceIfNone &&
		r.caseMode == keepCase && r.control == keepControl && r.secure == keepSlash && !r.dropLF && !r.compressSpace && r.format == plain
}

// backtracks reports whether there is an expression with back-references.
func (r *replacer) backtracks() bool { return r.regex != nil && r.regex.Backtracks() }

const (
	fieldNotFound = "**FIELD NOT FOUND**"
	noMatchText   = "**NO MATCH**"
	// invalidPropertyText stands for a property that does not exist.
	invalidPropertyText = "**INVALID PROPERTY NAME**"
	badRegexText        = "**NO MATCH** **BAD REGULAR EXPRESSION**"
)

func (r *replacer) append(dst []byte, p *property.Property, m *message.Message, ctx *property.Context) []byte {
	start := len(dst)
	if p.IsTime() {
		dst = r.date.append(dst, p, m, r.utc)
		if r.isPlain() {
			return dst
		}
		ctx.Temp = append(ctx.Temp[:0], dst[start:]...)
		return r.transform(dst[:start], ctx.Temp, ctx)
	}
	return r.transform(dst, p.Get(m, ctx), ctx)
}

// transform appends value as the replacer changes it. value may be ctx.Temp.
func (r *replacer) transform(dst, value []byte, ctx *property.Context) []byte {
	value, pad := r.pick(value)
	if r.spaceIfNone {
		return r.firstSpace(dst, value)
	}
	start := len(dst)
	dst = append(dst, value...)
	for range pad {
		dst = append(dst, ' ')
	}
	dst = r.change(dst, start, ctx)
	if r.format == plain {
		return dst
	}
	ctx.Temp = append(ctx.Temp[:0], dst[start:]...)
	return r.appendFormat(dst[:start], ctx.Temp)
}

// pick returns the part of value that is asked for, and how many blanks a fixed width
// lacks.
func (r *replacer) pick(value []byte) ([]byte, int) {
	switch {
	case r.fieldSet:
		value = r.pickField(value)
	case r.badRE:
		value = []byte(badRegexText)
	case r.regex != nil:
		value = r.pickMatch(value)
	}
	if !r.pos.on {
		return value, 0
	}
	part, pad := r.pos.cut(value)
	if r.format >= jsonText && len(part) < len(value) {
		part = wholeCharacters(part, value)
	}
	return part, pad
}

// wholeCharacters returns part of a value without the characters that its ends go through:
// rsyslogd cuts within them, and the JSON is not valid then. What is no UTF-8 stays as it is.
func wholeCharacters(part, value []byte) []byte {
	if len(part) == 0 || part[0] < utf8.RuneSelf && part[len(part)-1] < utf8.RuneSelf || !utf8.Valid(value) {
		return part
	}
	for len(part) > 0 && !utf8.RuneStart(part[0]) {
		part = part[1:]
	}
	return part[:characters.Whole(part)]
}

// firstSpace is the blank between tag and text where the text has none.
func (r *replacer) firstSpace(dst, value []byte) []byte {
	if len(value) > 0 && value[0] != ' ' || len(value) == 0 && r.spaceGen {
		return append(dst, ' ')
	}
	return dst
}

// pickField returns field number r.field.
func (r *replacer) pickField(value []byte) []byte {
	for n := 1; ; n++ {
		i := bytes.IndexByte(value, r.delimiter)
		if n == r.field {
			if i < 0 {
				return value
			}
			return value[:i]
		}
		if i < 0 || r.field < 1 {
			return []byte(fieldNotFound)
		}
		value = value[i+1:]
	}
}

// pickMatch returns group r.group of match number r.match.
func (r *replacer) pickMatch(value []byte) []byte {
	rest := value
	for n := 0; ; n++ {
		loc := r.regex.Find(rest)
		if loc == nil {
			break
		}
		if n == r.match {
			if 2*r.group+1 >= len(loc) || loc[2*r.group] < 0 {
				return nil
			}
			return rest[loc[2*r.group]:loc[2*r.group+1]]
		}
		rest = rest[loc[1]:]
	}
	switch r.noMatch {
	case noMatchBlank:
		return nil
	case noMatchField:
		return value
	case noMatchZero:
		return []byte("0")
	}
	return []byte(noMatchText)
}

// cut returns the bytes of the range and how many blanks a fixed width lacks.
func (p *position) cut(value []byte) ([]byte, int) {
	n := len(value)
	from, to := max(p.from, 1), p.to
	switch {
	case p.relative:
		return p.cutFromEnd(value), 0
	case to == 0, to == toEnd:
		to = n
	case to < 0:
		to = n + to
	}
	if from > n {
		return nil, 0
	}
	pad := 0
	if to > n {
		if p.fixed {
			pad = to - n
		}
		to = n
	}
	if to < from {
		return nil, 0
	}
	return value[from-1 : to], pad
}

// cutFromEnd counts from the last byte, which is 1. Numbers beyond the first
// byte mean the first byte; no end means the first byte, too.
func (p *position) cutFromEnd(value []byte) []byte {
	n := len(value)
	if n == 0 {
		return nil
	}
	near, far := max(min(p.from, p.to), 1), max(p.from, p.to)
	if p.to == toEnd { // to the first byte
		near, far = max(p.from, 1), n
	}
	near, far = min(near, n), min(far, n)
	return value[n-far : n-near+1]
}

// change applies what changes bytes in place, from start on.
func (r *replacer) change(dst []byte, start int, ctx *property.Context) []byte {
	switch r.caseMode {
	case upperCase:
		for i, c := range dst[start:] {
			if c-'a' < 26 {
				dst[start+i] = c - 'a' + 'A'
			}
		}
	case lowerCase:
		for i, c := range dst[start:] {
			if c-'A' < 26 {
				dst[start+i] = c - 'A' + 'a'
			}
		}
	}
	if r.control != keepControl {
		dst = r.control.change(dst, start, ctx)
	}
	if r.secure != keepSlash {
		dst = r.secure.change(dst, start)
	}
	if r.dropLF && len(dst) > start && dst[len(dst)-1] == '\n' {
		dst = dst[:len(dst)-1]
	}
	if r.compressSpace {
		dst = compressSpaces(dst, start)
	}
	return dst
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

func (c controlMode) change(dst []byte, start int, ctx *property.Context) []byte {
	if !slices.ContainsFunc(dst[start:], isControl) {
		return dst
	}
	ctx.Temp = append(ctx.Temp[:0], dst[start:]...)
	dst = dst[:start]
	for _, b := range ctx.Temp {
		switch {
		case !isControl(b):
			dst = append(dst, b)
		case c == spaceControl:
			dst = append(dst, ' ')
		case c == escapeControl:
			dst = append(dst, '#', '0'+b/100, '0'+b/10%10, '0'+b%10)
		case c == escapeControlOctal:
			dst = append(dst, '#', '0'+b>>6, '0'+b>>3&7, '0'+b&7)
		}
	}
	return dst
}

// change makes the value fit for one element of a path, as rsyslogd does:
// without a slash, and neither empty nor . nor ..
func (s secureMode) change(dst []byte, start int) []byte {
	if s == dropSlash {
		kept := dst[:start]
		for _, c := range dst[start:] {
			if c != '/' {
				kept = append(kept, c)
			}
		}
		dst = kept
	} else {
		for i := start; i < len(dst); i++ {
			if dst[i] == '/' {
				dst[i] = '_'
			}
		}
	}
	switch string(dst[start:]) {
	case "":
		return append(dst, '_')
	case ".", "..":
		dst[start] = '_'
	}
	return dst
}

func compressSpaces(dst []byte, start int) []byte {
	kept := dst[:start]
	for i, c := range dst[start:] {
		if c != ' ' || i == 0 || dst[start+i-1] != ' ' {
			kept = append(kept, c)
		}
	}
	return kept
}

// appendFormat writes the value as CSV or JSON.
func (r *replacer) appendFormat(dst, value []byte) []byte {
	switch r.format {
	case csv:
		dst = append(dst, '"')
		for _, c := range value {
			if c == '"' {
				dst = append(dst, '"')
			}
			dst = append(dst, c)
		}
		return append(dst, '"')
	case jsonText:
		return message.AppendJSONEscaped(dst, value)
	case jsonRaw:
		return appendJSONRaw(dst, value)
	}
	return r.appendField(dst, value)
}

// appendField writes "name":value.
func (r *replacer) appendField(dst, value []byte) []byte {
	if len(value) == 0 && r.onEmpty == emptySkip {
		return dst
	}
	if r.omitZero && string(value) == "0" {
		return dst
	}
	dst = append(dst, r.key...)
	if len(value) == 0 && r.onEmpty == emptyNull {
		return append(dst, "null"...)
	}
	switch r.dataType {
	case typeNumber:
		if len(value) == 0 {
			return append(dst, '0')
		}
		return append(dst, value...)
	case typeBool:
		return strconv.AppendBool(dst, string(value) != "0")
	case typeAuto:
		if isNumber(value) {
			return append(dst, value...)
		}
	}
	dst = append(dst, '"')
	if r.format == jsonFieldRaw {
		dst = appendJSONRaw(dst, value)
	} else {
		dst = message.AppendJSONEscaped(dst, value)
	}
	return append(dst, '"')
}

// fieldName is the given name or the property's, of a variable without $! or
// $. but, as in rsyslogd, with $/.
func (r *replacer) fieldName(p *property.Property) string {
	if r.name != "" {
		return r.name
	}
	if p.ID == property.Var && p.Scope != property.GlobalVar {
		return p.Name[2:]
	}
	return p.Name
}

// jsonKey returns name in quotes. A slash stays as it is, as in rsyslogd.
func jsonKey(name string) []byte {
	if strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' }) {
		return message.AppendJSONString(nil, name)
	}
	return []byte(`"` + name + `"`)
}

func isNumber(value []byte) bool {
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(value) > 0
}

// isJSONEscape reports whether what stands behind a backslash is an escape of JSON. One that
// was cut is none.
func isJSONEscape(rest []byte) bool {
	if rest[0] != 'u' {
		return bytes.IndexByte([]byte(`"/\bfnrt`), rest[0]) >= 0
	}
	if len(rest) < 5 {
		return false
	}
	_, err := strconv.ParseUint(string(rest[1:5]), 16, 16)
	return err == nil
}

// appendJSONRaw escapes what is not escaped yet.
func appendJSONRaw(dst, value []byte) []byte {
	for len(value) > 0 {
		i := bytes.IndexByte(value, '\\')
		if i < 0 || i+1 == len(value) {
			return message.AppendJSONEscaped(dst, value)
		}
		dst = message.AppendJSONEscaped(dst, value[:i])
		if isJSONEscape(value[i+1:]) {
			dst = append(dst, value[i:i+2]...)
			value = value[i+2:]
			continue
		}
		dst = append(dst, '\\', '\\')
		value = value[i+1:]
	}
	return dst
}
