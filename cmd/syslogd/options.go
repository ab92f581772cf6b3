package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"syslogd/internal/diag"
)

const (
	defaultConfigFile = "/etc/rsyslog.conf"
	defaultPidFile    = "/run/rsyslogd.pid"
)

// options are the command line.
type options struct {
	config     string // -f
	pidFile    string // -i, "NONE" for none
	fullConfig string // -o
	chroot     string // -T
	foreground bool   // -n
	check      bool   // -N
	level      int    // of -N
	debug      bool   // -d
	stayInDir  bool   // -C, -u 2
	builtin    bool   // --default-config
	certDir    string // where its certificate is lent from, see lendCertificate

	showVersion, printDefault, help bool
}

// errUsage is a command line that is not understood.
var errUsage = errors.New("usage")

func usageError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

// withValue are the flags that take a value, in the same word or the next.
const withValue = "cfiNMoTuSlrmats"

// gone are flags of older rsyslogds, with what to write instead.
var gone = map[byte]string{
	'4': `global(net.ipprotocol="ipv4-only")`,
	'6': `global(net.ipprotocol="ipv6-only")`,
	'q': `global(net.aclAddHostnameOnFail="on")`,
	'Q': `global(net.aclResolveHostname="off")`,
	'w': `global(net.permitACLWarning="off")`,
	'x': `global(net.enableDNS="off")`,
	'A': `action(type="omfwd" udp.sendToAll="on")`,
	'S': `action(type="omrelp" localClientIP="...")`,
	'c': "", 'e': "", 'h': "", 'l': "", 'r': `input(type="imudp" port="...")`, 'm': `module(load="immark" interval="...")`,
	'a': `input(type="imuxsock" socket="...")`, 't': `input(type="imtcp" port="...")`, 's': "", 'g': "", 'p': "",
}

// parseArgs reads the command line as getopt(3) does: flags may share a word,
// their values may be in the same word or in the next.
func (c *command) parseArgs() (*options, error) {
	opt := &options{config: defaultConfigFile, pidFile: defaultPidFile}
	pidGiven := false
	for args := slices.Clone(c.args); len(args) > 0; {
		word := args[0]
		args = args[1:]
		if strings.HasPrefix(word, "--") {
			if err := opt.long(word); err != nil {
				return nil, err
			}
			continue
		}
		if len(word) < 2 || word[0] != '-' {
			return nil, unknownWord(word)
		}
		for i := 1; i < len(word); i++ {
			f, value := word[i], ""
			if strings.IndexByte(withValue, f) >= 0 {
				if value = word[i+1:]; value == "" {
					if len(args) == 0 {
						return nil, usageError("flag -%c needs a value", f)
					}
					value, args = args[0], args[1:]
				}
				i = len(word)
			}
			if err := c.flag(opt, f, value); err != nil {
				return nil, err
			}
			pidGiven = pidGiven || f == 'i'
		}
	}
	if opt.builtin && !pidGiven {
		opt.pidFile = "NONE"
	}
	return opt, nil
}

func (o *options) long(word string) error {
	switch word {
	case "--print-default-config":
		o.printDefault = true
	case "--default-config":
		o.builtin, o.foreground, o.stayInDir = true, true, true
	case "--version":
		o.showVersion = true
	case "--help":
		o.help = true
	default:
		return usageError("unknown flag %s%s", word, didYouMean(word, []string{"--print-default-config", "--default-config", "--version", "--help"}))
	}
	return nil
}

// unknownWord is the error for a word that is neither a flag nor a subcommand.
func unknownWord(word string) error {
	return usageError("unknown command %q%s", word, didYouMean(word, subcommandNames()))
}

func didYouMean(word string, names []string) string {
	if s := diag.Suggest(word, names); s != "" {
		return fmt.Sprintf("; did you mean %q?", s)
	}
	return ""
}

