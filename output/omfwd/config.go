package omfwd

import (
	"fmt"
	"net"
	"strings"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/module"
	"syslogd/ratelimit"
	"syslogd/tls"
)

// Protocol is how messages travel.
type Protocol uint8

// The protocols. TLS is TCP with a stream driver in mode 1.
const (
	UDP Protocol = iota
	TCP
)

func (p Protocol) String() string { return [...]string{"udp", "tcp"}[p] }

// Compression is what is compressed.
type Compression uint8

// The modes of compression.
const (
	None Compression = iota
	Single
	Stream
)

// Driver is how a stream is compressed.
type Driver uint8

// The compressed formats.
const (
	Zlib Driver = iota
	Zstd
)

// ModuleConfig is module(load="builtin:omfwd").
type ModuleConfig struct {
	Template string
	Buffer   int
	TLS      tls.Options
}

// Config is action(type="omfwd").
type Config struct {
	ratelimit.Config
	Target, Port []string
	TargetSRV    string
	Namespace    string
	Buffer       int
	Protocol     Protocol
	Template     string
	Address      string
	Device       string
	OctetCounted bool
	Delimiter    int
	ZipLevel     int
	Compression  Compression
	Driver       Driver
	FlushOnTXEnd bool
	FreeBind     int
	Rebind       int
	// RebindTCP and RebindUDP are the values of directives, of which an action line
	// takes that of its protocol.
	RebindTCP, RebindUDP int

	KeepAlive   param.KeepAlive
	UserTimeout int
	ErrSkip     int

	TLS            tls.Options
	PermittedPeers string
	RemoteSNI      string
	ResendLast     bool
	CheckPeer      bool

	SendToAll  bool
	SendDelay  int
	SendBuf    int64
	PoolResume int

	moduleTemplate string
}

// DefaultTemplate is what is sent unless a template is named.
const DefaultTemplate = "RSYSLOG_TraditionalForwardFormat"

func (c *Config) template() string {
	for _, t := range []string{c.Template, c.moduleTemplate} {
		if t != "" {
			return t
		}
	}
	return DefaultTemplate
}

// port is the port of target i: of several the one in the same place.
func (c *Config) port(i int) string {
	switch {
	case len(c.Port) == 0:
		return "514"
	case i < len(c.Port):
		return c.Port[i]
	}
	return c.Port[len(c.Port)-1]
}

func files[C any](field func(*C) *tls.Options) param.Table[C] {
	return param.Table[C]{
		param.String("streamDriver.caFile", func(c *C) *string { return &field(c).CAFile }).Inherits("global").Doc("CA certificates (PEM)."),
		param.String("streamDriver.crlFile", func(c *C) *string { return &field(c).CRLFile }).Inherits("global").Doc("Revocation lists (PEM or DER), all that the file holds. Each must be signed by a CA whose certificate is given."),
		param.String("streamDriver.caExtraFiles", func(c *C) *string { return &field(c).CAExtraFiles }).Inherits("global").Doc("Further CA files, separated by commas."),
		param.String("streamDriver.keyFile", func(c *C) *string { return &field(c).KeyFile }).Inherits("global").Doc("Own private key (PEM)."),
		param.String("streamDriver.certFile", func(c *C) *string { return &field(c).CertFile }).Inherits("global").Doc("Own certificate (PEM)."),
	}
}

var moduleParams = param.Join(
	param.Table[ModuleConfig]{
		param.Template("template", func(c *ModuleConfig) *string { return &c.Template }).Legacy("ActionForwardDefaultTemplate").Inherits(DefaultTemplate).Doc("Template of the text."),
		param.NonNegInt("ioBuffer.maxSize", func(c *ModuleConfig) *int { return &c.Buffer }).Default("0").Doc("Send buffer of TCP connections in bytes; 0 is the system's."),
	},
	files(func(c *ModuleConfig) *tls.Options { return &c.TLS }),
)

