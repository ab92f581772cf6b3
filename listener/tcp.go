package listener

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"sync"

	"syslogd/internal/inet"
	"syslogd/message"
)

// ListenTCP opens the listeners of a TCP input: on address, or on all addresses
// of the families that are used. With port 0 they share the number that the
// system chose first. If one of several cannot be opened, because the host has
// no IPv6 for instance, the others serve.
func ListenTCP(ctx context.Context, opt StreamOptions, address, port string, v4, v6 bool) ([]*StreamServer, error) {
	networks := []string{"tcp"}
	if address == "" {
		networks = nil
		if v4 {
			networks = append(networks, "tcp4")
		}
		if v6 {
			networks = append(networks, "tcp6")
		}
	}
	var servers []*StreamServer
	var errs []error
	for _, n := range networks {
		o := opt
		o.Network, o.Address = n, net.JoinHostPort(inet.Host(address), port)
		if len(servers) > 0 {
			o.PortFile = ""
		}
		s := NewStreamServer(o)
		if err := s.Listen(ctx); err != nil {
			errs = append(errs, fmt.Errorf("listen on %s port %s: %w", n, o.Address, err))
			continue
		}
		servers = append(servers, s)
		if a, ok := s.Addr().(*net.TCPAddr); ok {
			port = strconv.Itoa(a.Port)
		}
	}
	if len(servers) == 0 {
		return nil, errors.Join(errs...)
	}
	for _, err := range errs {
		opt.Log.Warn("one address family is not listened on", "err", err)
	}
	return servers, nil
}

// RunAll runs several servers until ctx is done and all have ended.
func RunAll(ctx context.Context, servers []*StreamServer, sub *Submitter) error {
	var wg sync.WaitGroup
	errs := make([]error, len(servers))
	for i, s := range servers {
		wg.Go(func() { errs[i] = s.Run(ctx, sub) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// CloseAll closes servers that were not run.
func CloseAll(servers []*StreamServer) error {
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// Addrs are the addresses that servers listen on.
func Addrs(servers []*StreamServer) []net.Addr {
	var out []net.Addr
	for _, s := range servers {
		out = append(out, s.Addr())
	}
	return out
}

// ParseZone reads defaultTZ: +hh:mm, -hh:mm or Z; "" is no zone.
func ParseZone(s string) (*message.Zone, error) {
	if s == "" {
		return nil, nil
	}
	if s == "Z" {
		return &message.Zone{Sign: 'Z'}, nil
	}
	bad := fmt.Errorf("defaultTZ: want +hh:mm, -hh:mm or Z, found %q", s)
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return nil, bad
	}
	h, err := strconv.ParseUint(s[1:3], 10, 8)
	m, err2 := strconv.ParseUint(s[4:], 10, 8)
	if err != nil || err2 != nil || h > 14 || m > 59 {
		return nil, bad
	}
	return &message.Zone{Sign: s[0], Hour: uint8(h), Min: uint8(m)}, nil
}

// CompileDelimiter compiles framing.delimiter.regex, an extended regular
// expression that is tried at the start of a line.
func CompileDelimiter(expr string) (*regexp.Regexp, error) {
	re, err := regexp.CompilePOSIX(expr)
	if err != nil {
		return nil, fmt.Errorf("framing.delimiter.regex: %w", err)
	}
	return re, nil
}
