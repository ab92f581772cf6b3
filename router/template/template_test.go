package template

import (
	"strings"
	"testing"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/internal/testmsg"
	"syslogd/router/property"
)

const (
	fox = `<165>1 2003-10-11T22:14:15.003456Z host.example.com app/sub 1024 ID47 [ex@1 a="1"] The quick "brown" fox, jumps over 123.45`
	su  = `<34>Oct  1 02:04:05 mymachine su[12]: 'su root' failed for lonvick on /dev/pts/8`
)

func newContext() *property.Context {
	return &property.Context{Globals: &property.Globals{}, LocalHost: func() string { return "box" }}
}

// read defines the templates of a configuration.
func read(conf string) (*Set, *diag.List) {
	diags := &diag.List{}
	set := NewSet()
	for _, s := range syntax.Parse("t.conf", []byte(conf), syntax.Options{}, diags).Stmts {
		switch s := s.(type) {
		case *syntax.Template:
			set.Define(s, diags)
		case *syntax.Directive:
			set.DefineLegacy(s.Value, s.ValueRange, diags)
		}
	}
	return set, diags
}

// define returns the template t of a configuration that is in order.
func define(t testing.TB, conf string) *Template {
	t.Helper()
	set, diags := read(conf)
	if diags.Len() > 0 || set.Lookup("t") == nil {
		t.Fatalf("%s: %v", conf, diags.All())
	}
	return set.Lookup("t")
}

// str returns a template of type string; text is written as in a configuration.
func str(t testing.TB, text string) *Template {
	t.Helper()
	return define(t, `template(name="t" type="string" string="`+text+`")`)
}

// list returns a template of type list.
func list(t testing.TB, entries string) *Template {
	t.Helper()
	return define(t, `template(name="t" type="list") { `+entries+` }`)
}

// render renders a template behind text that must stay as it is.
func render(t testing.TB, tpl *Template, m *message.Message, ctx *property.Context) string {
	t.Helper()
	got, ok := strings.CutPrefix(string(tpl.Append([]byte("before"), m, ctx)), "before")
	if !ok {
		t.Errorf("template %q changes what stands before it", tpl.Text)
	}
	return got
}

// variables returns a message with values that are hard to write.
func variables(t testing.TB) *message.Message {
	t.Helper()
	m := testmsg.Parse(`<13>Oct 11 22:14:15 h app: hello`)
	v, _, err := message.ParseJSON(`{"slash":"/","dd":"..","dot":".","ddd":"...","sdd":"/../","ws":"  a   b ","cc":"a\tb\u0001\n\u007f\u001f","lf":"x\n\n","esc":"a\\b\"c\nd\u00e4\\x\/\"\\",
		"pre":"a\\\\b\\\"c\\nd\\u00e4\\x\\/\"\\","num":42,"neg":-5,"zero":"0","text":"text","empty":"","tree":{"x":1,"y":"z/\"q"},"a":{"B":"v"},"q":"it's \\ \"q\""}`)
	if err != nil {
		t.Fatal(err)
	}
	m.JSON = &message.Tree{Root: v}
	return m
}

// row is a template and what it renders.
type row struct{ text, want string }

func check(t *testing.T, m *message.Message, compile func(testing.TB, string) *Template, rows []row) {
	t.Helper()
	ctx := newContext()
	for _, r := range rows {
		if got := render(t, compile(t, r.text), m, ctx); got != r.want {
			t.Errorf("%s: got %q, want %q", r.text, got, r.want)
		}
	}
}

func TestStringTemplates(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(fox), str, []row{
		{``, ""}, {`constant`, "constant"}, {`%hostname%`, "host.example.com"}, {`A %hostname% \"%programname%\" \\ \t|\n`, "A host.example.com \"app\" \\ \t|\n"}, {`%programname%%hostname%`, "apphost.example.com"},
		{`\\\\n`, `\\n`}, {`\101\?`, "A?"}, {`%HostName%`, "host.example.com"}, {`%$myhostname%%$bom%`, "box\ufeff"}, {`a
b`, "a\nb"},
	})
}

