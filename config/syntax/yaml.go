package syntax

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"syslogd/internal/diag"
)

// maxYAMLNodes bounds what aliases can make of a file.
const maxYAMLNodes = 1 << 20

// yamlReader makes the tree of a configuration in YAML: the same nodes that the
// language has for the same things. Expressions, filters and scripts in it are
// read by the parser of the language.
type yamlReader struct {
	*run
	src   *diag.Source
	lines []string
	nodes int // seen, each as often as an alias brings it in
	depth int
}

// yamlSection is what a key at the top of a file stands for.
type yamlSection struct {
	// kind is the keyword of the objects, "" for version, include and rulesets.
	kind string
	// list is set for sections that hold a list of objects.
	list bool
}

var yamlSections = map[string]yamlSection{
	"version": {}, "include": {list: true}, "rulesets": {list: true}, "templates": {list: true},
	"global": {kind: "global"}, "mainqueue": {kind: "main_queue"},
	"modules": {"module", true}, "inputs": {"input", true}, "parsers": {"parser", true},
	"lookup_tables": {"lookup_table", true}, "dyn_stats": {"dyn_stats", true},
	"perctile_stats": {"percentile_stats", true}, "percentile_stats": {"percentile_stats", true},
	"ratelimits": {"ratelimit", true}, "timezones": {"timezone", true},
}

// yaml reads a file in YAML.
func (r *run) yaml(src *diag.Source, where level) []Stmt {
	y := &yamlReader{run: r, src: src, lines: strings.SplitAfter(string(src.Text), "\n")}
	if where == insideBlock {
		y.errorf(diag.Range{Start: diag.Pos{Src: src, Line: 1, Col: 1}, Len: 1}, "YAML declares objects: it can not stand in a block").Effect = "the file is ignored"
		return nil
	}
	root := y.document()
	if root == nil {
		return nil
	}
	var list []Stmt
	seen := map[string]*yaml.Node{}
	y.pairs(root, func(key, value *yaml.Node) {
		before := y.stopped
		for _, s := range y.section(key, value, seen) {
			if !before && (!y.stopped || isInclude(s)) {
				list = append(list, s)
			} else {
				y.unused = append(y.unused, s)
			}
		}
	})
	return list
}

// document returns the mapping that the file consists of, or nil.
func (y *yamlReader) document() *yaml.Node {
	dec := yaml.NewDecoder(strings.NewReader(string(y.src.Text)))
	var doc, more yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		y.broken(err)
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			y.broken(err)
			return nil
		}
		y.errorf(y.rng(&more), "there is a second document in the file").Effect = "it is ignored"
	}
	root := y.resolve(&doc)
	if root == nil || root.Kind == 0 || root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		d := y.errorf(y.rng(root), "want sections such as modules: and rulesets:, found %s", shape(root))
		d.Effect = "the file is ignored"
		return nil
	}
	return root
}

var yamlError = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)

// broken reports that the text is no YAML. As an error of syntax elsewhere this
// ends the configuration.
func (y *yamlReader) broken(err error) {
	pos := diag.Pos{Src: y.src, Line: 1, Col: 1}
	text := err.Error()
	if m := yamlError.FindStringSubmatch(text); m != nil {
		text = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			pos.Line = max(1, min(n, len(y.lines)))
		}
	}
	if n := y.culprit(); n > 0 {
		pos.Line = n
	}
	line := strings.TrimRight(y.line(pos.Line), "\r\n")
	trimmed := strings.TrimLeft(line, " \t")
	pos.Col += len(line) - len(trimmed)
	d := y.errorf(diag.Range{Start: pos, Len: max(1, len(trimmed))}, "this is not YAML: %s", text)
	switch {
	case strings.HasPrefix(trimmed, "\t") || strings.Contains(line, "\t") && strings.Contains(text, "cannot start any token"):
		d.Hint = "indent with blanks, YAML knows no tabs"
	case strings.Contains(text, "mapping values"), strings.Contains(text, "did not find expected"):
		d.Hint = "is the indentation right, and do values with : # % @ or ` stand in quotes?"
	case strings.Contains(text, "cannot start any token"):
		d.Hint = "put the value in quotes"
	}
	d.Effect = "the file is ignored, and the configuration ends here"
	y.stop(nil)
}

// culprit is the line without which, and what follows it, the text would be
// YAML; 0 if it is not found soon. The library often names the line where the
// list or mapping begins.
func (y *yamlReader) culprit() int {
	text := string(y.src.Text)
	for n, work := len(y.lines), 0; n > 0 && work < 16<<20; n-- {
		text = text[:len(text)-len(y.lines[n-1])]
		work += len(text)
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err == nil {
			return n
		}
	}
	return 0
}

