// Package imuxsock receives what programs of this host log: datagrams on unix
// sockets, /dev/log among them. Each socket is read by one goroutine, many
// datagrams with one system call. The kernel tells who sent each one, and when.
//
// A program that logs waits while the socket's buffer is full. Without
// flowControl a full queue makes it wait for a moment only: programs must not
// hang because a log can not be written.
package imuxsock

import (
	"context"
	"net"
	"time"

	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

// Module describes imuxsock to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imuxsock", moduleParams, inputParams, nil, New, func(c *Config) string { return c.Ruleset })
	m.Implicit = func(conf any) []any { return systemSocket(conf.(*ModuleConfig)) }
	return m
}

// systemSocket returns the configuration of the system log socket, if it is used.
func systemSocket(c *ModuleConfig) []any {
	if !c.Use || c.Omit {
		return nil
	}
	s := c.Socket
	if s.Path == "" {
		s.Path = defaultPath("/")
	}
	return []any{&s}
}

type input struct {
	conf     Config
	env      module.Env
	origin   *message.Origin
	panicked *metrics.Loss
	peer     *message.Peer // with hostName; else nil
	sock     *socket
	limits   limits
	stats    counters
	cut      *listener.CutMessages
}

// counters are those of one socket.
type counters struct {
	received, bytes, dropped, limited, own, calls metrics.Counter
}

// New remembers the settings.
func New(c Config, env module.Env) (listener.Input, error) {
	if !c.IgnoreOwnGiven {
		c.IgnoreOwn = env.Global.ProcessInternal
	}
	in := &input{conf: c, env: env}
	if c.SpecialParser {
		// The kernel's time wins over ignoreTimestamp="off", as in rsyslogd.
		in.origin = &message.Origin{Name: "imuxsock", Format: message.LocalSocket, NoHostname: true, IgnoreTimestamp: c.IgnoreTimestamp || c.SystemTimestamp}
	} else {
		in.origin = &message.Origin{Name: "imuxsock", NoHostname: !c.ParseHostname, Local: true, IgnoreTimestamp: c.IgnoreTimestamp}
		in.conf.SystemPID = false
	}
	if c.HostName != "" {
		in.peer = message.NewPeer(string(env.Names.Local().IP), c.HostName)
	}
	in.panicked = env.Losses.Of("panic", "imuxsock "+c.Path)
	in.cut = listener.NewCutMessages(env.Losses, env.Global.OversizeReport, "imuxsock "+c.Path, env.Global.MaxMessageSize, env.Oversize)
	in.limits = limits{
		interval: time.Duration(c.LimitInterval) * time.Second, burst: c.LimitBurst, from: message.Severity(c.LimitSeverity),
		policy: env.Policies.Lookup(c.LimitName),
		log:    env.Log, dropped: &in.stats.limited, host: func() string { return string(in.sender().Host()) },
	}
	return in, nil
}

// LimitsItself says that it applies rate limits, for each process.
func (in *input) LimitsItself() {}

// Open takes the socket from systemd, or makes it.
func (in *input) Open(ctx context.Context) error {
	c := &in.conf
	opt := socketOptions{
		path: c.Path, unlink: c.Unlink, createPath: c.CreatePath,
		credentials: c.Annotate || c.SystemPID || c.IgnoreOwn || c.Given(), timestamp: c.SystemTimestamp,
		maxSize: in.env.Global.MaxMessageSize, log: in.env.Log,
	}
	var err error
	if in.sock, err = openSocket(ctx, opt); err != nil {
		return err
	}
	in.env.Metrics.Register(in.object())
	return nil
}

// Reading is how it reads.
func (in *input) Reading() (listener.Reading, error) {
	return listener.Reading{Origin: in.origin, Sender: in.sender()}, nil
}

// Addrs is where it listens.
func (in *input) Addrs() []net.Addr {
	return []net.Addr{&net.UnixAddr{Name: in.conf.Path, Net: "unixgram"}}
}

// Run receives until ctx is done.
func (in *input) Run(ctx context.Context, sub *listener.Submitter) error {
	newReader(in).run(ctx, sub)
	in.limits.tellAll()
	return in.sock.Close()
}

// Close closes the socket of an input that was not run.
func (in *input) Close() error {
	if in.sock == nil {
		return nil
	}
	return in.sock.Close()
}

// sender is who all messages are from.
func (in *input) sender() *message.Peer {
	if in.peer != nil {
		return in.peer
	}
	return in.env.Names.Local()
}

func (in *input) object() *metrics.Object {
	stats := &metrics.Stats{Name: "imuxsock", Origin: "imuxsock", Counters: []metrics.Stat{
		metrics.StatOf("submitted", &in.stats.received), metrics.StatOf("ratelimit.discarded", &in.stats.limited),
		metrics.GaugeStat("ratelimit.numratelimiters", func() uint64 { return uint64(in.limits.counted.Load()) }),
	}}
	return &metrics.Object{Label: "input", Name: "imuxsock", Extra: [][2]string{{"listen", in.conf.Path}}, Stats: []*metrics.Stats{stats}, Numbers: []metrics.Number{
		metrics.Of("input_messages_received_total", "Messages received and put into the queue.", &in.stats.received),
		metrics.Of("input_bytes_received_total", "Bytes received.", &in.stats.bytes),
		metrics.Of("input_messages_dropped_total", "Messages dropped because the queue did not take them.", &in.stats.dropped),
		metrics.Of("input_messages_ratelimited_total", "Messages dropped by the rate limit.", &in.stats.limited),
		metrics.Of("input_messages_own_total", "Messages of the server itself, dropped by ignoreOwnMessages.", &in.stats.own),
		metrics.Of("input_messages_truncated_total", "Messages longer than maxMessageSize, which were cut.", &in.cut.Count),
		metrics.Of("input_receive_calls_total", "System calls that received datagrams.", &in.stats.calls),
	}}
}
