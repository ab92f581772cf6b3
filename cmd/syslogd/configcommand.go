package main

import (
	"flag"

	"syslogd/config"
	"syslogd/config/rewrite"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// convertCommand is "convert": a configuration in RainerScript.
func (c *command) convertCommand(f *flag.FlagSet) func([]string) int {
	return c.rewriter(f, rewrite.Convert)
}

// configCommand is "config": the configuration that is in effect.
func (c *command) configCommand(f *flag.FlagSet) func([]string) int {
	return c.rewriter(f, rewrite.Effective)
}

// rewriter is a subcommand that prints a configuration in another form.
func (c *command) rewriter(f *flag.FlagSet, write func(*config.Config, syntax.Options) ([]byte, error)) func([]string) int {
	opt := configFlags(f)
	return func(words []string) int {
		if err := opt.configured(f, words); err != nil {
			return c.misused(f.Name(), err)
		}
		cfg, status := c.readFor(opt)
		if cfg != nil {
			text, err := write(cfg, syntax.Options{})
			if err != nil {
				return c.fail(err)
			}
			c.stdout.Write(text)
		}
		return status
	}
}

// readFor reads a configuration to write it in another form, and shows what is
// wrong with it. What stands behind a syntax error is not understood: then there
// is nothing to write.
func (c *command) readFor(opt *options) (*config.Config, int) {
	cfg, diags, err := read(opt, config.Options{})
	if err != nil {
		return nil, c.fail(err)
	}
	c.show(diags, diag.Warning)
	switch {
	case cfg.File.Stopped:
		c.note("a syntax error ends the configuration; correct it first")
		return nil, exitErrors
	case diags.Count(diag.Error) > 0:
		return cfg, exitErrors
	}
	return cfg, 0
}
