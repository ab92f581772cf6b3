// Package imkmsg reads kernel messages from /dev/kmsg: with their own time, and
// with their fields as variables.
package imkmsg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/config/param"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

// Module describes imkmsg to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imkmsg", params, nil, func(*ModuleConfig, *module.None) {},
		func(module.None, module.Env) (listener.Input, error) { return nil, nil }, func(*module.None) string { return "" })
	m.NoObjects = true // the module is the input
	m.Build = func(c any, env module.Env) (listener.Input, error) { return New(*c.(*ModuleConfig), env) }
	m.Ruleset = func(any) string { return "" }
	m.Instance = m.Module
	m.Implicit = func(mod any) []any { return []any{mod} }
	return m
}

// ModuleConfig is module(load="imkmsg").
type ModuleConfig struct {
	Stamp stampMode
	Read  readMode
	Boot  int
	path  string
}

type stampMode uint8

const (
	stampOn stampMode = iota
	stampOff
	stampStartup
)

type readMode uint8

const (
	readAlways readMode = iota
	readBoot
	readNew
)

var params = param.Table[ModuleConfig]{
	param.Enum("parseKernelTimestamp", func(c *ModuleConfig) *stampMode { return &c.Stamp },
		param.Choice[stampMode]{Name: "on", Value: stampOn}, param.Choice[stampMode]{Name: "off", Value: stampOff}, param.Choice[stampMode]{Name: "startup", Value: stampStartup}).
		Default("on").Doc("Take the kernel's time: on; off: the time of reading; startup: only for messages that were there at the start."),
	param.Enum("readMode", func(c *ModuleConfig) *readMode { return &c.Read },
		param.Choice[readMode]{Name: "full-always", Value: readAlways}, param.Choice[readMode]{Name: "full-boot", Value: readBoot}, param.Choice[readMode]{Name: "new-only", Value: readNew}).
		Default("full-always").Doc("Read the messages that are there at the start: always; only while the machine boots; or never."),
	param.PositiveInt("expectedBootCompleteSeconds", func(c *ModuleConfig) *int { return &c.Boot }).Default("90").Doc("How long the machine boots, for readMode=\"full-boot\"."),
}

// device is where the kernel's records are.
const device = "/dev/kmsg"

var origin = &message.Origin{Name: "imkmsg", Format: message.Structured}

const tag = "kernel:"

// maxBatch bounds the messages of a batch.
const maxBatch = 512

type input struct {
	conf  ModuleConfig
	env   module.Env
	dev   *listener.Device
	sub   *listener.Submitter
	batch *message.Batch
	host  []byte
	start bool // what was there at the start is being read

	received, lost metrics.Counter
}

// New returns the input.
func New(c ModuleConfig, env module.Env) (listener.Input, error) {
	if c.path == "" {
		c.path = device
	}
	return &input{conf: c, env: env, start: true}, nil
}

// Open opens the device, for which privileges may be needed.
func (in *input) Open(context.Context) error {
	var err error
	if in.dev, err = listener.OpenDevice(in.conf.path); err != nil {
		return err
	}
	if in.conf.Read == readNew || in.conf.Read == readBoot && listener.Uptime() > time.Duration(in.conf.Boot)*time.Second {
		if err := in.dev.SeekEnd(); err != nil {
			return errors.Join(err, in.dev.Close())
		}
	}
	in.env.Metrics.Register(&metrics.Object{Label: "input", Name: "imkmsg", Numbers: []metrics.Number{
		metrics.Of("input_messages_received_total", "Messages received and put into the queue.", &in.received),
		metrics.Of("input_kernel_drops_total", "Times that the kernel overwrote messages before they were read.", &in.lost),
	}})
	return nil
}

// Close closes the device of an input that was not run.
func (in *input) Close() error {
	if in.dev == nil {
		return nil
	}
	return in.dev.Close()
}

// Run reads until ctx is done.
func (in *input) Run(ctx context.Context, sub *listener.Submitter) error {
	in.sub = sub
	err := in.dev.Read(ctx, make([]byte, 16<<10), in.take, func() {
		in.flush()
		in.start = false
	})
	in.flush()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, in.dev.Close())
}

// take is called with one record.
func (in *input) take(p []byte, err error) error {
	switch {
	case errors.Is(err, unix.EPIPE):
		in.lost.Add(1)
		in.env.Log.Warn("the kernel overwrote messages before they were read")
		return nil
	case err != nil:
		return fmt.Errorf("read %s: %w", in.conf.path, err)
	case len(p) == 0:
		return io.EOF
	}
	if in.batch == nil {
		in.batch = message.NewBatch(nil)
		in.batch.Received = in.env.Now()
		in.host = []byte(in.env.Names.Host())
	}
	in.add(p)
	if in.batch.Len() >= maxBatch {
		in.flush()
	}
	return nil
}

func (in *input) flush() {
	if b := in.batch; b != nil {
		in.batch = nil
		n := b.Len()
		if in.sub.Insist(b) == nil {
			in.received.Add(uint64(n))
		}
	}
}

// add makes a message of a record:
//
//	PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT
//	 KEY=VALUE
//
// A record that is not of this form is all text.
func (in *input) add(p []byte) {
	r := parse(p)
	m := in.batch.AddText(r.text, in.host, []byte(tag), len(tag)-1)
	m.Origin, m.Peer, m.PRI = origin, in.env.Names.Local(), r.pri
	m.Received = message.TimestampOf(in.batch.Received.Local())
	m.Reported = m.Received
	if r.stamp >= 0 && (in.conf.Stamp == stampOn || in.conf.Stamp == stampStartup && in.start) {
		ago := max(listener.Uptime()-r.stamp, 0)
		m.Reported = message.TimestampOf(in.batch.Received.Add(-ago).Local())
	}
	root := message.ObjectValue()
	if r.stamp >= 0 {
		root.Put("sequnum", message.IntValue(r.seq), true)
	}
	root.Put("msg", message.StringValue(string(r.text)), true)
	for _, f := range r.fields {
		root.Put(f[0], message.StringValue(f[1]), true)
	}
	m.JSON = &message.Tree{Root: root}
}

type record struct {
	pri    message.Priority
	seq    int64
	stamp  time.Duration // since the start of the machine; -1: none
	text   []byte
	fields [][2]string
}

// maxFields bounds the fields of a record; the kernel has two.
const maxFields = 64

func parse(p []byte) record {
	p = bytes.TrimSuffix(p, []byte("\n"))
	r := record{pri: message.Priority(message.Notice), stamp: -1, text: p}
	head, rest, ok := bytes.Cut(p, []byte(";"))
	parts := bytes.SplitN(head, []byte(","), 4)
	if !ok || len(parts) < 3 {
		return r
	}
	pri, err1 := strconv.ParseUint(string(parts[0]), 10, 32)
	seq, err2 := strconv.ParseInt(string(parts[1]), 10, 64)
	stamp, err3 := strconv.ParseInt(string(parts[2]), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || pri > 191 || stamp < 0 || stamp > 1<<52 {
		return r
	}
	r.pri, r.seq, r.stamp = message.Priority(pri), seq, time.Duration(stamp)*time.Microsecond
	lines := bytes.Split(rest, []byte("\n"))
	r.text = lines[0]
	for _, line := range lines[1:] {
		key, value, ok := bytes.Cut(bytes.TrimPrefix(line, []byte(" ")), []byte("="))
		if ok && len(key) > 0 && len(r.fields) < maxFields {
			r.fields = append(r.fields, [2]string{string(key), string(value)})
		}
	}
	return r
}
