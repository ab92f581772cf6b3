package mmpstrucdata_test

import (
	"strings"
	"testing"

	"syslogd/internal/testbench"
)

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
		got := testbench.Run(t, testbench.With("mmpstrucdata", test.params), `<165>1 2003-10-11T22:14:15Z h app 1 ID `+test.sd+" text")
		if len(got) != 1 || strings.Split(got[0], "|")[0] != test.want {
			t.Errorf("%s %s:\n got  %q\n want %q", test.params, test.sd, got, test.want)
		}
	}
}
