package hosts_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"syslogd/hosts"
	"syslogd/internal/barrier"
	"syslogd/message"
	"syslogd/metrics"
)

type lookup func(ctx context.Context, addr string) ([]string, error)

func named(t *testing.T, l lookup, change func(*hosts.Options)) *hosts.Names {
	t.Helper()
	opt := hosts.Options{EnableDNS: true, LocalHostName: "box", Lookup: l, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&opt)
	}
	return hosts.New(opt)
}

var sender = netip.MustParseAddr("192.0.2.7")

func TestTheNameOfASender(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer []string
		err    error
		keep   bool
		want   string
	}{
		{"the first name, without the dot, in lower case", []string{"Web1.Example.COM.", "other."}, nil, false, "web1.example.com"},
		{"preserveCase keeps the case", []string{"Web1.Example.COM."}, nil, true, "Web1.Example.COM"},
		{"no name: the address", nil, nil, false, "192.0.2.7"},
		{"an error: the address", nil, errors.New("no such host"), false, "192.0.2.7"},
		{"a name that passes for another address is not believed", []string{"198.51.100.1."}, nil, false, "192.0.2.7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n := named(t, func(_ context.Context, addr string) ([]string, error) {
				if addr != "192.0.2.7" {
					return nil, fmt.Errorf("asked for %s", addr)
				}
				return test.answer, test.err
			}, nil)
			if got := string(n.Peer(sender, test.keep).Host()); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAnIPv4AddressInIPv6FormIsTheSameSender(t *testing.T) {
	t.Parallel()
	n := named(t, nil, func(o *hosts.Options) { o.EnableDNS = false })
	a, b := n.Peer(sender, false), n.Peer(netip.MustParseAddr("::ffff:192.0.2.7"), false)
	if a != b || string(b.Host()) != "192.0.2.7" {
		t.Errorf("%p %s and %p %s, want one sender 192.0.2.7", a, a.Host(), b, b.Host())
	}
}

func TestANameServiceThatIsSlowHoldsUpAWorkerForABoundedTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		n := named(t, func(ctx context.Context, _ string) ([]string, error) {
			select {
			case <-answer:
				return []string{"late.example.com."}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}, nil)
		start := time.Now()
		p := n.Peer(sender, false)
		if d := time.Since(start); d != 0 {
			t.Errorf("a reader waits %v for a name", d)
		}
		if got := string(p.Host()); got != "192.0.2.7" {
			t.Errorf("got %q before there is an answer", got)
		}
		if d := time.Since(start); d != 500*time.Millisecond {
			t.Errorf("a worker waits %v, want half a second", d)
		}
		// Once is enough: the next messages do not wait for the same name.
		start = time.Now()
		p.Host()
		if d := time.Since(start); d != 0 {
			t.Errorf("the second message waits %v", d)
		}
		// The answer serves later messages.
		close(answer)
		synctest.Wait()
		if got := string(p.Host()); got != "late.example.com" {
			t.Errorf("got %q behind the answer", got)
		}
		// Messages of ever new senders must not wait ever again.
		answer = make(chan struct{})
		start = time.Now()
		for i := range 100 {
			n.Peer(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), false).Host()
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("100 unknown senders hold a worker up for %v", d)
		}
		time.Sleep(time.Minute) // the lookups give up
	})
}

func TestNamesAreAskedForAgainWhenTheyAreOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		answer := func(context.Context, string) ([]string, error) {
			return []string{fmt.Sprintf("host%d.", asked.Add(1))}, nil
		}
		n := named(t, answer, func(o *hosts.Options) { o.TTL = time.Hour })
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "host1"}, {time.Minute, "host1"}, {58 * time.Minute, "host1"}, {time.Minute, "host2"}} {
			time.Sleep(step.after)
			if got := string(n.Peer(sender, false).Host()); got != step.want {
				t.Errorf("got %q, want %q", got, step.want)
			}
		}
	})
}

