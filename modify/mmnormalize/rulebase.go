package mmnormalize

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"syslogd/internal/vfs"
	"syslogd/message"
)

// rulebase is a compiled rulebase, and what is needed to read more of it.
type rulebase struct {
	root  *node
	types map[string]*node
	// annotations are members to add, by tag.
	annotations map[string][]annotation

	// v2 is set by the line version=2: some types give other values than before.
	v2         bool
	prefix     string
	allowRegex bool
	depth      int    // of includes
	dir        string // of the file being read
	problems   []error
}

type annotation struct{ field, value string }

const (
	maxInclude  = 16
	maxRulebase = 64 << 20 // bytes of a file
)

func newRulebase(allowRegex bool) *rulebase {
	return &rulebase{root: &node{}, types: map[string]*node{}, annotations: map[string][]annotation{}, allowRegex: allowRegex}
}

// problem remembers a mistake at a line. What can be understood is used.
func (b *rulebase) problem(file string, line int, err error) {
	b.problems = append(b.problems, fmt.Errorf("%s:%d: %w", file, line, err))
}

// loadFile reads a rulebase file.
func (b *rulebase) loadFile(name string) error {
	text, err := vfs.ReadRegular(name, maxRulebase)
	if err != nil {
		return err
	}
	outer := b.dir
	b.dir = filepath.Dir(name)
	b.load(name, string(text))
	b.dir = outer
	return nil
}

// load reads rulebase text. A field of a rule may stand on several lines.
func (b *rulebase) load(file, text string) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		first, line := i+1, strings.TrimRight(lines[i], "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		for strings.HasPrefix(line, "rule=") && strings.Count(line, "%")%2 == 1 && i+1 < len(lines) {
			i++
			line += strings.TrimRight(lines[i], "\r")
		}
		if err := b.line(file, line); err != nil {
			b.problem(file, first, err)
		}
	}
}

func (b *rulebase) line(file, line string) error {
	keyword, value, found := strings.Cut(line, "=")
	if !found {
		return fmt.Errorf("want keyword=value, found %.40q", line)
	}
	switch keyword {
	case "version":
		if v := strings.TrimSpace(value); v != "1" && v != "2" {
			return fmt.Errorf("rulebases of version %q are not understood", v)
		} else if v == "2" {
			b.v2 = true
		}
		return nil
	case "prefix":
		b.prefix = value
		return nil
	case "extendprefix":
		b.prefix += value
		return nil
	case "rule":
		tags, sample, found := strings.Cut(value, ":")
		if !found {
			return errors.New(`want "rule=tags:text"`)
		}
		return b.rule(b.root, tags, b.prefix+sample)
	case "type":
		name, sample, found := strings.Cut(value, ":")
		if !found || !strings.HasPrefix(name, "@") {
			return errors.New(`want "type=@name:text"`)
		}
		return b.rule(b.typeNode(name), "", sample)
	case "annotate":
		return b.annotate(value)
	case "include":
		return b.include(file, strings.TrimSpace(value))
	}
	return fmt.Errorf("there is no keyword %q", keyword)
}

func (b *rulebase) typeNode(name string) *node {
	if b.types[name] == nil {
		b.types[name] = &node{}
	}
	return b.types[name]
}

func (b *rulebase) include(file, name string) error {
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(file), name)
	}
	if b.depth++; b.depth > maxInclude {
		return errors.New("rulebases include each other too deep")
	}
	defer func() { b.depth-- }()
	return b.loadFile(name)
}

// annotate is tag:+field="value", with several fields.
func (b *rulebase) annotate(value string) error {
	tag, rest, found := strings.Cut(value, ":")
	for rest = strings.TrimSpace(rest); found && rest != ""; rest = strings.TrimLeft(rest, ", ") {
		name, more, ok := strings.Cut(rest, "=")
		if !ok || !strings.HasPrefix(name, "+") || !strings.HasPrefix(more, `"`) {
			return errors.New(`want annotate=tag:+field="value"`)
		}
		text, after, ok := strings.Cut(more[1:], `"`)
		if !ok {
			return errors.New("the value has no closing quote")
		}
		b.annotations[tag] = append(b.annotations[tag], annotation{name[1:], text})
		rest = after
	}
	if !found {
		return errors.New(`want annotate=tag:+field="value"`)
	}
	return nil
}

// rule adds a sample below n.
func (b *rulebase) rule(n *node, tags, sample string) error {
	end, err := b.sample(n, sample)
	if err != nil {
		return err
	}
	r := &rule{}
	for _, t := range strings.Split(tags, ",") {
		if t = strings.TrimSpace(t); t != "" {
			r.tags = append(r.tags, t)
		}
	}
	end.rule = r
	return nil
}

// sample adds literal text and fields below n and returns the node at their end.
func (b *rulebase) sample(n *node, text string) (*node, error) {
	for text != "" {
		i := strings.IndexByte(text, '%')
		if i < 0 {
			return n.literal(unescape(text)), nil
		}
		n, text = n.literal(unescape(text[:i])), text[i+1:]
		if strings.HasPrefix(text, "%") {
			n, text = n.literal("%"), text[1:]
			continue
		}
		spec, rest, err := cutField(text)
		if err != nil {
			return nil, err
		}
		if n, err = b.field(n, spec); err != nil {
			return nil, err
		}
		if text = rest; !b.v2 && strings.Count(spec, ":") == 1 && strings.HasSuffix(spec, ":rest") {
			return n, nil // what follows it is never reached
		}
	}
	return n, nil
}

