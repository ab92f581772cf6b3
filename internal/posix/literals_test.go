package posix

import (
	"bytes"
	"strings"
	"testing"
)

func TestLiterals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ expr, want string }{
		{`error`, "error"},
		{`tok4[1-3] pl=[0-9]+`, "tok41 pl=|tok42 pl=|tok43 pl="},
		{`tok(55|77) .*end=[0-9]*7$`, "tok55 |tok77 "},
		{`^(sshd|cron)\[[0-9]+\]: fail(ed|ure)?`, "]: fail|]: failed|]: failure"},
		{`(abc|d)*x`, "x"},
		{`a.*bcd.*e`, "bcd"},
		{`(foo|ba*)`, ""},
		{`(foo|baa*)`, "foo|ba"},
		{`[0-9]+`, ""},
		{`[a-z]`, ""},
		{`.*`, ""},
		{`(abc|.*)`, ""},
		{`(abc)?`, ""},
		{`x{3}`, "xxx"},
		{`(ab)+c`, "ab"},
	} {
		re, err := Compile(tc.expr, Extended, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(bytes.Join(re.Literals(), []byte("|"))); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.expr, got, tc.want)
		}
	}
	re, err := Compile("error", Extended, true)
	if err != nil {
		t.Fatal(err)
	}
	if re.Literals() != nil {
		t.Errorf("without case: %q", re.Literals())
	}
}

// What the literals turn away does not match.
func FuzzLiterals(f *testing.F) {
	f.Add("tok(55|77) .*end=[0-9]*7$", "tok55 x end=17")
	f.Add("^(a|bc)?d+[ef]", "bcddf")
	f.Add("(x|y{2,3})z*[^q]", "yyq")
	f.Add("(|a)(b|c?)[dD]", "cD")
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 200 || strings.Contains(expr, "{") && len(expr) > 40 {
			return
		}
		re, err := Compile(expr, Extended, false)
		if err != nil {
			return
		}
		if got, want := re.Match([]byte(text)), re.MatchKnown([]byte(text)); got != want {
			t.Errorf("%q in %q: %v with the literals %q, else %v", expr, text, got, re.Literals(), want)
		}
	})
}
