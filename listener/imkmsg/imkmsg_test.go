package imkmsg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/hosts"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"6,415,1497969574,-;a: b;c\n", `6 415 24m57.969574s "a: b;c" []`},
		{"30,2,0,c,caller=T1;x\n SUBSYSTEM=acpi\n DEVICE=+acpi:a=b\n", `30 2 0s "x" [[SUBSYSTEM acpi] [DEVICE +acpi:a=b]]`},
		{"6,1,2,-;\n", `6 1 2µs "" []`},
		{"no record", `5 0 -1ns "no record" []`},
		{"999,1,2,-;x", `5 0 -1ns "999,1,2,-;x" []`},
		{"6,1,99999999999999999,-;x", `5 0 -1ns "6,1,99999999999999999,-;x" []`},
	} {
		r := parse([]byte(c.in))
		if got := fmt.Sprintf("%d %d %v %q %v", r.pri, r.seq, r.stamp, r.text, r.fields); got != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("30,2,0,c,caller=T1;x\n SUBSYSTEM=acpi\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := parse(in)
		if r.pri > 191 || !bytes.Contains(in, r.text) {
			t.Errorf("%q: %+v", in, r)
		}
	})
}

type collect struct{ lines chan string }

func (q *collect) Enqueue(_ context.Context, b *message.Batch) error { return q.TryEnqueue(b) }

func (q *collect) TryEnqueue(b *message.Batch) error {
	for i := range b.Msgs {
		m := &b.Msgs[i]
		old := time.Since(b.Received) < time.Hour && m.Reported != m.Received
		q.lines <- fmt.Sprintf("%d %s %s %s %s %v", m.PRI, m.Hostname(), m.Tag(nil), m.Msg(), m.JSON.Root.AppendJSON(nil, false), old)
	}
	b.Release()
	return nil
}

func newInput(t *testing.T, c ModuleConfig) *input {
	t.Helper()
	in, err := New(c, module.Env{Log: slog.New(slog.DiscardHandler), Metrics: new(metrics.Set), Now: time.Now,
		Names: hosts.New(hosts.Options{LocalHostName: "box"})})
	if err != nil {
		t.Fatal(err)
	}
	return in.(*input)
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kmsg")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	in := newInput(t, ModuleConfig{path: path})
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
	fmt.Fprintf(w, "6,7,1000,-;usb: found\n DEVICE=+usb:1\n")
	want := `6 box kernel: usb: found { "sequnum": 7, "msg": "usb: found", "DEVICE": "+usb:1" } true`
	if got := <-q.lines; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The kernel's time is taken as configured; records that were overwritten are counted.
func TestStampsAndGaps(t *testing.T) {
	var got []bool
	for _, c := range []struct {
		mode  stampMode
		start bool
	}{{stampOn, false}, {stampOff, true}, {stampStartup, true}, {stampStartup, false}} {
		in := newInput(t, ModuleConfig{Stamp: c.mode})
		in.start = c.start
		if err := errors.Join(in.take(nil, unix.EPIPE), in.take([]byte("6,1,5,-;x\n"), nil)); err != nil {
			t.Fatal(err)
		}
		m := &in.batch.Msgs[0]
		got = append(got, m.Reported != m.Received)
		if in.lost.Value() != 1 {
			t.Error("the gap was not counted")
		}
	}
	if want := []bool{true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
