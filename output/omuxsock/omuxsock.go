// Package omuxsock sends messages to a unix datagram socket.
package omuxsock

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/module"
	"syslogd/output"
)

// Module describes omuxsock to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput("omuxsock", moduleParams, params, inherit, New)
	m.LegacyInherit = func(mod, inst any) { inherit(mod.(*ModuleConfig), inst.(*Config)) }
	return module.WithLegacy(m, func(_ *Config, text string) error {
		if strings.TrimSpace(text) != "" {
			return fmt.Errorf("omuxsock takes no parameters here, found %q", text)
		}
		return nil
	})
}

// Settings are those of the module and of an action.
type Settings struct {
	Template string
	Socket   string
	Abstract int
}

// ModuleConfig is module(load="omuxsock").
type ModuleConfig struct{ Settings }

// Config is action(type="omuxsock").
type Config struct{ Settings }

const (
	onlyDatagrams = "only datagram sockets are available"
	noNamespace   = "network namespaces are not available; start the server in the namespace"
	template      = "RSYSLOG_TraditionalForwardFormat"
)

func settings(directives bool) param.Table[Settings] {
	t := param.Table[Settings]{
		param.Template("template", func(c *Settings) *string { return &c.Template }).Legacy("OMUxSockDefaultTemplate").Inherits(template).Doc("Template of the text."),
		param.String("socketName", func(c *Settings) *string { return &c.Socket }).Legacy("OMUxSockSocket").Doc("Path of the socket."),
		param.Int("abstract", func(c *Settings) *int { return &c.Abstract }).Range(0, 1).Default("0").Doc("1: the name is one of the abstract namespace."),
		param.NotYetUnless[Settings]("socketType", onlyDatagrams, "DGRAM"),
		param.NotYetUnless[Settings]("networkNamespace", noNamespace, ""),
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
	return &socket{Config: c, address: &net.UnixAddr{Name: name, Net: "unixgram"}}, nil
}

type socket struct {
	Config
	address *net.UnixAddr
	conn    *net.UnixConn
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

// Write sends each record in a datagram of its own.
func (o *socket) Write(_ context.Context, b *output.Batch) error {
	for i := range b.Len() {
		if err := o.send(b.Parts[0].At(i)); err != nil {
			o.Close()
			return &output.Suspended{Done: i, Err: err}
		}
	}
	return nil
}

func (o *socket) send(text []byte) error {
	if o.conn == nil {
		conn, err := net.DialUnix("unixgram", nil, o.address)
		if err != nil {
			return err
		}
		o.conn = conn
	}
	o.conn.SetWriteDeadline(time.Now().Add(patience))
	_, err := o.conn.Write(text)
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
