// Package omuxsock sends messages to a unix socket.
package omuxsock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/internal/netns"
	"syslogd/module"
	"syslogd/output"
	"syslogd/parser/frame"
)

// Module describes omuxsock to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput("omuxsock", moduleParams, params, inherit, New)
	m.LegacyInherit = func(mod, inst any) { inherit(mod.(*ModuleConfig), inst.(*Config)) }
	return module.WithLegacy(m, module.NoLegacyText[Config])
}

// Settings are those of the module and of an action.
type Settings struct {
	Template  string
	Socket    string
	Abstract  int
	Network   string // as package net calls it
	Namespace string
}

// ModuleConfig is module(load="omuxsock").
type ModuleConfig struct{ Settings }

// Config is action(type="omuxsock").
type Config struct{ Settings }

const template = "RSYSLOG_TraditionalForwardFormat"

func settings(directives bool) param.Table[Settings] {
	t := param.Table[Settings]{
		param.Template("template", func(c *Settings) *string { return &c.Template }).Legacy("OMUxSockDefaultTemplate").Inherits(template).Doc("Template of the text."),
		param.String("socketName", func(c *Settings) *string { return &c.Socket }).Legacy("OMUxSockSocket").Lasting(param.UntilInstance).Doc("Path of the socket."),
		param.Int("abstract", func(c *Settings) *int { return &c.Abstract }).Range(0, 1).Default("0").Doc("1: the name is one of the abstract namespace."),
		param.Enum("socketType", func(c *Settings) *string { return &c.Network },
			param.Choice[string]{Name: "DGRAM", Value: "unixgram"}, param.Choice[string]{Name: "STREAM", Value: "unix"}, param.Choice[string]{Name: "SEQPACKET", Value: "unixpacket"}).Default("DGRAM").
			Doc("Kind of the socket: a datagram or packet is a message; in a stream a line is."),
		param.String("networkNamespace", func(c *Settings) *string { return &c.Namespace }).Doc("Network namespace of an abstract name, as ip-netns names it."),
	}
	for _, p := range t {
		if !directives {
			p.Directives = nil
		}
	}
	return t
}

var (
	moduleParams = param.Group(func(c *ModuleConfig) *Settings { return &c.Settings }, settings(true))
	params       = param.Group(func(c *Config) *Settings { return &c.Settings }, settings(false))
)

func inherit(m *ModuleConfig, c *Config) {
	if c.Socket == "" {
		c.Settings = m.Settings
	}
}

// Check reports an action without a socket.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if c.Socket == "" {
		d := diags.Errorf(o.Range, "%s names no socket", o.Title)
		d.Hint, d.Effect = `give socketName, or $OMUxSockSocket in front of the action line`, o.Effect
		return false
	}
	return true
}

// New returns an output that sends to the socket.
func New(c Config, _ module.Env) (output.Output, error) {
	name := c.Socket
	if c.Abstract == 1 {
		name = "@" + name
	}
	return &socket{Config: c, address: &net.UnixAddr{Name: name, Net: c.Network}}, nil
}

type socket struct {
	Config
	address *net.UnixAddr
	conn    *net.UnixConn
	line    []byte // what is sent over a stream
	rest    []byte // of a line that the receiver did not take whole
}

// Templates is the text.
func (o *socket) Templates() []string {
	if o.Template != "" {
		return []string{o.Template}
	}
	return []string{template}
}

// Path is the socket's, for people.
func (o *socket) Path() string { return o.Socket }

// patience is how long a write waits while the receiver's queue is full.
const patience = time.Second

// Write sends each record in a datagram or packet of its own, or as a line.
func (o *socket) Write(_ context.Context, b *output.Batch) error {
	for i := range b.Len() {
		b.Done = i
		fresh := o.conn == nil
		done, err := o.send(b.Parts[0].At(i))
		if err != nil && !fresh && o.conn == nil { // the receiver has made its socket again
			done, err = o.send(b.Parts[0].At(i))
		}
		if err == nil {
			continue
		}
		if errors.Is(err, syscall.EMSGSIZE) {
			return &output.Rejected{Index: i, Err: fmt.Errorf("the message is too long for %s: %w", o.Socket, err)}
		}
		if done {
			i++
		}
		return &output.Suspended{Done: i, Err: err}
	}
	return nil
}

// send sends a record. done is set if it needs not be sent again, in spite of an error.
func (o *socket) send(text []byte) (done bool, err error) {
	if o.conn == nil {
		err := netns.Do(o.Namespace, func() (err error) {
			o.conn, err = net.DialUnix(o.Network, nil, o.address)
			return err
		})
		if err != nil {
			return false, err
		}
	}
	if o.Network == "unix" {
		return o.sendLine(text)
	}
	o.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err = o.conn.Write(text); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, syscall.EMSGSIZE) {
		o.Close()
	}
	return false, err
}

// sendLine writes to a stream. A line that did not fit is written to its end
// before the next one.
func (o *socket) sendLine(text []byte) (done bool, err error) {
	o.conn.SetWriteDeadline(time.Now().Add(patience))
	if len(o.rest) > 0 {
		n, err := o.conn.Write(o.rest)
		if o.rest = o.rest[n:]; err != nil {
			return false, o.streamFailed(err)
		}
	}
	o.line = frame.AppendLF(o.line[:0], text)
	n, err := o.conn.Write(o.line)
	if err == nil {
		return true, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if n > 0 {
			o.rest = append([]byte(nil), o.line[n:]...)
		}
		return n > 0, fmt.Errorf("%s is not read: %w", o.Socket, err)
	}
	return false, o.streamFailed(err)
}

// streamFailed closes the stream unless the receiver is only slow.
func (o *socket) streamFailed(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		o.Close()
		o.rest = nil
	}
	return err
}

func (o *socket) Close() error {
	if o.conn == nil {
		return nil
	}
	err := o.conn.Close()
	o.conn = nil
	return err
}
