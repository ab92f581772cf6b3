package param

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os/user"
	"strconv"
	"strings"
	"time"

	"syslogd/internal/diag"
	"syslogd/message"
)

func newParam[C any](name string, k Kind, set func(*C, []string) error) *Param[C] {
	return &Param[C]{Info: Info{Name: name, Kind: k}, set: set}
}

// shown sets how the value is written; "" is a value that was not set.
func (p *Param[C]) shown(text func(c *C) string) *Param[C] {
	p.get = func(c *C) []string {
		if s := text(c); s != "" {
			return []string{s}
		}
		return nil
	}
	return p
}

func one(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return items[0]
}

func quote(s string) string { return strconv.Quote(s) }

// wantError is an error that says what was found and what was wanted.
type wantError struct {
	want, found, hint string
}

func (e *wantError) Error() string { return "want " + e.want + ", found " + quote(e.found) }

// Hint is something to type instead, or "".
func (e *wantError) Hint() string { return e.hint }

func limitError(min, max int64, found string) error {
	if max >= 1<<62 {
		return &wantError{want: fmt.Sprintf("a number from %d", min), found: found}
	}
	return &wantError{want: fmt.Sprintf("a number from %d to %d", min, max), found: found}
}

// Bool is exactly on or off, as in rsyslogd.
func Bool[C any](name string, field func(*C) *bool) *Param[C] {
	return newParam(name, KindBool, func(c *C, items []string) error {
		v := one(items)
		switch v {
		case "on", "off":
			*field(c) = v == "on"
			return nil
		}
		e := &wantError{want: `"on" or "off"`, found: v}
		switch strings.ToLower(v) {
		case "on", "yes", "true", "1":
			e.hint = `write "on"`
		case "off", "no", "false", "0":
			e.hint = `write "off"`
		}
		return e
	}).shown(func(c *C) string { return OnOff(*field(c)) })
}

// number reads a decimal, 0x hexadecimal or 0 octal integer.
func number(s string) (int64, error) {
	digits, base := s, 10
	neg := strings.HasPrefix(s, "-")
	if neg {
		digits = s[1:]
	}
	switch {
	case strings.HasPrefix(digits, "0x"), strings.HasPrefix(digits, "0X"):
		digits, base = digits[2:], 16
	case len(digits) > 1 && digits[0] == '0':
		digits, base = digits[1:], 8
	}
	n, err := strconv.ParseUint(digits, base, 63)
	if err != nil {
		return 0, &wantError{want: "a number", found: s}
	}
	if neg {
		return -int64(n), nil
	}
	return int64(n), nil
}

// Int is an integer.
func Int[C any](name string, field func(*C) *int) *Param[C] {
	return newParam(name, KindInt, func(c *C, items []string) error {
		n, err := number(one(items))
		if err != nil {
			e := &wantError{want: "a number", found: one(items)}
			if size, sizeErr := ParseSize(e.found); sizeErr == nil {
				e.hint = "there are no suffixes here: write " + strconv.FormatInt(size, 10)
			}
			return e
		}
		*field(c) = int(n)
		return nil
	}).shown(func(c *C) string { return strconv.Itoa(*field(c)) })
}

// Count is a number from 1 to 2147483647 that may have a suffix as a size has.
func Count[C any](name string, field func(*C) *int) *Param[C] {
	return newParam(name, KindSize, func(c *C, items []string) error {
		n, err := number(one(items))
		if err != nil {
			n, err = ParseSize(one(items))
		}
		switch {
		case err != nil:
			return &wantError{want: "a number such as 5000, 64k or 1m", found: one(items)}
		case n < 1 || n > math.MaxInt32:
			return limitError(1, math.MaxInt32, one(items))
		}
		*field(c) = int(n)
		return nil
	}).shown(func(c *C) string {
		if *field(c) < 1 {
			return ""
		}
		return strconv.Itoa(*field(c))
	})
}

// NonNegInt is an integer from 0, PositiveInt one from 1.
func NonNegInt[C any](name string, field func(*C) *int) *Param[C] {
	return Int(name, field).Range(0, 1<<62)
}

