// Package omprog hands messages to a program that reads them from its standard
// input.
package omprog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"syslogd/config/param"
	"syslogd/internal/child"
	"syslogd/internal/diag"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
)

// Module describes omprog to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput[module.None]("omprog", nil, params, nil, New)
	m.OwnQueue = func(any) bool { return true }
	return module.WithLegacy(m, module.NoLegacyText[Config])
}

// Config is action(type="omprog").
type Config struct {
	Binary         string
	Template       string
	EscapeLF       bool
	Confirm        bool
	ConfirmTimeout int
	ReportFailures bool
	Transactions   bool
	Begin, Commit  string
	HUPSignal      syscall.Signal
	SignalOnClose  bool
	CloseTimeout   int
	Kill           bool
	Output         string
	FileMode       fs.FileMode

	killGiven bool
}

var params = param.Table[Config]{
	param.String("binary", func(c *Config) *string { return &c.Binary }).Legacy("ActionOMProgBinary").Doc("Program and its arguments."),
	param.Template("template", func(c *Config) *string { return &c.Template }).Inherits("RSYSLOG_FileFormat").Doc("Template of the text."),
	param.Bool("escapeLF", func(c *Config) *bool { return &c.EscapeLF }).Default("on").
		Doc("Write a line feed within a text as #012: a message is one line to the program. Off as in rsyslogd."),
	param.Bool("confirmMessages", func(c *Config) *bool { return &c.Confirm }).Default("off").Doc("The program answers OK when it has started, and to each message."),
	param.PositiveInt("confirmTimeout", func(c *Config) *int { return &c.ConfirmTimeout }).Default("10000").Doc("Milliseconds to wait for an answer."),
	param.Bool("reportFailures", func(c *Config) *bool { return &c.ReportFailures }).Default("off").Doc("Log answers that report an error."),
	param.Bool("useTransactions", func(c *Config) *bool { return &c.Transactions }).Default("off").Doc("Write a mark in front of and behind each batch."),
	param.String("beginTransactionMark", func(c *Config) *string { return &c.Begin }).Default("BEGIN TRANSACTION").Doc("Mark in front of a batch."),
	param.String("commitTransactionMark", func(c *Config) *string { return &c.Commit }).Default("COMMIT TRANSACTION").Doc("Mark behind a batch."),
	param.NoEffect[Config]("forceSingleInstance", "there is one program for each action"),
	param.Enum("hup.signal", func(c *Config) *syscall.Signal { return &c.HUPSignal },
		param.Choice[syscall.Signal]{Name: "HUP", Value: syscall.SIGHUP}, param.Choice[syscall.Signal]{Name: "USR1", Value: syscall.SIGUSR1},
		param.Choice[syscall.Signal]{Name: "USR2", Value: syscall.SIGUSR2}, param.Choice[syscall.Signal]{Name: "INT", Value: syscall.SIGINT},
		param.Choice[syscall.Signal]{Name: "TERM", Value: syscall.SIGTERM}).Doc("Signal that the program gets on HUP; none by default."),
	param.Bool("signalOnClose", func(c *Config) *bool { return &c.SignalOnClose }).Default("off").Doc("Send TERM before the program's input is closed."),
	param.NonNegInt("closeTimeout", func(c *Config) *int { return &c.CloseTimeout }).Default("5000").Doc("Milliseconds to wait for the program to end."),
	param.Bool("killUnresponsive", func(c *Config) *bool { return &c.Kill }).Given(func(c *Config) *bool { return &c.killGiven }).Inherits("signalOnClose").Doc("Kill it then."),
	param.String("output", func(c *Config) *string { return &c.Output }).Doc("File for what the program writes."),
	param.Mode("fileCreateMode", func(c *Config) *fs.FileMode { return &c.FileMode }).Default("0600").Doc("Mode of that file."),
}

