package config_test

import (
	"strings"
	"testing"

	"syslogd/queue"
)

func TestQueuesWithFiles(t *testing.T) {
	t.Parallel()
	const global = `global(workDirectory="/w")` + "\n"
	action := func(queue string) string { return `action(type="omfile" file="/x" ` + queue + `)` + "\n" }
	for _, tt := range []struct {
		name, conf string
		typ        queue.Type
		dir        string
		want       string // of the only diagnostic: its text and effect
	}{
		{"disk", global + action(`queue.type="Disk" queue.fileName="q"`), queue.Disk, "/w/q.queue", ""},
		{"disk-assisted", global + action(`queue.type="LinkedList" queue.fileName="q" queue.spoolDirectory="/s"`), queue.LinkedList, "/s/q.queue", ""},
		{"work directory that is set later", action(`queue.type="Disk" queue.fileName="q"`) + global, queue.Disk, "/w/q.queue", ""},
		{"legacy", "$WorkDirectory /w\n$ActionQueueType Disk\n$ActionQueueFileName q\n*.* /x\n", queue.Disk, "/w/q.queue", ""},
		{"no name", global + action(`queue.type="Disk"`), queue.LinkedList, "", `needs queue.fileName|kept in memory`},
		{"no directory", action(`queue.type="Disk" queue.fileName="q"`), queue.Disk, "/q.queue", `no directory is set`},
		{"encryption", global + action(`queue.type="Disk" queue.fileName="q" queue.cry.provider="gcry"`), queue.LinkedList, "", `can not be encrypted|nothing is written to disk`},
		{"watermark", global + action(`queue.type="LinkedList" queue.fileName="q" queue.highWatermark="5000"`), queue.LinkedList, "/w/q.queue", `highWatermark is 5000|the default is used`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, diags := load(t, tt.conf)
			q := cfg.Actions[0].Queue
			if q == nil || q.Type != tt.typ || q.Dir != tt.dir {
				t.Errorf("queue %+v, want type %v in %q", q, tt.typ, tt.dir)
			}
			all := diags.All()
			if tt.want == "" {
				if len(all) > 0 {
					t.Errorf("diagnostics: %+v", all)
				}
				return
			}
			text, effect, _ := strings.Cut(tt.want, "|")
			if len(all) != 1 || !strings.Contains(all[0].Text, text) || !strings.Contains(all[0].Effect, effect) {
				t.Errorf("want %q, got %+v", tt.want, all)
			}
		})
	}
}

func TestTwoQueuesCanNotShareFiles(t *testing.T) {
	t.Parallel()
	const action = `action(type="omfile" file="/x" queue.type="LinkedList" queue.fileName="q")` + "\n"
	cfg, diags := load(t, `global(workDirectory="/w")`+"\n"+action+action)
	if len(diags.All()) != 1 || !strings.Contains(diags.All()[0].Text, "used by the queue of action action-0") {
		t.Errorf("diagnostics: %+v", diags.All())
	}
	if cfg.Actions[0].Queue.Dir == "" || cfg.Actions[1].Queue.Dir != "" {
		t.Errorf("directories %q, %q", cfg.Actions[0].Queue.Dir, cfg.Actions[1].Queue.Dir)
	}
}

// A queue whose rest goes to disk does not wait for a target at a stop.
func TestHowLongAStopWaitsForAQueue(t *testing.T) {
	t.Parallel()
	const global = `global(workDirectory="/w")` + "\n"
	for queue, want := range map[string]int{
		`queue.type="LinkedList"`:                                                       10000,
		`queue.type="LinkedList" queue.fileName="q"`:                                    10,
		`queue.type="LinkedList" queue.fileName="q" queue.saveOnShutdown="off"`:         10000,
		`queue.type="LinkedList" queue.fileName="q" queue.timeoutShutdown="7"`:          7,
		`queue.type="LinkedList" queue.timeoutShutdown="7" queue.timeoutEnqueue="1000"`: 7,
	} {
		cfg, _ := load(t, global+`action(type="omfile" file="/x" `+queue+`)`)
		if got := cfg.Actions[0].Queue.TimeoutShutdown; got != want {
			t.Errorf("%s: %d ms, want %d", queue, got, want)
		}
	}
}
