package template

import (
	"testing"

	"syslogd/router/internal/testmsg"
)

// The values in this file are those of rsyslogd 8.2302, where no other reason is given.

func TestListTemplates(t *testing.T) {
	t.Parallel()
	check(t, variables(t), list, []row{
		{`constant(value="host=") property(name="hostname") constant(value=" msg=\"") property(name="msg") constant(value="\"\n")`, "host=h msg=\" hello\"\n"},
		{`property(name="msg" caseConversion="upper")`, " HELLO"}, {`property(name="syslogtag" caseConversion="lower")`, "app:"},
		{`property(name="$!cc" controlCharacters="escape")`, "a#009b#001#010#127#031"}, {`property(name="$!cc" controlCharacters="space")`, "a b    "}, {`property(name="$!cc" controlCharacters="drop")`, "ab"},
		{`property(name="$!cc" controlCharacters="escape-octal")`, "a#011b#001#012#177#037"}, // newer than 8.2302
		{`property(name="$!sdd" securePath="drop")`, "_."}, {`property(name="$!sdd" securePath="replace")`, "_.._"},
		{`property(name="hostname" spifno1stsp="on")`, " "}, {`property(name="msg" spifno1stsp="on")`, ""}, {`property(name="$!lf" dropLastLF="on")`, "x\n"}, {`property(name="$!ws" compressSpace="on")`, " a b "},
		{`property(name="$!lf" controlCharacters="escape" dropLastLF="on")`, "x#010#010"},
		{`property(name="msg" position.from="2" position.to="4")`, "hel"}, {`property(name="msg" position.from="3")`, "ello"}, {`property(name="msg" position.to="3")`, " he"}, {`property(name="msg" position.from="1" position.to="-2")`, " hel"},
		{`property(name="msg" position.to="-9")`, ""}, {`property(name="msg" position.from="0" position.to="0")`, " hello"}, {`property(name="msg" position.from="3" position.to="3")`, "e"},
		{`property(name="msg" position.from="5" position.to="2" position.relativeToEnd="on")`, "hell"}, {`property(name="msg" position.from="100" position.to="50" position.relativeToEnd="on")`, " "},
		{`property(name="programname" position.from="1" position.to="6" fixedWidth="on")`, "app   "}, {`property(name="programname" position.to="6" fixedWidth="on")`, "app   "},
		{`property(name="msg" field.number="2" field.delimiter="32")`, "hello"}, {`property(name="msg" field.number="2")`, "**FIELD NOT FOUND**"}, {`property(name="msg" field.delimiter="32")`, " hello"},
		{`property(name="msg" field.number="2" field.delimiter="32" position.from="2" position.to="3")`, "el"},
		{`property(name="msg" regex.expression="h(el)" regex.type="ERE" regex.submatch="1" caseConversion="upper")`, "EL"}, {`property(name="msg" regex.expression="h\\(el\\)" regex.submatch="1")`, "el"},
		{`property(name="msg" regex.expression="l" regex.match="1")`, "l"}, {`property(name="msg" regex.expression="l" regex.match="2")`, "**NO MATCH**"}, {`property(name="msg" regex.expression="zz" regex.noMatchMode="BLANK")`, ""},
		{`property(name="msg" regex.expression="zz" regex.noMatchMode="FIELD")`, " hello"}, {`property(name="msg" regex.expression="zz" regex.noMatchMode="ZERO")`, "0"}, {`property(name="msg" regex.expression="zz" regex.noMatchMode="DFLT")`, "**NO MATCH**"},
		{`property(name="msg" format="csv" caseConversion="upper" position.to="2")`, `" H"`}, {`property(name="$!q" format="json")`, `it's \\ \"q\"`}, {`property(name="$!pre" format="jsonr")`, `a\\b\"c\nd\u00e4\\x\/\"\\`},
	})
}

