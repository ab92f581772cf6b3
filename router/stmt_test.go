package router

import (
	"strings"
	"testing"

	"syslogd/message"
)

func TestFiltersAndBranches(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	choice := b.cond(`$msg contains "error"`, b.to("errors"))
	choice.Else = []Stmt{b.cond(`$msg contains "warn"`, b.to("warnings"))}
	choice.Else[0].(*If).Else = []Stmt{b.to("rest")}
	b.ruleset("default", choice,
		b.selector("user.info", b.to("user")), b.selector("mail.*;user.err", b.to("mail")),
		b.filter("msg", "startswith", "an", b.to("an")), b.filter("hostname", "isequal", "other", b.to("other")),
		b.to("all"))
	b.send("an error", "a warning", "hello")
	b.send("another error")
	b.want("errors", "an error|another error", "warnings", "a warning", "rest", "hello", "user", "an error|a warning|hello|another error", "mail", "", "an", "an error|another error",
		"other", "", "all", "an error|a warning|hello|another error")
}

func TestStopEndsTheMessage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("discard", b.cond(`$msg contains "drop"`, b.to("dropped"), Stop{}, b.to("never")))
	b.ruleset("default", b.to("first"), b.call("discard"), b.to("kept"))
	b.send("a", "drop b", "c")
	b.want("first", "a|drop b|c", "dropped", "drop b", "never", "", "kept", "a|c")
}

func TestStopInEveryKindOfBlock(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]func(b *bench) Stmt{
		"if":              func(b *bench) Stmt { return b.cond("1", Stop{}) },
		"else":            func(b *bench) Stmt { return &If{Cond: b.program("0"), Else: []Stmt{Stop{}}} },
		"selector":        func(b *bench) Stmt { return b.selector("*.*", Stop{}) },
		"property filter": func(b *bench) Stmt { return b.filter("msg", "contains", "", Stop{}) },
		"foreach":         func(b *bench) Stmt { return b.foreach(".i", `split("a,b", ",")`, b.to("loop"), Stop{}) },
		"call":            func(b *bench) Stmt { b.ruleset("r", Stop{}); return b.call("r") },
		"call_indirect":   func(b *bench) Stmt { b.ruleset("r", Stop{}); return b.indirect(`"r"`) },
	} {
		b := newBench(t)
		b.ruleset("default", block(b), b.to("after"))
		b.send("x")
		if got := b.got("after"); got != "" {
			t.Errorf("%s: the message goes on behind stop", name)
		}
		if s := b.sinks["loop"]; s != nil && len(s.got) != 1 {
			t.Errorf("%s: the loop ran %d times, want once", name, len(s.got))
		}
	}
}

func TestVariablesOfAMessage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("inner", b.set("!seen", `$!outer & "+"`), b.set(".l", `$.l & "i"`), b.unset("!outer"))
	b.ruleset("default",
		b.set("!outer", "$msg"), b.set(".l", `$.l & "o"`), b.set("/count", "cnum($/count) + 1"),
		b.call("inner"),
		b.set("!tree!a", "1"), b.set("!tree", `"refused"`), b.reset("!n!x", "2"), b.reset("!n", "3"),
		b.action("out", "%$!%|%$.l%|%$/count%"))
	b.send("a", "b")
	b.want("out", `{ "seen": "a+", "tree": { "a": 1 }, "n": 3 }|oi|1|{ "seen": "b+", "tree": { "a": 1 }, "n": 3 }|oi|2`)
}

func TestForeach(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	loop := b.action("loop", "%$.i%")
	b.ruleset("default",
		b.set("!x", `parse_json($msg, "\$!c")`),
		b.foreach(".i", "$!c", b.set("!c", `"changed"`), b.reset("!c", `"changed"`), loop),
		b.action("after", "%$.i%,%$!c%"))
	b.send(`["a",{"k":1},null]`, `{"k1":"v","k2":[1]}`, `[]`, `"text"`, `no JSON`)
	b.want("loop", `a|{ "k": 1 }||{ "key": "k1", "value": "v" }|{ "key": "k2", "value": [ 1 ] }`, "after", ",changed|,changed|,[ ]|,text|,")
}

func TestNestedForeach(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("default", b.set(".x", `parse_json($msg, "\$!")`),
		b.foreach(".o", "$!rows", b.foreach(".i", "$.o!cells", b.action("cell", "%$.o!name%%$.i%"))))
	b.send(`{"rows":[{"name":"a","cells":[1,2]},{"name":"b","cells":[3]},{"name":"c"}]}`)
	b.want("cell", "a1|a2|b3")
}

func TestCallIndirect(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("web", b.to("web"))
	b.ruleset("db", b.to("db"))
	b.ruleset("default", b.indirect("$msg"), &Call{}, b.to("all"))
	b.send("web", "db", "nosuch", "")
	b.want("web", "web", "db", "db", "all", "web|db|nosuch|")
	if got := strings.Join(b.unknown, ","); got != "nosuch," {
		t.Errorf("names reported as unknown: %q", got)
	}
}

func TestDepthOfCallsIsBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("loop", b.set(".depth", "cnum($.depth) + 1"), b.call("loop"))
	b.ruleset("default", b.call("loop"), b.action("out", "%$.depth%"))
	b.send("x", "y")
	b.want("out", "64|64")
	if got := strings.Join(b.deep, ","); got != "loop,loop" {
		t.Errorf("rulesets reported as nested too deep: %q", got)
	}
}

// A ruleset that calls itself twice is a mistake that must not stop the server.
func TestRulesetThatCallsItselfTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("loop", b.set(".calls", "cnum($.calls) + 1"), b.call("loop"), b.indirect(`"loop"`))
	b.ruleset("default", b.call("loop"), b.action("out", "%$.calls%"), b.call("other"))
	b.ruleset("other", b.to("other"))
	b.send("x")
	b.want("out", "64", "other", "")
}

func TestRulesetOfABatch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("remote", b.to("remote"))
	b.ruleset("default", b.to("default"))
	b.w = b.r.NewWorker(t.Context())
	for name, text := range map[string]string{"remote": "a", "": "b", "gone": "c"} {
		mb := batch(text)
		mb.Ruleset = name
		b.w.Run(mb)
	}
	b.want("remote", "a")
	if got := b.got("default"); got != "b|c" && got != "c|b" {
		t.Errorf("default has %q, want b and c", got)
	}
}

// counting is a Parser that counts what it parses and drops messages that say so.
type counting struct{ calls int }

func (c *counting) Parse(_ *message.Batch, m *message.Message) {
	c.calls++
	m.Flags |= message.Parsed
	m.MsgText = message.Span{Len: uint32(len(m.Raw()))}
	if strings.Contains(string(m.Raw()), "drop") {
		m.Flags |= message.Drop
	}
}

func TestMessagesAreParsedOnceAndDroppedOnesAreNotRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := &counting{}
	b.ruleset("inner", b.to("inner"))
	b.ruleset("default", b.action("out", "%msg:27:$%"), b.call("inner"))
	b.r.Default.Parser = p
	mb := batch("a", "drop", "b")
	p.Parse(mb, &mb.Msgs[2])
	b.w = b.r.NewWorker(t.Context())
	b.w.Run(mb)
	b.want("out", "a|b")
	if p.calls != 3 || len(b.sinks["inner"].got) != 2 {
		t.Errorf("parsed %d times, want 3; %d messages in the called ruleset, want 2", p.calls, len(b.sinks["inner"].got))
	}
}
