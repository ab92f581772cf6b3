// Package omstdout writes messages to standard output.
package omstdout

import (
	"context"
	"io"
	"os"

	"syslogd/config/param"
	"syslogd/internal/terminal"
	"syslogd/module"
	"syslogd/output"
)

// Module describes omstdout to the registry.
var Module = describe()

func describe() *module.Output {
	m := module.NewOutput[module.None]("omstdout", nil, params, nil, New)
	return module.WithLegacy(m, module.NoLegacyText[Config])
}

// Config is action(type="omstdout").
type Config struct {
	Template string
	EnsureLF bool
}

var params = param.Table[Config]{
	param.Template("template", func(c *Config) *string { return &c.Template }).Default("RSYSLOG_FileFormat").
		Doc("Template of the text."),
	param.Bool("ensureLFEnding", func(c *Config) *bool { return &c.EnsureLF }).Legacy("ActionOMStdoutEnsureLFEnding").Default("on").
		Doc("Add a line feed to a text that has none."),
}

// New returns an output that writes to standard output.
func New(c Config, _ module.Env) (output.Output, error) {
	return &stdout{conf: c, w: os.Stdout, clean: terminal.Is(os.Stdout)}, nil
}

type stdout struct {
	conf Config
	w    io.Writer
	// clean is set where w is a terminal, which messages must not drive.
	clean bool
	buf   []byte
}

func (o *stdout) Templates() []string { return []string{o.conf.Template} }

// Write writes the batch with one call.
func (o *stdout) Write(_ context.Context, b *output.Batch) error {
	o.buf = o.buf[:0]
	part := &b.Parts[0]
	for i := range part.Ends {
		text := part.At(i)
		if o.clean {
			o.buf = terminal.Append(o.buf, text)
		} else {
			o.buf = append(o.buf, text...)
		}
		if n := len(text); o.conf.EnsureLF && (n == 0 || text[n-1] != '\n') {
			o.buf = append(o.buf, '\n')
		}
	}
	if _, err := o.w.Write(o.buf); err != nil {
		return &output.Suspended{Err: err}
	}
	return nil
}

func (*stdout) Close() error { return nil }
