package modify_test

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/engine"
	"syslogd/message"
	"syslogd/router/property"
)

// run gives messages to a configuration and returns what it would write.
func run(t *testing.T, conf string, messages ...string) []string {
	t.Helper()
	cfg, diags, err := config.Load("test.conf", []byte(conf), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &written{}
	d, err := engine.NewDryRun(cfg, engine.Env{Log: slog.New(slog.DiscardHandler)}, w, diags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	for _, x := range diags.All() {
		t.Fatalf("%s: %s", x.Range.Start, x.Text)
	}
	in, err := d.Input("")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		d.Run(in, netip.Addr{}, []byte(m))
	}
	return w.lines
}

type written struct{ lines []string }

func (*written) Enter(syntax.Node, *message.Message, *property.Context) func(bool) {
	return func(bool) {}
}
func (*written) Parsed(*engine.Parsed)          {}
func (w *written) Delivered(d engine.Delivered) { w.lines = append(w.lines, string(d.Text)) }

const header = "<13>Oct 11 22:14:15 h app:"

// with is a configuration with a module and one action of it. It writes the
// variables, the text, the whole message, and whether a parser succeeded.
func with(module, params string) string {
	return `module(load="` + module + `")
template(name="f" type="string" string="%$!%|%msg%|%rawmsg%|%parsesuccess%")
action(type="` + module + `" ` + params + `)
action(type="omfile" file="/nowhere" template="f")
`
}

// The wants are what rsyslogd 8.2302 writes for the same, unless a comment says otherwise.
func TestModules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ module, params, text, want string }{
		{"mmrm1stspace", "", " one", "|one|" + header + "one|FAIL"},
		{"mmrm1stspace", "", "  two", "| two|" + header + " two|FAIL"},
		{"mmrm1stspace", "", "none", "|none|" + header + "none|FAIL"},

		{"mmutf8fix", "", " grün ☃", "| grün ☃|" + header + " grün ☃|FAIL"},
		{"mmutf8fix", "", " \xff\xc3\xc3\xbc x\xe2\x98\xe2\x98\x83y", "|   ü x  ☃y|" + header + "   ü x  ☃y|FAIL"},
		{"mmutf8fix", "", " \xed\xa0\x80 \xc0\x80 \xf4\x90\x80\x80 😀", "|" + strings.Repeat(" ", 13) + "😀|" + header + strings.Repeat(" ", 13) + "😀|FAIL"},
		{"mmutf8fix", `replacementChar="?"`, " \xe2\x28\xa1", "| ?(?|" + header + " ?(?|FAIL"},
		{"mmutf8fix", `mode="controlcharacters" replacementChar="?"`, " ü x", "| ?? x|" + header + " ?? x|FAIL"},
		{"mmutf8fix", `replacementSequence="\xef\xbf\xbd"`, " a\xffb", "| a\ufffdb|" + header + " a\ufffdb|FAIL"}, // newer than 8.2302

		{"mmfields", "", "a,,c", `{ "f1": "a", "f2": "", "f3": "c" }|a,,c|` + header + "a,,c|FAIL"},
		{"mmfields", `separator=" " jsonRoot="$!x!y"`, " a b", `{ "x": { "y": { "f1": "", "f2": "a", "f3": "b" } } }| a b|` + header + " a b|FAIL"},

		{"mmjsonparse", "", ` @cee: {"a":"b","n":1}`, `{ "a": "b", "n": 1 }| @cee: {"a":"b","n":1}|` + header + ` @cee: {"a":"b","n":1}|OK`},
		{"mmjsonparse", "", " text", `{ "msg": "text" }| text|` + header + " text|FAIL"},
		{"mmjsonparse", "", ` @cee: {"a":1} tail`, `{ "msg": " {\"a\":1} tail" }| @cee: {"a":1} tail|` + header + ` @cee: {"a":1} tail|FAIL`},
		{"mmjsonparse", "", ` @cee: [1]`, `{ "msg": " [1]" }| @cee: [1]|` + header + ` @cee: [1]|FAIL`},
		{"mmjsonparse", `cookie="" container="$!c"`, ` {"a":1}`, `{ "c": { "a": 1 } }| {"a":1}|` + header + ` {"a":1}|OK`},
		{"mmjsonparse", `mode="find-json"`, ` x {"a":1} y`, `{ "a": 1 }| x {"a":1} y|` + header + ` x {"a":1} y|OK`},
		{"mmjsonparse", `mode="find-json" allow_trailing="off"`, ` {"a":1} y`, `{ "msg": "{\"a\":1} y" }| {"a":1} y|` + header + ` {"a":1} y|FAIL`},
		{"mmjsonparse", `mode="find-json" max_scan_bytes="3"`, ` abcd {"a":1}`, `{ "msg": "abcd {\"a\":1}" }| abcd {"a":1}|` + header + ` abcd {"a":1}|FAIL`},

		{"mmanon", "", " from 192.0.2.77:80", "| from 192.0.0.0:80|" + header + " from 192.0.0.0:80|FAIL"},
	} {
		got := run(t, with(test.module, test.params), header+test.text)
		if len(got) != 1 || got[0] != test.want {
			t.Errorf("%s(%s) %q:\n got  %q\n want %q", test.module, test.params, test.text, got, test.want)
		}
	}
}

