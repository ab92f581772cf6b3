// Package omshell runs a program for each message: the action line ^program.
package omshell

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/child"
	"syslogd/module"
	"syslogd/output"
)

// Module describes omshell to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput[module.None]("omshell", nil, params, nil, New)
	m.Builtin = true
	m.OwnQueue = func(any) bool { return true }
	return module.WithLegacy(m, func(c *Config, line *syntax.Line) error {
		if c.Binary = line.File(); c.Binary == "" {
			return errors.New("the action names no program")
		}
		return nil
	})
}

// Config is an action line ^program;template.
type Config struct{ Binary, Template string }

var params = param.Table[Config]{
	param.String("binary", func(c *Config) *string { return &c.Binary }).Doc("Program."),
	param.Template("template", func(c *Config) *string { return &c.Template }).Inherits("RSYSLOG_FileFormat").Doc("Template of the only argument."),
}

// New returns an output that runs the program.
func New(c Config, env module.Env) (output.Output, error) {
	if c.Binary == "" {
		return nil, errors.New("omshell needs a program")
	}
	return &shell{c, child.Environment(env.Environ())}, nil
}

type shell struct {
	Config
	env []string
}

// Templates is the argument.
func (o *shell) Templates() []string { return []string{o.Template} }

// Path is the program's, for people.
func (o *shell) Path() string { return o.Binary }

// timeout is how long a program may run.
const timeout = time.Minute

// Write runs the program for each record, one after the other, with the text as
// its only argument. No shell looks at it.
func (o *shell) Write(ctx context.Context, b *output.Batch) error {
	for i := range b.Len() {
		b.Done = i
		text := strings.TrimRight(string(b.Parts[0].At(i)), "\x00")
		if err := o.run(ctx, text); err != nil {
			return &output.Rejected{Index: i, Err: err}
		}
	}
	return nil
}

func (o *shell) run(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, o.Binary, text)
	cmd.Env = o.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Exited() {
			return nil // its status is its own matter, as in rsyslogd
		}
		return fmt.Errorf("program %s: %w", o.Binary, err)
	}
	return nil
}

func (*shell) Close() error { return nil }
