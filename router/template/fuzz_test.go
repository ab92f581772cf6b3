package template

import (
	"strings"
	"testing"
	"time"

	"syslogd/internal/diag"
	"syslogd/router/internal/testmsg"
)

// FuzzTemplateString compiles a text as that of a string template and of a
// $template. What compiles renders, twice the same, without a change of the message.
func FuzzTemplateString(f *testing.F) {
	for _, b := range builtins {
		f.Add(b.text)
	}
	for _, s := range []string{
		"%msg:2:$:uppercase,csv%", "%msg:F,32,2:2,3%", "%msg:R,ERE,1,FIELD,2:(l+)o?%--end:json%", "%timereported:1:10:date-rfc3339,date-utc%", "%$!tree!x:::jsonf:y%|%$.a%|%$/b%",
		"%hostname:::secpath-replace,compressspace,drop-last-lf,escape-cc%", "%programname:9:1:pos-end-relative,fixed-width%", `\%\101\n\`, "%%", "%msg", "%msg:R,BRE:--end%", "%$now%%$!all-json%", "%$!l[0]%",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		for _, legacy := range []bool{false, true} {
			diags := &diag.List{}
			tpl := &Template{}
			compile := tpl.compileString
			if legacy {
				compile = tpl.compileLegacy
			}
			if !compile(text, place{}, diags) {
				if diags.Len() == 0 {
					t.Fatalf("%q was refused without a word", text)
				}
				continue
			}
			m, ctx := variables(t), newContext()
			ctx.Clock = func() time.Time { return testmsg.Received }
			raw := string(m.Raw())
			out := render(t, tpl, m, ctx)
			if !strings.HasPrefix(out, tpl.Prefix()) {
				t.Fatalf("%q renders %q, which does not begin with %q", text, out, tpl.Prefix())
			}
			if again := render(t, tpl, m, ctx); again != out && !strings.Contains(strings.ToLower(text), "uptime") {
				t.Fatalf("%q renders %q, then %q", text, out, again)
			}
			if slow := render(t, tpl.slow(), m, ctx); slow != out && !strings.Contains(strings.ToLower(text), "uptime") {
				t.Fatalf("%q renders %q, the general way %q", text, out, slow)
			}
			if string(m.Raw()) != raw {
				t.Fatalf("%q changed the message to %q", text, m.Raw())
			}
		}
	})
}

// slow is the template with every property rendered in the general way.
func (t *Template) slow() *Template {
	s := *t
	s.parts = nil
	for _, p := range t.parts {
		if p.kind != constant {
			p.kind = general
		}
		s.parts = append(s.parts, p)
	}
	return &s
}
