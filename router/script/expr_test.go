package script

import (
	"testing"

	"syslogd/message"
	"syslogd/router/internal/testmsg"
)

// The values are those of rsyslogd 8.2302.
func TestArithmetic(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{"1 + 2", "3"}, {"7 - 10", "-3"}, {"6 * 7", "42"}, {"7 / 2", "3"}, {"-7 / 2", "-3"}, {"7 / -2", "-3"},
		{"7 % 3", "1"}, {"-7 % 3", "-1"}, {"7 % -3", "1"},
		{"5 / 0", "0"}, {"5 % 0", "0"}, {`5 / "x"`, "0"}, {"$!nope / $!nope", "0"},
		{"9223372036854775807", "9223372036854775807"}, {"9223372036854775807 + 1", "-9223372036854775808"}, {"9223372036854775807 * 2", "-2"},
		{"(-9223372036854775807 - 1) / -1", "-9223372036854775808"}, {"(-9223372036854775807 - 1) % -1", "0"},
		{"0x1f", "31"}, {"010", "8"}, {"0xFF + 1", "256"}, {"0", "0"},
		{`-"5"`, "-5"}, {`-"abc"`, "0"}, {"- (3)", "-3"}, {"1 + -1", "0"}, {"-$!nope", "0"},
		{`("a" == "a") + 1`, "2"}, {"$syslogseverity + 1", "7"}, {"$msg + 1", "1"}, {`["3","4"] + 1`, "4"},
	})
}

// Strings are decimal numbers, up to the first byte that is no digit. Only
// where all operands are constants, and not in arguments, may they be octal or
// hexadecimal.
func TestStringsAsNumbers(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	set(t, m, ctx, ".o", `"010"`)
	set(t, m, ctx, ".z", "0")
	check(t, m, ctx, []row{
		{`"3" + 4`, "7"}, {`"3x" + 4`, "7"}, {`"x" + 4`, "4"}, {`"" + 4`, "4"}, {`" 3" + 4`, "4"}, {`"3" + "4"`, "7"}, {`"+3" + 0`, "0"},
		{`"-3" + 1`, "-2"}, {`"1.9" + 1`, "2"}, {`"1e3" + 0`, "1"}, {`"99999999999999999999" + 0`, "7766279631452241919"},
		{`"0x10" + 1`, "17"}, {`"0x1f" + 0`, "31"}, {`"0xZ" + 0`, "0"}, {`"0x" + 0`, "0"}, {`"010" + 1`, "9"}, {`"08" + 1`, "1"}, {`"-017" + 0`, "-17"},
		{`("0" & "10") + 1`, "9"}, {`("010") + 1`, "9"}, {`"010" + 1 + $.z`, "9"},
		{`"010" + $.z`, "10"}, {`$.o + "010"`, "20"}, {`$.o + 1`, "11"}, {`-"010"`, "-10"},
		{`cnum("010")`, "8"}, {`cnum("0xFF")`, "255"}, {`cnum($.o)`, "10"}, {`cnum("0" & "10")`, "10"}, {`cnum(cstr("010"))`, "10"},
		{`"010" == 8`, "0"}, {`"010" == 10`, "1"}, {`"0x10" == 16`, "0"}, {`"010" < 9`, "0"}, {`$.o == 10`, "1"},
		{`"010" & -"abc" + "5"`, "105"}, {`"010" & -0 + "5"`, "69"}, {`cnum("0x10" - 7)`, "-7"}, {`tolower(100 % "010")`, `"0"`}, {`1 + cnum(("010" + 1))`, "12"},
		{`substring("0123456789abc", "010", 1)`, `"a"`}, {`int2hex("0x10")`, `"NAN"`}, {`int2hex("010")`, `"a"`},
	})
}

