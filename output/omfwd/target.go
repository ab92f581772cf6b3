package omfwd

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sort"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// connectTime bounds a connection's start, handshake included; writeTime a write.
	connectTime = 10 * time.Second
	writeTime   = 30 * time.Second
	// lastTime is how long the end of a connection may take.
	lastTime = 2 * time.Second
)

// target is one server. It belongs to one goroutine at a time.
type target struct {
	c       *Config
	log     *slog.Logger
	address string
	tls     *tls.Config
	rest    time.Time // left out until then

	conns []net.Conn // one, but for udp.sendToAll
	sent  int        // messages over conns
	last  []byte     // frame, for resendLastMsgOnReconnect
	fails int
}

// send sends frames, which end at ends in buf and begin at start. It returns how
// many were handed to the system.
func (t *target) send(ctx context.Context, buf []byte, ends []int, start int) (done int, err error) {
	if t.c.Rebind > 0 && t.sent >= t.c.Rebind {
		go finish(t.conns) // ends within lastTime
		t.conns = nil
	}
	if t.conns == nil || t.c.CheckPeer && t.closedByPeer() {
		t.abort()
		if err := t.connect(ctx); err != nil {
			return 0, err
		}
	}
	if t.c.Protocol == UDP {
		return t.datagrams(buf, ends, start)
	}
	conn := t.conns[0]
	conn.SetWriteDeadline(time.Now().Add(writeTime))
	n, err := conn.Write(buf[start:ends[len(ends)-1]])
	done = sort.SearchInts(ends, start+n+1)
	t.sent += done
	if t.c.ResendLast && done > 0 {
		from := start
		if done > 1 {
			from = ends[done-2]
		}
		t.last = append(t.last[:0], buf[from:ends[done-1]]...)
	}
	if err != nil {
		t.abort()
		return done, t.errorf("%w", err)
	}
	return done, nil
}

// datagrams sends each frame in a datagram of its own.
func (t *target) datagrams(buf []byte, ends []int, start int) (int, error) {
	for i, end := range ends {
		var failed error
		for _, conn := range t.conns {
			_, err := conn.Write(buf[start:end])
			if errors.Is(err, syscall.ECONNREFUSED) { // what was sent before did not arrive
				_, err = conn.Write(buf[start:end])
			}
			switch {
			case errors.Is(err, syscall.EMSGSIZE):
				t.log.Warn("message is too long for a datagram and lost", "target", t.address, "size", end-start)
			case err != nil && !errors.Is(err, syscall.ECONNREFUSED):
				failed = err
			}
		}
		if failed != nil {
			t.abort()
			return i, t.errorf("%w", failed)
		}
		start = end
		t.sent++
		if t.c.SendDelay > 0 {
			time.Sleep(time.Duration(t.c.SendDelay) * time.Microsecond)
		}
	}
	return len(ends), nil
}

// connect opens the socket or the connection.
func (t *target) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	err := t.dial(ctx)
	if err != nil {
		t.fails++
		if t.c.ErrSkip <= 1 || t.fails%t.c.ErrSkip == 1 {
			t.log.Error("cannot connect to "+t.address, "err", err, "code", 2027)
		}
		return t.errorf("cannot connect: %w", err)
	}
	t.fails, t.sent = 0, 0
	if len(t.last) > 0 {
		t.conns[0].SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := t.conns[0].Write(t.last); err != nil {
			t.abort()
			return t.errorf("%w", err)
		}
	}
	return nil
}

func (t *target) dial(ctx context.Context) error {
	addresses := []string{t.address}
	if t.c.SendToAll && t.c.Protocol == UDP {
		host, port, err := net.SplitHostPort(t.address)
		if err != nil {
			return err
		}
		ips, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			return err
		}
		addresses = nil
		for _, ip := range ips {
			addresses = append(addresses, net.JoinHostPort(ip, port))
		}
	}
	d := net.Dialer{Control: t.control, KeepAlive: -1}
	if t.c.KeepAlive {
		d.KeepAlive = 0
		d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: seconds(t.c.KeepAliveTime), Interval: seconds(t.c.KeepAliveIntervals), Count: t.c.KeepAliveProbes}
	}
	if t.c.Address != "" {
		ip := net.ParseIP(t.c.Address)
		if d.LocalAddr = (&net.UDPAddr{IP: ip}); t.c.Protocol == TCP {
			d.LocalAddr = &net.TCPAddr{IP: ip}
		}
	}
	for _, a := range addresses {
		conn, err := d.DialContext(ctx, t.c.Protocol.String(), a)
		if err == nil && t.tls != nil {
			secured := tls.Client(conn, t.tls)
			if err = secured.HandshakeContext(ctx); err != nil {
				conn.Close()
			}
			conn = secured
		}
		if err != nil {
			t.abort()
			return err
		}
		t.conns = append(t.conns, conn)
	}
	return nil
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// control sets options of a new socket.
func (t *target) control(_, _ string, raw syscall.RawConn) error {
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
			if err := unix.SetsockoptInt(s, unix.SOL_IP, unix.IP_FREEBIND, 1); err != nil && t.c.FreeBind > 1 {
				t.log.Warn("IP_FREEBIND can not be set", "err", err)
			}
		}
		if t.c.UserTimeout > 0 && t.c.Protocol == TCP {
			set(unix.SetsockoptInt(s, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, t.c.UserTimeout), "tcp_user_timeout")
		}
		if t.c.SendBuf > 0 && t.c.Protocol == UDP {
			set(unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_SNDBUF, int(t.c.SendBuf)), "udp.sendBuf")
		}
	})
	return errors.Join(err, optErr)
}

// closedByPeer reports whether the other side has ended a TCP connection: what
// is written then is lost.
func (t *target) closedByPeer() bool {
	if t.c.Protocol == UDP {
		return false
	}
	conn := t.conns[0]
	if s, ok := conn.(*tls.Conn); ok {
		conn = s.NetConn()
	}
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		closed = n == 0 && err == nil || err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
	})
	return closed || err != nil
}

// abort closes connections that failed.
func (t *target) abort() {
	for _, c := range t.conns {
		if s, ok := c.(*tls.Conn); ok {
			c = s.NetConn()
		}
		c.Close()
	}
	t.conns = nil
}

// close ends the connections; see finish.
func (t *target) close() error {
	finish(t.conns)
	t.conns = nil
	return nil
}

// finish ends connections so that nothing sent is lost: it says that nothing more
// comes and waits, for a while, until the other side has read all. Closing a
// socket that holds bytes nobody has read, such as a TLS ticket, would throw
// away what is under way.
func finish(conns []net.Conn) {
	for _, c := range conns {
		if w, ok := c.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
			c.SetReadDeadline(time.Now().Add(lastTime))
			io.Copy(io.Discard, c)
		}
		c.Close()
	}
}

// compressMin is the length from which a message is compressed, as in rsyslogd.
const compressMin = 60

// compressed is text behind a z if that is shorter, else text.
func (o *forwarder) compressed(text []byte) []byte {
	if o.ZipLevel == 0 || len(text) <= compressMin {
		return text
	}
	var b bytes.Buffer
	b.WriteByte('z')
	w, err := zlib.NewWriterLevel(&b, o.ZipLevel)
	if err != nil {
		return text
	}
	_, err = w.Write(text)
	if err = errors.Join(err, w.Close()); err != nil || b.Len() >= len(text) {
		return text
	}
	return b.Bytes()
}
