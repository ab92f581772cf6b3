package template

import (
	"errors"
	"fmt"
	"strings"

	"syslogd/config/syntax"
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

// legacyLine is the value of a $template directive: name,"text"[,option...] or
// name,=generator.
type legacyLine struct {
	name string
	// text is what stands between the quotes, from textAt on; plugin the name of
	// a string generator.
	text, plugin string
	textAt       int
	// closed is set when the text has its second quote.
	closed  bool
	options []string
	// extra is what stands behind it all and is no comment.
	extra string
}

// parseLegacyLine splits the value of a $template directive as rsyslogd does; ok
// is false when it is neither a text nor a generator.
func parseLegacyLine(value string) (t legacyLine, ok bool) {
	line := syntax.NewLine(value)
	// The name is all up to the comma, a blank at its end included.
	name := line.Until(",")
	if name == "" || !line.Skip(',') {
		return t, false
	}
	t.name = name
	line.SkipSpace()
	if line.Skip('=') {
		t.plugin, t.closed = line.Word(), true
		return t, t.plugin != ""
	}
	if !line.Skip('"') {
		return t, false
	}
	t.textAt = line.Offset()
	t.text = line.Take(endOfText(line.Rest()))
	t.closed = line.Skip('"')
	for line.SkipSpace(); line.Skip(','); line.SkipSpace() {
		line.SkipSpace()
		// Blanks and a comment behind an option are part of it, which is then unknown.
		t.options = append(t.options, strings.ToLower(line.Until(",=")))
	}
	if !line.Comment() {
		t.extra = line.Rest()
	}
	return t, true
}

// endOfText is the offset of the quote that ends the text of a $template. A
// backslash keeps a quote, and one within a property, as in a regular expression,
// belongs to that.
func endOfText(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i
		case '\\':
			i++
		case '%':
			if end := endOfProperty(s, i+1); end > 0 {
				i = end
			}
		}
	}
	return len(s)
}

// DefineLegacy reads the value of a $template directive.
func (s *Set) DefineLegacy(value string, rng diag.Range, diags *diag.List) {
	line, ok := parseLegacyLine(value)
	if !ok {
		d := diags.Errorf(rng, `want name,"text"`)
		if line.name != "" {
			d.Text = fmt.Sprintf("the text of template %q must be in double quotes", line.name)
		}
		d.Effect = "this template is ignored"
		return
	}
	if !line.closed {
		diags.Notef(rng, "the text of template %q has no closing quote", line.name).Effect = "it goes up to the end of the line"
	}
	if line.extra != "" {
		diags.Errorf(rng, "extra characters behind template %q: %q", line.name, line.extra).Effect = "they are ignored"
	}
	defer s.watch(line.name, rng)()
	t := &Template{Name: line.name, regexps: s.Regexps, legacy: true}
	if line.plugin != "" {
		s.plugin(t, firstOf(line.plugin), rng, diags)
		return
	}
	base := place{rng: rng, exact: true}
	base.rng.Start.Col += line.textAt
	for _, o := range line.options {
		if o != "" && !t.setOption(o) {
			d := diags.Notef(rng, "unknown template option %q", o)
			d.Effect = "the option is ignored"
			if word := syntax.NewLine(o).Word(); word != o && new(Template).setOption(word) {
				d.Hint = "put nothing behind " + word + ", not even a blank"
			}
		}
	}
	if t.compileLegacy(line.text, base, diags) {
		s.add(t, rng, diags)
	}
}

func firstOf(s string) string {
	w, _, _ := strings.Cut(s, ",")
	return w
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
		var unknown *property.UnknownError
		var option *optionError
		switch {
		case errors.As(err, &unknown) && t.legacy:
			t.constant(invalidPropertyText)
			d.Effect = "the template ends here, with " + invalidPropertyText
			return len(text)
		case !errors.As(err, &option):
			d.Effect = "this template is ignored"
			*ok = false
			return end + 1
		case option.effect != "":
			d.Effect = option.effect
		default:
			d.Effect = "the option is ignored"
		}
	}
	for _, text := range p.spec.ignored {
		diags.Notef(where.at(i+1, end-i-1), "want a position, found %q", text).Effect = "it is ignored"
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
	if t.escape == noEscape {
		p.kind = kindOf(&p.prop, &p.spec)
	}
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
