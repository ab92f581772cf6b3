package template

import (
	"errors"
	"fmt"
	"strings"

	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/router/property"
)

// place is where a text stands, for diagnostics. Offsets can be shown if the text
// stands on one line; else the whole value is.
type place struct {
	rng   diag.Range
	exact bool
	// offs, if not nil, are where the bytes of the text stand in the source,
	// counted from rng: there are escapes in front of some.
	offs []int
}

func (p place) at(from, n int) diag.Range {
	r := p.rng
	if !p.exact || !r.Start.IsValid() {
		return r
	}
	if p.offs != nil {
		end := p.offs[min(from+max(n, 1), len(p.offs)-1)]
		from = p.offs[min(from, len(p.offs)-1)]
		n = end - from
	}
	r.Start.Col += from
	r.Len = max(n, 1)
	return r
}

// DefineLegacy reads the value of a $template directive: name,"text"[,option...].
func (s *Set) DefineLegacy(value string, rng diag.Range, diags *diag.List) {
	name, rest, found := strings.Cut(value, ",")
	// rsyslogd takes the name up to the comma as it is, a blank at its end included.
	rest = strings.TrimLeft(rest, " \t")
	if !found || name == "" || rest == "" {
		diags.Errorf(rng, `want name,"text"`).Effect = "this template is ignored"
		return
	}
	defer s.watch(name, rng)()
	t := &Template{Name: name, regexps: s.Regexps}
	if rest[0] == '=' { // string generator
		s.plugin(t, firstOf(rest[1:]), rng, diags)
		return
	}
	if rest[0] != '"' {
		diags.Errorf(rng, "the text of template %q must be in double quotes", name).Effect = "this template is ignored"
		return
	}
	text, after, ok := quoted(rest)
	if !ok {
		diags.Errorf(rng, "the text of template %q does not end", name).Effect = "this template is ignored"
		return
	}
	base := place{rng: rng, exact: true}
	base.rng.Start.Col += len(value) - len(rest) + 1
	for _, o := range strings.Split(after, ",") {
		if o = strings.ToLower(strings.TrimSpace(o)); o != "" && !t.setOption(o) {
			diags.Errorf(rng, "unknown template option %q", o).Effect = "the option is ignored"
		}
	}
	if t.compileLegacy(text, base, diags) {
		s.add(t, rng, diags)
	}
}

func firstOf(s string) string {
	w, _, _ := strings.Cut(strings.TrimSpace(s), ",")
	return strings.TrimSpace(w)
}

// quoted splits "text" and what follows. A backslash keeps the quote behind it.
func quoted(s string) (text, after string, ok bool) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[1:i], s[i+1:], true
		}
	}
	return "", "", false
}

func (t *Template) setOption(name string) bool {
	switch name {
	case "sql":
		t.escape = sqlEscape
	case "stdsql":
		t.escape = stdSQLEscape
	case "json":
		t.escape = jsonEscape
	case "jsonf":
		t.object = true
	case "jsonftree":
		t.object, t.tree = true, newTree()
	case "nosql", "":
		t.escape = noEscape
	case "casesensitive":
		t.exactCase = true
	default:
		return false
	}
	return true
}

// compileLegacy compiles text with the escapes of $template: \n \r \\ \% \" and
// \NNN, a decimal byte value; any other escaped byte stands for itself.
func (t *Template) compileLegacy(text string, where place, diags *diag.List) bool {
	t.Text, t.tree = text, nil
	ok := true
	var lit []byte
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case '\\':
			var b byte
			b, i = legacyEscape(text, i+1)
			lit = append(lit, b)
		case '%':
			t.constant(string(lit))
			lit = lit[:0]
			i = t.property(text, i, where, diags, &ok)
		default:
			lit = append(lit, c)
			i++
		}
	}
	t.constant(string(lit))
	return ok
}

func legacyEscape(text string, i int) (byte, int) {
	if i == len(text) {
		return '\\', i
	}
	switch c := text[i]; {
	case c == 'n':
		return '\n', i + 1
	case c == 'r':
		return '\r', i + 1
	case c >= '0' && c <= '9':
		n := 0
		for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
			n = n*10 + int(text[i]-'0')
		}
		return byte(n), i
	default:
		return c, i + 1
	}
}

