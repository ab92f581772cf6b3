package script

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"syslogd/router/internal/testmsg"
)

// The values are those of rsyslogd 8.2302 for the functions it has.
func TestStringFunctions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`strlen("abc")`, "3"}, {`strlen("")`, "0"}, {`strlen("ü")`, "2"}, {"strlen(12345)", "5"}, {"strlen($msg)", "15"}, {"strlen($!nope)", "0"}, {`strlen(["abc","d"])`, "3"},

		{`substring("123456789", 0, 4)`, `"1234"`}, {`substring("123456789", 3, 4)`, `"4567"`}, {`substring("abcdef", 0, -2)`, `"abcd"`}, {`substring("abcdef", 2, -1)`, `"cdef"`},
		{`substring("123", 1, 99)`, `"23"`}, {`substring("123", 0, 0)`, `""`}, {`substring("123", 3, 1)`, `""`}, {`substring("123", 9, 1)`, `""`}, {`substring("abc", 0, -3)`, `""`},
		{`substring("abc", 0, -99)`, `""`}, {`substring("abc", -5, 2)`, `"ab"`}, {`substring("", 0, 5)`, `""`}, {`substring(12345, 1, 2)`, `"23"`}, {`substring("abc", "1", "1")`, `"b"`},
		{`substring("abc", 9223372036854775807, 9223372036854775807)`, `""`}, {`substring("abc", 1, 9223372036854775807)`, `"bc"`},

		{`tolower("ABC Def[")`, `"abc def["`}, {`tolower("ÀÉ")`, `"ÀÉ"`}, {"tolower(12)", `"12"`}, {`toupper("abc Def{")`, `"ABC DEF{"`}, {`toupper("é")`, `"é"`},
		{`ltrim("  a b  ")`, `"a b  "`}, {`rtrim("  a b  ")`, `"  a b"`}, {`ltrim("\ta")`, `"\ta"`}, {`rtrim("a \t")`, `"a \t"`}, {`rtrim(ltrim("   "))`, `""`}, {"ltrim($msg)", `"hello World 42"`},

		{`replace("aXbXc", "X", "-")`, `"a-b-c"`}, {`replace("aaa", "aa", "b")`, `"ba"`}, {`replace("aaa", "a", "bb")`, `"bbbbbb"`}, {`replace("abc", "", "y")`, `"yaybycy"`}, {`replace("", "", "x")`, `"x"`},
		{`replace("abc", "b", "")`, `"ac"`}, {`replace("", "a", "b")`, `""`}, {`replace("12321", 2, "x")`, `"1x3x1"`}, {`replace("ab", "abc", "x")`, `"ab"`},

		{`wrap("abc", "#")`, `"#abc#"`}, {`wrap("abc", "##")`, `"##abc##"`}, {`wrap("", "#")`, `"##"`}, {`wrap("a", "")`, `"a"`}, {`wrap("a'b", "'", "_")`, `"'a_b'"`},
		{`wrap("foo##bar", "##", "%")`, `"##foo%bar##"`}, {`wrap("a'b'", "'", "")`, `"'ab'"`},

		{"cstr(12)", `"12"`}, {`cstr("x")`, `"x"`}, {"cstr(1 == 1)", `"1"`},
		{`tolower(substring($msg, 1, 3)) & cnum(field($msg, 32, 4)) + 1`, "1"}, {`wrap(re_extract($msg, "([0-9]+)", 0, 1, "none"), "<", "")`, `"<42<"`},
	})
}

// TestATextThatWouldBecomeTooLongIsTold has functions that make long texts of long ones.
func TestATextThatWouldBecomeTooLongIsTold(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64<<10)
	for expr, told := range map[string]bool{
		`replace($msg, "a", "bb")`: false, `replace($msg, "", "b")`: false, `wrap($msg, "'")`: false,
		`replace($msg, "a", $msg)`: true, `replace($msg, "", $msg)`: true, `wrap($msg, "a", $msg)`: true,
	} {
		m, ctx := testmsg.Parse("<13>Oct 11 22:14:15 h app:"+long), newContext()
		n := len(compile(t, expr).Eval(m, ctx).Bytes())
		if ctx.Exceeded != told || n > 2*maxText {
			t.Errorf("%s: told: %v, want %v; the result has %d bytes", expr, ctx.Exceeded, told, n)
		}
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	const missing = `"***FIELD NOT FOUND***"`
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`field("a,b,c", 44, 1)`, `"a"`}, {`field("a,b,c", 44, 2)`, `"b"`}, {`field("a,b,c", 44, 3)`, `"c"`}, {`field("a,b,c", 44, 4)`, missing}, {`field("a,b,c", 44, 0)`, missing}, {`field("a,b,c", 44, -1)`, missing},
		{`field("a,b,c", ",", 2)`, `"b"`}, {`field("a::b::c", "::", 3)`, `"c"`}, {`field("a::b::", "::", 3)`, `""`}, {`field("a:::b", "::", 2)`, `":b"`}, {`field("a,b", ",", 9)`, missing}, {`field("a,b", "44", 1)`, `"a,b"`},
		{`field("a,,c", 44, 2)`, `""`}, {`field("a b  c", 32, 3)`, `""`}, {`field($msg, 32, 2)`, `"hello"`}, {`field("abc", 44, 1)`, `"abc"`}, {`field("abc", 44, 2)`, missing}, {`field("abc", 44, "1")`, `"abc"`}, {`field("a,b", 44, 9223372036854775807)`, missing},
		{`field("", 44, 1)`, `""`}, {`field("", 44, 2)`, missing}, {`field(",", 44, 2)`, `""`}, {`field("a,b", "", 1)`, `""`}, {`field("a,b", "", 2)`, `""`}, {`field("a,b,c", 300, 1)`, `"a"`},
		{`field("a,b,c,d,e,f,g,h,i,j", 44, "010")`, `"j"`},
	})
}

