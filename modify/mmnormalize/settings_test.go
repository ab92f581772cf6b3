package mmnormalize_test

import (
	"testing"

	"syslogd/internal/testbench"
)

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmnormalize") action(type="mmnormalize")`:                               `needs either "ruleBase" or "rule"`,
		`module(load="mmnormalize") action(type="mmnormalize" ruleBase="/none.rb")`:           "rulebase /none.rb can not be read: no such file",
		`module(load="mmnormalize") action(type="mmnormalize" rule=["rule=:%x:wrod%"])`:       `rulebase: rule:1: field "x": there is no type "wrod", did you mean "word"?`,
		`module(load="mmnormalize") action(type="mmnormalize" rule=["rule=:a"] variable="x")`: "variable: unknown property",
	})
}
