package template

import (
	"strings"

	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/property"
)

// branch is a member of the object that option.jsonftree makes: a part, or an
// object with members of its own.
type branch struct {
	name    string
	key     []byte // "name": in front of an object
	part    int    // -1: an object
	members []*branch
}

func newTree() *branch { return &branch{part: -1} }

// add hangs a part at the place that its dotted name says, and returns the name
// that is left for it. A name that is a field and an object both stays dotted,
// which is reported at rng.
func (b *branch) add(name string, part int, rng diag.Range, diags *diag.List) string {
	path := strings.Split(name, ".")
	for _, s := range path {
		if s == "" {
			path = []string{name}
			break
		}
	}
	at := b
	for i, s := range path {
		m := at.member(s)
		last := i == len(path)-1
		switch {
		case m == nil && last:
			at.members = append(at.members, &branch{name: s, part: part})
			return s
		case m == nil:
			m = &branch{name: s, key: append(jsonKey(s), ':', ' '), part: -1}
			at.members = append(at.members, m)
		case last != (m.part >= 0):
			diags.Warnf(rng, "%q is a field here and an object elsewhere", name).Effect = "this field keeps its dotted name"
			b.members = append(b.members, &branch{name: name, part: part})
			return name
		case last: // twice the same name: both are written, as without the tree
			at.members = append(at.members, &branch{name: s, part: part})
			return s
		}
		at = m
	}
	return name
}

// text hangs a part without a name at the top.
func (b *branch) text(part int) { b.members = append(b.members, &branch{part: part}) }

func (b *branch) member(name string) *branch {
	for _, m := range b.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

// appendTree renders an object. Members that are empty on purpose leave no comma,
// objects without members are left out.
func (t *Template) appendTree(dst []byte, b *branch, m *message.Message, ctx *property.Context) []byte {
	open := len(dst)
	dst = append(append(dst, b.key...), '{')
	empty := true
	for _, member := range b.members {
		start := len(dst)
		if !empty {
			dst = append(dst, ", "...)
		}
		before := len(dst)
		switch {
		case member.part < 0:
			dst = t.appendTree(dst, member, m, ctx)
		case t.parts[member.part].constant != nil:
			dst = append(dst, t.parts[member.part].constant...)
		default:
			dst = t.appendValue(dst, &t.parts[member.part], m, ctx)
		}
		if len(dst) == before {
			dst = dst[:start]
			continue
		}
		empty = false
	}
	if empty && b.key != nil {
		return dst[:open]
	}
	return append(dst, '}')
}
