package mmnormalize

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"syslogd/internal/diag"
	"syslogd/message"
)

// The types here take another type or other rules as their parameter. They come
// from rulebases of version 1, whose parameters are separated by colons; a colon
// within a parameter is written as \x3a.

// arguments splits the extra data of a field into n parameters. The last one
// takes the rest with its colons; those that are missing are absent.
func arguments(p params, n int) []string {
	raw := p.str("raw")
	if raw == "" {
		raw = p.str("extradata")
	}
	if raw == "" {
		return nil
	}
	return strings.SplitN(raw, ":", n)
}

// inner returns what reads a field that is written as type or type:extra.
func (b *rulebase) inner(spec string) (fieldParser, error) {
	kind, extra, _ := strings.Cut(spec, ":")
	parse, _, err := b.parserOf(kind, params{"raw": extra, "extradata": unescape(extra)})
	return parse, err
}

// funcField is a field that needs the matcher.
type funcField func(m *matcher, text string) (message.Value, int)

func (f funcField) parse(m *matcher, text string) (message.Value, int) { return f(m, text) }

// unmatched is what a field of these types is when what is within it does not
// fit: empty, as in liblognorm. The rule can go on behind it.
func unmatched() (message.Value, int) { return message.StringValue(""), 0 }

// nested calls a field of another field's type, as deep as is permitted.
func (m *matcher) nested(parse fieldParser, text string) (message.Value, int) {
	if m.depth++; m.depth > maxDepth {
		return message.Value{}, -1
	}
	defer func() { m.depth-- }()
	return parse.parse(m, text)
}

// tokenized is a list of fields with a separator: separator:type[:extra].
func tokenized(b *rulebase, p params) (fieldParser, error) {
	args := arguments(p, 2)
	if len(args) < 2 || args[0] == "" {
		return nil, errors.New(`want "separator:type"`)
	}
	sep := unescape(args[0])
	parse, err := b.inner(args[1])
	if err != nil {
		return nil, err
	}
	return funcField(func(m *matcher, s string) (message.Value, int) {
		list := message.ArrayValue()
		at, end := 0, -1
		for m.steps < maxSteps {
			m.steps++
			val, n := m.nested(parse, s[at:])
			if n < 0 {
				break
			}
			list.Append(val)
			at += n
			end = at
			if !strings.HasPrefix(s[at:], sep) {
				break
			}
			if at += len(sep); at == len(s) { // a separator may end the text
				end = at
				break
			}
		}
		return list, end
	}), nil
}

// interpretField gives a text another type: int, base10int, base16int, float or bool.
func interpretField(b *rulebase, p params) (fieldParser, error) {
	args := arguments(p, 2)
	if len(args) < 2 {
		return nil, errors.New(`want "int:type" (or base10int, base16int, float, bool)`)
	}
	kinds := map[string]func(message.Value) message.Value{
		"int":       func(v message.Value) message.Value { return toInt(v, 10) },
		"base10int": func(v message.Value) message.Value { return toInt(v, 10) },
		"base16int": func(v message.Value) message.Value { return toInt(v, 16) },
		"float":     toFloat,
		"bool":      toBool,
	}
	convert := kinds[args[0]]
	if convert == nil {
		want := []string{"int", "base10int", "base16int", "float", "bool"}
		hint := ""
		if s := diag.Suggest(args[0], want); s != "" {
			hint = fmt.Sprintf(", did you mean %q?", s)
		}
		return nil, fmt.Errorf("text can not become %q: want %s%s", args[0], strings.Join(want, ", "), hint)
	}
	parse, err := b.inner(args[1])
	if err != nil {
		return nil, err
	}
	return funcField(func(m *matcher, s string) (message.Value, int) {
		val, n := m.nested(parse, s)
		if n < 0 {
			return unmatched()
		}
		return convert(val), n
	}), nil
}

// toInt takes the number that a text begins with, as strtol does: 0 if there is none.
func toInt(v message.Value, base int) message.Value {
	if v.Kind() != message.String {
		return v
	}
	s := strings.TrimLeft(v.Text(), " \t\n\v\f\r")
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	in := isDigit
	if base == 16 {
		in = isHex
		if len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") && isHex(s[2]) {
			s = s[2:]
		}
	}
	n := max(atLeastOne(s, in), 0)
	i, _ := strconv.ParseInt(sign+s[:n], base, 64) // what is out of range is the nearest number
	return message.IntValue(i)
}

// toFloat takes a text that is a number as a whole; all other text is 0.
func toFloat(v message.Value) message.Value {
	if v.Kind() != message.String {
		return v
	}
	f, err := strconv.ParseFloat(strings.TrimLeft(v.Text(), " \t\n\v\f\r"), 64)
	if err != nil {
		f = 0
	}
	return message.RealValue(f)
}

// toBool takes all but "false" and "no" as true.
func toBool(v message.Value) message.Value {
	if v.Kind() != message.String {
		return v
	}
	return message.BoolValue(!strings.EqualFold(v.Text(), "false") && !strings.EqualFold(v.Text(), "no"))
}

