package template

import (
	"strings"
	"testing"

	"syslogd/internal/diag"
)

// An error covers exactly the text that at marks with « and ».
func TestErrorsInTemplates(t *testing.T) {
	t.Parallel()
	const (
		ignored = "this template is ignored"
		option  = "the option is ignored"
	)
	for _, tt := range []struct {
		at, want, hint, effect string
		defined                bool
	}{
		{`template(name="t" type="string" string="a %«bogus»% b")`, `unknown property "bogus"`, "", ignored, false},
		{`template(name="t" type="string" string="%«hostnam»%")`, `unknown property "hostnam"`, `did you mean "hostname"?`, ignored, false},
		{`template(name="t" type="string" string="%«now»%")`, `unknown property "now"`, `did you mean "$now"?`, ignored, false},
		{`template(name="t" type="string" string="100«%%» of %msg%")`, "want a property between % and %", `a % itself is \% in $template; elsewhere it needs a template of type list`, ignored, false},
		{`template(name="t" type="string" string="%msg% and «%»msg")`, "reached the end of the template without the % that ends the property", percentHint, ignored, false},
		{`template(name="t" type="string" string="%msg% «%»")`, "reached the end of the template without the % that ends the property", percentHint, ignored, false},
		{`template(name="t" type="string" string="%msg%%«msg:::upercase»%")`, `unknown option "upercase"`, `did you mean "uppercase"?`, option, true},
		{`template(name="t" type="string" string="%«msg:::x-y,json»%")`, `unknown option "x-y"`, "", option, true},
		{`template(name="t" type="string" string="%«msg::: json»%")`, `unknown option " json"`, `did you mean "json"?`, option, true},
		{`template(name="t" type="string" string="%«timereported:::date-rfc339»%")`, `unknown option "date-rfc339"`, `did you mean "date-rfc3339"?`, option, true},
		{`template(name="t" type="string" string="%«msg:::csv,json»%")`, `only one of csv, json, jsonf, jsonr and jsonfr can be used, "json" is too much`, "", option, true},
		{`template(name="t" type="string" string="%«msg:1:99999:fixed-width»%")`, "want at most 65536 bytes for fixed-width, found 99999", "", ignored, false},
		{`template(name="t" type="list") { property(name="msg" position.to=«"99999"» fixedWidth="on") }`, "want at most 65536 bytes for fixedWidth, found 99999", "", "the template ends before this property", true},
		{`template(name="t" type="string" string="%«msg:F,x:1»%")`, `want the decimal code of the byte between fields, found "x"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:F,256:1»%")`, `want the decimal code of the byte between fields, found "256"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:F,32+:1»%")`, `want the decimal code of the byte between fields, found "32+"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:F,32,x:1»%")`, `want a position in the field, found "x"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:F,32»%")`, `want the number of a field, found ""`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:R,ERE,0,DFLT:x»%")`, `want a regular expression that ends with "--end"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:R,XRE,0:x--end»%")`, `want BRE or ERE, found "XRE"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:R,ere,0:x--end»%")`, `want BRE or ERE, found "ere"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:R,ERE,10:x--end»%")`, `want a digit, found "10"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:R,ERE,0,NONE:x--end»%")`, `want DFLT, BLANK, FIELD or ZERO, found "NONE"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:R,ERE,0,DFLT,x:x--end»%")`, `want a digit, found "x"`, "", ignored, false},
		{`template(name="t" type="string" string="%«msg:R,ERE,0,DFLT:(x--end»%")`, `regular expression "(x": reached the end without matching (`, "", "the value is " + badRegexText, true},
		{`template(name="t" type="string" string="tab\t%«bogus»%")`, `unknown property "bogus"`, "", ignored, false},
		{`«template»(name="t" type="string")`, `template "t" of type string needs the parameter "string"`, "", ignored, false},
		{`«template»(name="t" type="subtree")`, `template "t" of type subtree needs the parameter "subtree"`, "", ignored, false},
		{`«template»(name="t" type="plugin")`, `template "t" of type plugin needs the parameter "plugin"`, "", ignored, false},
		{`template(name="t" type=«"strin"» string="x")`, `type: want string, list, subtree or plugin, found "strin"`, `did you mean "string"?`, ignored, false},
		{`template(name="t" type="subtree" subtree=«"$.a"»)`, `subtree: want a variable such as $!a!b, found "$.a"`, "", ignored, false},
		{`template(name="t" type="subtree" subtree=«"msg"»)`, `subtree: want a variable such as $!a!b, found "msg"`, "", ignored, false},
		{`template(name="t" type="plugin" plugin=«"RSYSLOG_FileFormt"»)`, `there is no string generator "RSYSLOG_FileFormt"`, `did you mean "RSYSLOG_FileFormat"?`, ignored, false},
		{`template(name="t" type="string" string="x" option.sql="on" option.json=«"on"»)`, "option.sql and option.json exclude each other", "", "the first one is used", true},
		{`template(name="t" type="list") { property(name=«"bogus"») }`, `unknown property "bogus"`, "", "the template ends before this property", true},
		{`template(name="t" type="list") { «constant»(value="k" format="jsonf") }`, `constant() of format jsonf needs the parameter "outname"`, "", "the template ends before this constant", true},
		{`template(name="t" type="list") { constant(value="A") property(name="msg" position.from="4" position.to=«"2"») constant(value="B") }`,
			"position.to is 2, position.from is 4: it must not be less", "", "the template ends before this property", true},
		{`template(name="t" type="list") { constant(value="A") property(name="msg" position.from="2" position.to=«"5"» position.relativeToEnd="on") }`,
			"position.to is 5, position.from is 2: counted from the end, it must not be greater", "", "the template ends before this property", true},
		{`template(name="t" type="list") { property(name="msg" position.from="3" position.relativeToEnd=«"on"») }`, "position.relativeToEnd needs position.to", "", "the template ends before this property", true},
		{`$template «t»`, `want name,"text"`, "", ignored, false},
		{`$template «t,x»`, `the text of template "t" must be in double quotes`, "", ignored, false},
		{`$template «t,=nosuch»`, `there is no string generator "nosuch"`, "", ignored, false},
		{`$template t, "a\n%«bogus»%"`, `unknown property "bogus"`, "", "the template ends here, with " + invalidPropertyText, true},
	} {
		conf := strings.NewReplacer("«", "", "»", "").Replace(tt.at)
		set, diags := read(conf)
		if diags.Len() != 1 {
			t.Errorf("%s: %d diagnostics: %+v", conf, diags.Len(), diags.All())
			continue
		}
		d := diags.All()[0]
		from := strings.Index(tt.at, "«")
		marked := strings.Index(tt.at, "»") - from - len("«")
		if d.Text != tt.want || d.Hint != tt.hint || d.Effect != tt.effect || d.Severity != diag.Error {
			t.Errorf("%s:\ngot  %s, hint %q, effect %q\nwant %s, hint %q, effect %q", conf, d.Text, d.Hint, d.Effect, tt.want, tt.hint, tt.effect)
		}
		if d.Range.Start.Col != from+1 || d.Range.Len != marked {
			t.Errorf("%s: the error is at column %d, %d bytes; want column %d, %d bytes", conf, d.Range.Start.Col, d.Range.Len, from+1, marked)
		}
		if (set.Lookup("t") != nil) != tt.defined {
			t.Errorf("%s: template is defined: %v, want %v", conf, !tt.defined, tt.defined)
		}
	}
}

// What rsyslogd passes over without a word is a note, and costs nothing else.
func TestNotesAboutTemplates(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]string{
		`template(name="t" type="string" string="%msg:x:3%")`:     `want a position, found "x"`,
		`template(name="t" type="string" string="%msg:-2:3%")`:    `want a position, found "-2"`,
		`template(name="t" type="string" string="%msg:1:3y%")`:    `want a position, found "y"`,
		`template(name="t" type="string" string="%msg:F,32:2x%")`: `want a position, found "x"`,
		`$template t,"x`:                                  `the text of template "t" has no closing quote`,
		`$template t,"x",sqll`:                            `unknown template option "sqll"`,
		`$template t,"x",sql   # c`:                       `unknown template option "sql   # c"`,
		`$template t,"x",`:                                "",
		`$template t,"x"   # c`:                           "",
		"$template t,\"x\"\t# c, sql":                     "",
		`$template t,"%msg:R,ERE,0,FIELD:a"b--end%"  # c`: "",
	} {
		set, diags := read(conf)
		if set.Lookup("t") == nil || !diags.Clean() {
			t.Errorf("%s: not defined, or an error: %+v", conf, diags.All())
		}
		got := ""
		if diags.Len() > 0 {
			got = diags.All()[0].Text
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", conf, got, want)
		}
	}
}

