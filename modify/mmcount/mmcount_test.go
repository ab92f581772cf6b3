package mmcount_test

import (
	"strings"
	"testing"

	"syslogd/internal/testbench"
)

func TestMmcountCountsTheMessagesOfAProgram(t *testing.T) {
	t.Parallel()
	messages := []string{testbench.Header + ` @cee: {"u":"ann"}`, testbench.Header + ` @cee: {"u":"bob"}`, "<11>Oct 11 22:14:15 h app: x", "<13>Oct 11 22:14:15 h other: x", testbench.Header + ` @cee: {"u":"ann"}`}
	for _, test := range []struct{ params, want string }{
		{`appname="app"`, "1 2 1  3"},
		{`appname="app" key="!u"`, "1 1   2"},
		{`appname="app" key="!u" value="ann"`, "1    2"},
	} {
		got := testbench.Run(t, `module(load="mmcount") module(load="mmjsonparse")
template(name="f" type="string" string="%$!mmcount%")
action(type="mmjsonparse")
action(type="mmcount" `+test.params+`)
action(type="omfile" file="/nowhere" template="f")`, messages...)
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.params, strings.Join(got, " "), test.want)
		}
	}
}

func TestSettingsThatCanNotBe(t *testing.T) {
	t.Parallel()
	testbench.Refused(t, map[string]string{
		`module(load="mmcount") action(type="mmcount")`:                     `needs the parameter "appname"`,
		`module(load="mmcount") action(type="mmcount" appname="a" key="x")`: "key: want a variable",
	})
}
