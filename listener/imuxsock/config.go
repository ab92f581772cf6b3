package imuxsock

import (
	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/ratelimit"
)

// ModuleConfig is module(load="imuxsock"): the system log socket.
type ModuleConfig struct {
	Use    bool
	Omit   bool // $OmitLocalLogging
	Socket Config
}

// Config is input(type="imuxsock"), one socket.
type Config struct {
	ratelimit.Config
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
	LimitSeverity   int

	// IgnoreOwn holds if IgnoreOwnGiven; else own messages are ignored when
	// they do not come by this way anyhow, as in rsyslogd.
	IgnoreOwn, IgnoreOwnGiven bool
}

// Check reports a path that no socket can have.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	switch {
	case c.Path == "":
		d := diags.Errorf(o.Range, "%s: the path of the socket is empty", o.Title)
		d.Effect = o.Effect
	case len(c.Path) > maxPath:
		rng := o.Range
		for _, name := range []string{"socket", "syssock.name"} {
			if a := o.Arg(name); a != nil {
				rng = a.ValueRange
			}
		}
		// Unlike rsyslogd, which cuts the path and listens there.
		diags.Errorf(rng, "%s: the path of the socket has %d bytes, a unix socket's can have %d", o.Title, len(c.Path), maxPath).Effect = o.Effect
	default:
		return true
	}
	return false
}

// maxPath is the size of sun_path less the NUL; see unix(7).
const maxPath = 107

// word is text of which a legacy directive takes the first word.
func word[C any](name string, field func(*C) *string) *param.Param[C] {
	return param.Func(name, param.KindWord, func(c *C, v string) error { *field(c) = v; return nil },
		func(c *C) string { return *field(c) })
}

var moduleParams = param.Join(param.Table[ModuleConfig]{
	param.Bool("sysSock.use", func(c *ModuleConfig) *bool { return &c.Use }).Default("on").Doc("Listen on the system log socket."),
	// Its value is the opposite of sysSock.use. No parameter can have this name.
	param.Bool("$OmitLocalLogging", func(c *ModuleConfig) *bool { return &c.Omit }).Legacy("OmitLocalLogging").Means("sysSock.use", "off").Default("off").Doc("Do not listen on the system log socket."),
	word("sysSock.name", func(c *ModuleConfig) *string { return &c.Socket.Path }).Legacy("SystemLogSocketName").Inherits("/dev/log").
		Doc("Path of the system log socket. Where systemd runs and its journal forwards to a socket, the default is that socket."),
	param.Bool("sysSock.unlink", func(c *ModuleConfig) *bool { return &c.Socket.Unlink }).Default("on").Doc("Remove the socket at start and stop."),
	param.Bool("sysSock.ignoreTimestamp", func(c *ModuleConfig) *bool { return &c.Socket.IgnoreTimestamp }).Legacy("SystemLogSocketIgnoreMsgTimestamp").Default("on").Doc("Ignore the time in messages."),
	param.Bool("sysSock.ignoreOwnMessages", func(c *ModuleConfig) *bool { return &c.Socket.IgnoreOwn }).Given(func(c *ModuleConfig) *bool { return &c.Socket.IgnoreOwnGiven }).
		Inherits("global processInternalMessages").Doc("Drop messages of the server's own process."),
	param.Bool("sysSock.flowControl", func(c *ModuleConfig) *bool { return &c.Socket.FlowControl }).Legacy("SystemLogSocketFlowControl").Default("off").Doc("Make programs wait for as long as the queue is full."),
	param.Bool("sysSock.useSysTimeStamp", func(c *ModuleConfig) *bool { return &c.Socket.SystemTimestamp }).Legacy("SystemLogUseSysTimeStamp").Default("on").Doc("Use the time at which the kernel took the message."),
	param.Bool("sysSock.annotate", func(c *ModuleConfig) *bool { return &c.Socket.Annotate }).Legacy("SystemLogSocketAnnotate").Default("off").Doc("Append what the kernel knows of the sender."),
	param.Bool("sysSock.parseTrusted", func(c *ModuleConfig) *bool { return &c.Socket.ParseTrusted }).Legacy("SystemLogParseTrusted").Default("off").Doc("With annotate: put it into variables instead."),
	param.Bool("sysSock.useSpecialParser", func(c *ModuleConfig) *bool { return &c.Socket.SpecialParser }).Default("on").Doc("Expect what syslog(3) writes; off: use the parsers of the ruleset."),
	param.Bool("sysSock.parseHostname", func(c *ModuleConfig) *bool { return &c.Socket.ParseHostname }).Default("on").Doc("Without useSpecialParser: expect a host name."),
	param.Bool("sysSock.usePIDFromSystem", func(c *ModuleConfig) *bool { return &c.Socket.SystemPID }).Legacy("SystemLogUsePIDFromSystem").Default("off").Doc("With useSpecialParser: put the kernel's process ID into the tag."),
	param.Int("sysSock.rateLimit.severity", func(c *ModuleConfig) *int { return &c.Socket.LimitSeverity }).Range(0, 7).Legacy("SystemLogRateLimitSeverity").Default("1").Doc("Messages of this severity and less urgent ones are limited."),
}, ratelimit.Params(perProcess("sysSock.rateLimit.", "SystemLogRateLimit"), func(c *ModuleConfig) *ratelimit.Config { return &c.Socket.Config }))

