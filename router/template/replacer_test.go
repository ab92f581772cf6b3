package template

import (
	"testing"

	"syslogd/router/internal/testmsg"
)

// The values in this file are those of rsyslogd 8.2302.

func TestPositions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse("<13>Oct 11 22:14:15 h app: hello World 42"), str, []row{
		{"%msg:1:5%", " hell"}, {"%msg:5:$%", "lo World 42"}, {"%msg:3:3%", "e"}, {"%msg:8:3%", "ello W"}, {"%msg:100:200%", ""}, {"%msg:1:1000%", " hello World 42"}, {"%msg:2%", " h"}, {"%msg:5:%", " hell"},
		{"%msg::5%", " hell"}, {"%msg:0:3%", " he"}, {"%msg:$:3%", " he"}, {"%msg:$:$%", " hello World 42"}, {"%msg:0:$%", " hello World 42"}, {"%msg:0:0%", " hello World 42"}, {"%msg::%", " hello World 42"}, {"%msg:15:15%", "2"}, {"%msg:16:20%", ""},
		{"%syslogtag:1:32%", "app:"}, {"%pri:2:2%", "3"},
		{"%msg:3:1:pos-end-relative%", " 42"}, {"%msg:1:3:pos-end-relative%", " 42"}, {"%msg:1:1:pos-end-relative%", "2"}, {"%msg:3:3:pos-end-relative%", " "}, {"%msg:1:100:pos-end-relative%", " hello World 42"},
		{"%msg:100:50:pos-end-relative%", " "}, {"%msg:0:3:pos-end-relative%", " 42"}, {"%msg:3:0:pos-end-relative%", " 42"}, {"%msg:3:$:pos-end-relative%", " hello World "}, {"%msg:::pos-end-relative%", " hello World 42"},
		{"%procid:2:5:pos-end-relative%", "-"}, {"%$!nope:1:3:pos-end-relative%", ""}, {"%$!nope:1:3%", ""},
		{"%programname:1:10:fixed-width%", "app       "}, {"%programname:1:2:fixed-width%", "ap"}, {"%programname:2:6:fixed-width%", "pp   "}, {"%programname:10:20:fixed-width%", ""}, {"%programname:::fixed-width%", "app"},
		{"%programname:2:$:fixed-width%", "pp"}, {"%programname:1:6:fixed-width,uppercase,csv%", `"APP   "`}, {"%$!nope:1:3:fixed-width%", ""},
	})
}

// Unlike in rsyslogd a range is of whole characters where the result is JSON.
func TestPositionsInJSONAreBetweenCharacters(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse("<13>Oct 11 22:14:15 h app:\u00e4\u20ac\U0001f600"), str, []row{
		{"%msg:1:1:json%", ""}, {"%msg:1:2:json%", "\u00e4"}, {"%msg:1:4:json%", "\u00e4"}, {"%msg:2:5:json%", "\u20ac"},
		{"%msg:2:8:jsonf%", "\"msg\":\"\u20ac\""}, {"%msg:1:8:jsonr%", "\u00e4\u20ac"}, {"%msg:7:8:json%", ""},
		{"%msg:1:1%", "\xc3"}, {"%msg:5:1:pos-end-relative,json%", "\U0001f600"}, {"%msg:1:9:json%", "\u00e4\u20ac\U0001f600"},
	})
	check(t, testmsg.Parse("<13>Oct 11 22:14:15 h app:\xe4\xf6\xfc"), str, []row{{"%msg:1:2:json%", "\xe4\xf6"}})
}

func TestFields(t *testing.T) {
	t.Parallel()
	const missing = "**FIELD NOT FOUND**"
	m := testmsg.Parse("<13>Oct 11 22:14:15 h app: a/b,c  d\te\tf")
	check(t, m, str, []row{
		{"%msg:F,32:2%", "a/b,c"}, {"%msg:F,32:1%", ""}, {"%msg:F,32:3%", ""}, {"%msg:F,32:4%", "d\te\tf"}, {"%msg:F,32:5%", missing}, {"%msg:F,47:2%", "b,c  d\te\tf"}, {"%msg:F,58:1%", " a/b,c  d\te\tf"}, {"%msg:F,58:2%", missing},
		{"%msg:F:1%", " a/b,c  d"}, {"%msg:F:2%", "e"}, {"%msg:F,9:3%", "f"}, {"%msg:F:4%", missing}, {"%msg:F:0%", missing}, {"%$!nope:F,32:1%", ""},
		{"%msg:F,32:2,3%", "a/b"}, {"%msg:F,32,2:2,3%", "/b"}, {"%msg:F,32:2,$%", "a/b,c"}, {"%msg:F,32:2:uppercase%", "A/B,C"}, {"%msg:F,32:9:uppercase%", "**FIELD NOT FOUND**"},
		{"%timereported:F,58:2%", "14"},
	})
}

