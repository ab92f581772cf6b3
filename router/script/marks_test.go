package script

import (
	"strings"
	"testing"

	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/internal/testmsg"
	"syslogd/router/property"
	"syslogd/router/template"
)

// path is the name of the file that a template makes of $.p after set $.p = expr. The
// sender calls its host a/b..c and writes ../x.
func path(t *testing.T, expr, text string, ctx *property.Context) string {
	t.Helper()
	m := testmsg.Parse("<13>Feb  3 04:05:06 h app: ../x")
	m.SetHostname([]byte("a/b..c"))
	target := &Target{prop: *property.Variable(".p")}
	target.Assign(m, ctx, compile(t, expr).Eval(m, ctx), true)
	diags := &diag.List{}
	set := template.NewSet()
	set.DefineLegacy(`t,"`+text+`"`, diag.Range{}, diags)
	if diags.Len() > 0 {
		t.Fatal(diags.All())
	}
	// As from a queue on disk: marks are kept there.
	b := message.NewBatch(nil)
	b.AddCopy(m)
	back := message.NewBatch(nil)
	if err := (&message.Decoder{}).Append(back, message.AppendBatch(nil, b, 0, 1)); err != nil {
		t.Fatal(err)
	}
	return string(set.Lookup("t").ForPath().Append(nil, &back.Msgs[0], ctx))
}

func TestSlashesOfTheConfigurationMakeDirectoriesAndThoseOfASenderDoNot(t *testing.T) {
	t.Parallel()
	const inFile = "log/%$.p%.log"
	for _, tc := range []struct{ expr, template, want string }{
		{`"a/b"`, inFile, "log/a/b.log"},
		{`"./" & "../.x/y"`, inFile, "log/./../.x/y.log"},
		{`"d/" & $hostname`, inFile, "log/d/a%2fb..c.log"},
		{`$hostname & "/d/" & $hostname & "/e"`, inFile, "log/a%2fb..c/d/a%2fb..c/e.log"},
		{`"d/" & $msg`, inFile, "log/d/ ..%2fx.log"},
		{`"d/" & ltrim($msg)`, inFile, "log/d/%2e.%2fx.log"},
		{`"/var/log/" & $programname`, "%$.p%.log", "/var/log/app.log"},
		{`"/" & $hostname`, "%$.p%", "/a%2fb..c"},
		{`$hostname`, "%$.p%", "a%2fb..c"},
		{`ltrim($msg)`, inFile, "log/%2e.%2fx.log"},
		{`tolower("D/" & $hostname)`, inFile, "log/d/a%2fb..c.log"},
		{`toupper($hostname)`, inFile, "log/A%2fB..C.log"},
		{`ltrim("  d/" & $hostname)`, inFile, "log/d/a%2fb..c.log"},
		{`rtrim("d/" & $hostname & "  ")`, inFile, "log/d/a%2fb..c.log"},
		{`cstr("d/" & $hostname)`, inFile, "log/d/a%2fb..c.log"},
		{`substring("x/d/" & $hostname, 2, 5)`, inFile, "log/d/a%2fb.log"},
		{`substring("x/" & $hostname, 3, 9)`, inFile, "log/%2fb..c.log"},
		{`field("d/e," & $hostname, 44, 1)`, inFile, "log/d/e.log"},
		{`field("d/e," & $hostname, 44, 2)`, inFile, "log/a%2fb..c.log"},
		{`re_extract("d/" & $hostname, "(/a/b)", 0, 1, "no")`, inFile, "log//a%2fb.log"},
		{`re_extract($hostname, "(/b)", 0, 1, "no")`, inFile, "log/%2fb.log"},
		{`re_extract($hostname, "none", 0, 1, "n/o")`, inFile, "log/n/o.log"},
		{`replace($hostname, "/", "-")`, inFile, "log/a-b..c.log"},
		{`replace("d/" & $hostname, "b", "/")`, inFile, "log/d/a%2f/%2e.c.log"},
		{`replace("d/" & $hostname, "/", $hostname)`, inFile, "log/da%2fb..caa%2fb..cb..c.log"},
		{`wrap($hostname, "/")`, inFile, "log//a%2fb..c/.log"},
		{`exec_template("tt")`, inFile, "log/[a%2fb..c/app/ ..%2fx].log"},
		{`"d/" & $hostname`, "log/%$.p:::uppercase%.log", "log/D/A%2fB..C.log"},
		{`"d/" & $hostname`, "log/%$.p:2:5%.log", "log//a%2fb.log"},
		{`"d/" & $hostname`, "log/%$.p:F,98:1%.log", "log/d/a%2f.log"},
		{`"d/" & $hostname`, "log/%$.p:F,98:2%.log", "log/%2e.c.log"},
		{`"d/" & $hostname`, "log/%$.p:R,ERE,1,DFLT:(/a/)--end%.log", "log//a%2f.log"},
		{`"d/" & $hostname`, "log/%$.p:::secpath-replace%.log", "log/d_a_b..c.log"},
	} {
		if got := path(t, tc.expr, tc.template, newContext()); got != tc.want {
			t.Errorf("%s in %s: got %q, want %q", tc.expr, tc.template, got, tc.want)
		}
	}
}

func TestBeyondTheMarksASlashIsASenders(t *testing.T) {
	t.Parallel()
	got := path(t, `"`+strings.Repeat("d/", 70)+`" & $hostname`, "log/%$.p%.log", newContext())
	if strings.Contains(got, "a/b") || strings.Count(got, "/") != 65 {
		t.Errorf("got %q", got)
	}
}
