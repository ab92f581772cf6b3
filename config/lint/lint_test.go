package lint_test

import (
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/config/lint"
	"syslogd/engine"
	"syslogd/internal/diag"
)

// here has one directory and a name.
var here = lint.Host{Name: "here", IsDir: func(path string) bool { return path == "/there" }}

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
		{"a property in a fixed name", `action(type="omfile" file="/var/log/%HOSTNAME%.log")`, []string{`1:27 fixed name`, `1:27 dynaFile="path"`}},
		{"a property in a legacy name", `*.* /var/log/%HOSTNAME%.log`, []string{`1:5 fixed name`}},
		{"a property in a target", `action(type="omfwd" target="%hostname%")`, []string{`1:28 %hostname% is not replaced`}},
		{"a percent sign in a name", `action(type="omfile" file="/var/log/100%.log")`, nil},
		{"a line feed in a name", `action(type="omfile" file="/var/log/x\n")`, []string{`1:27 control character`, `1:27 "/var/log/x"`}},
		{"a tab in a pipe's name", `action(type="ompipe" pipe="/run/\tx")`, []string{`1:27 control character`}},
		{"a line feed in a template of names", "template(name=\"p\" type=\"string\" string=\"/l/%HOSTNAME%.log\\n\")\naction(type=\"omfile\" dynaFile=\"p\")", []string{`2:31 line feed`}},
		{"a line feed in a list of names", "template(name=\"p\" type=\"list\") { property(name=\"hostname\") constant(value=\"\\n\") }\naction(type=\"omfile\" dynaFile=\"p\")", []string{`2:31 line feed`}},
		{"a line feed in a legacy template of names", "$template p,\"/l/%HOSTNAME%\\n\"\n*.* ?p\n", []string{`2:5 line feed`}},
		{"a template for lines", "template(name=\"l\" type=\"string\" string=\"%msg%\\n\")\naction(type=\"omfile\" file=\"/x\" template=\"l\")", nil},
		{"a constant behind or", `if $hostname == "a" or "b" then { action(type="omfile" file="/x") }`, []string{`1:24 condition of its own`, `1:24 write $hostname == 'b'`}},
		{"two constants behind or", `if $hostname == "a" or $hostname == "c" or "b" then { action(type="omfile" file="/x") }`, []string{`1:44 condition of its own`}},
		{"a number behind and", `if $syslogfacility == 3 and 4 then { action(type="omfile" file="/x") }`, []string{`1:29 condition of its own`}},
		{"a constant alone", `if "sshd" then { action(type="omfile" file="/x") }`, []string{`1:4 always the same`}},
		{"one value twice", `if $hostname == "a" and $hostname == "b" then { action(type="omfile" file="/x") }`, []string{`1:25 this never holds`}},
		{"no value twice", `if $hostname != "a" or $hostname != "b" then { action(type="omfile" file="/x") }`, []string{`1:24 this always holds`}},
		{"neither value", `if $hostname != "a" and $hostname != "b" then { action(type="omfile" file="/x") }`, nil},
		{"a name of a severity", `if $syslogseverity == "err" then { action(type="omfile" file="/x") }`, []string{`1:23 is a number`, `1:23 write 3`}},
		{"an order of names", `if $syslogseverity <= "warning" then { action(type="omfile" file="/x") }`, []string{`1:23 write 4`}},
		{"a name in an array", `if $syslogfacility == ["4", "mail"] then { action(type="omfile" file="/x") }`, []string{`1:29 write 2`}},
		{"a name in a filter", `:syslogseverity, isequal, "err" /x`, []string{`1:27 is a number`}},
		{"a number of a severity", `if $syslogseverity <= 3 and $syslogfacility == "4" then { action(type="omfile" file="/x") }`, nil},
		{"an alias of a severity", `if $syslogseverity-text == "error" then { action(type="omfile" file="/x") }`, []string{`1:28 it is "err" then`}},
		{"a facility in capitals", `if $syslogfacility-text == "MAIL" then { action(type="omfile" file="/x") }`, []string{`1:28 it is "mail" then`}},
		{"names in the order of the alphabet", `if $syslogseverity-text <= "err" then { action(type="omfile" file="/x") }`, []string{`1:28 alphabet`}},
		{"a number for a name", `if $syslogfacility-text == 2 then { action(type="omfile" file="/x") }`, []string{`1:28 is a name`}},
		{"a name of a severity as it is", `if $syslogseverity-text == "err" then { action(type="omfile" file="/x") }`, nil},
		{"a network", `if $fromhost-ip startswith "10.0.0.0/8" then { action(type="omfile" file="/x") }`, []string{`1:28 not as a network`, `1:28 startswith "10."`}},
		{"a network in a filter", `:fromhost-ip, isequal, "192.168.0.0/16" /x`, []string{`1:24 startswith "192.168."`}},
		{"a network of IPv6", `if $fromhost-ip == "2001:db8::/32" then { action(type="omfile" file="/x") }`, []string{`1:20 not as a network`}},
		{"the beginning of an address", `if $fromhost-ip startswith "10.1" then { action(type="omfile" file="/x") }`, []string{`1:28 10.10 match as well`, `1:28 "10.1."`}},
		{"the beginning of an address with its point", `if $fromhost-ip startswith "10.1." then { action(type="omfile" file="/x") }`, nil},
		{"a wildcard", `if $hostname == "web*" then { action(type="omfile" file="/x") }`, []string{`1:17 ordinary character`, `1:17 startswith "web"`}},
		{"an expression in contains", `:msg, contains, "a.*b" /x`, []string{`1:17 not as a regular expression`}},
		{"a program with its colon", `if $programname == "sshd:" then { action(type="omfile" file="/x") }`, []string{`1:20 write "sshd"`}},
		{"a program with its bracket", `:programname, isequal, "sshd[" /x`, []string{`1:24 write "sshd"`}},
		{"a port in a target", `action(type="omfwd" target="host:514" protocol="tcp")`, []string{`1:28 parameter of its own`, `1:28 target="host" port="514"`}},
		{"a port behind an address", `action(type="omfwd" target="[2001:db8::1]:514" protocol="tcp")`, []string{`1:28 target="2001:db8::1" port="514"`}},
		{"an address of IPv6", `action(type="omfwd" target="2001:db8::1" protocol="tcp")`, nil},
		{"an address in brackets", `action(type="omfwd" target="[2001:db8::1]" protocol="tcp")`, []string{`1:28 no brackets`}},
		{"a URL as a target", `action(type="omfwd" target="tcp://host")`, []string{`1:28 target="host" protocol="tcp"`}},
		{"two targets in one text", `action(type="omfwd" target="a,b")`, []string{`1:28 target=["one", "two"]`}},
		{"an empty target", `action(type="omfwd" target="")`, []string{`1:28 empty`}},
		{"a protocol behind the port", `*.* @@host:514:tcp`, []string{`1:5 "514:tcp" is no port`, `1:5 write @@host:514`}},
		{"the other protocol behind the port", `*.* @@host:514:udp`, []string{`1:5 write @host:514`}},
		{"no port behind the colon", `*.* @host:`, []string{`1:5 514 is used`, `1:5 write @host:514`}},
		{"no port behind the colon, with a template", `*.* @@(o)host:;RSYSLOG_ForwardFormat`, []string{`1:5 514 is used`}},
		{"a service in place of the port", `*.* @@host:http`, []string{`1:5 the service "http" is port 80`, `1:5 write @@host:80`}},
		{"a word in place of the port", `*.* @@host:word`, []string{`1:5 "word" is no port and no service`, `1:5 write @@host:514`}},
		{"a word behind an address", `*.* @[::1]:x`, []string{`1:5 "x" is no port`, `1:5 write @[::1]:514`}},
		{"text behind the port", `*.* @host:514x`, []string{`1:5 "514x" is no port`, `1:5 write @host:514`}},
		{"two hosts", `*.* @host:514,other`, []string{`1:5 what stands behind the number has no effect`}},
		{"a word behind a host of RELP", "$ModLoad omrelp\n*.* :omrelp:host:word", []string{`2:5 "word" is no port`}},
		{"a port that can not be", `*.* @@host:99999`, []string{`1:5 the highest is 65535`}},
		{"forwarding to oneself by a short address", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\")\n*.* @127.1\n", []string{`3:5 the server itself`}},
		{"an address without brackets", `*.* @@2001:db8::1:514`, []string{`1:5 first colon`, `1:5 write @@[2001:db8::1]:514`}},
		{"an address with brackets", `*.* @@[2001:db8::1]:514`, nil},
		{"an unused ruleset", "ruleset(name=\"r\") { action(type=\"omfile\" file=\"/r\") }\n*.* /x\n", []string{`1:1 its rules see no message`, `1:1 call r`}},
		{"a ruleset that is called", "ruleset(name=\"r\") { action(type=\"omfile\" file=\"/r\") }\ncall r\n", nil},
		{"a ruleset that an input has", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\" ruleset=\"r\")\nruleset(name=\"r\") { action(type=\"omfile\" file=\"/r\") }\n", nil},
		{"a ruleset that is called by name", "ruleset(name=\"r\") { action(type=\"omfile\" file=\"/r\") }\ncall_indirect $.x;\n", nil},
		{"a directive behind its Run line", "$ModLoad imudp\n$RuleSet r\n*.* /r\n$RuleSet RSYSLOG_DefaultRuleset\n$UDPServerRun 514\n$InputUDPServerBindRuleset r\n*.* /x\n", []string{`6:1 no line that makes an input of imudp follows`, `6:1 in front of $UDPServerRun`}},
		{"a directive in front of its Run line", "$ModLoad imudp\n$RuleSet r\n*.* /r\n$RuleSet RSYSLOG_DefaultRuleset\n$InputUDPServerBindRuleset r\n$UDPServerRun 514\n*.* /x\n", nil},
		{"an address behind its Run line", "$ModLoad imudp\n$UDPServerRun 514\n$UDPServerAddress 127.0.0.1\n*.* /x\n", []string{`3:1 has no effect`}},
		{"a file's name behind its monitor", "$ModLoad imfile\n$WorkDirectory /there\n$InputFileName /a\n$InputFileTag a\n$InputRunFileMonitor\n$InputFileSeverity info\n*.* /x\n", []string{`6:1 in front of $InputRunFileMonitor`}},
		{"forwarding to oneself", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\")\n*.* @127.0.0.1:514\n", []string{`3:5 the server itself`}},
		{"forwarding to oneself by name", "module(load=\"imtcp\")\ninput(type=\"imtcp\" port=\"10514\")\naction(type=\"omfwd\" target=\"here\" port=\"10514\" protocol=\"tcp\")\n", []string{`3:28 the server itself`}},
		{"forwarding to oneself over RELP", "module(load=\"imrelp\")\nmodule(load=\"omrelp\")\ninput(type=\"imrelp\" port=\"2514\")\naction(type=\"omrelp\" target=\"localhost\" port=\"2514\")\n", []string{`4:29 the server itself`}},
		{"forwarding to oneself through a call", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\")\nruleset(name=\"f\") { action(type=\"omfwd\" target=\"::1\") }\ncall f\n", []string{`3:48 the server itself`}},
		{"forwarding to another ruleset", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\" ruleset=\"r\")\nruleset(name=\"r\") { action(type=\"omfile\" file=\"/r\") }\n*.* @127.0.0.1:514\n", nil},
		{"forwarding to another port", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\")\n*.* @127.0.0.1:515\n*.* @@127.0.0.1:514\n", nil},
		{"a work directory that is not there", "$WorkDirectory /missing\n*.* /x\n", []string{`1:16 is not there`, `1:16 mkdir -p /missing`}},
		{"a work directory of global() that is not there", "global(workDirectory=\"/missing\")\n*.* /x\n", []string{`1:22 is not there`}},
		{"a work directory", "$WorkDirectory /there\n*.* /x\n", nil},
		{"a port that is too high", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"70000\")\n*.* /x\n", []string{`2:25 there is no port 70000`}},
		{"a port that is too high in a directive", "$ModLoad imtcp\n$InputTCPServerRun 70000\n*.* /x\n", []string{`2:20 there is no port 70000`}},
		{"a port that is too high to send to", `*.* @@host:70000`, []string{`1:5 there is no port 70000`}},
		{"a port with a protocol", `action(type="omfwd" target="host" port="514/tcp")`, []string{`1:40 is no port`}},
		{"a port by name", `action(type="omfwd" target="host" port="syslog-tls")`, nil},
		{"two inputs on a UDP port, which reading the configuration reports", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\")\ninput(type=\"imudp\" port=\"514\")\n*.* /x\n", nil},
		{"two inputs of different modules on a port", "module(load=\"imtcp\")\nmodule(load=\"imptcp\")\ninput(type=\"imtcp\" port=\"514\")\ninput(type=\"imptcp\" port=\"514\" address=\"127.0.0.1\")\n*.* /x\n", []string{`4:26 another input has tcp port 514`}},
		{"two ports of legacy lines", "$ModLoad imudp\n$UDPServerRun 514\n$UDPServerRun 515\n*.* /x\n", nil},
		{"UDP and TCP on a port", "module(load=\"imudp\")\nmodule(load=\"imtcp\")\ninput(type=\"imudp\" port=\"514\")\ninput(type=\"imtcp\" port=\"514\")\n*.* /x\n", nil},
		{"two addresses on a port", "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\" address=\"127.0.0.1\")\ninput(type=\"imudp\" port=\"514\" address=\"127.0.0.2\")\n*.* /x\n", nil},
		{"an array in a variable", `set $!x = ["a", "b"];`, []string{`1:11 gets the first element, "a"`, "1:11 parse_json"}},
		{"an array that is compared", `if $msg == ["a", "b"] then stop`, nil},
		{"YAML", "# c\nversion: 2\ninputs:\n  - type: imudp\n", []string{`2:1 looks like YAML`, `2:1 .yaml`}},
		{"JSON", "{\n  \"inputs\": [\n", []string{`2:1 JSON`}},
		{"JSON in a line", "[{\"type\": \"imudp\"}]\n", []string{`1:1 JSON`}},
		{"sections", "; c\n[main]\nport = 514\n", []string{`2:1 [sections]`}},
		{"nginx", "user www-data;\nhttp {\n}\n", []string{`2:1 nginx`}},
		{"Fluentd", "<source>\n  @type syslog\n</source>\n<match **>\n</match>\n", []string{`1:1 Fluentd`}},
		{"XML", "<?xml version=\"1.0\"?>\n<a/>\n", []string{`1:1 XML`}},
		{"YAML with mistakes of its own", "version: 2\ninputs:\n\t- type: \"imudp\n", []string{`1:1 YAML`}},
		{"syslog-ng", "@version: 3.38\nsource s { udp(); };\nlog { source(s); };\n", []string{`1:1 syslog-ng`}},
		{"syslog-ng without a version", "# c\nsource s_net { udp(port(514)); };\n", []string{`2:1 syslog-ng`}},
		{"a selector of nothing", "mail.none;authpriv.none /x", []string{`1:1 matches no message`, `1:1 write *.*;mail.none;authpriv.none`}},
		{"a selector that takes away", "*.*;mail.none /x", nil},
		{"a rule behind a stop", "stop\n*.* /x\n", []string{`2:1 no message comes here`}},
		{"a rule behind a rule that discards all", "*.* ~\nmail.* /x\n", []string{`2:1 no message comes here`}},
		{"a rule behind a stop in a block", "if $msg == \"a\" then { stop\naction(type=\"omfile\" file=\"/x\") }\n", []string{`2:1 no message comes here`}},
		{"a rule behind a stop with a condition", "if $msg == \"a\" then stop\nmail.* ~\n*.* /x\n& stop\n", nil},
	} {
		cfg, _, err := config.Load("x.conf", []byte(test.conf+"\n"), engine.Modules(), config.Options{})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var found diag.List
		lint.Check(cfg, here, &found)
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
		for _, d := range found.All() {
			if d.Hint == "" || !d.Range.Start.IsValid() || d.Range.Len == 0 {
				t.Errorf("%s: no hint or no place: %+v", test.name, d)
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
