package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/parser"
)

// Global is the decoded form of global() and of the directives that set the same.
type Global struct {
	WorkDirectory string
	// OperatingStateFile records starts and ends; "" is none.
	OperatingStateFile string
	// OwnChannel is where own messages go: syslog:, uxsock:PATH or file:PATH.
	OwnChannel     string
	LocalHostName  string
	PreserveFQDN   bool
	MaxMessageSize int64
	Umask          fs.FileMode
	UmaskGiven     bool
	MaxOpenFiles   int

	// Parser is how messages are sanitised and split; its MaxMessageSize is set from the field above.
	Parser parser.Options

	// Devices puts the parser of dialects in front of the default ones, in every
	// ruleset that names none.
	Devices bool

	OversizeReport bool
	// OversizeFile records oversize messages; "" is none.
	OversizeFile string

	IPProtocol        string
	EnableDNS         bool
	ACLWarn           bool
	DNSCacheTTL       int
	DNSCacheTTLEnable bool
	StreamDriver      string
	CAFile            string
	CertFile          string
	KeyFile           string
	CRLFile           string
	CAExtraFiles      string
	// DropForged drops messages of senders whose name is an address.
	DropForged bool
	// LocalInterface has the address of local messages, "" is 127.0.0.1.
	LocalInterface     string
	KeepSenders        bool
	ReportNewSenders   bool
	ReportGoneSenders  bool
	SendersTimeout     int
	AbortOnUnclean     bool
	AbortOnUnknownID   bool
	CaseSensitive      bool
	CompactJSON        bool
	Environment        []string
	RequestsPermitted  []string
	ProcessInternal    bool
	ReduceRepeated     bool
	StatusMessages     bool
	ErrorsToStderr     bool
	AllToStderr        bool
	StderrMax          int
	InternalInterval   int
	InternalBurst      int
	InternalSeverity   message.Severity
	ReportSuspension   bool
	ReportContinuation bool
	CtrlC              bool
	InputsTimeout      int
	// InputsMemory bounds what connections hold, in bytes; 0: listener.DefaultBudget.
	InputsMemory        int64
	DropUser, DropGroup int
	KeepSupplemental    bool
	// MetricsListen is the address of /metrics and /healthz, "" for none.
	MetricsListen string
	// MetricsPprof adds the runtime's profiles below /debug/pprof/.
	MetricsPprof bool

	rulesetTimeoutShutdown                                                  int
	rulesetTimeoutCompletion, actionTimeoutCompletion, actionTimeoutEnqueue int
	// AbortOnFailedQueue ends the start when the files of a queue can not be opened.
	AbortOnFailedQueue    bool
	actionTimeoutShutdown int
	// LegacyFormat, SelectorFormat and PropertyFormat are enable, warn or disable.
	LegacyFormat, SelectorFormat, PropertyFormat string
}

const noDebugLog = "there is no such debug log"

