package param

import (
	"strconv"
	"strings"

	"syslogd/config/syntax"
)

// Take takes the value of a legacy directive from the front of its line, as
// rsyslogd's handler for that kind of value does.
func (k Kind) Take(l *syntax.Line) string {
	switch k {
	case KindInt, KindSize:
		return takeNumber(l)
	case KindMode:
		return takeMode(l)
	case KindChar:
		l.SkipSpace()
		return l.Take(1)
	case KindGone, KindNoEffect, KindRefused, KindNotYet:
		v := l.Word()
		l.Take(len(l.Rest())) // nothing is made of it
		return v
	}
	return l.Word()
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// takeNumber takes a decimal number that may have the suffix of a size, as
// rsyslogd reads all numbers; dots and commas between the digits do not count.
// It returns decimal digits, or the word that is no number.
func takeNumber(l *syntax.Line) string {
	l.SkipSpace()
	neg := strings.HasPrefix(l.Rest(), "-")
	if digits := strings.TrimPrefix(l.Rest(), "-"); digits == "" || !isDigit(digits[0]) {
		return l.Word()
	}
	if neg {
		l.Take(1)
	}
	text := l.While(func(c byte) bool { return isDigit(c) || c == '.' || c == ',' })
	text = strings.NewReplacer(".", "", ",", "").Replace(text)
	text = strings.TrimLeft(text[:len(text)-1], "0") + text[len(text)-1:] // a 0 does not make it octal
	if rest := l.Rest(); rest != "" && strings.IndexByte(sizeSuffixes, rest[0]) >= 0 {
		text += l.Take(1)
		if n, err := ParseSize(text); err == nil {
			text = strconv.FormatInt(n, 10)
		}
	}
	if neg {
		return "-" + text
	}
	return text
}

// takeMode takes an octal mode, which is a 0 and three digits.
func takeMode(l *syntax.Line) string {
	l.SkipSpace()
	isOctal := func(c byte) bool { return c >= '0' && c <= '7' }
	if r := l.Rest(); len(r) < 4 || r[0] != '0' || !isOctal(r[1]) || !isOctal(r[2]) || !isOctal(r[3]) {
		return l.Word()
	}
	return l.Take(4)
}

// SetDirective sets the parameter that has the legacy directive, in c, to the
// value that it takes from line. It returns the parameter's Info, or nil when
// the table has no such directive, and the error of a value that does not decode.
// The caller looks at Info.Kind for parameters that are gone, without effect, or
// not available.
func (t Table[C]) SetDirective(c *C, directive string, line *syntax.Line) (*Info, error) {
	p := t.directive(directive)
	switch {
	case p == nil:
		return nil, nil
	case p.set == nil:
		p.Kind.Take(line)
		return &p.Info, nil
	}
	set := p.set
	if p.add != nil {
		set = p.add
	}
	value := p.Kind.Take(line)
	if value == "" {
		value = p.AloneText
	}
	if err := set(c, []string{value}); err != nil {
		return &p.Info, err
	}
	if p.given != nil {
		*p.given(c) = true
	}
	return &p.Info, nil
}

func (t Table[C]) directive(name string) *Param[C] {
	for _, p := range t {
		if p.HasDirective(name) {
			return p
		}
	}
	return nil
}
