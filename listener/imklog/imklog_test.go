package imklog

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/hosts"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/ratelimit"
)

type collect struct{ lines chan string }

func (q *collect) Enqueue(_ context.Context, b *message.Batch) error { return q.TryEnqueue(b) }

func (q *collect) TryEnqueue(b *message.Batch) error {
	for i := range b.Msgs {
		m := &b.Msgs[i]
		q.lines <- fmt.Sprintf("%d %s%s", m.PRI, m.Tag(nil), m.Msg())
	}
	b.Release()
	return nil
}

func newInput(t *testing.T, edit func(*ModuleConfig)) *input {
	t.Helper()
	var c ModuleConfig
	params.SetDefaults(&c)
	edit(&c)
	in, err := New(c, module.Env{Log: slog.New(slog.DiscardHandler), Metrics: new(metrics.Set), Now: time.Now, Policies: new(ratelimit.Policies),
		Names: hosts.New(hosts.Options{LocalHostName: "box"})})
	if err != nil {
		t.Fatal(err)
	}
	return in.(*input)
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*ModuleConfig)
		in   []string
		want []string
	}{
		{"kernel's only", func(*ModuleConfig) {}, []string{"<6>[    1.000002] a\n<13>b\n<4>", "c\nd\n\n"}, []string{"6 kernel:[    1.000002] a", "4 kernel:c", "5 kernel:d"}},
		{"all", func(c *ModuleConfig) { c.AnyFacility = true }, []string{"<13>b\n<999>c\n"}, []string{"13 kernel:b", "5 kernel:<999>c"}},
		{"stamps", func(c *ModuleConfig) { c.ParseStamp = true }, []string{"<6>[    1.000002] a\n<6>[x] b\n<6>[1.5] c\n"}, []string{"6 kernel:a", "6 kernel:[x] b", "6 kernel:[1.5] c"}},
		{"stamps are kept", func(c *ModuleConfig) { c.ParseStamp, c.KeepStamp = true, true }, []string{"<6>[    1.000002] a\n"}, []string{"6 kernel:[    1.000002] a"}},
		{"limit", func(c *ModuleConfig) { c.LimitInterval, c.LimitBurst = 60, 2 }, []string{"1\n2\n3\n"}, []string{"5 kernel:1", "5 kernel:2"}},
		{"a line without end", func(*ModuleConfig) {}, []string{strings.Repeat("x", maxLine), "yy"}, []string{"5 kernel:" + strings.Repeat("x", maxLine) + "yy"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := newInput(t, c.edit)
			q := &collect{make(chan string, 10)}
			in.sub = &listener.Submitter{Queue: q}
			for _, p := range c.in {
				if err := in.take([]byte(p), nil); err != nil {
					t.Fatal(err)
				}
			}
			in.flush()
			close(q.lines)
			var got []string
			for line := range q.lines {
				got = append(got, line)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kmsg")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	in := newInput(t, func(c *ModuleConfig) { c.Path = path })
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	q := &collect{make(chan string, 10)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- in.Run(ctx, &listener.Submitter{Queue: q}) }()
	fmt.Fprintf(w, "<6>one\n<6>rest")
	if got := <-q.lines; got != "6 kernel:one" {
		t.Errorf("got %s", got)
	}
	// At a stop what was read is a message.
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := <-q.lines; got != "6 kernel:rest" {
		t.Errorf("got %s", got)
	}
}

func FuzzLine(f *testing.F) {
	f.Add([]byte("<6>[    1.000002] a"))
	f.Fuzz(func(t *testing.T, in []byte) {
		pri, rest := priority(in)
		if _, n := stamp(rest); pri > 191 || n > len(rest) {
			t.Errorf("%q: priority %d", in, pri)
		}
	})
}
