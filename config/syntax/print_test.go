package syntax

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"syslogd/internal/diag"
)

func printed(text string, opt Options) (string, *diag.List) {
	var diags diag.List
	var b bytes.Buffer
	Print(&b, Parse("x", []byte(text), opt, &diags))
	return b.String(), &diags
}

// checkStable prints text, parses and prints that again. The second text must
// be the first, and parsing it must not find new errors.
func checkStable(t *testing.T, text string, opt Options) {
	t.Helper()
	first, diags := printed(text, opt)
	second, again := printed(first, opt)
	if first != second {
		t.Fatalf("%q\nprints as\n%s\nand that as\n%s", text, first, second)
	}
	if diags.Count(diag.Error) == 0 && again.Count(diag.Error) > 0 {
		t.Fatalf("%q\nprints as\n%s\nwhich has errors:\n%s", text, first, rendered(again))
	}
}

func TestPrintIsCanonical(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"*.*   /a;f", "*.* /a;f\n"},
		{"mail.*\t-/a\n& @@h:1\n$X on\n&   stop", "mail.* -/a\n& @@h:1\n$X on\n& stop\n"},
		{"*.*\n~", "*.* ~\n"},
		{"mail.* {\n/a\n}", "mail.* {\n  /a\n}\n"},
		{`:msg,contains,"a\"b\\" /a`, ":msg, contains, \"a\\\"b\\\\\" /a\n"},
		{`:MSG , !Contains , "x" stop`, ":MSG, !contains, \"x\" stop\n"},
		{":msg, isempty /a", ":msg, isempty, \"\" /a\n"},
		{":msg, isempty, /a", ":msg, isempty, \"\" /a\n"},
		{":msg, isempty stop", ":msg, isempty, \"\" stop\n"},
		{":msg,\tcontains_i,\t\"x\" /a", ":msg, contains_i, \"x\" /a\n"},
		{`:$!name, isequal, "x" /a`, ":$!name, isequal, \"x\" /a\n"},
		{`:$.a!b, isequal, "x" /a`, ":$.a!b, isequal, \"x\" /a\n"},
		{`:syslogfacility-text, regex, "a\.b" /a`, ":syslogfacility-text, regex, \"a\\\\.b\" /a\n"},
		{`if $a == 1 then { stop }`, "if $a == 1 then {\n  stop\n}\n"},
		{"IF $a THEN stop", "if $a then stop\n"},
		{"if $a then /a\nelse if $b then /b\nelse { /c\n}",
			"if $a then {\n  /a\n} else if $b then {\n  /b\n} else {\n  /c\n}\n"},
		{"if $a then if $b then /a\nelse /b", "if $a then {\n  if $b then {\n    /a\n  } else {\n    /b\n  }\n}\n"},
		{"if $a then { if $b then /a\n } else /b", "if $a then {\n  if $b then /a\n} else {\n  /b\n}\n"},
		{"if $a then\n$D on\n/a", "if $a then {\n  $D on\n  /a\n}\n"},
		{"if $a then /a\n$D on\nelse /b", "if $a then {\n  /a\n} else {\n  $D on\n  /b\n}\n"},
		{"if $a then *.* {\nstop }\n/a", "/a\n"},
		{"13.* /a\n& /b\n$D on\n& stop\n/c", "/c\n"},
		{"foreach ($.i in $!a!b) do { set $.x = $.i; }", "foreach ($.i in $!a!b) do {\n  set $.x = $.i;\n}\n"},
		{"foreach ($.i in $!a) do stop", "foreach ($.i in $!a) do stop\n"},
		{"set $.x=1 ;reset $!y = 'a'&\"b\";unset $/z;", "set $.x = 1;\nreset $!y = 'a' & 'b';\nunset $/z;\n"},
		{"call  rs\ncall r\ncall_indirect 'a' & $.x ;", "call rs\ncall r\ncall_indirect 'a' & $.x;\n"},
		{`reload_lookup_table("a" , 'b')`, "reload_lookup_table('a', 'b')\n"},
		{"ruleset(name=\"r\"){}", "ruleset(name=\"r\") {\n}\n"},
		{"ruleset ( name = \"r\" # c\n) { continue }", "ruleset(name=\"r\") {\n  continue\n}\n"},
		{"$RuleSet x\n$template a, \"b\\n\" ", "$RuleSet x\n$template a, \"b\\n\"\n"},
		{"Action(Type=\"omfile\"\n  File=\"/a\"\n)", "action(Type=\"omfile\" File=\"/a\")\n"},
		{"input(type=\"a\" b=[\"c\",\n \"d\"])", "input(type=\"a\" b=[\"c\", \"d\"])\n"},
		{"template(name=\"t\" type=\"list\") { property(name=\"msg\") constant(value=\"\\n\\001\\\"\") }",
			"template(name=\"t\" type=\"list\") {\n  property(name=\"msg\")\n  constant(value=\"\\n\\001\\\"\")\n}\n"},
		{"template(name=\"t\" type=\"list\") { }", "template(name=\"t\" type=\"list\") {\n}\n"},
		{"module(load=`echo im$KIND`)", "module(load=`echo im$KIND`)\n"},
		{"set $.x = `echo a`;", "set $.x = `echo a`;\n"},
		{"set $.x = 'it\\'s \\\\ \\x01 $a';", "set $.x = 'it\\'s \\\\ \\x01 $a';\n"},
		{"*.* $c;f\n& $d\n$D on", "*.* :omfile:$c;f\n& :omfile:$d\n$D on\n"},
		{"mail.*; root,admin", "mail.*; root,admin\n"},
		{"!prog\n*.* /a", "!prog\n*.* /a\n"},
		{"/a\\\\\n\nstop", "/a\\\\\n\nstop\n"},
		{"*.* :omusrmsg:*\n*.* *\n*.* root,admin;f", "*.* :omusrmsg:*\n*.* *\n*.* root,admin;f\n"},
		{"*.* action(type=\"a\")\n& action(type=\"b\")", "*.* action(type=\"a\")\n& action(type=\"b\")\n"},
		{"mail.*\nuser.* /a", "mail.* {\n  user.* /a\n}\n"},
	} {
		got, _ := printed(c.text, Options{})
		if got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.text, got, c.want)
		}
		checkStable(t, c.text, Options{})
	}
}