var params = param.Join(
	param.Table[Config]{
		param.Strings("target", func(c *Config) *[]string { return &c.Target }).Doc("Host to send to; of several one that works, in turns."),
		param.Word("targetSrv", func(c *Config) *string { return &c.TargetSRV }).Doc("Domain whose SRV records name the targets, instead of target; or a whole name such as _syslog._tcp.example.net."),
		param.Ports("port", func(c *Config) *[]string { return &c.Port }).Inherits("514").Doc("Port, by number or name; of several the one in the place of the target."),
		param.Enum("protocol", func(c *Config) *Protocol { return &c.Protocol },
			param.Choice[Protocol]{Name: "udp", Value: UDP}, param.Choice[Protocol]{Name: "tcp", Value: TCP}).Default("udp").Doc("udp or tcp."),
		param.Template("template", func(c *Config) *string { return &c.Template }).Inherits("module").Doc("Template of the text."),
		param.String("address", func(c *Config) *string { return &c.Address }).Doc("Address to send from."),
		param.String("device", func(c *Config) *string { return &c.Device }).Doc("Network interface to send from."),
		param.String("networkNamespace", func(c *Config) *string { return &c.Namespace }).Doc("Network namespace to send from, as ip-netns names it."),
		param.Enum("tcp_framing", func(c *Config) *bool { return &c.OctetCounted },
			param.Choice[bool]{Name: "traditional", Value: false}, param.Choice[bool]{Name: "octet-counted", Value: true}).Default("traditional").
			Doc("A delimiter behind each message, or its length in front (RFC 6587)."),
		param.Int("tcp_frameDelimiter", func(c *Config) *int { return &c.Delimiter }).Range(0, 255).Default("10").Doc("Delimiter of traditional framing, decimal."),
		param.Int("zipLevel", func(c *Config) *int { return &c.ZipLevel }).Range(0, 9).Default("0").Doc("Compress messages for which it pays; 0 is off."),
		param.Enum("compression.mode", func(c *Config) *Compression { return &c.Compression },
			param.Choice[Compression]{Name: "none", Value: None}, param.Choice[Compression]{Name: "single", Value: Single},
			param.Choice[Compression]{Name: "stream:always", Value: Stream}).Default("none").
			Doc("single compresses each message, as zipLevel does; stream:always all that goes over a TCP connection."),
		param.Enum("compression.driver", func(c *Config) *Driver { return &c.Driver },
			param.Choice[Driver]{Name: "zlib", Value: Zlib}, param.Choice[Driver]{Name: "zstd", Value: Zstd}).Default("zlib").Doc("Format of a compressed stream."),
		param.Bool("compression.stream.flushOnTXEnd", func(c *Config) *bool { return &c.FlushOnTXEnd }).Default("on").
			Doc("Send each batch at once. Off compresses better, and messages wait."),
		param.Int("ipFreeBind", func(c *Config) *int { return &c.FreeBind }).Range(0, 2).Default("2").Doc("Send from an address that the host does not have yet: 0 no, 1 yes, 2 yes and say when it can not be set."),
		param.Gone[Config]("maxErrorMessages"),
		param.NonNegInt("rebindInterval", func(c *Config) *int { return &c.Rebind }).Default("0").
			Doc("Make a new socket or connection after so many messages; 0 is never."),
		rebindDirective("ActionSendTCPRebindInterval", func(c *Config) *int { return &c.RebindTCP }).Doc("rebindInterval of action lines that send over TCP."),
		rebindDirective("ActionSendUDPRebindInterval", func(c *Config) *int { return &c.RebindUDP }).Doc("rebindInterval of action lines that send over UDP."),
		param.NonNegInt("tcp_user_timeout", func(c *Config) *int { return &c.UserTimeout }).Doc("Milliseconds that sent bytes may stay unacknowledged; 0 is the system's."),
		param.NonNegInt("conErrSkip", func(c *Config) *int { return &c.ErrSkip }).Doc("Log only every n-th connection that fails. The action's suspensions are logged once in any case."),
		param.String("gnutlsPriorityString", func(c *Config) *string { return &c.TLS.Priority }).Doc("TLS versions and cipher suites."),
		param.Word("streamDriver", func(c *Config) *string { return &c.TLS.Driver }).Alias("streamDriver.name").Legacy("ActionSendStreamDriver").Inherits("global").Doc("ptcp for plain text, gtls or ossl for TLS."),
		param.Int("streamDriverMode", func(c *Config) *int { return &c.TLS.Mode }).Alias("streamDriver.mode").Range(0, 1).Legacy("ActionSendStreamDriverMode").Doc("0 is plain text, 1 is TLS."),
		param.Word("streamDriverAuthMode", func(c *Config) *string { return &c.TLS.AuthMode }).Alias("streamDriver.authMode").Legacy("ActionSendStreamDriverAuthMode").
			Doc("How the server is checked: anon, x509/certvalid, x509/fingerprint or x509/name."),
		param.Word("streamDriverPermittedPeers", func(c *Config) *string { return &c.PermittedPeers }).Alias("streamDriver.permittedPeers").Legacy("ActionSendStreamDriverPermittedPeer").Lasting(param.UntilInstance).
			Doc("Names or fingerprints of the server, separated by commas; with x509/name the target by default."),
		param.Enum("streamDriver.permitExpiredCerts", func(c *Config) *tls.ExpiredPolicy { return &c.TLS.Expired },
			param.Choice[tls.ExpiredPolicy]{Name: "off", Value: tls.RejectExpired}, param.Choice[tls.ExpiredPolicy]{Name: "warn", Value: tls.WarnExpired},
			param.Choice[tls.ExpiredPolicy]{Name: "on", Value: tls.AcceptExpired}).Default("off").Doc("Whether an expired certificate is accepted."),
		param.String("streamDriverRemoteSNI", func(c *Config) *string { return &c.RemoteSNI }).Alias("streamDriver.remoteSNI").Legacy("ActionSendStreamDriverRemoteSNI").Inherits("target").Doc("Name of the server in the handshake."),
		param.Bool("streamDriver.checkExtendedKeyPurpose", func(c *Config) *bool { return &c.TLS.CheckPurpose }).Doc("Require that the certificate is meant for a server."),
		param.Bool("streamDriver.prioritizeSAN", func(c *Config) *bool { return &c.TLS.PrioritizeSAN }).Doc("Ignore the common name when there are alternative names."),
		param.PositiveInt("streamDriver.tlsVerifyDepth", func(c *Config) *int { return &c.TLS.VerifyDepth }).Doc("Certificates in a chain at most."),
		param.Bool("resendLastMsgOnReconnect", func(c *Config) *bool { return &c.ResendLast }).Legacy("ActionSendResendLastMsgOnReconnect").Default("off").
			Doc("Send the last message again over a new connection: it may have been lost."),
		param.Bool("extendedConnectionCheck", func(c *Config) *bool { return &c.CheckPeer }).Default("on").Doc("Find out before sending whether the peer has closed the connection."),
		param.Bool("udp.sendToAll", func(c *Config) *bool { return &c.SendToAll }).Default("off").Doc("Send to all addresses of the target."),
		param.NonNegInt("udp.sendDelay", func(c *Config) *int { return &c.SendDelay }).Default("0").Doc("Microseconds to wait after each datagram."),
		param.Size("udp.sendBuf", func(c *Config) *int64 { return &c.SendBuf }).Default("0").Doc("Send buffer of the socket; 0 is the system's."),
		param.PositiveInt("pool.resumeInterval", func(c *Config) *int { return &c.PoolResume }).Default("30").Doc("Seconds for which one of several targets is left out when it failed."),
	},
	param.KeepAliveParams("ActionSendTCPKeepAlive", func(c *Config) *param.KeepAlive { return &c.KeepAlive }),
	ratelimit.Params(ratelimit.Named("ratelimit.", "200"), func(c *Config) *ratelimit.Config { return &c.Config }),
	files(func(c *Config) *tls.Options { return &c.TLS }),
)

