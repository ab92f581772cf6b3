package listener_test

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"syslogd/listener"
	"syslogd/message"
)

func peer(addr, host string) *message.Peer {
	p := message.NewPeer(addr, host)
	p.Addr = netip.MustParseAddr(addr)
	return p
}

func TestAnAccessListPermitsAddressesNetworksAndNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		list       string
		addr, host string
		want       bool
	}{
		{"192.0.2.1", "192.0.2.1", "a", true},
		{"192.0.2.1", "192.0.2.2", "a", false},
		{"192.0.2.77/24", "192.0.2.200", "a", true}, // bits of the host part do not count
		{"192.0.2.0/24", "192.0.3.1", "a", false},
		{"0.0.0.0/0", "203.0.113.5", "a", true},
		{"0.0.0.0/0", "2001:db8::1", "a", false},
		{"[2001:db8::]/32", "2001:db8:ffff::1", "a", true},
		{"2001:db8::1", "2001:db8::1", "a", true},
		{"2001:db8::/32", "2001:db9::1", "a", false},
		{"web1.example.com", "192.0.2.1", "web1.example.com", true},
		{"*.example.com", "192.0.2.1", "WEB1.example.com", true},
		{"*.example.com", "192.0.2.1", "example.com", false},
		{"*.example.com", "192.0.2.1", "web1.example.com.evil.test", false},
		{"192.0.2.1, 198.51.100.0/24 ,*.example.com", "198.51.100.9", "a", true},
		{"", "192.0.2.1", "a", false}, // an empty list permits nobody
	} {
		var entries []string
		if test.list != "" {
			entries = strings.Split(test.list, ",")
		}
		l, err := listener.ParseAccessList(entries, "", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: %v", test.list, err)
			continue
		}
		if got := l.Permits(peer(test.addr, test.host)); got != test.want {
			t.Errorf("%q permits %s (%s): %v, want %v", test.list, test.addr, test.host, got, test.want)
		}
	}
	var none *listener.AccessList
	if !none.Permits(peer("192.0.2.1", "a")) {
		t.Error("without a list somebody is not permitted")
	}
}

func TestAnAccessListRefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{"192.0.2.0/33", "2001:db8::/129", "192.0.2.0/x", "example.com/24", "[2001:db8", ""} {
		if _, err := listener.ParseAccessList([]string{entry}, "", slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q is accepted", entry)
		} else if !strings.Contains(err.Error(), `"`+entry+`"`) {
			t.Errorf("the error for %q does not quote it: %v", entry, err)
		}
	}
}

func TestARefusedSenderIsCountedAndLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	l, err := listener.ParseAccessList([]string{"192.0.2.1"}, "refused", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		l.Refuse(peer("198.51.100.7", "a"))
	}
	if got := l.Refused.Value(); got != 3 {
		t.Errorf("%d are counted, want 3", got)
	}
	if text := log.String(); strings.Count(text, "refused") != 1 || !strings.Contains(text, "198.51.100.7") {
		t.Errorf("the log has %q, want one line with the sender", text)
	}
}
