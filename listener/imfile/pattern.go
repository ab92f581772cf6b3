package imfile

import (
	"fmt"
	"path"
	"sort"
	"strings"

	"syslogd/internal/vfs"
)

// pattern is a path with wildcards, as the shell and rsyslogd take them.
type pattern struct {
	text string
	alts []alternative
}

// alternative is a pattern without braces, split at slashes.
type alternative struct {
	root  string // "/" or "" for a relative path
	parts []part
}

type part struct {
	text string // literal name, or the expression for path.Match
	wild bool
}

// maxAlternatives bounds what braces expand to.
const maxAlternatives = 1000

// parsePattern reads a path.
func parsePattern(text string) (*pattern, error) {
	list, err := expandBraces(text, nil)
	if err != nil {
		return nil, err
	}
	p := &pattern{text: text}
	for _, s := range list {
		a, err := parseAlternative(s)
		if err != nil {
			return nil, err
		}
		p.alts = append(p.alts, a)
	}
	return p, nil
}

// expandBraces writes {a,b} out. A brace without partner is a literal, as in glob(3).
func expandBraces(s string, out []string) ([]string, error) {
	if len(out) >= maxAlternatives {
		return nil, fmt.Errorf("braces expand to more than %d paths", maxAlternatives)
	}
	open, items, end := braces(s)
	if open < 0 {
		return append(out, s), nil
	}
	var err error
	for _, item := range items {
		if out, err = expandBraces(s[:open]+item+s[end:], out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// braces finds the first {a,b} in s: where it begins, its items, where it ends.
func braces(s string) (open int, items []string, end int) {
	for open = 0; open < len(s); open++ {
		if s[open] == '\\' {
			open++
			continue
		}
		if s[open] != '{' {
			continue
		}
		depth, from := 0, open+1
		items = nil
		for i := from; i < len(s); i++ {
			switch c := s[i]; {
			case c == '\\':
				i++
			case c == '{':
				depth++
			case c == ',' && depth == 0:
				items = append(items, s[from:i])
				from = i + 1
			case c == '}' && depth == 0:
				return open, append(items, s[from:i]), i + 1
			case c == '}':
				depth--
			}
		}
	}
	return -1, nil, 0
}

func parseAlternative(s string) (alternative, error) {
	var a alternative
	if strings.HasPrefix(s, "/") {
		a.root = "/"
	}
	for _, name := range strings.Split(s, "/") {
		if name == "" || name == "." {
			continue
		}
		pt := part{text: name}
		if strings.ContainsAny(name, `*?[\`) {
			pt.wild = true
			pt.text = strings.ReplaceAll(name, "[!", "[^")
			if _, err := path.Match(pt.text, ""); err != nil {
				return a, fmt.Errorf("%q is no pattern: a bracket does not close", name)
			}
		}
		a.parts = append(a.parts, pt)
	}
	if len(a.parts) == 0 {
		return a, fmt.Errorf("%q names no file", s)
	}
	return a, nil
}

// static reports whether the pattern is the name of one file.
func (p *pattern) static() bool {
	if len(p.alts) != 1 {
		return false
	}
	for _, pt := range p.alts[0].parts {
		if pt.wild {
			return false
		}
	}
	return true
}

// match reports whether a name can match. As for the shell a wildcard does not
// find hidden files.
func (pt *part) match(name string) bool {
	if !pt.wild {
		return pt.text == name
	}
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pt.text, ".") {
		return false
	}
	ok, _ := path.Match(pt.text, name)
	return ok
}

// concerns reports whether the file or directory at name may be, or lead to, a
// file of the pattern.
func (p *pattern) concerns(name string) bool {
	root := ""
	if strings.HasPrefix(name, "/") {
		root = "/"
	}
	names := strings.Split(strings.TrimPrefix(name, "/"), "/")
next:
	for _, a := range p.alts {
		if a.root != root || len(names) > len(a.parts) {
			continue
		}
		for i, n := range names {
			if !a.parts[i].match(n) {
				continue next
			}
		}
		return true
	}
	return false
}

// matches reports whether the path is one of the pattern.
func (p *pattern) matches(name string) bool {
	depth := len(strings.Split(strings.Trim(name, "/"), "/"))
	for _, a := range p.alts {
		if len(a.parts) == depth {
			one := pattern{alts: []alternative{a}}
			if one.concerns(name) {
				return true
			}
		}
	}
	return false
}

// walker finds the files of a pattern.
type walker struct {
	fs vfs.FS
	// enter is called for each directory before it is read, so that a watch on
	// it sees what the reading does not.
	enter func(dir string)
	// trace is called for each path before it is looked at, so that a watch on the way to it
	// sees what a link leads to later.
	trace func(path string)
	// Bounds of what is found, and whether one was met.
	maxFiles, maxDirs int
	dirs              int
	full              bool

	found map[string]vfs.Info
	names []string
}

// walk finds all files, and returns their paths in order; found has what they are.
func (w *walker) walk(p *pattern) []string {
	w.found = map[string]vfs.Info{}
	for _, a := range p.alts {
		base := a.root
		if base == "" {
			base = "."
		}
		w.step(base, a.parts)
	}
	sort.Strings(w.names)
	return w.names
}

func (w *walker) step(base string, parts []part) {
	pt := parts[0]
	if !pt.wild {
		w.literal(base, parts)
		return
	}
	if !w.visit(base) {
		return
	}
	names, err := w.fs.ReadDir(base)
	if err != nil {
		return // it is gone; its parent is watched or looked at again
	}
	sort.Strings(names)
	for _, name := range names {
		if pt.match(name) {
			w.take(join(base, name), parts)
		}
	}
}

func (w *walker) literal(base string, parts []part) {
	next := join(base, parts[0].text)
	if len(parts) > 1 {
		if info, err := w.stat(next); err == nil && info.Mode.IsDir() {
			w.step(next, parts[1:])
			return
		}
	}
	// The directory in which the file, or the next directory, appears.
	if w.visit(base) {
		w.take(next, parts)
	}
}

// visit counts a directory in.
func (w *walker) visit(dir string) bool {
	if w.dirs++; w.dirs > w.maxDirs {
		w.full = true
		return false
	}
	w.enter(dir)
	return true
}

// take goes on with what matched the first of parts.
func (w *walker) take(name string, parts []part) {
	info, err := w.stat(name)
	switch {
	case err != nil:
	case len(parts) > 1:
		if info.Mode.IsDir() {
			w.step(name, parts[1:])
		}
	case !info.Mode.IsRegular():
	case len(w.names) >= w.maxFiles:
		w.full = true
	default:
		if _, twice := w.found[name]; !twice {
			w.found[name] = info
			w.names = append(w.names, name)
		}
	}
}

// stat looks at what a path leads to, also where that is nothing yet.
func (w *walker) stat(path string) (vfs.Info, error) {
	w.trace(path)
	return w.fs.Stat(path)
}
