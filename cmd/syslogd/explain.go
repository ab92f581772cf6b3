package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/explain"
	"syslogd/internal/diag"
	"syslogd/internal/terminal"
)

// explanation is how "explain" is asked.
type explanation struct {
	opt                *options
	from, input, lines string
	color              string
	asJSON, matched    bool
	sender             netip.Addr
	explained          int
	collected          []*explain.Message // with asJSON: printed at the end, as one list
}

// explainCommand is "explain": what becomes of messages, and why.
func (c *command) explainCommand(f *flag.FlagSet) func([]string) int {
	e := &explanation{opt: configFlags(f), collected: []*explain.Message{}}
	f.StringVar(&e.from, "from", "", "`address` of the sender")
	f.StringVar(&e.input, "input", "", "`name` of the input, or of its module; without it the first network input, or else the first")
	f.StringVar(&e.lines, "lines", "", "explain each line of a `file`; - is standard input")
	f.BoolVar(&e.matched, "matched", false, "only the statements that the message matches")
	f.StringVar(&e.color, "color", "auto", "`when` to use colors: auto, always or never")
	f.BoolVar(&e.asJSON, "json", false, "print JSON")
	return func(words []string) int {
		if err := e.check(words); err != nil {
			return c.misused("explain", err)
		}
		x, err := c.explainer(e.opt, nil)
		if err != nil {
			return c.fail(err)
		}
		defer x.Close()
		if err := c.explain(e, x, words); err != nil {
			return c.fail(err)
		}
		if e.asJSON {
			c.printJSON(e.collected)
		}
		return 0
	}
}

// check looks at flags and words.
func (e *explanation) check(words []string) error {
	if e.opt.builtin && e.opt.config != defaultConfigFile {
		return errTwoConfigurations
	}
	if !slices.Contains([]string{"auto", "always", "never"}, e.color) {
		return fmt.Errorf("--color: want auto, always or never, found %q", e.color)
	}
	if e.lines != "" && len(words) > 0 {
		return errors.New("a message and --lines exclude each other")
	}
	if e.from != "" {
		var err error
		if e.sender, err = netip.ParseAddr(e.from); err != nil {
			return fmt.Errorf("--from: want an address, found %q", e.from)
		}
	}
	return nil
}

// explain explains the words as one message, or else what is read: all of it as
// a stream, or each line as a message.
func (c *command) explain(e *explanation, x *explain.Explainer, words []string) error {
	if len(words) > 0 {
		return c.explainOne(e, x, []byte(strings.Join(words, " ")))
	}
	in := io.Reader(os.Stdin)
	if e.lines != "" && e.lines != "-" {
		file, err := os.Open(e.lines)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	if e.lines == "" && x.Stream(e.input) {
		text, err := io.ReadAll(io.LimitReader(in, maxExplained))
		if err != nil {
			return err
		}
		return c.explainOne(e, x, text)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxExplained)
	for lines.Scan() {
		text := lines.Bytes()
		if x.Stream(e.input) {
			text = append(slices.Clone(text), '\n')
		}
		if err := c.explainOne(e, x, text); err != nil {
			return err
		}
	}
	return lines.Err()
}

// explainOne explains what an input gets at once.
func (c *command) explainOne(e *explanation, x *explain.Explainer, text []byte) error {
	messages, err := x.Explain(e.input, e.sender, text)
	if err != nil {
		return err
	}
	style := explain.Style{Color: e.color == "always" || e.color == "auto" && c.wantsColor()}
	for _, m := range messages {
		if e.matched {
			m.OnlyMatched()
		}
		if e.asJSON {
			e.collected = append(e.collected, m)
			continue
		}
		if e.explained > 0 {
			io.WriteString(c.stdout, "\n")
		}
		e.explained++
		m.Print(c.stdout, style)
	}
	return nil
}

// wantsColor reports whether standard output is a terminal that shows colors and
// whose user has not asked for none (no-color.org).
func (c *command) wantsColor() bool {
	file, ok := c.stdout.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	return terminal.Is(file)
}

// maxExplained bounds a stream and a line that are read, in bytes.
const maxExplained = 16 << 20

// explainer loads a configuration to run messages through it. Errors in it are
// shown; what can be used is used, as when the server starts.
func (c *command) explainer(opt *options, now func() time.Time) (*explain.Explainer, error) {
	done, err := opt.lendCertificate()
	if err != nil {
		return nil, err
	}
	defer done()
	cfg, diags, err := read(opt, config.Options{Trace: true})
	if err != nil {
		return nil, err
	}
	x, err := explain.New(cfg, engine.Env{Log: slog.New(slog.DiscardHandler), Version: version, Now: now}, diags)
	c.show(diags, diag.Warning)
	return x, err
}
