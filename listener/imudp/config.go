package imudp

import (
	"fmt"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/ratelimit"
)

// ModuleConfig is module(load="imudp").
type ModuleConfig struct {
	BatchSize     int
	Threads       int
	PreserveCase  bool
	AllowedSender []string
}

// Config is input(type="imudp").
type Config struct {
	ratelimit.Config
	listener.OriginConfig
	Port          []string
	Address       string
	Device        string
	Name          string
	AppendPort    bool
	PortFile      string
	Ruleset       string
	RcvBuf        int64
	FreeBind      int
	AllowedSender []string

	// Of the module.
	BatchSize    int
	Threads      int
	PreserveCase bool
}

const noRealTime = "the Go runtime spreads its work over threads, a real-time class for one of them would not help"

var moduleParams = param.Table[ModuleConfig]{
	param.Int("batchSize", func(c *ModuleConfig) *int { return &c.BatchSize }).Range(1, 1024).Default("128").Doc("Datagrams that one system call may receive. rsyslogd's default is 32."),
	param.Int("threads", func(c *ModuleConfig) *int { return &c.Threads }).Range(1, 32).Default("1").Doc("Sockets and readers a port (SO_REUSEPORT)."),
	param.Bool("preserveCase", func(c *ModuleConfig) *bool { return &c.PreserveCase }).Default("off").Doc("Keep the case of senders' names."),
	param.Strings("allowedSender", func(c *ModuleConfig) *[]string { return &c.AllowedSender }).Doc("Addresses, networks and host names that may send."),
	param.NoEffect[ModuleConfig]("timeRequery", "the time is read once for each batch of datagrams").Legacy("UDPServerTimeRequery"),
	param.NoEffect[ModuleConfig]("schedulingPolicy", noRealTime).Legacy("IMUDPSchedulingPolicy"),
	param.NoEffect[ModuleConfig]("schedulingPriority", noRealTime).Legacy("IMUDPSchedulingPriority"),
}

var inputParams = param.Join(param.Table[Config]{
	param.Ports("port", func(c *Config) *[]string { return &c.Port }).Required().Legacy("UDPServerRun").Misnamed("InputUDPServerRun").
		Alone(listener.DefaultPort).Lasting(param.UntilInstance).Runs().Doc("Ports, by number or name."),
	param.String("address", func(c *Config) *string { return &c.Address }).Legacy("UDPServerAddress").Misnamed("InputUDPServerAddress").Doc("Address to listen on; all by default."),
	param.String("device", func(c *Config) *string { return &c.Device }).Doc("Network interface to bind to."),
	param.Word("name", func(c *Config) *string { return &c.Name }).Alias("inputName").Default("imudp").Doc("Value of the property inputname, and name in metrics."),
	param.Bool("name.appendPort", func(c *Config) *bool { return &c.AppendPort }).Alias("inputName.appendPort").Default("off").Doc("Append the port to the name."),
	param.String("listenPortFileName", func(c *Config) *string { return &c.PortFile }).Doc("File that gets the number of the port."),
	param.Ruleset("ruleset", func(c *Config) *string { return &c.Ruleset }).Legacy("InputUDPServerBindRuleset").Misnamed("UDPServerBindRuleset").Doc("Ruleset of the messages."),
	param.Size("rcvbufSize", func(c *Config) *int64 { return &c.RcvBuf }).Default("4m").Doc("Receive buffer of the socket, beyond the system's limit (net.core.rmem_max) if privileged, else up to it; 0 is the system's. That it is smaller is said at the start, unless it is the default."),
	param.Int("ipFreeBind", func(c *Config) *int { return &c.FreeBind }).Range(0, 2).Default("2").Doc("Bind to an address that the host does not have yet: 0 no, 1 yes, 2 yes and say when it can not be set."),
	param.Strings("allowedSender", func(c *Config) *[]string { return &c.AllowedSender }).Inherits("module").Doc("Addresses, networks and host names that may send."),
},
	ratelimit.Params(ratelimit.Named("rateLimit.", "10000"), func(c *Config) *ratelimit.Config { return &c.Config }),
	listener.OriginParams(func(c *Config) *listener.OriginConfig { return &c.OriginConfig }),
)

func inherit(m *ModuleConfig, c *Config) {
	c.BatchSize, c.Threads, c.PreserveCase, c.AllowedSender = m.BatchSize, m.Threads, m.PreserveCase, m.AllowedSender
}

func (in *input) rateLimit(port string) *ratelimit.Limit {
	address := in.conf.Address
	if address == "" {
		address = "*"
	}
	return in.conf.Limit(nil, fmt.Sprintf("imudp(%s/%s/IPv4)", address, port), in.env.Log)
}

// Check gives ports that are empty the usual number.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	for i := range c.Port {
		listener.FillPort(&c.Port[i], o, diags)
	}
	return true
}