// Check reports an action without a program.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if len(child.Split(c.Binary)) == 0 {
		d := diags.Errorf(o.Range, "%s needs the parameter %q", o.Title, "binary")
		d.Effect, d.Code = o.Effect, -2211
		return false
	}
	if a := o.Arg("filecreatemode"); a != nil && c.Output == "" {
		diags.Notef(a.Range, "fileCreateMode has no effect without output")
	}
	return true
}

// New returns an output that hands messages to the program. It is started by the
// first message, and again when it has ended.
func New(c Config, env module.Env) (output.Output, error) {
	if !c.killGiven {
		c.Kill = c.SignalOnClose
	}
	o := &program{Config: c, log: env.Log, lost: env.Losses.Of("program_ended", env.Name)}
	if c.Output != "" {
		o.out = &capture{path: c.Output, mode: c.FileMode, log: env.Log, guard: env.Barrier}
	}
	o.env = child.Environment(env.Environ())
	return o, nil
}

// Files is the file of what the program writes.
func (o *program) Files() []string { return module.FilePattern(o.Output) }

type program struct {
	Config
	log *slog.Logger
	env []string // of the program
	out *capture // nil without output

	mu   sync.Mutex // guards what follows against HUP and the stop
	proc *child.Process
	// interrupted: the stop of the server waits no longer.
	interrupted bool

	// Without confirmMessages: what was written and may be unread, and what has to be
	// written again because a program ended before it had read it.
	sent   []sent
	unread [][]byte
	lost   *metrics.Loss
	told   time.Time // that a program had ended by itself
}

// HUP passes a signal on to the program, and reopens the file of its output.
func (o *program) HUP() {
	o.out.reopen()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.proc != nil && o.HUPSignal != 0 {
		if err := o.proc.Signal(o.HUPSignal); err != nil {
			o.log.Warn("the program can not be signalled", "err", err)
		}
	}
}

func (o *program) interrupt() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.interrupted = true
	if o.proc != nil {
		o.proc.Interrupt()
	}
}

func (o *program) set(p *child.Process) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.proc = p; p != nil && o.interrupted {
		p.Interrupt()
	}
}

// Templates is the text.
func (o *program) Templates() []string { return []string{o.Template} }

// Path is the program's, for people.
func (o *program) Path() string { return o.Binary }

// Write writes each record and, with confirmMessages, waits for its answer.
// A program that does not answer, or does not read, is left alone when ctx ends.
func (o *program) Write(ctx context.Context, b *output.Batch) error {
	stop := context.AfterFunc(ctx, o.interrupt)
	defer stop()
	done := 0
	for again := true; ; {
		if err := ctx.Err(); err != nil && !again {
			return &output.Suspended{Done: done, Err: err}
		}
		if err := o.start(); err != nil {
			return &output.Suspended{Done: done, Err: err}
		}
		rest := b.From(done)
		n, err := 0, o.resend()
		if err == nil && rest.Len() > 0 { // all may have been written before a program ended
			n, err = o.batch(&rest)
		}
		done += n
		b.Done = done
		if err == nil {
			return nil
		}
		var refused refusal
		if errors.As(err, &refused) {
			if o.ReportFailures {
				o.log.Warn("the program reports an error", "answer", string(refused))
			}
			// In a transaction it is not known which record is meant.
			return &output.Suspended{Done: done, Err: fmt.Errorf("program %s: %w", o.Binary, err), Record: !o.Transactions}
		}
		o.end(0) // it has gone wrong in a way that it does not know of
		// A program that has ended since the last batch, or with some of this one done,
		// is started again at once.
		if !again && n == 0 || !child.Ended(err) {
			return &output.Suspended{Done: done, Err: fmt.Errorf("program %s: %w", o.Binary, err)}
		}
		again = false
	}
}

// refusal is an answer that reports an error.
type refusal string

func (r refusal) Error() string { return fmt.Sprintf("it answers %q", string(r)) }

