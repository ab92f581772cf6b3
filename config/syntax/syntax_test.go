package syntax

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"syslogd/internal/diag"
)

func parseOK(t *testing.T, text string, files ...txtar.File) *File {
	t.Helper()
	var diags diag.List
	f := Parse("rsyslog.conf", []byte(text), newArchive(files).options(), &diags)
	if diags.Len() > 0 {
		t.Fatalf("%s\n%s", text, rendered(&diags))
	}
	return f
}

func conf(name, text string) txtar.File { return txtar.File{Name: name, Data: []byte(text)} }

// outline is the types of the statements and what hangs below them.
func outline(f *File) string {
	var b strings.Builder
	InspectFile(f, func(n Node) bool {
		switch n := n.(type) {
		case *LegacyAction:
			b.WriteString(n.Text + " ")
		case *Block, *ActionList:
		case Expr:
			return false
		default:
			fmt.Fprintf(&b, "%s ", strings.TrimPrefix(fmt.Sprintf("%T", n), "*syntax."))
		}
		return true
	})
	return strings.TrimSpace(b.String())
}

func TestNodes(t *testing.T) {
	t.Parallel()
	f := parseOK(t, `$ModLoad imudp
module(load="imtcp")
template(name="t" type="list") { property(name="msg") constant(value="x") }
ruleset(name="r") { /r
}
if $msg contains "a" then { /a
} else { stop }
foreach ($.i in $!x) do { set $.y = $.i; unset $.i; }
mail.* /mail
:msg, contains, "x" /x
call r
call_indirect "r";
reload_lookup_table("t")
include(text="/inc")
action(type="omfile" file="/z")
*.* /f
& continue
`)
	want := "Directive Object Template Object Object Ruleset /r If /a Stop Foreach Set Unset PRIFilter /mail " +
		"PropFilter /x Call CallIndirect ReloadLookupTable Include /inc ActionObject PRIFilter /f Continue"
	if got := outline(f); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestObjectFields(t *testing.T) {
	t.Parallel()
	f := parseOK(t, "Action(Type=\"omfile\"\n  queue.Type=[\"a\", \"b\"] name=`echo x$HOST-${PORT}$NONE`)")
	o := f.Stmts[0].(*ActionList).Actions[0].(*ActionObject)
	if o.Kind != "action" || len(o.Params) != 3 {
		t.Fatalf("%+v", o)
	}
	p := o.Param("queue.type")
	if p == nil || p.Spelling != "queue.Type" || !p.Value.Array || len(p.Value.Items) != 2 || p.Value.Items[1].Text != "b" {
		t.Errorf("%+v", p)
	}
	if r := p.Value.Items[1].Range(); r.Start.String() != "rsyslog.conf:2:20" || r.Len != 3 {
		t.Errorf("the range of \"b\" is %v, %d bytes", r.Start, r.Len)
	}
	if it := o.Param("name").Value.Items[0]; it.Text != "xbox-514" || it.Backtick != "echo x$HOST-${PORT}$NONE" {
		t.Errorf("%+v", it)
	}
}

func TestGlobalEnvironmentHoldsForLaterBackticks(t *testing.T) {
	t.Parallel()
	f := parseOK(t, "global(environment=[\"A=x\", \"HOST=y\"])\nmodule(load=`echo $A$HOST$PORT`)")
	if got := f.Stmts[1].(*Object).Param("load").Value.Items[0].Text; got != "xy514" {
		t.Errorf("got %q", got)
	}
}

func TestLegacyFields(t *testing.T) {
	t.Parallel()
	f := parseOK(t, "  $FileOwner \t root # x  \n$Template a , \"b\"\n\t:msg ,!regex, \"a\\\\.b\" -/a;f  \nuser.* ~\n")
	d := f.Stmts[0].(*Directive)
	if d.Name != "fileowner" || d.Spelling != "FileOwner" || d.Value != "root # x" {
		t.Errorf("%+v", d)
	}
	if r := d.ValueRange; r.Start.Col != 16 || r.Len != 8 {
		t.Errorf("the value is at %v, %d bytes", r.Start, r.Len)
	}
	if d := f.Stmts[1].(*Directive); d.Value != `a , "b"` {
		t.Errorf("%+v", d)
	}
	pf := f.Stmts[2].(*PropFilter)
	if pf.Property != "msg" || !pf.Negate || pf.Op != "regex" || pf.Value != `a\.b` {
		t.Errorf("%+v", pf)
	}
	if pf.PropertyRange.Start.Col != 3 || pf.OpRange.Start.Col != 9 || pf.ValueRange.Start.Col != 16 || pf.ValueRange.Len != 7 {
		t.Errorf("ranges %v %v %v", pf.PropertyRange, pf.OpRange, pf.ValueRange)
	}
	if a := pf.Body.Stmts[0].(*ActionList).Actions[0].(*LegacyAction); a.Text != "-/a;f" {
		t.Errorf("%+v", a)
	}
	if s := f.Stmts[3].(*PRIFilter).Body.Stmts[0].(*ActionList).Actions[0].(*Stop); !s.Tilde {
		t.Errorf("%+v", s)
	}
}

func TestBrokenFilterKeepsItsBody(t *testing.T) {
	t.Parallel()
	var diags diag.List
	f := Parse("x", []byte(":msg, contains, a /a\n& /b\n/c"), Options{}, &diags)
	if len(f.Stmts) != 2 || diags.Count(diag.Error) != 1 || f.Stopped {
		t.Fatalf("%s\n%s", outline(f), rendered(&diags))
	}
	pf := f.Stmts[0].(*PropFilter)
	if !pf.Broken || len(pf.Body.Stmts) != 1 || pf.Property != "msg" {
		t.Errorf("%+v", pf)
	}
}

func TestIncludesHangAtTheirPlace(t *testing.T) {
	t.Parallel()
	f := parseOK(t, `/1
include(file="/d/*.conf")
ruleset(name="r") {
  include(file="/one" mode="optional")
  include(file="/none" mode="optional")
  /5
}
if $a then include(file="/one")
else /6
mail.*
$IncludeConfig /one
include(file="/one" config.enabled="off")
$IncludeConfig /d/none*
$INCLUDECONFIG /d/b.conf # comment
`, conf("/d/b.conf", "/3"), conf("/d/a.conf", "/2"), conf("/one", "/4"), conf("/d/x", "/no"))
	want := "/1 Include /2 /3 Ruleset Include /4 Include /5 If Include /4 /6 PRIFilter Directive /4 Include Directive Directive /3"
	if got := outline(f); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(f.Stmts[1].(*Include).Files) != 2 {
		t.Errorf("%d files", len(f.Stmts[1].(*Include).Files))
	}
}

func TestIncludeOfDirectories(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"b": "/b", "a.conf": "/a", ".hidden": "/hidden", "sub/c": "/c", "[x]": "/x"} {
		path := filepath.Join(dir, "d", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ pattern, want string }{
		{"d/", "Include /x /a /b /c"},
		{"d", "Include /x /a /b /c"},
		{"d/*", "Include /x /a /b /c"},
		{"d/.h*", "Include /hidden"},
		{"d/[!a]*", "Include /x /b /c"},
		{"d/s*/", "Include /c"},
		{"d/a.con?", "Include /a"},
	} {
		var diags diag.List
		f := Parse("x", fmt.Appendf(nil, "include(file=%q)", filepath.Join(dir, "d")+strings.TrimPrefix(c.pattern, "d")), Options{}, &diags)
		if got := outline(f); got != c.want || diags.Len() > 0 {
			t.Errorf("%s: got %s, want %s\n%s", c.pattern, got, c.want, rendered(&diags))
		}
	}
}

func TestIncludeRefusesPipes(t *testing.T) {
	t.Parallel()
	var diags diag.List
	Parse("x", []byte(`include(file="/dev/zero")`), Options{}, &diags)
	if got := string(rendered(&diags)); !strings.Contains(got, "/dev/zero is not a regular file") {
		t.Errorf("%s", got)
	}
}

func TestAFileThatIncludesItselfByItsAbsoluteNameIsReadOnce(t *testing.T) {
	t.Parallel()
	abs, err := filepath.Abs("relative.conf")
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("include(file=\"" + abs + "\")\n*.* /var/log/all\n")
	var diags diag.List
	opt := Options{ReadFile: func(string) ([]byte, error) { return text, nil }}
	f := Parse("relative.conf", text, opt, &diags)
	if got := diags.Len(); got != 1 || !strings.Contains(diags.All()[0].Text, "includes itself") {
		t.Errorf("%d diagnostics, want one about the inclusion: %v", got, diags.All())
	}
	if len(f.Stmts) != 2 {
		t.Errorf("%d statements, want the inclusion and the rule", len(f.Stmts))
	}
}

func TestIncludeBounds(t *testing.T) {
	t.Parallel()
	// Each file includes the next one twice.
	var files []txtar.File
	for i := range 40 {
		text := fmt.Sprintf("include(file=\"/%d\")\ninclude(file=\"/%d\")\n", i+1, i+1)
		files = append(files, conf(fmt.Sprintf("/%d", i), text))
	}
	var diags diag.List
	Parse("x", files[0].Data, newArchive(files).options(), &diags)
	if got := string(rendered(&diags)); !strings.Contains(got, "nested more than 32 deep") {
		t.Errorf("%.500s", got)
	}
	if diags.Len() > 2*maxErrors {
		t.Errorf("%d diagnostics", diags.Len())
	}
}

func TestParseFileOfMissingFile(t *testing.T) {
	t.Parallel()
	var diags diag.List
	_, err := ParseFile(filepath.Join(t.TempDir(), "none"), Options{}, &diags)
	if !errors.Is(err, fs.ErrNotExist) || diags.Len() > 0 {
		t.Errorf("%v, %s", err, rendered(&diags))
	}
}

func TestStoppedAndAbort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text           string
		stopped, abort bool
		stmts          int
	}{
		{"/a\n/b", false, false, 2},
		{"/a\nset $.x = 1\n/b", true, false, 1},
		{"/a\n}\n/b", true, false, 1},
		{"/a\n%x\n/b", false, false, 3},
		{"/a\n$IncludeConfig /none\n/b", true, false, 2},
		{"/a\ninclude(file=\"/none\")\n/b", false, false, 3},
		{"/a\ninclude(file=\"/none\" mode=\"abort-if-missing\")\n/b", false, true, 3},
		{"/a\ninclude(file=\"/bad\")\n/b", true, false, 2},
		{"/a\nmail.* {\ninclude(file=\"/bad\")\n}\n/b", true, false, 1},
	} {
		var diags diag.List
		opt := newArchive([]txtar.File{conf("/bad", "/c\nif then")}).options()
		f := Parse("x", []byte(c.text), opt, &diags)
		if f.Stopped != c.stopped || f.Abort != c.abort || len(f.Stmts) != c.stmts {
			t.Errorf("%q: stopped %v, abort %v, %d statements", c.text, f.Stopped, f.Abort, len(f.Stmts))
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{strings.Repeat("if 1 then {\n", 2000), "nested more than 500 levels deep"},
		{strings.Repeat("mail.*\n", 2000), "nested more than 500 levels deep"},
		{strings.Repeat("if 1 then stop else ", 2000), "nested more than 500 levels deep"},
		{strings.Repeat("set x;\n", 2000), "more than 100 errors"},
		{strings.Repeat("%\n", 2000), "more than 1000 diagnostics"},
		{"action(" + strings.Repeat("a=\"\\\"\n", 2000), "the closing quote of this string is missing"},
		{"action(" + strings.Repeat("% ", 2000), "action( has no closing )"},
		{"if " + strings.Repeat("` ", 2001), "want an operator, found"},
		{strings.Repeat("/", maxFileSize+1), "more than 16 MiB"},
	} {
		var diags diag.List
		Parse("x", []byte(c.text), Options{}, &diags)
		if got := string(rendered(&diags)); !strings.Contains(got, c.want) {
			t.Errorf("%.40q: want %s, got %.3000s", c.text, c.want, got)
		}
		if diags.Len() > maxSaid+2 {
			t.Errorf("%.40q: %d diagnostics", c.text, diags.Len())
		}
	}
}

