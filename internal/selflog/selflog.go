// Package selflog carries the server's own messages: to standard error, and as
// syslog messages to where an administrator expects those of rsyslogd, the
// system log socket or the main queue.
//
// A message has the tag "rsyslogd:", or "rsyslogd-2007:" when it has one of
// rsyslogd's well-known numbers, so that log checkers keep working.
package selflog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/message"
)

// CodeKey is the attribute that holds one of rsyslogd's numbers.
const CodeKey = "code"

// Sink takes an own message as syslog. It must not wait and reports whether it
// took the message.
type Sink func(sev message.Severity, tag, text string) bool

// Options say how own messages are shown. The zero value writes nothing to
// standard error and does not limit.
type Options struct {
	// Stderr gets messages of at least StderrLevel; nil for none.
	Stderr      io.Writer
	StderrLevel slog.Level
	// StderrMax is how many messages Stderr gets at most; 0 is no limit.
	StderrMax int
	// Program begins each line on Stderr.
	Program string
	// Version stands behind messages that have a number.
	Version string
	// Burst messages are passed on in an Interval, the rest is dropped and
	// counted; an Interval of 0 does not limit (internalmsg.ratelimit.*).
	Interval time.Duration
	Burst    int
	// Severity is the least urgent one that the sink gets (internalmsg.severity).
	Severity message.Severity
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Handler is a slog.Handler. It is safe for concurrent use.
type Handler struct {
	core  *core
	attrs string // rendered, each with a blank in front
	code  int64
	group string
}

// core is what all handlers derived from one share.
type core struct {
	opt  atomic.Pointer[Options]
	sink atomic.Pointer[Sink]

	mu      sync.Mutex // guards what follows and writing to Stderr
	begin   time.Time  // of the interval
	passed  int        // messages in the interval
	dropped int
	shown   int // messages on Stderr
}

// New returns a handler without a sink.
func New(opt Options) *Handler {
	h := &Handler{core: &core{}}
	h.Configure(opt)
	return h
}

// Configure replaces the options: the configuration file is read after the
// first messages can occur.
func (h *Handler) Configure(opt Options) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	h.core.opt.Store(&opt)
}

// Options returns the options in use.
func (h *Handler) Options() Options { return *h.core.opt.Load() }

// SetSink makes s get all messages from now on; nil is none.
func (h *Handler) SetSink(s Sink) { h.core.sink.Store(&s) }

// Enabled reports whether a message of the level goes anywhere.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || level >= h.core.opt.Load().StderrLevel
}

// WithAttrs returns a handler whose messages have the attributes.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	for _, a := range attrs {
		n.add(a)
	}
	return &n
}

// WithGroup returns a handler whose attributes have the name in front.
func (h *Handler) WithGroup(name string) slog.Handler {
	n := *h
	if name != "" {
		n.group += name + "."
	}
	return &n
}

// add appends an attribute, or takes its value when it is the number.
func (h *Handler) add(a slog.Attr) {
	if a.Equal(slog.Attr{}) {
		return
	}
	if a.Key == CodeKey {
		h.code = a.Value.Resolve().Int64()
		return
	}
	h.attrs += " " + h.group + a.Key + "=" + quote(a.Value.Resolve().String())
}

// quote puts quotes around values that could not be told from what follows.
func quote(s string) string {
	if s == "" || strings.ContainsAny(s, " \"=\n\t\r") {
		return strconv.Quote(s)
	}
	return s
}

// Handle passes a message on.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	n := *h
	r.Attrs(func(a slog.Attr) bool { n.add(a); return true })
	opt := h.core.opt.Load()
	text, tag := opt.coded(r.Message+n.attrs, n.code)
	h.core.pass(opt, r.Level, tag, text)
	return nil
}

// Quiet passes a message to the sink only: it has been shown already.
func (h *Handler) Quiet(level slog.Level, text string, code int) {
	opt := *h.core.opt.Load()
	opt.Stderr = nil
	text, tag := opt.coded(text, int64(code))
	h.core.pass(&opt, level, tag, text)
}

// coded adds the number, if there is one, to a text and its tag.
func (o *Options) coded(text string, code int64) (string, string) {
	if code == 0 {
		return text, "rsyslogd:"
	}
	code = max(code, -code)
	return fmt.Sprintf("%s [v%s rsyslogd error %d]", text, o.Version, code), fmt.Sprintf("rsyslogd-%d:", code)
}

// Status passes one of the status lines that rsyslogd writes ("... start"): to
// the sink only.
func (h *Handler) Status(text string) {
	if s := h.core.sink.Load(); s != nil && *s != nil {
		(*s)(message.Info, "rsyslogd:", text)
	}
}

// pass shows a message and hands it to the sink, which is called without the
// lock: taking a message may itself be worth one.
func (c *core) pass(opt *Options, level slog.Level, tag, text string) {
	dropped, ok := c.allow(opt)
	if dropped > 0 {
		c.emit(opt, slog.LevelWarn, "rsyslogd:", fmt.Sprintf("%d own messages dropped by internalmsg.ratelimit", dropped))
	}
	if ok {
		c.emit(opt, level, tag, text)
	}
}

func (c *core) emit(opt *Options, level slog.Level, tag, text string) {
	c.show(opt, level, text)
	sev := severity(level)
	if s := c.sink.Load(); s != nil && *s != nil && sev <= opt.Severity {
		(*s)(sev, tag, text)
	}
}

func (c *core) show(opt *Options, level slog.Level, text string) {
	if opt.Stderr == nil || level < opt.StderrLevel {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if opt.StderrMax > 0 && c.shown >= opt.StderrMax {
		return
	}
	c.shown++
	fmt.Fprintf(opt.Stderr, "%s: %s%s\n", opt.Program, word(level), text)
}

// allow counts a message against the limit. With the first one of an interval
// it returns how many the last one dropped.
func (c *core) allow(opt *Options) (dropped int, ok bool) {
	if opt.Interval <= 0 {
		return 0, true
	}
	now := opt.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begin.IsZero() || now.Sub(c.begin) >= opt.Interval {
		dropped = c.dropped
		c.begin, c.passed, c.dropped = now, 0, 0
	}
	if c.passed >= opt.Burst {
		c.dropped++
		return dropped, false
	}
	c.passed++
	return dropped, true
}

func word(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "error: "
	case level >= slog.LevelWarn:
		return "warning: "
	case level < slog.LevelInfo:
		return "debug: "
	}
	return ""
}

func severity(level slog.Level) message.Severity {
	switch {
	case level >= slog.LevelError:
		return message.Err
	case level >= slog.LevelWarn:
		return message.Warning
	case level < slog.LevelInfo:
		return message.Debug
	}
	return message.Info
}