// section reads what stands behind a key at the top.
func (y *yamlReader) section(key, value *yaml.Node, seen map[string]*yaml.Node) []Stmt {
	sec, known := yamlSections[key.Value]
	if !known {
		d := y.errorf(y.rng(key), "there is no section %q", key.Value)
		if s := diag.Suggest(key.Value, slices.Collect(mapKeys(yamlSections))); s != "" {
			d.Hint = "did you mean " + s + "?"
		}
		d.Effect = "this section is ignored"
		return nil
	}
	if first := seen[key.Value]; first != nil {
		d := y.errorf(y.rng(key), "the section %s stands here a second time", key.Value)
		d.Related = []diag.Related{{Range: y.rng(first), Text: "it begins here"}}
		d.Hint, d.Effect = "put all into one list", "the second one is ignored"
		return nil
	}
	seen[key.Value] = key
	value = y.resolve(value)
	switch {
	case value == nil || isNull(value) || key.Value == "version":
		return nil
	case !sec.list:
		if o := y.object(sec.kind, key, value, nil); o != nil {
			return []Stmt{o}
		}
		return nil
	}
	var out []Stmt
	items := y.items(value, key)
	if key.Value == "include" {
		return y.includes(items)
	}
	for _, n := range items {
		var s Stmt
		switch key.Value {
		case "rulesets":
			rs := y.ruleset(n)
			if rs != nil && y.isDefault(rs) {
				out = append(out, rs.Body.Stmts...)
				continue
			}
			s = nilStmt(rs)
		case "templates":
			s = nilStmt(y.template(n))
		default:
			s = nilStmt(y.object(sec.kind, nil, n, nil))
		}
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// object makes an object of a mapping. Keys that except takes are no parameters.
// key is what the mapping stands behind, nil in a list.
func (y *yamlReader) object(kind string, key, n *yaml.Node, except func(key, value *yaml.Node) bool) *Object {
	n = y.resolve(n)
	if n == nil {
		return nil
	}
	if key == nil {
		key = firstKey(n)
	}
	if n.Kind != yaml.MappingNode {
		d := y.errorf(y.rng(n), "want parameters such as name: value, found %s", shape(n))
		d.Effect = "it is ignored"
		return nil
	}
	o := &Object{at: at{y.rng(key)}, Kind: kind}
	y.pairs(n, func(k, v *yaml.Node) {
		if except != nil && except(k, v) {
			return
		}
		if p, ok := y.param(k, v); ok {
			if kind == "main_queue" && p.Name != "name" && p.Name != "config.enabled" && !strings.HasPrefix(p.Name, "queue.") {
				p.Name, p.Spelling = "queue."+p.Name, "queue."+p.Spelling
			}
			if kind == "lookup_table" && p.Name == "filename" { // a name that the manual has
				p.Name, p.Spelling = "file", "file"
			}
			o.Params = append(o.Params, p)
		}
	})
	if kind == "global" {
		y.setEnv(o)
	}
	return o
}

var yamlName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.]*$`)

func (y *yamlReader) param(k, v *yaml.Node) (Param, bool) {
	p := Param{at: at{y.rng(k)}, Name: lower([]byte(k.Value)), Spelling: k.Value}
	ignored := func(text string, args ...any) (Param, bool) {
		y.errorf(y.rng(k), text, args...).Effect = "the parameter is ignored"
		return p, false
	}
	if !yamlName.MatchString(k.Value) {
		return ignored("a parameter name has letters, digits, _ and . only, found %q", clip(k.Value))
	}
	v = y.resolve(v)
	switch {
	case v == nil:
		return p, false
	case isNull(v):
		return ignored("the parameter %s has no value", k.Value)
	case v.Kind == yaml.ScalarNode:
		item := Item{at: at{y.rng(v)}, Text: v.Value}
		p.Value = Value{at: item.at, Items: []Item{item}}
		return p, true
	case v.Kind == yaml.MappingNode:
		return ignored("the parameter %s takes a text or a list of texts, found %s", k.Value, shape(v))
	}
	p.Value = Value{at: at{y.rng(v)}, Array: true}
	for _, e := range v.Content {
		if e = y.resolve(e); e == nil || e.Kind != yaml.ScalarNode || isNull(e) {
			return ignored("the elements of the list %s must be texts", k.Value)
		}
		p.Value.Items = append(p.Value.Items, Item{at: at{y.rng(e)}, Text: e.Value})
	}
	if len(p.Value.Items) == 0 {
		return ignored("the list %s has no elements", k.Value)
	}
	return p, true
}

// template makes a template; elements: holds the entries of a list.
func (y *yamlReader) template(n *yaml.Node) *Template {
	t := &Template{}
	o := y.object("template", nil, n, func(k, v *yaml.Node) bool {
		if k.Value != "elements" {
			return false
		}
		t.HasList = true
		for _, e := range y.items(v, k) {
			if entry := y.entry(e); entry != nil {
				t.Entries = append(t.Entries, entry)
			}
		}
		return true
	})
	if o == nil {
		return nil
	}
	t.Object = *o
	return t
}

// entry makes property(...) of {property: {name: msg}}.
func (y *yamlReader) entry(n *yaml.Node) *Object {
	if n = y.resolve(n); n == nil {
		return nil
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		if k := n.Content[0]; k.Value == "property" || k.Value == "constant" {
			return y.object(k.Value, k, n.Content[1], nil)
		}
	}
	d := y.errorf(y.rng(firstKey(n)), "want property: or constant: and its parameters in a list template, found %s", shape(n))
	d.Hint, d.Effect = "- property: {name: msg}", "this element is ignored"
	return nil
}

// includes reads the files of an include section, those in YAML first.
func (y *yamlReader) includes(items []*yaml.Node) []Stmt {
	var list []*Include
	for _, n := range items {
		inc := &Include{}
		mode := ""
		o := y.object("include", nil, n, func(k, v *yaml.Node) bool {
			if k.Value != "optional" {
				return false
			}
			switch v = y.resolve(v); {
			case v == nil:
			case isYes(v.Value):
				mode = "optional"
			case !slices.Contains([]string{"off", "no", "0", "false"}, v.Value):
				y.errorf(y.rng(v), "optional: want on or off, found %q", clip(v.Value)).Effect = "the file is required"
			}
			return true
		})
		if o == nil {
			continue
		}
		for i := range o.Params {
			if p := &o.Params[i]; p.Name == "path" {
				p.Name, p.Spelling = "file", "file"
			}
		}
		if mode != "" && o.Param("mode") == nil {
			o.Params = append(o.Params, NewParam("mode", mode))
		}
		inc.Object = *o
		list = append(list, inc)
	}
	slices.SortStableFunc(list, func(a, b *Include) int { return yamlLast(a) - yamlLast(b) })
	var out []Stmt
	for _, inc := range list {
		p := newParserOf(y.run, newPart(y.src, nil, origin{}), topLevel)
		before := p.stopped
		p.readsInclude(inc)
		if before {
			y.unused = append(y.unused, inc)
		} else {
			out = append(out, inc)
		}
	}
	return out
}

func yamlLast(inc *Include) int {
	if f := inc.Param("file"); f != nil && isYAML(text(f)) {
		return 0
	}
	return 1
}

func isYes(s string) bool { return slices.Contains([]string{"on", "yes", "1", "true"}, s) }

// items are the elements of a list. key names it in errors.
func (y *yamlReader) items(n, key *yaml.Node) []*yaml.Node {
	n = y.resolve(n)
	switch {
	case n == nil || isNull(n):
		return nil
	case n.Kind == yaml.SequenceNode:
		return n.Content
	}
	d := y.errorf(y.rng(key), "%s: want a list, found %s", key.Value, shape(n))
	d.Effect = "it is ignored"
	if n.Kind == yaml.MappingNode {
		d.Hint = "put - in front of each element"
	}
	return nil
}

// pairs calls f for the keys of a mapping, in their order. Keys must be texts.
func (y *yamlReader) pairs(n *yaml.Node, f func(key, value *yaml.Node)) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
			y.errorf(y.rng(k), "want a name in front of the :, found %s", shape(k)).Effect = "it is ignored"
			continue
		}
		f(k, n.Content[i+1])
	}
}

// resolve follows aliases. It returns nil when they make too much of the file.
func (y *yamlReader) resolve(n *yaml.Node) *yaml.Node {
	for hops := 0; n != nil; hops++ {
		y.nodes++
		switch {
		case y.nodes == maxYAMLNodes || hops > 100:
			y.errorf(y.rng(n), "the file refers to itself too often").Effect = "the rest of it is ignored"
			y.nodes = maxYAMLNodes + 1
			return nil
		case y.nodes > maxYAMLNodes:
			return nil
		case n.Kind == yaml.DocumentNode && len(n.Content) > 0:
			n = n.Content[0]
		case n.Kind == yaml.AliasNode:
			n = n.Alias
		default:
			return n
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// shape names what a node is, in errors.
func shape(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.ScalarNode:
		return fmt.Sprintf("%q", clip(n.Content[0].Value)+":")
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case isNull(n):
		return "nothing"
	}
	return fmt.Sprintf("%q", clip(n.Value))
}

func firstKey(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
		return n.Content[0]
	}
	return n
}
