// Package mmexternal lets a program change messages: it reads a line for each
// message and answers with a line of JSON.
package mmexternal

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"syslogd/config/param"
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
	if len(strings.Fields(c.Binary)) == 0 {
		return nil, errors.New("binary names no program")
	}
	return &modifier{Config: c, log: env.Log}, nil
}

type modifier struct {
	Config
	log *slog.Logger

	single sync.Mutex // held around each message with Single
	mu     sync.Mutex
	idle   []*program
	closed bool
}

// Modify hands m to a program and does what it answers. A program that died is
// started again, once for each message.
func (x *modifier) Modify(m *message.Message, ctx *property.Context) error {
	if x.Single {
		x.single.Lock()
		defer x.single.Unlock()
	}
	in := property.Property{ID: x.Input}
	line := in.Append(nil, m, ctx)
	p := x.take()
	var answer []byte
	var err error
	for try := 0; ; try++ {
		fresh := p == nil
		if fresh {
			if p, err = start(x.Binary, x.Output, x.log); err != nil {
				return err
			}
		}
		if answer, err = p.ask(line, !x.Silent, time.Duration(x.Timeout)*time.Millisecond); err == nil {
			break
		}
		p.end(0)
		p = nil
		if fresh || try > 0 {
			return fmt.Errorf("program %s: %w", x.Binary, err)
		}
	}
	if !x.give(p) {
		p.end(endTime)
	}
	if x.Silent {
		return nil
	}
	return apply(m, ctx, string(answer))
}

// take returns an idle program, or nil.
func (x *modifier) take() *program {
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
func (x *modifier) give(p *program) bool {
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
	idle := x.idle
	x.idle = nil
	x.mu.Unlock()
	for _, p := range idle {
		p.end(endTime)
	}
	return nil
}