var inputParams = param.Join(param.Table[Config]{
	word("socket", func(c *Config) *string { return &c.Path }).Required().Legacy("AddUnixListenSocket").Runs().Doc("Path of the socket."),
	param.Bool("unlink", func(c *Config) *bool { return &c.Unlink }).Default("on").Doc("Remove the socket at start and stop."),
	param.Bool("createPath", func(c *Config) *bool { return &c.CreatePath }).Legacy("InputUnixListenSocketCreatePath").Default("off").Doc("Create missing directories."),
	word("hostName", func(c *Config) *string { return &c.HostName }).Legacy("InputUnixListenSocketHostName").Lasting(param.UntilInstance).Inherits("local host name").Doc("Host name of the messages, for a chroot or container."),
	param.Ruleset("ruleset", func(c *Config) *string { return &c.Ruleset }).Doc("Ruleset of the messages."),
	param.Bool("ignoreTimestamp", func(c *Config) *bool { return &c.IgnoreTimestamp }).Legacy("InputUnixListenSocketIgnoreMsgTimestamp").Default("on").Doc("Ignore the time in messages."),
	param.Bool("ignoreOwnMessages", func(c *Config) *bool { return &c.IgnoreOwn }).Given(func(c *Config) *bool { return &c.IgnoreOwnGiven }).
		Inherits("global processInternalMessages").Doc("Drop messages of the server's own process."),
	param.Bool("flowControl", func(c *Config) *bool { return &c.FlowControl }).Legacy("InputUnixListenSocketFlowControl").Default("off").Doc("Make programs wait for as long as the queue is full."),
	param.Bool("useSysTimeStamp", func(c *Config) *bool { return &c.SystemTimestamp }).Legacy("InputUnixListenSocketUseSysTimeStamp").Default("on").Doc("Use the time at which the kernel took the message."),
	param.Bool("annotate", func(c *Config) *bool { return &c.Annotate }).Legacy("InputUnixListenSocketAnnotate").Default("off").Doc("Append what the kernel knows of the sender."),
	param.Bool("parseTrusted", func(c *Config) *bool { return &c.ParseTrusted }).Default("off").Doc("With annotate: put it into variables instead."),
	param.Bool("useSpecialParser", func(c *Config) *bool { return &c.SpecialParser }).Default("on").Doc("Expect what syslog(3) writes; off: use the parsers of the ruleset."),
	param.Bool("parseHostname", func(c *Config) *bool { return &c.ParseHostname }).Default("off").Doc("Without useSpecialParser: expect a host name."),
	param.Bool("usePIDFromSystem", func(c *Config) *bool { return &c.SystemPID }).Legacy("InputUnixListenSocketUsePIDFromSystem").Default("off").Doc("With useSpecialParser: put the kernel's process ID into the tag."),
	param.Int("rateLimit.severity", func(c *Config) *int { return &c.LimitSeverity }).Range(0, 7).Legacy("IMUxSockRateLimitSeverity").Default("1").Doc("Messages of this severity and less urgent ones are limited."),
}, ratelimit.Params(perProcess("rateLimit.", "IMUxSockRateLimit"), func(c *Config) *ratelimit.Config { return &c.Config }))

// perProcess are parameters of a limit that each process has for itself.
func perProcess(prefix, legacy string) ratelimit.Parameters {
	p := ratelimit.Named(prefix, "200")
	p.Legacy, p.Note = legacy, " Each process has its own."
	return p
}
