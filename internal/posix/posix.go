// Package posix compiles POSIX regular expressions, basic and extended with the
// GNU additions, as rsyslogd takes them, to Go's. Matching is leftmost-longest
// and takes linear time. Back-references have no counterpart in Go: Compile
// refuses them, a Compiler has a backtracking matcher for the expressions that
// have some.
package posix

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Flavor is a POSIX syntax.
type Flavor uint8

// The flavors: basic (BRE) and extended (ERE).
const (
	Basic Flavor = iota
	Extended
)

// Regexp is a compiled expression. It may be used by any number of goroutines.
type Regexp struct {
	re *regexp.Regexp
	// literal is text that every match contains, nil if there is none: most
	// messages are turned away by looking for it.
	literal []byte
	// slow, if not nil, stands in for re: the expression has back-references.
	slow *backtracker
}

// Backtracks reports whether the expression has back-references: its matches
// take time that grows with their number of choices, and are bounded.
func (r *Regexp) Backtracks() bool { return r.slow != nil }

// Compile compiles expr. fold ignores ASCII case.
func Compile(expr string, f Flavor, fold bool) (*Regexp, error) {
	t := translator{in: expr, extended: f == Extended}
	if err := t.run(); err != nil {
		return nil, err
	}
	flags := "(?s)"
	if fold {
		flags = "(?si)"
	}
	re, err := regexp.Compile(flags + string(t.out))
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", expr, plain(err))
	}
	re.Longest()
	r := &Regexp{re: re}
	if !fold {
		if tree, err := syntax.Parse(re.String(), syntax.Perl); err == nil {
			r.literal = required(tree.Simplify())
		}
	}
	return r, nil
}

// plain takes the Go prefix off a compile error.
func plain(err error) error {
	if e, ok := err.(*syntax.Error); ok {
		return fmt.Errorf("%s", e.Code)
	}
	return err
}

// required returns the longest literal that any match of re contains.
func required(re *syntax.Regexp) []byte {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return []byte(string(re.Rune))
		}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpConcat:
		var best []byte
		for _, sub := range re.Sub {
			if l := required(sub); len(l) > len(best) {
				best = l
			}
		}
		return best
	}
	return nil
}

// Match reports whether b contains a match.
func (r *Regexp) Match(b []byte) bool {
	if r.slow != nil {
		return r.slow.match(b)
	}
	if r.literal != nil && !bytes.Contains(b, r.literal) {
		return false
	}
	return r.re.Match(b)
}

// Find returns the offsets of the first match in b and of its groups, as
// regexp.FindSubmatchIndex does, or nil.
func (r *Regexp) Find(b []byte) []int {
	if r.slow != nil {
		return r.slow.find(b)
	}
	if r.literal != nil && !bytes.Contains(b, r.literal) {
		return nil
	}
	return r.re.FindSubmatchIndex(b)
}

// translator writes Go syntax.
type translator struct {
	in       string
	at       int
	out      []byte
	extended bool

	atom    int // where the last atom begins in out, -1 when there is none to repeat
	groups  []group
	repeats bool // the last atom has a quantifier already

	// backRefs allows back-references, referred is set when there was one.
	backRefs, referred bool
	opened             int      // groups so far
	complete           [10]bool // groups by number that are closed
}

// group is a group that is not closed yet.
type group struct{ out, number int }

func (t *translator) run() error {
	t.atom = -1
	for t.at < len(t.in) {
		if err := t.next(); err != nil {
			return err
		}
	}
	if len(t.groups) > 0 {
		return fmt.Errorf("regular expression %q: reached the end without matching (", t.in)
	}
	return nil
}

func (t *translator) next() error {
	c := t.in[t.at]
	switch {
	case c == '\\':
		return t.escape()
	case c == '[':
		return t.bracket()
	case c == '.':
		t.literalAtom(".")
	case c == '*':
		t.repeat("*")
	case c == '^' && (t.extended || t.startsBranch()):
		t.anchor("^")
	case c == '$' && (t.extended || t.endsBranch()):
		t.anchor("$")
	case t.extended:
		return t.extendedChar(c)
	default:
		t.literal(c)
	}
	t.at++
	return nil
}

