// Package ompipe writes messages to a named pipe.
package ompipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/module"
	"syslogd/output"
)

// Module describes ompipe to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput("ompipe", moduleParams, params, inherit, New)
	m.Builtin = true
	m.LegacyInherit = func(mod, inst any) { inherit(mod.(*ModuleConfig), inst.(*Config)) }
	return module.WithLegacy(m, func(c *Config, line *syntax.Line) error {
		if c.Pipe = line.File(); c.Pipe == "" {
			return errors.New("the action names no pipe")
		}
		return nil
	})
}

// ModuleConfig is module(load="builtin:ompipe").
type ModuleConfig struct{ Template string }

// Config is action(type="ompipe").
type Config struct {
	Pipe           string
	Template       string
	moduleTemplate string
}

var moduleParams = param.Table[ModuleConfig]{
	param.Template("template", func(c *ModuleConfig) *string { return &c.Template }).Inherits("RSYSLOG_FileFormat").Doc("Template of the text."),
}

var params = param.Table[Config]{
	param.String("pipe", func(c *Config) *string { return &c.Pipe }).Doc("Path of the pipe. It must exist."),
	param.Template("template", func(c *Config) *string { return &c.Template }).Inherits("module").Doc("Template of the text."),
	param.NoEffect[Config]("tryResumeReopen", "the pipe is opened again when a write failed"),
}

func inherit(m *ModuleConfig, c *Config) { c.moduleTemplate = m.Template }

// Check reports an action without a pipe.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if c.Pipe == "" {
		d := diags.Errorf(o.Range, "%s needs the parameter %q", o.Title, "pipe")
		d.Effect, d.Code = o.Effect, -2211
		return false
	}
	return true
}

// New returns an output that writes to the pipe. It is opened by the first message.
func New(c Config, _ module.Env) (output.Output, error) { return &pipe{Config: c}, nil }

type pipe struct {
	Config
	file *os.File
	// rest is what a pipe that became full did not take of a record.
	rest []byte
}

// Templates is the text.
func (o *pipe) Templates() []string {
	if o.Template != "" {
		return []string{o.Template}
	}
	return []string{o.moduleTemplate}
}

// Path is the pipe's, for people.
func (o *pipe) Path() string { return o.Pipe }

// patience is how long a write waits for a reader of a full pipe.
const patience = 100 * time.Millisecond

// Write writes each record at once: up to 4 KiB (PIPE_BUF) are whole even if
// others write, too. A pipe that nobody reads suspends the action when it is full.
func (o *pipe) Write(_ context.Context, b *output.Batch) error {
	if err := o.open(); err != nil {
		return &output.Suspended{Err: err}
	}
	if len(o.rest) > 0 {
		n, err := o.write(o.rest)
		if o.rest = o.rest[n:]; err != nil {
			return &output.Suspended{Err: err}
		}
	}
	for i := range b.Len() {
		b.Done = i
		text := b.Parts[0].At(i)
		n, err := o.write(text)
		switch {
		case err == nil:
		case n > 0:
			o.rest = append([]byte(nil), text[n:]...)
			return &output.Suspended{Done: i + 1, Err: err}
		default:
			return &output.Suspended{Done: i, Err: err}
		}
	}
	return nil
}

func (o *pipe) open() error {
	if o.file != nil {
		return nil
	}
	// For reading, too: then the pipe can be opened before its reader comes.
	f, err := os.OpenFile(o.Pipe, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		f.Close()
		return errors.Join(err, fmt.Errorf("%s is no named pipe", o.Pipe))
	}
	o.file, o.rest = f, nil
	return nil
}

func (o *pipe) write(text []byte) (int, error) {
	o.file.SetWriteDeadline(time.Now().Add(patience))
	n, err := o.file.Write(text)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("%s is full, nobody reads it", o.Pipe)
	case err != nil:
		o.Close()
	}
	return n, err
}

func (o *pipe) Close() error {
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	o.file = nil
	return err
}