// globalParams declares global(). Directives named here belong to it.
var globalParams = param.Join(
	param.Table[Global]{
		param.String("workDirectory", func(c *Global) *string { return &c.WorkDirectory }).Legacy("WorkDirectory").
			Doc("Directory for state and spool files."),
		param.Word("localHostName", func(c *Global) *string { return &c.LocalHostName }).Legacy("LocalHostName").Inherits("system").
			Doc("The server's own host name."),
		param.Bool("preserveFQDN", func(c *Global) *bool { return &c.PreserveFQDN }).Legacy("PreserveFQDN").Default("off").
			Doc("Keep the domain part of the own host name."),
		param.Size("maxMessageSize", func(c *Global) *int64 { return &c.MaxMessageSize }).Legacy("MaxMessageSize").Default("8096").
			Doc("Bytes of a message at most; at least 128."),
		param.Mode("umask", func(c *Global) *fs.FileMode { return &c.Umask }).Legacy("Umask").
			Given(func(c *Global) *bool { return &c.UmaskGiven }).ShownIf(func(c *Global) bool { return c.UmaskGiven }).Inherits("process").
			Doc("Mode bits that are taken away from created files and directories."),
		param.PositiveInt("maxOpenFiles", func(c *Global) *int { return &c.MaxOpenFiles }).Legacy("MaxOpenFiles").Inherits("hard limit").
			Doc("File descriptors the process may use."),
		param.NoEffect[Global]("oversizemsg.input.mode", "it is for inputs that know the size of a message beforehand; imudp, imtcp and imptcp cut or split as in rsyslogd, imrelp has oversizeMode"),
		param.Bool("oversizemsg.report", func(c *Global) *bool { return &c.OversizeReport }).Default("on").
			Doc("Log oversize messages."),
		param.String("oversizemsg.errorfile", func(c *Global) *string { return &c.OversizeFile }).
			Doc("File that gets a JSON record of each message of imtcp, imptcp and imrelp that is longer than `maxMessageSize`."),
		param.Word("net.ipprotocol", func(c *Global) *string { return &c.IPProtocol }).Default("unspecified").
			Doc("unspecified, ipv4-only or ipv6-only."),
		param.Bool("net.enableDNS", func(c *Global) *bool { return &c.EnableDNS }).Default("on").
			Doc("Look up the names of senders. Unlike rsyslogd, a slow name service never holds up reception."),
		param.NoEffect[Global]("net.aclAddHostnameOnFail", "host names in access lists are always compared with the sender's name"),
		param.NoEffect[Global]("net.aclResolveHostname", "host names in access lists are compared with the sender's name, they are not resolved"),
		param.Bool("net.permitACLWarning", func(c *Global) *bool { return &c.ACLWarn }).Default("on").
			Doc("Log senders that an access list shuts out."),
		param.Bool("dropMsgsWithMaliciousDnsPTRRecords", func(c *Global) *bool { return &c.DropForged }).Legacy("DropMsgsWithMaliciousDnsPTRRecords").Default("off").
			Doc("Drop messages of senders whose name passes for an address. In any case such a name is not used, the address is."),
		param.NonNegInt("reverseLookup.cache.ttl.default", func(c *Global) *int { return &c.DNSCacheTTL }).Default("86400").
			Doc("Seconds that a name stays in the cache."),
		param.Bool("reverseLookup.cache.ttl.enable", func(c *Global) *bool { return &c.DNSCacheTTLEnable }).Default("off").
			Doc("Let names expire. The cache is bounded in any case."),
		param.Word("defaultNetstreamDriver", func(c *Global) *string { return &c.StreamDriver }).Legacy("DefaultNetstreamDriver").Default("ptcp").
			Doc("Stream driver of TCP modules: ptcp, gtls or ossl. gtls and ossl are both Go's crypto/tls."),
		param.String("defaultNetstreamDriverCAFile", func(c *Global) *string { return &c.CAFile }).Legacy("DefaultNetstreamDriverCAFile").Doc("CA certificates (PEM)."),
		param.String("defaultNetstreamDriverCertFile", func(c *Global) *string { return &c.CertFile }).Legacy("DefaultNetstreamDriverCertFile").Doc("Own certificate (PEM)."),
		param.String("defaultNetstreamDriverKeyFile", func(c *Global) *string { return &c.KeyFile }).Legacy("DefaultNetstreamDriverKeyFile").Doc("Own private key (PEM)."),
		param.String("defaultNetstreamDriverCRLFile", func(c *Global) *string { return &c.CRLFile }).Legacy("DefaultNetstreamDriverCRLFile").Doc("Certificate revocation list."),
		param.String("netstreamDriverCAExtraFiles", func(c *Global) *string { return &c.CAExtraFiles }).Legacy("NetstreamDriverCAExtraFiles").Doc("Further CA certificates, comma separated."),
		param.Bool("abortOnUncleanConfig", func(c *Global) *bool { return &c.AbortOnUnclean }).Legacy("AbortOnUncleanConfig").Default("off").
			Doc("Do not start with a configuration that has errors or warnings."),
		param.Bool("security.abortOnIDResolutionFail", func(c *Global) *bool { return &c.AbortOnUnknownID }).Default("on").
			Doc("Do not start when a user or group does not exist."),
		param.Bool("variables.caseSensitive", func(c *Global) *bool { return &c.CaseSensitive }).Default("off").
			Doc("Compare names of variables with case."),
		param.Bool("compactJsonString", func(c *Global) *bool { return &c.CompactJSON }).Default("off").
			Doc("Print JSON without blanks."),
		param.Strings("httpRequest.permitted", func(c *Global) *[]string { return &c.RequestsPermitted }).
			Doc("Addresses and networks that http_request() may reach. Without it every one but loopback, link-local and " +
				"unspecified addresses and those of cloud metadata."),
		param.Strings("environment", func(c *Global) *[]string { return &c.Environment }).
			Doc("NAME=value pairs to put into the environment."),
		param.Bool("processInternalMessages", func(c *Global) *bool { return &c.ProcessInternal }).Default("off").
			Doc("Send own messages through the rules; else they go to the system log socket."),
		param.Bool("allMessagesToStderr", func(c *Global) *bool { return &c.AllToStderr }).Default("off").
			Doc("Own messages of all severities to standard error."),
		param.PositiveInt("errorMessagesToStderr.maxNumber", func(c *Global) *int { return &c.StderrMax }).Inherits("unlimited").
			Doc("Own messages on standard error at most."),
		param.NonNegInt("internalmsg.ratelimit.interval", func(c *Global) *int { return &c.InternalInterval }).Default("5").Doc("Seconds."),
		param.NonNegInt("internalmsg.ratelimit.burst", func(c *Global) *int { return &c.InternalBurst }).Default("500").Doc("Own messages in an interval at most."),
		param.Severity("internalmsg.severity", func(c *Global) *message.Severity { return &c.InternalSeverity }).Default("info").Doc("Own messages less urgent than this are dropped."),
		param.Bool("action.reportSuspension", func(c *Global) *bool { return &c.ReportSuspension }).Default("on").Doc("Log suspended and resumed actions."),
		param.Bool("action.reportSuspensionContinuation", func(c *Global) *bool { return &c.ReportContinuation }).Default("off").Doc("Log every further try."),
		param.Bool("shutdown.enable.ctlc", func(c *Global) *bool { return &c.CtrlC }).Default("off").Doc("Stop on SIGINT, also without a terminal."),
		param.PositiveInt("inputs.timeout.shutdown", func(c *Global) *int { return &c.InputsTimeout }).Default("1000").Doc("Milliseconds that a stop waits for inputs."),
		param.Size("inputs.maxMemory", func(c *Global) *int64 { return &c.InputsMemory }).
			Inherits("a sixteenth of the memory, from 64 to 256 MiB").
			Doc("Bytes that the connections of all inputs may hold: beginnings of messages and what decompressors need. " +
				"Beyond, the source that holds most loses the connection that holds most. Not known to rsyslogd."),
		param.Int("default.ruleset.queue.timeoutshutdown", func(c *Global) *int { return &c.rulesetTimeoutShutdown }).Range(0, 1<<31-1).Doc("Default of queue.timeoutShutdown of rulesets."),
		param.Int("default.action.queue.timeoutshutdown", func(c *Global) *int { return &c.actionTimeoutShutdown }).Range(0, 1<<31-1).Doc("Default of queue.timeoutShutdown of actions."),
		param.Int("default.ruleset.queue.timeoutactioncompletion", func(c *Global) *int { return &c.rulesetTimeoutCompletion }).Range(0, 1<<31-1).Default("1000").
			Doc("Default of queue.timeoutActionCompletion of rulesets."),
		param.Int("default.action.queue.timeoutactioncompletion", func(c *Global) *int { return &c.actionTimeoutCompletion }).Range(0, 1<<31-1).Default("1000").
			Doc("Default of queue.timeoutActionCompletion of actions."),
		param.Int("default.action.queue.timeoutenqueue", func(c *Global) *int { return &c.actionTimeoutEnqueue }).Range(0, 1<<31-1).Default("2000").
			Doc("Default of queue.timeoutEnqueue of actions."),
		param.User("privDrop.user.name", func(c *Global) *int { return &c.DropUser }).Legacy("PrivDropToUser").Doc("User to become after the start."),
		param.PositiveInt("privDrop.user.id", func(c *Global) *int { return &c.DropUser }).Twin("privDrop.user.name").Legacy("PrivDropToUserID").Doc("The same by number."),
		param.GroupName("privDrop.group.name", func(c *Global) *int { return &c.DropGroup }).Legacy("PrivDropToGroup").Doc("Group to become after the start."),
		param.PositiveInt("privDrop.group.id", func(c *Global) *int { return &c.DropGroup }).Twin("privDrop.group.name").Legacy("PrivDropToGroupID").Doc("The same by number."),
		param.Bool("privDrop.group.keepSupplemental", func(c *Global) *bool { return &c.KeepSupplemental }).Default("off").Doc("Keep supplementary groups."),
		param.NoEffect[Global]("janitor.interval", "idle files are closed when their closeTimeout is over"),
		param.Bool("parser.devices", func(c *Global) *bool { return &c.Devices }).Default("off").
			Doc("Read what network devices send in place of the RFCs, in every ruleset that names no parsers: syslogd.device goes in front of the default ones. Not known to rsyslogd."),
		param.String("metrics.listen", func(c *Global) *string { return &c.MetricsListen }).Doc("Address of /metrics and /healthz, for instance 127.0.0.1:8514. Not known to rsyslogd."),
		param.Bool("metrics.pprof", func(c *Global) *bool { return &c.MetricsPprof }).Default("off").
			Doc("Serve profiles of the running server below /debug/pprof/ at metrics.listen. They show memory of the process: not for an address that strangers reach. Not known to rsyslogd."),

		// Directives without a parameter.
		param.Bool("$LogRSyslogStatusMessages", func(c *Global) *bool { return &c.StatusMessages }).Legacy("LogRSyslogStatusMessages").Default("on").Doc("Log start, HUP and exit."),
		param.Bool("$ErrorMessagesToStderr", func(c *Global) *bool { return &c.ErrorsToStderr }).Legacy("ErrorMessagesToStderr").Default("on").Doc("Own errors to standard error."),
		param.Word("$LocalHostIPIF", func(c *Global) *string { return &c.LocalInterface }).Legacy("LocalHostIPIF").
			Doc("Network interface whose address is `fromhost-ip` of local messages; 127.0.0.1 without it."),
		param.String("operatingStateFile", func(c *Global) *string { return &c.OperatingStateFile }).
			Doc("File that records starts and ends; an end that was not in order is reported at the next start."),
		param.Func("stdlog.channelspec", param.KindString, setChannel, func(c *Global) string { return c.OwnChannel }).
			Doc("Where own messages go unless they go through the rules: `syslog:` (the system log socket), `uxsock:PATH` (another one) or `file:PATH`."),
		param.NotYetUnless[Global]("defaultOpensslEngine", "crypto/tls has no engines").Legacy("DefaultOpensslEngine"),
		param.Bool("senders.keepTrack", func(c *Global) *bool { return &c.KeepSenders }).Default("off").
			Doc("Count the messages of each sender over the network; impstats reports them. 65,536 senders at most."),
		param.Bool("senders.reportNew", func(c *Global) *bool { return &c.ReportNewSenders }).Default("off").
			Doc("Log senders that appear (with `senders.keepTrack`)."),
		param.Bool("senders.reportGoneAway", func(c *Global) *bool { return &c.ReportGoneSenders }).Default("off").
			Doc("Log senders that have been silent for `senders.timeoutAfter` (with `senders.keepTrack`)."),
		param.PositiveInt("senders.timeoutAfter", func(c *Global) *int { return &c.SendersTimeout }).Default("43200").
			Doc("Seconds of silence after which a sender counts as gone and is forgotten."),
		param.Bool("abortOnFailedQueueStartup", func(c *Global) *bool { return &c.AbortOnFailedQueue }).Default("off").
			Doc("Do not start when the files of a queue can not be opened."),
		formatParam("compatibility.configFormat.legacy", func(c *Global) *string { return &c.LegacyFormat }, "$directives"),
		formatParam("compatibility.configFormat.syslogd", func(c *Global) *string { return &c.SelectorFormat }, "selectors such as mail.info"),
		formatParam("compatibility.configFormat.property", func(c *Global) *string { return &c.PropertyFormat }, "property filters such as :msg, contains"),
		param.NoEffect[Global]("compatibility.defaults.secure", "contradictory TLS settings are always refused, dynamic file names always stay inside their directory"),
		param.NoEffect[Global]("systemd.notifyReadyDelay", "READY is sent when all inputs listen"),
		param.NoEffect[Global]("reportChildProcessExits", "a program that ends unasked suspends its action, which is logged in any case"),
		param.NoEffect[Global]("default.ruleset.queue.timeoutenqueue", "senders that can wait are slowed down"),
		param.NoEffect[Global]("default.ruleset.queue.timeoutworkerthreadshutdown", "an idle worker costs nothing"),
		param.NoEffect[Global]("default.action.queue.timeoutworkerthreadshutdown", "an idle worker costs nothing"),
		param.NoEffect[Global]("shutdown.queue.doubleSize", "the workers of a queue never enqueue into it"),
		param.NoEffect[Global]("libcapng.default", "the Go runtime needs no capabilities dropped by a library"),
		param.NoEffect[Global]("libcapng.enable", "run the server with the capabilities it needs (systemd: CapabilityBoundingSet)"),
		param.NoEffect[Global]("debug.gnutls", noDebugLog),
		param.NoEffect[Global]("debug.onShutdown", noDebugLog),
		param.NoEffect[Global]("debug.logFile", noDebugLog).Legacy("DebugFile"),
		param.NoEffect[Global]("debug.abortOnProgramError", noDebugLog),
		param.NoEffect[Global]("debug.unloadModules", "modules are part of the program"),
		param.NoEffect[Global]("debug.files", noDebugLog),
		param.NoEffect[Global]("debug.whitelist", noDebugLog),
		param.NoEffect[Global]("internal.developeronly.options", noDebugLog),
		param.NoEffect[Global]("$DebugLevel", noDebugLog).Legacy("DebugLevel"),
		param.NoEffect[Global]("$DebugPrintTemplateList", noDebugLog).Legacy("DebugPrintTemplateList"),
		param.NoEffect[Global]("$DebugPrintModuleList", noDebugLog).Legacy("DebugPrintModuleList"),
		param.NoEffect[Global]("$DebugPrintCFSyslineHandlerList", noDebugLog).Legacy("DebugPrintCFSyslineHandlerList"),
		param.NoEffect[Global]("$GenerateConfigGraph", "rsyslogd does not draw it either").Legacy("GenerateConfigGraph"),
		param.Gone[Global]("$OptimizeForUniprocessor").Legacy("OptimizeForUniprocessor"),
		param.Gone[Global]("$Sleep").Legacy("Sleep"),
		param.Bool("$RepeatedMsgReduction", func(c *Global) *bool { return &c.ReduceRepeated }).Legacy("RepeatedMsgReduction").Default("off").
			Doc("Hold messages back that repeat the one before of the same input, and say how often."),
	},
	param.Group(func(c *Global) *parser.Options { return &c.Parser }, parserParams),
)

