package mmexternal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"syslogd/internal/testbench"
)

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
	return testbench.Run(t, `module(load="mmexternal")
template(name="f" type="string" string="%hostname%|%syslogtag%|%pri%|%procid%|%fromhost-ip%|%msg%|%$!%|%rawmsg%")
action(type="mmexternal" binary="`+program(t, script)+`" `+params+`)
action(type="omfile" file="/nowhere" template="f")`, messages...)
}

func TestMmexternalDoesWhatTheProgramAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, script, params, want string }{
		{"nothing", `while read -r l; do echo '{}'; done`, "", "h|app:|13|-|127.0.0.1| text||" + testbench.Header + " text"},
		{"what it reads: msg", `while IFS= read -r l; do printf '{"$!":{"in":"%s"}}\n' "$l"; done`, "", `h|app:|13|-|127.0.0.1| text|{ "in": " text" }|` + testbench.Header + " text"},
		{"what it reads: rawmsg", `while IFS= read -r l; do printf '{"$!":{"in":"%s"}}\n' "$l"; done`, `interface.input="rawmsg"`, `h|app:|13|-|127.0.0.1| text|{ "in": "` + testbench.Header + ` text" }|` + testbench.Header + " text"},
		{"what it reads: JSON", `while IFS= read -r l; do case "$l" in '{'*'"rawmsg"'*'"programname"'*) echo '{"msg":"json"}';; *) echo '{"msg":"other"}';; esac; done`, `interface.input="fulljson"`, "h|app:|13|-|127.0.0.1|json||" + testbench.Header + "json"},
		{"all properties", `while read -r l; do echo '{"hostname":"H","syslogtag":"t[7]:","syslogfacility":3,"syslogseverity":2,"fromhost-ip":"192.0.2.1","msg":" m"}'; done`, "", "H|t[7]:|26|7|192.0.2.1| m||" + testbench.Header + " m"},
		{"rawmsg alone", `while read -r l; do echo '{"rawmsg":"R"}'; done`, "", "h|app:|13|-|127.0.0.1| text||R"},
		{"values that can not be", `while read -r l; do echo '{"pri":999,"syslogseverity":-1,"unknown":1}'; done`, "", "h|app:|13|-|127.0.0.1| text||" + testbench.Header + " text"},
		{"no answer is asked for", `cat >/dev/null`, `interface.output="none"`, "h|app:|13|-|127.0.0.1| text||" + testbench.Header + " text"},
		{"an answer that is no JSON", `while read -r l; do echo 'sorry'; done`, "", "h|app:|13|-|127.0.0.1| text||" + testbench.Header + " text"},
		{"it ends at once", `exit 1`, "", "h|app:|13|-|127.0.0.1| text||" + testbench.Header + " text"},
		{"it never answers", `exec sleep 100`, `responseTimeout="50"`, "h|app:|13|-|127.0.0.1| text||" + testbench.Header + " text"},
		{"an answer without end", `exec cat /dev/zero`, "", "h|app:|13|-|127.0.0.1| text||" + testbench.Header + " text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := external(t, test.script, test.params, testbench.Header+" text", testbench.Header+" text")
			if len(got) != 2 || got[0] != test.want || got[1] != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestAProgramThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	got := external(t, `read -r l; echo '{"msg":"answered"}'`, "", testbench.Header+" a", testbench.Header+" b", testbench.Header+" c")
	for i, line := range got {
		if !strings.Contains(line, "|answered|") {
			t.Errorf("message %d: %q", i, line)
		}
	}
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmexternal") action(type="mmexternal")`: `needs the parameter "binary"`,
	})
}
