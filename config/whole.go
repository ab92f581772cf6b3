package config

import (
	"bytes"
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
	for _, lines := range dropped {
		text := bytes.Split(lines.Src.Text, []byte("\n"))
		for n := lines.First; n <= min(lines.Last, len(text)); n++ {
			line := string(text[n-1])
			if at := d.Range.Start; at.Src == lines.Src && at.Line == n && at.Col <= len(line) {
				end := min(at.Col-1+d.Range.Len, len(line))
				line = line[:at.Col-1] + strings.Repeat(" ", end-at.Col+1) + line[end:]
			}
			if hasWord(line, d.Missing) {
				return true
			}
		}
	}
	return false
}

// hasWord reports whether a line has a word, in whatever case. What is no UTF-8 is one, too.
func hasWord(line, word string) bool {
	line, word = strings.ToLower(line), strings.ToLower(word)
	for i := strings.Index(line, word); i >= 0; {
		end := i + len(word)
		if (i == 0 || !goesOn(line[i-1]) && line[i-1] != '.') && (end == len(line) || !goesOn(line[end])) {
			return true
		}
		next := strings.Index(line[i+1:], word)
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// goesOn reports whether a byte is part of a name.
func goesOn(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z'
}
