package immark_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/hosts"
	"syslogd/listener"
	"syslogd/listener/immark"
	"syslogd/message"
	"syslogd/module"
)

// queue keeps what it gets.
type queue struct {
	texts []string
	flags []message.Flags
}

func (q *queue) Enqueue(_ context.Context, b *message.Batch) error { return q.TryEnqueue(b) }

func (q *queue) TryEnqueue(b *message.Batch) error {
	for i := range b.Msgs {
		m := &b.Msgs[i]
		q.texts = append(q.texts, m.PRI.Facility().String()+"."+m.PRI.Severity().String()+" "+string(m.Hostname())+" "+string(m.Tag(nil))+string(m.Msg()))
		q.flags = append(q.flags, m.Flags&message.Mark)
	}
	b.Release()
	return nil
}

func TestAMessageIsWrittenAtEachInterval(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		change     func(*immark.ModuleConfig)
		internal   bool
		want, sent string // what the rules and the system log get
		flag       message.Flags
	}{
		{"through the rules", nil, true, "syslog.info box rsyslogd:-- MARK --|syslog.info box rsyslogd:-- MARK --", "", message.Mark},
		{"to the system log", nil, false, "", "-- MARK --|-- MARK --", 0},
		{"without a system log", func(c *immark.ModuleConfig) { c.Syslog = false }, false, "syslog.info box rsyslogd:-- MARK --|syslog.info box rsyslogd:-- MARK --", "", message.Mark},
		{"another text without the flag", func(c *immark.ModuleConfig) { c.Text, c.Flag = "alive", false }, true, "syslog.info box rsyslogd:alive|syslog.info box rsyslogd:alive", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := immark.Module.Module.New(nil).(*immark.ModuleConfig)
				if test.change != nil {
					test.change(c)
				}
				var sent []string
				in, err := immark.New(*c, module.Env{
					Now: time.Now, Global: &module.Global{ProcessInternal: test.internal},
					Names:      hosts.New(hosts.Options{LocalHostName: "box"}),
					OwnMessage: func(text string) { sent = append(sent, text) },
				})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				q := &queue{}
				ended := make(chan error)
				go func() { ended <- in.Run(ctx, &listener.Submitter{Queue: q}) }()
				time.Sleep(2*20*time.Minute + time.Second) // of the bubble
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if got := strings.Join(q.texts, "|"); got != test.want || strings.Join(sent, "|") != test.sent {
					t.Errorf("the rules got %q, the system log %q", got, sent)
				}
				for _, f := range q.flags {
					if f != test.flag {
						t.Errorf("the flag is %v", f)
					}
				}
			})
		})
	}
}

func TestAnIntervalOfZeroIsNoInput(t *testing.T) {
	t.Parallel()
	c := immark.Module.Module.New(nil).(*immark.ModuleConfig)
	if got := len(immark.Module.Implicit(c)); got != 1 {
		t.Errorf("by default there are %d inputs, want 1", got)
	}
	c.Interval = 0
	if got := len(immark.Module.Implicit(c)); got != 0 {
		t.Errorf("without an interval there are %d inputs", got)
	}
}
