package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"syslogd/internal/diag"
)

// subcommand is what the first word of the command line may name. A flag there
// means the server.
type subcommand struct {
	name, usage string
	// does is one sentence, examples are command lines without the program's name.
	does     string
	examples []string
	// words is what the shell offers for the words behind the flags, max how many
	// there may be; 0 is no limit.
	words wordKind
	max   int
	// setup declares the flags and returns what runs once they are known.
	setup func(c *command, f *flag.FlagSet) func(words []string) int
}

// wordKind is what a word on the command line is.
type wordKind int

const (
	fileWord wordKind = iota
	textWord
	shellWord
	commandWord
)

// subcommands returns them in the order of --help.
func subcommands() []subcommand {
	return []subcommand{
		{"check", "[-f FILE] [--default-config] [--strict] [--json]",
			"Say what is wrong with a configuration, and what is rarely meant: 0 clean, 1 errors, 2 warnings.",
			[]string{"check -f /etc/rsyslog.conf", "check --strict --json my.conf"},
			fileWord, 1, (*command).checkCommand},
		{"explain", "[-f FILE] [--default-config] [--from ADDR] [--input NAME] [--lines FILE] [--matched] [--color WHEN] [--json] [MESSAGE]",
			"Say what becomes of a message, and why: how it is read, which statements it passes, what is written where.",
			[]string{"explain '<34>Oct 11 22:14:15 web1 su[7]: failed for alice'", "explain --matched --lines captured.txt"},
			textWord, 0, (*command).explainCommand},
		{"config", "[-f FILE] [--default-config]",
			"Print the configuration in effect: all defaults, and where each value comes from.",
			[]string{"config -f /etc/rsyslog.conf"},
			fileWord, 1, (*command).configCommand},
		{"convert", "[-f FILE] [--default-config] [FILE]",
			"Print a configuration in RainerScript, with the same meaning.",
			[]string{"convert /etc/rsyslog.conf"},
			fileWord, 1, (*command).convertCommand},
		{"queue", "[--export] [--repair] [--json] DIR",
			"Say what is in the files of queues: 0 whole, 1 damaged.",
			[]string{"queue /var/spool/rsyslog", "queue --export /var/spool/rsyslog"},
			fileWord, 1, (*command).queueCommand},
		{"test", "[-f FILE] [--default-config] [--json] [FILE] CASES...",
			"Run the test cases of a configuration: messages, and what has to be written of them.",
			[]string{"test my.conf my.cases", "test --default-config my.cases"},
			fileWord, 0, (*command).testCommand},
		{"completion", "bash|zsh|fish",
			"Print a script that completes this command line in a shell.",
			[]string{"completion bash >/etc/bash_completion.d/syslogd", "completion fish >~/.config/fish/completions/syslogd.fish"},
			shellWord, 1, (*command).completionCommand},
		{"help", "[COMMAND]",
			"Say what the program or one of its commands does.",
			[]string{"help explain"},
			commandWord, 1, (*command).helpCommand},
	}
}

func subcommandNamed(name string) (subcommand, bool) {
	for _, s := range subcommands() {
		if s.name == name {
			return s, true
		}
	}
	return subcommand{}, false
}

func subcommandNames() []string {
	var names []string
	for _, s := range subcommands() {
		names = append(names, s.name)
	}
	return names
}

// exitUsage is the status for a command line that is not understood (sysexits.h).
const exitUsage = 64

// subcommand runs the subcommand that the arguments name, if they do.
func (c *command) subcommand() (status int, found bool) {
	if len(c.args) == 0 {
		return 0, false
	}
	s, found := subcommandNamed(c.args[0])
	if !found {
		return 0, false
	}
	f := newFlags(s.name)
	run := s.setup(c, f)
	words, err := parse(f, c.args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		c.printHelpOf(s)
		return 0, true
	case err == nil && s.max > 0 && len(words) > s.max:
		err = fmt.Errorf("%q is one word too many", words[s.max])
	}
	if err != nil {
		return c.misused(s.name, err), true
	}
	return run(words), true
}

