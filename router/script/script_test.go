package script

import (
	"strconv"
	"testing"
	"time"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/property"
	"syslogd/router/template"
)

// userInfo is the message of most tests.
const userInfo = "<14>Oct 11 22:14:15 h app[12]: hello World 42"

// now is the time of processing.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newContext() *property.Context {
	return &property.Context{
		Globals:   &property.Globals{},
		LocalHost: func() string { return "box" },
		Clock:     func() time.Time { return now },
	}
}

func templates() *template.Set {
	set := template.NewSet()
	set.DefineLegacy(`tt,"[%hostname%/%programname%/%msg%]"`, diag.Range{}, &diag.List{})
	return set
}

// compile compiles an expression; nothing may be wrong with it.
func compile(t testing.TB, text string) *Program {
	t.Helper()
	e, err := syntax.ParseExpr(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	diags := &diag.List{}
	p := Compile(e, Env{Template: templates().Lookup}, diags)
	if p == nil || diags.Len() > 0 {
		t.Fatalf("%s: %v", text, diags.All())
	}
	return p
}

// set assigns JSON to a variable, such as "!a!b".
func set(t testing.TB, m *message.Message, ctx *property.Context, name, json string) {
	t.Helper()
	v, _, err := message.ParseJSON(json)
	if err != nil {
		t.Fatalf("%s: %v", json, err)
	}
	(&Target{prop: *property.Variable(name)}).assign(m, ctx, v, false)
}

// show writes a value as 5, "text" or json {}.
func show(v Value) string {
	switch v.kind {
	case num:
		return strconv.FormatInt(v.n, 10)
	case obj:
		return "json " + v.String()
	}
	return strconv.Quote(string(v.s))
}

// row is an expression and its value as show writes it.
type row struct{ expr, want string }

// check evaluates expressions with one message and context.
func check(t *testing.T, m *message.Message, ctx *property.Context, rows []row) {
	t.Helper()
	for _, r := range rows {
		p := compile(t, r.expr)
		v := p.Eval(m, ctx)
		if got := show(v); got != r.want {
			t.Errorf("%s: got %s, want %s", r.expr, got, r.want)
		}
	}
}