func TestMmpstrucdata(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ params, sd, want string }{
		{"", `[ex@1 a="1" b="two words"][other@2 C="x"]`, `{ "rfc5424-sd": { "ex@1": { "a": "1", "b": "two words" }, "other@2": { "c": "x" } } }`},
		{"", "-", ""},
		{"", "[empty@1]", `{ "rfc5424-sd": { "empty@1": { } } }`},
		{"", `[e q="say \"hi\"" b="x\\y" c="[1\]" d="\n"]`, `{ "rfc5424-sd": { "e": { "q": "say \"hi\"", "b": "x\\y", "c": "[1]", "d": "\\n" } } }`},
		{`sd_name.lowercase="off" jsonRoot="$!sd"`, `[Ex Aa="1"]`, `{ "sd": { "rfc5424-sd": { "Ex": { "Aa": "1" } } } }`},
		{`container="sd"`, `[e a="1"]`, `{ "sd": { "e": { "a": "1" } } }`},
		{`maxStructuredDataSize="5"`, `[e a="1"]`, ""},
	} {
		got := run(t, with("mmpstrucdata", test.params), `<165>1 2003-10-11T22:14:15Z h app 1 ID `+test.sd+" text")
		if len(got) != 1 || strings.Split(got[0], "|")[0] != test.want {
			t.Errorf("%s %s:\n got  %q\n want %q", test.params, test.sd, got, test.want)
		}
	}
}

func TestMmsequenceCounts(t *testing.T) {
	t.Parallel()
	messages := []string{header + "a", header + "b", header + "c", header + "d"}
	for _, test := range []struct {
		conf string
		want string
	}{
		{`action(type="mmsequence" from="1" to="3" var="$!n")`, "1 2 1 2"},
		{`action(type="mmsequence" from="0" to="10" step="4" var="$!n")`, "0 4 8 0"},
		{`action(type="mmsequence" mode="key" key="k" from="10" to="100" step="5" var="$!x")
action(type="mmsequence" mode="key" key="k" from="10" to="100" step="5" var="$!n")`, "15 25 35 45"},
		{`action(type="mmsequence" mode="key" key="a" to="9" var="$!x")
action(type="mmsequence" mode="key" key="b" to="9" var="$!n")`, "0 1 2 3"},
		{`action(type="mmsequence" mode="random" from="7" to="8" var="$!n")`, "7 7 7 7"},
	} {
		got := run(t, `module(load="mmsequence")
template(name="f" type="string" string="%$!n%")
`+test.conf+"\n"+`action(type="omfile" file="/nowhere" template="f")`, messages...)
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.conf, got, test.want)
		}
	}
}

func TestMmcountCountsTheMessagesOfAProgram(t *testing.T) {
	t.Parallel()
	messages := []string{header + ` @cee: {"u":"ann"}`, header + ` @cee: {"u":"bob"}`, "<11>Oct 11 22:14:15 h app: x", "<13>Oct 11 22:14:15 h other: x", header + ` @cee: {"u":"ann"}`}
	for _, test := range []struct{ params, want string }{
		{`appname="app"`, "1 2 1  3"},
		{`appname="app" key="!u"`, "1 1   2"},
		{`appname="app" key="!u" value="ann"`, "1    2"},
	} {
		got := run(t, `module(load="mmcount") module(load="mmjsonparse")
template(name="f" type="string" string="%$!mmcount%")
action(type="mmjsonparse")
action(type="mmcount" `+test.params+`)
action(type="omfile" file="/nowhere" template="f")`, messages...)
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.params, strings.Join(got, " "), test.want)
		}
	}
}

// program writes a shell script and returns the command that runs it. The shell
// reads it: a file that was just written can not always be executed while other
// tests start programs.
func program(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return "/bin/sh " + path
}

func external(t *testing.T, script, params string, messages ...string) []string {
	t.Helper()
	return run(t, `module(load="mmexternal")
template(name="f" type="string" string="%hostname%|%syslogtag%|%pri%|%procid%|%fromhost-ip%|%msg%|%$!%|%rawmsg%")
action(type="mmexternal" binary="`+program(t, script)+`" `+params+`)
action(type="omfile" file="/nowhere" template="f")`, messages...)
}

func TestMmexternalDoesWhatTheProgramAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, script, params, want string }{
		{"nothing", `while read -r l; do echo '{}'; done`, "", "h|app:|13|-|127.0.0.1| text||" + header + " text"},
		{"what it reads: msg", `while IFS= read -r l; do printf '{"$!":{"in":"%s"}}\n' "$l"; done`, "", `h|app:|13|-|127.0.0.1| text|{ "in": " text" }|` + header + " text"},
		{"what it reads: rawmsg", `while IFS= read -r l; do printf '{"$!":{"in":"%s"}}\n' "$l"; done`, `interface.input="rawmsg"`, `h|app:|13|-|127.0.0.1| text|{ "in": "` + header + ` text" }|` + header + " text"},
		{"what it reads: JSON", `while IFS= read -r l; do case "$l" in '{'*'"rawmsg"'*'"programname"'*) echo '{"msg":"json"}';; *) echo '{"msg":"other"}';; esac; done`, `interface.input="fulljson"`, "h|app:|13|-|127.0.0.1|json||" + header + "json"},
		{"all properties", `while read -r l; do echo '{"hostname":"H","syslogtag":"t[7]:","syslogfacility":3,"syslogseverity":2,"fromhost-ip":"192.0.2.1","msg":" m"}'; done`, "", "H|t[7]:|26|7|192.0.2.1| m||" + header + " m"},
		{"rawmsg alone", `while read -r l; do echo '{"rawmsg":"R"}'; done`, "", "h|app:|13|-|127.0.0.1| text||R"},
		{"values that can not be", `while read -r l; do echo '{"pri":999,"syslogseverity":-1,"unknown":1}'; done`, "", "h|app:|13|-|127.0.0.1| text||" + header + " text"},
		{"no answer is asked for", `cat >/dev/null`, `interface.output="none"`, "h|app:|13|-|127.0.0.1| text||" + header + " text"},
		{"an answer that is no JSON", `while read -r l; do echo 'sorry'; done`, "", "h|app:|13|-|127.0.0.1| text||" + header + " text"},
		{"it ends at once", `exit 1`, "", "h|app:|13|-|127.0.0.1| text||" + header + " text"},
		{"it never answers", `exec sleep 100`, `responseTimeout="50"`, "h|app:|13|-|127.0.0.1| text||" + header + " text"},
		{"an answer without end", `exec cat /dev/zero`, "", "h|app:|13|-|127.0.0.1| text||" + header + " text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := external(t, test.script, test.params, header+" text", header+" text")
			if len(got) != 2 || got[0] != test.want || got[1] != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestAProgramThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	got := external(t, `read -r l; echo '{"msg":"answered"}'`, "", header+" a", header+" b", header+" c")
	for i, line := range got {
		if !strings.Contains(line, "|answered|") {
			t.Errorf("message %d: %q", i, line)
		}
	}
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]string{
		`module(load="mmsequence") action(type="mmsequence" from="5" to="5")`:                 `"from" is 5, it must be less than "to"`,
		`module(load="mmsequence") action(type="mmsequence" var="$/x")`:                       "global variable",
		`module(load="mmfields") action(type="mmfields" separator=",,")`:                      "separator: want",
		`module(load="mmfields") action(type="mmfields" jsonRoot="x")`:                        "want a variable such as",
		`module(load="mmanon") action(type="mmanon" ipv4.bits="33")`:                          "ipv4.bits: want",
		`module(load="mmanon") action(type="mmanon" ipv4.mode="none")`:                        "ipv4.mode: want one of",
		`module(load="mmcount") action(type="mmcount")`:                                       `needs the parameter "appname"`,
		`module(load="mmcount") action(type="mmcount" appname="a" key="x")`:                   "key: want a variable",
		`module(load="mmexternal") action(type="mmexternal")`:                                 `needs the parameter "binary"`,
		`module(load="mmutf8fix") action(type="mmutf8fix" mode="utf-16")`:                     "mode: want one of",
		`module(load="mmjsonparse") action(type="mmjsonparse" mode="find")`:                   "mode: want one of",
		`module(load="mmrm1stspace") action(type="mmrm1stspace" x="1")`:                       `parameter "x" not known`,
		`module(load="mmanon") action(type="mmanon" queue.type="LinkedList")`:                 "has no use behind a queue",
		`module(load="mmnormalize") action(type="mmnormalize")`:                               `needs either "ruleBase" or "rule"`,
		`module(load="mmnormalize") action(type="mmnormalize" ruleBase="/none.rb")`:           "rulebase /none.rb can not be read: no such file",
		`module(load="mmnormalize") action(type="mmnormalize" rule=["rule=:%x:wrod%"])`:       `rulebase: rule:1: field "x": there is no type "wrod", did you mean "word"?`,
		`module(load="mmnormalize") action(type="mmnormalize" rule=["rule=:a"] variable="x")`: "variable: unknown property",
		`action(type="mmanon")`: `module "mmanon" is not loaded`,
	} {
		_, diags, err := config.Load("test.conf", []byte(conf), engine.Modules(), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, d := range diags.All() {
			found = found || strings.Contains(d.Text, want)
		}
		if !found {
			t.Errorf("%s: want %q in %+v", conf, want, diags.All())
		}
	}
}
