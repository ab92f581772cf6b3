package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"syslogd/config"
	"syslogd/config/param"
	"syslogd/engine"
	"syslogd/internal/barrier"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/output"
	"syslogd/router/property"
)

// trap is modules that panic at messages with a mark: PARSE!, MODIFY!, and so on.
type trap struct {
	// batches are what the input submits, pass that it may process them itself.
	batches chan []string
	pass    bool
	// down makes the output one that does not work; late, one that delivers record by
	// record.
	down, late bool

	mu  sync.Mutex
	got []string
}

func spring(text []byte, mark string) {
	if bytes.Contains(text, []byte(mark)) {
		panic("sprung by " + mark)
	}
}

// modules are those of the server and the trap.
func (x *trap) modules() *module.Registry {
	r := engine.Modules()
	r.AddParser(module.NewParser[module.None]("pmtrap", nil, func(module.None, module.ParserEnv) (module.Parser, error) { return x, nil }, "trap"))
	r.AddOutput(module.NewModifier[module.None, module.None]("mmtrap", nil, nil, nil, func(module.None, module.Env) (modify.Modifier, error) { return x, nil }))
	type conf struct{ Template string }
	params := param.Table[conf]{param.Template("template", func(c *conf) *string { return &c.Template })}
	r.AddOutput(module.NewOutput[module.None]("omtrap", nil, params, nil, func(c conf, _ module.Env) (output.Output, error) {
		return trapOutput{x, c.Template}, nil
	}))
	type bound struct{ Ruleset string }
	inputs := param.Table[bound]{param.String("ruleset", func(c *bound) *string { return &c.Ruleset })}
	r.AddInput(module.NewInput[module.None]("imtrap", nil, inputs, nil, func(bound, module.Env) (listener.Input, error) { return trapInput{x}, nil },
		func(c *bound) string { return c.Ruleset }))
	return r
}

// Parse never takes a message.
func (x *trap) Parse(_ *message.Batch, m *message.Message) bool {
	spring(m.Raw(), "PARSE!")
	m.Details = x
	return false
}

func (x *trap) Details(m *message.Message) message.Value {
	spring(m.Raw(), "FILTER!")
	spring(m.Raw(), "TEMPLATE!")
	return message.Value{}
}

func (x *trap) DetailsName() string { return "trap" }

func (x *trap) Modify(m *message.Message, _ *property.Context) error {
	spring(m.Raw(), "MODIFY!")
	return nil
}

type trapOutput struct {
	*trap
	template string
}

func (x trapOutput) Templates() []string { return []string{x.template} }
func (x trapOutput) Close() error        { return nil }

func (x trapOutput) Write(_ context.Context, b *output.Batch) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.down {
		return &output.Suspended{Err: fmt.Errorf("down")}
	}
	var texts []string
	for i := range b.Len() {
		text := b.Parts[0].At(i)
		if x.late {
			b.Done = i
			spring(text, "WRITE!")
			x.got = append(x.got, string(text))
			continue
		}
		spring(text, "WRITE!")
		texts = append(texts, string(text))
	}
	x.got = append(x.got, texts...)
	return nil
}

type trapInput struct{ *trap }

func (trapInput) Open(context.Context) error { return nil }
func (trapInput) Close() error               { return nil }

