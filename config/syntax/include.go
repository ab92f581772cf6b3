package syntax

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"syslogd/internal/diag"
)

// Bounds for includes. rsyslogd refuses recursion only.
const (
	maxIncludeDepth = 32
	maxIncludes     = 10000
)

// includeArgs are the parameters of an include, from either style.
type includeArgs struct {
	file    string
	at      diag.Range // of the file name
	mode    string     // required, optional or abort-if-missing
	legacy  bool
	nesting level
}

// include reads include(...) and the texts that it names.
func (p *parser) include(t token) (*Include, bool) {
	o := p.object(t)
	if o == nil {
		return nil, false
	}
	inc := &Include{Object: *o}
	p.readsInclude(inc)
	return inc, true
}

// readsInclude reads what the parameters of inc name.
func (p *parser) readsInclude(inc *Include) {
	p.checkIncludeParams(inc)
	o := &inc.Object
	if c := o.Param("config.enabled"); c != nil && text(c) != "on" {
		return
	}
	file, inline := o.Param("file"), o.Param("text")
	switch {
	case file != nil && inline != nil:
		p.ignoredInclude(inline.Range(), "include() has both file and text", "remove one of them")
	case file != nil:
		a := includeArgs{file: text(file), at: file.Value.Range(), mode: p.includeMode(inc), nesting: p.nesting()}
		before := p.abort
		inc.Files = p.readIncludes(a)
		inc.Abort = p.abort && !before
	case inline != nil:
		inc.Files = p.includeText(inline)
	default:
		p.ignoredInclude(inc.Range(), "include() names no file", `include(file="/etc/rsyslog.d/*.conf")`)
	}
}

func text(p *Param) string {
	if len(p.Value.Items) == 0 {
		return ""
	}
	return p.Value.Items[0].Text
}

func (p *parser) ignoredInclude(r diag.Range, msg, hint string) {
	d := p.errorf(r, "%s", msg)
	d.Hint, d.Effect = hint, "this include is ignored"
}

func (p *parser) checkIncludeParams(inc *Include) {
	known := []string{"file", "text", "mode", "config.enabled"}
	for i := range inc.Params {
		par := &inc.Params[i]
		found := false
		for _, k := range known {
			found = found || k == par.Name
		}
		if found {
			continue
		}
		d := p.errorf(par.Range(), "parameter %q not known for include()", par.Spelling)
		d.Effect = "this parameter is ignored"
		if s := diag.Suggest(par.Name, known); s != "" {
			d.Hint = fmt.Sprintf("did you mean %q?", s)
		}
	}
}

func (p *parser) includeMode(inc *Include) string {
	m := inc.Param("mode")
	if m == nil {
		return "required"
	}
	switch v := text(m); v {
	case "required", "optional", "abort-if-missing":
		return v
	default:
		d := p.errorf(m.Value.Range(), "want required, optional or abort-if-missing, found %q", v)
		d.Effect = "the include is read as with mode=\"required\""
	}
	return "required"
}

func (p *parser) nesting() level {
	if p.where == insideBlock || p.depth > 1 {
		return insideBlock
	}
	return topLevel
}

// includeText parses the value of text=.
func (p *parser) includeText(par *Param) []*File {
	r := par.Value.Range()
	src := &diag.Source{
		Name: fmt.Sprintf("%s:%d(text)", p.src.src.Name, r.Start.Line),
		Text: []byte(text(par)),
		From: r,
	}
	if !p.mayInclude(par.Range()) {
		return nil
	}
	p.stack = append(p.stack, src.Name)
	defer func() { p.stack = p.stack[:len(p.stack)-1] }()
	return []*File{p.parse(src, p.nesting())}
}

// includeConfig reads the files of $IncludeConfig.
func (p *parser) includeConfig(d *Directive) {
	// As in rsyslogd the name ends at a blank, and quotes belong to it.
	name, rest, _ := strings.Cut(d.Value, " ")
	if i := strings.IndexByte(name, '\t'); i >= 0 {
		name, rest = name[:i], name[i:]+rest
	}
	if name == "" {
		p.ignoredInclude(d.Range(), "$IncludeConfig names no file", "$IncludeConfig /etc/rsyslog.d/*.conf")
		return
	}
	r := d.ValueRange
	r.Len = min(r.Len, len(name))
	if rest = strings.TrimSpace(rest); rest != "" && rest[0] != '#' {
		w := p.warnf(r, "$IncludeConfig takes one name; %q behind it is ignored", clip(rest))
		w.Hint = "write one line for each file"
	}
	d.Files = p.readIncludes(includeArgs{file: name, at: r, mode: "required", legacy: true, nesting: p.nesting()})
}

// readIncludes finds and parses what a names.
func (p *parser) readIncludes(a includeArgs) []*File {
	dir := strings.HasSuffix(a.file, "/")
	if hasGlob(a.file) {
		pattern := a.file
		if dir {
			pattern += "*"
		}
		return p.readMatches(a, pattern)
	}
	if dir && len(a.file) > 1 {
		a.file = strings.TrimRight(a.file, "/")
	}
	return p.readInclude(a, true)
}

