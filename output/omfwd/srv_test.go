package omfwd

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"syslogd/module"
	"syslogd/output"
)

func record(text string) *output.Batch {
	return &output.Batch{Parts: []output.Part{{Data: []byte(text), Ends: []int{len(text)}}}}
}

func TestTargetsOfAnSRVName(t *testing.T) {
	t.Parallel()
	var ports []uint16
	var servers []net.Listener
	for range 2 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		servers, ports = append(servers, ln), append(ports, uint16(ln.Addr().(*net.TCPAddr).Port))
	}
	out, err := New(Config{TargetSRV: "example.net", Protocol: TCP, Delimiter: '\n', CheckPeer: true, PoolResume: 30},
		module.Env{Log: slog.New(slog.DiscardHandler), Now: time.Now, Global: &module.Global{StreamDriver: "ptcp"}})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	o := out.(*forwarder)
	var asked string
	records, lookupErr := []*net.SRV(nil), errors.New("no such host")
	o.srv = func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
		asked = service + " " + proto + " " + name
		return "", records, lookupErr
	}
	if err := out.Write(t.Context(), record("lost")); err == nil || !strings.Contains(err.Error(), "no such host") {
		t.Errorf("a name that is not there: %v", err)
	}
	if asked != "syslog tcp example.net" {
		t.Errorf("asked for %s", asked)
	}
	records, lookupErr = []*net.SRV{{Target: "127.0.0.1.", Port: ports[0], Priority: 10}, {Target: "127.0.0.1.", Port: ports[1], Priority: 20}}, nil
	for _, text := range []string{"one", "two"} { // not in turns: the first has priority
		if err := out.Write(t.Context(), record(text)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := servers[0].Accept()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(c)
	for _, want := range []string{"one\n", "two\n"} {
		if got, err := lines.ReadString('\n'); got != want {
			t.Errorf("got %q, want %q (%v)", got, want, err)
		}
	}
	c.Close()
	servers[0].Close()
	if err := out.Write(t.Context(), record("three")); err != nil {
		t.Fatal(err)
	}
	if c, err = servers[1].Accept(); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, _ := bufio.NewReader(c).ReadString('\n'); got != "three\n" {
		t.Errorf("the other server got %q", got)
	}
}

func TestAWholeSRVNameIsAskedForAsItStands(t *testing.T) {
	t.Parallel()
	out, err := New(Config{TargetSRV: "_syslog-tls._tcp.example.net", Protocol: TCP},
		module.Env{Log: slog.New(slog.DiscardHandler), Now: time.Now, Global: &module.Global{StreamDriver: "ptcp"}})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	asked := ""
	out.(*forwarder).srv = func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
		asked = service + proto + name
		return "", nil, nil
	}
	if err := out.Write(t.Context(), record("x")); err == nil || !strings.Contains(err.Error(), "no servers") {
		t.Errorf("a name without servers: %v", err)
	}
	if asked != "_syslog-tls._tcp.example.net" {
		t.Errorf("asked for %s", asked)
	}
}
