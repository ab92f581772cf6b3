// Package omfwd forwards messages to another syslog server over UDP, TCP or TLS.
package omfwd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"syslogd/listener"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
	"syslogd/parser/frame"
	"syslogd/tls"
)

// Module describes omfwd to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput("omfwd", moduleParams, params, inherit, New)
	m.Builtin = true
	m.OwnQueue = func(c any) bool { return c.(*Config).Protocol == TCP }
	m.LegacyInherit = func(mod, inst any) { inherit(mod.(*ModuleConfig), inst.(*Config)) }
	return module.WithLegacy(m, parseLegacy)
}

// New checks the TLS settings, whose contradictions stop the action, and
// remembers the rest. Connections are made by the first message.
func New(c Config, env module.Env) (output.Output, error) {
	o := &forwarder{Config: c, log: env.Log, now: env.Now}
	if policy := env.Policies.Lookup(c.LimitName); c.LimitInterval > 0 || policy != nil {
		o.limit = &listener.RateLimit{Policy: policy, Interval: time.Duration(c.LimitInterval) * time.Second, Burst: c.LimitBurst, Name: "omfwd", Log: env.Log}
	}
	for i, host := range c.Target {
		t := &target{c: &o.Config, log: env.Log, address: net.JoinHostPort(strings.Trim(host, "[]"), c.port(i))}
		sni := c.RemoteSNI
		if sni == "" {
			sni = strings.Trim(host, "[]")
		}
		var err error
		if t.tls, err = tls.Client(c.tlsOptions(env.Global), sni, env.Log); err != nil {
			return nil, err
		}
		o.targets = append(o.targets, t)
	}
	return o, nil
}

// forwarder sends to one of several targets, in turns. One that fails is left
// out for a while; the action is suspended when all fail.
type forwarder struct {
	Config
	log     *slog.Logger
	now     func() time.Time
	limit   *listener.RateLimit
	targets []*target
	next    int

	buf  []byte
	ends []int // of the frames in buf
}

// Templates is the text.
func (o *forwarder) Templates() []string { return []string{o.Config.template()} }

// Path is where messages go, for people.
func (o *forwarder) Path() string {
	var out []string
	for _, t := range o.targets {
		out = append(out, o.Protocol.String()+" "+t.address)
	}
	return strings.Join(out, ", ")
}

// Stats are rsyslogd's counters of a target; several are shown as one.
func (o *forwarder) Stats(d *output.Delivery) []*metrics.Stats {
	if len(o.targets) == 0 {
		return nil
	}
	name := strings.ToUpper(o.Protocol.String()) + "-" + strings.Trim(o.Target[0], "[]") + "-" + o.port(0)
	return []*metrics.Stats{{Name: name, Origin: "omfwd", Counters: []metrics.Stat{metrics.StatOf("bytes.sent", &d.Bytes)}}}
}

// Explain is where a record would go, without its framing.
func (o *forwarder) Explain(b *output.Batch, i int) (where string, text []byte) {
	return o.Path(), b.Parts[0].At(i)
}

// Write sends the batch to the next target that works.
func (o *forwarder) Write(ctx context.Context, b *output.Batch) error {
	part := b.Parts[0]
	if n := o.limit.Take(len(part.Ends), o.now()); n < len(part.Ends) {
		if part.Ends = part.Ends[:n]; n == 0 {
			return nil
		}
	}
	o.frame(&part)
	done := 0
	var errs []error
	for range o.targets {
		t := o.targets[o.next]
		o.next = (o.next + 1) % len(o.targets)
		if len(o.targets) > 1 && o.now().Before(t.rest) {
			continue
		}
		n, err := t.send(ctx, o.buf, o.ends[done:], o.start(done))
		if done += n; err == nil {
			return nil
		}
		errs = append(errs, err)
		t.rest = o.now().Add(time.Duration(o.PoolResume) * time.Second)
	}
	if errs == nil {
		errs = append(errs, errors.New("all targets failed a short time ago"))
	}
	return &output.Suspended{Done: done, Err: errors.Join(errs...)}
}

// start is where frame i begins in buf.
func (o *forwarder) start(i int) int {
	if i == 0 {
		return 0
	}
	return o.ends[i-1]
}

// frame writes the records of a batch as they are sent, back to back.
func (o *forwarder) frame(part *output.Part) {
	o.buf, o.ends = o.buf[:0], o.ends[:0]
	for i := range part.Ends {
		text := o.compressed(part.At(i))
		switch {
		case o.Protocol == UDP:
			o.buf = append(o.buf, text[:min(len(text), maxDatagram)]...)
		case o.OctetCounted:
			o.buf = frame.AppendOctetCounted(o.buf, text)
		default:
			o.buf = frame.AppendDelimited(o.buf, text, byte(o.Delimiter))
		}
		o.ends = append(o.ends, len(o.buf))
	}
}

// maxDatagram is the most that a UDP datagram over IPv4 holds, in bytes.
const maxDatagram = 65507

// Close closes the connections. What was sent is not lost by that.
func (o *forwarder) Close() error {
	var errs []error
	for _, t := range o.targets {
		errs = append(errs, t.close())
	}
	return errors.Join(errs...)
}

// parseLegacy reads @host, @@host and their options.
func parseLegacy(c *Config, text string) error {
	rest := strings.TrimPrefix(text, "@")
	c.Protocol = UDP
	if strings.HasPrefix(rest, "@") {
		c.Protocol, rest = TCP, rest[1:]
	}
	if strings.HasPrefix(rest, "(") {
		options, after, found := strings.Cut(rest[1:], ")")
		if !found {
			return fmt.Errorf("the options of %q have no )", text)
		}
		rest = after
		for _, o := range strings.Split(options, ",") {
			if err := c.legacyOption(strings.TrimSpace(o)); err != nil {
				return err
			}
		}
	}
	host, port := rest, ""
	if strings.HasPrefix(rest, "[") {
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return fmt.Errorf("the address in %q has no ]", text)
		}
		host = rest[1:end]
		port = strings.TrimPrefix(rest[end+1:], ":")
	} else if h, p, found := strings.Cut(rest, ":"); found {
		host, port = h, p
	}
	if host == "" {
		return fmt.Errorf("%q names no host", text)
	}
	c.Target = []string{host}
	if port != "" {
		c.Port = []string{port}
	}
	return nil
}

func (c *Config) legacyOption(o string) error {
	switch {
	case o == "":
	case o == "o":
		c.OctetCounted = true
	case o[0] == 'z' && len(o) == 1:
		c.ZipLevel = 9
	case o[0] == 'z' && len(o) == 2 && o[1] >= '0' && o[1] <= '9':
		c.ZipLevel = int(o[1] - '0')
	default:
		return fmt.Errorf("there is no option %q of forwarding, want o or z0 to z9", o)
	}
	return nil
}
