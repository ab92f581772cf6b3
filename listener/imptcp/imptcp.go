// Package imptcp receives syslog over plain TCP or a unix stream socket. It
// differs from imtcp at the edges, as rsyslogd's module of that name does: text
// without line feed at the end of a connection is dropped, there is no TLS, and
// the number of connections has no limit by default.
package imptcp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/internal/holder"
	"syslogd/listener"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/parser/frame"
	"syslogd/ratelimit"
)

// Module describes imptcp to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imptcp", moduleParams, inputParams, inherit, New, func(c *Config) string { return c.Ruleset })
	m.NeedsInput = true
	return m
}

// ModuleConfig is module(load="imptcp").
type ModuleConfig struct {
	MaxSessions int
}

// Config is input(type="imptcp").
type Config struct {
	ratelimit.Config
	listener.OriginConfig
	Port, Address, Path string
	Unlink              bool
	Mode                fs.FileMode
	Owner, Group        int
	FailOnChown         bool

	Name, Ruleset, PortFile string
	DiscardTruncated        bool
	MaxFrameSize            int
	DelimiterRegex          string
	OctetCounting           bool
	CiscoASA, MultiLine     bool
	MaxSessions             int
	MaxPerSource            int
	NotifyOpen, NotifyClose bool
	KeepAlive               param.KeepAlive
	AddtlDelimiter          int
	Compression             listener.Compression
	Backlog                 int
}

const ownThreads = "the server chooses itself how many threads read; the workers of the queue do the rest"

var moduleParams = param.Table[ModuleConfig]{
	param.NonNegInt("maxSessions", func(c *ModuleConfig) *int { return &c.MaxSessions }).Default("0").Doc("Connections at a time; 0 is no limit."),
	param.NoEffect[ModuleConfig]("threads", ownThreads).Legacy("InputPTCPServerHelperThreads"),
	param.NoEffect[ModuleConfig]("processOnPoller", ownThreads),
}

