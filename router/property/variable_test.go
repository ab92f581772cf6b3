package property

import (
	"sync"
	"testing"

	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

func parse(t *testing.T, json string) message.Value {
	t.Helper()
	v, _, err := message.ParseJSON(json)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVariablesAsProperties(t *testing.T) {
	t.Parallel()
	m := testmsg.Parse(rfc3164)
	m.JSON, m.Local = &message.Tree{}, &message.Tree{}
	ctx := newContext()
	m.JSON.Set(nil, parse(t, `{"a":{"b":"text","n":42,"l":["x",{"y":null}]},"Mixed":true,"all-json":"own"}`), false, false)
	m.Local.Set(nil, parse(t, `{"a":"local"}`), false, false)
	ctx.Globals.Set(message.ParsePath("a"), parse(t, `"global"`), false, false)
	for name, want := range map[string]string{
		"$!a!b": "text", "$!a!n": "42", "$!a!l": `[ "x", { "y": null } ]`, "$!a!l[0]": "x", "$!a!l[1]!y": "", "$!a!l[2]": "", "$!mixed": "true", "$!MIXED": "true",
		"$!a!nope": "", "$!a!b!c": "", "$.a": "local", "$.": `{ "a": "local" }`, "$/a": "global", "$/": `{ "a": "global" }`, "$/b": "",
		"$!a":              `{ "b": "text", "n": 42, "l": [ "x", { "y": null } ] }`,
		"$!all-json-plain": `{"a":{"b":"text","n":42,"l":["x",{"y":null}]},"Mixed":true,"all-json":"own"}`,
		"$!all-json":       `{ "a": { "b": "text", "n": 42, "l": [ "x", { "y": null } ] }, "Mixed": true, "all-json": "own" }`,
	} {
		if got := get(t, name, m, ctx); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	ctx.CompactJSON, ctx.ExactCase = true, true
	for name, want := range map[string]string{
		"$!a!l": `["x",{"y":null}]`, "$!mixed": "", "$!Mixed": "true", "$.": `{"a":"local"}`, "$/A": "", "$/": `{"a":"global"}`,
	} {
		if got := get(t, name, m, ctx); got != want {
			t.Errorf("compact and with case, %s: got %s, want %s", name, got, want)
		}
	}
}

// In expressions $!all-json is a variable like any other; only templates know it as a property.
func TestNamesOfVariablesInExpressions(t *testing.T) {
	t.Parallel()
	for name, scope := range map[string]Scope{"!a!b": '!', ".a": '.', "/a": '/', "!": '!', "!all-json": '!', "": 0, "a": 0, "$!a": 0, "msg": 0} {
		p := Variable(name)
		if p == nil && scope != 0 || p != nil && (p.Scope != scope || p.ID != Var || p.Name != "$"+name) {
			t.Errorf("$%s: got %+v, want scope %c", name, p, scope)
		}
	}
}

func TestGlobalVariablesAreCopied(t *testing.T) {
	t.Parallel()
	g := &Globals{}
	g.Set(message.ParsePath("a"), parse(t, `{"b":1}`), false, false)
	v, ok := g.Get(message.ParsePath("a"), false)
	if !ok {
		t.Fatal("not there")
	}
	v.Put("b", message.IntValue(2), true)
	if again, _ := g.Get(message.ParsePath("A!b"), false); again.Int() != 1 {
		t.Error("a copy changed the variable")
	}
	g.Unset(message.ParsePath("a!b"), false)
	if _, ok := g.Get(message.ParsePath("a!b"), false); ok {
		t.Error("unset variable is there")
	}
}

func TestGlobalVariablesAreSharedByWorkers(t *testing.T) {
	t.Parallel()
	g := &Globals{}
	path := message.ParsePath("n!x")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				g.Set(path, message.IntValue(int64(i)), false, false)
				g.Get(path, false)
				g.Unset(message.ParsePath("n"), false)
			}
		})
	}
	wg.Wait()
}