// What is left of a template after a mistake that costs only a part of it.
func TestTemplatesWithMistakes(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]string{
		`template(name="t" type="string" string="%msg:::upercase%|%msg:::x,uppercase%")`:                                                    " hello| HELLO",
		`template(name="t" type="string" string="%$!q:::csv,json%")`:                                                                        `"it's \ ""q"""`,
		`template(name="t" type="string" string="%msg:R,ERE,0,FIELD:(x--end%|%msg:R,ERE,0,DFLT:he--end:1:2%")`:                              badRegexText + "|he",
		`template(name="t" type="list") { constant(value="A") property(name="msg" position.from="4" position.to="2") constant(value="B") }`: "A",
		`template(name="t" type="list") { property(name="msg" regex.expression="(" regex.type="ERE") constant(value="B") }`:                 badRegexText + "B",
		`template(name="t" type="list") { property(name="msg" bogus="x") }`:                                                                 " hello",
		`$template t,"%msg%",sqll,json`: " hello",
	} {
		set, diags := read(conf)
		if tpl := set.Lookup("t"); tpl == nil || diags.Len() == 0 {
			t.Errorf("%s: defined %v, %d diagnostics", conf, tpl != nil, diags.Len())
		} else if got := render(t, tpl, variables(t), newContext()); got != want {
			t.Errorf("%s: got %q, want %q", conf, got, want)
		}
	}
}
