package property

import (
	"syslogd/internal/literal"
)

// Needs is what a condition needs to hold: a property that contains one of some
// texts. A sequence of conditions on the same property is decided by looking
// for all their texts at once.
type Needs struct {
	Prop *Property
	Any  [][]byte
	// Exact says that the condition holds if, and only if, one of Any occurs.
	Exact bool
}

// NeedsText returns what a condition needs that looks for texts in a property,
// nil if that is of no use: the property's bytes do not stay, or a text is too
// short.
func NeedsText(p *Property, exact bool, texts ...[]byte) *Needs {
	if p == nil || !p.stays() || len(texts) == 0 {
		return nil
	}
	for _, t := range texts {
		if len(t) < literal.MinLen {
			return nil
		}
	}
	return &Needs{Prop: p, Any: texts, Exact: exact}
}

// stays reports whether the property's bytes are the message's own: other ones
// at the same address are another text.
func (p *Property) stays() bool {
	switch p.ID {
	case Msg, RawMsg, RawMsgAfterPRI, Hostname, FromHost, FromHostIP, ProgramName, AppName:
		return true
	}
	return false
}

// Or is what "x or y" needs if x needs n and y needs o.
func (n *Needs) Or(o *Needs) *Needs {
	if n == nil || o == nil || n.Prop.ID != o.Prop.ID {
		return nil
	}
	return &Needs{Prop: n.Prop, Any: append(n.Any[:len(n.Any):len(n.Any)], o.Any...), Exact: n.Exact && o.Exact}
}

// And is what "x and y" needs if x needs n. y is not asked: it is not evaluated
// without x, and may have effects.
func (n *Needs) And() *Needs {
	if n == nil {
		return nil
	}
	return &Needs{Prop: n.Prop, Any: n.Any}
}
