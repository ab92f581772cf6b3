// Package imudp receives syslog datagrams. Each socket is read by one
// goroutine, many datagrams with one system call, into a slab that is handed on
// as a batch. A sender cannot be slowed down: what finds the queue full is
// dropped and counted, as is what the kernel dropped.
package imudp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"syslogd/internal/inet"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

// Module describes imudp to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imudp", moduleParams, inputParams, inherit, New, func(c *Config) string { return c.Ruleset })
	m.NeedsInput = true
	m.LegacyInherit = func(mod, inst any) { inherit(mod.(*ModuleConfig), inst.(*Config)) }
	return m
}

type input struct {
	conf    Config
	env     module.Env
	readers []*reader
}

// New remembers the settings.
func New(c Config, env module.Env) (listener.Input, error) {
	return &input{conf: c, env: env}, nil
}

// Name is the input's name, for metrics.
func (in *input) Name() string { return in.conf.Name }

// Reading is how it reads.
func (in *input) Reading() (listener.Reading, error) {
	origin, err := in.origin(in.conf.Port[0])
	return listener.Reading{Origin: origin}, err
}

// origin is what messages of a port have in common.
func (in *input) origin(port string) (*message.Origin, error) {
	name := in.conf.Name
	if in.conf.AppendPort {
		name += port
	}
	return in.conf.Origin(name)
}

// Open opens a socket for each port, family of addresses and thread. If some
// cannot be opened the others serve.
func (in *input) Open(ctx context.Context) error {
	access := in.env.Allowed["UDP"]
	if len(in.conf.AllowedSender) > 0 {
		var err error
		if access, err = listener.ParseAccessList(in.conf.AllowedSender, "UDP message from disallowed sender discarded", in.env.Log); err != nil {
			return err
		}
	}
	var errs []error
	for _, port := range in.conf.Port {
		errs = append(errs, in.openPort(ctx, port, access))
	}
	if err := errors.Join(errs...); err != nil {
		if len(in.readers) == 0 {
			return err
		}
		in.env.Log.Warn("not all UDP sockets could be opened", "input", in.conf.Name, "err", err)
	}
	return in.writePort()
}

func (in *input) openPort(ctx context.Context, port string, access *listener.AccessList) error {
	stats := &counters{}
	origin, err := in.origin(port)
	if err != nil {
		return err
	}
	group := &listenerGroup{
		origin: origin, stats: stats, access: access,
		limit: in.rateLimit(port), names: in.env.Names, preserveCase: in.conf.PreserveCase,
		batch: in.conf.BatchSize, maxSize: in.env.Global.MaxMessageSize,
		cut:      listener.NewCutMessages(in.env.Losses, in.env.Global.OversizeReport, origin.Name, in.env.Global.MaxMessageSize, in.env.Oversize),
		unread:   in.env.Losses.Of("receive_buffer_full", origin.Name),
		panicked: in.env.Losses.Of("panic", origin.Name), log: in.env.Log.With("input", origin.Name),
	}
	var errs []error
	opened, family := 0, "IPv4"
	for _, network := range networks(in.conf.Address, in.env.Global.IPv4, in.env.Global.IPv6) {
		for range in.conf.Threads {
			conn, err := in.listen(ctx, network, net.JoinHostPort(inet.Host(in.conf.Address), port))
			if err != nil {
				errs = append(errs, fmt.Errorf("listen on %s port %s: %w", network, port, err))
				break
			}
			port = strconv.Itoa(conn.LocalAddr().(*net.UDPAddr).Port)
			r, err := newReader(conn, group)
			if err != nil {
				errs = append(errs, err)
				break
			}
			in.readers = append(in.readers, r)
			if opened++; conn.LocalAddr().(*net.UDPAddr).IP.To4() == nil && opened == 1 {
				family = "IPv6"
			}
		}
	}
	if opened == 0 {
		return errors.Join(errs...)
	}
	in.env.Metrics.Register(group.object(origin.Name, in.conf.Address, port, family))
	return nil
}

func networks(address string, v4, v6 bool) []string {
	switch {
	case address != "":
		return []string{"udp"}
	case v4 && v6:
		return []string{"udp4", "udp6"}
	case v6:
		return []string{"udp6"}
	}
	return []string{"udp4"}
}

func (in *input) listen(ctx context.Context, network, address string) (*net.UDPConn, error) {
	var optErr error
	cfg := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		err := raw.Control(func(fd uintptr) { optErr = in.setOptions(int(fd)) })
		return errors.Join(err, optErr)
	}}
	c, err := cfg.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

