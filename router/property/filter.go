package property

import (
	"bytes"
	"errors"
	"fmt"

	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/message"
)

// Filter is a compiled property filter: :property, [!]operation, "value".
type Filter struct {
	prop   Property
	match  func(value []byte) bool
	negate bool

	backtracks bool
}

// Backtracks reports whether the filter's expression has back-references.
func (f *Filter) Backtracks() bool { return f.backtracks }

// Match reports whether the filter selects m.
func (f *Filter) Match(m *message.Message, ctx *Context) bool {
	return f.match(f.prop.Get(m, ctx)) != f.negate
}

// FilterPart is the part of a property filter that an error is about.
type FilterPart uint8

// The parts.
const (
	InName FilterPart = iota
	InOp
	InValue
)

// FilterError says what is wrong with a property filter.
type FilterError struct {
	Part FilterPart
	Err  error
	// Hint is something to type instead, or "".
	Hint string
}

func (e *FilterError) Error() string { return e.Err.Error() }
func (e *FilterError) Unwrap() error { return e.Err }

// filterOps are the operations. Those with _i, and endswith, are newer than rsyslogd 8.2302.
var filterOps = map[string]func(want []byte) func(got []byte) bool{
	"contains": func(want []byte) func([]byte) bool { return func(got []byte) bool { return bytes.Contains(got, want) } },
	"isequal":  func(want []byte) func([]byte) bool { return func(got []byte) bool { return bytes.Equal(got, want) } },
	"startswith": func(want []byte) func([]byte) bool {
		return func(got []byte) bool { return bytes.HasPrefix(got, want) }
	},
	"endswith": func(want []byte) func([]byte) bool {
		return func(got []byte) bool { return bytes.HasSuffix(got, want) }
	},
	"isempty":      func([]byte) func([]byte) bool { return func(got []byte) bool { return len(got) == 0 } },
	"contains_i":   func(want []byte) func([]byte) bool { return func(got []byte) bool { return ContainsFold(got, want) } },
	"startswith_i": func(want []byte) func([]byte) bool { return func(got []byte) bool { return HasPrefixFold(got, want) } },
}

// CompileFilter compiles a property filter; res compiles its expression. Errors
// are of type *FilterError.
func CompileFilter(name, op, value string, negate bool, res *posix.Compiler) (*Filter, error) {
	prop, err := Resolve(name)
	if err != nil {
		fe := &FilterError{Part: InName, Err: err}
		var unknown *UnknownError
		if errors.As(err, &unknown) && unknown.Suggestion != "" {
			fe.Hint = fmt.Sprintf("did you mean %q?", unknown.Suggestion)
		}
		return nil, fe
	}
	f := &Filter{prop: prop, negate: negate}
	switch op {
	case "regex", "ereregex":
		flavor := posix.Basic
		if op == "ereregex" {
			flavor = posix.Extended
		}
		re, err := res.Compile(value, flavor, false)
		if err != nil {
			return nil, &FilterError{Part: InValue, Err: err}
		}
		f.match, f.backtracks = re.Match, re.Backtracks()
		return f, nil
	}
	compile := filterOps[op]
	if compile == nil {
		fe := &FilterError{Part: InOp, Err: fmt.Errorf("unknown compare operation %q", op)}
		known := []string{"regex", "ereregex"}
		for k := range filterOps {
			known = append(known, k)
		}
		if s := diag.Suggest(op, known); s != "" {
			fe.Hint = fmt.Sprintf("did you mean %q?", s)
		}
		return nil, fe
	}
	f.match = compile([]byte(value))
	return f, nil
}

func lower(c byte) byte {
	if c-'A' < 26 {
		return c + 'a' - 'A'
	}
	return c
}

// HasPrefixFold is bytes.HasPrefix without regard to ASCII case.
func HasPrefixFold(b, prefix []byte) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i, c := range prefix {
		if lower(b[i]) != lower(c) {
			return false
		}
	}
	return true
}

// ContainsFold is bytes.Contains without regard to ASCII case.
func ContainsFold(b, sub []byte) bool {
	for i := 0; i+len(sub) <= len(b); i++ {
		if HasPrefixFold(b[i:], sub) {
			return true
		}
	}
	return false
}