// TestPrintIsStableForCompat prints, parses and prints the configuration of
// every compatibility case.
func TestPrintIsStableForCompat(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "testdata", "compat")
	cases := 0
	filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".txtar") {
			return nil
		}
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return nil
		}
		opt := newArchive(nil).options()
		for _, f := range ar.Files {
			if f.Name == "rsyslog.conf" || strings.HasSuffix(f.Name, ".conf") {
				cases++
				checkStable(t, string(f.Data), opt)
			}
		}
		return nil
	})
	if cases == 0 {
		t.Skipf("no cases below %s", root)
	}
}

func TestExprStringKeepsMeaning(t *testing.T) {
	t.Parallel()
	one, two, three := &Number{Value: 1}, &Number{Value: 2}, &Number{Value: 3}
	sum := &Binary{Op: "+", X: one, Y: two}
	for _, c := range []struct {
		x    Expr
		want string
	}{
		{&Binary{Op: "*", X: sum, Y: three}, "(1 + 2) * 3"},
		{&Binary{Op: "-", X: three, Y: sum}, "3 - (1 + 2)"},
		{&Binary{Op: "-", X: sum, Y: three}, "1 + 2 - 3"},
		{&Unary{Op: "not", X: &Binary{Op: "==", X: one, Y: two}}, "not (1 == 2)"},
		{&Unary{Op: "-", X: &Unary{Op: "-", X: one}}, "--1"},
		{&Binary{Op: "or", X: one, Y: &Binary{Op: "and", X: two, Y: three}}, "1 or (2 and 3)"},
		{&Binary{Op: "-", X: one, Y: &Number{Value: -2}}, "1 - -2"},
	} {
		if got := ExprString(c.x); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
