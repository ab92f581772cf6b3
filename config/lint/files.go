package lint

import (
	"fmt"
	"regexp"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/router/property"
)

// literal are the parameters whose values are taken as they stand.
var literal = []string{"file", "pipe", "target", "port", "binary", "users", "socket"}

var inPercent = regexp.MustCompile(`%([^%:\s]+)(:[^%]*)?%`)

// names looks for properties and control characters where a fixed name is wanted.
func (l *linter) names(o *object) {
	for _, name := range literal {
		for _, value := range o.values[name] {
			l.fixedName(o, name, value)
		}
	}
	t, dynamic := strings.CutPrefix(o.first("file"), "?")
	if !dynamic {
		t = o.first("dynafile")
	}
	if t != "" {
		l.dynamicName(o, t)
	}
}

func (l *linter) fixedName(o *object, name, value string) {
	if m := inPercent.FindStringSubmatch(value); m != nil {
		if _, err := property.Resolve(m[1]); err == nil {
			d := l.diags.Notef(o.place(name), "%s is not replaced here: this is the fixed name %q", m[0], value)
			d.Hint = "only a template can do that"
			if name == "file" {
				d.Hint = fmt.Sprintf(`write template(name="path" type="string" string=%q) and dynaFile="path"`, value)
			}
			return
		}
	}
	if name != "target" && name != "port" && strings.ContainsFunc(value, isControl) {
		l.diags.Notef(o.place(name), "the name %q has a control character in it", value).
			Hint = fmt.Sprintf("write %q", strings.TrimFunc(value, isControl))
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// escaped is a control character as a template's text has it.
var escaped = regexp.MustCompile(`\\[nrtbf]`)

// dynamicName looks at the template that makes names of files.
func (l *linter) dynamicName(o *object, name string) {
	t := l.cfg.Templates.Lookup(name)
	if t == nil || !strings.ContainsFunc(t.Outline(), isControl) && !escaped.MatchString(t.Outline()) {
		return
	}
	at, related := o.place("dynafile"), l.templateRange(name)
	d := l.diags.Notef(at, "the names that the template %q makes have a line feed or another control character in them", name)
	if related.Start.IsValid() {
		d.Related = []diag.Related{{Range: related, Text: "the template"}}
	}
	d.Hint = `take the \n out of the template: it is for lines, not for names`
}

// templateRange is where a template is defined.
func (l *linter) templateRange(name string) (found diag.Range) {
	syntax.InspectFile(l.cfg.File, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Template:
			if value(&n.Object, "name") == name {
				found = n.Range()
			}
		case *syntax.Directive:
			if first, _, _ := strings.Cut(n.Value, ","); n.Name == "template" && strings.TrimSpace(first) == name {
				found = n.Range()
			}
		}
		return true
	})
	return found
}

// workDirectory looks whether the work directory is there.
func (l *linter) workDirectory() {
	dir := l.cfg.Global.WorkDirectory
	if dir == "" || l.host.IsDir == nil || l.host.IsDir(dir) {
		return
	}
	at := diag.Range{Start: diag.Pos{Src: l.cfg.File.Source}}
	syntax.InspectFile(l.cfg.File, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Directive:
			if n.Name == "workdirectory" {
				at = n.ValueRange
			}
		case *syntax.Object:
			if p := n.Param("workdirectory"); p != nil && n.Kind == "global" {
				at = p.Value.Range()
			}
		}
		return true
	})
	l.diags.Notef(at, "the work directory %s is not there: queues on disk and the places of imfile have nowhere to be", dir).
		Hint = "mkdir -p " + dir
}
