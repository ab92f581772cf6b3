package script

import (
	"strings"
	"testing"

	"syslogd/router/internal/testmsg"
)

// truths checks expressions that are true and expressions that are false.
func truths(t *testing.T, raw string, yes, no []string) {
	t.Helper()
	m, ctx := testmsg.Parse(raw), newContext()
	set(t, m, ctx, "!j", `{"n":5,"s":"5","f":1.50,"t":true,"z":null,"a":[1,"2"],"o":{"k":2}}`)
	for i, list := range [][]string{yes, no} {
		for _, expr := range list {
			if got := compile(t, expr).Bool(m, ctx); got != (i == 0) {
				t.Errorf("%q: %s: got %v", raw, expr, got)
			}
		}
	}
}

func TestComparisonOfStrings(t *testing.T) {
	t.Parallel()
	truths(t, userInfo, []string{
		`"a" == "a"`, `"a" != "b"`, `"a" <> "b"`, `"abc" < "abd"`, `"a" <= "a"`, `"a" >= "A"`, `"" < "a"`, `"9" < "10"`, `"10" < "9a"`, `"" == ""`,
		`"a\x00b" != "a"`, `$hostname == "h"`, `"h" == $hostname`, `$hostname == $hostname`, `$msg == " hello World 42"`,
	}, []string{
		`"a" == "A"`, `"abc" > "abd"`, `"a" >= "b"`, `"10" < "9"`, `"abc" == "abc "`, `"01" == "1"`, `"" > ""`, `$hostname != "h"`, `$msg == "hello World 42"`,
	})
}

func TestComparisonOfNumbers(t *testing.T) {
	t.Parallel()
	truths(t, userInfo, []string{
		"1 == 1", `1 == "1"`, `"1" == 1`, `"01" == 1`, "5 > 3", "5 >= 5", "3 < 5", "-1 < 0", `"" == 0`, `$!nope == 0`, `$!nope < 1`, `"9" < 10`, `"" < 5`,
		`"9223372036854775807" == 9223372036854775807`, `"5" < "a"`, `"a" > 1`, `5 != "5 "`,
	}, []string{
		`1 == "1x"`, `"a" == 0`, "3 <= 2", "3 != 3", `"10" < 9`, "10 < 9", `"a" < 1`, `5 == " 5"`, `"" != 0`,
	})
}

func TestComparisonOfVariables(t *testing.T) {
	t.Parallel()
	truths(t, userInfo, []string{
		"$!j!n == 5", `$!j!n == "5"`, "$!j!s == 5", `$!j!s == "5"`, "$!j!t == 1", `$!j!t == "true"`, `$!j!z == ""`, "$!j!z == 0", `$!j!o == "{ \"k\": 2 }"`, "$!j!o == 0",
		"$!j!n < 10", `$!j!n < "10"`, `$!j!n < "9a"`, `"9a" > $!j!n`, "$!j!n > $!j!f", `$!j!a < "a"`, `$!j!f == "1.5"`, "$!j!f == 1", "$!j!f < 2",
		"$!j!n == $!j!n", "$!j!o == $!j!o", "$!j!n == $!j!s", `$!j!a contains "\"2\""`, `$!j!o startswith "{"`, `$!j!n == ["4","5"]`,
	}, []string{
		`$!j!n == "05"`, `$!j!t == "1"`, `$!j!z == "null"`, `$!j!o == ""`, `$!j!n < "1a"`, "$!j!o == $!j!a", "$!j!t == $!j!n", `$!j!f == "1.50"`,
	})
}

func TestContainsAndStartswith(t *testing.T) {
	t.Parallel()
	truths(t, userInfo, []string{
		`$msg contains "World"`, `$msg contains_i "wORLD"`, `$msg startswith " hello"`, `$msg startswith_i " HELLO"`, `$msg contains ""`, `"" contains ""`, `"" startswith ""`,
		`123 contains 2`, `123 startswith 12`, `"a1c" contains 1`, `$msg endswith "42"`, `"abc" endswith ""`, `$syslogtag contains "12"`, `$pri-text startswith "user."`,
		`"caf\xc3\x89" contains_i "CAF"`, `$fromhost-ip startswith "192.0.2."`,
	}, []string{
		`$msg contains "world"`, `$msg startswith "hello"`, `"abc" startswith_i "ABCD"`, `"" contains "a"`, `"\xc3\x84B" contains_i "\xc3\xa4b"`, `$msg endswith "4"`, `"c" endswith "bc"`,
	})
}

