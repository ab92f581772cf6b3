package config_test

import (
	"fmt"
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/internal/diag"
)

func load(t *testing.T, text string) (*config.Config, *diag.List) {
	t.Helper()
	cfg, diags, err := config.Load("c", []byte(text), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, diags
}

func TestMistakesArePointedAt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, conf string
		want       []string // line:column: severity: text fragment; hint fragment
	}{
		{"unknown parameter", "module(load=\"imudp\")\ninput(type=\"imudp\" prt=\"514\" port=\"514\")\n", []string{`2:20: error: "prt"; port`}},
		{"missing parameter", `module(load="imudp")` + "\n" + `input(type="imudp")`, []string{`2:1: error: "port"`}},
		{"module that does not exist", `module(load="imupd")`, []string{`1:13: error: "imupd"; imudp`}},
		{"module that is not loaded", `input(type="imtcp" port="1")`, []string{`1:12: error: not loaded; load it first`}},
		{"module that is not available yet", `action(type="omkafka" topic="t")`, []string{`1:13: error: not available yet`}},
		{"module that is not available yet is loaded", `module(load="im3195")`, []string{`1:13: note: not available yet`}},
		{"template that does not exist", `action(type="omfile" file="/x" template="nope")`, []string{`1:41: error: "nope"`}},
		{"ruleset that does not exist", "ruleset(name=\"remote\") { stop }\ncall remot\n", []string{`2:6: error: "remot"; remote`}},
		{"ruleset twice", "ruleset(name=\"a\") { stop }\nruleset(name=\"a\") { stop }\n", []string{`2:1: error: "a" is defined twice`}},
		{"parameter of global twice", "global(workDirectory=\"/a\")\nglobal(workDirectory=\"/b\")\n", []string{`2:8: error: given twice`}},
		{"unknown directive", "$WorkDirektory /x\n", []string{`1:1: error: ; WorkDirectory`}},
		{"number", `module(load="imtcp" maxSessions="many")`, []string{`1:33: error: "many"`, "1:13: warning: no listener"}},
		{"on or off", `module(load="imtcp" keepAlive="yes please")`, []string{`1:31: error: "yes please"`, "1:13: warning: no listener"}},
		{"reference to a later template", "*.* /x;late\ntemplate(name=\"late\" type=\"string\" string=\"x\")\n", []string{`1:8: error: "late"`}},
		{"all mistakes in one run", "action(type=\"omfle\")\naction(type=\"omfile\")\n", []string{`1:13: error: "omfle"; omfile`, `2:1: error: file`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, diags := load(t, tt.conf)
			var got []string
			for _, d := range diags.All() {
				got = append(got, fmt.Sprintf("%d:%d: %s: %s; %s", d.Range.Start.Line, d.Range.Start.Col, d.Severity, d.Text, d.Hint))
			}
			for _, want := range tt.want {
				if !containsAll(got, want) {
					t.Errorf("want %q, got:\n%s", want, strings.Join(got, "\n"))
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("%d diagnostics, want %d:\n%s", len(got), len(tt.want), strings.Join(got, "\n"))
			}
		})
	}
}

// containsAll reports whether one line has the place and severity of want, and its fragments.
func containsAll(lines []string, want string) bool {
	parts := strings.SplitN(want, ": ", 3)
	text, hint, _ := strings.Cut(parts[2], "; ")
	for _, l := range lines {
		if strings.HasPrefix(l, parts[0]+": "+parts[1]+": ") && strings.Contains(l, strings.TrimPrefix(text, "; ")) && strings.Contains(l, hint) {
			return true
		}
	}
	return false
}

func TestGoodConfigurationsAreClean(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"legacy": "$ModLoad imudp.so\n$UDPServerRun 514\n$template t,\"%msg%\\n\"\n*.*;mail.none -/var/log/x;t\n& stop\n",
		"names":  "module(load=\"/usr/lib/rsyslog/imtcp.so\")\nmodule(load=\"builtin:omfile\" fileCreateMode=\"0600\")\nmodule(load=\"lmnsd_gtls\")\ninput(type=\"imtcp\" port=\"514\")\n*.* /x\n",
		"script": "set $.x = 1;\nif $msg contains 'a' and not ($.x == 2) then { action(type=\"omfile\" file=\"/x\") stop } else action(type=\"omfile\" file=\"/y\")\n",
		"later":  "call later\nruleset(name=\"later\") {\n*.* /x\n}\n",
		"off":    `input(type="nothing" config.enabled="off")` + "\n*.* /x\n",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := load(t, text)
			for _, d := range diags.All() {
				var b strings.Builder
				d.Write(&b)
				t.Error(b.String())
			}
		})
	}
}

func TestLegacyDirectivesHoldForWhatFollows(t *testing.T) {
	t.Parallel()
	cfg, diags := load(t, "$ModLoad imtcp\n$InputTCPServerBindRuleset remote\n$RuleSet remote\n*.* /remote\n$RuleSet RSYSLOG_DefaultRuleset\n$InputTCPServerRun 1\n*.* /local\n")
	if !diags.Clean() {
		t.Fatalf("%+v", diags.All())
	}
	if len(cfg.Inputs) != 1 || cfg.Inputs[0].Ruleset == nil || cfg.Inputs[0].Ruleset.Name != "remote" {
		t.Errorf("inputs: %+v", cfg.Inputs)
	}
	if len(cfg.Actions) != 2 {
		t.Errorf("%d actions", len(cfg.Actions))
	}
}
