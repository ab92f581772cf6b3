package mmnormalize

import (
	"sort"

	"syslogd/message"
)

// A rulebase is compiled to a graph: rules that begin alike share a path, a
// literal is walked byte by byte, and at each node the fields are tried in the
// order of their priority. A message goes back to the last node with another
// way when one fails.

// node is a place in the graph.
type node struct {
	literals map[byte]*node
	fields   []*edge
	// rule is set where a rule ends.
	rule *rule
}

// edge is a field that leads to another node.
type edge struct {
	key      string // of equal fields of several rules
	name     string
	priority int
	parse    fieldParser
	next     *node
}

// rule is what the end of a rule gives beside its fields.
type rule struct {
	tags []string
}

// fieldParser reads a field at the start of text, which is the rest of the
// message. It returns the bytes read, or -1.
type fieldParser interface {
	parse(m *matcher, text string) (val message.Value, n int)
}

// literal returns the node behind text, made if need be.
func (n *node) literal(text string) *node {
	for i := range len(text) {
		next := n.literals[text[i]]
		if next == nil {
			if n.literals == nil {
				n.literals = map[byte]*node{}
			}
			next = &node{}
			n.literals[text[i]] = next
		}
		n = next
	}
	return n
}

// field returns the node behind a field.
func (n *node) field(e *edge) *node {
	for _, old := range n.fields {
		if old.key == e.key {
			return old.next
		}
	}
	if e.next == nil {
		e.next = &node{}
	}
	n.fields = append(n.fields, e)
	sort.SliceStable(n.fields, func(i, j int) bool { return n.fields[i].priority < n.fields[j].priority })
	return e.next
}

// fork reports whether something else than one literal goes on here.
func (n *node) fork() bool { return n.rule != nil || len(n.fields) > 0 || len(n.literals) != 1 }

// maxSteps bounds the work for one message: going back can take exponential time.
const maxSteps = 100_000

// maxDepth bounds nested types and repetitions.
const maxDepth = 64

// matcher is one message on its way through the graph.
type matcher struct {
	text  string
	steps int
	depth int
	// farthest is how far any way got.
	farthest int
	// v1 is set for a rulebase without version=2.
	v1 bool
	// fields is how many fields the way here has, entered where the last one
	// ended: version 1 tries none directly behind it at the end of the text.
	fields, entered int
}

// match goes on at node n and position at. With partial the text may go on
// behind a rule's end. It returns the end and the rule, or nil. Fields are put
// into obj from the last to the first, as liblognorm does.
func (m *matcher) match(n *node, at int, partial bool, obj *message.Value) (end int, r *rule) {
	if m.steps++; m.steps > maxSteps || m.depth > maxDepth {
		return 0, nil
	}
	if at > m.farthest && m.counts(n, at) {
		m.farthest = at
	}
	if m.v1 && at == len(m.text) && m.entered == at {
		return at, n.rule
	}
	tried := false
	for _, e := range n.fields {
		if !tried && e.priority >= m.literalPriority() {
			tried = true
			if end, r = m.literal(n, at, partial, obj); r != nil {
				return end, r
			}
		}
		val, k := e.parse.parse(m, m.text[at:])
		if k < 0 {
			continue
		}
		m.fields++
		m.entered = at + k
		if !m.v1 {
			m.farthest = max(m.farthest, at+k)
		}
		end, r = m.match(e.next, at+k, partial, obj)
		m.fields--
		if r != nil {
			put(obj, e.name, val)
			return end, r
		}
	}
	if !tried {
		if end, r = m.literal(n, at, partial, obj); r != nil {
			return end, r
		}
	}
	if n.rule != nil && (partial || at == len(m.text)) {
		return at, n.rule
	}
	return 0, nil
}

// literal goes on with the literal at n.
func (m *matcher) literal(n *node, at int, partial bool, obj *message.Value) (int, *rule) {
	if at < len(m.text) {
		if next := n.literals[m.text[at]]; next != nil {
			return m.match(next, at+1, partial, obj)
		}
	}
	return 0, nil
}

// literalPriority is where literals stand among the fields: in front of those
// without a priority, and in version 1 behind all but rest.
func (m *matcher) literalPriority() int {
	if m.v1 {
		return restPriority
	}
	return defaultPriority<<8 | 4
}

// counts reports whether liblognorm says that the text was understood up to at.
// Its second version has a node here only in front of and behind a literal. Its
// first one forgets a text that ends within a literal behind a field.
func (m *matcher) counts(n *node, at int) bool {
	if n.fork() || !m.v1 {
		return n.fork()
	}
	if at == len(m.text) {
		return m.fields == 0
	}
	return n.literals[m.text[at]] == nil
}

// put stores a field: "-" is dropped, an object called "." is merged into obj, and one
// whose only member is called ".." is that member.
func put(obj *message.Value, name string, val message.Value) {
	switch {
	case name == "-" || name == "":
	case name == "." && val.Kind() == message.Object:
		for i := range val.Len() {
			k, v := val.Member(i)
			obj.Put(k, *v, true)
		}
	default:
		if val.Kind() == message.Object && val.Len() == 1 {
			if whole := val.Get("..", true); whole != nil {
				val = *whole
			}
		}
		obj.Put(name, val, true)
	}
}

// sub matches a part of the text, for types and repetitions.
func (m *matcher) sub(n *node, text string) (message.Value, int) {
	if m.depth++; m.depth > maxDepth {
		return message.Value{}, -1
	}
	defer func() { m.depth-- }()
	inner := matcher{text: text, steps: m.steps, depth: m.depth, v1: m.v1}
	obj := message.ObjectValue()
	end, r := inner.match(n, 0, true, &obj)
	m.steps = inner.steps
	if r == nil {
		return obj, -1
	}
	return obj, end
}
