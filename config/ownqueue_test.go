package config_test

import (
	"testing"

	"syslogd/config"
	"syslogd/engine"
)

func TestAnActionThatOthersMustNotWaitForGetsAQueue(t *testing.T) {
	t.Parallel()
	const next = "\n" + `action(type="omfile" file="/x" action.execOnlyWhenPreviousIsSuspended="on")`
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
