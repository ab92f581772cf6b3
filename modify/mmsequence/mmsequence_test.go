package mmsequence_test

import (
	"strings"
	"testing"

	"syslogd/internal/testbench"
)

func TestMmsequenceCounts(t *testing.T) {
	t.Parallel()
	messages := []string{testbench.Header + "a", testbench.Header + "b", testbench.Header + "c", testbench.Header + "d"}
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
		got := testbench.Run(t, `module(load="mmsequence")
template(name="f" type="string" string="%$!n%")
`+test.conf+"\n"+`action(type="omfile" file="/nowhere" template="f")`, messages...)
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.conf, got, test.want)
		}
	}
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmsequence") action(type="mmsequence" from="5" to="5")`: `"from" is 5, it must be less than "to"`,
		`module(load="mmsequence") action(type="mmsequence" var="$/x")`:       "global variable",
	})
}
