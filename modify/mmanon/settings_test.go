package mmanon_test

import (
	"testing"

	"syslogd/internal/testbench"
)

// The wants are what rsyslogd 8.2302 writes for the same, unless a comment says otherwise.
func TestTextsAsRsyslogdChangesThem(t *testing.T) {
	t.Parallel()
	testbench.Check(t, "mmanon", []testbench.Row{
		{"", " from 192.0.2.77:80", "| from 192.0.0.0:80|" + testbench.Header + " from 192.0.0.0:80|FAIL"},
	})
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmanon") action(type="mmanon" ipv4.bits="33")`:          "ipv4.bits: want",
		`module(load="mmanon") action(type="mmanon" ipv4.mode="none")`:        "ipv4.mode: want one of",
		`module(load="mmanon") action(type="mmanon" queue.type="LinkedList")`: "has no use behind a queue",
		`action(type="mmanon")`: `module "mmanon" is not loaded`,
	})
}