// readDir reads all entries of a directory whose names do not begin with a dot.
func (p *parser) readDir(a includeArgs) []*File {
	return p.readMatches(a, escapeGlob(a.file)+"/*")
}

func (p *parser) readMatches(a includeArgs, pattern string) []*File {
	names, err := p.opt.glob(pattern)
	if err != nil {
		p.ignoredInclude(a.at, fmt.Sprintf("the pattern %s: %v", pattern, err), "")
		return nil
	}
	var files []*File
	for _, name := range names {
		if p.gaveUp() {
			break
		}
		sub := a
		sub.file = name
		files = append(files, p.readInclude(sub, false)...)
	}
	return files
}

// absolute is the one name of a file that both a relative and an absolute path lead to.
func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return filepath.Clean(name)
}

// readInclude reads one file, or the directory of that name. named is set when
// the configuration has the name itself, not a pattern that matched it.
func (p *parser) readInclude(a includeArgs, named bool) []*File {
	if !p.mayInclude(a.at) {
		return nil
	}
	for _, open := range p.stack {
		if absolute(open) == absolute(a.file) {
			p.ignoredInclude(a.at, fmt.Sprintf("the file %s includes itself", a.file), "")
			return nil
		}
	}
	body, err := p.opt.readInclude(a.file)
	switch {
	case errors.Is(err, syscall.EISDIR):
		p.stack = append(p.stack, a.file)
		defer func() { p.stack = p.stack[:len(p.stack)-1] }()
		return p.readDir(a)
	case errors.Is(err, errNotRegular) && !named:
		return nil
	case err != nil:
		p.unreadable(a, named, err)
		return nil
	case isYAML(a.file) && a.nesting == insideBlock:
		p.ignoredInclude(a.at, fmt.Sprintf("%s is in YAML, which declares objects: it can not be included in a block", a.file), "")
		return nil
	}
	p.stack = append(p.stack, a.file)
	defer func() { p.stack = p.stack[:len(p.stack)-1] }()
	return []*File{p.parse(&diag.Source{Name: a.file, Text: body, From: a.at}, a.nesting)}
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// mayInclude checks the bounds.
func (p *parser) mayInclude(r diag.Range) bool {
	p.files++
	switch {
	case len(p.stack) > maxIncludeDepth:
		if !p.tooDeep {
			p.tooDeep = true
			p.ignoredInclude(r, fmt.Sprintf("includes are nested more than %d deep", maxIncludeDepth), "")
		}
		return false
	case p.files > maxIncludes:
		if p.files == maxIncludes+1 {
			p.ignoredInclude(r, fmt.Sprintf("there are more than %d includes", maxIncludes), "")
		}
		return false
	}
	return true
}

// unreadable handles a file that is not there or cannot be read.
func (p *parser) unreadable(a includeArgs, named bool, err error) {
	missing := errors.Is(err, fs.ErrNotExist)
	if missing && a.mode == "optional" {
		return
	}
	d := p.errorf(a.at, "the included file %s", reason(a.file, err))
	switch {
	case a.mode == "abort-if-missing" && !p.stopped:
		p.abort = true
		d.Effect = "the server does not start: the mode is abort-if-missing"
	case a.legacy && named:
		// rsyslogd's scanner ends the configuration here.
		if !p.stopped {
			p.missing = a.nesting == topLevel // else a brace is missing, too
			d.Effect = "the configuration ends here: all that follows has no effect"
		}
		d.Hint = `include(file="` + a.file + `" mode="optional") goes on without it`
		p.stop(nil)
	default:
		d.Effect = "the configuration goes on without it"
		if missing && named {
			d.Hint = `mode="optional" says that it need not be there`
		}
	}
}

func reason(name string, err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return name + " does not exist"
	case errors.Is(err, errNotRegular):
		return name + " is not a regular file"
	}
	return fmt.Sprintf("%s cannot be read: %v", name, err)
}

func (o Options) readInclude(name string) ([]byte, error) {
	if o.ReadFile != nil {
		return o.ReadFile(name)
	}
	return readRegular(name)
}

func (o Options) glob(pattern string) ([]string, error) {
	if o.Glob != nil {
		return o.Glob(pattern)
	}
	// In glob(3) a set is negated by !, and a leading dot is not matched by a wildcard.
	names, err := filepath.Glob(strings.ReplaceAll(pattern, "[!", "[^"))
	if err != nil {
		return nil, err
	}
	kept := names[:0]
	for _, n := range names {
		if !hiddenMatch(pattern, n) {
			kept = append(kept, n)
		}
	}
	sort.Strings(kept)
	return kept, nil
}

// hiddenMatch reports whether a wildcard of pattern has matched a leading dot of name.
func hiddenMatch(pattern, name string) bool {
	pats, names := strings.Split(pattern, "/"), strings.Split(name, "/")
	for i := range min(len(pats), len(names)) {
		if strings.HasPrefix(names[i], ".") && !strings.HasPrefix(pats[i], ".") && hasGlob(pats[i]) {
			return true
		}
	}
	return false
}

func hasGlob(s string) bool { return strings.ContainsAny(s, "*?[") }

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}