var inputParams = param.Join(param.Table[Config]{
	param.Port("port", func(c *Config) *string { return &c.Port }).Legacy("InputPTCPServerRun").Misnamed("PTCPServerRun").Runs().Doc("Port, by number or name; 0 lets the system choose."),
	param.String("address", func(c *Config) *string { return &c.Address }).Legacy("InputPTCPServerListenIP").Doc("Address to listen on; all by default."),
	param.String("path", func(c *Config) *string { return &c.Path }).Doc("Unix stream socket instead of TCP."),
	param.Bool("unlink", func(c *Config) *bool { return &c.Unlink }).Default("off").Doc("Replace a socket or file that is there already."),
	param.User("fileOwner", func(c *Config) *int { return &c.Owner }).Doc("Owner of the socket file."),
	param.Int("fileOwnerNum", func(c *Config) *int { return &c.Owner }).Default("-1").Twin("fileOwner").Doc("The same by number."),
	param.GroupName("fileGroup", func(c *Config) *int { return &c.Group }).Doc("Group of the socket file."),
	param.Int("fileGroupNum", func(c *Config) *int { return &c.Group }).Default("-1").Twin("fileGroup").Doc("The same by number."),
	param.Mode("fileCreateMode", func(c *Config) *fs.FileMode { return &c.Mode }).Default("0644").Doc("Mode of the socket file."),
	param.Bool("failOnChownFailure", func(c *Config) *bool { return &c.FailOnChown }).Default("on").Doc("Do not listen when the owner can not be set."),
	param.Bool("discardTruncatedMsg", func(c *Config) *bool { return &c.DiscardTruncated }).Default("off").Doc("Cut a message that is too long instead of splitting it."),
	param.NoEffect[Config]("flowControl", "the sender is always slowed down when the queue is full"),
	param.String("name", func(c *Config) *string { return &c.Name }).Legacy("InputPTCPServerInputName").Default("imptcp").Doc("Value of the property inputname, and name in metrics."),
	param.PositiveInt("maxFrameSize", func(c *Config) *int { return &c.MaxFrameSize }).Default("200000").Doc("Octet counts above this are taken for text."),
	param.String("framing.delimiter.regex", func(c *Config) *string { return &c.DelimiterRegex }).Doc("Extended regular expression of a line that begins a message."),
	param.Ruleset("ruleset", func(c *Config) *string { return &c.Ruleset }).Legacy("InputPTCPServerBindRuleset").Doc("Ruleset of the messages."),
	param.Bool("supportOctetCountedFraming", func(c *Config) *bool { return &c.OctetCounting }).Legacy("InputPTCPServerSupportOctetCountedFraming").Default("on").Doc("Recognise frames that begin with their length."),
	param.Bool("framingFix.cisco.asa", func(c *Config) *bool { return &c.CiscoASA }).Default("off").Doc("Skip a blank at the start of a frame."),
	param.NonNegInt("maxSessions", func(c *Config) *int { return &c.MaxSessions }).Inherits("module").Doc("Connections at a time; 0 is no limit."),
	param.NonNegInt("maxSessionsPerSource", func(c *Config) *int { return &c.MaxPerSource }).Default("0").
		Doc("Connections of one address at a time; 0 is no limit. Not known to rsyslogd."),
	param.Bool("notifyOnConnectionClose", func(c *Config) *bool { return &c.NotifyClose }).Legacy("InputPTCPServerNotifyOnConnectionClose").Default("off").Doc("Log connections that end."),
	param.Bool("notifyOnConnectionOpen", func(c *Config) *bool { return &c.NotifyOpen }).Default("off").Doc("Log connections that begin."),
	param.Enum("compression.mode", func(c *Config) *listener.Compression { return &c.Compression },
		param.Choice[listener.Compression]{Name: "none", Value: listener.Uncompressed}, param.Choice[listener.Compression]{Name: "stream:always", Value: listener.Zlib}).Default("none").
		Doc("stream:always if the senders compress all that goes over a connection (zlib)."),
	param.Int("addtlFrameDelimiter", func(c *Config) *int { return &c.AddtlDelimiter }).Range(-1, 255).Legacy("InputPTCPServerAddtlFrameDelimiter").Default("-1").Doc("A further byte that ends a frame, decimal; -1 is none."),
	param.Bool("multiLine", func(c *Config) *bool { return &c.MultiLine }).Default("off").Doc("LF ends a frame only in front of <."),
	param.String("listenPortFileName", func(c *Config) *string { return &c.PortFile }).Doc("File that gets the number of the port."),
	param.NonNegInt("socketBacklog", func(c *Config) *int { return &c.Backlog }).Inherits("as long as the system allows").Doc("Length of the kernel's queue of new connections."),
},
	param.KeepAliveParams("InputPTCPServerKeepAlive", func(c *Config) *param.KeepAlive { return &c.KeepAlive }),
	ratelimit.Params(ratelimit.Named("rateLimit.", "10000"), func(c *Config) *ratelimit.Config { return &c.Config }),
	listener.OriginParams(func(c *Config) *listener.OriginConfig { return &c.OriginConfig }),
)

func inherit(m *ModuleConfig, c *Config) { c.MaxSessions = m.MaxSessions }

// Check reports a missing or doubled address, and a path that no socket can have.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	switch {
	case (c.Port == "") == (c.Path == ""):
		diags.Errorf(o.Range, `%s needs either "port" or "path"`, o.Title).Effect = o.Effect
	case len(c.Path) > maxPath:
		rng := o.Range
		if a := o.Arg("path"); a != nil {
			rng = a.ValueRange
		}
		// Unlike rsyslogd, which cuts the path and listens there.
		diags.Errorf(rng, "path has %d bytes, a unix socket's can have %d", len(c.Path), maxPath).Effect = o.Effect
	default:
		return true
	}
	return false
}

// maxPath is the size of sun_path less the NUL; see unix(7).
const maxPath = 107

type input struct {
	conf    Config
	env     module.Env
	servers []*listener.StreamServer
}

// New remembers the settings.
func New(c Config, env module.Env) (listener.Input, error) {
	return &input{conf: c, env: env}, nil
}

// Name is the input's name, for metrics.
func (in *input) Name() string { return in.conf.Name }

// Open listens on the port or the path.
func (in *input) Open(ctx context.Context) error {
	opt, err := in.options()
	if err != nil {
		return err
	}
	if in.conf.Path != "" {
		err = in.openPath(ctx, opt)
	} else {
		g := in.env.Global
		in.servers, err = listener.ListenTCP(ctx, opt, in.conf.Address, in.conf.Port, g.IPv4, g.IPv6)
	}
	for _, s := range in.servers {
		in.env.Metrics.Register(s.Object(in.conf.Name, in.stats(s)))
	}
	return err
}