// rebindDirective is a directive for the rebindInterval of one protocol.
func rebindDirective(name string, field func(*Config) *int) *param.Param[Config] {
	const of = "rebindInterval"
	return param.NonNegInt("$"+name, field).Legacy(name).Default("0").Twin(of).Means(of, "")
}

func inherit(m *ModuleConfig, c *Config) {
	c.moduleTemplate, c.Buffer = m.Template, m.Buffer
	c.TLS.CAFile, c.TLS.CRLFile, c.TLS.CAExtraFiles = m.TLS.CAFile, m.TLS.CRLFile, m.TLS.CAExtraFiles
	c.TLS.KeyFile, c.TLS.CertFile = m.TLS.KeyFile, m.TLS.CertFile
}

// Check reports what cannot go together.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	refuse := func(code int, hint, format string, args ...any) bool {
		d := diags.Errorf(o.Range, format, args...)
		d.Hint, d.Effect, d.Code = hint, o.Effect, code
		return false
	}
	switch {
	case len(c.Target) == 0 && c.TargetSRV == "":
		return refuse(-2211, "", "%s needs the parameter %q", o.Title, "target")
	case c.TargetSRV != "" && len(c.Target)+len(c.Port) > 0:
		return refuse(0, "", "the targets and ports come from targetSrv, target and port can not be given, too")
	case len(c.Port) > 1 && len(c.Port) != len(c.Target):
		return refuse(0, "", "there are %d targets and %d ports", len(c.Target), len(c.Port))
	case c.Protocol == UDP && c.TLS.Mode != 0:
		return refuse(0, `write protocol="tcp"`, "the stream driver mode is 1, TLS, but the protocol is udp")
	case c.Protocol == UDP && c.Compression == Stream:
		return refuse(0, `write protocol="tcp"`, "a compressed stream needs TCP")
	case c.Address != "" && net.ParseIP(c.Address) == nil:
		return refuse(0, "", "address: want an IP address, found %q", c.Address)
	}
	if c.Compression != None && c.ZipLevel == 0 {
		c.ZipLevel = 9
	}
	c.reportUnused(o, diags)
	return true
}