func TestRegularExpressions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse("<13>Oct 11 22:14:15 h app: hello World 42"), str, []row{
		{"%msg:R,ERE,0:[a-z]+--end%", "hello"}, {"%msg:R,ERE,2:([a-z]+) (W)--end%", "W"}, {"%msg:R,ERE,0,DFLT,1:[a-z]+--end%", "orld"}, {"%msg:R,ERE,0,DFLT,1:l--end%", "l"}, {"%msg:R,ERE,0,DFLT,9:l--end%", "**NO MATCH**"},
		{"%msg:R:o[a-z]*--end%", "o"}, {"%msg:R,ERE:l+--end%", "ll"}, {"%msg:R,,1,BLANK:h\\\\(el*\\\\)--end%", "ell"}, {"%msg:R,BRE,1,BLANK:\\\\(o[a-z]*\\\\) W--end%", "o"}, {"%msg:R,BRE,0:l+--end%", "**NO MATCH**"},
		{"%msg:R,ERE,1,DFLT:no([0-9])--end%", "**NO MATCH**"}, {"%msg:R,ERE,1,BLANK:no([0-9])--end%", ""}, {"%msg:R,ERE,1,FIELD:no([0-9])--end%", " hello World 42"}, {"%msg:R,ERE,1,ZERO:no([0-9])--end%", "0"},
		{"%msg:R,ERE,1,DFLT:(zz)?he--end%", ""}, {"%msg:R,ERE,5,DFLT:he--end%", ""}, {"%msg:R,ERE,5,FIELD:he--end%", ""},
		{"%msg:R,ERE,0,DFLT:x*--end%", ""}, {"%msg:R,ERE,0,DFLT,2:x*--end%", ""},
		{"%msg:R,ERE,0,DFLT:[0-9]+%?--end%", "42"}, {"%msg:R,ERE,0,DFLT:ell.*W:?--end:uppercase%", "ELLO W"}, {"%msg:R,ERE,0,FIELD:zz--end:uppercase%", " HELLO WORLD 42"},
		{"%timereported:R,ERE,0:[0-9]+--end%", "11"}, {"%timereported:R,ERE,0:1[1-9]--end:date-pgsql%", "11"},
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse("<13>Oct 11 22:14:15 h a/b: Mixed  \xc3\xa4 /x"), str, []row{
		{"%msg:::uppercase%", " MIXED  \xc3\xa4 /X"}, {"%msg:::LowerCase%", " mixed  \xc3\xa4 /x"}, {"%msg:::uppercase,lowercase%", " mixed  \xc3\xa4 /x"}, {"%msg:::,uppercase%", " MIXED  \xc3\xa4 /X"}, {"%msg:1:3:uppercase%", " MI"},
		{"%timereported:::uppercase%", "OCT 11 22:14:15"}, {"%msg:::compressspace%", " Mixed \xc3\xa4 /x"}, {"%msg:::compressspace,csv%", "\" Mixed \xc3\xa4 /x\""},
		{"%syslogtag:::secpath-drop%", "ab:"}, {"%syslogtag:::secpath-replace%", "a_b:"},
		{"x%msg:::sp-if-no-1st-sp%y", "xy"}, {"x%hostname:::sp-if-no-1st-sp%y", "x y"}, {"x%$!nope:::sp-if-no-1st-sp%y", "xy"}, {"x%msg:2:4:sp-if-no-1st-sp%y", "x y"},
		{"%msg:::csv%", "\" Mixed  \xc3\xa4 /x\""}, {"%msg:::json%", " Mixed  \xc3\xa4 \\/x"}, {"%msg:::json:name%", " Mixed  \xc3\xa4 \\/x"}, {"%msg:::jsonf%", "\"msg\":\" Mixed  \xc3\xa4 \\/x\""}, {"%MSG:::jsonf%", "\"MSG\":\" Mixed  \xc3\xa4 \\/x\""},
		{"%msg:2:4:jsonf:Name%", `"Name":"Mix"`}, {"%timereported:::jsonf%", `"timereported":"Oct 11 22:14:15"`}, {"%hostname:::date-rfc3339%", "h"}, {"%pri:::jsonf%", `"pri":"13"`}, {"%$bom:::jsonf%", "\"$bom\":\"\ufeff\""},
	})
	check(t, variables(t), str, []row{
		{"%$!slash:::secpath-drop%", "_"}, {"%$!slash:::secpath-replace%", "_"}, {"%$!dd:::secpath-replace%", "_."}, {"%$!dot:::secpath-replace%", "_"}, {"%$!dot:::secpath-drop%", "_"}, {"%$!ddd:::secpath-replace%", "..."}, {"%$!sdd:::secpath-drop%", "_."},
		{"%$!sdd:::secpath-replace%", "_.._"}, {"%$!nope:::secpath-drop%", "_"}, {"%$!nope:::secpath-replace%", "_"},
		{"%$!ws:::compressspace%", " a b "},
		{"%$!cc%", "a\tb\x01\n\x7f\x1f"}, {"%$!cc:::drop-cc%", "ab"}, {"%$!cc:::space-cc%", "a b    "}, {"%$!cc:::escape-cc%", "a#009b#001#010#127#031"}, {"%$!cc:::drop-cc,space-cc%", "ab"}, {"%$!cc:::space-cc,drop-cc%", "ab"}, {"%$!cc:::escape-cc,space-cc%", "a b    "}, {"%$!cc:::escape-cc,uppercase,json%", "A#009B#001#010#127#031"},
		{"%$!cc:::json%", "a\\tb\\u0001\\n\x7f\\u001F"}, {"%$!cc:::csv%", "\"a\tb\x01\n\x7f\x1f\""},
		{"%$!lf:::drop-last-lf%", "x\n"}, {"%$!lf:::drop-last-lf,space-cc%", "x  "}, {"%$!lf:::escape-cc,drop-last-lf%", "x#010#010"}, {"%$!nope:::drop-last-lf%", ""},
		{"%$!esc:::json%", `a\\b\"c\ndä\\x\/\"\\`}, {"%$!pre:::jsonr%", `a\\b\"c\nd\u00e4\\x\/\"\\`}, {"%$!pre:::jsonfr%", `"pre":"a\\b\"c\nd\u00e4\\x\/\"\\"`}, {"%$!q:::csv%", `"it's \ ""q"""`}, {"%$!nope:::csv%", `""`},
		{"%$!tree:::json%", `{ \"x\": 1, \"y\": \"z\\\/\\\"q\" }`}, {"%$!tree:::csv%", `"{ ""x"": 1, ""y"": ""z\/\""q"" }"`}, {"%$!num:::jsonf%", `"num":"42"`}, {"%$!a!b:::jsonf%", `"a!b":"v"`}, {"%$.l:::jsonf%", `"l":""`}, {"%$/g:::jsonf%", `"$/g":""`},
		{"%$!nope:::jsonf,mandatory-field%", `"nope":""`},
	})
}

// The order in which the options apply does not depend on the order in which they are written.
func TestOrderOfOptions(t *testing.T) {
	t.Parallel()
	m := testmsg.Parse("<13>Oct 11 22:14:15 h app: ./  x\t\"y\"\n\n") // the second LF is not part of it
	want := `" ._ X#009""Y""#010"`
	for _, options := range []string{"csv,escape-cc,secpath-replace,compressspace,uppercase,drop-last-lf", "drop-last-lf,uppercase,compressspace,secpath-replace,escape-cc,csv"} {
		check(t, m, str, []row{{"%msg:::" + options + "%", want}})
	}
	check(t, m, str, []row{{"%msg:2:5:uppercase,space-cc,compressspace%", "./ "}, {"%msg:::drop-cc,compressspace,json%", ` .\/ x\"y\"`}})
}
