package syntax

import (
	"fmt"
	"strings"
	"testing"
)

var kindNames = map[kind]string{
	tEOF: "eof", tBad: "bad", tIf: "if", tForeach: "foreach", tReloadTable: "reload", tStop: "stop", tElse: "else",
	tCall: "call", tCallIndirect: "callindirect", tSet: "set", tReset: "reset", tUnset: "unset",
	tContinue: "continue", tAmp: "amp", tLBrace: "{", tRBrace: "}", tObject: "object", tPropFilter: "prop",
	tPRIFilter: "pri", tLegacy: "legacy", tDirective: "directive", tBSD: "bsd", tName: "name", tString: "string",
	tBacktick: "backtick", tNumber: "number", tVar: "var", tOp: "op", tNot: "not", tLParen: "(", tRParen: ")",
	tLBracket: "[", tRBracket: "]", tComma: ",", tAssign: "=", tSemi: ";", tThen: "then", tDo: "do", tIn: "in",
	tExists: "exists",
}

// tokens scans all of text in one state, as kind<text> words.
func tokens(text string, scan func(*lexer, int) token) string {
	s := newSource(sourceOf(text))
	x := newLexer(s.text)
	var out []string
	for off := 0; ; {
		t := scan(x, off)
		if t.kind == tEOF {
			return strings.Join(out, " ")
		}
		word := kindNames[t.kind] + "<" + t.text + ">"
		if t.problem != nil {
			word += "!"
		}
		out = append(out, word)
		off = max(t.end, off+1)
	}
}

