package main

import (
	"syslogd/config"
	"syslogd/config/rewrite"
	"syslogd/internal/diag"
)

// convertCommand is "convert": a configuration in RainerScript.
func (c *command) convertCommand(args []string) int {
	f := c.flags("convert")
	opt := &options{}
	f.StringVar(&opt.config, "f", defaultConfigFile, "configuration `file`")
	if err := f.Parse(args); err != nil {
		return exitUsage
	}
	if f.NArg() > 0 {
		opt.config = f.Arg(0)
	}
	cfg, status := c.readFor(opt)
	if cfg == nil {
		return status
	}
	rewrite.Convert(c.stdout, cfg)
	return status
}

// configCommand is "config": the configuration that is in effect.
func (c *command) configCommand(args []string) int {
	f := c.flags("config")
	opt := &options{}
	f.StringVar(&opt.config, "f", defaultConfigFile, "configuration `file`")
	f.BoolVar(&opt.builtin, "default-config", false, "use the built-in configuration")
	if err := f.Parse(args); err != nil {
		return exitUsage
	}
	if f.NArg() > 0 {
		opt.config = f.Arg(0)
	}
	cfg, status := c.readFor(opt)
	if cfg == nil {
		return status
	}
	rewrite.Effective(c.stdout, cfg)
	return status
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
