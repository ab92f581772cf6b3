// Package imklog reads kernel messages as text, from /proc/kmsg.
package imklog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/config/param"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/ratelimit"
)

// Module describes imklog to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("imklog", params, nil, func(*ModuleConfig, *module.None) {},
		func(module.None, module.Env) (listener.Input, error) { return nil, nil }, func(*module.None) string { return "" })
	m.NoObjects = true // the module is the input
	m.Build = func(c any, env module.Env) (listener.Input, error) { return New(*c.(*ModuleConfig), env) }
	m.Ruleset = func(c any) string { return c.(*ModuleConfig).Ruleset }
	m.Instance = m.Module
	m.Implicit = func(mod any) []any { return []any{mod} }
	return m
}

// ModuleConfig is module(load="imklog").
type ModuleConfig struct {
	ratelimit.Config
	Ruleset, Path         string
	AnyFacility           bool
	ConsoleLevel          int
	ParseStamp, KeepStamp bool
}

const fromKernel = "the server's own messages have facility syslog"

var params = param.Join(param.Table[ModuleConfig]{
	param.Ruleset("ruleset", func(c *ModuleConfig) *string { return &c.Ruleset }).Doc("Ruleset of the messages."),
	param.String("logPath", func(c *ModuleConfig) *string { return &c.Path }).Legacy("KLogPath").Default("/proc/kmsg").Doc("Where the kernel's messages are read."),
	param.Bool("permitNonKernelFacility", func(c *ModuleConfig) *bool { return &c.AnyFacility }).Legacy("KLogPermitNonKernelFacility").Default("off").
		Doc("Accept messages that programs wrote to the kernel log under another facility."),
	param.Int("consoleLogLevel", func(c *ModuleConfig) *int { return &c.ConsoleLevel }).Range(-1, 8).Legacy("KLogConsoleLogLevel").Default("-1").
		Doc("Messages that are more urgent than this severity appear on the console; -1 leaves that as it is."),
	param.Bool("parseKernelTimestamp", func(c *ModuleConfig) *bool { return &c.ParseStamp }).Legacy("KLogParseKernelTimestamp").Default("off").
		Doc("Take the time of messages from [seconds.microseconds] in front of the text, and remove that."),
	param.Bool("keepKernelTimestamp", func(c *ModuleConfig) *bool { return &c.KeepStamp }).Legacy("KLogKeepKernelTimestamp").Default("off").
		Doc("With parseKernelTimestamp: leave it in the text."),
	param.NoEffect[ModuleConfig]("internalMsgFacility", fromKernel).Legacy("KLogInternalMsgFacility"),
	param.Gone[ModuleConfig]("$KLogLocalIPIF").Legacy("KLogLocalIPIF"),
	param.Gone[ModuleConfig]("$KLogUseSyscallInterface").Legacy("KLogUseSyscallInterface"),
	param.Gone[ModuleConfig]("$KLogSymbolLookup").Legacy("KLogSymbolLookup"),
	param.Gone[ModuleConfig]("$KLogSymbolsTwice").Legacy("KLogSymbolsTwice"),
	param.Gone[ModuleConfig]("$DebugPrintKernelSymbols").Legacy("DebugPrintKernelSymbols"),
}, ratelimit.Params(ratelimit.Parameters{
	Interval: "rateLimitInterval", Burst: "rateLimitBurst", Name: "rateLimit.name", DefaultBurst: "10000",
}, func(c *ModuleConfig) *ratelimit.Config { return &c.Config }))

var origin = &message.Origin{Name: "imklog", Format: message.Structured}

const tag = "kernel:"

const (
	// maxLine bounds a line; the kernel's are shorter.
	maxLine  = 16 << 10
	maxBatch = 512
)

type input struct {
	conf  ModuleConfig
	env   module.Env
	dev   *listener.Device
	sub   *listener.Submitter
	limit *ratelimit.Limit
	batch *message.Batch
	host  []byte
	rest  []byte // of a line that has not ended

	received, foreign metrics.Counter
}

// New returns the input.
func New(c ModuleConfig, env module.Env) (listener.Input, error) {
	in := &input{conf: c, env: env}
	in.limit = c.Limit(env.Policies, "imklog", env.Log)
	return in, nil
}

// LimitsItself says that it applies its rate limit.
func (in *input) LimitsItself() {}

