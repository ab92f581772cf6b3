package router

import (
	"math/bits"

	"syslogd/internal/literal"
	"syslogd/message"
	"syslogd/router/property"
)

// chain is a sequence of conditional statements that all look for texts in the
// same property: one pass over it finds those that may apply, instead of one a
// statement. It does what its statements do one after the other.
type chain struct {
	prop  *property.Property
	texts *literal.Set
	links []link
}

// stmts are the statements that the chain was made of.
func (c *chain) stmts() []Stmt {
	list := make([]Stmt, len(c.links))
	for i, l := range c.links {
		list[i] = l.stmt
	}
	return list
}

// link is a statement of a chain.
type link struct {
	stmt Stmt
	// then is what runs without asking stmt's condition, if exact is set.
	then  []Stmt
	exact bool
}

// shortestChain is how many statements make a chain: below that looking for
// one text after the other costs no more.
const shortestChain = 3

// Chained returns body with its chains put together, those in inner blocks, too.
func Chained(body []Stmt) []Stmt {
	var out []Stmt
	for len(body) > 0 {
		n := 1
		if needs := needsOf(body[0]); needs != nil {
			n = chainLen(body, needs.Prop.ID)
		}
		for _, s := range body[:n] {
			chainBlocks(s)
		}
		if n >= shortestChain {
			out = append(out, newChain(body[:n]))
		} else {
			out = append(out, body[:n]...)
		}
		body = body[n:]
	}
	return out
}

// chainLen is the number of statements that a chain on a property can take.
func chainLen(body []Stmt, id property.ID) int {
	for i, s := range body[:min(len(body), literal.MaxGroups)] {
		if needs := needsOf(s); needs == nil || needs.Prop.ID != id {
			return i
		}
	}
	return min(len(body), literal.MaxGroups)
}

// chainBlocks makes the chains in the blocks of a statement.
func chainBlocks(s Stmt) {
	switch s := s.(type) {
	case *If:
		s.Then, s.Else = Chained(s.Then), Chained(s.Else)
	case *Filter:
		s.Then = Chained(s.Then)
	case *Selector:
		s.Then = Chained(s.Then)
	case *Foreach:
		s.Body = Chained(s.Body)
	}
}

// needsOf returns what a statement needs to do anything, nil if that is not known.
func needsOf(s Stmt) *property.Needs {
	switch s := s.(type) {
	case *If:
		if len(s.Else) == 0 {
			return s.Cond.Needs()
		}
	case *Filter:
		return s.Filter.Needs()
	}
	return nil
}

func newChain(body []Stmt) *chain {
	c := &chain{prop: needsOf(body[0]).Prop}
	var groups [][][]byte
	for _, s := range body {
		needs := needsOf(s)
		groups = append(groups, needs.Any)
		l := link{stmt: s, exact: needs.Exact}
		switch s := s.(type) {
		case *If:
			l.then = s.Then
		case *Filter:
			l.then = s.Then
		}
		c.links = append(c.links, l)
	}
	c.texts = literal.New(groups)
	return c
}

func (c *chain) run(w *Worker, m *message.Message) bool {
	value := c.prop.Get(m, w.props)
	found := c.texts.Find(value)
	for found != 0 {
		i := bits.TrailingZeros64(found)
		if c.runLink(&c.links[i], w, m) {
			return true
		}
		found &^= 1 << i
		if now := c.prop.Get(m, w.props); !same(now, value) {
			// A modifier has changed the property: the rest looks at the new text.
			value = now
			found = c.texts.Find(value) &^ (2<<i - 1)
		}
	}
	return false
}

func (c *chain) runLink(l *link, w *Worker, m *message.Message) bool {
	if l.exact {
		return w.run(l.then, m)
	}
	return l.stmt.run(w, m)
}

// same reports whether a and b are the same bytes in the same place.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
