package mmnormalize

import (
	"fmt"
	"strings"

	"syslogd/message"
)

// stringSpec is a field of the type string: a word, or text in quotes.
type stringSpec struct {
	// quotes says whether quotes are there: auto, required or none.
	quotes     string
	begin, end byte
	// double and backslash are how a quote is escaped inside of quotes.
	double, backslash bool
	permitted         func(c byte) bool
	lazy              bool
}

func stringField(_ *rulebase, p params) (fieldParser, error) {
	s := &stringSpec{quotes: "auto", begin: '"', end: '"', double: true, backslash: true, lazy: p.str("matching.mode") == "lazy"}
	if q := p.str("quoting.mode"); q != "" {
		s.quotes = q
	}
	switch s.quotes {
	case "auto", "required", "none":
	default:
		return nil, fmt.Errorf("quoting.mode: want auto, required or none, found %q", s.quotes)
	}
	switch e := p.str("quoting.escape.mode"); e {
	case "", "both":
	case "none":
		s.double, s.backslash = false, false
	case "double":
		s.backslash = false
	case "backslash":
		s.double = false
	default:
		return nil, fmt.Errorf("quoting.escape.mode: want none, double, backslash or both, found %q", e)
	}
	if c := p.str("quoting.char.begin"); c != "" {
		s.begin = c[0]
	}
	if c := p.str("quoting.char.end"); c != "" {
		s.end = c[0]
	}
	if s.quotes == "none" && p.str("quoting.escape.mode") == "" {
		s.backslash = false
	}
	var err error
	s.permitted, err = permitted(p["matching.permitted"])
	return s, err
}

// permitted is which bytes may be in a string: those given, and those of classes.
func permitted(v any) (func(c byte) bool, error) {
	var set [256]bool
	add := func(in func(c byte) bool) {
		for c := range 256 {
			set[c] = set[c] || in(byte(c))
		}
	}
	chars := func(text string) { add(func(c byte) bool { return strings.IndexByte(text, c) >= 0 }) }
	switch v := v.(type) {
	case nil:
		return func(byte) bool { return true }, nil
	case string:
		chars(v)
	case []any:
		for _, x := range v {
			m, _ := x.(map[string]any)
			if text, ok := m["chars"].(string); ok {
				chars(text)
			}
			switch class, _ := m["class"].(string); class {
			case "":
			case "digit":
				add(isDigit)
			case "hexdigit":
				add(isHex)
			case "alpha":
				add(isAlpha)
			case "alnum":
				add(func(c byte) bool { return isAlpha(c) || isDigit(c) })
			default:
				return nil, fmt.Errorf("matching.permitted: there is no class %q", class)
			}
		}
	}
	return func(c byte) bool { return set[c] }, nil
}

// parse reads the string. Escapes are understood without quotes, too, and a
// strict string ends in front of a blank or at the end of the text.
func (s *stringSpec) parse(_ *matcher, text string) (message.Value, int) {
	quoted := s.quotes != "none" && text != "" && text[0] == s.begin
	if s.quotes == "required" && !quoted {
		return message.Value{}, -1
	}
	var out []byte
	i, closed := 0, !quoted
	if quoted {
		i = 1
	}
	for i < len(text) {
		c, escaped := text[i], false
		switch {
		case s.backslash && c == '\\' && i+1 < len(text):
			i++
			c, escaped = text[i], true
		case quoted && c == s.end && s.double && i+1 < len(text) && text[i+1] == s.end:
			i++
			escaped = true
		case quoted && c == s.end:
			closed = true
		}
		if quoted && closed {
			i++
			break
		}
		if !quoted && c == ' ' || !s.permitted(c) && !(escaped && c == s.end) {
			break
		}
		out = append(out, c)
		i++
	}
	if !closed || i == 0 || !s.lazy && i < len(text) && text[i] != ' ' {
		return message.Value{}, -1
	}
	return message.StringValue(string(out)), i
}
