// Package mmexternal lets a program change messages: it reads a line for each
// message and answers with a line of JSON.
package mmexternal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"syslogd/config/param"
	"syslogd/internal/child"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmexternal to the registry.
var Module = module.NewModifier[module.None]("mmexternal", nil, params, nil, New)

// Config is action(type="mmexternal").
type Config struct {
	Binary  string
	Input   property.ID
	Silent  bool // the program does not answer
	Output  string
	Timeout int
	Single  bool
}

var params = param.Table[Config]{
	param.String("binary", func(c *Config) *string { return &c.Binary }).Required().Doc("Program and its arguments."),
	param.Enum("interface.input", func(c *Config) *property.ID { return &c.Input },
		param.Choice[property.ID]{Name: "msg", Value: property.Msg}, param.Choice[property.ID]{Name: "rawmsg", Value: property.RawMsg},
		param.Choice[property.ID]{Name: "fulljson", Value: property.JSONMesg}).Default("msg").
		Doc("What the program reads of a message: its text, all of it, or its properties as JSON. Line feeds are written as blanks."),
	param.Enum("interface.output", func(c *Config) *bool { return &c.Silent },
		param.Choice[bool]{Name: "json", Value: false}, param.Choice[bool]{Name: "none", Value: true}).Default("json").
		Doc("Whether the program answers."),
	param.String("output", func(c *Config) *string { return &c.Output }).Doc("File that gets all the program writes, for debugging."),
	param.NonNegInt("responseTimeout", func(c *Config) *int { return &c.Timeout }).Default("0").Doc("Milliseconds until a program that does not answer is ended and started again; 0 is never."),
	param.Bool("forceSingleInstance", func(c *Config) *bool { return &c.Single }).Default("off").Doc("Run one program, not one for each worker."),
}

// New returns the modifier. The program is started by the first message.
func New(c Config, env module.Env) (modify.Modifier, error) {
	if len(child.Split(c.Binary)) == 0 {
		return nil, errors.New("binary names no program")
	}
	return &modifier{Config: c, log: env.Log, env: append([]string{}, env.Environ()...)}, nil
}

// Files is the file of what the program writes.
func (m *modifier) Files() []string { return module.FilePattern(m.Output) }

type modifier struct {
	Config
	log *slog.Logger
	env []string // of the program: as in rsyslogd, no variable of the server

	single sync.Mutex // held around each message with Single
	mu     sync.Mutex
	idle   []*child.Process
	copy   *os.File // for debugging
	closed bool
}

// endTime is how long a program may take to end once its input is closed.
const endTime = 2 * time.Second

// Modify hands m to a program and does what it answers. A program that died is
// started again, once for each message.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	if x.Single {
		x.single.Lock()
		defer x.single.Unlock()
	}
	in := property.Property{ID: x.Input}
	line := append(bytes.ReplaceAll(in.Append(nil, m, ctx), []byte("\n"), []byte(" ")), '\n')
	p := x.take()
	var answer string
	var err error
	for try := 0; ; try++ {
		fresh := p == nil
		if fresh {
			if p, err = child.Start(x.Binary, !x.Silent, x.output(), x.env); err != nil {
				return err
			}
		}
		if answer, err = x.ask(p, line); err == nil {
			break
		}
		p.End(0, true)
		p = nil
		if fresh || try > 0 {
			return fmt.Errorf("program %s: %w", x.Binary, err)
		}
	}
	if !x.give(p) {
		p.End(endTime, true)
	}
	if x.Silent {
		return nil
	}
	return apply(m, ctx, answer)
}

func (x *modifier) ask(p *child.Process, line []byte) (string, error) {
	timeout := time.Duration(x.Timeout) * time.Millisecond
	if err := p.Write(line, timeout); err != nil || x.Silent {
		return "", err
	}
	answer, err := p.Line(timeout)
	if f := x.output(); f != nil {
		fmt.Fprintln(f, answer)
	}
	return answer, err
}

// output is the file for what programs write, or nil.
func (x *modifier) output() *os.File {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.copy == nil && x.Output != "" && !x.closed {
		var err error
		if x.copy, err = os.OpenFile(x.Output, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
			x.log.Warn("output of the program can not be kept", "err", err)
			x.Output = ""
		}
	}
	return x.copy
}

// take returns an idle program, or nil.
func (x *modifier) take() *child.Process {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := len(x.idle)
	if n == 0 {
		return nil
	}
	p := x.idle[n-1]
	x.idle = x.idle[:n-1]
	return p
}

// give puts a program back, unless the modifier is closed.
func (x *modifier) give(p *child.Process) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.closed {
		x.idle = append(x.idle, p)
	}
	return !x.closed
}

// Close ends the programs.
func (x *modifier) Close() error {
	x.mu.Lock()
	x.closed = true
	idle, f := x.idle, x.copy
	x.idle, x.copy = nil, nil
	x.mu.Unlock()
	for _, p := range idle {
		p.End(endTime, true)
	}
	if f != nil {
		return f.Close()
	}
	return nil
}