func TestConcatenation(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`"a" & "b"`, `"ab"`}, {`"a" & 1 & 2`, `"a12"`}, {"1 & 2", `"12"`}, {`"" & ""`, `""`}, {`$msg & "|"`, `" hello World 42|"`}, {`"a" & -1`, `"a-1"`},
		{`"x" & 1 + 2`, "2"}, {`"n=" & (1 + 2)`, `"n=3"`}, {"1 & 2 + 3", "15"}, {`"a" & "b" == "ab"`, "1"},
		{"$syslogtag & $programname & $syslogtag", `"app[12]:appapp[12]:"`}, {"$pri-text & $inputname & $pri", `"user.infoimudp14"`},
		{"$!nope & $!nope", `""`}, {`["a","b"] & "x"`, `"ax"`}, {`"x" & ["a","b"]`, `"xa"`},
	})
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{"2 + 3 * 4", "14"}, {"(2 + 3) * 4", "20"}, {"10 - 3 - 2", "5"}, {"100 / 10 / 5", "2"}, {"-5 + 3", "-2"}, {"2 * 3 > 5 and 1 < 2", "1"},
		{"1 == 1 or 1 == 2 and 1 == 2", "0"}, {"1 == 1 or (1 == 2 and 1 == 2)", "1"}, {"0 and 0 or 1", "1"},
		{"not 1 == 2", "0"}, {"not (1 == 2)", "1"}, {"not 1 == 1 or 1 == 1", "1"}, {"not not 1 == 1", "1"}, {"1 + 1 == 2", "1"},
		{`not $msg contains "World"`, "0"}, {`not ($msg contains "xyz")`, "1"},
	})
}

func TestTruth(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	set(t, m, ctx, "!t", "true")
	set(t, m, ctx, "!o", `{"k":1}`)
	for expr, want := range map[string]bool{
		"1": true, "0": false, `"1"`: true, `"0"`: false, `"00"`: false, `"01"`: true, `"x"`: false, `"1x"`: true, `""`: false, "5": true, "-1": true,
		"$msg": false, "$syslogseverity": true, "$!nope": false, "$!t": true, "$!o": false, "not 0": true, `not ""`: true, `not "abc"`: true,
		"1 and 1": true, `1 and "x"`: false, `1 or "x"`: true, "0 or 0": false, `"a" == "a"`: true, `"5" & ""`: true, `["1","0"]`: true,
	} {
		p := compile(t, expr)
		if got := p.Bool(m, ctx); got != want {
			t.Errorf("%s: got %v, want %v", expr, got, want)
		}
		if got := p.Eval(m, ctx).Bool(); got != want {
			t.Errorf("the value of %s: got %v, want %v", expr, got, want)
		}
	}
}

func TestAndAndOrStopEarly(t *testing.T) {
	t.Parallel()
	m := testmsg.Parse(userInfo)
	for expr, called := range map[string]bool{
		`0 and parse_json("[1]", "!x") == 0`: false, `1 or parse_json("[1]", "!x") == 0`: false,
		`1 and parse_json("[1]", "!x") == 0`: true, `0 or parse_json("[1]", "!x") == 0`: true,
	} {
		m.JSON = nil
		compile(t, expr).Bool(m, newContext())
		if (m.JSON != nil) != called {
			t.Errorf("%s: right side evaluated: %v, want %v", expr, m.JSON != nil, called)
		}
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{"$msg", `" hello World 42"`}, {"$MSG", `" hello World 42"`}, {"$hostname", `"h"`}, {"$syslogtag", `"app[12]:"`}, {"$procid", `"12"`}, {"$pri", `"14"`},
		{"$timereported", `"Oct 11 22:14:15"`}, {"$protocol-version", `"0"`}, {"$$now", `"2026-11-24"`}, {"$$year-utc", `"2026"`}, {"$$myhostname", `"box"`},
		{"$syslogseverity", `"6"`}, {"$syslogfacility-text", `"user"`}, {"$!", `""`}, {"$.x!y", `""`}, {"$/", `""`}, {"$!all-json", `""`}, {"$$!all-json", `"{}"`},
	})
	check(t, testmsg.Parse("<165>1 2003-10-11T22:14:15Z h app 1 ID - text"), newContext(), []row{
		{"$syslogtag", `"app[1]"`}, {"$msgid", `"ID"`}, {"$structured-data", `"-"`}, {"$msg", `"text"`}, {`$syslogtag & "/" & $app-name & $syslogtag`, `"app[1]/appapp[1]"`},
	})
}

