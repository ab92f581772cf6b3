package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// expressions makes random ones. What docs/differences.md names is left out: the
// value of != between texts, a variable on the right of a number, startswith_i
// with a text that is shorter, text that is a hexadecimal number, and numbers of
// more than 31 bits in comparisons.
type expressions struct {
	*rand.Rand
	// plain is set on the right of an operator: no variables there.
	plain bool
}

func (g expressions) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g expressions) expr(depth int) string {
	if depth <= 0 {
		return g.atom(depth)
	}
	switch n := g.IntN(20); {
	case n < 3:
		return g.atom(depth)
	case n < 6:
		return "(" + g.expr(depth-1) + ")"
	case n < 7:
		return "not " + g.expr(depth-1)
	case n < 8:
		return "-" + g.expr(depth-1)
	}
	if g.IntN(12) == 0 {
		return g.atom(depth) + " " + g.pick("==", "contains", "startswith", "contains_i") + " " + g.pick(`["a","abc"]`, `["10","x"]`, `["b"]`, `["error","web1:"]`)
	}
	right := expressions{g.Rand, true}
	return g.expr(depth-1) + " " + g.pick("+", "-", "*", "/", "%", "&", "==", "<", ">", "<=", ">=", "and", "or", "contains", "startswith", "contains_i") + " " + right.expr(depth-1)
}

func (g expressions) atom(depth int) string {
	switch n := g.IntN(20); {
	case n < 6:
		return g.pick("0", "1", "2", "3", "7", "10", "100", "4711")
	case n < 12:
		return g.pick(`""`, `"a"`, `"abc"`, `"ABC"`, `"10"`, `"9"`, `" 5"`, `"5 "`, `"-3"`, `"010"`, `"1.5"`, `"b"`, `"x y z"`, `"error"`)
	case n < 17:
		if g.plain {
			return g.pick("$msg", "$hostname", "$programname", "$syslogseverity", "$syslogfacility", "$pri", "$syslogtag")
		}
		return g.pick("$msg", "$hostname", "$programname", "$syslogseverity", "$syslogfacility", "$pri", "$syslogtag",
			"$.text", "$.number", "$.digits", "$.empty", "$.none", "$!v!text", "$!v!digits", "$!v!none")
	}
	return g.call(depth)
}

func (g expressions) call(depth int) string {
	g.plain = false
	x := g.expr(depth - 1)
	switch f := g.pick("strlen", "tolower", "cnum", "cstr", "ltrim", "rtrim", "int2hex", "substring", "field", "replace", "re_match", "re_match_i", "re_extract", "wrap", "wrap3",
		"ip42num", "num2ipv4", "hash32mod", "is_time", "format_time", "parse_time", "exec_template", "getenv"); f {
	case "substring":
		return fmt.Sprintf("substring(%s, %d, %d)", x, g.IntN(6), g.IntN(11))
	case "field":
		return fmt.Sprintf("field(%s, %s, %d)", x, g.pick("32", `" "`, `"b"`), 1+g.IntN(3))
	case "replace":
		return fmt.Sprintf("replace(%s, %s, %s)", x, g.pick(`"b"`, `"a"`, `"x "`), g.pick(`""`, `"Z"`, `"aa"`))
	case "hash32mod":
		return fmt.Sprintf("hash32mod(%s, %d)", x, 2+g.IntN(9))
	case "format_time":
		return fmt.Sprintf("format_time(%s, %s)", x, g.pick(`"date-rfc3164"`, `"date-rfc3339"`))
	case "exec_template":
		return `exec_template("small")`
	case "getenv":
		return `getenv("SYSLOGD_TEST_NONE")`
	case "wrap3":
		return fmt.Sprintf(`wrap(%s, "b", "\\")`, x)
	case "re_match", "re_match_i":
		return fmt.Sprintf("%s(%s, %s)", f, x, g.pick(`"a"`, `"^a"`, `"[0-9]+"`, `"b|c"`, `"x.*z"`))
	case "re_extract":
		return fmt.Sprintf(`re_extract(%s, %s, 0, %d, "no")`, x, g.pick(`"a(b)"`, `"([0-9]+)"`, `"(x) (y)"`), g.IntN(3))
	case "wrap":
		return fmt.Sprintf(`wrap(%s, "<")`, x)
	default:
		return f + "(" + x + ")"
	}
}

// A thousand random expressions have the same value, and decide the same way, as
// in the installed rsyslogd. EXPRESSION_SEED chooses others.
func TestExpressionsAreWorthWhatTheyAreWorthInRsyslogd(t *testing.T) {
	t.Parallel()
	reference := rsyslogd(t)
	const count, perTemplate = 1000, 100
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("EXPRESSION_SEED"), "8"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	g := expressions{Rand: rand.New(rand.NewPCG(2026, seed))}
	list := make([]string, count)
	var conf strings.Builder
	conf.WriteString(`module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="@DIR@/log" useSpecialParser="off" rateLimit.interval="0")
module(load="fmhash")
template(name="small" type="string" string="%hostname%-%pri%")
set $.text = "Some Text"; set $.number = 10 + 4; set $.digits = "17"; set $.empty = "";
set $!v!text = "abc b"; set $!v!digits = "12";
`)
	for i := range list {
		list[i] = g.expr(1 + g.IntN(3))
		fmt.Fprintf(&conf, "set $!r!x%d = %s;\nif %s then { set $!r!c%d = 1; } else { set $!r!c%d = 0; }\n", i, list[i], list[i], i, i)
	}
	for from := 0; from < count; from += perTemplate {
		fmt.Fprintf(&conf, `template(name="t%d" type="string" string="`, from)
		for i := from; i < from+perTemplate; i++ {
			fmt.Fprintf(&conf, `%%$!r!x%d%%|%%$!r!c%d%%\n`, i, i)
		}
		fmt.Fprintf(&conf, "\")\naction(type=\"omfile\" file=\"@DIR@/out\" template=\"t%d\")\n", from)
	}
	const text = "<13>Oct 11 22:14:15 web1: error abc 10"
	lines := func(file string) []string {
		data, _ := os.ReadFile(file)
		return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	send := func(socket string) {
		t.Helper()
		var conn net.Conn
		if !poll(func() (ok bool) {
			var err error
			conn, err = net.Dial("unixgram", socket)
			return err == nil
		}) {
			t.Fatalf("%s does not come", socket)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}

	dir := t.TempDir()
	file := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(conf.String(), "@DIR@", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(reference, "-n", "-f", file, "-i", filepath.Join(dir, "pid"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	}()
	send(filepath.Join(dir, "log"))
	poll(func() bool { return len(lines(filepath.Join(dir, "out"))) >= count })
	want := lines(filepath.Join(dir, "out"))
	if len(want) != count {
		t.Fatalf("rsyslogd wrote %d of %d lines", len(want), count)
	}

	s := startServer(t, conf.String())
	send(s.path("log"))
	poll(func() bool { return len(lines(s.path("out"))) >= count })
	s.stop()
	got := lines(s.path("out"))
	if len(got) != count {
		t.Fatalf("the server wrote %d of %d lines", len(got), count)
	}
	for i := range list {
		if got[i] != want[i] {
			t.Errorf("%s\n got  %s\n want %s", list[i], got[i], want[i])
		}
	}
}
