package template

import (
	"errors"
	"fmt"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/router/property"
)

// definition is the decoded form of template().
type definition struct {
	Name, Type, String, Plugin, Subtree       string
	SQL, StdSQL, JSON, JSONF, JSONFTree, Case bool
}

var definitionParams = param.Table[definition]{
	param.String("name", func(c *definition) *string { return &c.Name }).Required().Doc("Name of the template."),
	param.String("type", func(c *definition) *string { return &c.Type }).Required().Doc("string, list, subtree or plugin."),
	param.String("string", func(c *definition) *string { return &c.String }).Doc("Text of a string template."),
	param.String("plugin", func(c *definition) *string { return &c.Plugin }).Doc("String generator of a plugin template: the name of a built-in template."),
	param.String("subtree", func(c *definition) *string { return &c.Subtree }).Doc("Variable that a subtree template prints."),
	param.Bool("option.sql", func(c *definition) *bool { return &c.SQL }).Doc("Escape values for MySQL."),
	param.Bool("option.stdsql", func(c *definition) *bool { return &c.StdSQL }).Doc("Escape values for SQL."),
	param.Bool("option.json", func(c *definition) *bool { return &c.JSON }).Doc("Escape quotes and backslashes of values."),
	param.Bool("option.jsonf", func(c *definition) *bool { return &c.JSONF }).Doc("Make a JSON object of jsonf fields."),
	param.Bool("option.jsonftree", func(c *definition) *bool { return &c.JSONFTree }).Doc("The same, and dots in names make nested objects."),
	param.Bool("option.caseSensitive", func(c *definition) *bool { return &c.Case }).Doc("Keep the case of variables' names."),
}

// escapes returns the name of the template's option; more than one is an error.
func (d *definition) option(o *param.Object, diags *diag.List) string {
	name := ""
	for _, opt := range []struct {
		name string
		on   bool
	}{{"sql", d.SQL}, {"stdsql", d.StdSQL}, {"json", d.JSON}, {"jsonf", d.JSONF}, {"jsonftree", d.JSONFTree}} {
		if !opt.on {
			continue
		}
		if name != "" {
			diags.Errorf(o.Arg("option."+opt.name).ValueRange, "option.%s and option.%s exclude each other", name, opt.name).Effect = "the first one is used"
			continue
		}
		name = opt.name
	}
	return name
}

