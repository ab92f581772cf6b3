package lint

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/selector"
)

// chain looks at what "and" and "or" join: constants, and comparisons that
// contradict each other.
func (l *linter) chain(b *syntax.Binary) {
	if !logic(b) {
		return
	}
	parts := l.parts(b, b.Op, nil)
	var before *syntax.Binary
	for _, p := range parts {
		if c, ok := p.(*syntax.Binary); ok {
			before = c
		}
		l.operand(p, before)
		l.descend(p)
	}
	l.exclusive(b, parts)
}

// parts are the operands of a chain of one operator.
func (l *linter) parts(e syntax.Expr, op string, list []syntax.Expr) []syntax.Expr {
	if b, ok := e.(*syntax.Binary); ok && b.Op == op {
		return l.parts(b.Y, op, l.parts(b.X, op, list))
	}
	return append(list, e)
}

// descend looks at an operand of a chain: chain has looked at the chain itself.
func (l *linter) descend(e syntax.Expr) {
	if b, ok := e.(*syntax.Binary); !ok || !logic(b) {
		l.expr(e)
	}
}

// operand looks for a constant where a comparison was meant: $hostname == "a" or "b".
func (l *linter) operand(e syntax.Expr, before *syntax.Binary) {
	var value string
	switch e := e.(type) {
	case *syntax.String:
		value = syntax.ExprString(e)
	case *syntax.Number:
		value = e.Text
	case *syntax.ArrayLit:
		value = "the array"
	default:
		return
	}
	d := l.diags.Notef(e.Range(), "%s is a condition of its own here, always the same, and is compared with nothing", value)
	d.Hint = "compare it, too"
	if before != nil && !logic(before) {
		d.Hint = fmt.Sprintf("write %s %s %s", syntax.ExprString(before.X), before.Op, syntax.ExprString(e))
	}
}

// constant looks for a condition that is a constant as a whole. A number is taken
// for a switch that somebody wants.
func (l *linter) constant(e syntax.Expr) {
	if s, ok := e.(*syntax.String); ok {
		l.diags.Notef(e.Range(), "%s is a constant, the condition is always the same", syntax.ExprString(s)).
			Hint = fmt.Sprintf("write $msg contains %s", syntax.ExprString(s))
	}
}

// exclusive looks for $x == "a" and $x == "b", which never holds, and for
// $x != "a" or $x != "b", which always does.
func (l *linter) exclusive(b *syntax.Binary, parts []syntax.Expr) {
	op, means := "==", "never"
	if b.Op == "or" {
		op, means = "!=", "always"
	}
	seen := map[string]string{}
	for _, p := range parts {
		c, ok := p.(*syntax.Binary)
		if !ok || c.Op != op {
			continue
		}
		v, isVar := c.X.(*syntax.Variable)
		s, isString := c.Y.(*syntax.String)
		if !isVar || !isString {
			continue
		}
		if other, twice := seen[v.Name]; twice && other != s.Value {
			other := map[string]string{"and": "or", "or": "and"}[b.Op]
			l.diags.Notef(c.Range(), "this %s holds: $%s has one value", means, v.Name).
				Hint = fmt.Sprintf("write %q between the comparisons", other)
			return
		}
		seen[v.Name] = s.Value
	}
}

// array looks for set $!x = ["a", "b"].
func (l *linter) array(s *syntax.Set) {
	if a, ok := s.Value.(*syntax.ArrayLit); ok {
		first := ""
		if len(a.Items) > 0 {
			first = a.Items[0].Value
		}
		l.diags.Notef(a.Range(), "a variable holds no array: $%s gets the first element, %q", s.Var.Name, first).
			Hint = fmt.Sprintf(`write set $.ret = parse_json("[...]", "\$%s"), or compare with the array itself`, s.Var.Name)
	}
}

// A compared is a property, what it is compared with and how.
type compared struct {
	property string // lower case
	op       string // lower case: ==, contains, isequal, ...
	value    string
	isNumber bool
	// said is how the text names the property.
	said string
}

// comparison looks at $property OP "value", and at each element of an array.
func (l *linter) comparison(b *syntax.Binary) {
	if logic(b) {
		return
	}
	v, ok := b.X.(*syntax.Variable)
	if !ok {
		return
	}
	c := compared{property: strings.ToLower(v.Name), op: b.Op, said: "$" + v.Name}
	switch y := b.Y.(type) {
	case *syntax.String:
		c.value = y.Value
		l.compared(c, y.Range())
	case *syntax.Number:
		c.value, c.isNumber = y.Text, true
		l.compared(c, y.Range())
	case *syntax.ArrayLit:
		for _, item := range y.Items {
			c.value = item.Value
			l.compared(c, item.Range())
		}
	}
}

// propFilter looks at :property, op, "value".
func (l *linter) propFilter(n *syntax.PropFilter) {
	op := n.Op
	if op == "isequal" {
		op = "=="
	}
	name := strings.TrimPrefix(n.Property, "$")
	l.compared(compared{property: strings.ToLower(name), op: op, value: n.Value, said: n.Property}, n.ValueRange)
}

// compared looks at one comparison; the first trap that it finds is reported.
func (l *linter) compared(c compared, at diag.Range) {
	for _, trap := range []func(compared) (text, hint string){
		numericProperty, nameProperty, cidr, wildcard, addressPrefix, programName, expression} {
		if text, hint := trap(c); text != "" {
			l.diags.Notef(at, "%s", text).Hint = hint
			return
		}
	}
}

var digits = regexp.MustCompile(`^-?[0-9]+$`)