// newFlags returns a flag set that prints nothing by itself.
func newFlags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return f
}

// parse reads flags and words, which may come in any order, until "--".
func parse(f *flag.FlagSet, args []string) (words []string, err error) {
	for len(args) > 0 {
		if err := f.Parse(args); err != nil {
			return nil, flagError(f, err)
		}
		rest := f.Args()
		if read := len(args) - len(rest); read > 0 && args[read-1] == "--" {
			return append(words, rest...), nil
		}
		if len(rest) == 0 {
			break
		}
		words, args = append(words, rest[0]), rest[1:]
	}
	return words, nil
}

// flagError adds a suggestion to the error about a flag that is not there.
func flagError(f *flag.FlagSet, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err
	}
	var names []string
	f.VisitAll(func(x *flag.Flag) { names = append(names, x.Name) })
	if s := diag.Suggest(name, names); s != "" {
		return fmt.Errorf("unknown flag %s; did you mean %q?", dashed(name), dashed(s))
	}
	return fmt.Errorf("unknown flag %s", dashed(name))
}

// dashed is a flag as it is written: one dash for a letter, two for a word.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// misused says what is wrong with the command line of a subcommand.
func (c *command) misused(name string, err error) int {
	s, _ := subcommandNamed(name)
	c.note("%s: %v", name, err)
	fmt.Fprintf(c.stderr, "usage: %s %s %s\nuse \"%s %s --help\" for details\n", c.prog, s.name, s.usage, c.prog, s.name)
	return exitUsage
}

// printHelpOf writes what a subcommand does.
func (c *command) printHelpOf(s subcommand) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "usage: %s %s %s\n\n%s\n", c.prog, s.name, s.usage, s.does)
	f := newFlags(s.name)
	s.setup(c, f)
	first := true
	f.VisitAll(func(x *flag.Flag) {
		if first {
			b.WriteByte('\n')
			first = false
		}
		value, text := flag.UnquoteUsage(x)
		name := dashed(x.Name)
		if value != "" {
			name += " " + strings.ToUpper(value)
		}
		if x.DefValue != "" && x.DefValue != "false" {
			text += " (" + x.DefValue + ")"
		}
		fmt.Fprintf(&b, "  %-17s %s\n", name, text)
	})
	b.WriteString("\nexamples:\n")
	for _, e := range s.examples {
		fmt.Fprintf(&b, "  %s %s\n", c.prog, e)
	}
	c.stdout.Write(b.Bytes())
}

// helpCommand is "help": of the program, or of a subcommand.
func (c *command) helpCommand(*flag.FlagSet) func([]string) int {
	return func(words []string) int {
		if len(words) == 0 {
			c.printHelp()
			return 0
		}
		s, found := subcommandNamed(words[0])
		if !found {
			suggestion := didYouMean(words[0], subcommandNames())
			return c.misused("help", fmt.Errorf("there is no command %q%s", words[0], suggestion))
		}
		c.printHelpOf(s)
		return 0
	}
}

// configFlags declares the flags that name a configuration. The file that they
// name is set once the words are known, see configured.
func configFlags(f *flag.FlagSet) *options {
	opt := &options{}
	f.StringVar(&opt.config, "f", defaultConfigFile, "the configuration `file`")
	f.BoolVar(&opt.builtin, "default-config", false, "use the built-in configuration")
	return opt
}

// errTwoConfigurations is for a command line that names more than one.
var errTwoConfigurations = errors.New("more than one configuration is named")

// configured lets a word name the configuration, and refuses two of them.
func (o *options) configured(f *flag.FlagSet, words []string) error {
	given := len(words)
	f.Visit(func(x *flag.Flag) {
		if x.Name == "f" || x.Name == "default-config" && o.builtin {
			given++
		}
	})
	if given > 1 {
		return errTwoConfigurations
	}
	if len(words) > 0 {
		o.config = words[0]
	}
	return nil
}
