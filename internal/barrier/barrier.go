// Package barrier keeps a message, or what a connection brings, from ending the
// server. A panic is caught where the work on one of them begins, said in the log with
// where it came from, counted as a loss, and the bytes that caused it are kept in a
// file for whoever mends the fault. The rest of the batch, and all other connections,
// go on.
package barrier

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/message"
	"syslogd/metrics"
)

// FileName is the file in a queue's directory, or in the work directory, that messages
// are put in.
const FileName = "panics.bad"

// Bounds, in bytes: of the file, of a text in it, and of a text in the log.
const (
	maxFile   = 16 << 20
	maxKept   = 64 << 10
	maxLogged = 512
)

// reportPause is between two reports: whoever found what makes a connection panic has
// many of them.
const reportPause = 10 * time.Second

// Barrier is where panics are reported, and messages put aside. A nil Barrier catches
// nothing: tests of a part see their panics.
type Barrier struct {
	log    *slog.Logger
	losses *metrics.Losses
	dir    string

	caught atomic.Uint64

	mu     sync.Mutex // guards what follows, and the order of lines
	failed bool       // the last write; said once
	full   bool       // said once
	next   time.Time  // before that Report says nothing
	silent int        // reports not said since the last one
}

// New returns a Barrier that puts messages into a file in dir, or nowhere if dir is "".
func New(dir string, log *slog.Logger, losses *metrics.Losses) *Barrier {
	return &Barrier{dir: dir, log: log, losses: losses}
}

// Panic is a panic that was caught.
type Panic struct {
	// Value is what panic was called with, Stack the first calls that led to it, the
	// innermost first.
	Value, Stack string
}

func (p *Panic) Error() string { return "panic: " + p.Value }

// Bounds of what is told of a panic.
const (
	maxValue  = 256
	maxFrames = 8
)

// Caught describes a panic. value is what recover returned; the deferred function that
// called it calls this.
func Caught(value any) *Panic {
	p := &Panic{Value: cut(describe(value), maxValue)}
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	thrown, lines := false, []string{}
	for more := true; more && len(lines) < maxFrames; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			// What lies between this function and the panic is the barrier itself.
			thrown = thrown || f.Function == "runtime.gopanic"
		case thrown:
			lines = append(lines, fmt.Sprintf("%s %s:%d", strings.TrimPrefix(f.Function, "syslogd/"), filepath.Base(f.File), f.Line))
		}
	}
	p.Stack = strings.Join(lines, "; ")
	return p
}

// describe prints a value whose own methods may panic, too.
func describe(value any) (text string) {
	defer func() {
		if recover() != nil {
			text = "a value that can not be printed"
		}
	}()
	return fmt.Sprint(value)
}

func cut[T string | []byte](s T, most int) T { return s[:min(len(s), most)] }

// Caught is how many panics were reported.
func (b *Barrier) Caught() uint64 { return b.caught.Load() }

// Catch is deferred where work begins that is not about a message, in a goroutine of its
// own: a panic is reported with text and attrs, and becomes *err.
func (b *Barrier) Catch(err *error, text string, attrs ...any) {
	if b == nil {
		return
	}
	if v := recover(); v != nil {
		p := Caught(v)
		*err = p
		b.Report(text, p, attrs...)
	}
}

// Message reports that a message is lost, and puts it aside. where is the action, or
// the ruleset; text is what is known of the message, and may be changed afterwards.
func (b *Barrier) Message(where string, p *Panic, text []byte) {
	b.caught.Add(1)
	attrs := []any{"panic", p.Value, "stack", p.Stack, "text", strconv.Quote(string(cut(text, maxLogged)))}
	if path, kept := b.keep(where, p, text); kept {
		attrs = append(attrs, "file", path)
	}
	b.losses.Of("panic", where).Add(1, attrs...)
}

// Messages reports that n messages are lost of which no more is known.
func (b *Barrier) Messages(where string, p *Panic, n int) {
	b.caught.Add(1)
	b.losses.Of("panic", where).Add(n, "panic", p.Value, "stack", p.Stack)
}

// Report says that something other than a message was given up: a connection, what was
// to be flushed. attrs tell what. At most one in reportPause is said.
func (b *Barrier) Report(text string, p *Panic, attrs ...any) {
	b.caught.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if now.Before(b.next) {
		b.silent++
		return
	}
	attrs = append(attrs, "panic", p.Value, "stack", p.Stack)
	if b.silent > 0 {
		attrs = append(attrs, "not_said", b.silent)
	}
	b.next, b.silent = now.Add(reportPause), 0
	b.log.Error(text, attrs...)
}

// keep puts a message into the file, and returns its path.
func (b *Barrier) keep(where string, p *Panic, text []byte) (path string, kept bool) {
	if b.dir == "" {
		return "", false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	path = filepath.Join(b.dir, FileName)
	kept, err := b.append(path, line(where, p, text))
	if err != nil && !b.failed {
		b.log.Error("a message that caused a panic can not be kept", "file", path, "err", err)
	}
	b.failed = err != nil
	return path, kept
}

// append writes a line behind the others, unless the file is full.
func (b *Barrier) append(path string, text []byte) (kept bool, err error) {
	// The directory may belong to another user than this: no link is followed.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	full := info.Size()+int64(len(text)) > maxFile
	if full && !b.full {
		b.log.Warn("the file of messages that caused a panic has reached its size, what follows is only counted", "file", path)
	}
	if b.full = full; full {
		return false, nil
	}
	_, err = f.Write(text)
	return err == nil, err
}

// line is a message in the file: quoted, so that no byte of it is lost and none does
// anything to a terminal.
func line(where string, p *Panic, text []byte) []byte {
	dst := time.Now().AppendFormat(nil, time.RFC3339)
	dst = strconv.AppendQuote(append(dst, " where="...), where)
	dst = strconv.AppendQuote(append(dst, " panic="...), p.Value)
	dst = strconv.AppendQuote(append(dst, " stack="...), p.Stack)
	dst = strconv.AppendInt(append(dst, " length="...), int64(len(text)), 10)
	dst = strconv.AppendQuote(append(dst, " text="...), string(cut(text, maxKept)))
	return append(dst, '\n')
}

// TextOf is the text of a message that may be in no good order.
func TextOf(m *message.Message) (text []byte) {
	defer func() {
		if recover() != nil {
			text = nil
		}
	}()
	return m.Raw()
}
