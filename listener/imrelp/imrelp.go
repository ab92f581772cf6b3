// Package imrelp receives syslog over RELP, in plain text or TLS. A message is
// acknowledged when the queue of its ruleset has it; with a disk queue that is
// when it is on disk. With acknowledge="stored" it is when all that the rules do with it
// is done.
package imrelp

import (
	"context"
	stdtls "crypto/tls"
	"net"
	"strconv"

	"syslogd/listener"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/parser/frame/relp"
	"syslogd/tls"
)

// Module describes imrelp to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imrelp", moduleParams, inputParams, inherit, New, func(c *Config) string { return c.Ruleset })
	m.NeedsInput = true
	m.LegacyInherit = func(mod, inst any) { inherit(mod.(*ModuleConfig), inst.(*Config)) }
	return m
}

// input is one input() with its listeners: one for each family of addresses.
type input struct {
	conf    Config
	env     module.Env
	tls     *stdtls.Config
	frames  relp.Options
	servers []*listener.StreamServer
}

// New checks the TLS settings and remembers the rest.
func New(c Config, env module.Env) (listener.Input, error) {
	if least := int64(env.Global.MaxMessageSize); c.MaxDataSize < least {
		if c.MaxDataSize != 0 {
			env.Log.Warn("maxDataSize is below the global maxMessageSize, which is used", "size", c.MaxDataSize, "limit", least)
		}
		c.MaxDataSize = least
	}
	in := &input{conf: c, env: env, frames: relp.Options{MaxData: int(c.MaxDataSize), Oversize: c.Oversize, Accept: maxAccepted}}
	o, err := c.TLS.RELP(true)
	if err != nil {
		return nil, err
	}
	if in.tls, err = tls.Server(o, env.Log); err != nil {
		return nil, err
	}
	return in, nil
}

// Name is the input's name, for metrics.
func (in *input) Name() string { return in.conf.Name }

// Open listens on the port, on all addresses or the given one.
func (in *input) Open(ctx context.Context) error {
	opt, err := in.options()
	if err != nil {
		return err
	}
	in.servers, err = listener.ListenTCP(ctx, opt, in.conf.Address, in.conf.Port, in.env.Global.IPv4, in.env.Global.IPv6)
	for _, s := range in.servers {
		in.env.Metrics.Register(s.Object(in.conf.Name, &metrics.Stats{Name: in.conf.Name + "(" + strconv.Itoa(s.Addr().(*net.TCPAddr).Port) + ")",
			Origin: "imrelp", Counters: []metrics.Stat{metrics.StatOf("submitted", &s.Received)}}))
	}
	return err
}

// Reading is how it reads: a message is what a frame holds.
func (in *input) Reading() (listener.Reading, error) {
	origin, err := in.conf.Origin(in.conf.Name)
	return listener.Reading{Origin: origin}, err
}

// Encrypted reports whether senders must speak TLS.
func (in *input) Encrypted() bool { return in.tls != nil }

// Addrs are the addresses it listens on.
func (in *input) Addrs() []net.Addr { return listener.Addrs(in.servers) }

// Run receives until ctx is done.
func (in *input) Run(ctx context.Context, sub *listener.Submitter) error {
	return listener.RunAll(ctx, in.servers, sub)
}

// Close closes the sockets of an input that was not run.
func (in *input) Close() error { return listener.CloseAll(in.servers) }

func (in *input) options() (listener.StreamOptions, error) {
	c := &in.conf
	origin, err := c.Origin(c.Name)
	opt := listener.StreamOptions{
		TLS: in.tls, MaxSessions: c.MaxSessions, MaxPerSource: c.MaxPerSource, Budget: in.env.Budget,
		Losses:        in.env.Losses,
		KeepAlive:     c.KeepAlive.Settings(),
		QuietOversize: !in.env.Global.OversizeReport, Oversize: in.env.Oversize,
		PreserveCase: true,
		Names:        in.env.Names, Log: in.env.Log.With("input", c.Name),
		Limit:    c.Limit(nil, "imrelp("+c.Port+")", in.env.Log),
		Origin:   origin,
		Stored:   c.Stored,
		Dialogue: func() listener.Dialogue { return &dialogue{frames: relp.NewReader(&in.frames)} },
	}
	opt.Frame.MaxMessageSize = in.frames.MaxData
	return opt, err
}
