package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"syslogd/config"
	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/module"
	"syslogd/queue"
)

// directive is a legacy directive with the module that has it, "" for none.
type directive struct {
	module, name string
	info         *param.Info
}

// directives are all that the tables declare.
func directives() (list []directive) {
	add := func(module string, infos []param.Info) {
		for i := range infos {
			for _, name := range append(slices.Clone(infos[i].Directives), infos[i].Misnomers...) {
				list = append(list, directive{module, name, &infos[i]})
			}
		}
	}
	object := func(name string, o *module.Object) {
		if o != nil {
			add(name, o.Infos)
		}
	}
	reg := Modules()
	for name, m := range reg.Inputs {
		object(name, m.Module)
		object(name, m.Instance)
	}
	for name, m := range reg.Outputs {
		object(name, m.Module)
		object(name, m.Instance)
	}
	add("", config.GlobalParams())
	add("", config.ActionParams())
	for _, p := range queue.Params {
		name := strings.TrimPrefix(p.Name, "queue.")
		if queue.Directive(name) != nil {
			list = append(list, directive{"", "MainMsgQueue" + name, &p.Info}, directive{"", "ActionQueue" + name, &p.Info})
		}
	}
	return list
}

// value is one that a parameter accepts.
func value(i *param.Info) string {
	switch i.Kind {
	case param.KindBool:
		return "on"
	case param.KindInt, param.KindSize:
		return fmt.Sprint(max(i.Min, 1))
	case param.KindMode:
		return "0640"
	case param.KindChar:
		return "*"
	case param.KindUser, param.KindGroup:
		return "root"
	case param.KindFacility:
		return "local0"
	case param.KindSeverity:
		return "err"
	case param.KindEnum:
		return i.Choices[0]
	case param.KindTemplate:
		return "RSYSLOG_FileFormat"
	}
	return "word"
}

// Whatever stands behind the value of a directive, it is the value that counts:
// settings are those of the directive alone, and a comment is no error.
func TestWhatStandsBehindTheValueOfEveryDirective(t *testing.T) {
	t.Parallel()
	all := directives()
	if len(all) < 180 {
		t.Fatalf("only %d directives were found", len(all))
	}
	for _, d := range all {
		alone, said := d.settings(t, value(d.info))
		if strings.Contains(said, "extra characters") {
			t.Errorf("$%s %s: %s", d.name, value(d.info), said)
		}
		for _, behind := range []string{" ", "\t", "   # text", "\t# text", " \t # text, more; and \"more\"", " #"} {
			if got, more := d.settings(t, value(d.info)+behind); got != alone || more != said {
				t.Errorf("$%s %s%q: %s, and alone %s", d.name, value(d.info), behind, more, said)
			}
		}
		if d.info.Kind == param.KindGone || d.info.Kind == param.KindNoEffect || d.info.Kind == param.KindNotYet {
			continue
		}
		if got, more := d.settings(t, value(d.info)+"  more"); got != alone || !strings.Contains(more, "extra characters") {
			t.Errorf("$%s %s more: %q, want an error about extra characters", d.name, value(d.info), more)
		}
	}
}

// A directive that is written without its value is reported, whichever it is.
func TestDirectivesWithoutTheirValueAreReported(t *testing.T) {
	t.Parallel()
	for _, d := range directives() {
		if d.info.RunsObject && strings.HasPrefix(d.info.Name, "$") {
			continue // it has none
		}
		text := "$" + d.name + "\n*.* /x\n"
		if d.module != "" {
			text = "$ModLoad " + d.module + "\n" + text
		}
		_, diags, err := config.Load("x.conf", []byte(text), Modules(), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		line := strings.Count(text, "\n") - 1
		if !slices.ContainsFunc(diags.All(), func(m diag.Diagnostic) bool { return m.Range.Start.Line == line }) {
			t.Errorf("nothing is said about $%s", d.name)
		}
	}
}

// The ports of inputs whose directive names none, as rsyslogd 8.2302 has them.
func TestPortsOfInputsThatNameNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"$ModLoad imudp\n$UDPServerRun\n":                                      "[514]",
		"$ModLoad imtcp\n$InputTCPServerRun \n":                                "[10514]",
		"$ModLoad imptcp\n$InputPTCPServerRun\n":                               "",
		"$ModLoad imrelp\n$InputRELPServerRun\n":                               "",
		"module(load=\"imudp\")\ninput(type=\"imudp\" port=\"\")\n":            "[514]",
		"module(load=\"imtcp\")\ninput(type=\"imtcp\" port=\"\")\n":            "[514]",
		"module(load=\"imtcp\")\ninput(type=\"imtcp\" port=\" 601\")\n":        "[601]",
		"module(load=\"imudp\")\ninput(type=\"imudp\" port=[\"\", \"601\"])\n": "[514 601]",
	} {
		cfg, diags, err := config.Load("x.conf", []byte(text+"*.* /x\n"), Modules(), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, in := range cfg.Inputs {
			for _, s := range in.Settings() {
				if s.Name == "port" {
					got += fmt.Sprint(s.Items)
				}
			}
		}
		if got != want {
			t.Errorf("%q: port %s, want %s", text, got, want)
		}
		if (diags.Len() == 0) != strings.Contains(text, " 601") {
			t.Errorf("%q: said %v", text, diags.All())
		}
	}
}

