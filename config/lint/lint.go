// Package lint finds what is valid in a configuration but rarely meant: the
// traps of the language. It says what the text means and how to write what was
// probably meant. It changes nothing.
//
// lint.go looks at the shape of the text, expr.go at conditions, files.go at names
// of files, net.go at addresses and ports, reach.go at what is never reached,
// foreign.go at files of other programs.
package lint

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// Host is what a configuration means on the host that it is checked on.
type Host struct {
	// Name is the host's own name.
	Name string
	// IsDir reports whether a directory is there.
	IsDir func(path string) bool
}

// Check adds a note for each trap in the configuration and in what it includes.
func Check(cfg *config.Config, host Host, diags *diag.List) {
	l := &linter{cfg: cfg, host: host, diags: diags, late: map[string][]*syntax.Directive{}, runs: map[string]*syntax.Directive{}}
	if l.foreign() {
		return // what else could be said is about a language that nobody wrote
	}
	syntax.InspectFile(cfg.File, l.node)
	l.endOfFile()
	l.objects()
	l.reach()
}

type linter struct {
	cfg   *config.Config
	host  Host
	diags *diag.List
	// late are directives for inputs that no line has made an input of yet, and
	// runs the last line of each module that did.
	late map[string][]*syntax.Directive
	runs map[string]*syntax.Directive
	// pending are directives for actions that no action has used yet.
	pending []*syntax.Directive
	// legacyActions is whether a selector line had an action.
	legacyActions bool
	// hide are names of files that an empty property hides, seesEmpty the properties
	// that are compared with an empty text.
	hide      []hiding
	seesEmpty []string
}

func (l *linter) node(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.If:
		l.expr(n.Cond)
		l.constant(n.Cond)
	case *syntax.Set:
		l.expr(n.Value)
		l.array(n)
	case *syntax.PRIFilter:
		l.selector(n)
	case *syntax.PropFilter:
		l.propFilter(n)
	case *syntax.Template:
		l.template(n)
		l.sizes(&n.Object)
	case *syntax.Ruleset:
		l.sizes(&n.Object)
	case *syntax.Object:
		l.sizes(n)
	case *syntax.ActionObject:
		l.sizes(&n.Object)
		l.useless(n)
	case *syntax.LegacyAction:
		l.legacyActions = true
		l.pending = nil
	case *syntax.Directive:
		l.directive(n)
	}
	return true
}

// expr looks at an expression from its root.
func (l *linter) expr(e syntax.Expr) {
	syntax.Inspect(e, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Binary:
			l.comparesEmpty(n)
			if mixed(n) {
				l.diags.Notef(n.Range(), `"and" and "or" bind alike, from left to right: this means %s`, parenthesised(n)).
					Hint = "write the parentheses that you mean"
				l.operands(n)
				return false
			}
			l.not(n)
			l.chain(n)
			l.comparison(n)
			return !logic(n)
		case *syntax.Number:
			if len(n.Text) > 1 && n.Text[0] == '0' && n.Text[1]|0x20 != 'x' {
				l.diags.Notef(n.Range(), "%s is octal, it means %d", n.Text, n.Value).Hint = fmt.Sprintf("write %d, or without the leading 0", n.Value)
			}
		}
		return true
	})
}

// operands looks at what a chain of and, or joins.
func (l *linter) operands(e syntax.Expr) {
	if b, ok := e.(*syntax.Binary); ok && logic(b) {
		l.operands(b.X)
		l.operands(b.Y)
		return
	}
	l.operand(e, nil)
	l.expr(e)
}

func logic(b *syntax.Binary) bool { return b.Op == "and" || b.Op == "or" }

// mixed reports whether a chain of and, or without parentheses has both.
func mixed(b *syntax.Binary) bool {
	if !logic(b) {
		return false
	}
	x, ok := b.X.(*syntax.Binary)
	return ok && logic(x) && (x.Op != b.Op || mixed(x))
}

