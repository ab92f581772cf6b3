package script

import (
	"strings"
	"testing"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/router/internal/testmsg"
)

// seeds are expressions with every operator and function.
var seeds = []string{
	`1 + 2 * -3 / 4 % 5 - 6`, `"a" & 1 & $msg`, `not ($msg contains "World") or $hostname startswith_i "H" and 1 <> 2`, `["a","b"] == $programname`, `$!a!b[1]!c <= "x"`,
	`$syslogseverity-text == "warn"`, `$syslogfacility >= 3`, `exists($.x) and $/g > 5`, `strlen(substring($msg, 1, -2))`, `tolower(toupper(ltrim(rtrim($msg))))`,
	`replace($msg, "", $msg)`, `wrap($msg, "'", "_")`, `field($msg, 32, 2) & field($msg, "ll", 1)`, `cstr(cnum("0x1f")) == cbool("off")`, `getenv("HOME")`, `num2ipv4(ip42num("1.2.3.4"))`,
	`int2hex(random(5))`, `b64_decode("aGVsbG8=")`, `is_in_subnet("10.0.0.1", "10.0.0.0/8")`, `tocef(1, 2, 3, 4, 5, 6, 7, cef_ext_escape("a=b"))`, `append_json(split($msg, " "), "x")`,
	`format_time(parse_time("Oct  5 01:10:11"), "date-rfc3339")`, `parse_time_localtz("2017-10-05T01:10:11Z") == is_time("5", "date-unix")`, `get_property($!a, "b")`,
	`script_error() + previous_action_suspended()`, `re_match($msg, "[a-z]+") and re_match_i($msg, "W")`, `re_extract($msg, "(l)(o)?", 1, 2, re_extract_i("x", "X*", 3, 0, 0))`,
	`prifilt("*.info;mail.none")`, `exec_template("tt")`, `parse_json("{'a': [1, 2.50]}", "\$!a")`, `$$now & $$hour-utc & $!all-json`,
}

// FuzzEval compiles and evaluates an expression. Whatever it is, that ends
// with a value of limited size, and condition and value agree.
func FuzzEval(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, userInfo)
	}
	f.Add(`replace($msg,"",replace($msg,"",replace($msg,"",replace($msg,"",replace($msg,"",replace($msg,"",$msg))))))`, userInfo)
	set := templates()
	f.Fuzz(func(t *testing.T, text, raw string) {
		if len(text) > 300 || len(raw) > 1000 {
			return
		}
		e, err := syntax.ParseExpr(text)
		if err != nil {
			return
		}
		diags := &diag.List{}
		p := Compile(e, Env{Template: set.Lookup}, diags)
		if p == nil {
			if diags.Len() == 0 {
				t.Fatalf("%q was refused without a word", text)
			}
			return
		}
		m, ctx := testmsg.Parse(raw), newContext()
		if m.Origin == nil {
			return
		}
		original := strings.Clone(string(m.Raw()))
		v := p.Eval(m, ctx)
		if n := len(v.Bytes()); n > 3*maxText {
			t.Fatalf("%q makes %d bytes", text, n)
		}
		v.JSON()
		cond := p.Bool(m, ctx)
		if again := p.Eval(m, ctx).Bool(); cond != again && !changing(strings.ToLower(text)) {
			t.Fatalf("%q: as a condition %v, its value %v", text, cond, again)
		}
		if string(m.Raw()) != original {
			t.Fatalf("%q changed the message to %q", text, m.Raw())
		}
	})
}

// changing reports whether the value of an expression may differ from time to time.
func changing(expr string) bool {
	for _, name := range []string{"random", "script_error", "parse_json", "uptime", "uuid"} {
		if strings.Contains(expr, name) {
			return true
		}
	}
	return false
}
