package script

import (
	"strings"
	"testing"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/internal/testmsg"
	"syslogd/router/template"
)

// An error covers exactly the text that at marks with < and >.
func TestErrorsInExpressions(t *testing.T) {
	t.Parallel()
	const ignored, zero = "the statement is ignored", "the call evaluates to 0"
	const text = "it is the text " + noProperty
	for _, tt := range []struct {
		at, want, hint, effect string
		value                  string // of the expression; empty: it cannot be used
	}{
		{`1 + <$bogus>`, `unknown property "$bogus"`, "", text, "1"},
		{`<$now> == "x"`, `unknown property "$now"`, "did you mean $$now?", text, "0"},
		{`<$hostnam> == "x"`, `unknown property "$hostnam"`, "did you mean $hostname?", text, "0"},
		{`exists(<$bogus>)`, `unknown property "$bogus"`, "", text, "0"},
		{`<$bogus>`, `unknown property "$bogus"`, "", text, `"**INVALID PROPERTY NAME**"`},
		{`prifilt("<nofac>.*")`, `unknown facility "nofac"`, "", "prifilt() matches no message", "0"},
		{`1 + <nosuch(1, 2)>`, "there is no function nosuch()", "", zero, "1"},
		{`<strln("abc")>`, "there is no function strln()", "did you mean strlen()?", zero, "0"},
		{`<strlen()>`, "strlen() takes 1 argument, found 0", "", zero, "0"},
		{`<substring("a", 1)>`, "substring() takes 3 arguments, found 2", "", zero, "0"},
		{`<wrap("a", "b", "c", "d")>`, "wrap() takes 2 to 3 arguments, found 4", "", zero, "0"},
		{`<script_error(1)>`, "script_error() takes no arguments, found 1", "", zero, "0"},
		{`re_match($msg, <"(a">)`, `regular expression "(a": reached the end without matching (`, "", zero, "0"},
		{`re_match_i($msg, <"[a">)`, `regular expression "[a": [ without ]`, "", zero, "0"},
		{`re_match($msg, <"(a)\\1">)`, `regular expression "(a)\\1": back-references (\1) are not available`, "", zero, "0"},
		{`re_extract($msg, <"(a">, 0, 0, "x")`, `regular expression "(a": reached the end without matching (`, "", zero, `""`},
		{`re_match($msg, <$hostname>)`, "argument 2 of re_match() must be a constant", "", ignored, ""},
		{`prifilt(<$msg>)`, "argument 1 of prifilt() must be a constant", "", ignored, ""},
		{`exec_template(<$msg>)`, "argument 1 of exec_template() must be a constant", "", ignored, ""},
		{`exec_template(<"nosuch">)`, `exec_template(): there is no template "nosuch"`, "", ignored, ""},
		{`parse_json($msg, <$!x>)`, "argument 2 of parse_json() must be a constant", "", ignored, ""},
		{`parse_json($msg, <"msg">)`, `parse_json(): want a variable such as \$!a, found "msg"`, "", ignored, ""},
		{`$syslogseverity == <8>`, "$syslogseverity is between 0 and 7", "", "the comparison is always false", "0"},
		{`$syslogfacility == <25>`, "$syslogfacility is between 0 and 24", "", "the comparison is always false", "0"},
		{`$syslogseverity-text == <"wrning">`, `"wrning" is no severity`, `did you mean "warning"?`, "the comparison is always false", "0"},
		{`$syslogfacility-text != <"usr">`, `"usr" is no facility`, `did you mean "user"?`, "the comparison is always false", "0"},
	} {
		text := strings.NewReplacer("<", "", ">", "").Replace(tt.at)
		e, err := syntax.ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		diags := &diag.List{}
		p := Compile(e, Env{Template: template.NewSet().Lookup}, diags)
		if diags.Len() != 1 {
			t.Errorf("%s: %d diagnostics", text, diags.Len())
			continue
		}
		d := diags.All()[0]
		from := strings.IndexByte(tt.at, '<')
		marked := strings.IndexByte(tt.at, '>') - from - 1
		if d.Text != tt.want || d.Hint != tt.hint || d.Effect != tt.effect || d.Severity != diag.Error {
			t.Errorf("%s:\ngot  %s, hint %q, effect %q\nwant %s, hint %q, effect %q", text, d.Text, d.Hint, d.Effect, tt.want, tt.hint, tt.effect)
		}
		if d.Range.Start.Col != from+1 || d.Range.Len != marked {
			t.Errorf("%s: the error is at column %d, %d bytes; want column %d, %d bytes", text, d.Range.Start.Col, d.Range.Len, from+1, marked)
		}
		got := ""
		if p != nil {
			got = show(p.Eval(testmsg.Parse(userInfo), newContext()))
		}
		if got != tt.value {
			t.Errorf("%s: evaluates to %q, want %q", text, got, tt.value)
		}
	}
}

func TestOnlyVariablesCanBeSet(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{"!a": true, ".a!b": true, "/a": true, "!": true, "msg": false, "hostname": false, "$now": false, "bogus": false} {
		diags := &diag.List{}
		if target := NewTarget(&syntax.Variable{Name: name}, "set", diags); (target != nil) != ok || (diags.Len() == 0) != ok {
			t.Errorf("set $%s: target %v, %d diagnostics", name, target != nil, diags.Len())
		}
	}
	diags := &diag.List{}
	NewTarget(&syntax.Variable{Name: "msg"}, "unset", diags)
	if got, want := diags.All()[0].Text, "unset: want a variable such as $!a, $.a or $/a, found $msg"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAssignmentToTheTrees(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	target := func(name string) *Target { return NewTarget(&syntax.Variable{Name: name}, "set", &diag.List{}) }
	for _, name := range []string{"!a!b", ".a!b", "/a!b"} {
		target(name).Unset(m, ctx) // of an empty tree
		target(name).Assign(m, ctx, number(5), false)
		target(name).Assign(m, ctx, text([]byte("x")), false)
		target(name[:2]).Assign(m, ctx, text([]byte("refused")), false)
		check(t, m, ctx, []row{{"$" + name, `"x"`}, {"$" + strings.ToUpper(name), `"x"`}})
		target(name).Unset(m, ctx)
		check(t, m, ctx, []row{{"$" + name, `""`}, {"$" + name[:2], "json { }"}})
		target(name[:2]).Assign(m, ctx, number(1), true)
		check(t, m, ctx, []row{{"$" + name[:2], "json 1"}})
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	set(t, m, ctx, "!j", `{"a":[1,"x",{"k":2},null],"o":{"k1":"v","k2":[3]},"s":"text","n":5,"e":[]}`)
	for expr, want := range map[string]string{
		"$!j!a": `json 1|"x"|json { "k": 2 }|""`, "$!j!o": `json { "key": "k1", "value": "v" }|json { "key": "k2", "value": [ 3 ] }`,
		"$!j!s": "", "$!j!n": "", "$!j!e": "", "$!nope": "", "5": "", "$msg": "",
	} {
		var got []string
		compile(t, expr).Eval(m, ctx).Each(func(v Value) bool { got = append(got, show(v)); return true })
		if g := strings.Join(got, "|"); g != want {
			t.Errorf("%s: got %s, want %s", expr, g, want)
		}
	}
	calls := 0
	compile(t, "$!j!a").Eval(m, ctx).Each(func(Value) bool {
		m.JSON.Unset(message.ParsePath("j"), false) // the loop goes over a copy
		calls++
		return calls < 3
	})
	if calls != 3 {
		t.Errorf("%d elements, want 3", calls)
	}
}
