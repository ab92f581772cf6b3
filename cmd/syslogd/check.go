package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/engine"
	"syslogd/internal/diag"
)

// loaded is a configuration that was read and built.
type loaded struct {
	cfg    *config.Config
	engine *engine.Engine
	diags  *diag.List
}

// read reads the configuration.
func read(opt *options, o config.Options) (*config.Config, *diag.List, error) {
	name, text := opt.name(), []byte(nil)
	if opt.builtin {
		text = []byte(opt.builtinText())
		answerPort514()
	}
	cfg, diags, err := config.Load(name, text, engine.Modules(), o)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, nil, coded(2104, "could not open config file '%s': %v", name, err)
	}
	return cfg, diags, nil
}

// name is the configuration's name in messages.
func (o *options) name() string {
	if o.builtin {
		return "built-in configuration"
	}
	return o.config
}

// load reads the configuration and builds the server. Nothing outside changes.
// What is wrong is shown, from the severity least on.
func (c *command) load(opt *options, env engine.Env, least diag.Severity) (*loaded, error) {
	cfg, diags, err := read(opt, config.Options{})
	if err != nil {
		return nil, err
	}
	if opt.fullConfig != "" {
		if err := writeFullConfig(opt.fullConfig, cfg.File); err != nil {
			return nil, err
		}
	}
	l := &loaded{cfg: cfg, diags: diags, engine: engine.New(cfg, env, diags)}
	c.show(diags, least)
	return l, nil
}

// show writes diagnostics from the severity least on.
func (c *command) show(diags *diag.List, least diag.Severity) {
	for _, d := range diags.Sorted() {
		if d.Severity >= least {
			d.Write(c.stderr)
		}
	}
}

// verdict returns the exit status that rsyslogd has for the configuration when
// it must not start, else 0.
func (c *command) verdict(l *loaded) int {
	if l.cfg.Abort != nil {
		c.note("%s", l.cfg.Abort.Text)
		return l.cfg.Abort.Exit
	}
	if l.cfg.Global.AbortOnUnclean && !l.diags.Clean() {
		c.note("global(abortOnUncleanConfig=\"on\") is set, and the configuration is not clean")
		return 2
	}
	if !l.engine.HasActions() {
		c.note("%v", coded(2103, "there are no active actions configured. Inputs would run, but no output whatsoever were created."))
		return 1
	}
	return 0
}

// check is -N: say what is wrong, and exit.
func (c *command) check(opt *options) int {
	c.note("version %s, config validation run (level %d), master config %s", version, opt.level, opt.name())
	done, err := opt.lendCertificate()
	if err != nil {
		return c.fail(err)
	}
	defer done()
	l, err := c.load(opt, engine.Env{Log: slog.New(slog.DiscardHandler), Version: version}, diag.Note)
	if err != nil {
		return c.fail(err)
	}
	defer l.engine.Stop(context.Background())
	if status := c.verdict(l); status != 0 {
		return status
	}
	if !l.diags.Clean() {
		c.note("%s", summary(l.diags))
		return 1
	}
	c.note("End of config validation run. Bye.")
	return 0
}

func summary(d *diag.List) string {
	wrong := d.Count(diag.Error)
	warnings := d.Count(diag.Warning) - wrong
	return fmt.Sprintf("the configuration is not clean: %s, %s", count(wrong, "error"), count(warnings, "warning"))
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// writeFullConfig is -o: the text as read, with what it includes.
func writeFullConfig(name string, f *syntax.File) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## full conf created by rsyslog version %s at %s ##\n\n", version, time.Now().Format(time.DateTime))
	syntax.WriteExpanded(&b, f)
	if err := os.WriteFile(filepath.Clean(name), b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the full configuration: %w", err)
	}
	return nil
}