// PositiveInt is an integer from 1.
func PositiveInt[C any](name string, field func(*C) *int) *Param[C] {
	return Int(name, field).Range(1, 1<<62)
}

// sizeSuffixes are those of powers of 1024 and then those of powers of 1000.
const sizeSuffixes = "kmgtpeKMGTPE"

// ParseSize reads a number of bytes with an optional suffix: k m g t p e are
// powers of 1024, K M G T P E powers of 1000, as in rsyslogd.
func ParseSize(s string) (int64, error) {
	digits, factor := s, int64(1)
	if s != "" {
		last := s[len(s)-1]
		if i := strings.IndexByte(sizeSuffixes[:6], last); i >= 0 {
			digits, factor = s[:len(s)-1], 1<<(10*(i+1))
		} else if i := strings.IndexByte(sizeSuffixes[6:], last); i >= 0 {
			digits = s[:len(s)-1]
			for ; i >= 0; i-- {
				factor *= 1000
			}
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > (1<<63-1)/factor || n < 0 {
		return 0, &wantError{want: "a size such as 512, 64k or 10m", found: s}
	}
	return n * factor, nil
}

// Size is a number of bytes; see ParseSize.
func Size[C any](name string, field func(*C) *int64) *Param[C] {
	return newParam(name, KindSize, func(c *C, items []string) error {
		n, err := ParseSize(one(items))
		if err != nil {
			return err
		}
		*field(c) = n
		return nil
	}).shown(func(c *C) string { return SizeText(*field(c)) })
}

// String is any text.
func String[C any](name string, field func(*C) *string) *Param[C] {
	return newParam(name, KindString, func(c *C, items []string) error {
		*field(c) = one(items)
		return nil
	}).shown(func(c *C) string { return *field(c) })
}

// Port is the number or the name of a port. As in getaddrinfo(3) blanks in front of it
// do not count.
func Port[C any](name string, field func(*C) *string) *Param[C] {
	return Func(name, KindString, func(c *C, value string) error {
		*field(c) = trimPort(value)
		return nil
	}, func(c *C) string { return *field(c) })
}

// Ports are several of them.
func Ports[C any](name string, field func(*C) *[]string) *Param[C] {
	p := Strings(name, field)
	trimmed := func(inner func(*C, []string) error) func(*C, []string) error {
		return func(c *C, items []string) error {
			ports := make([]string, len(items))
			for i, item := range items {
				ports[i] = trimPort(item)
			}
			return inner(c, ports)
		}
	}
	p.set, p.add = trimmed(p.set), trimmed(p.add)
	return p
}

func trimPort(s string) string { return strings.TrimLeft(s, " \t") }

func word(v string) error {
	if strings.ContainsAny(v, " \t\n") {
		return &wantError{want: "text without blanks", found: v}
	}
	return nil
}

// Word is text without white space.
func Word[C any](name string, field func(*C) *string) *Param[C] {
	return newParam(name, KindWord, func(c *C, items []string) error {
		*field(c) = one(items)
		return word(one(items))
	}).shown(func(c *C) string { return *field(c) })
}

// Template is the name of a template. That it exists is checked by package config.
func Template[C any](name string, field func(*C) *string) *Param[C] {
	p := Word(name, field)
	p.Kind = KindTemplate
	return p
}

// Ruleset is the name of a ruleset. That it exists is checked by package config.
func Ruleset[C any](name string, field func(*C) *string) *Param[C] {
	p := String(name, field)
	p.Kind = KindRuleset
	return p
}

// Char is exactly one byte.
func Char[C any](name string, field func(*C) *byte) *Param[C] {
	return newParam(name, KindChar, func(c *C, items []string) error {
		v := one(items)
		if len(v) != 1 {
			return &wantError{want: "one character", found: v}
		}
		*field(c) = v[0]
		return nil
	}).shown(func(c *C) string { return charText(*field(c)) })
}

// Strings is an array; a single string counts as one. A repeated legacy
// directive appends.
func Strings[C any](name string, field func(*C) *[]string) *Param[C] {
	p := newParam(name, KindStrings, func(c *C, items []string) error {
		*field(c) = append([]string(nil), items...)
		return nil
	})
	p.add = func(c *C, items []string) error {
		f := field(c)
		*f = append((*f)[:len(*f):len(*f)], items...)
		return nil
	}
	p.get = func(c *C) []string { return *field(c) }
	p.Appends = true
	return p
}

// Mode is a file mode of four or five octal digits that begins with 0.
func Mode[C any](name string, field func(*C) *fs.FileMode) *Param[C] {
	return newParam(name, KindMode, func(c *C, items []string) error {
		v := one(items)
		n, err := strconv.ParseUint(v, 8, 32)
		if err != nil || len(v) < 4 || len(v) > 5 || v[0] != '0' || n > 0o7777 {
			e := &wantError{want: "an octal mode such as 0640", found: v}
			if err == nil && len(v) == 3 {
				e.hint = `write "0` + v + `"`
			}
			return e
		}
		*field(c) = fs.FileMode(n)
		return nil
	}).shown(func(c *C) string { return fmt.Sprintf("0%03o", *field(c)) })
}

// NoID is the value of a user or group that was not given.
const NoID = -1

// User is a user name; the number is looked up while decoding.
func User[C any](name string, field func(*C) *int) *Param[C] {
	return newParam(name, KindUser, func(c *C, items []string) error {
		u, err := user.Lookup(one(items))
		if err != nil {
			return &IDError{Param: name, What: "user", Name: one(items)}
		}
		*field(c), err = strconv.Atoi(u.Uid)
		return err
	}).shown(func(c *C) string { return userName(*field(c)) })
}

// GroupName is a group name; the number is looked up while decoding.
func GroupName[C any](name string, field func(*C) *int) *Param[C] {
	return newParam(name, KindGroup, func(c *C, items []string) error {
		g, err := user.LookupGroup(one(items))
		if err != nil {
			return &IDError{Param: name, What: "group", Name: one(items)}
		}
		*field(c), err = strconv.Atoi(g.Gid)
		return err
	}).shown(func(c *C) string { return groupName(*field(c)) })
}

// IDError is a user or group that does not exist.
type IDError struct{ Param, What, Name string }

func (e *IDError) Error() string {
	return fmt.Sprintf("there is no %s %q on this system", e.What, e.Name)
}

// Facility is a name or number.
func Facility[C any](name string, field func(*C) *message.Facility) *Param[C] {
	return newParam(name, KindFacility, func(c *C, items []string) error {
		v := one(items)
		if n, err := strconv.Atoi(v); err == nil && n >= 0 && n <= 24 {
			*field(c) = message.Facility(n)
			return nil
		}
		f, ok := message.FacilityNamed(strings.ToLower(v))
		if !ok {
			return &wantError{want: "a facility", found: v, hint: didYouMean(v, message.FacilityNames())}
		}
		*field(c) = f
		return nil
	}).shown(func(c *C) string { return facilityText(*field(c)) })
}

// Severity is a name or number.
func Severity[C any](name string, field func(*C) *message.Severity) *Param[C] {
	return newParam(name, KindSeverity, func(c *C, items []string) error {
		v := one(items)
		if n, err := strconv.Atoi(v); err == nil && n >= 0 && n <= 8 {
			*field(c) = message.Severity(n)
			return nil
		}
		s, ok := message.SeverityNamed(strings.ToLower(v))
		if !ok {
			return &wantError{want: "a severity", found: v, hint: didYouMean(v, message.SeverityNames())}
		}
		*field(c) = s
		return nil
	}).shown(func(c *C) string { return severityText(*field(c)) })
}

func didYouMean(v string, candidates []string) string {
	if s := diag.Suggest(v, candidates); s != "" {
		return "did you mean " + quote(s) + "?"
	}
	return ""
}

// Choice is one value of an Enum.
type Choice[T any] struct {
	Name  string
	Value T
}

// Enum is one of named values, compared without case.
func Enum[C, T any](name string, field func(*C) *T, choices ...Choice[T]) *Param[C] {
	p := newParam(name, KindEnum, func(c *C, items []string) error {
		v := one(items)
		names := make([]string, len(choices))
		for i, ch := range choices {
			if strings.EqualFold(ch.Name, v) {
				*field(c) = ch.Value
				return nil
			}
			names[i] = ch.Name
		}
		return &wantError{want: "one of " + strings.Join(names, ", "), found: v, hint: didYouMean(v, names)}
	})
	for _, ch := range choices {
		p.Choices = append(p.Choices, ch.Name)
	}
	return p.shown(func(c *C) string {
		for _, ch := range choices {
			if any(ch.Value) == any(*field(c)) {
				return ch.Name
			}
		}
		return ""
	})
}

// Func is a parameter with a decoding of its own; text is the opposite. k names
// the type for documentation.
func Func[C any](name string, k Kind, set func(c *C, value string) error, text func(c *C) string) *Param[C] {
	return newParam(name, k, func(c *C, items []string) error { return set(c, one(items)) }).shown(text)
}

// Duration is a length of time: a number with s, m, h, d (days) or w (weeks).
func Duration[C any](name string, field func(*C) *time.Duration) *Param[C] {
	return newParam(name, KindDuration, func(c *C, items []string) error {
		d, err := parseDuration(one(items))
		if err != nil {
			return err
		}
		*field(c) = d
		return nil
	}).shown(func(c *C) string { return durationText(*field(c)) })
}

var durationUnits = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

func parseDuration(s string) (time.Duration, error) {
	want := &wantError{want: "a time such as 90s, 24h or 30d", found: s}
	if s == "" {
		return 0, want
	}
	unit, ok := durationUnits[s[len(s)-1]]
	n, err := strconv.ParseInt(s[:len(s)-1], 10, 64)
	if !ok || err != nil || n < 0 || n > int64(1<<62)/int64(unit) {
		return 0, want
	}
	return time.Duration(n) * unit, nil
}

// Gone is accepted with a warning and has no effect, as in rsyslogd.
func Gone[C any](name string) *Param[C] {
	return newParam[C](name, KindGone, nil)
}

// Refused is known but cannot be done: giving it is an error that says why, and
// the object is not used. Never is a parameter accepted and ignored.
func Refused[C any](name, why string) *Param[C] {
	p := newParam[C](name, KindRefused, nil)
	p.Info.Refused = why
	return p
}

// NotYet is known but cannot be done: giving it is an error that says why and
// what happens instead. Unlike with Refused the object stays in use: a message
// is better written with less than asked for than not at all.
func NotYet[C any](name, why string) *Param[C] {
	p := newParam[C](name, KindNotYet, nil)
	p.Info.Refused = why
	return p
}

// NotYetUnless is NotYet, but for values that ask for nothing this server does
// not do anyway.
func NotYetUnless[C any](name, why string, harmless ...string) *Param[C] {
	p := newParam(name, KindNotYet, func(_ *C, items []string) error {
		for _, h := range harmless {
			if strings.EqualFold(one(items), h) {
				return nil
			}
		}
		return errNotYet
	})
	p.Info.Refused = why
	return p
}

var errNotYet = errors.New("not available yet")

// NoEffect is known and without meaning in this server: it is accepted with a
// note that says why.
func NoEffect[C any](name, why string) *Param[C] {
	p := newParam[C](name, KindNoEffect, nil)
	p.Info.Refused = why
	return p
}

// RefusedUnless is known, and only its harmless values can be done: they are
// accepted, any other is an error as with Refused.
func RefusedUnless[C any](name, why string, harmless ...string) *Param[C] {
	return newParam(name, KindString, func(_ *C, items []string) error {
		for _, h := range harmless {
			if strings.EqualFold(one(items), h) {
				return nil
			}
		}
		return fmt.Errorf("%q is not available: %s", one(items), why)
	})
}
