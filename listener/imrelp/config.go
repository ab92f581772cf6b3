package imrelp

import (
	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/parser/frame/relp"
	"syslogd/ratelimit"
	"syslogd/tls"
)

// ModuleConfig is module(load="imrelp").
type ModuleConfig struct{ Ruleset string }

// Config is input(type="imrelp").
type Config struct {
	ratelimit.Config
	listener.OriginConfig
	Port, Address, Name string
	Ruleset             string
	KeepAlive           param.KeepAlive
	MaxDataSize         int64
	Stored              bool
	Oversize            relp.Oversize
	FlowControl         string
	MaxSessions         int
	MaxPerSource        int
	TLS                 tls.Options
}

// maxAccepted bounds a message that oversizeMode="accept" takes, if maxDataSize
// is not above it.
const maxAccepted = 16 << 20

var moduleParams = param.Table[ModuleConfig]{
	param.Ruleset("ruleset", func(c *ModuleConfig) *string { return &c.Ruleset }).Doc("Ruleset of the messages of inputs that name none."),
	param.NoEffect[ModuleConfig]("tls.tlsLib", "TLS is part of the program"),
}

var inputParams = param.Join(
	param.Table[Config]{
		param.Port("port", func(c *Config) *string { return &c.Port }).Required().Legacy("InputRELPServerRun").Misnamed("RELPServerRun").Runs().
			Doc("Port, by number or name; 0 lets the system choose."),
		param.String("address", func(c *Config) *string { return &c.Address }).Doc("Address to listen on; all by default."),
		param.String("name", func(c *Config) *string { return &c.Name }).Default("imrelp").Doc("Value of the property inputname, and name in metrics."),
		param.Ruleset("ruleset", func(c *Config) *string { return &c.Ruleset }).Legacy("InputRELPServerBindRuleset").ModuleWide().Inherits("module").Doc("Ruleset of the messages."),
		param.Size("maxDataSize", func(c *Config) *int64 { return &c.MaxDataSize }).Inherits("global maxMessageSize").Doc("Length of a message at most."),
		param.Enum("oversizeMode", func(c *Config) *relp.Oversize { return &c.Oversize },
			param.Choice[relp.Oversize]{Name: "truncate", Value: relp.Truncate},
			param.Choice[relp.Oversize]{Name: "abort", Value: relp.Abort},
			param.Choice[relp.Oversize]{Name: "accept", Value: relp.Accept}).Default("truncate").
			Doc("What becomes of a longer message: it is cut, it ends the session, or it is taken (up to 16 MiB)."),
		param.Enum("flowControl", func(c *Config) *string { return &c.FlowControl },
			param.Choice[string]{Name: "none", Value: "no"}, param.Choice[string]{Name: "no", Value: "no"}, param.Choice[string]{Name: "light", Value: "light"}, param.Choice[string]{Name: "full", Value: "full"}).
			Default("light").Doc("Slow the sender down when the queue is full. It always is: what is not in the queue is not acknowledged."),
		param.Enum("acknowledge", func(c *Config) *bool { return &c.Stored },
			param.Choice[bool]{Name: "queued", Value: false},
			param.Choice[bool]{Name: "stored", Value: true}).Default("queued").
			Doc("When a message is acknowledged: when it is in the queue, or when it is safe where it was to go (written to a file, acknowledged by the next server, in a queue on disk) or policy has given it up. " +
				"A session sends no more meanwhile than its sender's window holds. Not known to rsyslogd."),
		param.NonNegInt("maxSessions", func(c *Config) *int { return &c.MaxSessions }).Default("5000").Doc("Connections at a time; 0 is no limit. rsyslogd has no limit."),
		param.NonNegInt("maxSessionsPerSource", func(c *Config) *int { return &c.MaxPerSource }).Default("0").
			Doc("Connections of one address at a time; 0 is no limit. Not known to rsyslogd."),
		param.NoEffect[Config]("tls.dhBits", "there are no key exchanges over finite fields"),
	},
	param.KeepAliveParams("", func(c *Config) *param.KeepAlive { return &c.KeepAlive }),
	ratelimit.Params(ratelimit.Parameters{
		Interval: "rateLimit.interval", Burst: "rateLimit.burst", Name: "rateLimit.name", DefaultBurst: "10000",
		Note: " What comes beyond is acknowledged and dropped.",
	}, func(c *Config) *ratelimit.Config { return &c.Config }),
	listener.OriginParams(func(c *Config) *listener.OriginConfig { return &c.OriginConfig }),
	param.Group(func(c *Config) *tls.Options { return &c.TLS }, tls.RELPParams),
)

func inherit(m *ModuleConfig, c *Config) {
	if c.Ruleset == "" {
		c.Ruleset = m.Ruleset
	}
}

// Check reports what cannot go together.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if c.MaxDataSize > relp.MaxData {
		d := diags.Errorf(o.Range, "maxDataSize is %d, a RELP frame holds at most %d bytes", c.MaxDataSize, relp.MaxData)
		d.Effect = o.Effect
		return false
	}
	if _, err := c.TLS.RELP(true); err != nil {
		diags.Errorf(o.Range, "%s: %v", o.Title, err).Effect = o.Effect
		return false
	}
	c.TLS.ReportUnused(o, diags)
	return true
}