func TestNumberFunctions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`cnum("12")`, "12"}, {`cnum("12abc")`, "12"}, {`cnum("abc")`, "0"}, {`cnum("")`, "0"}, {`cnum("-5")`, "-5"}, {`cnum("017")`, "15"}, {"cnum(5)", "5"}, {`cnum(" 7")`, "0"}, {`cnum("+3")`, "0"},
		{`cnum("3.9")`, "3"}, {`cnum("--5")`, "0"}, {`cnum("-")`, "0"}, {`cnum("9223372036854775808")`, "-9223372036854775808"},
		{`cbool("")`, "0"}, {`cbool(" No ")`, "0"}, {`cbool("OFF")`, "0"}, {`cbool("false")`, "0"}, {`cbool("0")`, "0"}, {`cbool("00")`, "1"}, {`cbool("x")`, "1"}, {"cbool(0)", "0"}, {"cbool(-3)", "1"}, {"cbool($!nope)", "0"},
		{"int2hex(255)", `"ff"`}, {"int2hex(0)", `"0"`}, {"int2hex(-1)", `"ffffffffffffffff"`}, {`int2hex("16")`, `"10"`}, {`int2hex("x")`, `"NAN"`}, {`int2hex("12a")`, `"NAN"`}, {`int2hex("")`, `"0"`},
		{"random(1)", "0"}, {"random(0)", "0"}, {`random("x")`, "0"}, {"random(-9223372036854775807 - 1)", "0"},
	})
	m, ctx := testmsg.Parse(userInfo), newContext()
	seen := map[string]bool{}
	p := compile(t, "random(3)")
	for range 200 {
		seen[p.Eval(m, ctx).String()] = true
	}
	if len(seen) != 3 || !seen["0"] || !seen["1"] || !seen["2"] {
		t.Errorf("random(3) gives %v", seen)
	}
}

func TestAddressFunctions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`ip42num("1.2.3.4")`, "16909060"}, {`ipv42num("10.0.0.1")`, "167772161"}, {`ip42num("0.0.0.0")`, "0"}, {`ip42num("255.255.255.255")`, "4294967295"}, {`ip42num("  10.0.0.1   ")`, "167772161"},
		{`ip42num("01.02.03.04")`, "16909060"}, {`ip42num("1.2.3.256")`, "16909312"}, {`ip42num("999.1.1.1")`, "3875602689"}, {`ip42num("4294967296.1.1.1")`, "65793"}, {`ip42num("99999999999.1.1.1")`, "4278255873"},
		{`ip42num("1.2.3.")`, "16909056"}, {`ip42num(".1.2.3")`, "66051"},
		{`ip42num("1.2.3")`, "-1"}, {`ip42num("1.2.3.4.5")`, "-1"}, {`ip42num("1..3.4")`, "-1"}, {`ip42num("+1.2.3.4")`, "-1"}, {`ip42num("-1.2.3.4")`, "-1"}, {`ip42num("1. 2.3.4")`, "-1"}, {`ip42num("1.2.3.4x")`, "-1"},
		{`ip42num("10.0.0.1 1")`, "-1"}, {`ip42num("")`, "-1"}, {`ip42num("x")`, "-1"},
		{"num2ipv4(16909060)", `"1.2.3.4"`}, {`num2ipv4("16909060")`, `"1.2.3.4"`}, {"num2ipv4(4294967295)", `"255.255.255.255"`}, {"num2ipv4(4294967296)", `"-1"`}, {"num2ipv4(-1)", `"-1"`}, {`num2ipv4("")`, `"0.0.0.0"`},
		{`num2ipv4("12a")`, `"-1"`}, {`num2ipv4(ip42num("192.0.2.77") / 256 * 256)`, `"192.0.2.0"`},
		{`is_in_subnet("192.0.2.77", "192.0.2.9/24")`, "1"}, {`is_in_subnet("192.0.3.77", "192.0.2.0/24")`, "0"}, {`is_in_subnet("2001:db8::1", "2001:db8::/32")`, "1"}, {`is_in_subnet("192.0.2.1", "2001:db8::/32")`, "0"},
		{`is_in_subnet("x", "192.0.2.0/24")`, "0"}, {`is_in_subnet("192.0.2.1", "192.0.2.0")`, "0"},
	})
}