// settings are what is in effect with the directive, and what was said about it.
func (d *directive) settings(t *testing.T, value string) (in, said string) {
	text := "$" + d.name + " " + value + "\n*.* /x\n*.* @h\n"
	if d.module != "" {
		text = "$ModLoad " + d.module + "\n" + text
	}
	cfg, diags, err := config.Load("x.conf", []byte(text), Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	show := func(list []config.Setting) {
		for _, s := range list {
			fmt.Fprintln(&b, s.Name, s.Items)
		}
	}
	show(cfg.GlobalSettings())
	show(cfg.MainQueueSettings())
	show(cfg.ModuleSettings(d.module))
	for _, i := range cfg.Inputs {
		show(i.Settings())
	}
	for _, a := range cfg.Actions {
		show(a.Settings(cfg))
	}
	for _, m := range diags.All() {
		if m.Severity == diag.Error {
			said += m.Text + "\n"
		}
	}
	return b.String(), said
}

// How long the value of each directive of actions holds, as established with
// rsyslogd 8.2302; those that are not named hold until they are given again.
func TestHowLongDirectivesHold(t *testing.T) {
	t.Parallel()
	want := map[string]param.Lifetime{
		"ActionName": param.UntilLegacyAction, "ActionExecOnlyEveryNthTime": param.UntilLegacyAction,
		"ActionExecOnlyEveryNthTimeTimeout": param.UntilLegacyAction, "ActionWriteAllMarkMessages": param.UntilLegacyAction,
		"ActionResumeRetryCount": param.UntilAction,
	}
	for _, name := range []string{"UDPServerRun", "InputFileName", "InputFileTag", "InputFileSeverity", "InputFileFacility", "InputFileReadMode",
		"InputFileMaxLinesAtOnce", "InputFileTrimLineOverBytes", "InputFilePersistStateInterval", "InputUnixListenSocketHostName", "OMUxSockSocket",
		"MMNormalizeRuleBase", "MMNormalizeRule", "MMNormalizeUseRawMsg", "ActionSendStreamDriverPermittedPeer"} {
		want[name] = param.UntilInstance
	}
	for _, d := range directives() {
		if slices.Contains(d.info.Misnomers, d.name) {
			continue
		}
		if d.info.Lasts != want[d.name] {
			t.Errorf("$%s lasts %v, want %v", d.name, d.info.Lasts, want[d.name])
		}
	}
}

// What ends the values that hold for one action: an action line all, an action()
// those of queues and tries, ~ those of the line.
func TestWhatEndsValuesThatHoldForOneAction(t *testing.T) {
	t.Parallel()
	const given = "$ActionResumeRetryCount 5\n$ActionQueueType LinkedList\n$ActionExecOnlyEveryNthTime 3\n$ActionResumeInterval 7\n"
	for between, want := range map[string]string{
		"":             "5 true 3 7s",
		"*.* /first\n": "0 false 0 7s",
		"action(type=\"omfile\" file=\"/first\")\n":                        "0 false 3 7s",
		"action(type=\"omfile\" file=\"/first\" config.enabled=\"off\")\n": "0 false 3 7s",
		"action(type=\"omfile\" fil=\"/first\")\n":                         "5 true 3 7s",
		"*.* ~\n":                             "5 true 0 7s",
		"*.* stop\n":                          "5 true 3 7s",
		"*.* /first;Missing\n":                "5 true 0 7s",
		"*.* /first word\n":                   "5 true 3 7s",
		"$ModLoad imudp\n$UDPServerRun 514\n": "5 true 3 7s",
		"$ResetConfigVariables\n":             "0 false 0 30s",
	} {
		cfg, _, err := config.Load("x.conf", []byte(given+between+"*.* /last\n"), Modules(), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a := cfg.Actions[len(cfg.Actions)-1]
		if got := fmt.Sprint(a.Policy.RetryCount, a.Queue != nil, a.EveryNth, a.Policy.Interval); got != want {
			t.Errorf("%q in between: got %s, want %s", between, got, want)
		}
	}
}
