package script

import (
	"bytes"
	"strconv"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/property"
)

// comparison compiles == != < <= > >= contains startswith endswith and the like.
func (c *compiler) comparison(e *syntax.Binary, x, y node) node {
	if x.items != nil && (e.Op == "==" || e.Op == "!=") {
		x, y = y, x
	}
	if n, done := c.priority(e, x, y); done {
		return n
	}
	switch e.Op {
	case "==":
		n := c.anyOf(x, y, equal)
		if isConstantText(y) {
			n.needs = property.NeedsText(x.prop, false, constants(y)...)
		}
		return n
	case "!=":
		n := c.anyOf(x, y, equal)
		return ofCond(func(m *message.Message, ctx *property.Context) bool { return !n.cond(m, ctx) })
	case "<", "<=", ">", ">=":
		holds := orders[e.Op]
		if y.items != nil { // the first element only
			y = constant(y.items[0])
		}
		return c.anyOf(x, y, func(a, b Value) bool { return holds(compareNumbers(a, b)) })
	}
	test := textTests[e.Op]
	if test == nil {
		c.errorf(e, "unknown operator %q", e.Op)
		return constant(Value{})
	}
	n := c.anyOf(x, y, func(a, b Value) bool { return test(a.Bytes(), b.Bytes()) })
	switch e.Op {
	case "contains":
		n.needs = property.NeedsText(x.prop, true, constants(y)...)
	case "startswith", "endswith":
		n.needs = property.NeedsText(x.prop, false, constants(y)...)
	}
	return n
}

// isConstantText reports whether n is a constant text or an array, which holds
// texts. A number equals other texts than its own, too.
func isConstantText(n node) bool {
	return n.items != nil || n.value != nil && n.value.kind == str
}

// constants returns the texts of a constant or of an array, nil for other nodes.
func constants(n node) (list [][]byte) {
	if n.value != nil {
		return [][]byte{n.value.Bytes()}
	}
	for _, it := range n.items {
		list = append(list, it.Bytes())
	}
	return list
}

var orders = map[string]func(int) bool{
	"<":  func(o int) bool { return o < 0 },
	"<=": func(o int) bool { return o <= 0 },
	">":  func(o int) bool { return o > 0 },
	">=": func(o int) bool { return o >= 0 },
}

var textTests = map[string]func(a, b []byte) bool{
	"contains":     bytes.Contains,
	"contains_i":   property.ContainsFold,
	"startswith":   bytes.HasPrefix,
	"startswith_i": property.HasPrefixFold,
	"endswith":     bytes.HasSuffix,
}

// anyOf tests x against y, or against each element if y is an array.
func (c *compiler) anyOf(x, y node, test func(a, b Value) bool) node {
	get := x.eval
	if x.peek != nil && (y.value != nil || y.items != nil) {
		get = x.peek
	}
	if y.items == nil {
		if y.value != nil {
			want := *y.value
			return ofCond(func(m *message.Message, ctx *property.Context) bool { return test(get(m, ctx), want) })
		}
		return ofCond(func(m *message.Message, ctx *property.Context) bool {
			a := x.eval(m, ctx)
			return test(a, y.eval(m, ctx))
		})
	}
	items := y.items
	return ofCond(func(m *message.Message, ctx *property.Context) bool {
		v := get(m, ctx)
		for _, it := range items {
			if test(v, it) {
				return true
			}
		}
		return false
	})
}

// priority compiles comparisons of facility and severity with constants: they
// work on the number, and names are looked up, so that aliases match.
func (c *compiler) priority(e *syntax.Binary, x, y node) (node, bool) {
	if x.prop == nil || y.value == nil {
		return node{}, false
	}
	var get func(m *message.Message) int64
	limit := int64(0)
	switch x.prop.ID {
	case property.Severity, property.SeverityText:
		get, limit = func(m *message.Message) int64 { return int64(m.PRI.Severity()) }, 7
	case property.Facility, property.FacilityText:
		get, limit = func(m *message.Message) int64 { return int64(m.PRI.Facility()) }, 24
	default:
		return node{}, false
	}
	isText := x.prop.ID == property.SeverityText || x.prop.ID == property.FacilityText
	var want int64
	switch {
	case isText && y.value.kind == str && (e.Op == "==" || e.Op == "!="):
		n, ok := named(x.prop.ID, string(y.value.s))
		if !ok {
			d := c.diags.Errorf(e.Y.Range(), "%q is no %s", y.value.s, strings.TrimPrefix(strings.TrimSuffix(x.prop.Name, "-text"), "syslog"))
			known := severities
			if x.prop.ID == property.FacilityText {
				known = facilities
			}
			names := strings.Split(known, ", ")
			if s := diag.Suggest(string(y.value.s), names); s != "" {
				d.Hint = "did you mean " + strconv.Quote(s) + "?"
			} else {
				d.Hint = "they are " + known
			}
			d.Effect = "the comparison is always false"
			return constant(number(0)), true
		}
		want = n
	case !isText && y.value.kind == num:
		if want = y.value.n; e.Op == "==" && (want < 0 || want > limit) {
			c.diags.Errorf(e.Y.Range(), "$%s is between 0 and %d", x.prop.Name, limit).Effect = "the comparison is always false"
		}
	default:
		return node{}, false
	}
	var holds func(a int64) bool
	switch e.Op {
	case "==":
		holds = func(a int64) bool { return a == want }
	case "!=":
		holds = func(a int64) bool { return a != want }
	default:
		o := orders[e.Op]
		if o == nil {
			return node{}, false
		}
		holds = func(a int64) bool { return o(int(a - want)) }
	}
	return ofCond(func(m *message.Message, _ *property.Context) bool { return holds(get(m)) }), true
}

func named(id property.ID, name string) (int64, bool) {
	name = strings.ToLower(name)
	if id == property.SeverityText {
		s, ok := message.SeverityNamed(name)
		return int64(s), ok
	}
	f, ok := message.FacilityNamed(name)
	return int64(f), ok
}

// The names that severities and facilities have in comparisons, for hints.
const (
	severities = "emerg, alert, crit, err, warning, notice, info, debug"
	facilities = "kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, authpriv, ftp, ntp, audit, alert, clock, " +
		"local0, local1, local2, local3, local4, local5, local6, local7"
)
