// Package imtcp receives syslog over TCP, in plain text or TLS.
package imtcp

import (
	"context"
	stdtls "crypto/tls"
	"fmt"
	"net"
	"strconv"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/parser/frame"
	"syslogd/tls"
)

// Module describes imtcp to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imtcp", moduleParams, inputParams, inherit, New, func(c *Config) string { return c.Ruleset })
	m.NeedsInput = true
	m.LegacyInherit = func(mod, inst any) {
		common := mod.(*ModuleConfig).Common
		inst.(*Config).Common = common
	}
	return m
}

// input is one input() with its listeners: one for each family of addresses.
type input struct {
	conf    Config
	env     module.Env
	tls     *stdtls.Config
	servers []*listener.StreamServer
}

// New checks the TLS settings, whose contradictions stop the input, and remembers the rest.
func New(c Config, env module.Env) (listener.Input, error) {
	in := &input{conf: c, env: env}
	var err error
	if in.tls, err = tls.Server(c.tlsOptions(env.Global), env.Log); err != nil {
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
		in.env.Metrics.Register(s.Object(in.conf.Name, &metrics.Stats{Name: in.conf.Name + "(" + strconv.Itoa(s.Addr().(*net.TCPAddr).Port) + ")", Origin: "imtcp",
			Counters: []metrics.Stat{metrics.StatOf("submitted", &s.Received)}}))
	}
	return err
}

// Reading is how it reads.
func (in *input) Reading() (listener.Reading, error) {
	opt, err := in.options()
	return listener.Reading{Origin: opt.Origin, Frame: &opt.Frame}, err
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
	if err != nil {
		return listener.StreamOptions{}, err
	}
	access := in.env.Allowed["TCP"]
	if len(c.AllowedSender) > 0 {
		if access, err = listener.ParseAccessList(c.AllowedSender, "connection request from disallowed sender discarded", in.env.Log); err != nil {
			return listener.StreamOptions{}, err
		}
	}
	opt := listener.StreamOptions{
		Backlog: c.Backlog, PortFile: c.PortFile, TLS: in.tls, MaxSessions: c.MaxSessions, MaxPerSource: c.MaxPerSource,
		Budget: in.env.Budget, Losses: in.env.Losses,
		KeepAlive:     c.KeepAlive.Settings(),
		QuietOversize: !in.env.Global.OversizeReport, Oversize: in.env.Oversize,
		NotifyOpen: c.NotifyOpen, NotifyClose: c.NotifyClose, PreserveCase: c.PreserveCase,
		Access: access, Names: in.env.Names, Log: in.env.Log.With("input", c.Name),
		Limit:  c.Limit(nil, "imtcp("+c.Port+")", in.env.Log),
		Origin: origin, Namespace: c.Namespace,
	}
	if c.Compressed {
		opt.Compression = c.Driver
	}
	opt.Frame, err = c.frame(in.env.Global.MaxMessageSize)
	return opt, err
}

func (c *Config) frame(maxMessage int) (frame.Options, error) {
	o := frame.Defaults()
	o.OctetCounting = c.OctetCounting && !c.octetOff
	o.LFDelimiter = !c.DisableLF
	o.AddtlDelimiter = c.AddtlDelimiter
	o.MaxFrameSize = c.MaxFrameSize
	o.MaxMessageSize = maxMessage
	o.DiscardTruncated = c.DiscardTruncated
	o.CiscoASAFix = c.CiscoASA
	o.MultiLine = c.MultiLine
	if c.DelimiterRegex != "" {
		re, err := listener.CompileDelimiter(c.DelimiterRegex)
		if err != nil {
			return o, err
		}
		o.DelimiterRegex = re
	}
	return o, nil
}

func (c *Config) tlsOptions(g *module.Global) tls.Options {
	o := c.TLS
	o.PermittedPeers = c.PermittedPeers
	for _, f := range []struct {
		field  *string
		global string
	}{{&o.Driver, g.StreamDriver}, {&o.CAFile, g.CAFile}, {&o.CertFile, g.CertFile}, {&o.KeyFile, g.KeyFile}, {&o.CRLFile, g.CRLFile}, {&o.CAExtraFiles, g.CAExtraFiles}} {
		if *f.field == "" {
			*f.field = f.global
		}
	}
	return o
}

// Check reports what cannot go together.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	listener.FillPort(&c.Port, o, diags)
	if c.MaxFrameSize > maxFrameLimit {
		diags.Warnf(o.Range, "maxFrameSize is %d, it can not be above %d", c.MaxFrameSize, maxFrameLimit).Effect = fmt.Sprintf("%d is used", maxFrameLimit)
		c.MaxFrameSize = maxFrameLimit
	}
	return true
}
