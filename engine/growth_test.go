package engine_test

import (
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/internal/diag"
	"syslogd/internal/process"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/parser"
	"syslogd/router/property"
)

// repeated are pieces that messages are made of, which modules may take apart: each is
// a beginning, and what is repeated behind it. # is a number that counts.
var repeated = [][2]string{
	{"", ","}, {"", "#,"}, {"", "a# "}, {"", "k#=v "}, {"", "k=v "}, {"", `k#="v" `}, {"", `k="`}, {"", `"`}, {"", "'"}, {"", `\`}, {"", "="}, {"", " "}, {"", "\t"},
	{"@cee:{", `"k#":1,`}, {"@cee:", "["}, {"@cee:", `{"a":`}, {"@cee:{", "/*"}, {"@cee:{", `"a\u0061`}, {"{", "{"}, {"", "{ "},
	{"CEF:0|a|b|c|d|e|f|", "k#=v "}, {"CEF:0|", `\|`}, {"CEF:0|a|b|c|d|e|f|k=", `\=`}, {"CEF:", "|"}, {"LEEF:2.0|a|b|c|d|", "k#=v\t"},
	{"", "1.2.3.4 "}, {"", "1."}, {"", "1:"}, {"", ":"}, {"", "::1 "}, {"", "f:"}, {"", "a"}, {"", "\xff"}, {"", "\x01"}, {"", "("}, {"", "<"}, {"", "%"},
	{"[", "] ["}, {"[a ", `k#="v" `}, {"[", `a# k="v"][`}, {"[a ", `k="\"`}, {"date=2024-03-01 ", "devname=a# "}, {"%ASA-6-302013: ", "a/# "},
}

// long is a text of about n bytes.
func long(kind [2]string, n int) string {
	var b strings.Builder
	b.WriteString(kind[0])
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.ReplaceAll(kind[1], "#", string(rune('a'+i%26))+strings.Repeat("z", i%3)+numeral(i)))
	}
	return b.String()
}

func numeral(i int) string {
	var digits []byte
	for ; i > 0; i /= 10 {
		digits = append(digits, byte('0'+i%10))
	}
	return string(digits)
}

// needed are the parameters that actions of some modules do not work without.
var needed = map[string]string{
	"mmnormalize": `rule=["rule=:%a:word% %b:number% %c:rest%", "rule=:%.:json%", "rule=:%.:name-value-list%", "rule=:%.:v2-iptables%"]`,
	"mmcount":     `appname="app"`, "mmexternal": `binary="/bin/cat" interface.output="none"`, "mmsequence": `mode="instance" from="0" to="10"`,
	"mmjsonparse": `cookie=""`,
}

// modifier builds a modifier as a configuration does.
func modifier(t *testing.T, name string, env module.Env) modify.Modifier {
	t.Helper()
	conf := fmt.Sprintf("module(load=%q) action(type=%q %s)", name, name, needed[name])
	cfg, diags, err := config.Load("test.conf", []byte(conf), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range diags.All() {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s", name, d.Text)
		}
	}
	mod, err := cfg.Actions[0].Module.Modify(cfg.Actions[0].Conf, env)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return mod
}

// notice is from when on it matters: what took the square took seconds.
const notice = 200 * time.Millisecond

// least is the shortest of several runs: a machine that is busy makes some longer.
func least(do func()) time.Duration {
	best := time.Hour
	for i := 0; i == 0 || i < 3 && best > notice; i++ {
		best = min(best, took(do))
	}
	return best
}

// TestModifiersTakeTimeInProportion runs every modifier over texts of 1 and 64 KiB: what
// is 64 times as long may take a multiple of 64 times as long, but not the square.
func TestModifiersTakeTimeInProportion(t *testing.T) {
	if testing.Short() {
		t.Skip("long texts")
	}
	const short, factor = 1 << 10, 64
	env := module.Env{Log: slog.New(slog.DiscardHandler), Shared: &sync.Map{}, Global: &module.Global{MaxMessageSize: 1 << 20}}
	prop := &property.Context{LocalHost: func() string { return "h" }, Globals: &property.Globals{}}
	for name, m := range engine.Modules().Outputs {
		if m.Modify == nil {
			continue
		}
		mod := modifier(t, name, env)
		if s, ok := mod.(interface{ Start() error }); ok {
			if err := s.Start(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, kind := range repeated {
			for _, format := range []string{"<13>Oct 11 22:14:15 host app: ", "<13>1 2003-10-11T22:14:15Z host app - - "} {
				run := func(n int) time.Duration {
					text := []byte(format + long(kind, n))
					return least(func() {
						b := message.NewBatch(nil)
						defer b.Release()
						msg := b.Add(text, &message.Origin{}, message.NewPeer("192.0.2.1", "h"))
						parser.New(parser.DefaultOptions(), nil).Parse(b, msg)
						mod.Modify(msg, prop)
						if err := msg.Check(); err != nil {
							t.Errorf("%s: %v", name, err)
						}
					})
				}
				// Below that it does not matter, and is not exact.
				if much := run(short * factor); much > notice {
					if little := run(short); much > little*factor*16 {
						t.Errorf("%s: %q takes %v, 64 times as much of it %v", name, kind[0]+kind[1], little, much)
					}
				}
			}
		}
		if c, ok := mod.(interface{ Close() error }); ok {
			c.Close()
		}
	}
}

// TestAStopEndsAComputation has one message for which loops within loops would run for
// years.
func TestAStopEndsAComputation(t *testing.T) {
	t.Parallel()
	e, _, _ := start(t, `
main_queue(queue.type="LinkedList" queue.timeoutShutdown="50" queue.timeoutActionCompletion="50")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
action(type="omfile" file="@DIR@/out")
set $!a = split($msg, ",");
foreach ($.i in $!a) do { foreach ($.j in $!a) do { foreach ($.k in $!a) do { foreach ($.l in $!a) do { set $.x = $.l; } } } }
`)
	send(t, e.Listening()[0].Addr, "<13>Oct 11 22:14:15 host app: "+strings.Repeat("1,", 3000)+"\n")
	waitFor(t, "a message under way", func() bool {
		var n float64
		for _, o := range e.Metrics().Objects() {
			for _, number := range o.Numbers {
				if number.Name == "queue_enqueued_total" {
					n += number.Read()
				}
			}
		}
		return n > 0
	})
	ended := make(chan error, 1)
	go func() { ended <- e.Stop(t.Context()) }()
	select {
	case <-ended:
	case <-time.After(process.Patience):
		t.Fatal("the server does not stop")
	}
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