// parenthesised is the meaning of a chain of and, or.
func parenthesised(e syntax.Expr) string {
	b, ok := e.(*syntax.Binary)
	if !ok || !logic(b) {
		return syntax.ExprString(e)
	}
	x := parenthesised(b.X)
	if inner, ok := b.X.(*syntax.Binary); ok && logic(inner) {
		x = "(" + x + ")"
	}
	return x + " " + b.Op + " " + syntax.ExprString(b.Y)
}

// not looks for a not that negates less than it seems to.
func (l *linter) not(b *syntax.Binary) {
	u, ok := b.X.(*syntax.Unary)
	if !ok || u.Op != "not" || logic(b) {
		return
	}
	rest := b.Op + " " + syntax.ExprString(b.Y)
	d := l.diags.Notef(b.Range(), `"not" binds tighter than %q: this means (not %s) %s`, b.Op, syntax.ExprString(u.X), rest)
	d.Hint = fmt.Sprintf("write not (%s %s)", syntax.ExprString(u.X), rest)
}

var (
	countName = regexp.MustCompile(`(?i)size|bytes|limit|space|interval|timeout|threads|count|max|batch|burst`)
	octal     = regexp.MustCompile(`^0[0-7]+[kmgtpeKMGTPE]?$`)
	sizeName  = regexp.MustCompile(`(?i)size|bytes|limit|space`)
	sizeValue = regexp.MustCompile(`^([0-9]+)([KMGTPE])$`)
)

// sizes looks for numbers that are not what they seem: suffixes in capitals
// count in thousands, and a leading 0 means octal.
func (l *linter) sizes(o *syntax.Object) {
	for i := range o.Params {
		p := &o.Params[i]
		if len(p.Value.Items) == 1 && countName.MatchString(p.Name) && octal.MatchString(p.Value.Items[0].Text) {
			digits := strings.TrimRight(p.Value.Items[0].Text, "kmgtpeKMGTPE")
			if n, err := strconv.ParseInt(digits, 8, 64); err == nil && n > 0 {
				l.diags.Notef(p.Value.Range(), "%s is octal, it means %d", digits, n).Hint = fmt.Sprintf("write %d, or without the leading 0", n)
			}
		}
		if len(p.Value.Items) != 1 || !sizeName.MatchString(p.Name) {
			continue
		}
		if m := sizeValue.FindStringSubmatch(p.Value.Items[0].Text); m != nil {
			zeros := strings.Repeat("000", strings.Index("KMGTPE", m[2])+1)
			d := l.diags.Notef(p.Value.Range(), "a capital %s counts in thousands: %s is %s%s", m[2], m[0], m[1], zeros)
			d.Hint = fmt.Sprintf("write %s%s for powers of 1024", m[1], strings.ToLower(m[2]))
		}
	}
}

// unescaped is a property in double quotes without an option that escapes it.
var unescaped = regexp.MustCompile(`"[^"%]*%([^%:]+)(:[^%]*)?%[^"%]*"`)

// escapes reports whether the template escapes all its values.
func escapes(t *syntax.Template) bool {
	for _, option := range []string{"option.json", "option.jsonf", "option.jsonftree"} {
		if value(&t.Object, option) == "on" {
			return true
		}
	}
	return false
}

// value is the text of a parameter with one value, or "".
func value(o *syntax.Object, name string) string {
	if p := o.Param(name); p != nil && len(p.Value.Items) == 1 {
		return p.Value.Items[0].Text
	}
	return ""
}

// template looks for JSON that breaks when a message has a quote in it.
func (l *linter) template(t *syntax.Template) {
	if escapes(t) {
		return
	}
	if text := t.Param("string"); text != nil && len(text.Value.Items) == 1 {
		l.handwritten(text.Value.Range(), text.Value.Items[0].Text)
		l.fileName(text.Value.Range(), text.Value.Items[0].Text)
	}
	if t.HasList {
		l.fileNameList(t)
		l.handwrittenList(t)
	}
}

// looksLikeJSON is for text with the beginning of an object in it.
func looksLikeJSON(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasPrefix(s, "{") && strings.Contains(s, `":`)
}

