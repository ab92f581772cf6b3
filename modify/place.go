package modify

import (
	"errors"
	"fmt"
	"strings"

	"syslogd/config/param"
	"syslogd/message"
	"syslogd/router/property"
)

// Place is a message variable, or a whole tree, that a modifier writes.
type Place struct {
	local bool // $. and not $!
	path  message.Path
	text  string // as written, with the $
}

// String is the place as a configuration names it.
func (p *Place) String() string { return p.text }

// ParsePlace reads $!, $!name!name, $. or $.name; the $ may be missing, as in
// rsyslogd.
func ParsePlace(text string) (Place, error) {
	name := strings.TrimPrefix(text, "$")
	if name == "" || name[0] != '!' && name[0] != '.' {
		if strings.HasPrefix(name, "/") {
			return Place{}, errors.New("a global variable can not hold what belongs to a message")
		}
		return Place{}, fmt.Errorf("want a variable such as $!name or $.name, found %q", text)
	}
	return Place{local: name[0] == '.', path: message.ParsePath(name[1:]), text: "$" + name}, nil
}

// PlaceParam is a parameter that names a Place.
func PlaceParam[C any](name string, field func(*C) *Place) *param.Param[C] {
	return param.Func(name, param.KindString, func(c *C, value string) error {
		p, err := ParsePlace(value)
		*field(c) = p
		return err
	}, func(c *C) string { return field(c).String() })
}

func (p *Place) tree(m *message.Message) *message.Tree {
	tree := &m.JSON
	if p.local {
		tree = &m.Local
	}
	if *tree == nil {
		*tree = &message.Tree{}
	}
	return *tree
}

// Put stores val, which it takes over. An object is merged into one that is
// there. It reports whether val could be stored: what is in its way stays.
func (p *Place) Put(m *message.Message, val message.Value, ctx *property.Context) bool {
	return p.tree(m).Set(p.path, val, false, ctx.ExactCase)
}

// PutIn is Put for the member name of the place.
func (p *Place) PutIn(name string, m *message.Message, val message.Value, ctx *property.Context) bool {
	path := append(p.path[:len(p.path):len(p.path)], message.PathStep{Name: name, Index: -1})
	return p.tree(m).Set(path, val, false, ctx.ExactCase)
}