func TestConstantsAreUnescapedTwice(t *testing.T) {
	t.Parallel()
	check(t, variables(t), list, []row{
		{`constant(value="a\nb")`, "a\nb"}, {`constant(value="a\\nb\\tc\\\\d")`, "a\nb\tc\\d"}, {`constant(value="\\\"\\'\\?\\$\\r")`, "\"'?$\r"}, {`constant(value="")`, ""}, {`constant(value="%msg%")`, "%msg%"}, {`constant(value="k" outname="n")`, "k"},
		{`constant(value="\\")`, `\`}, {`constant(value="\\z")`, `\z`},
		{`constant(value="k" outname="n" format="jsonf")`, `"n": "k"`}, {`constant(value="q\"x/y\\z" outname="n\"m" format="jsonf")`, `"n\"m": "q\"x\/y\\z"`},
	})
}

func TestJSONFields(t *testing.T) {
	t.Parallel()
	check(t, variables(t), list, []row{
		{`property(name="msg" format="jsonf")`, `"msg":" hello"`}, {`property(name="msg" format="jsonf" outname="k8s/Pod")`, `"k8s/Pod":" hello"`}, {`property(name="$!a!B" format="jsonf")`, `"a!b":"v"`}, {`property(name="$!q" format="jsonfr" outname="q")`, `"q":"it's \\ \"q\""`},
		{`property(name="msg" format="jsonf" outname="a\"b")`, `"a\"b":" hello"`}, // as it is JSON, unlike rsyslogd's
		{`property(name="$!num" format="jsonf" dataType="number")`, `"num":42`}, {`property(name="$!num" format="jsonf" dataType="bool")`, `"num":true`}, {`property(name="$!num" format="jsonf" dataType="string")`, `"num":"42"`}, {`property(name="$!num" format="jsonf" dataType="auto")`, `"num":42`},
		{`property(name="$!num" format="jsonfr" dataType="auto")`, `"num":42`}, {`property(name="$!neg" format="jsonf" dataType="auto")`, `"neg":"-5"`}, {`property(name="$!neg" format="jsonf" dataType="number")`, `"neg":-5`}, {`property(name="$!text" format="jsonf" dataType="number")`, `"text":text`},
		{`property(name="$!text" format="jsonf" dataType="bool")`, `"text":true`}, {`property(name="$!text" format="jsonf" dataType="auto")`, `"text":"text"`}, {`property(name="$!zero" format="jsonf" dataType="bool")`, `"zero":false`},
		{`property(name="$!nope" format="jsonf" dataType="number")`, `"nope":0`}, {`property(name="$!nope" format="jsonf" dataType="bool")`, `"nope":true`}, {`property(name="$!nope" format="jsonf" dataType="auto")`, `"nope":""`}, {`property(name="$!nope" format="jsonf")`, `"nope":""`},
		{`property(name="$!nope" format="jsonf" onEmpty="keep")`, `"nope":""`}, {`property(name="$!nope" format="jsonf" onEmpty="skip")`, ""}, {`property(name="$!empty" format="jsonf" onEmpty="skip" mandatory="on")`, ""}, {`property(name="$!empty" format="jsonf" onEmpty="null" dataType="number")`, `"empty":null`},
		{`property(name="$!zero" format="jsonf" omitIfZero="on" dataType="number")`, ""}, {`property(name="$!num" format="jsonf" omitIfZero="on")`, `"num":"42"`}, // newer than 8.2302
		{`property(name="msg" dataType="number" onEmpty="null")`, " hello"},
	})
}

func TestJSONObjects(t *testing.T) {
	t.Parallel()
	m := variables(t)
	for _, r := range []row{
		{`list { property(name="msg" outname="m" format="jsonf") property(name="hostname" outname="h" format="jsonf") constant(outname="c" value="k" format="jsonf") }`, `{"m":" hello", "h":"h", "c": "k"}`},
		{`list { property(name="$!nope" outname="e" format="jsonf" onEmpty="skip") property(name="msg" outname="m" format="jsonf") property(name="$!nope" outname="e" format="jsonf" onEmpty="skip") property(name="$!nope" outname="z" format="jsonf" onEmpty="null") }`, `{"m":" hello", "z":null}`},
		{`list { property(name="$!nope" outname="e" format="jsonf" onEmpty="skip") }`, "{}"},
		{`list { property(name="msg" outname="m") property(name="hostname") }`, `{"m":" hello", "hostname":"h"}`}, // unlike rsyslogd, whose values without a format are no JSON
		{`string:%msg:::jsonf%%hostname:::jsonf:h%`, `{"msg":" hello", "h":"h"}`},
	} {
		conf := `template(name="t" type="list" option.jsonf="on") ` + r.text[4:]
		if r.text[:6] == "string" {
			conf = `template(name="t" type="string" option.jsonf="on" string="` + r.text[7:] + `")`
		}
		if got := render(t, define(t, conf), m, newContext()); got != r.want+"\n" {
			t.Errorf("%s: got %q, want %q", conf, got, r.want+"\n")
		}
	}
}

// The time stamp of Elasticsearch set-ups.
func TestJSONFieldOfATime(t *testing.T) {
	t.Parallel()
	check(t, testmsg.Parse("<13>1 2026-02-03T04:05:06.123400+02:30 h a - - - x"), list, []row{
		{`property(name="timereported" dateFormat="rfc3339" date.inUTC="on" format="jsonf" outname="@timestamp")`, `"@timestamp":"2026-02-03T01:35:06.123400+00:00"`},
		{`property(name="timereported" dateFormat="unixtimestamp" format="jsonf" dataType="number")`, `"timereported":1770082506`},
		{`property(name="timereported" dateFormat="wdayname" caseConversion="upper")`, "TUE"},
	})
}

func TestJSONTrees(t *testing.T) {
	t.Parallel()
	m := variables(t)
	for entries, want := range map[string]string{
		`constant(outname="host.hostname" value="testhost" format="jsonf") constant(outname="host.ip" value="127.0.0.1" format="jsonf")
		 constant(outname="event.dataset.name" value="syslog" format="jsonf") property(outname="event.original" name="msg" format="jsonf")`: `{"host": {"hostname": "testhost", "ip": "127.0.0.1"}, "event": {"dataset": {"name": "syslog"}, "original":" hello"}}`,
		`property(outname="a.b" name="msg") property(outname="c" name="hostname") property(outname="a.d" name="hostname")`: `{"a": {"b":" hello", "d":"h"}, "c":"h"}`,
		`property(outname="a.b" name="$!nope" onEmpty="skip") property(outname="c" name="hostname")`:                       `{"c":"h"}`,
		`property(outname="a..b" name="hostname") property(outname=".c" name="hostname")`:                                  `{"a..b":"h", ".c":"h"}`,
	} {
		got := string(define(t, `template(name="t" type="list" option.jsonftree="on") { `+entries+` }`).Append(nil, m, newContext()))
		if got != want+"\n" {
			t.Errorf("%s\n got %swant %s", entries, got, want)
		}
	}
}
