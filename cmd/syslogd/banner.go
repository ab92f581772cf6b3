package main

import (
	"fmt"
	"net"
	"strings"

	"syslogd/engine"
)

// banner says, when the server runs in the foreground, where it listens, where
// messages go, and how to try it.
func (s *server) banner() {
	out := s.c.stdout
	fmt.Fprintf(out, "syslogd %s, configuration: %s\n", version, s.cfg.Name)
	test := ""
	for _, l := range s.engine.Listening() {
		fmt.Fprintf(out, "  listening  %-14s %s\n", l.Input, place(l))
		if udp, ok := l.Addr.(*net.UDPAddr); ok && test == "" {
			test = fmt.Sprintf("logger -n %s -P %d -d -t demo 'hello, world'", reachable(udp.IP), udp.Port)
		}
	}
	for _, r := range s.engine.Reading() {
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  reading    %-14s %s", r.Input, r.From), " "))
	}
	for _, d := range s.engine.Destinations() {
		kind, path, _ := strings.Cut(d, " ")
		fmt.Fprintf(out, "  writing    %-14s %s\n", kind, path)
	}
	if s.page != nil {
		fmt.Fprintf(out, "  metrics    http://%s/metrics, health: http://%s/healthz\n", s.page.Addr(), s.page.Addr())
	}
	if test != "" {
		fmt.Fprintf(out, "  try it:    %s\n", test)
	}
}

func place(l engine.Listening) string {
	switch network := l.Addr.Network(); {
	case network == "unixgram" || network == "unix":
		return l.Addr.String()
	case l.TLS:
		return network + "/TLS " + l.Addr.String()
	default:
		return network + " " + l.Addr.String()
	}
}

// reachable is an address of this host that reaches a socket bound to ip.
func reachable(ip net.IP) string {
	switch {
	case !ip.IsUnspecified():
		return ip.String()
	case ip.To4() == nil:
		return "::1"
	}
	return "127.0.0.1"
}