func TestLegacyTemplates(t *testing.T) {
	t.Parallel()
	m := variables(t)
	ctx := newContext()
	for _, r := range []row{
		{`$template t,"a\tb\\c\7d\"e\"f\n"`, "atb\\c\x07d\"e\"f\n"},
		{`$template t,"%msg%|a\101\65x\%y\q\\\n"`, " hello|aeAx%yq\\\n"},
		{`$template t,"\r|\0|\300|\12|"`, "\r|\x00|,|\f|"},
		{`$template t,"%msg:R,ERE,0,DFLT:l+%?--end%"`, "ll"},
		{`$Template t,	"plain" `, "plain"},
		{`$template t,"'%$!q%'",sql`, `'it\'s \\ "q"'`},
		{`$template t,"'%$!q%'", STDSQL`, `'it''s \ "q"'`},
		{`$template t,"%$!q%",json`, `it's \\ \"q\"`},
		{`$template t,"%$!q%",sql,nosql`, `it's \ "q"`},
		{`$template t,"%$!A!B:::jsonf:Nm%|%msg:::jsonf:Nm%"`, `"nm":"v"|"Nm":" hello"`},
		{`$template t,"%$!A!B:::jsonf:Nm%|%$!A!B:::jsonf%",casesensitive`, `"Nm":"v"|"A!B":"v"`},
		{`$template t,=RSYSLOG_ForwardFormat`, `<13>2026-10-11T22:14:15+02:30 h app: hello`},
	} {
		m.Reported.Year, m.Reported.Sign, m.Reported.OffHour, m.Reported.OffMin = 2026, '+', 2, 30
		if got := render(t, define(t, r.text), m, ctx); got != r.want {
			t.Errorf("%s: got %q, want %q", r.text, got, r.want)
		}
	}
}

