package lint

import (
	"regexp"
	"slices"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
)

// mayBeEmpty matches properties that messages often lack: the program's name, for
// firewalls and applications that send bare JSON, and variables that parsers set.
var mayBeEmpty = regexp.MustCompile(`(?i)^(programname|syslogtag|\$!.+)$`)

// emptyElement is such a property between a slash and the dot of a suffix.
var emptyElement = regexp.MustCompile(`/%([^%:]+)(?::[^%]*)?%\.`)

// fileName looks at a template that names files. An empty property leaves a name that
// begins with a dot: neither ls nor *.log shows it.
func (l *linter) fileName(at diag.Range, text string) {
	if strings.ContainsAny(text, " \n") || strings.Contains(text, `\n`) {
		return
	}
	for _, m := range emptyElement.FindAllStringSubmatch(text, -1) {
		if mayBeEmpty.MatchString(m[1]) && !strings.Contains(m[0], "secpath") {
			l.hidden(at, m[1])
			return
		}
	}
}

// fileNameList is fileName for a list template.
func (l *linter) fileNameList(t *syntax.Template) {
	for i := 1; i+1 < len(t.Entries); i++ {
		before, e, after := t.Entries[i-1], t.Entries[i], t.Entries[i+1]
		if e.Kind == "property" && mayBeEmpty.MatchString(value(e, "name")) && value(e, "securePath") == "" &&
			strings.HasSuffix(value(before, "value"), "/") && strings.HasPrefix(value(after, "value"), ".") {
			l.hidden(e.Range(), value(e, "name"))
			return
		}
	}
}

func (l *linter) hidden(at diag.Range, property string) {
	l.hide = append(l.hide, hiding{at, strings.ToLower(strings.TrimPrefix(property, "$"))})
}

// hiding is a name of files that is hidden when property is empty.
type hiding struct {
	at       diag.Range
	property string
}

// comparesEmpty notes that the configuration looks whether a property is empty.
func (l *linter) comparesEmpty(b *syntax.Binary) {
	v, isVariable := b.X.(*syntax.Variable)
	s, isText := b.Y.(*syntax.String)
	if isVariable && isText && s.Value == "" {
		l.seesEmpty = append(l.seesEmpty, strings.ToLower(v.Name))
	}
}

// hiddenFiles reports what hides files, unless the configuration sees to that.
func (l *linter) hiddenFiles() {
	for _, h := range l.hide {
		if !slices.Contains(l.seesEmpty, h.property) {
			l.reportHidden(h.at, h.property)
		}
	}
}

func (l *linter) reportHidden(at diag.Range, property string) {
	d := l.diags.Notef(at, "a message without $%s goes to a hidden file, whose name begins with a dot", property)
	d.Hint = `set a variable to another name when it is empty, or write a prefix such as "app-" in front of it`
}