// numericProperty is for $syslogseverity == "err".
func numericProperty(c compared) (text, hint string) {
	switch c.property {
	case "syslogseverity", "syslogfacility", "syslogpriority", "pri":
	default:
		return "", ""
	}
	if c.isNumber || digits.MatchString(c.value) || !slices.Contains([]string{"==", "!=", "<", ">", "<=", ">=", "contains", "startswith"}, c.op) {
		return "", ""
	}
	text = fmt.Sprintf("%s is a number, %q never is", c.said, c.value)
	if c.property == "pri" {
		return text, "write a selector such as mail.err, or compare syslogfacility-text and syslogseverity-text"
	}
	if n, known := numberOf(c.property, c.value); known {
		return text, fmt.Sprintf("write %d in place of the name, or compare %s-text with it", n, c.said)
	}
	return text, fmt.Sprintf("compare %s-text with names", c.said)
}

func numberOf(property, name string) (int, bool) {
	name = strings.ToLower(name)
	if property == "syslogfacility" {
		f, ok := message.FacilityNamed(name)
		return int(f), ok
	}
	s, ok := message.SeverityNamed(name)
	return int(s), ok
}

// nameProperty is for $syslogseverity-text == "error" (the name is "err"), and
// for numbers and orders of names.
func nameProperty(c compared) (text, hint string) {
	property, isName := strings.CutSuffix(c.property, "-text")
	if !isName || property != "syslogseverity" && property != "syslogfacility" && property != "syslogpriority" {
		return "", ""
	}
	number := strings.TrimSuffix(c.said, "-text")
	switch c.op {
	case "<", ">", "<=", ">=":
		return fmt.Sprintf("%s is a name, its order is that of the alphabet", c.said), "compare " + number + " with a number"
	case "==", "!=":
	default:
		return "", ""
	}
	if c.isNumber || digits.MatchString(c.value) {
		return fmt.Sprintf("%s is a name, %s never is", c.said, c.value), "compare " + number + " with the number"
	}
	n, known := numberOf(property, c.value)
	if !known {
		return "", ""
	}
	name := message.Severity(n).String()
	if property == "syslogfacility" {
		name = message.Facility(n).String()
	}
	if name == c.value {
		return "", ""
	}
	return fmt.Sprintf("%s is never %q, it is %q then", c.said, c.value, name), fmt.Sprintf("write %q", name)
}

// textual reports whether the operator compares text as it stands.
func textual(op string) bool {
	return slices.Contains([]string{"==", "!=", "contains", "contains_i", "startswith", "startswith_i", "endswith"}, op)
}

// cidr is for startswith "10.0.0.0/8".
func cidr(c compared) (text, hint string) {
	prefix, err := netip.ParsePrefix(c.value)
	if err != nil || !textual(c.op) {
		return "", ""
	}
	text = fmt.Sprintf("%q is compared as text, not as a network", c.value)
	octets := strings.Split(prefix.Addr().String(), ".")
	if n := prefix.Bits() / 8; len(octets) == 4 && prefix.Bits()%8 == 0 && n > 0 && n < 4 {
		return text, fmt.Sprintf(`write startswith "%s."`, strings.Join(octets[:n], "."))
	}
	return text, "write a regular expression, or a lookup table of addresses"
}

// wildcard is for $hostname == "web*", and for expressions in "contains".
func wildcard(c compared) (text, hint string) {
	switch c.property {
	case "hostname", "source", "fromhost", "fromhost-ip", "programname", "app-name", "syslogtag", "inputname":
	default:
		return "", ""
	}
	if !textual(c.op) || !strings.ContainsAny(c.value, "*") {
		return "", ""
	}
	before, behind, _ := strings.Cut(c.value, "*")
	text = fmt.Sprintf("the * in %q is an ordinary character", c.value)
	switch {
	case behind == "" && before != "":
		return text, fmt.Sprintf("write startswith %q", before)
	case before == "" && behind != "" && !strings.Contains(behind, "*"):
		return text, fmt.Sprintf("write endswith %q", behind)
	}
	return text, "write re_match() or a filter with regex"
}

var partOfAddress = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$`)

// addressPrefix is for startswith "10.1", which 10.10.0.1 does, too.
func addressPrefix(c compared) (text, hint string) {
	if c.property != "fromhost-ip" || c.op != "startswith" || !partOfAddress.MatchString(c.value) {
		return "", ""
	}
	return fmt.Sprintf("addresses that begin with %s0 match as well", c.value), fmt.Sprintf("write %q", c.value+".")
}

// programName is for $programname == "sshd:".
func programName(c compared) (text, hint string) {
	if c.property != "programname" || c.op != "==" {
		return "", ""
	}
	name, _, found := strings.Cut(c.value, "[")
	if !found {
		name, found = strings.CutSuffix(c.value, ":")
	}
	if !found || name == "" {
		return "", ""
	}
	return fmt.Sprintf("a program's name ends before [ and the colon, it is never %q", c.value), fmt.Sprintf("write %q", name)
}

// expression is for contains "a.*b".
func expression(c compared) (text, hint string) {
	if !strings.HasPrefix(c.op, "contains") || !strings.Contains(c.value, ".*") {
		return "", ""
	}
	return fmt.Sprintf("%q is searched as text, not as a regular expression", c.value), "write re_match() or a filter with regex"
}

// selector looks for one that no message meets: mail.none;authpriv.none.
func (l *linter) selector(n *syntax.PRIFilter) {
	var found diag.List
	s, ok := selector.Parse(n.Text, n.Range(), &found)
	if !ok || found.Len() > 0 {
		return
	}
	for pri := range message.Priority(25 * 8) {
		if s.Match(pri) {
			return
		}
	}
	l.diags.Notef(n.Range(), "the selector matches no message: what .none and ! take away must be selected in front of it").
		Hint = "write *.*;" + strings.ReplaceAll(n.Text, ",", ";")
}
