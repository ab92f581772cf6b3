package omrelp

import (
	"net"
	"strings"
	"time"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/inet"
	"syslogd/tls"
)

// ModuleConfig is module(load="omrelp").
type ModuleConfig struct{}

// Config is action(type="omrelp").
type Config struct {
	Target, Port  string
	Template      string
	Timeout       int
	ConnTimeout   int
	Window        int
	Rebind        int
	KeepAlive     param.KeepAlive
	LocalClientIP string
	TLS           tls.Options
}

const (
	// DefaultTemplate is what is sent unless a template is named.
	DefaultTemplate = "RSYSLOG_ForwardFormat"
	defaultPort     = "514"
	// defaultWindow is librelp's.
	defaultWindow = 128
	maxWindow     = 1 << 20
)

var moduleParams = param.Table[ModuleConfig]{
	param.NoEffect[ModuleConfig]("tls.tlsLib", "TLS is part of the program"),
}

var params = param.Join(
	param.Table[Config]{
		param.Word("target", func(c *Config) *string { return &c.Target }).Doc("Host to send to. It must be given."),
		param.Word("port", func(c *Config) *string { return &c.Port }).Default(defaultPort).Doc("Port, by number or name."),
		param.Template("template", func(c *Config) *string { return &c.Template }).Default(DefaultTemplate).Doc("Template of the text."),
		param.PositiveInt("timeout", func(c *Config) *int { return &c.Timeout }).Default("90").Doc("Seconds without an acknowledgement after which the session is given up and what was not acknowledged is sent again in a new one."),
		param.PositiveInt("conn.timeout", func(c *Config) *int { return &c.ConnTimeout }).Default("10").Doc("Seconds that connecting may take, TLS included."),
		param.Int("windowSize", func(c *Config) *int { return &c.Window }).Range(0, maxWindow).Default("0").Doc("Messages that may be under way without an acknowledgement; 0 is 128."),
		param.NonNegInt("rebindInterval", func(c *Config) *int { return &c.Rebind }).Default("0").Doc("Make a new connection after so many messages; 0 is never."),
		param.Word("localClientIP", func(c *Config) *string { return &c.LocalClientIP }).Doc("Address to send from."),
		param.NotYetUnless[Config]("tls.permanentFailureDisablesAction", "a server that is not permitted is tried again, as after any other failure", "off"),
	},
	param.KeepAliveParams("", func(c *Config) *param.KeepAlive { return &c.KeepAlive }),
	param.Group(func(c *Config) *tls.Options { return &c.TLS }, tls.RELPParams),
)

// Check reports what cannot go together.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if c.Target == "" {
		d := diags.Errorf(o.Range, "%s needs the parameter %q", o.Title, "target")
		d.Effect, d.Code = o.Effect, -2211
		return false
	}
	if c.LocalClientIP != "" && net.ParseIP(c.LocalClientIP) == nil {
		diags.Errorf(o.Range, "localClientIP: want an IP address, found %q", c.LocalClientIP).Effect = o.Effect
		return false
	}
	if _, err := c.TLS.RELP(false); err != nil {
		diags.Errorf(o.Range, "%s: %v", o.Title, err).Effect = o.Effect
		return false
	}
	c.TLS.ReportUnused(o, diags)
	return true
}

func (c *Config) host() string { return strings.Trim(c.Target, "[]") }

func (c *Config) address() string { return net.JoinHostPort(inet.Host(c.host()), c.Port) }

func (c *Config) window() int {
	if c.Window == 0 {
		return defaultWindow
	}
	return c.Window
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// parseLegacy reads what follows :omrelp: in a selector line: host or host:port.
func parseLegacy(c *Config, line *syntax.Line) error {
	host, port, err := line.Host()
	if c.Target = host; port != "" {
		c.Port = port
	}
	return err
}