// suffixedField is a field and one of several suffixes: separator:suffixes:type.
func suffixedField(b *rulebase, p params) (fieldParser, error) {
	return b.suffixed(arguments(p, 3), "value", "suffix")
}

// namedSuffixedField is a suffixed field whose members are named first.
func namedSuffixedField(b *rulebase, p params) (fieldParser, error) {
	args := arguments(p, 5)
	if len(args) < 5 {
		return nil, errors.New(`want "value name:suffix name:separator:suffixes:type"`)
	}
	return b.suffixed(args[2:], args[0], args[1])
}

func (b *rulebase) suffixed(args []string, valueName, suffixName string) (fieldParser, error) {
	if len(args) < 3 {
		return nil, errors.New(`want "separator:suffixes:type"`)
	}
	suffixes := strings.FieldsFunc(unescape(args[1]), func(r rune) bool { return strings.ContainsRune(unescape(args[0]), r) })
	if len(suffixes) == 0 {
		return nil, errors.New("there are no suffixes")
	}
	parse, err := b.inner(args[2])
	if err != nil {
		return nil, err
	}
	return funcField(func(m *matcher, s string) (message.Value, int) {
		val, n := m.nested(parse, s)
		if n < 0 {
			return unmatched()
		}
		for _, suffix := range suffixes {
			if strings.HasPrefix(s[n:], suffix) {
				obj := message.ObjectValue()
				obj.Put(valueName, val, true)
				obj.Put(suffixName, message.StringValue(suffix), true)
				return obj, n + len(suffix)
			}
		}
		return unmatched()
	}), nil
}

// rulesField applies rules to the rest of the text. What they put into the field
// called tail is given back.
type rulesField struct {
	b    *rulebase
	tail string
}

func (f rulesField) parse(m *matcher, text string) (message.Value, int) {
	if m.depth++; m.depth > maxDepth {
		return message.Value{}, -1
	}
	defer func() { m.depth-- }()
	inner := matcher{text: text, steps: m.steps, depth: m.depth, v1: m.v1}
	obj := message.ObjectValue()
	_, r := inner.match(f.b.root, 0, false, &obj)
	m.steps = inner.steps
	if r == nil {
		return unmatched()
	}
	f.b.finish(&obj, r)
	n := len(text)
	if tail := obj.Get(f.tail, true); tail != nil {
		n -= len(tail.Text())
		obj.Delete(f.tail, true)
	}
	return obj, n
}

// recursiveField applies the rules of the same rulebase: [tail].
func recursiveField(b *rulebase, p params) (fieldParser, error) {
	f := rulesField{b: b, tail: "tail"}
	if args := arguments(p, 1); len(args) > 0 {
		f.tail = args[0]
	}
	return f, nil
}

// descentField applies the rules of another rulebase: file[:tail].
func descentField(b *rulebase, p params) (fieldParser, error) {
	args := arguments(p, 2)
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New(`want "file" or "file:tail"`)
	}
	name := unescape(args[0])
	if !filepath.IsAbs(name) && b.dir != "" {
		name = filepath.Join(b.dir, name)
	}
	child := newRulebase(b.allowRegex)
	if child.depth = b.depth + 1; child.depth > maxInclude {
		return nil, errors.New("rulebases descend into each other too deep")
	}
	if err := child.loadFile(name); err != nil {
		return nil, err
	}
	b.problems = append(b.problems, child.problems...)
	f := rulesField{b: child, tail: "tail"}
	if len(args) > 1 {
		f.tail = args[1]
	}
	return f, nil
}

// regexField is a regular expression: expression[:group to consume[:group to return]].
func regexField(b *rulebase, p params) (fieldParser, error) {
	if !b.allowRegex {
		return nil, errors.New(`fields of the type regex must be permitted with module(load="mmnormalize" allowRegex="on")`)
	}
	args := arguments(p, 3)
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New(`it needs the parameter "extradata"`)
	}
	re, err := regexp.Compile(strings.ReplaceAll(args[0], `\\`, `\`)) // it knows \x3a itself
	if err != nil {
		return nil, err
	}
	var groups [2]int
	for i := range groups {
		if len(args) < 2 {
			break
		}
		groups[i], err = strconv.Atoi(args[min(i+1, len(args)-1)])
		if err != nil || groups[i] < 0 || groups[i] > re.NumSubexp() {
			return nil, fmt.Errorf("want the number of a group of the expression, found %q", args[min(i+1, len(args)-1)])
		}
	}
	return valueField(func(s string) (message.Value, int) {
		m := re.FindStringSubmatchIndex(s)
		if m == nil || m[2*groups[0]] != 0 || m[2*groups[1]] < 0 {
			return message.Value{}, -1
		}
		return message.StringValue(s[m[2*groups[1]]:m[2*groups[1]+1]]), m[2*groups[0]+1]
	}), nil
}