func (x trapInput) Run(ctx context.Context, s *listener.Submitter) error {
	origin, peer := &message.Origin{Name: "imtrap"}, message.NewPeer("192.0.2.1", "sender")
	for {
		select {
		case texts := <-x.batches:
			b := message.NewBatch(nil)
			b.Received = time.Now()
			for _, t := range texts {
				b.Add([]byte(t), origin, peer)
			}
			if x.pass {
				s.Pass(b)
			} else {
				s.Insist(b)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// run runs a server with the trap in dir.
func (x *trap) run(t *testing.T, dir, conf string) (*engine.Engine, *logged) {
	t.Helper()
	x.batches = make(chan []string)
	log := &logged{}
	cfg, diags, err := config.Load("test.conf", []byte(strings.ReplaceAll(conf, "@DIR@", dir)), x.modules(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(cfg, engine.Env{Log: slog.New(slog.NewTextHandler(log, nil))}, diags)
	for _, d := range diags.All() {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s", d.Range.Start, d.Text)
		}
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop(t.Context()) })
	return e, log
}

func (x *trap) records() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.got)
}

const trapConf = `
global(workDirectory="@DIR@")
module(load="pmtrap") module(load="mmtrap") module(load="omtrap") module(load="imtrap")
main_queue(@MAIN@ queue.timeoutShutdown="500" queue.timeoutActionCompletion="200")
template(name="t" type="string" string="%msg%%$!device!a%")
ruleset(name="r" parser=["trap","rsyslog.rfc3164"]) {
	action(type="mmtrap")
	if $msg contains "FILTER!" and $!device!a == "1" then stop
	action(type="omtrap" name="out" template="t" action.resumeRetryCount="-1" action.resumeInterval="1" @ACTION@)
}
input(type="imtrap" ruleset="r")
`

// trapped are messages of which every stage panics at some, and those that are left.
func trapped() (texts, good []string, bad int) {
	marks := []string{"", "PARSE!", "", "", "WRITE!", "MODIFY!", "", "FILTER!", "TEMPLATE!", "", "WRITE!", "", ""}
	for i := range 40 {
		mark := marks[i%len(marks)]
		text := fmt.Sprintf(" %d %s", i, mark)
		texts = append(texts, "<13>Oct 11 22:14:15 host app:"+text)
		if mark == "" {
			good = append(good, text)
		} else {
			bad++
		}
	}
	return texts, good, bad
}

// TestAPanicCostsOneMessage sends messages that make every stage panic: all others are
// delivered once, in order, and those are put aside.
func TestAPanicCostsOneMessage(t *testing.T) {
	t.Parallel()
	const disk = `queue.type="Disk" queue.filename="main" queue.spoolDirectory="@DIR@/q" queue.checkpointInterval="1"`
	actionDisk := strings.ReplaceAll(disk, "main", "act")
	for name, c := range map[string]struct {
		main, action string
		pass, late   bool
		file         string
	}{
		"memory":                   {`queue.type="LinkedList"`, "", false, false, barrier.FileName},
		"memory, late":             {`queue.type="LinkedList"`, "", false, true, barrier.FileName},
		"processed by the input":   {`queue.type="LinkedList"`, "", true, false, barrier.FileName},
		"queue of an action":       {`queue.type="LinkedList"`, `queue.type="LinkedList"`, false, false, barrier.FileName},
		"disk":                     {disk, "", false, false, ""},
		"disk, late":               {disk, "", false, true, ""},
		"queue of an action, disk": {`queue.type="LinkedList"`, actionDisk, false, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, dir := &trap{pass: c.pass, late: c.late}, t.TempDir()
			conf := strings.NewReplacer("@MAIN@", c.main, "@ACTION@", c.action).Replace(trapConf)
			e, log := x.run(t, dir, conf)
			texts, good, bad := trapped()
			x.batches <- texts[:17]
			x.batches <- texts[17:]
			waitFor(t, "all good messages", func() bool { return len(x.records()) >= len(good) })
			if err := e.Stop(t.Context()); err != nil {
				t.Errorf("stop: %v", err)
			}
			if got := x.records(); !slices.Equal(got, good) {
				t.Errorf("delivered %q, want %q", got, good)
			}
			lines := 0
			for _, f := range files(t, dir, barrier.FileName) {
				lines += strings.Count(f, "\n")
			}
			if lines != bad {
				t.Errorf("%d messages are put aside, want %d", lines, bad)
			}
			if c.file != "" && content(dir, c.file) == "" {
				t.Errorf("there is no %s in the work directory", c.file)
			}
			for _, want := range []string{"reason=panic", `where="action out"`, `panic="sprung by `, "engine_test.spring barrier_test.go:", "22:14:15"} {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log has no %s:\n%s", want, log)
				}
			}
		})
	}
}

// files are the contents of all files of that name below dir.
func files(t *testing.T, dir, name string) (list []string) {
	t.Helper()
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == name {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, string(text))
		}
		return nil
	})
	return list
}

// TestAServerStartsWithMessagesOnDiskThatPanic leaves messages on disk, in the main queue
// or in that of the action, and starts again.
func TestAServerStartsWithMessagesOnDiskThatPanic(t *testing.T) {
	t.Parallel()
	const disk = `queue.type="Disk" queue.filename="q" queue.spoolDirectory="@DIR@/q"`
	for name, c := range map[string]struct{ main, action string }{
		"main queue":         {disk, ""},
		"queue of an action": {`queue.type="LinkedList"`, disk + ` queue.timeoutShutdown="1" queue.timeoutActionCompletion="1"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf := strings.NewReplacer("@MAIN@", c.main, "@ACTION@", c.action).Replace(trapConf)
			dir := t.TempDir()
			first := &trap{down: true}
			e, _ := first.run(t, dir, conf)
			texts, good, _ := trapped()
			first.batches <- texts
			if err := e.Stop(t.Context()); err != nil {
				t.Fatalf("stop: %v", err)
			}
			second := &trap{}
			e, _ = second.run(t, dir, conf)
			waitFor(t, "all good messages", func() bool { return len(second.records()) >= len(good) })
			second.batches <- []string{"<13>Oct 11 22:14:15 host app: new"}
			waitFor(t, "a new message", func() bool { return len(second.records()) > len(good) })
			if err := e.Stop(t.Context()); err != nil {
				t.Errorf("stop: %v", err)
			}
			if got := second.records(); !slices.Equal(got, append(good, " new")) {
				t.Errorf("delivered %q, want %q", got, good)
			}
			if left, _ := filepath.Glob(dir + "/q/q*/*.seg"); len(left) > 0 {
				t.Errorf("%q are left", left)
			}
		})
	}
}
