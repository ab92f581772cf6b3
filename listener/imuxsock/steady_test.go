package imuxsock

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"syslogd/hosts"
	"syslogd/listener"
	"syslogd/listener/internal/hungtest"
	"syslogd/metrics"
	"syslogd/module"
)

// steady opens a socket whose reader has seen 100 messages, so far apart.
func steady(t *testing.T, every time.Duration) (r *reader, c net.Conn) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ux")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	conf := *Module.Instance.New(nil).(*Config)
	conf.Path = filepath.Join(dir, "log")
	i, err := New(conf, module.Env{
		Log: slog.New(slog.DiscardHandler), Metrics: &metrics.Set{}, Now: time.Now,
		Names:  hosts.New(hosts.Options{LocalHostName: "box"}),
		Global: &module.Global{MaxMessageSize: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := i.(*input)
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	r = newReader(in)
	r.Gather = hungtest.After(100, every)
	r.Socket.Direct(r.Gather.Direct(true))
	if c, err = net.Dial("unixgram", conf.Path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return r, c
}

// This test is not parallel: only one input, or a few, may wait directly.
func TestAMessageThatTakesLongHoldsUpNoOtherAndNoStop(t *testing.T) {
	hungtest.HoldsUpNothing(t, func(t *testing.T) (func(context.Context, *listener.Submitter), func(string)) {
		r, c := steady(t, 2*time.Millisecond)
		return r.run, func(text string) { c.Write([]byte(text)) }
	})
}

func TestMessagesGatherWhereTheKernelHasRoom(t *testing.T) {
	for _, tt := range []struct {
		every   time.Duration
		n, room int
		want    bool
	}{
		{100 * time.Microsecond, 1, 512, true},
		{100 * time.Microsecond, 1, 10, false}, // programs would wait
		{100 * time.Microsecond, maxBatch, 512, false},
		{2 * time.Millisecond, 1, 512, false},
	} {
		r, _ := steady(t, tt.every)
		r.sock.room = tt.room
		if got := r.gathers(tt.n); got != tt.want {
			t.Errorf("%d messages every %v, room for %d: gathers %v, want %v", tt.n, tt.every, tt.room, got, tt.want)
		}
		r.Gather.Release()
	}
}
