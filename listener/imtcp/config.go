package imtcp

import (
	"syslogd/config/param"
	"syslogd/listener"
	"syslogd/ratelimit"
	"syslogd/tls"
)

// maxFrameLimit is the largest maxFrameSize, as in rsyslogd.
const maxFrameLimit = 200000000

// Common are the parameters that the module and its inputs share: a value of
// the module is the default of the inputs.
type Common struct {
	FlowControl      bool
	DisableLF        bool
	DiscardTruncated bool
	NotifyClose      bool
	NotifyOpen       bool
	AddtlDelimiter   int
	MaxFrameSize     int
	MaxSessions      int
	MaxPerSource     int
	MaxListeners     int
	PreserveCase     bool
	KeepAlive        param.KeepAlive
	PermittedPeers   []string
	AllowedSender    []string
	TLS              tls.Options
	Namespace        string
	Compressed       bool
	Driver           listener.Compression

	octetOff bool // the module's octetCountedFraming="off"
}

// ModuleConfig is module(load="imtcp").
type ModuleConfig struct {
	Common
	OctetCounting bool
}

// Config is input(type="imtcp").
type Config struct {
	ratelimit.Config
	listener.OriginConfig
	Common
	Port           string
	Address        string
	Name           string
	Ruleset        string
	PortFile       string
	OctetCounting  bool
	CiscoASA       bool
	MultiLine      bool
	DelimiterRegex string
	Backlog        int
}

const (
	ownThreads = "the server chooses itself how many threads read; no connection waits for more than one read of each other one"
	inPieces   = "a stream is decompressed in pieces of at most 64 KiB"
)

var commonParams = param.Join(
	param.Table[Common]{
		param.Bool("flowControl", func(c *Common) *bool { return &c.FlowControl }).Legacy("InputTCPFlowControl").Default("on").
			Doc("Slow the sender down when the queue is full. It always is: TCP would lose messages otherwise."),
		param.Bool("disableLFDelimiter", func(c *Common) *bool { return &c.DisableLF }).Legacy("InputTCPServerDisableLFDelimiter").Default("off").
			Doc("LF does not end a frame."),
		param.Bool("discardTruncatedMsg", func(c *Common) *bool { return &c.DiscardTruncated }).Default("off").
			Doc("Cut a message that is too long instead of splitting it."),
		param.Bool("notifyOnConnectionClose", func(c *Common) *bool { return &c.NotifyClose }).Legacy("InputTCPServerNotifyOnConnectionClose").Default("off").Doc("Log connections that end."),
		param.Bool("notifyOnConnectionOpen", func(c *Common) *bool { return &c.NotifyOpen }).Default("off").Doc("Log connections that begin."),
		param.Int("addtlFrameDelimiter", func(c *Common) *int { return &c.AddtlDelimiter }).Range(-1, 255).Legacy("InputTCPServerAddtlFrameDelimiter").Default("-1").
			Doc("A further byte that ends a frame, decimal; -1 is none."),
		param.PositiveInt("maxFrameSize", func(c *Common) *int { return &c.MaxFrameSize }).Default("200000").
			Doc("Octet counts above this are taken for text. At most 200000000."),
		param.PositiveInt("maxSessions", func(c *Common) *int { return &c.MaxSessions }).Legacy("InputTCPMaxSessions").Default("200").
			Doc("Connections at a time. When there are as many, one that is silent has to go for a new one."),
		param.NonNegInt("maxSessionsPerSource", func(c *Common) *int { return &c.MaxPerSource }).Default("0").
			Doc("Connections of one address at a time; 0 is no limit. Not known to rsyslogd."),
		param.PositiveInt("maxListeners", func(c *Common) *int { return &c.MaxListeners }).Alias("maxListners").Legacy("InputTCPMaxListeners").Default("20").
			Doc("Listeners of the module at most. There is no limit here."),
		param.Bool("preserveCase", func(c *Common) *bool { return &c.PreserveCase }).Legacy("InputTCPServerPreserveCase").Default("on").
			Doc("Keep the case of senders' names."),
		param.Strings("permittedPeer", func(c *Common) *[]string { return &c.PermittedPeers }).Legacy("InputTCPServerStreamDriverPermittedPeer").
			Doc("Peers that may connect: names or fingerprints, by streamDriver.authMode."),
		param.Strings("allowedSender", func(c *Common) *[]string { return &c.AllowedSender }).
			Doc("Addresses, networks and host names that may connect."),
		param.NoEffect[Common]("workerThreads", ownThreads),
		param.NoEffect[Common]("starvationProtection.maxReads", ownThreads),
		param.String("networkNamespace", func(c *Common) *string { return &c.Namespace }).Doc("Network namespace to listen in, as ip-netns names it."),
		param.Enum("compression.mode", func(c *Common) *bool { return &c.Compressed },
			param.Choice[bool]{Name: "none", Value: false}, param.Choice[bool]{Name: "stream:always", Value: true}).Legacy("InputTCPServerCompressionMode").Default("none").
			Doc("stream:always if the senders compress all that goes over a connection."),
		param.Enum("compression.driver", func(c *Common) *listener.Compression { return &c.Driver },
			param.Choice[listener.Compression]{Name: "zlib", Value: listener.Zlib}, param.Choice[listener.Compression]{Name: "zstd", Value: listener.Zstd}).Legacy("InputTCPServerCompressionDriver").Default("zlib").
			Doc("Format of the compressed stream."),
		param.NoEffect[Common]("compression.maxExpansionRatio", inPieces),
		param.NoEffect[Common]("compression.maxDecompressedBytesPerReceive", inPieces),
		param.NoEffect[Common]("compression.maxTotalZstdWindowBytes", "the window of a stream is at most 8 MiB"),
	},
	param.KeepAliveParams("InputTCPServerKeepAlive", func(c *Common) *param.KeepAlive { return &c.KeepAlive }),
	param.Group(func(c *Common) *tls.Options { return &c.TLS }, tls.Params),
)