// compileString compiles the text of a string template. Its escapes were those
// of the configuration's string, there is no second level.
func (t *Template) compileString(text string, where place, diags *diag.List) bool {
	t.Text, t.tree = text, nil
	ok := true
	for at := 0; at < len(text); {
		i := strings.IndexByte(text[at:], '%')
		if i < 0 {
			t.constant(text[at:])
			break
		}
		t.constant(text[at : at+i])
		at = t.property(text, at+i, where, diags, &ok)
	}
	return ok
}

const percentHint = `a % itself is \% in $template; elsewhere it needs a template of type list`

// property compiles %...% at text[i] and returns where the text goes on.
func (t *Template) property(text string, i int, where place, diags *diag.List, ok *bool) int {
	end := endOfProperty(text, i+1)
	if end < 0 {
		d := diags.Errorf(where.at(i, 1), "reached the end of the template without the %% that ends the property")
		d.Hint = percentHint
		d.Effect = "this template is ignored"
		*ok = false
		return len(text)
	}
	if end == i+1 {
		d := diags.Errorf(where.at(i, 2), "want a property between %% and %%")
		d.Hint = percentHint
		d.Effect = "this template is ignored"
		*ok = false
		return end + 1
	}
	p, err := parseReplacer(text[i+1:end], t.regexps)
	if err != nil {
		d := diags.Errorf(where.at(i+1, end-i-1), "%v", err)
		setHint(d, err)
		if isFatal(err) {
			d.Effect = "this template is ignored"
			*ok = false
			return end + 1
		}
		d.Effect = "the option is ignored"
		var option *optionError
		if errors.As(err, &option) && option.effect != "" {
			d.Effect = option.effect
		}
	}
	if p.spec.backtracks() {
		diags.Notef(where.at(i+1, end-i-1), "%s", posix.Slow)
	}
	t.addProperty(p)
	return end + 1
}

// endOfProperty finds the % that ends a property. The text of a regular
// expression, up to --end, may contain one.
func endOfProperty(text string, i int) int {
	end := strings.IndexByte(text[i:], '%')
	if end < 0 {
		return -1
	}
	if parts := strings.SplitN(text[i:i+end], ":", 3); len(parts) > 1 && strings.HasPrefix(parts[1], "R") {
		if stop := strings.Index(text[i:], "--end"); stop > end {
			rest := strings.IndexByte(text[i+stop:], '%')
			if rest < 0 {
				return -1
			}
			return i + stop + rest
		}
	}
	return i + end
}

func (t *Template) addProperty(p part) {
	if p.prop.ID == property.Var && !t.exactCase {
		p.prop = *property.Variable(strings.ToLower(p.prop.Name[1:]))
		p.spec.name = strings.ToLower(p.spec.name)
	}
	p.spec.key = append(jsonKey(p.spec.fieldName(&p.prop)), ':')
	p.direct = p.spec.isPlain() && !p.prop.IsTime() && t.escape == noEscape
	t.parts = append(t.parts, p)
}

// plugin is a string generator: the built-in templates that rsyslogd generates by code.
func (s *Set) plugin(t *Template, name string, rng diag.Range, diags *diag.List) {
	base := s.byName[name]
	if base == nil {
		d := diags.Errorf(rng, "there is no string generator %q", name)
		if near := diag.Suggest(name, s.Names()); near != "" {
			d.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		d.Effect = "this template is ignored"
		return
	}
	c := *base
	c.Name = t.Name
	s.add(&c, rng, diags)
}

func (t *Template) compileSubtree(name string, rng diag.Range, diags *diag.List) bool {
	p, err := property.Resolve(name)
	if err != nil || p.ID != property.Var || p.Scope != property.MessageVar {
		diags.Errorf(rng, "subtree: want a variable such as $!a!b, found %q", name).Effect = "this template is ignored"
		return false
	}
	t.subtree = &p
	return true
}