func TestRegularExpressions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`re_match("foo123", "[0-9]+\$")`, "1"}, {`re_match("foo", "[0-9]")`, "0"}, {`re_match("FOO", "foo")`, "0"}, {`re_match_i("FOO", "foo")`, "1"}, {`re_match("a+b", "a\\+b")`, "1"}, {`re_match("", "^\$")`, "1"},
		{`re_match("a\nb", "a.b")`, "1"}, {`re_match("a\nb", "^b")`, "0"}, {`re_match(123, "2")`, "1"}, {`re_match("", "")`, "1"}, {`re_match($pri-text, "^user")`, "1"},
		{`re_extract("user=bob id=7", "user=([a-z]+)", 0, 1, "none")`, `"bob"`}, {`re_extract("user=bob id=7", "user=([a-z]+)", 0, 0, "none")`, `"user=bob"`}, {`re_extract("x", "y", 0, 0, "none")`, `"none"`},
		{`re_extract("n1 n2 n3", "n([0-9])", 2, 1, "none")`, `"3"`}, {`re_extract("n1 n2 n3", "n([0-9])", 3, 1, "none")`, `"none"`}, {`re_extract("abcabc", "b(c)", 1, 1, "D")`, `"c"`},
		{`re_extract("abc", "(x)?abc", 0, 1, "D")`, `"D"`}, {`re_extract("abc", "(x*)b", 0, 1, "D")`, `""`}, {`re_extract("abc", "b", 0, 5, "D")`, `"D"`}, {`re_extract("abc", "b", 0, 60, "D")`, `"D"`},
		{`re_extract("abc", "b", -1, 0, "D")`, `"D"`}, {`re_extract("abc", "b", 0, -1, "D")`, `"D"`}, {`re_extract("aaa", "^a", 1, 0, "D")`, `"a"`},
		{`re_extract("abc", "x*", 0, 0, "D")`, `""`}, {`re_extract("abc", "x*", 2, 0, "D")`, `""`}, {`re_extract("abc", "x*", 9223372036854775807, 0, "D")`, `""`}, {`re_extract("x", "y", 0, 0, 5)`, "5"}, {`re_extract_i("ABC", "(b)", 0, 1, "D")`, `"B"`},
		{`re_extract("GET https://www.example.org/a/b?c=1 200", "https?://([^/ ]+)(/[^ ]*)?", 0, 2, "")`, `"/a/b?c=1"`},
		{`prifilt("user.info")`, "1"}, {`prifilt("user.err")`, "0"}, {`prifilt("*.*;user.none")`, "0"}, {`prifilt("mail,user.info")`, "1"}, {`prifilt("user.=info")`, "1"}, {`prifilt("user.!info")`, "0"},
	})
}

func TestTextFunctions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`exec_template("tt")`, `"[h/app/ hello World 42]"`}, {`strlen(exec_template("tt"))`, "23"}, {`exec_template("tt") & "!" & exec_template("tt")`, `"[h/app/ hello World 42]![h/app/ hello World 42]"`},
		{`getenv("PATH")`, strconv.Quote(os.Getenv("PATH"))}, {`getenv("NO_SUCH_VARIABLE")`, `""`}, {`getenv("")`, `""`},
		{`b64_decode("aGVsbG8=")`, `"hello"`}, {`b64_decode("aGVsbG8")`, `""`}, {`b64_decode("?")`, `""`}, {`b64_decode("")`, `""`},
		{`tocef("0", "Sec|co", "fw", "1.0", "a=b", "x\\y", 5, "src=10.0.0.1")`, `"CEF:0|Sec\\|co|fw|1.0|a\\=b|x\\\\y|5|src=10.0.0.1"`}, {`cef_ext_escape("a=b\\c\n\r")`, `"a\\=b\\\\c\\n\\r"`},
	})
}