// extendedChar takes what is special in an ERE without a backslash. It leaves
// the last byte to the caller.
func (t *translator) extendedChar(c byte) error {
	switch c {
	case '+', '?':
		t.repeat(string(c))
	case '(':
		t.open()
	case ')':
		if len(t.groups) == 0 {
			t.literal(c)
			return t.step()
		}
		t.close()
	case '|':
		t.branch()
	case '{':
		if n := interval(t.in[t.at:], "}"); n > 0 {
			t.repeat(fixInterval(t.in[t.at : t.at+n]))
			t.at += n
			return nil
		}
		t.literal(c)
	default:
		t.literal(c)
	}
	return t.step()
}

func (t *translator) step() error { t.at++; return nil }

// escape takes a backslash and what follows.
func (t *translator) escape() error {
	if t.at+1 == len(t.in) {
		return fmt.Errorf("regular expression %q ends with a backslash", t.in)
	}
	c := t.in[t.at+1]
	t.at += 2
	switch {
	case c >= '1' && c <= '9':
		return t.backReference(c)
	case strings.IndexByte("wWsS", c) >= 0:
		t.literalAtom(`\` + string(c))
	case c == 'b' || c == 'B':
		t.anchor(`\` + string(c))
	case c == '<' || c == '>':
		t.anchor(`\b`)
	case c == '`':
		t.anchor(`\A`)
	case c == '\'':
		t.anchor(`\z`)
	case t.extended:
		t.literal(c)
	default:
		return t.basicEscape(c)
	}
	return nil
}

// backReference takes \1 and its like. As in glibc, the group must stand in front of it.
func (t *translator) backReference(c byte) error {
	switch {
	case !t.backRefs:
		return fmt.Errorf(`regular expression %q: back-references (\%c) are not available`, t.in, c)
	case !t.complete[c-'0']:
		return fmt.Errorf(`regular expression %q: no group %c stands in front of \%c`, t.in, c, c)
	}
	t.referred = true
	t.literalAtom(`(?:\` + string(c) + ")")
	return nil
}

// basicEscape takes what is special in a BRE with a backslash.
func (t *translator) basicEscape(c byte) error {
	switch c {
	case '(':
		t.open()
	case ')':
		if len(t.groups) == 0 {
			return fmt.Errorf(`regular expression %q: \) without \(`, t.in)
		}
		t.close()
	case '|':
		t.branch()
	case '+', '?':
		t.repeat(string(c))
	case '{':
		n := interval("{"+t.in[t.at:], `\}`)
		if n == 0 {
			return fmt.Errorf(`regular expression %q: \{ without a valid interval`, t.in)
		}
		t.repeat(fixInterval("{" + t.in[t.at:t.at+n-3] + "}"))
		t.at += n - 1
	default:
		t.literal(c)
	}
	return nil
}

// interval returns the length of {m,n} with the given end, 0 if there is none.
func interval(s, end string) int {
	i := strings.Index(s, end)
	if i < 2 || strings.Trim(s[1:i], "0123456789,") != "" || strings.Count(s[1:i], ",") > 1 {
		return 0
	}
	return i + len(end)
}

// fixInterval writes {,n} as Go wants it.
func fixInterval(s string) string {
	if strings.HasPrefix(s, "{,") {
		return "{0" + s[1:]
	}
	return s
}

// literal adds the character c. Of a character of several bytes, the rest
// follows as atoms of its own; a quantifier then must apply to all of them.
func (t *translator) literal(c byte) {
	if c&0xc0 == 0x80 && t.atom >= 0 && !t.repeats && t.out[len(t.out)-1] >= 0x80 {
		t.out = append(t.out, c)
		return
	}
	t.atom = len(t.out)
	t.repeats = false
	if c < 0x80 {
		t.out = append(t.out, regexp.QuoteMeta(string(rune(c)))...)
	} else {
		t.out = append(t.out, c)
	}
}

func (t *translator) literalAtom(s string) {
	t.atom = len(t.out)
	t.repeats = false
	t.out = append(t.out, s...)
}

func (t *translator) anchor(s string) {
	t.out = append(t.out, s...)
	t.atom = -1
}

// repeat applies a quantifier to the last atom. Without one, * is a literal in
// a BRE and nothing in an ERE, as in glibc.
func (t *translator) repeat(q string) {
	if t.atom < 0 {
		if !t.extended {
			t.literalAtom(regexp.QuoteMeta(q))
		}
		return
	}
	if t.repeats { // a*? is a lazy match in Go
		inner := string(t.out[t.atom:])
		t.out = append(t.out[:t.atom], "(?:"+inner+")"...)
	}
	t.out = append(t.out, q...)
	t.repeats = true
}

func (t *translator) open() {
	t.opened++
	t.groups = append(t.groups, group{len(t.out), t.opened})
	t.out = append(t.out, '(')
	t.atom = -1
}

func (t *translator) close() {
	last := t.groups[len(t.groups)-1]
	if t.atom = last.out; last.number < len(t.complete) {
		t.complete[last.number] = true
	}
	t.groups = t.groups[:len(t.groups)-1]
	t.repeats = false
	t.out = append(t.out, ')')
}

func (t *translator) branch() {
	t.out = append(t.out, '|')
	t.atom = -1
}

// startsBranch reports whether ^ is an anchor in a BRE here.
func (t *translator) startsBranch() bool {
	before := t.in[:t.at]
	return before == "" || strings.HasSuffix(before, `\(`) || strings.HasSuffix(before, `\|`)
}

// endsBranch reports whether $ is an anchor in a BRE here.
func (t *translator) endsBranch() bool {
	after := t.in[t.at+1:]
	return after == "" || strings.HasPrefix(after, `\)`) || strings.HasPrefix(after, `\|`)
}

// bracket translates a bracket expression. Backslashes are literal in one.
func (t *translator) bracket() error {
	out := []byte{'['}
	i := t.at + 1
	if i < len(t.in) && t.in[i] == '^' {
		out = append(out, '^')
		i++
	}
	for first := true; ; first = false {
		if i >= len(t.in) {
			return fmt.Errorf("regular expression %q: [ without ]", t.in)
		}
		c := t.in[i]
		if c == ']' && !first {
			break
		}
		if c == '[' && i+1 < len(t.in) && strings.IndexByte(":=.", t.in[i+1]) >= 0 {
			piece, n, err := t.class(i)
			if err != nil {
				return err
			}
			out = append(out, piece...)
			i += n
			continue
		}
		if strings.IndexByte(`\[]^&~`, c) >= 0 || c == '-' && (first || i+1 < len(t.in) && t.in[i+1] == ']') {
			out = append(out, '\\')
		}
		out = append(out, c)
		i++
	}
	t.literalAtom(string(append(out, ']')))
	t.at = i + 1
	return nil
}

// class translates [:name:], [=c=] and [.c.] at i.
func (t *translator) class(i int) (string, int, error) {
	kind := t.in[i+1]
	end := strings.Index(t.in[i+2:], string(kind)+"]")
	if end < 0 {
		return "", 0, fmt.Errorf("regular expression %q: [%c without %c]", t.in, kind, kind)
	}
	name := t.in[i+2 : i+2+end]
	n := end + 4
	if kind != ':' {
		return regexp.QuoteMeta(name), n, nil
	}
	switch name {
	case "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit":
		return "[:" + name + ":]", n, nil
	}
	return "", 0, fmt.Errorf("regular expression %q: there is no class [:%s:]", t.in, name)
}
