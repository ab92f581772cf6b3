package syntax

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/tools/txtar"

	"syslogd/internal/diag"
)

func printedYAML(text string, opt Options) (string, *diag.List) {
	var diags diag.List
	var b bytes.Buffer
	Print(&b, Parse("x.yaml", []byte(text), opt, &diags))
	return b.String(), &diags
}

// checkYAML prints what a text in YAML means, and what that means.
func checkYAML(t *testing.T, text string, opt Options) {
	t.Helper()
	first, diags := printedYAML(text, opt)
	second, again := printed(first, opt)
	if first != second {
		t.Fatalf("%q\nprints as\n%s\nand that as\n%s", text, first, second)
	}
	if diags.Count(diag.Error) == 0 && again.Count(diag.Error) > 0 {
		t.Fatalf("%q\nprints as\n%s\nwhich has errors:\n%s", text, first, rendered(again))
	}
	for i := range diags.All() {
		p := diags.All()[i].Range.Start
		if p.IsValid() && p.Src.Name == "x.yaml" && (p.Line > bytes.Count([]byte(text), []byte("\n"))+1 || p.Col < 1) {
			t.Fatalf("%q: a diagnostic at line %d, column %d: %s", text, p.Line, p.Col, diags.All()[i].Text)
		}
	}
}

func TestYAML(t *testing.T) {
	t.Parallel()
	opt := newArchive([]txtar.File{conf("/a.conf", "*.* /a\n"), conf("/b.yaml", "modules:\n- load: imudp\n")}).options()
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"version: 2\n", ""},
		{"global: {workDirectory: /var, maxMessageSize: 8k, environment: [A=b, C=d]}", "global(workDirectory=\"/var\" maxMessageSize=\"8k\" environment=[\"A=b\", \"C=d\"])\n"},
		{"mainqueue: {type: linkedlist, queue.size: 5, name: m}", "main_queue(queue.type=\"linkedlist\" queue.size=\"5\" name=\"m\")\n"},
		{"modules:\n- load: imudp\n  threads: 2\ninputs:\n- {type: imudp, port: 514}\n", "module(load=\"imudp\" threads=\"2\")\ninput(type=\"imudp\" port=\"514\")\n"},
		{"templates:\n- name: t\n  type: string\n  string: \"%msg%\\n\"\n", "template(name=\"t\" type=\"string\" string=\"%msg%\\n\")\n"},
		{"templates:\n- name: t\n  type: list\n  elements:\n  - property: {name: msg}\n  - constant: {value: \" \"}\n",
			"template(name=\"t\" type=\"list\") {\n  property(name=\"msg\")\n  constant(value=\" \")\n}\n"},
		{"lookup_tables: [{name: a, filename: /f}]\ntimezones: [{id: CET, offset: \"+01:00\"}]\nparsers: [{name: p, type: pmnull}]\n",
			"lookup_table(name=\"a\" file=\"/f\")\ntimezone(id=\"CET\" offset=\"+01:00\")\nparser(name=\"p\" type=\"pmnull\")\n"},
		{"dyn_stats: [{name: d}]\nperctile_stats: [{name: p, percentiles: [50]}]\nratelimits: [{name: r}]\n",
			"dyn_stats(name=\"d\")\npercentile_stats(name=\"p\" percentiles=[\"50\"])\nratelimit(name=\"r\")\n"},
		{"include:\n- path: /a.conf\n- {path: /b.yaml, optional: on}\n", "include(file=\"/b.yaml\" mode=\"optional\")\ninclude(file=\"/a.conf\")\n"},
		{"rulesets:\n- name: r\n  queue.type: linkedlist\n", "ruleset(name=\"r\" queue.type=\"linkedlist\") {\n}\n"},
		{"rulesets:\n- name: r\n  filter: '*.err;mail.none'\n  actions:\n  - type: omfile\n    file: /a\n  - type: omfile\n    file: /b\n",
			"ruleset(name=\"r\") {\n  *.err;mail.none {\n    action(type=\"omfile\" file=\"/a\")\n    action(type=\"omfile\" file=\"/b\")\n  }\n}\n"},
		{"rulesets:\n- name: r\n  filter: \":syslogtag, startswith, \\\"x\\\"\"\n  actions: [{type: omfile, file: /a}]\n",
			"ruleset(name=\"r\") {\n  :syslogtag, startswith, \"x\" {\n    action(type=\"omfile\" file=\"/a\")\n  }\n}\n"},
		{"rulesets:\n- name: RSYSLOG_DefaultRuleset\n  actions: [{type: omdiscard}]\n", "action(type=\"omdiscard\")\n"},
		{"rulesets:\n- name: r\n  actions: [{type: omdiscard}]\n", "ruleset(name=\"r\") {\n  action(type=\"omdiscard\")\n}\n"},
		{"rulesets:\n- name: r\n  script: |\n    if $msg contains 'a' then {\n      /a\n    }\n    *.* stop\n",
			"ruleset(name=\"r\") {\n  if $msg contains 'a' then {\n    /a\n  }\n  *.* stop\n}\n"},
		{"rulesets:\n- name: r\n  statements:\n  - if: $a == 1\n    then: [{stop: true}]\n    else:\n    - if: $b\n      action: {type: omfile, file: /a}\n",
			"ruleset(name=\"r\") {\n  if $a == 1 then {\n    stop\n  } else {\n    if $b then {\n      action(type=\"omfile\" file=\"/a\")\n    }\n  }\n}\n"},
		{"rulesets:\n- name: r\n  statements:\n  - set: {var: $.a, expr: '1 + 2'}\n  - reset: {var: $.a, expr: 3}\n  - unset: $.a\n  - call: other\n  - call_indirect: $.b\n  - continue: true\n" +
			"  - foreach: {var: $.i, in: $!l, do: [{type: omdiscard}]}\n  - reload_lookup_table: t\n  - reload_lookup_table: {table: t, stub_value: s}\n",
			"ruleset(name=\"r\") {\n  set $.a = 1 + 2;\n  reset $.a = 3;\n  unset $.a;\n  call other\n  call_indirect $.b;\n  continue\n" +
				"  foreach ($.i in $!l) do {\n    action(type=\"omdiscard\")\n  }\n  reload_lookup_table('t')\n  reload_lookup_table('t', 's')\n}\n"},
		{"rulesets:\n- &r {name: a, actions: [{type: omdiscard}]}\n- *r\n", "ruleset(name=\"a\") {\n  action(type=\"omdiscard\")\n}\nruleset(name=\"a\") {\n  action(type=\"omdiscard\")\n}\n"},
	} {
		got, diags := printedYAML(c.text, opt)
		if got != c.want || diags.Len() > 0 {
			t.Errorf("%s\n got %s\nwant %s\n%s", c.text, got, c.want, rendered(diags))
		}
		checkYAML(t, c.text, opt)
	}
}