// batch returns how many records are safe with the program.
func (o *program) batch(b *output.Batch) (safe int, err error) {
	if o.Transactions {
		if err := o.say([]byte(o.Begin + "\n")); err != nil {
			return 0, err
		}
	}
	for i := range b.Len() {
		answer, err := o.record(b.Parts[0].At(i))
		if err != nil {
			return safe, err
		}
		switch {
		case answer == "DEFER_COMMIT":
		case answer == "PREVIOUS_COMMITTED":
			safe = i
		// One that is not confirmed is kept until it was read, in transactions, too: a
		// second copy would come if the batch were tried again from its begin.
		case !o.Transactions || !o.Confirm:
			safe = i + 1
		}
	}
	if o.Transactions {
		if err := o.say([]byte(o.Commit + "\n")); err != nil {
			return safe, err
		}
	}
	return b.Len(), nil
}

// record writes one and returns the answer.
func (o *program) record(text []byte) (string, error) {
	if o.EscapeLF {
		text = oneLine(text)
	}
	if n := len(text); n == 0 || text[n-1] != '\n' {
		text = append(text[:n:n], '\n')
	}
	err := o.proc.Write(text, o.timeout())
	switch {
	case err != nil:
		return "", err
	case !o.Confirm:
		o.remember(text)
		return "", nil
	}
	return o.answer()
}

// oneLine is text with line feeds only at its end: what a sender writes into JSON
// must not be a line of the protocol.
func oneLine(text []byte) []byte {
	body := bytes.TrimRight(text, "\n")
	if bytes.IndexByte(body, '\n') < 0 {
		return text
	}
	return append(bytes.ReplaceAll(body, []byte("\n"), []byte("#012")), '\n')
}

// say writes a mark, which the program has to confirm with OK.
func (o *program) say(text []byte) error {
	if err := o.proc.Write(text, o.timeout()); err != nil || !o.Confirm {
		return err
	}
	return o.expectOK()
}

func (o *program) expectOK() error {
	answer, err := o.answer()
	if err == nil && answer != "OK" {
		return refusal(answer)
	}
	return err
}

func (o *program) answer() (string, error) {
	line, err := o.proc.Line(o.timeout())
	switch {
	case err != nil:
		return "", err
	case line == "OK", o.Transactions && (line == "DEFER_COMMIT" || line == "PREVIOUS_COMMITTED"):
		return line, nil
	case line == "DEFER_COMMIT", line == "PREVIOUS_COMMITTED":
		return "OK", nil
	}
	return "", refusal(line)
}

// stall is how long a program that does not confirm may take to read a record.
const stall = 30 * time.Second

func (o *program) timeout() time.Duration {
	if o.Confirm {
		return time.Duration(o.ConfirmTimeout) * time.Millisecond
	}
	return stall
}

func (o *program) start() error {
	if o.proc != nil {
		return nil
	}
	file, err := o.out.start()
	if err != nil {
		return err
	}
	p, err := child.Start(o.Binary, o.Confirm, file, o.env)
	if err != nil {
		return err
	}
	o.set(p)
	if o.Confirm {
		if err := o.expectOK(); err != nil {
			o.end(0)
			return fmt.Errorf("program %s did not start: %w", o.Binary, err)
		}
	}
	return nil
}

// end ends the program; with patience 0 it is killed.
func (o *program) end(patience time.Duration) {
	if p := o.proc; p != nil {
		o.keepUnread()
		o.set(nil)
		p.End(patience, patience == 0 || o.Kill)
	}
}

// Close ends the program in order.
func (o *program) Close() error {
	patience := max(time.Duration(o.CloseTimeout)*time.Millisecond, time.Millisecond)
	o.drain(time.Now().Add(patience))
	if o.proc != nil {
		if o.SignalOnClose {
			o.proc.Signal(syscall.SIGTERM)
		}
		o.end(patience)
	}
	return o.out.close()
}
