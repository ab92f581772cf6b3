package main

import (
	"flag"
	"fmt"
)

// subcommand is what the first word of the command line may name. A flag there
// means the server.
type subcommand struct {
	name, usage, does string
	run               func(c *command, args []string) int
}

// subcommands returns them in the order of --help.
func subcommands() []subcommand {
	return []subcommand{
		{"check", "[-f FILE] [--strict] [--json]", "say what is wrong with a configuration: 0 clean, 1 errors, 2 warnings", (*command).checkCommand},
		{"explain", "[-f FILE] [--from ADDR] [--input NAME] [--json] [MESSAGE]", "say what becomes of a message, and why", (*command).explainCommand},
		{"config", "[-f FILE]", "print the configuration in effect: all defaults, and where each value comes from", (*command).configCommand},
		{"convert", "FILE", "print a configuration in RainerScript, with the same meaning", (*command).convertCommand},
		{"queue", "[--export] [--repair] DIR", "say what is in the files of queues: 0 whole, 1 damaged", (*command).queueCommand},
		{"test", "FILE CASES...", "run the test cases of a configuration", (*command).testCommand},
	}
}

// exitUsage is the status for a command line that is not understood (sysexits.h).
const exitUsage = 64

// subcommand runs the subcommand that the arguments name, if they do.
func (c *command) subcommand() (status int, found bool) {
	if len(c.args) == 0 {
		return 0, false
	}
	for _, s := range subcommands() {
		if s.name == c.args[0] {
			return s.run(c, c.args[1:]), true
		}
	}
	return 0, false
}

// flags returns the flag set of a subcommand.
func (c *command) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(c.stderr)
	f.Usage = func() {
		for _, s := range subcommands() {
			if s.name == name {
				fmt.Fprintf(c.stderr, "usage: %s %s %s\n", c.prog, s.name, s.usage)
			}
		}
		f.PrintDefaults()
	}
	return f
}