// reportUnused names what was given and is of no use with the protocol.
func (c *Config) reportUnused(o *param.Object, diags *diag.List) {
	protocol, unused := "udp", []string{"tcp_framing", "tcp_framedelimiter", "tcp_user_timeout", "keepalive", "keepalive.probes", "keepalive.time",
		"keepalive.interval", "resendlastmsgonreconnect", "extendedconnectioncheck", "compression.stream.flushontxend"}
	if c.Protocol == TCP {
		protocol, unused = "tcp", []string{"udp.sendtoall", "udp.senddelay", "udp.sendbuf"}
	}
	for _, name := range unused {
		if a := o.Arg(name); a != nil {
			diags.Notef(a.Range, "%s has no effect: the protocol is %s", a.Param, protocol)
		}
	}
	if c.TLS.Mode != 0 {
		return
	}
	for _, name := range []string{"streamdriver", "streamdriver.name", "streamdriver.certfile", "streamdriver.keyfile", "streamdriver.cafile", "gnutlsprioritystring"} {
		if a := o.Arg(name); a != nil && len(a.Items) == 1 && a.Items[0] != "ptcp" && a.Items[0] != "" {
			d := diags.Warnf(a.Range, "%s is given, but the stream driver mode is 0: plain text", a.Param)
			d.Hint, d.Effect = `write streamDriverMode="1" for TLS`, "what is sent can be read on the way"
			return
		}
	}
}

func (c *Config) tlsOptions(g *module.Global) tls.Options {
	o := c.TLS
	for _, p := range strings.Split(c.PermittedPeers, ",") {
		if p = strings.TrimSpace(p); p != "" {
			o.PermittedPeers = append(o.PermittedPeers, p)
		}
	}
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

// errorf makes the error of a target.
func (t *target) errorf(format string, args ...any) error {
	return fmt.Errorf("%s %s: %w", t.c.Protocol, t.address, fmt.Errorf(format, args...))
}