// Open opens the kernel log, for which privileges may be needed.
func (in *input) Open(context.Context) error {
	var err error
	if in.dev, err = listener.OpenDevice(in.conf.Path); err != nil {
		return err
	}
	if in.conf.ConsoleLevel > 0 {
		// The level is what the length of the buffer says; see syslog(2).
		const setConsoleLevel = 8
		if _, err := unix.Klogctl(setConsoleLevel, make([]byte, in.conf.ConsoleLevel)); err != nil {
			in.env.Log.Warn("console log level can not be set", "err", err)
		}
	}
	in.env.Metrics.Register(&metrics.Object{Label: "input", Name: "imklog", Numbers: []metrics.Number{
		metrics.Of("input_messages_received_total", "Messages received and put into the queue.", &in.received),
		metrics.Of("input_messages_ratelimited_total", "Messages dropped by the rate limit.", &in.limit.Dropped),
		metrics.Of("input_messages_foreign_total", "Messages dropped because they are not the kernel's; see permitNonKernelFacility.", &in.foreign),
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
	err := in.dev.Read(ctx, make([]byte, 16<<10), in.take, in.flush)
	in.line(in.rest)
	in.flush()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, in.dev.Close())
}

// take is called with text that the kernel gave; it may end inside a line.
func (in *input) take(p []byte, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", in.conf.Path, err)
	case len(p) == 0:
		return io.EOF
	}
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 && len(in.rest)+len(p) <= maxLine {
			in.rest = append(in.rest, p...)
			return nil
		}
		next := end + 1
		if end < 0 {
			end, next = len(p), len(p)
		}
		in.line(append(in.rest, p[:end]...))
		in.rest, p = in.rest[:0], p[next:]
	}
	return nil
}

// line makes a message of a line: <PRI>[seconds.microseconds] text.
func (in *input) line(text []byte) {
	if len(text) == 0 {
		return
	}
	pri, text := priority(text)
	if pri.Facility() != 0 && !in.conf.AnyFacility {
		in.foreign.Add(1)
		return
	}
	if in.batch == nil {
		in.batch = message.NewBatch(nil)
		in.batch.Received = in.env.Now()
		in.host = []byte(in.env.Names.Host())
	}
	if in.limit.Take(1, in.batch.Received) == 0 {
		return
	}
	reported := in.batch.Received
	if in.conf.ParseStamp {
		if at, n := stamp(text); n > 0 {
			reported = reported.Add(-max(listener.Uptime()-at, 0))
			if !in.conf.KeepStamp {
				text = text[n:]
			}
		}
	}
	m := in.batch.AddText(text, in.host, []byte(tag), len(tag)-1)
	m.Origin, m.Peer, m.PRI = origin, in.env.Names.Local(), pri
	m.Received, m.Reported = message.TimestampOf(in.batch.Received.Local()), message.TimestampOf(reported.Local())
	if in.batch.Len() >= maxBatch {
		in.flush()
	}
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

// priority reads <PRI>; without one it is kern.notice, as for the kernel itself.
func priority(text []byte) (message.Priority, []byte) {
	if rest, ok := bytes.CutPrefix(text, []byte("<")); ok {
		if digits, _, ok := bytes.Cut(rest[:min(len(rest), 5)], []byte(">")); ok {
			if n, err := strconv.ParseUint(string(digits), 10, 8); err == nil && n <= 191 {
				return message.Priority(n), text[len(text)-len(rest)+len(digits)+1:]
			}
		}
	}
	return message.Priority(message.Notice), text
}

// stamp reads "[    1.234567] " and returns how much that was.
func stamp(text []byte) (time.Duration, int) {
	inner, _, ok := strings.Cut(string(text[:min(len(text), 40)]), "]")
	if !ok || !strings.HasPrefix(inner, "[") {
		return 0, 0
	}
	n := len(inner) + 1
	if n < len(text) && text[n] == ' ' {
		n++
	}
	seconds, fraction, ok := strings.Cut(strings.TrimLeft(inner[1:], " "), ".")
	s, err1 := strconv.ParseUint(seconds, 10, 32)
	us, err2 := strconv.ParseUint(fraction, 10, 32)
	if !ok || err1 != nil || err2 != nil || len(fraction) != 6 {
		return 0, 0
	}
	return time.Duration(s)*time.Second + time.Duration(us)*time.Microsecond, n
}
