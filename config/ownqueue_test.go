package config_test

import (
	"strings"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/engine"
)

func TestAnActionThatOthersMustNotWaitForGetsAQueue(t *testing.T) {
	t.Parallel()
	const next = "\n" + `action(type="omfile" file="/x" action.execOnlyWhenPreviousIsSuspended="on")`
	const onDisk = `global(workDirectory="/w") main_queue(queue.type="LinkedList" queue.fileName="main")` + "\n"
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
		onDisk + `action(type="omfwd" target="h" protocol="tcp")`:                                       false,
		onDisk + `action(type="omfwd" target="h" protocol="tcp" queue.type="LinkedList")`:               true,
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

// As rsyslogd has it: a name and the count of messages hold for one action, the others go on.
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
	for _, a := range cfg.Actions {
		if a.OnceEvery != 100 || a.Policy.RetryCount != 5 || a.Policy.Interval != 7*time.Second || !a.WhenPreviousSuspended {
			t.Errorf("for all: %s has %+v, %+v", a.Name, a.Conditions, a.Policy)
		}
	}
}
