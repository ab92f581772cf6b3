package mmfields_test

import (
	"testing"

	"syslogd/internal/testbench"
)

// The wants are what rsyslogd 8.2302 writes for the same, unless a comment says otherwise.
func TestTextsAsRsyslogdChangesThem(t *testing.T) {
	t.Parallel()
	testbench.Check(t, "mmfields", []testbench.Row{
		{"", "a,,c", `{ "f1": "a", "f2": "", "f3": "c" }|a,,c|` + testbench.Header + "a,,c|FAIL"},
		{`separator=" " jsonRoot="$!x!y"`, " a b", `{ "x": { "y": { "f1": "", "f2": "a", "f3": "b" } } }| a b|` + testbench.Header + " a b|FAIL"},
		{"", "a,b,", `{ "f1": "a", "f2": "b" }|a,b,|` + testbench.Header + "a,b,|FAIL"},
		{"", ",", `{ "f1": "" }|,|` + testbench.Header + ",|FAIL"},
		{"", ",,", `{ "f1": "", "f2": "" }|,,|` + testbench.Header + ",,|FAIL"},
		{"", "a", `{ "f1": "a" }|a|` + testbench.Header + "a|FAIL"},
		{`separator=";" jsonRoot="!x"`, "", `{ "x": { } }||` + testbench.Header + "|FAIL"},
	})
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmfields") action(type="mmfields" separator=",,")`: "separator: want",
		`module(load="mmfields") action(type="mmfields" jsonRoot="x")`:   "want a variable such as",
	})
}
