package mmrm1stspace_test

import (
	"testing"

	"syslogd/internal/testbench"
)

// The wants are what rsyslogd 8.2302 writes for the same, unless a comment says otherwise.
func TestTextsAsRsyslogdChangesThem(t *testing.T) {
	t.Parallel()
	testbench.Check(t, "mmrm1stspace", []testbench.Row{
		{"", " one", "|one|" + testbench.Header + "one|FAIL"},
		{"", "  two", "| two|" + testbench.Header + " two|FAIL"},
		{"", "none", "|none|" + testbench.Header + "none|FAIL"},
	})
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmrm1stspace") action(type="mmrm1stspace" x="1")`: `parameter "x" not known`,
	})
}
