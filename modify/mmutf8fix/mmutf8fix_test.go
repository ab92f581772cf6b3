package mmutf8fix_test

import (
	"strings"
	"testing"

	"syslogd/internal/testbench"
)

// The wants are what rsyslogd 8.2302 writes for the same, unless a comment says otherwise.
func TestTextsAsRsyslogdChangesThem(t *testing.T) {
	t.Parallel()
	testbench.Check(t, "mmutf8fix", []testbench.Row{
		{"", " grün ☃", "| grün ☃|" + testbench.Header + " grün ☃|FAIL"},
		{"", " \xff\xc3\xc3\xbc x\xe2\x98\xe2\x98\x83y", "|   ü x  ☃y|" + testbench.Header + "   ü x  ☃y|FAIL"},
		{"", " \xed\xa0\x80 \xc0\x80 \xf4\x90\x80\x80 😀", "|" + strings.Repeat(" ", 13) + "😀|" + testbench.Header + strings.Repeat(" ", 13) + "😀|FAIL"},
		{`replacementChar="?"`, " \xe2\x28\xa1", "| ?(?|" + testbench.Header + " ?(?|FAIL"},
		{`mode="controlcharacters" replacementChar="?"`, " ü x", "| ?? x|" + testbench.Header + " ?? x|FAIL"},
		{`replacementSequence="\xef\xbf\xbd"`, " a\xffb", "| a\ufffdb|" + testbench.Header + " a\ufffdb|FAIL"}, // newer than 8.2302
	})
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmutf8fix") action(type="mmutf8fix" mode="utf-16")`: "mode: want one of",
	})
}