// stats are rsyslogd's counters.
func (in *input) stats(s *listener.StreamServer) *metrics.Stats {
	name := fmt.Sprintf("%s(%s)", in.conf.Name, in.conf.Path)
	if tcp, ok := s.Addr().(*net.TCPAddr); ok {
		address, family := in.conf.Address, "IPv4"
		if address == "" {
			address = "*"
		}
		if tcp.IP.To4() == nil {
			family = "IPv6"
		}
		name = fmt.Sprintf("%s(%s/%d/%s)", in.conf.Name, address, tcp.Port, family)
	}
	return &metrics.Stats{Name: name, Origin: "imptcp", Counters: []metrics.Stat{
		metrics.StatOf("submitted", &s.Received), metrics.StatOf("sessions.opened", &s.Opened), metrics.StatOf("sessions.openfailed", &s.OpenedFailed),
		metrics.StatOf("sessions.closed", &s.Closed), metrics.StatOf("bytes.received", &s.Bytes), metrics.NoStat("bytes.decompressed"),
	}}
}

// openPath listens on a unix socket.
//
// Unlike rsyslogd, which without unlink leaves the socket behind and then can
// not start again, it is removed at a stop in any case.
func (in *input) openPath(ctx context.Context, opt listener.StreamOptions) error {
	c := &in.conf
	if c.Unlink {
		if err := holder.Free(c.Path, unix.SOCK_STREAM); err != nil {
			return err
		}
	}
	opt.Network, opt.Address, opt.LocalPeer = "unix", c.Path, in.env.Names.Local()
	s := listener.NewStreamServer(opt)
	if err := s.Listen(ctx); err != nil {
		if errors.Is(err, unix.EADDRINUSE) && !c.Unlink {
			return fmt.Errorf(`%w; unlink="on" would replace what is there`, err)
		}
		return err
	}
	if err := in.setPermissions(); err != nil {
		if c.FailOnChown {
			return errors.Join(err, s.Close())
		}
		in.env.Log.Warn("owner or mode of the socket can not be set", "file", c.Path, "err", err)
	}
	in.servers = []*listener.StreamServer{s}
	return nil
}

func (in *input) setPermissions() error {
	c := &in.conf
	if c.Owner >= 0 || c.Group >= 0 {
		if err := os.Chown(c.Path, c.Owner, c.Group); err != nil {
			return err
		}
	}
	return os.Chmod(c.Path, c.Mode)
}

// Reading is how it reads.
func (in *input) Reading() (listener.Reading, error) {
	opt, err := in.options()
	return listener.Reading{Origin: opt.Origin, Frame: &opt.Frame}, err
}

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
	opt := listener.StreamOptions{
		Backlog: c.Backlog, PortFile: c.PortFile, MaxSessions: c.MaxSessions, MaxPerSource: c.MaxPerSource,
		Budget: in.env.Budget, Losses: in.env.Losses,
		KeepAlive:     c.KeepAlive.Settings(),
		QuietOversize: !in.env.Global.OversizeReport, Oversize: in.env.Oversize,
		NotifyOpen: c.NotifyOpen, NotifyClose: c.NotifyClose,
		Names: in.env.Names, Log: in.env.Log.With("input", c.Name),
		Limit:  c.Limit(nil, fmt.Sprintf("imptcp(%s/%s/IPv4)", c.Address, c.Port), in.env.Log),
		Origin: origin, Compression: c.Compression,
	}
	o := frame.Defaults()
	o.Dialect, o.OctetCounting, o.AddtlDelimiter, o.MaxFrameSize = frame.PTCP, c.OctetCounting, c.AddtlDelimiter, c.MaxFrameSize
	o.MaxMessageSize, o.DiscardTruncated, o.CiscoASAFix, o.MultiLine = in.env.Global.MaxMessageSize, c.DiscardTruncated, c.CiscoASA, c.MultiLine
	if c.DelimiterRegex != "" {
		if o.DelimiterRegex, err = listener.CompileDelimiter(c.DelimiterRegex); err != nil {
			return opt, err
		}
	}
	opt.Frame = o
	return opt, nil
}
