package posix

import (
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

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"a*b", `\(a\)\{1,2\}`, "[[:alpha:]]", "a{2,}|b", `\<x\>`, "ü*"} {
		f.Add(s, "aab", true)
		f.Add(s, "aab", false)
	}
	f.Fuzz(func(_ *testing.T, expr, text string, extended bool) {
		flavor := Basic
		if extended {
			flavor = Extended
		}
		if r, err := Compile(expr, flavor, false); err == nil {
			r.Match([]byte(text))
		}
	})
}