func TestEscapingOptions(t *testing.T) {
	t.Parallel()
	m := variables(t)
	ctx := newContext()
	for option, want := range map[string]string{"sql": `' it\'s \\ "q" hello`, "stdsql": `' it''s \ "q" hello`, "json": `' it's \\ \"q\" hello`} {
		tpl := define(t, `template(name="t" type="string" option.`+option+`="on" string="' %$!q%%msg%")`)
		if got := render(t, tpl, m, ctx); got != want {
			t.Errorf("option.%s: got %s, want %s", option, got, want)
		}
		if tpl.IsSQL() != (option != "json") {
			t.Errorf("option.%s: for a database: %v", option, tpl.IsSQL())
		}
	}
	// The value is escaped as the property replacer leaves it.
	if got, want := render(t, define(t, `template(name="t" type="string" option.sql="on" string="%$!q:1:3:uppercase%%$!q:::csv%")`), m, ctx), `IT\'"it\'s \\ ""q"""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNamesOfVariablesAreInLowerCase(t *testing.T) {
	t.Parallel()
	m := variables(t)
	exact := newContext()
	exact.ExactCase = true
	for _, tt := range []struct {
		conf             string
		anyCase, keeping string // variables.caseSensitive off, on
	}{
		{`template(name="t" type="string" string="%$!a!B%|%$!a!B:::jsonf:N%")`, `v|"n":"v"`, `|"n":""`},
		{`template(name="t" type="string" option.caseSensitive="on" string="%$!a!B%|%$!A!B:::jsonf:N%")`, `v|"N":"v"`, `v|"N":""`},
		{`template(name="t" type="list") { property(name="$!a!B" format="jsonf") property(name="msg" format="jsonf" outname="M") }`, `"a!b":"v""M":" hello"`, `"a!b":"""M":" hello"`},
		{`template(name="t" type="list" option.caseSensitive="on") { property(name="$!a!B" format="jsonf" outname="X") }`, `"X":"v"`, `"X":"v"`},
	} {
		tpl := define(t, tt.conf)
		if got := render(t, tpl, m, newContext()); got != tt.anyCase {
			t.Errorf("%s: got %s, want %s", tt.conf, got, tt.anyCase)
		}
		if got := render(t, tpl, m, exact); got != tt.keeping {
			t.Errorf("%s, variables.caseSensitive: got %s, want %s", tt.conf, got, tt.keeping)
		}
	}
}

func TestSubtreeTemplates(t *testing.T) {
	t.Parallel()
	m := variables(t)
	for subtree, want := range map[string]string{"$!tree": `{ "x": 1, "y": "z\/\"q" }`, "$!a!B": "v", "$!nope": ""} {
		if got := render(t, define(t, `template(name="t" type="subtree" subtree="`+subtree+`")`), m, newContext()); got != want {
			t.Errorf("%s: got %s, want %s", subtree, got, want)
		}
	}
	if got, want := render(t, define(t, `template(name="t" type="subtree" subtree="$!")`), testmsg.Parse(su), newContext()), ""; got != want {
		t.Errorf("no variables: got %s", got)
	}
}

func TestPluginTemplates(t *testing.T) {
	t.Parallel()
	m := testmsg.Parse(su)
	tpl := define(t, `template(name="t" type="plugin" plugin="RSYSLOG_TraditionalFileFormat")`)
	if got, want := render(t, tpl, m, newContext()), su[4:]+"\n"; got != want || tpl.Name != "t" {
		t.Errorf("template %s: got %q, want %q", tpl.Name, got, want)
	}
}

func TestPrefixOfATemplate(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]string{
		`template(name="t" type="string" string="/var/log/%hostname%/x.log")`:                                    "/var/log/",
		`template(name="t" type="string" string="%hostname%/x.log")`:                                             "",
		`template(name="t" type="string" string="/var/log/all.log")`:                                             "/var/log/all.log",
		`template(name="t" type="list") { constant(value="/var/") constant(value="log/") property(name="msg") }`: "/var/log/",
		`$template t,"/var/log/\%%hostname%"`:                                                                    "/var/log/%",
	} {
		if got := define(t, conf).Prefix(); got != want {
			t.Errorf("%s: got %q, want %q", conf, got, want)
		}
	}
}

func TestNamesOfTemplates(t *testing.T) {
	t.Parallel()
	set, diags := read("template(name=\"one\" type=\"string\" string=\"first\")\ntemplate(name=\"one\" type=\"string\" string=\"second\")\n$template two , \"x\"\n")
	if got := set.Lookup("one"); got == nil || got.Text != "first" {
		t.Errorf("of two templates of one name the second one is used: %+v", got)
	}
	if diags.Len() != 1 || diags.All()[0].Severity != diag.Note || diags.All()[0].Text != `template "one" is defined already` || diags.All()[0].Range.Start.Line != 2 {
		t.Errorf("the second definition: %+v", diags.All())
	}
	if set.Lookup("two ") == nil || set.Lookup("two") != nil {
		t.Error("the name of a $template is not what stands before the comma, blank included")
	}
	if set.Lookup("ONE") != nil {
		t.Error("case does not count in names of templates")
	}
	for _, name := range set.Names() {
		if strings.HasPrefix(name, " ") {
			t.Errorf("%q can be named in a configuration", name)
		}
	}
	if len(set.Names()) != 12 {
		t.Errorf("%d templates can be named: %q", len(set.Names()), set.Names())
	}
}

func TestOutlineOfATemplate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`template(name="t" type="string" string="/log/%HOSTNAME%.log")`:                                                                    "/log/%HOSTNAME%.log",
		`template(name="t" type="list") { constant(value="/log/") property(name="hostname" securepath="replace") constant(value=".log") }`: "/log/%hostname%.log",
	} {
		if got := define(t, text).Outline(); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
