package imudp

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"syslogd/hosts"
	"syslogd/listener"
	"syslogd/listener/internal/hungtest"
	"syslogd/metrics"
	"syslogd/module"
)

// steady opens an input whose reader waits as g says, and returns a function that sends
// it a datagram. These tests are not parallel: only one input, or a few, may wait directly.
func steady(t *testing.T, roomy bool, g listener.Gather) (in *input, send func(string)) {
	t.Helper()
	mod := Module.Module.New(nil)
	c := Module.Instance.New(mod).(*Config)
	c.Port, c.Address = []string{"0"}, "127.0.0.1"
	i, err := New(*c, module.Env{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Metrics: &metrics.Set{},
		Names:  hosts.New(hosts.Options{LocalHostName: "box"}),
		Global: &module.Global{MaxMessageSize: 1000, IPv4: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	in = i.(*input)
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := in.readers[0]
	r.roomy, r.Gather = roomy, g
	r.Socket.Direct(r.Gather.Direct(true))
	conn, err := net.Dial("udp", r.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return in, func(text string) {
		t.Helper()
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
}

func runs(in *input) func(context.Context, *listener.Submitter) {
	return func(ctx context.Context, sub *listener.Submitter) { in.Run(ctx, sub) }
}

func TestADatagramThatTakesLongHoldsUpNoOtherAndNoStop(t *testing.T) {
	hungtest.HoldsUpNothing(t, func(t *testing.T) (func(context.Context, *listener.Submitter), func(string)) {
		in, send := steady(t, true, hungtest.After(30, 2*time.Millisecond))
		return runs(in), send
	})
}

func TestAWorkerGetsWhatTheReceiveBufferCouldNotHold(t *testing.T) {
	for _, tt := range []struct {
		name  string
		roomy bool
		every time.Duration
	}{
		{"a small buffer", false, 2 * time.Millisecond},
		{"datagrams come seldom", true, 20 * time.Millisecond},
		{"datagrams come quickly", true, 100 * time.Microsecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := hungtest.New()
			in, send := steady(t, tt.roomy, hungtest.After(100, tt.every))
			send("<13>text")
			stop := hungtest.Run(runs(in), q)
			if got := <-q.Queued; got != "<13>text" {
				t.Errorf("got %q", got)
			}
			if stop(); q.Waited > 0 {
				t.Error("a sender of datagrams was made to wait")
			}
		})
	}
}
