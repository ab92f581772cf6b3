package posix

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// The verdicts are those of glibc's regcomp and regexec.
func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flavor     Flavor
		expr, text string
		want       string // the match; "-" for none
	}{
		{Extended, "a+b?", "xaab", "aab"},
		{Extended, "a|ab|abc", "abc", "abc"},
		{Extended, "(a|ab)(c|bcd)", "abcd", "abcd"},
		{Extended, "^x$", "x\n", "-"},
		{Extended, "a.c", "a\nc", "a\nc"},
		{Extended, "[0-9]{2,3}", "12345", "123"},
		{Extended, "a{,2}b", "aab", "aab"},
		{Extended, "a{x", "a{x", "a{x"},
		{Extended, "[[:digit:]]+", "ab12", "12"},
		{Extended, `[\.]`, `\`, `\`},
		{Extended, "[]a]+", "]a]", "]a]"},
		{Extended, "[^]]+", "ab]", "ab"},
		{Extended, "[a-]+", "-a", "-a"},
		{Extended, `\<foo\>`, "a foo b", "foo"},
		{Extended, "a**", "aaa", "aaa"},
		{Extended, "a*?b", "aab", "aab"},
		{Extended, "*a", "a", "a"},
		{Extended, `\.log`, "x.log", ".log"},
		{Extended, "ü+", "üü", "üü"},
		{Extended, "", "abc", ""},
		{Basic, "a+", "a+", "a+"},
		{Basic, `a\+`, "aaa", "aaa"},
		{Basic, `\(ab\)*c`, "ababc", "ababc"},
		{Basic, `a\{2\}`, "aaa", "aa"},
		{Basic, "a|b", "a|b", "a|b"},
		{Basic, `a\|b`, "b", "b"},
		{Basic, "*a", "*a", "*a"},
		{Basic, "a^b$c", "a^b$c", "a^b$c"},
		{Basic, `^\(^a\)$`, "a", "a"},
		{Basic, "(a)", "(a)", "(a)"},
		{Basic, "[0-9]*x", "12x", "12x"},
	} {
		r, err := Compile(tt.expr, tt.flavor, false)
		if err != nil {
			t.Errorf("%q: %v", tt.expr, err)
			continue
		}
		got := "-"
		if m := r.Find([]byte(tt.text)); m != nil {
			got = tt.text[m[0]:m[1]]
		}
		if got != tt.want || r.Match([]byte(tt.text)) != (tt.want != "-") {
			t.Errorf("%q in %q: got %q, want %q", tt.expr, tt.text, got, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`(a)\1`:   `regular expression "(a)\\1": back-references (\1) are not available`,
		"[a":      `regular expression "[a": [ without ]`,
		"(a":      `regular expression "(a": reached the end without matching (`,
		"[[:x:]]": `regular expression "[[:x:]]": there is no class [:x:]`,
		`a\`:      `regular expression "a\\" ends with a backslash`,
	} {
		if _, err := Compile(expr, Extended, false); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", expr, err, want)
		}
	}
}

func TestCaseIsIgnoredOnDemand(t *testing.T) {
	t.Parallel()
	r, err := Compile("error[0-9]", Extended, true)
	if err != nil || !r.Match([]byte("ERROR7")) {
		t.Errorf("no match, %v", err)
	}
}

func TestLiteralIsRequired(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{"foo[0-9]+barbaz": "barbaz", "a|b": "", "(foo)+x": "foo", "fo*": "f"} {
		r, err := Compile(expr, Extended, false)
		if err != nil || string(r.literal) != want {
			t.Errorf("%q: literal %q, want %q; %v", expr, r.literal, want, err)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"a*b", `\(a\)\{1,2\}`, "[[:alpha:]]", "a{2,}|b", `\<x\>`, "ü*", `(a)\1`} {
		f.Add(s, "aab", true)
		f.Add(s, "aab", false)
	}
	f.Fuzz(func(t *testing.T, expr, text string, extended bool) {
		flavor := Basic
		if extended {
			flavor = Extended
		}
		r, err := (&Compiler{}).Compile(expr, flavor, false)
		if err != nil {
			return
		}
		if loc := r.Find([]byte(text)); (loc != nil) != r.Match([]byte(text)) {
			t.Errorf("%q in %q: found %v, but Match disagrees", expr, text, loc)
		}
	})
}

func TestBackReferences(t *testing.T) {
	t.Parallel()
	c := &Compiler{}
	for _, tt := range []struct {
		flavor     Flavor
		expr, text string
		want       []int
	}{
		{Extended, `(ab)\1`, "xabab", []int{1, 5, 1, 3}},
		{Extended, `(ab)\1`, "ab", nil},
		{Extended, `(a*)b\1c`, "aabaac", []int{0, 6, 0, 2}},
		{Extended, `(x)?y(z)\2`, "yzz", []int{0, 3, -1, -1, 1, 2}},
		{Extended, `(a)\10`, "aa0", []int{0, 3, 0, 1}},
		{Extended, `(.)\1+`, "\xff\xff\xff", []int{0, 3, 0, 1}}, // bytes, not characters
		{Extended, `([[:alpha:]])\1`, "\xc3\xc3 bb", []int{3, 5, 3, 4}},
		{Extended, `(\w)\1`, "\xc3\xc3 bb", []int{3, 5, 3, 4}},
		{Extended, `^(..)\1$`, "üü", []int{0, 4, 0, 2}},
		{Basic, `\(ab\)\1`, "abab", []int{0, 4, 0, 2}},
		{Basic, `\(a\)\(b\)\2\{2\}`, "abbb", []int{0, 4, 0, 1, 1, 2}},
	} {
		r, err := c.Compile(tt.expr, tt.flavor, false)
		if err != nil {
			t.Errorf("%q: %v", tt.expr, err)
			continue
		}
		if got := r.Find([]byte(tt.text)); !slices.Equal(got, tt.want) || r.Match([]byte(tt.text)) != (tt.want != nil) || !r.Backtracks() {
			t.Errorf("%q in %q: got %v, want %v", tt.expr, tt.text, got, tt.want)
		}
	}
	for expr, want := range map[string]string{
		`\1(a)`:  `regular expression "\\1(a)": no group 1 stands in front of \1`,
		`(a\1)`:  `regular expression "(a\\1)": no group 1 stands in front of \1`,
		`(a)\2b`: `regular expression "(a)\\2b": no group 2 stands in front of \2`,
	} {
		if _, err := c.Compile(expr, Extended, false); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", expr, err, want)
		}
	}
	if r, err := c.Compile("(a|ab)(c|bcd)", Extended, false); err != nil || r.Backtracks() {
		t.Errorf("an expression without back-references backtracks, or %v", err)
	}
}

// TestAMatchThatTakesTooLongIsGivenUp needs more steps than there are nanoseconds in a year.
func TestAMatchThatTakesTooLongIsGivenUp(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := &Compiler{Log: slog.New(slog.NewTextHandler(&out, nil))}
	r, err := c.Compile(`(x+x+)+\1y`, Extended, false)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("x"), 200)
	for range 3 {
		if r.Match(text) || r.Find(text) != nil {
			t.Error("a match, want none")
		}
	}
	if n := c.GivenUp(); n != 6 {
		t.Errorf("%d matches given up, want 6", n)
	}
	if s := out.String(); strings.Count(s, "took too long") != 1 || !strings.Contains(s, `(x+x+)+\1y`) {
		t.Errorf("want one message about the expression, got %q", s)
	}
}