func TestLongElseIfChain(t *testing.T) {
	t.Parallel()
	text := "if $a == 1 then stop\n" + strings.Repeat("else if $a == 2 then stop\n", 200)
	parseOK(t, text)
}

func TestExpandEnv(t *testing.T) {
	t.Parallel()
	env := func(name string) string { return map[string]string{"A": "x", "A_B1": "y"}[name] }
	for _, c := range []struct{ text, want string }{
		{"a $A b", "a x b"}, {"$A-$A_B1.", "x-y."}, {"$NONE", ""}, {"${A}B", "xB"}, {"$$A", "$A"}, {"$A$A_B1", "xy"}, {"$ a", " a"}, {"a$", "a"},
		{"${A", "{A"},
	} {
		if got := expandEnv(c.text, env); got != c.want {
			t.Errorf("%q gives %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range []string{
		"*.* /a\n& stop\n$X on\n& @h\n", ":msg, !contains_i, \"a\" {\n/a\n}\n", "if $a == 1 then { stop } else if not 'x' then ~\nelse /b",
		"template(name=\"t\" type=\"list\") { property(name=\"msg\") constant(value=\"\\n\") }", "ruleset(name=\"r\") { call r }",
		"foreach ($.i in $!x) do { set $.y = `echo $HOST` & \"\\x41\"; }", "include(text=\"/a\\nset $.x = 1;\")\n$IncludeConfig /i",
		"action(type=\"a\"\nb=[\"c\", `cat /i`]) /* c */ # d \\\n e", "!x\n-h\n13.* /a\nmail.info; x.y /b", "x\\\\\n\n/a \\\n b",
		"set $.a = \"abc;\nset $.b = \"def\";", "reload_lookup_table('a', \"b\")", "// c\nif 1 // d",
	} {
		f.Add(c)
	}
	cases, _ := filepath.Glob("testdata/errors/*.txtar")
	for _, name := range cases {
		if ar, err := txtar.ParseFile(name); err == nil {
			f.Add(string(ar.Files[0].Data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		opt := newArchive([]txtar.File{conf("/i", "/b\nset $.x = 1;\n"), conf("/bad", "if then")}).options()
		checkMapping(t, text)
		checkStable(t, text, opt)
	})
}

// To rsyslogd files that follow each other are one text.
func TestAmpersandInTheNextFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, first, second, want string }{
		{"a rule", "mail.* /a\n", "# gone\n& stop\n", "Directive PRIFilter /a Stop PRIFilter /z"},
		{"a directive between", "mail.* /a\n", "$Umask 0022\n& stop\n", "Directive PRIFilter /a Directive Stop PRIFilter /z"},
		{"a directive in front of the end", "mail.* /a\n$Umask 0022\n", "& /b\n", "Directive PRIFilter /a Directive /b PRIFilter /z"},
		{"a directive that belongs to nothing", "mail.* /a\n$Umask 0022\n", "*.* /b\n", "Directive PRIFilter /a Directive PRIFilter /b PRIFilter /z"},
		{"a condition", "if $msg == \"a\" then /a\n", "& /b\n", "Directive If /a /b PRIFilter /z"},
		{"no rule behind", "mail.* /a\n", "& /b\n& /c", "Directive PRIFilter /a /b /c PRIFilter /z"},
	} {
		files := []txtar.File{conf("/d/1", c.first), conf("/d/2", c.second)}
		if got := outline(parseOK(t, "$IncludeConfig /d/*\n*.* /z\n", files...)); got != c.want {
			t.Errorf("%s: got  %s\nwant %s", c.name, got, c.want)
		}
	}
	for _, first := range []string{"if $msg == \"a\" then { stop }\n", "set $.a = 1;\n", "global()\n", ""} {
		var diags diag.List
		files := []txtar.File{conf("/d/1", first), conf("/d/2", "& stop\n")}
		f := Parse("rsyslog.conf", []byte("$IncludeConfig /d/*\n"), newArchive(files).options(), &diags)
		if !f.Stopped {
			t.Errorf("%q: & behind it is not an error", first)
		}
	}
}
