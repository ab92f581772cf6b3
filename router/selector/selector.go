// Package selector compiles PRI filters, the facility.priority expressions that
// syslogd configurations begin their rules with.
package selector

import (
	"strings"

	"syslogd/internal/diag"
	"syslogd/message"
)

// Selector says for each facility which severities match: bit n is severity n.
// Facility 24, "invld", is the last.
type Selector [25]uint8

// Match reports whether a message of priority p is selected.
func (s *Selector) Match(p message.Priority) bool {
	f := p >> 3
	return f < 25 && s[f]&(1<<(p&7)) != 0
}

// all is the mask of all severities.
const all = 0xff

// Parse compiles text, for instance "mail.info;auth,authpriv.none". Selectors
// apply from left to right, each to the mask that those before it have left. A
// semicolon or, as in rsyslogd, a comma stands behind the priority of each. An
// unknown name is reported in diags, at its place in rng; what was understood
// before it then still matches, as in rsyslogd. ok is false when nothing was.
func Parse(text string, rng diag.Range, diags *diag.List) (s Selector, ok bool) {
	for at := 0; at < len(text); {
		if text[at] == ';' || text[at] == ',' {
			at++
			continue
		}
		n := length(text[at:])
		if !s.apply(text[at:at+n], sub(rng, at, n), diags) {
			d := diags.Last()
			if d.Effect = "the selectors before it apply"; !ok {
				d.Effect = "this rule is ignored"
			}
			return s, ok
		}
		ok = true
		at += n
	}
	return s, ok
}

// length is that of the selector which text begins with: up to a semicolon, or
// to a comma behind the dot.
func length(text string) int {
	dot := false
	for i, c := range []byte(text) {
		switch {
		case c == ';', c == ',' && dot:
			return i
		case c == '.':
			dot = true
		}
	}
	return len(text)
}

// sub is the part of rng that begins at byte from and has n bytes.
func sub(rng diag.Range, from, n int) diag.Range {
	rng.Start.Col += from
	rng.Len = n
	return rng
}

// apply changes the masks as one selector says.
func (s *Selector) apply(text string, rng diag.Range, diags *diag.List) bool {
	facilities, priority, found := strings.Cut(text, ".")
	if !found {
		diags.Errorf(rng, "selector %q has no priority", text).Hint = `write "` + text + `.*"`
		return false
	}
	change, ok := parsePriority(priority, sub(rng, len(facilities)+1, len(priority)), diags)
	if !ok {
		return false
	}
	at := 0
	for _, name := range strings.Split(facilities, ",") {
		place := sub(rng, at, len(name))
		at += len(name) + 1
		if name == "*" {
			for i := range s {
				s[i] = change.to(s[i])
			}
			continue
		}
		f, known := facility(name)
		if !known {
			unknown(diags, place, "facility", name, message.FacilityNames())
			return false
		}
		s[f] = change.to(s[f])
	}
	return true
}

// facility looks a name up. Facility 24 stands for both "invld" and "mark":
// mark messages have a flag of their own.
func facility(name string) (message.Facility, bool) {
	return message.FacilityNamed(strings.ToLower(name))
}

func unknown(diags *diag.List, rng diag.Range, what, name string, known []string) {
	d := diags.Errorf(rng, "unknown %s %q", what, name)
	if s := diag.Suggest(name, known); s != "" {
		d.Hint = `did you mean "` + s + `"?`
	}
}

// change is what a priority does to a mask.
type change struct {
	mask   uint8
	remove bool
	clear  bool
}

func (c change) to(mask uint8) uint8 {
	switch {
	case c.clear:
		return 0
	case c.remove:
		return mask &^ c.mask
	}
	return mask | c.mask
}

// parsePriority reads [!][=]priority.
func parsePriority(text string, rng diag.Range, diags *diag.List) (c change, ok bool) {
	rest := text
	negate := strings.HasPrefix(rest, "!")
	rest = strings.TrimPrefix(rest, "!")
	only := strings.HasPrefix(rest, "=")
	rest = strings.TrimPrefix(rest, "=")
	name := strings.ToLower(rest)
	switch {
	case name == "none":
		if negate { // f.!none
			return change{mask: all}, true
		}
		return change{clear: true}, true
	case name == "*":
		if negate {
			return change{clear: true}, true
		}
		return change{mask: all}, true
	}
	sev, known := severity(name)
	if !known {
		unknown(diags, sub(rng, len(text)-len(rest), len(rest)), "priority", rest, message.SeverityNames())
		return change{}, false
	}
	if only {
		c.mask = 1 << sev
	} else {
		c.mask = 1<<(sev+1) - 1
	}
	c.remove = negate
	return c, true
}

func severity(name string) (message.Severity, bool) {
	if len(name) == 1 && name[0] >= '0' && name[0] <= '7' {
		return message.Severity(name[0] - '0'), true
	}
	return message.SeverityNamed(name)
}
