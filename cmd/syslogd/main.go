// Command syslogd receives, parses, routes and stores syslog messages. It takes
// the place of rsyslogd: same configuration, flags, signals and files.
//
// This package is thin: flags, signals, the pid file, privileges. The server
// itself is package engine.
package main

import (
	"io"
	"os"
	"path/filepath"
)

// version is set by the linker.
var version = "0.1.0-dev"

// command is one run of the program with what it reads and writes outside.
type command struct {
	prog   string // as called, for messages: syslogd or rsyslogd
	args   []string
	stdout io.Writer
	stderr io.Writer
}

func main() {
	c := &command{prog: filepath.Base(os.Args[0]), args: os.Args[1:], stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(c.run())
}

// run is main with an exit status.
func (c *command) run() int {
	if status, found := c.subcommand(); found {
		return status
	}
	opt, err := c.parseArgs()
	switch {
	case err != nil:
		return c.usage(err)
	case opt.showVersion:
		c.printVersion()
		return 0
	case opt.printDefault:
		io.WriteString(c.stdout, defaultConfig)
		return 0
	case opt.help:
		c.printHelp()
		return 0
	}
	if err := enterRoot(opt.chroot); err != nil {
		return c.fail(err)
	}
	if opt.check {
		return c.check(opt)
	}
	if !opt.foreground && !startedInBackground() {
		status := c.background()
		c.announce(opt, status)
		return status
	}
	return c.serve(opt)
}