func TestExists(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	set(t, m, ctx, "!p", `{"s":"","n":null,"l":[0],"e":{}}`)
	set(t, m, ctx, ".l", `"x"`)
	check(t, m, ctx, []row{
		{"exists($!p)", "1"}, {"exists($!p!s)", "1"}, {"exists($!p!n)", "0"}, {"exists($!p!e)", "1"}, {"exists($!p!l[0])", "1"}, {"exists($!p!l[1])", "0"},
		{"exists($!p!s!x)", "0"}, {"exists($!nope)", "0"}, {"exists($.l)", "1"}, {"exists($/l)", "0"}, {"exists($!P!S)", "1"}, {"exists($msg)", "0"},
	})
	set(t, m, ctx, "/l", "1")
	check(t, m, ctx, []row{{"exists($/l)", "1"}, {"exists($/L)", "1"}})
	ctx.ExactCase = true
	check(t, m, ctx, []row{{"exists($!P!S)", "0"}, {"exists($/L)", "0"}, {"exists($!p!s)", "1"}})
}

func TestVariablesAndTheirTypes(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	set(t, m, ctx, "!j", `{"n":5,"s":"5","f":1.50,"g":-2.9,"t":true,"z":null,"a":[1,"2",{"k":"v"}],"o":{"k":2},"e":{},"big":1e300,"nan":NaN}`)
	check(t, m, ctx, []row{
		{"$!j!n", "json 5"}, {"$!j!s", `"5"`}, {"$!j!z", `""`}, {"$!j!t", "json true"}, {"$!j!a", `json [ 1, "2", { "k": "v" } ]`}, {"$!j!a[1]", `"2"`}, {"$!j!a[2]!k", `"v"`},
		{"$!j!n + 1", "6"}, {"$!j!f + 1", "2"}, {"$!j!g + 0", "-2"}, {"$!j!t + 1", "2"}, {"$!j!a + 1", "1"}, {"$!j!o + 1", "1"}, {"$!j!z + 1", "1"},
		{"$!j!big + 0", "9223372036854775807"}, {"-$!j!big", "-9223372036854775807"}, {"$!j!nan + 1", "1"},
		{`"x" & $!j!o`, `"x{ \"k\": 2 }"`}, {"strlen($!j!t)", "4"}, {"strlen($!j!o)", "10"}, {"cnum($!j!t)", "1"}, {"cstr($!j!f)", `"1.5"`}, {"int2hex($!j!o)", `"0"`},
	})
}

// What set stores of a value, by its type.
func TestAssignedValues(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	set(t, m, ctx, "!j", `{"f":1.50,"o":{"g":[2.10]},"i":7}`)
	for expr, want := range map[string]string{
		`"text"`: `"text"`, "42": "42", "-1": "-1", "1 == 1": "1", `""`: `""`, `"42"`: `"42"`, "$!nope": `""`, "$msg": `" hello World 42"`,
		"$!j!f": "1.5", "$!j!o": `{"g":[2.1000000000000001]}`, "$!j!i": "7", `["a","b"]`: `"a"`,
	} {
		v := compile(t, expr).Eval(m, ctx).JSON()
		if got := string(v.AppendJSON(nil, true)); got != want {
			t.Errorf("set $!x = %s; stores %s, want %s", expr, got, want)
		}
	}
	if got := string(m.JSON.Get(message.ParsePath("j!f"), true).AppendJSON(nil, true)); got != "1.50" {
		t.Errorf("the original has become %s", got)
	}
}
