// Package template renders messages: templates of all of rsyslog's types, with
// the property replacer, compiled to a list of parts when the configuration is
// read.
package template

import (
	"strings"

	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/router/property"
)

// Template is a compiled template. It does not change and may be used by any
// number of workers.
type Template struct {
	Name string
	// Text is the text of a template of type string, as written; else empty.
	Text  string
	parts []part
	// escape is the template's option.sql, stdsql or json; it applies to values.
	escape escapeMode
	// object is option.jsonf: the parts are members of a JSON object.
	object bool
	// tree is option.jsonftree: members whose names have dots are in objects.
	tree *branch
	// legacy is set for $template: a property that does not exist ends the text
	// there, and costs a template() of type string, as in rsyslogd.
	legacy bool
	// exactCase is option.caseSensitive: names of variables keep their case.
	// Otherwise they are in lower case, whatever global() says.
	exactCase bool
	// subtree is the variable that a template of type subtree prints.
	subtree *property.Property
	// path: the template names files, see ForPath.
	path bool
	// regexps compiles regular expressions.
	regexps *posix.Compiler
}

// part is a constant or a property.
type part struct {
	kind     kind
	constant []byte
	prop     property.Property
	spec     replacer
	run      *run // nil: none begins here
	// element is set in a path where the property stands as it is: one that suits a file
	// name needs nothing done to it.
	element bool
}

type escapeMode uint8

const (
	noEscape escapeMode = iota
	sqlEscape
	stdSQLEscape
	jsonEscape
)

// Outline is the template for people: Text or, for other types than string, the
// constants with the properties' names between them.
func (t *Template) Outline() string {
	if t.Text != "" {
		return t.Text
	}
	var b strings.Builder
	for i := range t.parts {
		if p := &t.parts[i]; p.constant != nil {
			b.Write(p.constant)
		} else {
			b.WriteString("%" + p.prop.Name + "%")
		}
	}
	return b.String()
}

// Append renders m. It does not allocate but for what dst has to grow, unless a
// property is a variable or a regular expression is involved.
func (t *Template) Append(dst []byte, m *message.Message, ctx *property.Context) []byte {
	if t.path {
		return t.appendPath(dst, m, ctx)
	}
	if t.tree != nil {
		return append(t.appendTree(dst, t.tree, m, ctx), '\n')
	}
	if t.object {
		return t.appendObject(dst, m, ctx)
	}
	if t.subtree != nil {
		return t.subtree.Append(dst, m, ctx)
	}
	for i := 0; i < len(t.parts); i++ {
		p := &t.parts[i]
		if p.run != nil {
			if s, ok := p.run.of(m); ok {
				dst = append(dst, m.Bytes(s)...)
				i += p.run.parts - 1
				continue
			}
		}
		if p.kind != general {
			dst = p.appendFast(dst, m, ctx)
		} else {
			dst = t.appendValue(dst, p, m, ctx)
		}
	}
	return dst
}

func (t *Template) appendValue(dst []byte, p *part, m *message.Message, ctx *property.Context) []byte {
	start := len(dst)
	dst = p.spec.append(dst, &p.prop, m, ctx)
	if t.escape == noEscape {
		return dst
	}
	ctx.Temp = append(ctx.Temp[:0], dst[start:]...)
	return t.escape.append(dst[:start], ctx.Temp)
}

func (e escapeMode) append(dst, value []byte) []byte {
	for _, c := range value {
		switch {
		case e == sqlEscape && (c == '\'' || c == '\\'), e == jsonEscape && (c == '"' || c == '\\'):
			dst = append(dst, '\\')
		case e == stdSQLEscape && c == '\'':
			dst = append(dst, '\'')
		}
		dst = append(dst, c)
	}
	return dst
}

// appendObject renders option.jsonf: members that are empty on purpose leave no comma.
func (t *Template) appendObject(dst []byte, m *message.Message, ctx *property.Context) []byte {
	dst = append(dst, '{')
	first := true
	for i := range t.parts {
		p := &t.parts[i]
		start := len(dst)
		if !first {
			dst = append(dst, ", "...)
		}
		before := len(dst)
		if p.constant != nil {
			dst = append(dst, p.constant...)
		} else {
			dst = t.appendValue(dst, p, m, ctx)
		}
		if len(dst) == before {
			dst = dst[:start]
			continue
		}
		first = false
	}
	return append(dst, '}', '\n')
}

// Prefix is the constant text that the template begins with.
func (t *Template) Prefix() string {
	var b strings.Builder
	for i := range t.parts {
		if t.parts[i].constant == nil {
			break
		}
		b.Write(t.parts[i].constant)
	}
	return b.String()
}

// IsSQL reports whether the template escapes values for a database.
func (t *Template) IsSQL() bool { return t.escape == sqlEscape || t.escape == stdSQLEscape }

func (t *Template) constant(text string) {
	if text == "" {
		return
	}
	t.parts = append(t.parts, part{kind: constant, constant: []byte(text)})
}

// Set is the templates of a configuration.
type Set struct {
	// Regexps compiles regular expressions; nil refuses back-references.
	Regexps *posix.Compiler

	byName map[string]*Template
	// broken are the names of templates that are in error.
	broken map[string]diag.Range
}

// Broken reports whether a template of that name is in error, and where it stands.
func (s *Set) Broken(name string) (diag.Range, bool) {
	at, ok := s.broken[name]
	return at, ok
}

// watch notes the template called name as broken when it is not defined at the end.
func (s *Set) watch(name string, rng diag.Range) func() {
	return func() {
		if s.byName[name] == nil {
			s.broken[name] = rng
		}
	}
}

// NewSet returns a Set that holds the built-in templates.
func NewSet() *Set {
	s := &Set{byName: map[string]*Template{}, broken: map[string]diag.Range{}}
	addBuiltins(s)
	return s
}

// Lookup returns the template called name, or nil.
func (s *Set) Lookup(name string) *Template { return s.byName[name] }

// Names returns the names that a configuration may use, for suggestions.
func (s *Set) Names() []string {
	var out []string
	for n := range s.byName {
		if !strings.HasPrefix(n, " ") {
			out = append(out, n)
		}
	}
	return out
}

// add stores t unless the name is taken: the first definition wins, as in rsyslogd.
func (s *Set) add(t *Template, rng diag.Range, diags *diag.List) {
	if s.byName[t.Name] != nil {
		diags.Notef(rng, "template %q is defined already", t.Name).Effect = "the first definition is used"
		return
	}
	t.findRuns()
	s.byName[t.Name] = t
}
