package router

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"syslogd/message"
	"syslogd/modify"
	"syslogd/router/property"
)

// rename is a modifier that replaces a word in the text.
type rename struct{ from, to string }

func (r rename) Modify(m *message.Message, _ *property.Context) error {
	m.SetMsg([]byte(strings.ReplaceAll(string(m.Msg()), r.from, r.to)))
	return nil
}

func (rename) Close() error { return nil }

func (b *bench) rename(from, to string) Stmt {
	a := &Action{Name: "rename", Index: len(b.r.Actions), Conditions: Conditions{WriteAllMarks: true},
		Modifier: modify.NewInstance(rename{from, to}, slog.New(slog.DiscardHandler))}
	b.r.Actions = append(b.r.Actions, a)
	return a
}

func TestChainSeesWhatAModifierChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := []Stmt{
		b.cond(`$msg contains "one"`, b.to("one"), b.rename("one", "two three")),
		b.filter("msg", "contains", "two", b.to("two")),
		b.cond(`$msg contains "one"`, b.to("again")),
		b.cond(`$msg contains "three" and $hostname == "h"`, b.to("three")),
	}
	b.ruleset("default", Chained(body)...)
	if n := len(b.ruleset("default").Body); n != 1 {
		t.Fatalf("%d statements, want one chain", n)
	}
	b.send("a one", "b two", "c four")
	b.want("one", "a one", "two", "a two three|b two", "again", "", "three", "a two three")
}

func TestAllStatementsAreSeenInChains(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var body []Stmt
	for i := range 5 {
		name := fmt.Sprint("out", i)
		body = append(body, b.filter("msg", "contains", name, b.to(name)))
	}
	var actions []string
	for s := range All(Chained(body)) {
		if a, ok := s.(*Action); ok {
			actions = append(actions, a.Name)
		}
	}
	if got := strings.Join(actions, " "); got != "out0 out1 out2 out3 out4" {
		t.Errorf("got %q", got)
	}
}

func TestWhatMakesAChain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	yes, no := b.cond(`$msg contains "aa"`), b.cond(`$syslogseverity < 3`)
	other := b.cond(`$hostname contains "aa"`)
	withElse := b.cond(`$msg contains "aa"`)
	withElse.Else = []Stmt{b.to("x")}
	many := make([]Stmt, 100)
	for i := range many {
		many[i] = b.cond(fmt.Sprintf(`$msg contains "word%d"`, i))
	}
	for _, tc := range []struct {
		name string
		body []Stmt
		want int // statements
	}{
		{"three", []Stmt{yes, yes, yes}, 1},
		{"two", []Stmt{yes, yes}, 2},
		{"another kind between", []Stmt{yes, yes, no, yes, yes}, 5},
		{"another property between", []Stmt{yes, yes, other, yes, yes}, 5},
		{"else", []Stmt{yes, yes, withElse}, 3},
		{"not", []Stmt{yes, yes, b.cond(`not ($msg contains "aa")`)}, 3},
		{"or with something else", []Stmt{yes, yes, b.cond(`$msg contains "aa" or $syslogseverity < 3`)}, 3},
		{"or of texts", []Stmt{yes, yes, b.cond(`$msg contains "aa" or $msg startswith "bb"`)}, 1},
		{"regular expression", []Stmt{yes, yes, b.cond(`re_match($msg, "a(bc|de)[0-9]+")`)}, 1},
		{"regular expression without text", []Stmt{yes, yes, b.cond(`re_match($msg, "[0-9]+")`)}, 3},
		{"equal", []Stmt{yes, yes, b.cond(`$msg == "aa"`)}, 1},
		{"equal to one of some", []Stmt{yes, yes, b.cond(`$msg == ["aa", "bb"]`)}, 1},
		{"equal to a number", []Stmt{yes, yes, b.cond(`$msg == 12`)}, 3},
		{"not equal", []Stmt{yes, yes, b.cond(`$msg != "aa"`)}, 3},
		{"one character", []Stmt{yes, yes, b.cond(`$msg contains "a"`)}, 3},
		{"a hundred", many, 2},
	} {
		if got := len(Chained(tc.body)); got != tc.want {
			t.Errorf("%s: %d statements, want %d", tc.name, got, tc.want)
		}
	}
}

// FuzzChained compares chains with the same statements one after the other.
func FuzzChained(f *testing.F) {
	f.Add(uint64(1), "abc ab bca")
	f.Add(uint64(2), "cab")
	f.Add(uint64(3), "bbaacc")
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		run := func(chain bool) string {
			b := newBench(t)
			body := randomRules(b, rand.New(rand.NewPCG(seed, 0)), 2)
			if chain {
				body = Chained(body)
			}
			b.ruleset("default", body...)
			b.send(strings.ToValidUTF8(text, "?"), text+"ab")
			return strings.Join(b.sinks["log"].got, "|")
		}
		if got, want := run(true), run(false); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	})
}

func randomRules(b *bench, r *rand.Rand, depth int) (body []Stmt) {
	words := []string{"ab", "bc", "ca", "abc", "aa", "bbc"}
	for i := range 1 + r.IntN(8) {
		word := words[r.IntN(len(words))]
		then := []Stmt{b.action("log", fmt.Sprintf("%d %d %%msg%%", depth, i))}
		switch r.IntN(5) {
		case 0:
			then = append(then, b.rename(word, "cab"))
		case 1:
			then = append(then, Stop{})
		case 2:
			if depth > 0 {
				then = append(then, randomRules(b, r, depth-1)...)
			}
		}
		switch r.IntN(8) {
		case 0:
			body = append(body, b.filter("msg", "contains", word, then...))
		case 1:
			body = append(body, b.filter("msg", "regex", word+"*c", then...))
		case 2:
			body = append(body, b.cond(fmt.Sprintf(`$msg contains "%s" or $msg endswith "bc"`, word), then...))
		case 3:
			body = append(body, b.cond(fmt.Sprintf(`$msg contains "%s" and $msg contains "b"`, word), then...))
		case 4:
			body = append(body, b.cond(`$msg contains ["aa", "bc"]`, then...))
		case 5:
			body = append(body, b.cond(fmt.Sprintf(`$msg == "%s"`, word), then...))
		case 6:
			body = append(body, b.cond(fmt.Sprintf(`$msg == ["%s", "bca"]`, word), then...))
		default:
			body = append(body, b.cond(fmt.Sprintf(`$msg contains "%s"`, word), then...))
		}
	}
	b.action("log", "")
	return body
}

func TestChainDoesNotAllocate(t *testing.T) {
	b := newBench(t)
	b.ruleset("default", Chained([]Stmt{b.cond(`$msg contains "one"`), b.filter("msg", "contains", "two"), b.cond(`re_match($msg, "thr(ee|oo)[0-9]")`)})...)
	mb := batch("a text with two words", "and three7")
	b.w = b.r.NewWorker(t.Context())
	if n := testing.AllocsPerRun(100, func() {
		for i := range mb.Msgs {
			b.w.process(b.r.Default, &mb.Msgs[i])
		}
	}); n >= 1 {
		t.Errorf("%.1f allocations", n)
	}
}
