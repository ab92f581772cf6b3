package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/explain"
	"syslogd/internal/diag"
)

// explainCommand is "explain": what becomes of a message, and why.
func (c *command) explainCommand(args []string) int {
	f := c.flags("explain")
	opt := &options{}
	f.StringVar(&opt.config, "f", defaultConfigFile, "configuration `file`")
	f.BoolVar(&opt.builtin, "default-config", false, "use the built-in configuration")
	from := f.String("from", "", "`address` of the sender")
	input := f.String("input", "", "`name` of the input, or of its module; without it the first UDP input")
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.Parse(args); err != nil {
		return exitUsage
	}
	var sender netip.Addr
	if *from != "" {
		var err error
		if sender, err = netip.ParseAddr(*from); err != nil {
			c.note("--from: want an address, found %q", *from)
			return exitUsage
		}
	}
	text := []byte(strings.Join(f.Args(), " "))
	if f.NArg() == 0 {
		var err error
		if text, err = io.ReadAll(io.LimitReader(os.Stdin, maxExplained)); err != nil {
			return c.fail(err)
		}
	}
	x, err := c.explainer(opt, nil)
	if err != nil {
		return c.fail(err)
	}
	defer x.Close()
	if f.NArg() == 0 && !x.Stream(*input) {
		text = bytes.TrimSuffix(text, []byte("\n")) // of the shell, not of the datagram
	}
	messages, err := x.Explain(*input, sender, text)
	if err != nil {
		return c.fail(err)
	}
	if *asJSON {
		c.printJSON(messages)
		return 0
	}
	for i, m := range messages {
		if i > 0 {
			io.WriteString(c.stdout, "\n")
		}
		m.Print(c.stdout)
	}
	return 0
}

// maxExplained bounds what is read from standard input, in bytes.
const maxExplained = 16 << 20

// explainer loads a configuration to run messages through it. Errors in it are
// shown; what can be used is used, as when the server starts.
func (c *command) explainer(opt *options, now func() time.Time) (*explain.Explainer, error) {
	cfg, diags, err := read(opt, config.Options{Trace: true})
	if err != nil {
		return nil, err
	}
	x, err := explain.New(cfg, engine.Env{Log: slog.New(slog.DiscardHandler), Version: version, Now: now}, diags)
	if !opt.builtin { // whose certificate may not have been made yet
		c.show(diags, diag.Warning)
	}
	return x, err
}
