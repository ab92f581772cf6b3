package script

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

// TestFunctionsTakeTimeInProportion evaluates expressions with all functions over
// messages of 1 and 64 KiB: what is 64 times as long may take a multiple of 64 times as
// long, but not the square.
func TestFunctionsTakeTimeInProportion(t *testing.T) {
	if testing.Short() {
		t.Skip("long texts")
	}
	exprs := append(seeds, `$msg & $msg`, `field($msg, "a", 70000)`, `field($msg, 44, 70000)`, `re_extract($msg, "(a|,)*x", 0, 0, "")`, `split($msg, "a")`, `unflatten($!a, "!")`,
		`replace($msg, "a", "bb")`, `replace($msg, ",", "")`, `hash32($msg) + hash64($msg) + hash32mod($msg, 7) + hash64mod($msg, 7)`, `ipv42num($msg)`,
		`lookup("t", $msg)`, `dyn_inc("b", $msg)`, `percentile_observe("b", "k", $msg)`, `pcre_match($msg, "(a|b|,)*x")`, `http_request($msg)`, `parse_json($msg, "\$!b")`,
		`cnum($msg)`, `cstr($!a)`, `$!a == $!a`, `get_property($!a, "z")`, `ip42num($msg)`, `is_in_subnet($msg, $msg)`, `b64_decode($msg)`, `re_match($msg, "(a*)*,a")`)
	all := strings.Join(exprs, " ")
	for _, name := range Functions() {
		if !strings.Contains(all, name+"(") && !strings.HasPrefix(name, "faup") {
			t.Errorf("%s() is not looked at", name)
		}
		if strings.HasPrefix(name, "faup") {
			exprs = append(exprs, name+"($msg)")
		}
	}
	members := map[int]message.Value{}
	for _, n := range []int{1 << 10, 64 << 10} {
		list, obj := message.ArrayValue(), message.ObjectValue()
		for i := range n / 8 {
			list.Append(message.IntValue(int64(i)))
			obj.Add("k!"+strings.Repeat("a", i%3)+strconv.Itoa(i), message.IntValue(int64(i)))
		}
		obj.Add("list", list)
		members[n] = obj
	}
	for _, expr := range exprs {
		p := tryCompile(expr)
		if p == nil {
			continue // needs what this test does not have
		}
		for _, piece := range []string{"a", ",", "ab,", " ", "1", "1.", "\"a\":1,", "[", "{\"a\":", "/", "&a=b", "http://a.", "\\", "'"} {
			run := func(n int) time.Duration {
				raw := "<13>Oct 11 22:14:15 h app: " + strings.Repeat(piece, n/len(piece))
				obj := members[n]
				best := time.Hour
				for i := 0; i == 0 || i < 3 && best > notice; i++ {
					m, ctx := testmsg.Parse(raw), newContext()
					m.JSON = &message.Tree{}
					if strings.Contains(expr, "$!") {
						m.JSON.Set(message.ParsePath("a"), obj.Clone(), false, true)
					}
					best = min(best, took(func() { p.Eval(m, ctx) }))
				}
				return best
			}
			// Below that it does not matter, and is not exact.
			if much := run(64 << 10); much > notice {
				if little := run(1 << 10); much > little*64*16 {
					t.Errorf("%s of %q takes %v, 64 times as much of it %v", expr, piece, little, much)
				}
			}
		}
	}
}

// notice is from when on it matters: what took the square took seconds.
const notice = 200 * time.Millisecond

// tryCompile compiles an expression, nil if it can not be used here.
func tryCompile(expr string) *Program {
	e, err := syntax.ParseExpr(expr)
	if err != nil {
		return nil
	}
	return Compile(e, Env{Template: templates().Lookup}, &diag.List{})
}

// took is the processor time of this thread: the time of day says more of the other
// load of the machine.
func took(do func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now := func() time.Duration {
		var u unix.Rusage
		if unix.Getrusage(unix.RUSAGE_THREAD, &u) != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := now()
	do()
	return now() - start
}