func TestComparisonWithAnArray(t *testing.T) {
	t.Parallel()
	truths(t, userInfo, []string{
		`$programname == ["a","app","b"]`, `["a","app"] == $programname`, `$programname != ["a","b"]`, `["a","b"] != $programname`, `$msg contains ["x","World"]`,
		`$msg startswith ["x"," hello"]`, `$msg contains_i ["WORLD"]`, `$msg startswith_i ["x"," HELLO"]`, `$msg endswith ["x","42"]`, `5 == ["5","6"]`, `"5" == ["5","6"]`,
		`5 < ["9","1"]`, `$syslogseverity-text == ["info","notice"]`, `$syslogseverity == ["6","7"]`, `["abc","x"] contains "b"`,
	}, []string{
		`$programname == ["a","b"]`, `$programname != ["a","app"]`, `$msg contains ["x","y"]`, `not ($programname == ["app"])`, `5 != ["5","6"]`, `5 > ["9","1"]`, `["a","b"] contains "b"`,
		`["a","b"] == "c"`,
	})
}

func TestFacilityAndSeverity(t *testing.T) {
	t.Parallel()
	truths(t, userInfo, []string{
		"$syslogseverity == 6", "$syslogseverity <= 6", "$syslogseverity >= 6", "$syslogseverity < 10", "6 == $syslogseverity", `$syslogseverity == "6"`, `$syslogseverity < "10"`, `$syslogseverity >= "5"`,
		`$syslogseverity-text == "info"`, `$syslogseverity-text == "INFO"`, `"info" == $syslogseverity-text`, `$syslogseverity-text != "err"`, `$syslogseverity-text contains "inf"`,
		"$syslogfacility == 1", `$syslogfacility-text == "user"`, `$syslogfacility-text == "USER"`, `$syslogfacility-text != "local0"`, "$syslogpriority == 6", `$syslogpriority-text == "info"`, "$pri == 14",
		`$pri-text == "user.info"`, "$syslogseverity == 3 + 3",
	}, []string{
		"$syslogseverity != 6", "$syslogseverity > 6", `$syslogseverity == "06"`, `$syslogseverity <= "4"`, "$syslogfacility == 16", `$syslogfacility-text == "local0"`, "$syslogseverity-text == 6",
	})
	// <12> is user.warning, <43> is syslog.err, <32> is auth.emerg.
	truths(t, "<12>Oct 11 22:14:15 h app: x", []string{`$syslogseverity-text == "warn"`, `$syslogseverity-text == "warning"`}, []string{`"warn" == $syslogseverity-text`, `$syslogseverity-text == "error"`})
	truths(t, "<43>Oct 11 22:14:15 h app: x", []string{`$syslogseverity-text == "error"`, `$syslogseverity-text == "err"`}, nil)
	truths(t, "<32>Oct 11 22:14:15 h app: x", []string{`$syslogfacility-text == "security"`, `$syslogseverity-text == "panic"`, `$syslogfacility-text == "auth"`}, nil)
	truths(t, "<999>x", []string{"$syslogfacility == 24", `$syslogfacility-text == "invld"`, `$pri == "invld"`, "$syslogfacility > 23"}, []string{"$syslogfacility < 24"})
}

// What Bool's comment promises: no allocation where properties are compared with constants.
func TestConditionsDoNotAllocate(t *testing.T) {
	old, modern := testmsg.Parse(userInfo), testmsg.Parse("<165>1 2003-10-11T22:14:15Z h app 12 ID - hello World")
	ctx := newContext()
	for _, expr := range []string{
		`$programname == "sshd" and ($msg contains "Failed" or $msg contains "error") and $syslogseverity <= 4`,
		`not ($msg startswith " hello") or $hostname == ["a","b","h"]`,
		`$syslogtag == "app[12]"`, `$pri-text == "user.info"`, `$inputname == ["imtcp","imudp"]`, `$timereported contains "Oct"`, `$syslogfacility-text == "local0"`,
		`$msg contains_i "WORLD"`, `$syslogseverity < "5"`, `$$hour == "12"`, "$syslogfacility == 1",
	} {
		p := compile(t, expr)
		p.Bool(modern, ctx) // the context's buffers grow once
		if n := testing.AllocsPerRun(100, func() { p.Bool(old, ctx); p.Bool(modern, ctx) }); n >= 1 {
			t.Errorf("%s: %.1f allocations", expr, n)
		}
	}
}

func BenchmarkCondition(b *testing.B) {
	m, ctx := testmsg.Parse(userInfo), newContext()
	for _, expr := range []string{
		`$syslogseverity <= 4`, `$programname == "sshd"`, `$msg contains "Failed password"`, `$programname == "app" and ($msg contains "World" or $msg contains "x")`,
		`re_match($msg, "W[a-z]+ [0-9]+")`, `$!user == "bob"`,
	} {
		b.Run(strings.ReplaceAll(expr, " ", ""), func(b *testing.B) {
			p := compile(b, expr)
			b.ReportAllocs()
			for b.Loop() {
				p.Bool(m, ctx)
			}
		})
	}
}