// setOptions prepares a socket before it is bound.
func (in *input) setOptions(fd int) error {
	c := &in.conf
	if c.Threads > 1 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return fmt.Errorf("SO_REUSEPORT: %w", err)
		}
	}
	// Kernel drops are told with each datagram; without it they are not counted.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1); err != nil {
		in.env.Log.Warn("datagrams that the kernel drops can not be counted", "input", c.Name, "err", err)
	}
	if c.Device != "" {
		if err := unix.BindToDevice(fd, c.Device); err != nil {
			return fmt.Errorf("bind to device %s: %w", c.Device, err)
		}
	}
	if c.FreeBind > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_FREEBIND, 1); err != nil && c.FreeBind > 1 {
			in.env.Log.Warn("IP_FREEBIND can not be set", "input", c.Name, "err", err)
		}
	}
	in.setBuffer(fd)
	return nil
}

// defaultBuffer is the default of rcvbufSize. The system's own, 208 KiB, holds some 280
// datagrams, less than arrive while a busy machine lets the server wait for a
// processor. The memory is used only while datagrams wait.
const defaultBuffer = 4 << 20

// setBuffer sets the receive buffer, beyond the system's limit if privileged. It says
// so when the kernel gives less; of the default that is no news.
func (in *input) setBuffer(fd int) {
	want := int(in.conf.RcvBuf)
	if want == 0 {
		return
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, want) != nil {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, want); err != nil {
			in.env.Log.Warn("receive buffer can not be set", "input", in.conf.Name, "err", err)
			return
		}
	}
	// The kernel doubles the value for its own use.
	if got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil && got/2 < want && want != defaultBuffer {
		in.env.Log.Warn("receive buffer is smaller than rcvbufSize, raise net.core.rmem_max", "input", in.conf.Name, "wanted", want, "got", got/2)
	}
}

func (in *input) writePort() error {
	if in.conf.PortFile == "" || len(in.readers) == 0 {
		return nil
	}
	port := in.readers[0].addr.(*net.UDPAddr).Port
	return os.WriteFile(in.conf.PortFile, []byte(strconv.Itoa(port)), 0o644)
}

// Addrs are the addresses it listens on.
func (in *input) Addrs() []net.Addr {
	var out []net.Addr
	for _, r := range in.readers {
		out = append(out, r.addr)
	}
	return out
}

// Run receives until ctx is done.
func (in *input) Run(ctx context.Context, sub *listener.Submitter) error {
	var wg sync.WaitGroup
	for _, r := range in.readers {
		wg.Add(1)
		r.start(ctx, sub, wg.Done)
	}
	wg.Wait()
	return nil
}

// Close closes the sockets of an input that was not run.
func (in *input) Close() error {
	var errs []error
	for _, r := range in.readers {
		errs = append(errs, r.Socket.Close())
	}
	return errors.Join(errs...)
}

// counters are those of one listener: all sockets of a port.
type counters struct {
	received, bytes, dropped, kernel, calls metrics.Counter
}

func (g *listenerGroup) object(name, address, port, family string) *metrics.Object {
	o := &metrics.Object{Label: "input", Name: name, Extra: [][2]string{{"listen", port}}, Numbers: []metrics.Number{
		metrics.Of("input_messages_received_total", "Messages received and put into the queue.", &g.stats.received),
		metrics.Of("input_bytes_received_total", "Bytes received.", &g.stats.bytes),
		metrics.Of("input_messages_dropped_total", "Messages dropped because the queue did not take them.", &g.stats.dropped),
		metrics.Of("input_kernel_drops_total", "Datagrams that the kernel dropped because the receive buffer was full.", &g.stats.kernel),
		metrics.Of("input_messages_truncated_total", "Messages longer than maxMessageSize, which were cut.", &g.cut.Count),
		metrics.Of("input_receive_calls_total", "System calls that received datagrams.", &g.stats.calls),
		metrics.Of("input_messages_ratelimited_total", "Messages dropped by the rate limit.", &g.limit.Dropped),
	}}
	disallowed := metrics.NoStat("disallowed")
	if g.access != nil {
		disallowed = metrics.StatOf("disallowed", &g.access.Refused)
		o.Numbers = append(o.Numbers, metrics.Of("input_disallowed_total", "Connections or messages of senders that are not permitted.", &g.access.Refused))
	}
	if address == "" {
		address = "*"
	}
	o.Stats = []*metrics.Stats{
		{Name: fmt.Sprintf("%s(%s/%s/%s)", name, address, port, family), Origin: "imudp", Counters: []metrics.Stat{metrics.StatOf("submitted", &g.stats.received), disallowed}},
		{Name: "imudp(w0)", Origin: "imudp", Counters: []metrics.Stat{
			metrics.StatOf("called.recvmmsg", &g.stats.calls), metrics.NoStat("called.recvmsg"), metrics.StatOf("msgs.received", &g.stats.received)}},
	}
	return o
}