// cutField splits text behind the field that it begins with.
func cutField(text string) (spec, rest string, err error) {
	if trimmed := strings.TrimLeft(text, " \t"); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		dec := json.NewDecoder(strings.NewReader(trimmed))
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return "", "", fmt.Errorf("field: %w", err)
		}
		rest = strings.TrimLeft(trimmed[dec.InputOffset():], " \t")
		if !strings.HasPrefix(rest, "%") {
			return "", "", errors.New("a field must end with %")
		}
		return string(raw), rest[1:], nil
	}
	spec, rest, found := strings.Cut(text, "%")
	if !found {
		return "", "", errors.New("a field must end with %")
	}
	return spec, rest, nil
}

// params are the parameters of a field.
type params map[string]any

func (p params) str(name string) string {
	s, _ := p[name].(string)
	return s
}

func (p params) number(name string, def int64) int64 {
	switch v := p[name].(type) {
	case float64:
		return int64(v)
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n
		}
	}
	return def
}

func (p params) is(name string) bool {
	v, _ := p[name].(bool)
	return v
}

// field adds a field in the short form name:type{params}:extra or as JSON.
func (b *rulebase) field(n *node, spec string) (*node, error) {
	if strings.HasPrefix(spec, "{") || strings.HasPrefix(spec, "[") {
		var v any
		if err := json.Unmarshal([]byte(spec), &v); err != nil {
			return nil, fmt.Errorf("field: %w", err)
		}
		return b.sequence(n, v)
	}
	name, rest, found := strings.Cut(spec, ":")
	if !found {
		return nil, fmt.Errorf("want %%name:type%%, found %%%s%%", spec)
	}
	p := params{}
	kind, extra, hasExtra := strings.Cut(rest, ":")
	if i := strings.IndexByte(rest, '{'); i >= 0 && (!hasExtra || i < len(kind)) {
		kind = rest[:i]
		if err := json.Unmarshal([]byte(rest[i:]), &p); err != nil {
			return nil, fmt.Errorf("parameters of field %s: %w", name, err)
		}
	} else if hasExtra {
		p["extradata"], p["raw"] = unescape(extra), extra
	}
	p["name"], p["type"] = name, strings.TrimSpace(kind)
	return b.object(n, p)
}

// sequence adds a field given as a JSON object, or several in an array.
func (b *rulebase) sequence(n *node, v any) (*node, error) {
	switch v := v.(type) {
	case map[string]any:
		return b.object(n, v)
	case []any:
		var err error
		for _, x := range v {
			if n, err = b.sequence(n, x); err != nil {
				return nil, err
			}
		}
		return n, nil
	}
	return nil, errors.New("want a field or a list of fields")
}

// defaultPriority is that of fields without one, restPriority that of the type
// rest among those.
const (
	defaultPriority = 30000
	restPriority    = 255
)

func (b *rulebase) object(n *node, p params) (*node, error) {
	kind := p.str("type")
	switch kind {
	case "":
		return nil, errors.New("a field needs a type")
	case "literal":
		if p.str("name") == "" || p.str("name") == "-" {
			return n.literal(p.str("text")), nil
		}
	case "alternative":
		return b.alternative(n, p)
	case "iptables":
		p["name"] = "." // its pairs stand for themselves
	}
	parse, priority, err := b.parserOf(kind, p)
	if err != nil {
		return nil, fmt.Errorf("field %q: %w", p.str("name"), err)
	}
	key, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	if priority = int(p.number("priority", defaultPriority))<<8 | priority; !b.v2 {
		priority &= restPriority // rules are tried in their order, rest is the last
		if kind != "rest" {
			priority = 0
		}
	}
	return n.field(&edge{key: string(key), name: p.str("name"), parse: parse, priority: priority}), nil
}

// alternative adds several ways that lead to one node.
func (b *rulebase) alternative(n *node, p params) (*node, error) {
	list, ok := p["parser"].([]any)
	if !ok {
		return nil, errors.New(`an alternative needs the list "parser"`)
	}
	join := &node{}
	for _, x := range list {
		end, err := b.sequence(n, x)
		if err != nil {
			return nil, err
		}
		end.fields = append(end.fields, &edge{name: "-", parse: nothing{}, next: join, priority: defaultPriority<<8 | restPriority})
	}
	return join, nil
}

// part compiles a field or a list of fields for repetitions.
func (b *rulebase) part(v any) (*node, error) {
	n := &node{}
	end, err := b.sequence(n, v)
	if err != nil {
		return nil, err
	}
	end.rule = &rule{}
	return n, nil
}

// nothing is a field without bytes.
type nothing struct{}

func (nothing) parse(*matcher, string) (message.Value, int) { return message.Value{}, 0 }

// unescape understands the escapes of C in literals.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for s != "" {
		c, _, rest, err := strconv.UnquoteChar(s, 0)
		if err != nil || s[0] != '\\' {
			out.WriteByte(s[0])
			s = s[1:]
			continue
		}
		if c < 256 {
			out.WriteByte(byte(c))
		} else {
			out.WriteRune(c)
		}
		s = rest
	}
	return out.String()
}
