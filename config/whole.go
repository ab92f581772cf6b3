package config

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/module"
)

// checkWhole says what is wrong with all that was written, the part without effect
// included, so that one run shows all mistakes. It reads everything as if the
// statements that were dropped were not there, into a configuration that is thrown
// away, and leaves out what is wrong only because of those statements.
func checkWhole(name string, file *syntax.File, reg *module.Registry, diags *diag.List) {
	whole := *file
	whole.Stmts, whole.Unused = slices.Concat(file.Stmts, file.Unused), nil
	var found diag.List
	l := newLoader(name, &whole, reg, &found)
	l.checking = true
	l.stmts(whole.Stmts)
	l.finish()
	for _, d := range found.All() {
		if d.Missing == "" || !inDropped(file.Dropped, &d) {
			diags.Add(d)
		}
	}
}

// inDropped reports whether a statement that was dropped has the name that d misses,
// elsewhere than where d says so.
func inDropped(dropped []syntax.Lines, d *diag.Diagnostic) bool {
	word := regexp.MustCompile(`(?i)(^|[^\w.-])` + regexp.QuoteMeta(d.Missing) + `($|[^\w-])`)
	for _, lines := range dropped {
		text := bytes.Split(lines.Src.Text, []byte("\n"))
		for n := lines.First; n <= min(lines.Last, len(text)); n++ {
			line := string(text[n-1])
			if at := d.Range.Start; at.Src == lines.Src && at.Line == n && at.Col <= len(line) {
				end := min(at.Col-1+d.Range.Len, len(line))
				line = line[:at.Col-1] + strings.Repeat(" ", end-at.Col+1) + line[end:]
			}
			if word.MatchString(line) {
				return true
			}
		}
	}
	return false
}
