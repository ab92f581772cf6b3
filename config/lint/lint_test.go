package lint_test

import (
	"strings"
	"testing"

	"syslogd/config/lint"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

func TestTraps(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, conf string
		// want are "line:col text"; a text is a part of the note or of its hint.
		want []string
	}{
		{"and, or on one level", `if $a == 1 or $b == 2 and $c == 3 then stop`, []string{"1:4 this means ($a == 1 or $b == 2) and $c == 3"}},
		{"a longer chain is reported once", `if $a or $b and $c or $d then stop`, []string{"1:4 this means (($a or $b) and $c) or $d"}},
		{"parentheses are no trap", `if $a == 1 or ($b == 2 and $c == 3) then stop`, nil},
		{"one operator is no trap", `if $a and $b and $c then stop`, nil},
		{"a mix inside of parentheses", `if ($a and $b or $c) and $d then stop`, []string{"1:5 this means ($a and $b) or $c"}},
		{"not binds tight", `if not $msg contains "x" then stop`, []string{`1:4 (not $msg) contains 'x'`, `1:4 write not ($msg contains 'x')`}},
		{"not in a chain", `if $a == 1 and not $b == 2 then stop`, []string{"1:16 (not $b) == 2"}},
		{"not with parentheses", `if not ($msg contains "x") then stop`, nil},
		{"not of a function", `if not re_match($msg, "x") and $a then stop`, nil},
		{"octal", `set $.x = 010 + 0 + 0x10 + 10;`, []string{"1:11 010 is octal, it means 8"}},
		{"size in thousands", `action(type="omfile" file="/x" ioBufferSize="64K")`, []string{"1:45 64K is 64000", "1:45 write 64k"}},
		{"size in powers", `action(type="omfile" file="/x" ioBufferSize="64k")`, nil},
		{"no size", `action(type="omfile" file="64K")`, nil},
		{"JSON by hand", `template(name="j" type="string" string="{\"m\":\"%msg%\"}\n")`, []string{`1:40 breaks when %msg%`, "1:40 %msg:::json%"}},
		{"JSON with the option", `template(name="j" type="string" string="{\"m\":\"%msg:::json%\",\"t\":\"%timereported:::date-rfc3339%\"}\n")`, nil},
		{"JSON of the template", `template(name="j" type="string" option.json="on" string="{\"m\":\"%msg%\"}\n")`, nil},
		{"JSON with a variable that is JSON", `template(name="j" type="string" string="{\"m\":%$!all-json%}\n")`, nil},
		{"JSON by hand in a legacy template", `$template j,"{\"m\":\"%msg%\"}\n"`, []string{"1:11 breaks when %msg%"}},
		{"a legacy template that escapes", `$template j,"{\"m\":\"%msg:::json%\"}\n"`, nil},
		{"a legacy template with the option", `$template j,"{\"m\":\"%msg%\"}\n",json`, nil},
		{"JSON by hand in a list", `template(name="j" type="list") { constant(value="{\"m\":\"") property(name="msg") constant(value="\"}") }`, []string{"1:62 breaks when msg", `1:62 format="json"`}},
		{"a list that escapes", `template(name="j" type="list") { constant(value="{\"m\":\"") property(name="msg" format="json") constant(value="\",\"t\":\"") property(name="timereported") constant(value="\"}") }`, nil},
		{"a list with the option", `template(name="j" type="list" option.json="on") { constant(value="{\"m\":\"") property(name="msg") constant(value="\"}") }`, nil},
		{"an octal number in a parameter", `main_queue(queue.size="0100")`, []string{"1:23 0100 is octal, it means 64"}},
		{"a mode is octal anyway", `action(type="omfile" file="/x" fileCreateMode="0640")`, nil},
		{"no JSON", `template(name="j" type="string" string="[%msg%] \"%hostname%\"\n")`, nil},
		{"a file without a program", `template(name="f" type="string" string="/log/%hostname%/%programname:::lowercase%.log")`, []string{"1:40 a message without $programname goes to a hidden file", "1:40 app-"}},
		{"a file without a variable, legacy", `$template f,"/log/%$!app%.log"`, []string{"1:11 a message without $!app"}},
		{"a file without a program, as a list", `template(name="f" type="list") { constant(value="/log/") property(name="programname") constant(value=".log") }`, []string{"1:58 hidden file"}},
		{"a file that is never hidden", `template(name="f" type="string" string="/log/%hostname%.log/app-%programname%.log%programname:::secpath-replace%")`, nil},
		{"an empty program is looked for", `template(name="f" type="string" string="/log/%programname%.log")
			if $programname == "" then set $.file = "other";`, nil},
		{"a text with a path in it", `template(name="f" type="string" string="/log/%programname%.log is it
")`, nil},
		{"a directive that stays", "*.* /a\n$FileOwner root\n*.* /b\n", []string{"2:1 $FileOwner holds for all action lines that follow"}},
		{"a preamble", "$FileOwner root\n$ActionFileDefaultTemplate RSYSLOG_TraditionalFileFormat\n*.* /a\n", nil},
		{"a directive in front of action()", "$ActionResumeRetryCount -1\n" + `action(type="omfile" file="/x")`, []string{"1:1 has no effect on action()"}},
		{"a directive in front of an action line", "$ActionResumeRetryCount -1\n*.* /x\n", nil},
		{"a directive at the end", "*.* /x\n$ActionResumeRetryCount -1\n", []string{"2:1 no action follows"}},
	} {
		var diags, found diag.List
		file := syntax.Parse("x.conf", []byte(test.conf+"\n"), syntax.Options{}, &diags)
		if diags.Count(diag.Error) > 0 {
			t.Errorf("%s: %+v", test.name, diags.All())
			continue
		}
		lint.Check(file, &found)
		for _, w := range test.want {
			at, text, _ := strings.Cut(w, " ")
			ok := false
			for _, d := range found.All() {
				ok = ok || strings.HasSuffix(d.Range.Start.String(), ":"+at) && (strings.Contains(d.Text, text) || strings.Contains(d.Hint, text))
			}
			if !ok {
				t.Errorf("%s: want %q in %+v", test.name, w, found.All())
			}
		}
		if len(test.want) == 0 && found.Len() > 0 || len(test.want) > 0 && found.Len() != 1 {
			t.Errorf("%s: %d notes: %+v", test.name, found.Len(), found.All())
		}
		if !found.Clean() {
			t.Errorf("%s: a lint makes the configuration unclean", test.name)
		}
	}
}