var moduleParams = param.Join(
	param.Table[ModuleConfig]{
		param.Bool("octetCountedFraming", func(c *ModuleConfig) *bool { return &c.OctetCounting }).Legacy("InputTCPServerSupportOctetCountedFraming").Default("on").
			Alias("supportOctetCountedFraming").Doc("Recognise frames that begin with their length."),
	},
	param.Group(func(c *ModuleConfig) *Common { return &c.Common }, commonParams),
)

var inputParams = param.Join(
	param.Table[Config]{
		param.Port("port", func(c *Config) *string { return &c.Port }).Required().Legacy("InputTCPServerRun").Misnamed("TCPServerRun").Alone("10514").Runs().
			Doc("Port, by number or name; 0 lets the system choose."),
		param.String("address", func(c *Config) *string { return &c.Address }).Doc("Address to listen on; all by default."),
		param.String("name", func(c *Config) *string { return &c.Name }).Legacy("InputTCPServerInputName").Default("imtcp").Doc("Value of the property inputname, and name in metrics."),
		param.Ruleset("ruleset", func(c *Config) *string { return &c.Ruleset }).Legacy("InputTCPServerBindRuleset").Misnamed("TCPServerBindRuleset").Doc("Ruleset of the messages."),
		param.String("listenPortFileName", func(c *Config) *string { return &c.PortFile }).Legacy("InputTCPServerListenPortFile").ModuleWide().Doc("File that gets the number of the port."),
		param.Bool("supportOctetCountedFraming", func(c *Config) *bool { return &c.OctetCounting }).Default("on").Doc("Recognise frames that begin with their length."),
		param.Bool("framingFix.cisco.asa", func(c *Config) *bool { return &c.CiscoASA }).Default("off").Doc("Skip a blank at the start of a frame."),
		param.Bool("multiLine", func(c *Config) *bool { return &c.MultiLine }).Default("off").Doc("LF ends a frame only in front of <."),
		param.String("framing.delimiter.regex", func(c *Config) *string { return &c.DelimiterRegex }).Doc("Extended regular expression of a line that begins a message."),
		param.NonNegInt("socketBacklog", func(c *Config) *int { return &c.Backlog }).Inherits("as long as the system allows").Doc("Length of the kernel's queue of new connections."),
	},
	ratelimit.Params(ratelimit.Named("rateLimit.", "10000"), func(c *Config) *ratelimit.Config { return &c.Config }),
	listener.OriginParams(func(c *Config) *listener.OriginConfig { return &c.OriginConfig }),
	withoutDirectives(param.Group(func(c *Config) *Common { return &c.Common }, commonParams)),
)

// withoutDirectives leaves legacy directives to the module's table.
func withoutDirectives(t param.Table[Config]) param.Table[Config] {
	for _, p := range t {
		p.Directives = nil
	}
	return t
}

func inherit(m *ModuleConfig, c *Config) {
	c.Common = m.Common
	c.Common.octetOff = !m.OctetCounting
}
