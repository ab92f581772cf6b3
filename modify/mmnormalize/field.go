package mmnormalize

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"syslogd/internal/diag"
	"syslogd/message"
)

// textField is a field whose value is the text it matches: it returns its
// length, or -1.
type textField func(text string) int

func (f textField) parse(_ *matcher, text string) (message.Value, int) {
	n := f(text)
	if n < 0 {
		return message.Value{}, -1
	}
	return message.StringValue(text[:n]), n
}

// valueField is a field with a value of its own.
type valueField func(text string) (message.Value, int)

func (f valueField) parse(_ *matcher, text string) (message.Value, int) { return f(text) }

// fieldType is a type of fields: what is tried first has a low priority.
type fieldType struct {
	priority int
	build    func(b *rulebase, p params) (fieldParser, error)
}

func plain(f func(text string) int) func(*rulebase, params) (fieldParser, error) {
	return func(*rulebase, params) (fieldParser, error) { return textField(f), nil }
}

func valued(f func(text string) (message.Value, int)) func(*rulebase, params) (fieldParser, error) {
	return func(*rulebase, params) (fieldParser, error) { return valueField(f), nil }
}

// fieldTypes are liblognorm's types with its priorities.
func fieldTypes() map[string]fieldType {
	return map[string]fieldType{
		"literal":              {4, literalField},
		"repeat":               {4, repeatField},
		"whitespace":           {4, plain(func(s string) int { return atLeastOne(s, isSpace) })},
		"ipv4":                 {4, plain(ipv4)},
		"ipv6":                 {4, plain(ipv6)},
		"cisco-interface-spec": {4, valued(ciscoInterface)},
		"json":                 {4, valued(jsonField)},
		"cee-syslog":           {4, valued(ceeSyslog)},
		"cef":                  {4, valued(cef)},
		"v2-iptables":          {4, valued(v2iptables)},
		"iptables":             {4, valued(iptables)},
		"checkpoint-lea":       {4, checkpointLEA},
		"date-rfc3164":         {8, dateField(rfc3164Date)},
		"date-rfc5424":         {8, dateField(rfc5424Date)},
		"date-iso":             {8, plain(isoDate)},
		"time-24hr":            {8, plain(func(s string) int { return clock(s, 0, 23) })},
		"time-12hr":            {8, plain(func(s string) int { return clock(s, 0, 12) })},
		"name-value-list":      {8, nameValueList},
		"number":               {16, numberField},
		"float":                {16, floatField},
		"hexnumber":            {16, hexNumberField},
		"kernel-timestamp":     {16, plain(kernelTimestamp)},
		"duration":             {16, plain(duration)},
		"mac48":                {16, plain(mac48)},
		"word":                 {32, plain(func(s string) int { return atLeastOne(s, func(c byte) bool { return c != ' ' }) })},
		"alpha":                {32, plain(func(s string) int { return atLeastOne(s, isAlpha) })},
		"string":               {32, stringField},
		"string-to":            {32, stringTo},
		"char-to":              {32, charTo},
		"char-sep":             {32, charSep},
		"tokenized":            {32, tokenized},
		"regex":                {32, regexField},
		"interpret":            {32, interpretField},
		"suffixed":             {32, suffixedField},
		"named_suffixed":       {32, namedSuffixedField},
		"recursive":            {32, recursiveField},
		"descent":              {32, descentField},
		"quoted-string":        {64, quotedField},
		"op-quoted-string":     {64, valued(optionallyQuoted)},
		"rest":                 {restPriority, plain(func(s string) int { return len(s) })},
	}
}

// parserOf returns what reads a field of the type, and the type's priority.
func (b *rulebase) parserOf(kind string, p params) (fieldParser, int, error) {
	if strings.HasPrefix(kind, "@") {
		n := b.types[kind]
		if n == nil {
			return nil, 0, fmt.Errorf("there is no type %s: it must be defined above", kind)
		}
		return userType{n}, 16, nil
	}
	types := fieldTypes()
	t, known := types[kind]
	if !known {
		var names []string
		for n := range types {
			names = append(names, n)
		}
		if s := diag.Suggest(kind, names); s != "" {
			return nil, 0, fmt.Errorf("there is no type %q, did you mean %q?", kind, s)
		}
		return nil, 0, fmt.Errorf("there is no type %q", kind)
	}
	parse, err := t.build(b, p)
	return parse, t.priority, err
}

