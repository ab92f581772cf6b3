// Package imuxsock receives what programs of this host log: datagrams on unix
// sockets, /dev/log among them. The kernel tells who sent each one. Senders
// wait when the socket's buffer is full, so a stalled queue costs a message
// only after a while, unless flowControl makes senders wait for good.
package imuxsock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"

	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

// Module describes imuxsock to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imuxsock", moduleParams, inputParams, nil, New, func(c *Config) string { return c.Ruleset })
	m.AfterRun = func(pending any) { pending.(*Config).HostName = "" }
	m.Implicit = func(conf any) []any {
		c := conf.(*ModuleConfig)
		if !c.Use || c.Omit {
			return nil
		}
		s := c.Socket
		s.system = true
		if s.Path == "" {
			s.Path = systemPath()
		}
		return []any{&s}
	}
	return m
}

// journalSocket is where systemd's journal forwards messages to.
const journalSocket = "/run/systemd/journal/syslog"

// systemPath is /dev/log, or the journal's socket where systemd owns /dev/log.
func systemPath() string {
	if info, err := os.Stat(journalSocket); err == nil && info.Mode()&fs.ModeSocket != 0 {
		return journalSocket
	}
	return DefaultPath
}

type input struct {
	conf   Config
	env    module.Env
	origin message.Origin
	peer   *message.Peer // with hostName; else nil
	conn   *net.UnixConn
	limits limits
	made   bool // the socket is ours to remove
	stats  counters
}

type counters struct {
	received, bytes, dropped, own, limited metrics.Counter
}

// New remembers the settings.
func New(c Config, env module.Env) (listener.Input, error) {
	in := &input{conf: c, env: env}
	in.origin = message.Origin{Name: "imuxsock", Format: message.LocalSocket, IgnoreTimestamp: c.IgnoreTimestamp || c.SystemTimestamp}
	if !c.SpecialParser {
		in.origin.Format, in.origin.NoHostname = message.Syslog, !c.ParseHostname
	}
	if c.HostName != "" {
		in.peer = message.NewPeer("127.0.0.1", c.HostName)
	}
	in.limits = limits{interval: time.Duration(c.LimitInterval) * time.Second, burst: c.LimitBurst, least: c.LimitSeverity, log: env.Log, dropped: &in.stats.limited}
	return in, nil
}

// Open takes the socket from systemd, or makes it.
func (in *input) Open(context.Context) error {
	conn, err := in.passed()
	if err != nil {
		return err
	}
	if conn == nil {
		if conn, err = in.bind(); err != nil {
			return err
		}
	}
	in.conn = conn
	if in.conf.credentials() {
		if err := in.passCredentials(); err != nil {
			return errors.Join(err, in.Close())
		}
	}
	in.env.Metrics.Register(&metrics.Object{Label: "input", Name: "imuxsock", Extra: [][2]string{{"listen", in.conf.Path}}, Numbers: []metrics.Number{
		metrics.Of("input_messages_received_total", "Messages received and put into the queue.", &in.stats.received),
		metrics.Of("input_bytes_received_total", "Bytes received.", &in.stats.bytes),
		metrics.Of("input_messages_dropped_total", "Messages dropped because the queue did not take them.", &in.stats.dropped),
		metrics.Of("input_messages_ratelimited_total", "Messages dropped by the rate limit.", &in.stats.limited),
		metrics.Of("input_own_messages_total", "Messages of the server itself, which are dropped.", &in.stats.own),
	}})
	return nil
}

// passed returns the socket that systemd opened for this input, or nil.
func (in *input) passed() (*net.UnixConn, error) {
	var found *net.UnixConn
	for _, f := range activation.Files(false) {
		path := socketPath(int(f.Fd()))
		ours := path != "" && (path == in.conf.Path || in.conf.system && (path == journalSocket || path == DefaultPath))
		if found != nil || !ours {
			continue // another input may want it
		}
		conn, err := net.FilePacketConn(f)
		if err != nil {
			return nil, fmt.Errorf("socket %s passed by systemd: %w", path, err)
		}
		unixConn, ok := conn.(*net.UnixConn)
		if !ok {
			conn.Close()
			return nil, fmt.Errorf("socket %s passed by systemd is no unix datagram socket", path)
		}
		in.env.Log.Info("took a socket from systemd", "file", path)
		found = unixConn
	}
	return found, nil
}

// socketPath is where a unix datagram socket is bound, "" for anything else.
func socketPath(fd int) string {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_DGRAM {
		return ""
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	if u, ok := sa.(*unix.SockaddrUnix); ok {
		return u.Name
	}
	return ""
}

func (in *input) bind() (*net.UnixConn, error) {
	c := &in.conf
	if c.CreatePath {
		if err := os.MkdirAll(filepath.Dir(c.Path), 0o755); err != nil {
			return nil, err
		}
	}
	if c.Unlink {
		if err := os.Remove(c.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: c.Path, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	in.made = true
	// Every program may log.
	if err := os.Chmod(c.Path, 0o666); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (in *input) passCredentials() error {
	raw, err := in.conn.SyscallConn()
	if err != nil {
		return err
	}
	var optErr error
	err = raw.Control(func(fd uintptr) { optErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
	return errors.Join(err, optErr)
}

// Run receives until ctx is done.
func (in *input) Run(ctx context.Context, sub *listener.Submitter) error {
	r, err := newReader(in)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	r.run(ctx, sub)
	return in.Close()
}

// Close closes the socket, and removes it if it was made here.
func (in *input) Close() error {
	if in.conn == nil {
		return nil
	}
	err := in.conn.Close()
	in.conn = nil
	if in.made && in.conf.Unlink {
		if e := os.Remove(in.conf.Path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Addrs is where it listens.
func (in *input) Addrs() []net.Addr { return []net.Addr{&net.UnixAddr{Name: in.conf.Path, Net: "unixgram"}} }

// local is the sender of messages.
func (in *input) local() *message.Peer {
	if in.peer != nil {
		return in.peer
	}
	return in.env.Names.Local()
}