func TestTokensWhereStatementsBegin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"if IF Foreach stop else call call_indirect set reset unset continue & { }",
			"if<if> if<IF> foreach<Foreach> stop<stop> else<else> call<call> callindirect<call_indirect> set<set> reset<reset> unset<unset> continue<continue> amp<&> {<{> }<}>"},
		{"reload_lookup_table", "reload<reload_lookup_table>"},
		{"stopwatch stop; stop-it", "legacy<stopwatch> legacy<stop;> legacy<stop-it>"},
		{"action(", "object<action>"},
		{"Main_Queue \n\t (", "object<main_queue>"},
		{"action", "legacy<action>"},
		{"actions(", "legacy<actions> bad<(>!"},
		{"*.*", "pri<*.*>"},
		{"  mail.info;user.!=err", "pri<mail.info;user.!=err>"},
		{"mail,user.*", "pri<mail,user.*>"},
		{"local0.7", "pri<local0.7>"},
		{"MAIL.Info", "pri<MAIL.Info>"},
		{"root,admin", "pri<root,admin>"},
		{"root,admin-x", "legacy<root,admin-x>"},
		{" root,admin-x", "pri<root,admin> legacy<-x>"},
		{"{ mail.*", "{<{> legacy<mail> legacy<.*>"},
		{"13.*", "legacy<13> legacy<.*>"},
		{"*", "legacy<*>"},
		{"~", "legacy<~>"},
		{"~ # x", "legacy<~ # x>"},
		{"/var/log/a;f # x", "legacy</var/log/a;f # x>"},
		{"-/var/log/a", "legacy<-/var/log/a>"},
		{"-?dyn;f", "legacy<-?dyn;f>"},
		{"?dyn", "legacy<?dyn>"},
		{"|/dev/xconsole", "legacy<|/dev/xconsole>"},
		{"@host:514", "legacy<@host:514>"},
		{"@@(o)host;f", "legacy<@@(o)host;f>"},
		{"^/bin/prog;f", "legacy<^/bin/prog;f>"},
		{">host,db,user,pw", "legacy<>host,db,user,pw>"},
		{"./file", "legacy<./file>"},
		{":omusrmsg:root,admin", "legacy<:omusrmsg:root,admin>"},
		{":msg, contains", "prop<:> legacy<msg,> legacy<contains>"},
		{"\t:$!a, x", "prop<:> bad<$>! bad<!>! legacy<a,> legacy<x>"},
		{"stop :msg", "stop<stop> bad<:>! legacy<msg>"},
		{"$ModLoad imudp # x", "directive<$ModLoad imudp # x>"},
		{"stop $Foo x", "stop<stop> directive<$Foo x>"},
		{"!prog", "bsd<!prog>"},
		{"! prog", "bad<!>! legacy<prog>"},
		{"+host.a-b:1", "bsd<+host.a-b:1>"},
		{"-host", "bsd<-host>"},
		{"stop -host", "stop<stop> legacy<-host>"},
		{"+*", "bsd<+*>"},
		{"+* # all", "bsd<+* # all>"},
		{"+a b", "bad<+>! legacy<a> legacy<b>"},
		{"# c\nstop # d\n/* e\n*/ stop", "stop<stop> stop<stop>"},
		{"// c\nstop", "legacy<// c> stop<stop>"},
		{"# c \\\nstop\nstop", "stop<stop>"},
		{"%x", "bad<%>! legacy<x>"},
		{"é", "bad<é>!"},
	} {
		if got := tokens(c.text, (*lexer).statement); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestTokensOfObjects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`type="omfile" queue.Size = "1" [ , ] )`, "name<type> =<=> string<omfile> name<queue.Size> =<=> string<1> [<[> ,<,> ]<]> )<)>"},
		{"a # c\n/* d */ b", "name<a> name<b>"},
		{"`echo $X`", "backtick<echo $X>"},
		{`"a\"b\\c\'d\?e"`, `string<a"b\c'd?e>`},
		{`"\a\b\f\n\r\t\v"`, "string<\a\b\f\n\r\t\v>"},
		{`"\101\x41$%"`, "string<AA$%>"},
		{`"\/"`, "string</>!"},
		{`"\$"`, "string<$>!"},
		{`"\7b\12c"`, "string<\ab\nc>!"},
		{"\"a\n  b\"", "string<a\n  b>"},
		{"\"a  \nb\"", "string<a\nb>"},
		{"\"a\\\n  b\"", "string<ab>"},
		{"\"open", "string<open>!"},
		{"\"open)\nx=\"y\"", "string<open)>! name<x> =<=> string<y>"},
		{"'a' 5 a-b", "bad<'>! name<a> bad<'>! bad<5>! name<a> bad<->! name<b>"},
		{"`open", "backtick<open>!"},
	} {
		if got := tokens(c.text, (*lexer).object); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestTokensOfExpressions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"and or not == != <> <= >= < > = + - * / % & ( ) [ ] , in ;",
			"op<and> op<or> not<not> op<==> op<!=> op<!=> op<<=> op<>=> op<<> op<>> =<=> op<+> op<-> op<*> op</> op<%> op<&> (<(> )<)> [<[> ]<]> ,<,> in<in> ;<;>"},
		{"contains CONTAINS_I startswith startswith_i endswith then DO exists",
			"op<contains> op<contains_i> op<startswith> op<startswith_i> op<endswith> then<then> do<do> exists<exists>"},
		{"endswith_i thenx", "name<endswith_i> name<thenx>"},
		{"0 7 010 0x1F 123", "number<0> number<7> number<010> number<0x1F> number<123>"},
		{"08 5.0 0x", "number<08>! number<5>! number<0> name<x>"},
		{"$msg $!a!b $.x-1 $/g $$now $!a[2]!c $@x", "var<msg> var<!a!b> var<.x-1> var</g> var<$now> var<!a[2]!c> var<@x>"},
		{"$msg/2 $!all-json", "var<msg> op</> number<2> var<!all-json>"},
		{"$ x", "var<>! name<x>"},
		{`'a$b\'c' "a\$b"`, "string<a$b'c> string<a$b>"},
		{`"a$b"`, "string<a$b>!"},
		{`'\n\t\r\b\x41\101\\'`, "string<\n\t\r\bAA\\>"},
		{`'\a' '\?' '\d'`, "string<a>! string<?>! string<d>!"},
		{"'it''s'", "string<it> string<s>"},
		{"/* c */ 1", "number<1>"},
		{"1 # c", "number<1> bad<# c>!"},
		{":= && || ! === =~", "=<=>! op<and>! op<or>! not<not>! op<==>! op<==>!"},
		{"{", "bad<{>"},
		{"“x” ‘y", "string<x>! bad<‘>! name<y>"},
		{"re_match($msg, 'x')", "name<re_match> (<(> var<msg> ,<,> string<x> )<)>"},
	} {
		if got := tokens(c.text, (*lexer).expression); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

// Positions must lead to the byte in the original text, also behind joined lines
// and dropped blanks.
func TestPositionsAcrossContinuationLines(t *testing.T) {
	t.Parallel()
	text := "set $.a = 1 + \\\n   $.b \\  \n\t+ $.c;  \t\nset $.d = 2;\r\n  stop"
	s := newSource(sourceOf(text))
	want := "set $.a = 1 + $.b + $.c;\nset $.d = 2;\n  stop\n"
	if string(s.text) != want {
		t.Fatalf("joined text %q, want %q", s.text, want)
	}
	for _, c := range []struct {
		word string
		pos  string
	}{
		{"$.a", "x:1:5"}, {"$.b", "x:2:4"}, {"+ $.c", "x:3:2"}, {"$.c", "x:3:4"}, {"$.d", "x:4:5"}, {"stop", "x:5:3"},
	} {
		off := strings.Index(want, c.word)
		if got := s.rng(off, off+1).Start.String(); got != c.pos {
			t.Errorf("%s is at %s, want %s", c.word, got, c.pos)
		}
	}
	if r := s.rng(0, len(want)); r.Len != len("set $.a = 1 + ") {
		t.Errorf("a range over lines has %d bytes of the first", r.Len)
	}
}

func TestContinuationLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "\n"},
		{"a", "a\n"},
		{"a\n", "a\n"},
		{"a  \n\n b\t\n", "a\n\n b\n"},
		{"a\\\nb", "ab\n"},
		{"a\\\n\nb", "a\nb\n"},
		{"a \\\n \r\\\n\nb", "a\nb\n"},
		{"a\\\n   \nb", "a\nb\n"},
		{"a \\ \n  b\\\nc", "a bc\n"},
		{"a\\", "a\n"},
		{"a\\\\\n\nb", "a\\\nb\n"},
		{"\\\n\\\na", "a\n"},
		{"a\x00b\nc", "a\nc\n"},
		{"\xef\xbb\xbfa", "a\n"},
		{"a\v\f\r\nb", "a\nb\n"},
	} {
		if got := string(newSource(sourceOf(c.text)).text); got != c.want {
			t.Errorf("%q is read as %q, want %q", c.text, got, c.want)
		}
	}
}

// Every byte of the joined text must map to an equal byte of the original.
func checkMapping(t *testing.T, text string) {
	t.Helper()
	s := newSource(sourceOf(text))
	lines := strings.Split(text, "\n")
	for off, c := range s.text {
		if c == '\n' {
			continue
		}
		p := s.rng(off, off+1).Start
		if p.Line > len(lines) || p.Col > len(lines[p.Line-1]) || lines[p.Line-1][p.Col-1] != c {
			t.Fatalf("%q: byte %d (%q) of the joined text maps to %v", text, off, c, fmt.Sprint(p.Line, ":", p.Col))
		}
	}
}