// setChannel checks stdlog.channelspec.
func setChannel(c *Global, spec string) error {
	kind, path, _ := strings.Cut(spec, ":")
	switch {
	case kind == "journal":
		return errors.New("the journal is not written to directly; it reads the system log socket, which is the default")
	case spec == "syslog:", (kind == "uxsock" || kind == "file") && path != "":
		c.OwnChannel = spec
		return nil
	}
	return fmt.Errorf("want syslog:, uxsock:PATH or file:PATH, found %q", spec)
}

// formatParam says what becomes of a way to write.
func formatParam(name string, field func(*Global) *string, what string) *param.Param[Global] {
	choices := []param.Choice[string]{{Name: "enable", Value: "enable"}, {Name: "warn", Value: "warn"}, {Name: "disable", Value: "disable"}}
	return param.Enum(name, field, choices...).Default("enable").
		Doc("What becomes of " + what + " behind this: enable, warn, or disable (they are ignored, with an error).")
}

// parserParams are the parser.* parameters of global(). Their defaults are parser.DefaultOptions.
var parserParams = param.Table[parser.Options]{
	param.Char("parser.controlCharacterEscapePrefix", func(c *parser.Options) *byte { return &c.EscapePrefix }).Legacy("ControlCharacterEscapePrefix").Default("#").
		Doc("What stands before the octal digits of an escaped byte."),
	param.Bool("parser.dropTrailingLFOnReception", func(c *parser.Options) *bool { return &c.DropTrailingLF }).Legacy("DropTrailingLFOnReception").Default("on").
		Doc("Remove one line feed at the end."),
	param.Bool("parser.dropTrailingCROnReception", func(c *parser.Options) *bool { return &c.DropTrailingCR }).Legacy("DropTrailingCROnReception").Default("off").
		Doc("Remove one carriage return at the end."),
	param.Bool("parser.escapeControlCharactersOnReceive", func(c *parser.Options) *bool { return &c.EscapeControlCharacters }).Legacy("EscapeControlCharactersOnReceive").Default("on").
		Doc("Escape bytes below 32."),
	param.Bool("parser.spaceLFOnReceive", func(c *parser.Options) *bool { return &c.SpaceLF }).Legacy("SpaceLFOnReceive").Default("off").
		Doc("Replace an inner line feed with a blank."),
	param.Bool("parser.escape8BitCharactersOnReceive", func(c *parser.Options) *bool { return &c.Escape8Bit }).Legacy("Escape8BitCharactersOnReceive").Default("off").
		Doc("Escape bytes above 127."),
	param.Bool("parser.escapeControlCharacterTab", func(c *parser.Options) *bool { return &c.EscapeTab }).Legacy("EscapeControlCharacterTab").Default("on").
		Doc("Escape tabs, too."),
	param.Bool("parser.escapeControlCharactersCStyle", func(c *parser.Options) *bool { return &c.EscapeCStyle }).Default("off").
		Doc("Escape as in C."),
	param.Bool("parser.parseHostnameAndTag", func(c *parser.Options) *bool { return &c.ParseHostnameAndTag }).Default("on").
		Doc("Look for a host name and a tag in RFC 3164 messages."),
	param.Bool("parser.permitSlashInProgramName", func(c *parser.Options) *bool { return &c.PermitSlashInProgramName }).Default("off").
		Doc("A slash does not end the program name."),
	param.Bool("parser.supportCompressionExtension", func(c *parser.Options) *bool { return &c.Decompress }).Default("on").
		Doc("Unpack messages that begin with z."),
}
