package mmjsonparse_test

import (
	"testing"

	"syslogd/internal/testbench"
)

// The wants are what rsyslogd 8.2302 writes for the same, unless a comment says otherwise.
func TestTextsAsRsyslogdChangesThem(t *testing.T) {
	t.Parallel()
	testbench.Check(t, "mmjsonparse", []testbench.Row{
		{"", ` @cee: {"a":"b","n":1}`, `{ "a": "b", "n": 1 }| @cee: {"a":"b","n":1}|` + testbench.Header + ` @cee: {"a":"b","n":1}|OK`},
		{"", " text", `{ "msg": "text" }| text|` + testbench.Header + " text|FAIL"},
		{"", ` @cee: {"a":1} tail`, `{ "msg": " {\"a\":1} tail" }| @cee: {"a":1} tail|` + testbench.Header + ` @cee: {"a":1} tail|FAIL`},
		{"", ` @cee: [1]`, `{ "msg": " [1]" }| @cee: [1]|` + testbench.Header + ` @cee: [1]|FAIL`},
		{`cookie="" container="$!c"`, ` {"a":1}`, `{ "c": { "a": 1 } }| {"a":1}|` + testbench.Header + ` {"a":1}|OK`},
		{`mode="find-json"`, ` x {"a":1} y`, `{ "a": 1 }| x {"a":1} y|` + testbench.Header + ` x {"a":1} y|OK`},
		{`mode="find-json" allow_trailing="off"`, ` {"a":1} y`, `{ "msg": "{\"a\":1} y" }| {"a":1} y|` + testbench.Header + ` {"a":1} y|FAIL`},
		{`mode="find-json" max_scan_bytes="3"`, ` abcd {"a":1}`, `{ "msg": "abcd {\"a\":1}" }| abcd {"a":1}|` + testbench.Header + ` abcd {"a":1}|FAIL`},
	})
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmjsonparse") action(type="mmjsonparse" mode="find")`: "mode: want one of",
	})
}
