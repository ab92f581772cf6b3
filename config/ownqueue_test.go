package config_test

import (
	"strings"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/queue"
)

func TestAnActionThatOthersMustNotWaitForGetsAQueue(t *testing.T) {
	t.Parallel()
	const next = "\n" + `action(type="omfile" file="/x" action.execOnlyWhenPreviousIsSuspended="on")`
	const alone, other = `ruleset(name="r" queue.type="LinkedList") { `, `ruleset(name="other") { action(type="omfile" file="/x") }`
	for conf, want := range map[string]bool{
		`action(type="omfwd" target="h" protocol="tcp")`: true,
		"*.* @@h\n": true,
		`module(load="omrelp")` + "\n" + `action(type="omrelp" target="h")`:                             true,
		`action(type="omfwd" target="h" protocol="udp")`:                                                false,
		`action(type="omfwd" target="h" protocol="tcp" queue.type="Direct")`:                            false,
		`action(type="omfwd" target="h" protocol="tcp" queue.type="LinkedList")`:                        true,
		`action(type="omfwd" target="h" protocol="tcp")` + next:                                         false,
		`action(type="omfwd" target="h" protocol="tcp")` + "\nif previous_action_suspended() then stop": false,
		`action(type="omfile" file="/x")`:                                                               false,
		// Nobody waits for what is alone behind the queue of a ruleset.
		alone + `action(type="omfwd" target="h" protocol="tcp") }`:                                            false,
		alone + `if $msg contains "x" then { set $!y = 1; action(type="omfwd" target="h" protocol="tcp") } }`: false,
		alone + `action(type="omfwd" target="h" protocol="tcp") action(type="omfile" file="/x") }`:            true,
		alone + `action(type="omfwd" target="h" protocol="tcp") call other }` + other:                         true,
		`ruleset(name="r") { action(type="omfwd" target="h" protocol="tcp") }`:                                true,
	} {
		cfg, diags, err := config.Load("x.conf", []byte(conf), engine.Modules(), config.Options{})
		if err != nil || !diags.Clean() {
			t.Fatalf("%s: %v %+v", conf, err, diags.All())
		}
		if got := cfg.Actions[0].Queue != nil; got != want {
			t.Errorf("%s: it has a queue: %v, want %v", conf, got, want)
		}
	}
}

func TestBehindAQueueOnDiskAnActionsOwnQueueIsOnDisk(t *testing.T) {
	t.Parallel()
	const global = `global(workDirectory="/w")` + "\n"
	const far, named = `action(type="omfwd" target="h.example" port="514" protocol="tcp")` + "\n", `action(name="far/away" type="omfwd" target="h" protocol="tcp")` + "\n"
	for _, tt := range []struct {
		conf string
		typ  queue.Type
		dirs []string
	}{
		{far, queue.LinkedList, []string{""}},
		{`main_queue(queue.type="Disk" queue.fileName="main")` + "\n" + far + far + named, queue.Disk,
			[]string{"/w/omfwd-h.example-514.queue", "/w/omfwd-h.example-514-2.queue", "/w/far_away.queue"}},
		{`main_queue(queue.type="LinkedList" queue.fileName="main")` + "\n" + far, queue.LinkedList, []string{"/w/omfwd-h.example-514.queue"}},
		{`ruleset(name="r" queue.type="Disk" queue.fileName="r") { ` + far + `*.* /x` + "\n" + ` }`, queue.Disk, []string{"/w/omfwd-h.example-514.queue"}},
	} {
		cfg, diags, err := config.Load("x.conf", []byte(global+tt.conf), engine.Modules(), config.Options{})
		if err != nil || !diags.Clean() {
			t.Fatalf("%s: %v %+v", tt.conf, err, diags.All())
		}
		for i, a := range cfg.Actions[:len(tt.dirs)] {
			if a.Queue.Type != tt.typ || a.Queue.Dir != tt.dirs[i] {
				t.Errorf("%s: action %d has a queue of type %v in %q, want %v in %q", tt.conf, i, a.Queue.Type, a.Queue.Dir, tt.typ, tt.dirs[i])
			}
		}
	}
}

func TestAWatchedActionWithAQueueIsNoted(t *testing.T) {
	t.Parallel()
	const conf = `action(name="far" type="omfwd" target="h" protocol="tcp" queue.type="LinkedList")
action(type="omfile" file="/x" action.execOnlyWhenPreviousIsSuspended="on")`
	_, diags, err := config.Load("x.conf", []byte(conf), engine.Modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := diags.All()
	if len(all) != 1 || !diags.Clean() || all[0].Range.Start.Line != 2 || !strings.Contains(all[0].Text, "far has a queue") {
		t.Errorf("got %+v, want one note about the queue of far", all)
	}
}

// As rsyslogd has it: a name, tries and the count of messages hold for one action, the others go on.
func TestDirectivesThatHoldForOneActionOrForAllThatFollow(t *testing.T) {
	t.Parallel()
	const conf = `$ActionName first
$ActionExecOnlyEveryNthTime 3
$ActionWriteAllMarkMessages off
$ActionExecOnlyOnceEveryInterval 100
$ActionResumeRetryCount 5
$ActionResumeInterval 7
$ActionExecOnlyWhenPreviousIsSuspended on
*.* /a
*.* /b
`
	cfg, diags, err := config.Load("x.conf", []byte(conf), engine.Modules(), config.Options{})
	if err != nil || !diags.Clean() {
		t.Fatalf("%v %+v", err, diags.All())
	}
	first, second := cfg.Actions[0], cfg.Actions[1]
	if first.Name != "first" || first.EveryNth != 3 || first.WriteAllMarks || second.Name == "first" || second.EveryNth != 0 || !second.WriteAllMarks {
		t.Errorf("for one action: got %+v and %+v", first.Conditions, second.Conditions)
	}
	if first.Policy.RetryCount != 5 || second.Policy.RetryCount != 0 {
		t.Errorf("tries: got %d and %d, want 5 and 0", first.Policy.RetryCount, second.Policy.RetryCount)
	}
	for _, a := range cfg.Actions {
		if a.OnceEvery != 100 || a.Policy.Interval != 7*time.Second || !a.WhenPreviousSuspended {
			t.Errorf("for all: %s has %+v, %+v", a.Name, a.Conditions, a.Policy)
		}
	}
}
