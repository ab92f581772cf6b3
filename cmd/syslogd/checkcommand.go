package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"syslogd/config"
	"syslogd/config/lint"
	"syslogd/engine"
	"syslogd/internal/diag"
)

// Exit statuses of "check". They differ from those of -N, which are rsyslogd's.
const (
	exitErrors   = 1
	exitWarnings = 2
)

// checkCommand is "check": all that is wrong with a configuration.
func (c *command) checkCommand(f *flag.FlagSet) func([]string) int {
	opt := configFlags(f)
	strict := f.Bool("strict", false, "warnings count as errors")
	asJSON := f.Bool("json", false, "print the diagnostics as JSON")
	return func(words []string) int {
		if err := opt.configured(f, words); err != nil {
			return c.misused("check", err)
		}
		done, err := opt.lendCertificate()
		if err != nil {
			return c.fail(err)
		}
		defer done()
		cfg, diags, err := read(opt, config.Options{})
		if err != nil {
			return c.fail(err)
		}
		c.examine(cfg, opt, diags)
		if *asJSON {
			c.printJSON(diagnosticsJSON(diags))
		} else {
			c.show(diags, diag.Note)
			if diags.Clean() {
				fmt.Fprintf(c.stdout, "%s: clean\n", opt.name())
			} else {
				c.note("%s", summary(diags))
			}
		}
		switch {
		case diags.Count(diag.Error) > 0, *strict && !diags.Clean():
			return exitErrors
		case !diags.Clean():
			return exitWarnings
		}
		return 0
	}
}

// examine adds to diags what only building the server and a look at the traps show.
func (c *command) examine(cfg *config.Config, opt *options, diags *diag.List) {
	name, _ := os.Hostname()
	lint.Check(cfg, lint.Host{Name: name, IsDir: func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.IsDir() || opt.builtin // whose directories are made at the start
	}}, diags)
	e := engine.New(cfg, engine.Env{Log: slog.New(slog.DiscardHandler), Version: version}, diags)
	defer e.Stop(context.Background())
	if !e.HasActions() && diags.Count(diag.Error) == 0 {
		all := diag.Range{Start: diag.Pos{Src: cfg.File.Source}}
		diags.Errorf(all, "there are no actions, no message would be stored").Code = -2103
	}
}

// diagnostic is a diag.Diagnostic for programs.
type diagnostic struct {
	Severity string    `json:"severity"`
	File     string    `json:"file,omitempty"`
	Line     int       `json:"line,omitempty"`
	Column   int       `json:"column,omitempty"` // in bytes, from 1
	Length   int       `json:"length,omitempty"` // in bytes
	Text     string    `json:"text"`
	Hint     string    `json:"hint,omitempty"`
	Effect   string    `json:"effect,omitempty"`
	Code     int       `json:"code,omitempty"` // rsyslogd's number
	Related  []related `json:"related,omitempty"`
}

type related struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

func diagnosticsJSON(diags *diag.List) []diagnostic {
	out := []diagnostic{} // not null
	for _, d := range diags.Sorted() {
		j := diagnostic{Severity: d.Severity.String(), Length: d.Range.Len, Line: d.Range.Start.Line, Column: d.Range.Start.Col,
			Text: d.Text, Hint: d.Hint, Effect: d.Effect, Code: d.Code}
		if src := d.Range.Start.Src; src != nil {
			j.File = src.Name
		}
		for _, r := range d.Related {
			j.Related = append(j.Related, related{r.Range.Start.String(), r.Text})
		}
		out = append(out, j)
	}
	return out
}

func (c *command) printJSON(v any) {
	enc := json.NewEncoder(c.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	enc.Encode(v)
}
