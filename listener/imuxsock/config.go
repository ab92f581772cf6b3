package imuxsock

import (
	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/message"
)

// DefaultPath is the system log socket.
const DefaultPath = "/dev/log"

// ModuleConfig is module(load="imuxsock"): the system log socket.
type ModuleConfig struct {
	Use    bool
	Omit   bool // $OmitLocalLogging
	Socket Config
}

// Config is input(type="imuxsock"), one socket.
type Config struct {
	Path            string
	Unlink          bool
	CreatePath      bool
	HostName        string
	Ruleset         string
	IgnoreTimestamp bool
	SystemTimestamp bool
	FlowControl     bool
	Annotate        bool
	ParseTrusted    bool
	SystemPID       bool
	SpecialParser   bool
	ParseHostname   bool
	IgnoreOwn       bool
	LimitInterval   int
	LimitBurst      int
	LimitSeverity   message.Severity

	// system marks the system log socket, which systemd may pass or rename.
	system bool
}

// credentials reports whether the sender's pid is needed.
func (c *Config) credentials() bool {
	return c.Annotate || c.SystemPID || c.IgnoreOwn || c.LimitInterval > 0
}

// Check refuses an input without a path.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	switch {
	case c.Path == "":
		diags.Errorf(o.Range, `%s needs the parameter "socket"`, o.Title).Effect = o.Effect
	case len(c.Path) > maxPath:
		diags.Errorf(o.Range, "the name of the socket has %d bytes, a unix socket can have %d", len(c.Path), maxPath).Effect = o.Effect
	default:
		return true
	}
	return false
}

// maxPath is sizeof(sun_path) less the NUL.
const maxPath = 107

const noNamedLimit = "named rate limits are not available yet"

// severityParam is RateLimit.Severity: a number, as everywhere in imuxsock.
func severityParam[C any](name, legacy string, field func(*C) *message.Severity) *param.Param[C] {
	return param.Enum(name, field, severityChoices...).Legacy(legacy).Default("1").
		Doc("Messages of this severity and less urgent ones are limited.")
}

var severityChoices = []param.Choice[message.Severity]{
	{Name: "0", Value: 0}, {Name: "1", Value: 1}, {Name: "2", Value: 2}, {Name: "3", Value: 3},
	{Name: "4", Value: 4}, {Name: "5", Value: 5}, {Name: "6", Value: 6}, {Name: "7", Value: 7},
}

var moduleParams = param.Table[ModuleConfig]{
	param.Bool("sysSock.use", func(c *ModuleConfig) *bool { return &c.Use }).Default("on").Doc("Listen on the system log socket."),
	param.Bool("$OmitLocalLogging", func(c *ModuleConfig) *bool { return &c.Omit }).Legacy("OmitLocalLogging").Default("off").Doc("Do not listen on the system log socket."),
	param.String("sysSock.name", func(c *ModuleConfig) *string { return &c.Socket.Path }).Legacy("SystemLogSocketName").Inherits(DefaultPath).
		Doc("Path of the system log socket; where systemd runs, the one that its journal forwards to."),
	param.Bool("sysSock.unlink", func(c *ModuleConfig) *bool { return &c.Socket.Unlink }).Default("on").Doc("Remove the socket at start and stop."),
	param.Bool("sysSock.ignoreTimestamp", func(c *ModuleConfig) *bool { return &c.Socket.IgnoreTimestamp }).Legacy("SystemLogSocketIgnoreMsgTimestamp").Default("on").Doc("Ignore the time in messages."),
	param.Bool("sysSock.ignoreOwnMessages", func(c *ModuleConfig) *bool { return &c.Socket.IgnoreOwn }).Default("on").Doc("Drop messages of the server's own process."),
	param.Bool("sysSock.flowControl", func(c *ModuleConfig) *bool { return &c.Socket.FlowControl }).Legacy("SystemLogSocketFlowControl").Default("off").Doc("Make senders wait while the queue is full, without a bound."),
	param.Bool("sysSock.useSysTimeStamp", func(c *ModuleConfig) *bool { return &c.Socket.SystemTimestamp }).Legacy("SystemLogUseSysTimeStamp").Default("on").Doc("Use the time of reception, not the one in the message."),
	param.Bool("sysSock.annotate", func(c *ModuleConfig) *bool { return &c.Socket.Annotate }).Legacy("SystemLogSocketAnnotate").Default("off").Doc("Append what the kernel knows of the sender."),
	param.Bool("sysSock.parseTrusted", func(c *ModuleConfig) *bool { return &c.Socket.ParseTrusted }).Legacy("SystemLogParseTrusted").Default("off").Doc("With annotate: put it into variables instead."),
	param.Bool("sysSock.useSpecialParser", func(c *ModuleConfig) *bool { return &c.Socket.SpecialParser }).Default("on").Doc("Expect what syslog(3) writes; off: the parsers of the ruleset."),
	param.Bool("sysSock.parseHostname", func(c *ModuleConfig) *bool { return &c.Socket.ParseHostname }).Default("off").Doc("Expect a host name; needs useSpecialParser off."),
	param.Bool("sysSock.usePIDFromSystem", func(c *ModuleConfig) *bool { return &c.Socket.SystemPID }).Legacy("SystemLogUsePIDFromSystem").Default("off").Doc("Replace the pid in the tag by the kernel's."),
	param.NonNegInt("sysSock.rateLimit.interval", func(c *ModuleConfig) *int { return &c.Socket.LimitInterval }).Legacy("SystemLogRateLimitInterval").Default("0").Doc("Window in seconds for each process; 0 is no limit."),
	param.NonNegInt("sysSock.rateLimit.burst", func(c *ModuleConfig) *int { return &c.Socket.LimitBurst }).Legacy("SystemLogRateLimitBurst").Default("200").Doc("Messages of a process in a window."),
	severityParam("sysSock.rateLimit.severity", "SystemLogRateLimitSeverity", func(c *ModuleConfig) *message.Severity { return &c.Socket.LimitSeverity }),
	param.NotYetUnless[ModuleConfig]("sysSock.rateLimit.name", noNamedLimit),
}

