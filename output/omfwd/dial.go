package omfwd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"syslogd/internal/netns"
)

// dial opens the connection, with its handshake, or the sockets.
func (t *target) dial(ctx context.Context) error {
	addresses, err := t.lookup(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range addresses {
		conn, err := t.dialOne(ctx, a)
		switch {
		case err != nil:
			errs = append(errs, err)
			continue
		case t.c.Protocol == TCP:
			if t.stream, err = t.newStream(ctx, conn); err == nil {
				return nil
			}
			conn.Close()
			return err
		}
		d, err := newDatagrams(conn)
		if err != nil {
			conn.Close()
			return err
		}
		t.udp = append(t.udp, d)
		if !t.c.SendToAll {
			return nil
		}
	}
	if len(t.udp) > 0 {
		return nil
	}
	return errors.Join(errs...)
}

// lookup are the addresses of the target: the one that was given, or all that
// its name has where that makes a difference.
func (t *target) lookup(ctx context.Context) ([]string, error) {
	if t.c.Namespace == "" && !t.c.SendToAll {
		return []string{t.address}, nil
	}
	host, port, err := net.SplitHostPort(t.address)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupIP(ctx, "ip"+t.family, host)
	var addresses []string
	for _, ip := range ips {
		addresses = append(addresses, net.JoinHostPort(ip.String(), port))
	}
	return addresses, err
}

func (t *target) dialOne(ctx context.Context, address string) (conn net.Conn, err error) {
	d := net.Dialer{Control: t.control, KeepAlive: -1, KeepAliveConfig: t.c.KeepAlive.Settings()}
	if t.c.Address != "" {
		ip := net.ParseIP(t.c.Address)
		if d.LocalAddr = (&net.UDPAddr{IP: ip}); t.c.Protocol == TCP {
			d.LocalAddr = &net.TCPAddr{IP: ip}
		}
	}
	if t.c.Namespace != "" {
		d.FallbackDelay = -1 // a second goroutine would be in another namespace
	}
	err = netns.Do(t.c.Namespace, func() (err error) {
		conn, err = d.DialContext(ctx, t.c.Protocol.String()+t.family, address)
		return err
	})
	return conn, err
}

// newStream makes a stream of a connection: TLS and compression.
func (t *target) newStream(ctx context.Context, conn net.Conn) (*stream, error) {
	sock, err := newSocket(conn, t.patience)
	if err != nil {
		return nil, err
	}
	s := &stream{sock: sock, flushed: t.c.FlushOnTXEnd}
	if t.tls != nil {
		s.tls = tls.Client(sock, t.tls)
		if err := s.tls.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS with %s: %w", conn.RemoteAddr(), err)
		}
	}
	if t.c.Compression == Stream {
		// The compressor writes to what is below it.
		if s.zip, err = newStreamWriter(s.writer(), t.c.Driver, t.c.ZipLevel); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// control sets options of a new socket.
func (t *target) control(network, _ string, raw syscall.RawConn) error {
	var optErr error
	set := func(err error, what string) {
		if err != nil && optErr == nil {
			optErr = t.errorf("%s: %w", what, err)
		}
	}
	err := raw.Control(func(fd uintptr) {
		s := int(fd)
		if t.c.Device != "" {
			set(unix.BindToDevice(s, t.c.Device), "bind to device "+t.c.Device)
		}
		if t.c.Address != "" && t.c.FreeBind > 0 {
			level, option := unix.SOL_IP, unix.IP_FREEBIND
			if strings.HasSuffix(network, "6") {
				level, option = unix.SOL_IPV6, unix.IPV6_FREEBIND
			}
			if err := unix.SetsockoptInt(s, level, option, 1); err != nil && t.c.FreeBind > 1 {
				t.log.Warn("IP_FREEBIND can not be set", "err", err)
			}
		}
		if t.c.UserTimeout > 0 && t.c.Protocol == TCP {
			set(unix.SetsockoptInt(s, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, t.c.UserTimeout), "tcp_user_timeout")
		}
		if t.c.Buffer > 0 && t.c.Protocol == TCP {
			set(unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_SNDBUF, t.c.Buffer), "ioBuffer.maxSize")
		}
		if t.c.SendBuf > 0 && t.c.Protocol == UDP {
			set(unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_SNDBUF, int(t.c.SendBuf)), "udp.sendBuf")
		}
	})
	return errors.Join(err, optErr)
}
