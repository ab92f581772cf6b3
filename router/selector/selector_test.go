package selector

import (
	"fmt"
	"strings"
	"testing"

	"syslogd/internal/diag"
	"syslogd/message"
)

// matches lists what s selects among two facilities, as "user:013 mail:7".
func matches(s Selector) string {
	var out []string
	for _, f := range []message.Facility{1, 2, 24} {
		sevs := ""
		for sev := range 8 {
			if s.Match(message.Priority(f)<<3 | message.Priority(sev)) {
				sevs += fmt.Sprint(sev)
			}
		}
		out = append(out, f.String()+":"+sevs)
	}
	return strings.Join(out, " ")
}

// The masks are those of rsyslogd 8.2302.
func TestSelectors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"*.*":                     "user:01234567 mail:01234567 invld:01234567",
		"user.err":                "user:0123 mail: invld:",
		"user.=err":               "user:3 mail: invld:",
		"user.*;user.!err":        "user:4567 mail: invld:",
		"user.*;user.!=err":       "user:0124567 mail: invld:",
		"user.!err":               "user: mail: invld:",
		"user.!=notice":           "user: mail: invld:",
		"*.*;user.none":           "user: mail:01234567 invld:01234567",
		"user.none;*.*":           "user:01234567 mail:01234567 invld:01234567",
		"user,mail.crit":          "user:012 mail:012 invld:",
		"USER.WARN":               "user:01234 mail: invld:",
		"user.3":                  "user:0123 mail: invld:",
		"user.!none":              "user:01234567 mail: invld:",
		"user.*;user.!*":          "user: mail: invld:",
		"*.=debug;mail.none":      "user:7 mail: invld:7",
		"user.info;;mail.=panic;": "user:0123456 mail:0 invld:",
	} {
		diags := &diag.List{}
		s, ok := Parse(text, diag.Range{}, diags)
		if got := matches(s); got != want || !ok || diags.Len() != 0 {
			t.Errorf("%s: got %s, ok %v, want %s; %v", text, got, ok, want, diags.All())
		}
	}
}

func TestSelectorErrorsPointAtTheName(t *testing.T) {
	t.Parallel()
	src := &diag.Source{Name: "x", Text: []byte("mail.info;usr.err /x")}
	for _, tt := range []struct {
		text string
		col  int
		want string
		ok   bool
	}{
		{"mail.info;usr.err", 11, `unknown facility "usr"`, true},
		{"mail.inf", 6, `unknown priority "inf"`, false},
		{"mail.!=eror", 8, `unknown priority "eror"`, false},
		{"mail", 1, `selector "mail" has no priority`, false},
	} {
		diags := &diag.List{}
		_, ok := Parse(tt.text, diag.Range{Start: diag.Pos{Src: src, Line: 1, Col: 1}, Len: len(tt.text)}, diags)
		if diags.Len() != 1 {
			t.Fatalf("%s: %d diagnostics", tt.text, diags.Len())
		}
		d := diags.All()[0]
		if d.Range.Start.Col != tt.col || d.Text != tt.want || ok != tt.ok {
			t.Errorf("%s: got column %d, %q, ok %v; want %d, %q, %v", tt.text, d.Range.Start.Col, d.Text, ok, tt.col, tt.want, tt.ok)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	s, _ := Parse("*.info;mail.none;authpriv.none;cron.none", diag.Range{}, &diag.List{})
	b.ReportAllocs()
	for b.Loop() {
		s.Match(13)
	}
}