func TestASenderWithoutANameIsAskedForAgainAfterTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		n := named(t, func(context.Context, string) ([]string, error) { asked.Add(1); return nil, nil }, nil)
		n.Peer(sender, false).Host()
		time.Sleep(9 * time.Minute)
		n.Peer(sender, false).Host()
		if got := asked.Load(); got != 1 {
			t.Errorf("asked %d times within ten minutes", got)
		}
		time.Sleep(2 * time.Minute)
		n.Peer(sender, false).Host()
		if got := asked.Load(); got != 2 {
			t.Errorf("asked %d times after eleven minutes, want 2", got)
		}
	})
}

func TestTheOwnNameIsTheOneConfigured(t *testing.T) {
	t.Parallel()
	n := named(t, nil, nil)
	if n.Host() != "box" || string(n.Local().IP) != "127.0.0.1" {
		t.Errorf("the local host is %s %s", n.Host(), n.Local().IP)
	}
}

func TestASenderWhoseNameIsAnAddressIsMarked(t *testing.T) {
	t.Parallel()
	n := named(t, func(_ context.Context, addr string) ([]string, error) {
		if addr == "192.0.2.7" {
			return []string{"198.51.100.1."}, nil
		}
		return []string{"web."}, nil
	}, nil)
	// A peer that comes from a queue on disk is resolved by hand.
	restored := &message.Peer{Addr: sender, IP: []byte("192.0.2.7"), Resolve: n.Resolve}
	for peer, want := range map[*message.Peer]bool{n.Peer(sender, false): true, n.Peer(netip.MustParseAddr("192.0.2.8"), false): false, restored: true} {
		if name := peer.Host(); peer.Forged.Load() != want {
			t.Errorf("%s, named %s: %v", peer.IP, name, !want)
		}
	}
}

func TestTheAddressOfLocalMessages(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{"": "127.0.0.1", "192.0.2.1": "192.0.2.1"} {
		n := named(t, nil, func(o *hosts.Options) { o.LocalIP = ip })
		if got := string(n.Local().IP); got != want {
			t.Errorf("%q: %s", ip, got)
		}
	}
}

// TestAPanicAtTheNameOfASender leaves the address, and asks for others.
func TestAPanicAtTheNameOfASender(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	guard := barrier.New("", log, metrics.NewLosses(log))
	n := named(t, func(_ context.Context, addr string) ([]string, error) {
		if addr == "192.0.2.7" {
			panic("sprung")
		}
		return []string{"web2."}, nil
	}, func(o *hosts.Options) { o.Barrier = guard })
	for addr, want := range map[string]string{"192.0.2.7": "192.0.2.7", "192.0.2.8": "web2"} {
		p := n.Peer(netip.MustParseAddr(addr), false)
		if got := string(n.Resolve(p)); got != want {
			t.Errorf("%s is %s", addr, got)
		}
	}
	if guard.Caught() != 1 {
		t.Errorf("%d panics", guard.Caught())
	}
}

// TestAStopEndsLookups: a name service that does not answer is not waited for.
func TestAStopEndsLookups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var under atomic.Int32
		n := named(t, func(ctx context.Context, _ string) ([]string, error) {
			under.Add(1)
			defer under.Add(-1)
			<-ctx.Done()
			return nil, ctx.Err()
		}, nil)
		p := n.Peer(sender, false)
		p.Host()
		if under.Load() != 1 {
			t.Fatal("no lookup is under way")
		}
		start := time.Now()
		n.Close()
		if d := time.Since(start); d != 0 || under.Load() != 0 {
			t.Errorf("%d lookups are under way %v after the stop", under.Load(), d)
		}
		other := n.Peer(netip.MustParseAddr("192.0.2.8"), false)
		if got := string(other.Host()); got != "192.0.2.8" || time.Since(start) != 0 {
			t.Errorf("after the stop a sender is %q, after %v", got, time.Since(start))
		}
	})
}

// TestSendersThatAreKnownAreBounded: who invents addresses does not fill the memory.
func TestSendersThatAreKnownAreBounded(t *testing.T) {
	t.Parallel()
	n := named(t, nil, func(o *hosts.Options) { o.EnableDNS = false })
	for i := range hosts.MaxPeers + 100 {
		n.Peer(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), false)
	}
	if known := n.Known(); known != hosts.MaxPeers {
		t.Errorf("%d senders are known, want %d", known, hosts.MaxPeers)
	}
}