func TestJSONFunctions(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	set(t, m, ctx, "!p", `{"a":"A","l":["x","y",{"k":1}],"n":5,"z":null}`)
	set(t, m, ctx, ".k", `"a"`)
	check(t, m, ctx, []row{
		{`get_property($!p, "a")`, `"A"`}, {"script_error()", "0"}, {`get_property($!p, $.k)`, `"A"`}, {`get_property($!p, "A")`, `"A"`}, {`get_property($!p!l, 1)`, `"y"`}, {`get_property($!p!l, "0")`, `"x"`},
		{`get_property($!p!l, 2)`, `json { "k": 1 }`}, {`get_property($!p!l[2], "")`, `json { "k": 1 }`}, {`get_property($!p!n, "x")`, "json 5"}, {"script_error()", "0"},
		{`get_property($!p, "nope")`, `""`}, {"script_error()", "1"}, {`get_property($!p!l, 9)`, `""`}, {`get_property($!p!l, -1)`, `""`}, {`get_property($!p, "z")`, `""`}, {`get_property("str", "x")`, `""`}, {`get_property($!p!a, "x")`, `""`},
		{`split("a,b,,c", ",")`, `json [ "a", "b", "", "c" ]`}, {`split("abc", "")`, "json [ ]"}, {`split("", ",")`, `json [ "" ]`},
		{`append_json($!p!l[2], "new", 7)`, `json { "k": 1, "new": 7 }`}, {`append_json($!p!l, "z")`, `json [ "x", "y", { "k": 1 }, "z" ]`}, {`append_json($!p!n, "z")`, `""`}, {`append_json($!p!l, "k", "z")`, `""`},
		{`append_json("text", "z")`, `""`}, {"$!p!l", `json [ "x", "y", { "k": 1 } ]`},
	})
}

func TestParseJSON(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	check(t, m, ctx, []row{
		{`parse_json("{\"a\":{\"b\":[1,2]}}", "\$!p")`, "0"}, {"$!p!a!b", "json [ 1, 2 ]"}, {`parse_json("{\"c\":3}", "!p")`, "0"}, {"$!p", `json { "a": { "b": [ 1, 2 ] }, "c": 3 }`},
		{`parse_json("not json", "\$!q")`, "1"}, {"script_error()", "1"}, {"$!q", `""`}, {`parse_json("", "\$!q")`, "1"}, {`parse_json("{\"x\":1} tail", "\$.t")`, "0"}, {"$.t!x", "json 1"}, {"script_error()", "0"},
		{`parse_json("{\"g\":\"G\"}", "\$/")`, "0"}, {"$/g", `"G"`}, {`parse_json("{'a': True, 'b': None}", "\$!py")`, "1"}, {`parse_json("{'a': True}", "\$!py")`, "0"}, {"$!py!a", "json true"},
		{`parse_json("{\"x\":1}", "\$!p!a!b")`, "0"}, {"$!p!a!b", "json [ 1, 2 ]"},
	})
}

func TestPreviousActionSuspended(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	check(t, m, ctx, []row{{"previous_action_suspended()", "0"}})
	ctx.PreviousActionSuspended = func() bool { return true }
	check(t, m, ctx, []row{{"previous_action_suspended()", "1"}})
}

// The wants are those of rsyslog's own tests of fmunflatten.
func TestUnflatten(t *testing.T) {
	t.Parallel()
	m, ctx := testmsg.Parse(userInfo), newContext()
	check(t, m, ctx, []row{
		{`parse_json("{\"source.ip\":\"1.2.3.4\",\"source.bytes\":3258,\"source.geo.code\":\"FR\",\"dest.ip\":\"4.3.2.1\"}", "\$!u")`, "0"},
		{`unflatten($!u, ".")`, `json { "source": { "ip": "1.2.3.4", "bytes": 3258, "geo": { "code": "FR" } }, "dest": { "ip": "4.3.2.1" } }`}, {"script_error()", "0"},
		{`parse_json("{\"a\":{\"b\":\"foo\"},\"a.b.c\":\"bar\"}", "\$!v")`, "0"}, {`unflatten($!v, ".")`, `json { "a": { "b": { "c": "bar" } } }`},
		{`parse_json("{\"a\":{\"b\":\"foo\"},\"a.b\":{\"a\":21}}", "\$!w")`, "0"}, {`unflatten($!w, ".")`, `json { "a": { "b": { "a": 21 } } }`},
		{`unflatten("text", ".")`, `"text"`}, {"unflatten(42, '.')", "42"}, {"unflatten($!none, '.')", "0"}, {"script_error()", "1"},
		{`unflatten($!u, "")`, `json { "source.ip": "1.2.3.4", "source.bytes": 3258, "source.geo.code": "FR", "dest.ip": "4.3.2.1" }`},
	})
}

func TestPerlExpressions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse(userInfo), newContext(), []row{
		{`pcre_match("foobar", "foo(?=bar)")`, "1"}, {`pcre_match("foobaz", "foo(?=bar)")`, "0"}, {`pcre_match("abab", '^(ab)\\1$')`, "1"}, {`pcre_match("ABC", "(?i)abc")`, "1"}, {`pcre_match("ABC", "abc")`, "0"},
		{`pcre_match("", "x")`, "0"}, {`pcre_match("a1", "\\d")`, "1"},
	})
}