var inputParams = param.Table[Config]{
	param.String("socket", func(c *Config) *string { return &c.Path }).Legacy("AddUnixListenSocket").Runs().Doc("Path of the socket."),
	param.Bool("unlink", func(c *Config) *bool { return &c.Unlink }).Default("on").Doc("Remove the socket at start and stop."),
	param.Bool("createPath", func(c *Config) *bool { return &c.CreatePath }).Legacy("InputUnixListenSocketCreatePath").Default("off").Doc("Create missing directories."),
	param.String("hostName", func(c *Config) *string { return &c.HostName }).Legacy("InputUnixListenSocketHostName").Doc("Host name of the messages, for a chroot or container."),
	param.Ruleset("ruleset", func(c *Config) *string { return &c.Ruleset }).Doc("Ruleset of the messages."),
	param.Bool("ignoreTimestamp", func(c *Config) *bool { return &c.IgnoreTimestamp }).Legacy("InputUnixListenSocketIgnoreMsgTimestamp").Default("on").Doc("Ignore the time in messages."),
	param.Bool("ignoreOwnMessages", func(c *Config) *bool { return &c.IgnoreOwn }).Default("on").Doc("Drop messages of the server's own process."),
	param.Bool("flowControl", func(c *Config) *bool { return &c.FlowControl }).Legacy("InputUnixListenSocketFlowControl").Default("off").Doc("Make senders wait while the queue is full, without a bound."),
	param.Bool("useSysTimeStamp", func(c *Config) *bool { return &c.SystemTimestamp }).Legacy("InputUnixListenSocketUseSysTimeStamp").Default("on").Doc("Use the time of reception, not the one in the message."),
	param.Bool("annotate", func(c *Config) *bool { return &c.Annotate }).Legacy("InputUnixListenSocketAnnotate").Default("off").Doc("Append what the kernel knows of the sender."),
	param.Bool("parseTrusted", func(c *Config) *bool { return &c.ParseTrusted }).Default("off").Doc("With annotate: put it into variables instead."),
	param.Bool("useSpecialParser", func(c *Config) *bool { return &c.SpecialParser }).Default("on").Doc("Expect what syslog(3) writes; off: the parsers of the ruleset."),
	param.Bool("parseHostname", func(c *Config) *bool { return &c.ParseHostname }).Default("off").Doc("Expect a host name; needs useSpecialParser off."),
	param.Bool("usePIDFromSystem", func(c *Config) *bool { return &c.SystemPID }).Legacy("InputUnixListenSocketUsePIDFromSystem").Default("off").Doc("Replace the pid in the tag by the kernel's."),
	param.NonNegInt("rateLimit.interval", func(c *Config) *int { return &c.LimitInterval }).Legacy("IMUxSockRateLimitInterval").Default("0").Doc("Window in seconds for each process; 0 is no limit."),
	param.NonNegInt("rateLimit.burst", func(c *Config) *int { return &c.LimitBurst }).Legacy("IMUxSockRateLimitBurst").Default("200").Doc("Messages of a process in a window."),
	severityParam("rateLimit.severity", "IMUxSockRateLimitSeverity", func(c *Config) *message.Severity { return &c.LimitSeverity }),
	param.NotYetUnless[Config]("rateLimit.name", noNamedLimit),
}