// harmless are properties that have no quotes in them.
var harmless = map[string]bool{
	"pri": true, "pri-text": true, "syslogfacility": true, "syslogfacility-text": true, "syslogseverity": true, "syslogseverity-text": true,
	"syslogpriority": true, "syslogpriority-text": true, "timereported": true, "timestamp": true, "timegenerated": true, "timereceived": true,
	"fromhost-ip": true, "fromhost-port": true, "protocol-version": true, "uuid": true, "$!all-json": true, "$!all-json-plain": true,
	"jsonmesg": true, "iut": true, "$now": true, "$year": true, "$month": true, "$day": true, "$hour": true, "$minute": true,
}

// handwritten looks at the text of a template.
func (l *linter) handwritten(at diag.Range, s string) {
	if !looksLikeJSON(s) {
		return
	}
	for _, m := range unescaped.FindAllStringSubmatch(s, -1) {
		if strings.Contains(strings.ToLower(m[2]), "json") || harmless[strings.ToLower(m[1])] {
			continue
		}
		d := l.diags.Notef(at, "JSON written by hand breaks when %%%s%% has a quote, a backslash or a control character in it", m[1])
		d.Hint = fmt.Sprintf(`write %%%s:::json%%, or a template(type="list" option.jsonf="on")`, m[1])
		return
	}
}

// handwrittenList looks at a list template whose constants are JSON. A property
// between quotes needs a format that escapes it.
func (l *linter) handwrittenList(t *syntax.Template) {
	before, json := "", false
	for _, e := range t.Entries {
		if e.Kind == "constant" {
			before = value(e, "value")
			json = json || looksLikeJSON(before)
			continue
		}
		name := value(e, "name")
		if json && strings.HasSuffix(before, `"`) && !strings.HasPrefix(strings.ToLower(value(e, "format")), "json") && !harmless[strings.ToLower(name)] {
			d := l.diags.Notef(e.Range(), "JSON written by hand breaks when %s has a quote, a backslash or a control character in it", name)
			d.Hint = `add format="json" to the property, or option.jsonf="on" to the template`
			return
		}
		before = ""
	}
}

// legacyTemplate looks at $template name,"text"[,options].
func (l *linter) legacyTemplate(d *syntax.Directive) {
	_, text, _ := strings.Cut(d.Value, ",")
	text = strings.TrimSpace(text)
	end := strings.LastIndexByte(text, '"')
	if end < 1 || text[0] != '"' || strings.Contains(strings.ToLower(text[end:]), "json") {
		return
	}
	l.fileName(d.ValueRange, text[1:end])
	l.handwritten(d.ValueRange, strings.ReplaceAll(text[1:end], `\"`, `"`))
}

// staying are directives that hold for all file actions that follow, until they
// are set again; those that begin with Action are for the next action line.
var staying = map[string]bool{
	"actionfiledefaulttemplate": true, "fileowner": true, "filegroup": true, "filecreatemode": true, "dirowner": true, "dirgroup": true,
	"dircreatemode": true, "umask": true, "failonchownfailure": true, "createdirs": true,
}

func (l *linter) directive(d *syntax.Directive) {
	l.inputDirective(d)
	switch {
	case d.Name == "template":
		l.legacyTemplate(d)
	case staying[d.Name] && l.legacyActions:
		n := l.diags.Notef(d.Range(), "$%s holds for all action lines that follow, also for those far below, and for none above", d.Spelling)
		n.Hint = `write action(type="omfile" ...) with the parameter, it holds for that action alone`
	case strings.HasPrefix(d.Name, "action") && !staying[d.Name]:
		l.pending = append(l.pending, d)
	}
}

// useless reports directives in front of an action() object, which does not see them.
func (l *linter) useless(a *syntax.ActionObject) {
	for _, d := range l.pending {
		n := l.diags.Notef(d.Range(), "$%s has no effect on action(), which follows", d.Spelling)
		n.Related = []diag.Related{{Range: a.Range(), Text: "this action"}}
		n.Hint = "give it as a parameter of the action"
	}
	l.pending = nil
}

func (l *linter) endOfFile() {
	l.hiddenFiles()
	for _, d := range l.pending {
		l.diags.Notef(d.Range(), "$%s has no effect: no action follows", d.Spelling).
			Hint = "write it in front of the action"
	}
	l.lateDirectives()
}