// Define reads a template() object.
func (s *Set) Define(o *syntax.Template, diags *diag.List) {
	obj := param.ObjectOf(&o.Object, "template()", "this template is ignored")
	var d definition
	ok := definitionParams.Decode(&d, obj, diags)
	param.ReportUnknown(obj, definitionParams.Infos(), diags)
	if !ok {
		return
	}
	defer s.watch(d.Name, o.Range())()
	t := &Template{Name: d.Name, exactCase: d.Case, regexps: s.Regexps}
	t.setOption(d.option(obj, diags))
	value := func(name string) (diag.Range, bool) {
		if a := obj.Arg(name); a != nil {
			return a.ValueRange, true
		}
		e := diags.Errorf(obj.Range, "template %q of type %s needs the parameter %q", d.Name, d.Type, name)
		e.Effect = obj.Effect
		return diag.Range{}, false
	}
	switch d.Type {
	case "string":
		if rng, given := value("string"); given && t.compileString(d.String, stringPlace(rng, d.String), diags) {
			s.add(t, o.Range(), diags)
		}
	case "list":
		if t.compileList(o, t.object, diags) {
			s.add(t, o.Range(), diags)
		}
	case "subtree":
		if rng, given := value("subtree"); given && t.compileSubtree(d.Subtree, rng, diags) {
			s.add(t, o.Range(), diags)
		}
	case "plugin":
		if rng, given := value("plugin"); given {
			s.plugin(t, d.Plugin, rng, diags)
		}
	default:
		e := diags.Errorf(obj.Arg("type").ValueRange, "type: want string, list, subtree or plugin, found %q", d.Type)
		if near := diag.Suggest(d.Type, []string{"string", "list", "subtree", "plugin"}); near != "" {
			e.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		e.Effect = obj.Effect
	}
}

// stringPlace says whether offsets in text can be shown in the source: they can
// if the value stood there without escapes, between two quotes.
func stringPlace(rng diag.Range, text string) place {
	p := place{rng: rng, exact: rng.Len == len(text)+2}
	if p.exact {
		p.rng.Start.Col++
		return p
	}
	if p.offs = escaped(rng, text); p.offs != nil {
		p.exact = true
	}
	return p
}

// escaped returns where the bytes of text, and its end, stand in a string in
// double quotes that has escapes; nil if the string is another one.
func escaped(rng diag.Range, text string) []int {
	line := rng.Line()
	if len(line) < 2 || line[0] != '"' || line[len(line)-1] != '"' {
		return nil
	}
	var offs []int
	for i := 1; i < len(line)-1; {
		offs = append(offs, i)
		switch {
		case line[i] != '\\':
			i++
		case i+1 < len(line) && (line[i+1] >= '0' && line[i+1] <= '7' || line[i+1] == 'x'):
			i += 4
		default:
			i += 2
		}
	}
	if offs = append(offs, len(line)-1); len(offs) != len(text)+1 {
		return nil
	}
	return offs
}

// entry is the decoded form of property() and constant() in a list template.
type entry struct {
	Name, OutName, Value, Format, DateFormat  string
	Case, Control, Secure, DataType, OnEmpty  string
	UTC, DropLF, Compress, SpaceIfNone, Fixed bool
	Mandatory, OmitZero, Relative             bool
	From, To                                  int
	fromGiven, toGiven                        bool
	Regex, RegexType, RegexNoMatch            string
	RegexMatch, RegexSub                      int
	Field, Delimiter                          int
	fieldGiven                                bool
}

func choice(name string, field func(*entry) *string, names ...string) *param.Param[entry] {
	var list []param.Choice[string]
	for _, n := range names {
		list = append(list, param.Choice[string]{Name: n, Value: n})
	}
	return param.Enum(name, field, list...)
}

var propertyParams = param.Table[entry]{
	param.String("name", func(c *entry) *string { return &c.Name }).Required().Doc("Property."),
	param.String("outname", func(c *entry) *string { return &c.OutName }).Doc("Name in JSON output."),
	choice("format", func(c *entry) *string { return &c.Format }, "csv", "json", "jsonf", "jsonr", "jsonfr").Doc("Output format."),
	choice("dateFormat", func(c *entry) *string { return &c.DateFormat }, listDates()...).Doc("Format of a time stamp."),
	param.Bool("date.inUTC", func(c *entry) *bool { return &c.UTC }).Doc("Convert to UTC."),
	choice("caseConversion", func(c *entry) *string { return &c.Case }, "upper", "lower").Doc("Change ASCII letters."),
	choice("controlCharacters", func(c *entry) *string { return &c.Control }, "escape", "space", "drop", "escape-octal").Doc("What becomes of control characters."),
	choice("securePath", func(c *entry) *string { return &c.Secure }, "drop", "replace").Doc("What becomes of slashes."),
	choice("dataType", func(c *entry) *string { return &c.DataType }, "string", "number", "bool", "auto").Doc("JSON type."),
	choice("onEmpty", func(c *entry) *string { return &c.OnEmpty }, "keep", "skip", "null").Doc("What becomes of an empty value in JSON."),
	param.Bool("dropLastLF", func(c *entry) *bool { return &c.DropLF }).Alias("droplastlf").Doc("Drop one line feed at the end."),
	param.Bool("compressSpace", func(c *entry) *bool { return &c.Compress }).Doc("Make one blank of several."),
	param.Bool("spifno1stsp", func(c *entry) *bool { return &c.SpaceIfNone }).Doc("A blank if the value does not begin with one, else nothing."),
	param.Bool("fixedWidth", func(c *entry) *bool { return &c.Fixed }).Doc("Pad with blanks up to position.to."),
	param.Bool("mandatory", func(c *entry) *bool { return &c.Mandatory }).Doc("Keep an empty field in an object."),
	param.Bool("omitIfZero", func(c *entry) *bool { return &c.OmitZero }).Doc("Leave out the number 0."),
	param.Int("position.from", func(c *entry) *int { return &c.From }).Given(func(c *entry) *bool { return &c.fromGiven }).Doc("First byte, from 1."),
	param.Int("position.to", func(c *entry) *int { return &c.To }).Given(func(c *entry) *bool { return &c.toGiven }).Doc("Last byte; negative counts from the end."),
	param.Bool("position.relativeToEnd", func(c *entry) *bool { return &c.Relative }).Doc("Positions count from the end."),
	param.String("regex.expression", func(c *entry) *string { return &c.Regex }).Doc("Regular expression."),
	choice("regex.type", func(c *entry) *string { return &c.RegexType }, "BRE", "ERE").Default("BRE").Doc("Its syntax."),
	choice("regex.noMatchMode", func(c *entry) *string { return &c.RegexNoMatch }, "DFLT", "BLANK", "FIELD", "ZERO").Default("DFLT").Doc("Value without a match."),
	param.Int("regex.match", func(c *entry) *int { return &c.RegexMatch }).Range(0, 99).Doc("Which match, from 0."),
	param.Int("regex.submatch", func(c *entry) *int { return &c.RegexSub }).Range(0, 49).Doc("Which group, 0 is all."),
	param.Int("field.number", func(c *entry) *int { return &c.Field }).Range(1, 1<<31-1).Given(func(c *entry) *bool { return &c.fieldGiven }).Doc("Field, from 1."),
	param.Int("field.delimiter", func(c *entry) *int { return &c.Delimiter }).Range(0, 255).Default("9").Doc("Byte between fields, decimal."),
}

var constantParams = param.Table[entry]{
	param.String("value", func(c *entry) *string { return &c.Value }).Required().Doc("Text."),
	param.String("outname", func(c *entry) *string { return &c.OutName }).Doc("Name in JSON output."),
	choice("format", func(c *entry) *string { return &c.Format }, "jsonf").Doc("Output format."),
}

// compileList compiles the entries of a list template. object is option.jsonf or
// option.jsonftree.
func (t *Template) compileList(o *syntax.Template, object bool, diags *diag.List) bool {
	ok := true
	t.object = object
	for _, e := range o.Entries {
		// As in rsyslogd, what stands before the mistake is used.
		obj := param.ObjectOf(e, e.Kind+"()", "the template ends before this "+e.Kind)
		var c entry
		if e.Kind == "constant" {
			decoded := constantParams.Decode(&c, obj, diags)
			param.ReportUnknown(obj, constantParams.Infos(), diags)
			if c.Format == "jsonf" && c.OutName == "" {
				diags.Errorf(obj.Range, `constant() of format jsonf needs the parameter "outname"`).Effect = obj.Effect
				decoded = false
			}
			if !decoded {
				return ok
			}
			t.listConstant(&c, obj.Range, diags)
			continue
		}
		propertyParams.SetDefaults(&c)
		decoded := propertyParams.Decode(&c, obj, diags)
		param.ReportUnknown(obj, propertyParams.Infos(), diags)
		if !decoded {
			return ok
		}
		p, err := listProperty(&c, t.regexps)
		var option *optionError
		var position *positionError
		switch {
		case errors.As(err, &position):
			diags.Errorf(obj.Arg(position.at).ValueRange, "%v", err).Effect = obj.Effect
			return ok
		case errors.As(err, &option):
			diags.Errorf(obj.Arg("regex.expression").ValueRange, "%v", err).Effect = option.effect
		case err != nil:
			t.constant(invalidPropertyText)
			d := diags.Errorf(obj.Arg("name").ValueRange, "%v", err)
			setHint(d, err)
			d.Effect = obj.Effect
			return ok
		}
		if t.object && p.spec.format == plain {
			p.spec.format = jsonField
		}
		if p.spec.backtracks() {
			diags.Notef(obj.Arg("regex.expression").ValueRange, "%s", posix.Slow)
		}
		t.addProperty(p)
		if t.tree != nil {
			added := &t.parts[len(t.parts)-1]
			name := t.tree.add(added.spec.fieldName(&added.prop), len(t.parts)-1, obj.Range, diags)
			added.spec.key = append(jsonKey(name), ':')
		}
	}
	return ok
}

// listConstant adds a constant. Its text is unescaped a second time, as in rsyslogd.
func (t *Template) listConstant(c *entry, rng diag.Range, diags *diag.List) {
	text, name := unescapeTwice(c.Value), c.OutName
	switch {
	case t.tree == nil:
	case c.Format == "jsonf":
		name = t.tree.add(name, len(t.parts), rng, diags)
	case text != "":
		t.tree.text(len(t.parts))
	}
	if c.Format == "jsonf" {
		text = string(message.AppendJSONString(append(jsonKey(name), ": "...), text))
	}
	t.constant(text)
}

func unescapeTwice(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case '\\', '"', '\'', '?', '$':
			out = append(out, s[i])
		default:
			out = append(out, '\\', s[i])
		}
	}
	return string(out)
}

// listProperty compiles a property() entry. An optionError leaves the
// property in use, a positionError the entries before it.
func listProperty(c *entry, regexps *posix.Compiler) (part, error) {
	prop, err := property.Resolve(c.Name)
	p := part{prop: prop}
	if err != nil {
		return p, err
	}
	p.spec.name, p.spec.regexps = c.OutName, regexps
	return p, c.fill(&p.spec)
}