// TestAliasesAreBounded reads a file that would be of 10^12 statements.
func TestAliasesAreBounded(t *testing.T) {
	t.Parallel()
	text := "rulesets:\n- name: r\n  statements:\n  - if: '1'\n    then: &a0 [{stop: true}]\n"
	for i := range 12 {
		item := "{if: '1', then: *a" + string(rune('0'+i)) + "}"
		if i > 9 {
			break
		}
		text += "  - if: '1'\n    then: &a" + string(rune('0'+i+1)) + " ["
		for range 10 {
			text += item + ", "
		}
		text += "]\n"
	}
	var diags diag.List
	Parse("x.yaml", []byte(text), Options{}, &diags)
	if diags.Count(diag.Error) == 0 {
		t.Error("no error")
	}
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{
		"rulesets:\n- name: r\n  filter: '*.err'\n  actions:\n  - type: omfile\n", "rulesets:\n- name: r\n  script: |\n    if $a then stop\n    *.* /a\n",
		"rulesets:\n- name: r\n  statements:\n  - if: $a == 1\n    then: [{stop: true}]\n    else: [{call: x}]\n  - foreach: {var: $.i, in: $!a, do: [{unset: $.i}]}\n",
		"templates:\n- name: t\n  type: list\n  elements: [{property: {name: msg}}]\n", "include:\n- path: /i\n  optional: on\n", "global: &a {x: *a}",
		"rulesets:\n- name: r\n  script: >\n    if $a then\n    stop\n  ? x\n", "mainqueue:\n  size: 5\n  <<: {a: b}\n", "rulesets: [{name: \"a\\\"b\\0\", script: \"*.* /a\\n& stop\"}]",
	} {
		f.Add(s)
	}
	if text, err := os.ReadFile("../../examples/collector.yaml"); err == nil {
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		checkYAML(t, text, newArchive([]txtar.File{conf("/i", "/b\nset $.x = 1;\n"), conf("/bad", "if then")}).options())
	})
}