func (c *command) flag(o *options, f byte, value string) error {
	switch f {
	case 'f':
		o.config = value
	case 'i':
		o.pidFile = value
	case 'o':
		o.fullConfig = value
	case 'T':
		o.chroot = value
	case 'n':
		o.foreground = true
	case 'N':
		level, err := strconv.Atoi(value)
		if err != nil {
			return usageError("flag -N needs a number, found %q", value)
		}
		o.level, o.check = level, level > 0
	case 'd':
		o.debug = true
	case 'D': // debugging of rsyslogd's own configuration parser
	case 'C':
		o.stayInDir = true
	case 'M': // modules are part of the program
	case 'u':
		bits, err := strconv.Atoi(value)
		if err != nil {
			return usageError("flag -u needs a number, found %q", value)
		}
		if bits&1 != 0 {
			c.note("flag -u 1 is gone, use global(parser.parseHostnameAndTag=\"off\")")
		}
		if bits&2 != 0 {
			c.note("flag -u 2 is old, use -C")
			o.stayInDir = true
		}
	case 'v':
		o.showVersion = true
	default:
		instead, known := gone[f]
		switch {
		case f == 'h':
			return errUsage
		case !known:
			return usageError("unknown flag -%c", f)
		}
		if instead == "" {
			c.note("flag -%c is gone", f)
		} else {
			c.note("flag -%c is gone, use %s", f, instead)
		}
	}
	return nil
}

// note says something about the command line.
func (c *command) note(format string, args ...any) {
	fmt.Fprintf(c.stderr, "%s: %s\n", c.prog, fmt.Sprintf(format, args...))
}

// fail says why the program ends with status 1.
func (c *command) fail(err error) int {
	c.note("%v", err)
	return 1
}

// usage says what err found wrong with the command line, and how it should look.
func (c *command) usage(err error) int {
	if _, text, found := strings.Cut(err.Error(), errUsage.Error()+": "); found {
		c.note("%s", text)
	}
	fmt.Fprintf(c.stderr, "usage: %s [options]\nuse \"%s --help\" for details; \"%s --default-config\" starts at once, without a configuration file\n", c.prog, c.prog, c.prog)
	return 1
}

func (c *command) printHelp() {
	var b bytes.Buffer
	fmt.Fprintf(&b, "usage: %s [options]\n       %s COMMAND ...\n\n", c.prog, c.prog)
	b.WriteString("Receive, route and store log messages, as the configuration says.\n\n")
	for _, f := range serverFlags() {
		width := 9
		if strings.HasPrefix(f.name, "--") {
			width = 23
		}
		fmt.Fprintf(&b, "  %-*s %s\n", width, strings.TrimSpace(f.name+" "+f.value), f.does)
	}
	b.WriteString("  -M, -D    accepted, without effect\n\ncommands:\n")
	for _, s := range subcommands() {
		fmt.Fprintf(&b, "  %s %s\n      %s\n", s.name, s.usage, s.does)
	}
	fmt.Fprintf(&b, "\nexamples:\n  %s --default-config\n  %s -N1 -f /etc/rsyslog.conf\n  %s help explain\n",
		c.prog, c.prog, c.prog)
	c.stdout.Write(b.Bytes())
}

func (c *command) printVersion() {
	fmt.Fprintf(c.stdout, "syslogd  %s, in place of rsyslogd  8.2302.0, compiled with:\n", version)
	for _, kv := range [][2]string{
		{"PLATFORM", runtime.GOOS + "/" + runtime.GOARCH},
		{"Go", runtime.Version()},
		{"FEATURE_REGEXP", "Yes"},
		{"systemd support", "Yes"},
		{"Config file", defaultConfigFile},
		{"PID file", defaultPidFile},
		{"Number of Bits in RainerScript integers", "64"},
	} {
		fmt.Fprintf(c.stdout, "\t%-40s%s\n", kv[0]+":", kv[1])
	}
}