func atLeastOne(s string, in func(byte) bool) int {
	i := 0
	for i < len(s) && in(s[i]) {
		i++
	}
	if i == 0 {
		return -1
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func digits(s string) int {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

func literalField(_ *rulebase, p params) (fieldParser, error) {
	text := p.str("text")
	return textField(func(s string) int {
		if strings.HasPrefix(s, text) {
			return len(text)
		}
		return -1
	}), nil
}

func numberField(_ *rulebase, p params) (fieldParser, error) {
	most, asNumber := p.number("maxval", 0), p.str("format") == "number"
	return valueField(func(s string) (message.Value, int) {
		n := digits(s)
		if n == 0 {
			return message.Value{}, -1
		}
		v, err := strconv.ParseInt(s[:n], 10, 64)
		if most > 0 && (err != nil || v > most) {
			return message.Value{}, -1
		}
		if asNumber {
			return message.IntValue(v), n
		}
		return message.StringValue(s[:n]), n
	}), nil
}

func floatField(_ *rulebase, p params) (fieldParser, error) {
	asNumber := p.str("format") == "number"
	return valueField(func(s string) (message.Value, int) {
		i := 0
		if strings.HasPrefix(s, "-") {
			i++
		}
		i += digits(s[i:])
		if i < len(s) && s[i] == '.' {
			i += 1 + digits(s[i+1:])
		}
		if i == 0 { // a sign or a point alone is enough, as in liblognorm
			return message.Value{}, -1
		}
		if asNumber {
			if v, n, err := message.ParseJSON(s[:i]); err == nil && n == i {
				return v, i
			}
			if f, err := strconv.ParseFloat(s[:i], 64); err == nil && !math.IsInf(f, 0) {
				return message.RealValue(f), i
			}
		}
		return message.StringValue(s[:i]), i
	}), nil
}

func hexNumberField(_ *rulebase, p params) (fieldParser, error) {
	most, asNumber := p.number("maxval", 0), p.str("format") == "number"
	return valueField(func(s string) (message.Value, int) {
		i := 2
		if !strings.HasPrefix(s, "0x") {
			return message.Value{}, -1
		}
		for i < len(s) && isHex(s[i]) {
			i++
		}
		if i == len(s) || !isSpace(s[i]) {
			return message.Value{}, -1
		}
		v, err := strconv.ParseInt(s[2:i], 16, 64)
		if most > 0 && (err != nil || v > most) {
			return message.Value{}, -1
		}
		if asNumber {
			return message.IntValue(v), i
		}
		return message.StringValue(s[:i]), i
	}), nil
}

// kernelTimestamp is [12345.123456].
func kernelTimestamp(s string) int {
	if !strings.HasPrefix(s, "[") {
		return -1
	}
	sec := digits(s[1:])
	i := 1 + sec
	if sec < 5 || sec > 12 || i >= len(s) || s[i] != '.' || digits(s[i+1:]) != 6 || i+7 >= len(s) || s[i+7] != ']' {
		return -1
	}
	return i + 8
}

func ipv4(s string) int {
	i := 0
	for n := range 4 {
		if n > 0 {
			if i >= len(s) || s[i] != '.' {
				return -1
			}
			i++
		}
		d := min(digits(s[i:]), 3)
		if v, err := strconv.Atoi(s[i : i+d]); err != nil || v > 255 {
			return -1
		}
		i += d
	}
	return i
}

// ipv6 is an address in front of white space or the end of s.
func ipv6(s string) int {
	i := 0
	for i < len(s) && i < 45 && (isHex(s[i]) || s[i] == ':' || s[i] == '.') {
		i++
	}
	if i < len(s) && !isSpace(s[i]) {
		return -1
	}
	if a, err := netip.ParseAddr(s[:i]); err == nil && a.Is6() {
		return i
	}
	return -1
}

// isoDate is YYYY-MM-DD.
func isoDate(s string) int {
	if len(s) < 10 || digits(s[:4]) != 4 || s[4] != '-' || s[7] != '-' || !between(s[5:7], 1, 12) || !between(s[8:10], 1, 31) {
		return -1
	}
	return 10
}

func between(s string, low, high int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && isDigit(s[0]) && n >= low && n <= high
}

// clock is HH:MM:SS with an hour from low to high.
func clock(s string, low, high int) int {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' || !between(s[:2], low, high) || !between(s[3:5], 0, 59) || !between(s[6:8], 0, 59) {
		return -1
	}
	return 8
}

// duration is H:MM:SS or HH:MM:SS.
func duration(s string) int {
	i := digits(s)
	if i == 0 || i > 2 || len(s) < i+6 || s[i] != ':' || s[i+3] != ':' || !between(s[i+1:i+3], 0, 59) || !between(s[i+4:i+6], 0, 59) {
		return -1
	}
	return i + 6
}

// mac48 is six bytes with : or - between them.
func mac48(s string) int {
	if len(s) < 17 || s[2] != ':' && s[2] != '-' {
		return -1
	}
	for i := range 17 {
		if i%3 == 2 && s[i] != s[2] || i%3 != 2 && !isHex(s[i]) {
			return -1
		}
	}
	return 17
}

func extra(p params) (string, error) {
	if p.str("extradata") == "" {
		return "", errors.New(`it needs the parameter "extradata"`)
	}
	return p.str("extradata"), nil
}

func charTo(_ *rulebase, p params) (fieldParser, error) {
	stop, err := extra(p)
	return textField(func(s string) int {
		i := strings.IndexAny(s, stop)
		if i <= 0 {
			return -1
		}
		return i
	}), err
}

func charSep(_ *rulebase, p params) (fieldParser, error) {
	stop, err := extra(p)
	return textField(func(s string) int {
		if i := strings.IndexAny(s, stop); i >= 0 {
			return i
		}
		return len(s)
	}), err
}

func stringTo(_ *rulebase, p params) (fieldParser, error) {
	stop, err := extra(p)
	return textField(func(s string) int {
		if len(s) == 0 {
			return -1
		}
		i := strings.Index(s[1:], stop)
		if i < 0 {
			return -1
		}
		return i + 1
	}), err
}

// quotedField is text between double quotes. They are part of the value from
// version 2 on.
func quotedField(b *rulebase, _ params) (fieldParser, error) {
	if b.v2 {
		return textField(quotedString), nil
	}
	return valueField(func(s string) (message.Value, int) {
		n := quotedString(s)
		if n < 0 {
			return message.Value{}, -1
		}
		return message.StringValue(s[1 : n-1]), n
	}), nil
}

// quotedString is the length of text between double quotes, with them.
func quotedString(s string) int {
	if !strings.HasPrefix(s, `"`) {
		return -1
	}
	i := strings.IndexByte(s[1:], '"')
	if i < 0 {
		return -1
	}
	return i + 2
}

// optionallyQuoted is a quoted string, without its quotes, or else a word.
func optionallyQuoted(s string) (message.Value, int) {
	if strings.HasPrefix(s, `"`) {
		n := quotedString(s)
		if n < 0 {
			return message.Value{}, -1
		}
		return message.StringValue(s[1 : n-1]), n
	}
	n := atLeastOne(s, func(c byte) bool { return c != ' ' })
	if n < 0 {
		return message.Value{}, -1
	}
	return message.StringValue(s[:n]), n
}

// userType is a field of a type=@name.
type userType struct{ n *node }

func (u userType) parse(m *matcher, text string) (message.Value, int) { return m.sub(u.n, text) }

// repeatField is "parser", then as often as "while" matches "parser" again.
func repeatField(b *rulebase, p params) (fieldParser, error) {
	if p["parser"] == nil || p["while"] == nil {
		return nil, errors.New(`a repetition needs "parser" and "while"`)
	}
	if list, ok := p["parser"].([]any); ok && len(list) > 1 && slices.ContainsFunc(list, isDot) {
		return nil, errors.New(`the name "." in a repetition needs a single field in "parser"`)
	}
	item, err := b.part(p["parser"])
	if err != nil {
		return nil, err
	}
	while, err := b.part(p["while"])
	if err != nil {
		return nil, err
	}
	permit := p.is("option.permitMismatchInParser")
	return funcField(func(m *matcher, s string) (message.Value, int) {
		list := message.ArrayValue()
		at, end := 0, -1
		for {
			val, n := m.sub(item, s[at:])
			if n < 0 {
				switch {
				case permit && end >= 0:
					return list, end
				case permit:
					return message.Value{}, 0 // liblognorm has null for none at all
				}
				return list, -1
			}
			list.Append(itemOf(val))
			at += n
			end = at
			_, k := m.sub(while, s[at:])
			if k < 0 || k == 0 && n == 0 {
				return list, end
			}
			at += k
		}
	}), nil
}

// itemOf is what a repetition adds to its array: the value itself where the field is
// called ".", else the object with the fields. An object called "." was merged already.
func itemOf(fields message.Value) message.Value {
	if whole := fields.Get(".", true); whole != nil {
		return *whole
	}
	return fields
}

// isDot reports whether a field is called ".".
func isDot(field any) bool {
	f, ok := field.(map[string]any)
	return ok && f["name"] == "."
}
