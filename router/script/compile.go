package script

import (
	"bytes"
	"fmt"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/router/lookup"
	"syslogd/router/property"
	"syslogd/router/selector"
	"syslogd/router/template"
)

// Env is what expressions can refer to beside the message.
type Env struct {
	// Template returns a template by name, or nil, for exec_template().
	Template func(name string) *template.Template
	// Tables are those of lookup(); nil has none.
	Tables *lookup.Set
	// Buckets are those of dyn_inc() and percentile_observe(); nil has none.
	Buckets *metrics.Buckets
	// Regexps compiles regular expressions; nil refuses back-references.
	Regexps *posix.Compiler
	// Requests are those of http_request(); nil sends none.
	Requests *Requests
}

// Program is a compiled expression. It may be used by any number of workers.
type Program struct {
	eval eval
	// cond, if not nil, decides the expression's truth without making a Value.
	cond  cond
	needs *property.Needs
}

type (
	eval func(m *message.Message, ctx *property.Context) Value
	cond func(m *message.Message, ctx *property.Context) bool
)

// Eval evaluates the expression.
func (p *Program) Eval(m *message.Message, ctx *property.Context) Value { return p.eval(m, ctx) }

// Bool evaluates the expression as a condition. It does not allocate for
// comparisons of properties with constants.
func (p *Program) Bool(m *message.Message, ctx *property.Context) bool { return p.cond(m, ctx) }

// Needs returns what the expression needs to be true, or nil.
func (p *Program) Needs() *property.Needs { return p.needs }

// Compile compiles an expression. What is wrong is added to diags; nil is
// returned when the expression cannot be used.
func Compile(e syntax.Expr, env Env, diags *diag.List) *Program {
	c := &compiler{env: env, diags: diags, ok: true}
	n := c.node(e)
	if !c.ok {
		return nil
	}
	return &Program{eval: n.eval, cond: n.condition(), needs: n.needs}
}

type compiler struct {
	env   Env
	diags *diag.List
	ok    bool
	// inCall is how many calls the compiler is in.
	inCall int
}

// node is a compiled sub-expression, with what is known of it.
type node struct {
	eval eval
	// peek, if not nil, is eval without a copy of bytes that the next property
	// overwrites: for a value that is compared with a constant at once.
	peek  eval
	cond  cond
	value *Value             // of a constant
	items []Value            // of an array constant
	prop  *property.Property // of a property
	needs *property.Needs    // of a condition
}

func (n node) condition() cond {
	if n.cond != nil {
		return n.cond
	}
	return func(m *message.Message, ctx *property.Context) bool { return n.eval(m, ctx).Bool() }
}

func constant(v Value) node {
	return node{value: &v, eval: func(*message.Message, *property.Context) Value { return v }}
}

// ofCond makes a node of a condition.
func ofCond(c cond) node {
	return node{cond: c, eval: func(m *message.Message, ctx *property.Context) Value { return truth(c(m, ctx)) }}
}

func (c *compiler) errorf(e syntax.Node, format string, args ...any) *diag.Diagnostic {
	c.ok = false
	d := c.diags.Errorf(e.Range(), format, args...)
	d.Effect = "the statement is ignored"
	return d
}

func (c *compiler) node(e syntax.Expr) node {
	switch e := e.(type) {
	case *syntax.Paren:
		return c.node(e.X)
	case *syntax.Number:
		return constant(number(e.Value))
	case *syntax.String:
		return constant(marked([]byte(e.Value), message.MarksOf(e.Value)))
	case *syntax.ArrayLit:
		return c.array(e)
	case *syntax.Variable:
		return c.variable(e)
	case *syntax.Unary:
		return c.unary(e)
	case *syntax.Binary:
		return c.binary(e)
	case *syntax.FuncCall:
		return c.call(e)
	case *syntax.Exists:
		return c.exists(e)
	}
	c.errorf(e, "this can not stand in an expression")
	return constant(Value{})
}

func (c *compiler) array(e *syntax.ArrayLit) node {
	var n node
	for _, it := range e.Items {
		n.items = append(n.items, marked([]byte(it.Value), message.MarksOf(it.Value)))
	}
	if len(n.items) == 0 {
		n.items = []Value{{}}
	}
	first := n.items[0]
	n.eval = func(*message.Message, *property.Context) Value { return first }
	return n
}

// noProperty is the value of a property that does not exist, as rsyslogd has it: what is
// compared with it is not equal, and the else of such a condition is taken.
const noProperty = "**INVALID PROPERTY NAME**"

func (c *compiler) property(v *syntax.Variable) *property.Property {
	if p := property.Variable(v.Name); p != nil {
		return p
	}
	p, err := property.Resolve(v.Name)
	if err != nil {
		d := c.diags.Errorf(v.Range(), "unknown property %q", "$"+v.Name)
		d.Effect = fmt.Sprintf("it is the text %s", noProperty)
		if u, ok := err.(*property.UnknownError); ok && u.Suggestion != "" {
			d.Hint = fmt.Sprintf("did you mean $%s?", u.Suggestion)
		}
		return nil
	}
	return &p
}

func (c *compiler) variable(e *syntax.Variable) node {
	p := c.property(e)
	if p == nil {
		return constant(text([]byte(noProperty)))
	}
	if p.ID == property.Var {
		return node{prop: p, eval: func(m *message.Message, ctx *property.Context) Value { return fromJSON(p.Value(m, ctx)) }}
	}
	if !shared(p.ID) {
		return node{prop: p, eval: func(m *message.Message, ctx *property.Context) Value { return text(p.Get(m, ctx)) }}
	}
	return node{
		prop: p,
		eval: func(m *message.Message, ctx *property.Context) Value { return text(bytes.Clone(p.Get(m, ctx))) },
		peek: func(m *message.Message, ctx *property.Context) Value { return text(p.Get(m, ctx)) },
	}
}

// shared reports whether a property's bytes lie in the context, where the next
// one overwrites them.
func shared(id property.ID) bool {
	switch id {
	case property.Msg, property.RawMsg, property.RawMsgAfterPRI, property.Hostname, property.FromHost, property.FromHostIP,
		property.SyslogTag, property.ProgramName, property.AppName, property.ProcID, property.MsgID, property.StructuredData:
		return false
	}
	return true
}

func (c *compiler) unary(e *syntax.Unary) node {
	x := c.node(e.X)
	if e.Op == "not" {
		inner := x.condition()
		return ofCond(func(m *message.Message, ctx *property.Context) bool { return !inner(m, ctx) })
	}
	if x.value != nil && x.value.kind == num {
		n, _ := x.value.Int()
		return constant(number(-n))
	}
	// Of a text it is no constant: rsyslogd does not compute it in advance.
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		n, _ := x.eval(m, ctx).Int()
		return number(-n)
	}}
}

func (c *compiler) binary(e *syntax.Binary) node {
	x, y := c.node(e.X), c.node(e.Y)
	switch e.Op {
	case "and":
		a, b := x.condition(), y.condition()
		n := ofCond(func(m *message.Message, ctx *property.Context) bool { return a(m, ctx) && b(m, ctx) })
		n.needs = x.needs.And()
		return n
	case "or":
		a, b := x.condition(), y.condition()
		n := ofCond(func(m *message.Message, ctx *property.Context) bool { return a(m, ctx) || b(m, ctx) })
		n.needs = x.needs.Or(y.needs)
		return n
	case "&":
		if x.value != nil && y.value != nil {
			return constant(concat(*x.value, *y.value, nil))
		}
		return node{eval: func(m *message.Message, ctx *property.Context) Value {
			a := x.eval(m, ctx)
			return concat(a, y.eval(m, ctx), ctx)
		}}
	case "+", "-", "*", "/", "%":
		op := arithmetic[e.Op]
		if x.value != nil && y.value != nil {
			if c.inCall > 0 { // rsyslogd computes arguments when a message is there
				a, _ := x.value.Int()
				b, _ := y.value.Int()
				return constant(number(op(a, b)))
			}
			return constant(number(op(x.value.constantInt(), y.value.constantInt())))
		}
		return node{eval: func(m *message.Message, ctx *property.Context) Value {
			a, _ := x.eval(m, ctx).Int()
			b, _ := y.eval(m, ctx).Int()
			return number(op(a, b))
		}}
	}
	return c.comparison(e, x, y)
}

// maxText bounds the text that an expression makes, in bytes: $/a = $/a & $msg
// does not fill the memory.
const maxText = message.MaxText

// concat is &. What is too long is cut. ctx is nil while a configuration is read.
func concat(a, b Value, ctx *property.Context) Value {
	s, tail := a.Bytes(), b.Bytes()
	if room := max(maxText-len(s), 0); len(tail) > room {
		tail = tail[:room]
		if ctx != nil {
			ctx.Exceeded = true
		}
	}
	return joined(append(s[:len(s):len(s)], tail...), a, b)
}

var arithmetic = map[string]func(a, b int64) int64{
	"+": func(a, b int64) int64 { return a + b },
	"-": func(a, b int64) int64 { return a - b },
	"*": func(a, b int64) int64 { return a * b },
	"/": func(a, b int64) int64 {
		switch b {
		case 0:
			return 0
		case -1: // the quotient of the smallest number would trap
			return -a
		}
		return a / b
	},
	"%": func(a, b int64) int64 {
		if b == 0 || b == -1 {
			return 0
		}
		return a % b
	},
}

func (c *compiler) exists(e *syntax.Exists) node {
	p := c.property(e.Var)
	if p == nil || p.ID != property.Var {
		return constant(number(0))
	}
	return ofCond(func(m *message.Message, ctx *property.Context) bool {
		v := p.Value(m, ctx)
		return v != nil && v.Kind() != message.Null
	})
}

// Target is a variable that set, reset, unset and foreach write.
type Target struct {
	prop property.Property
}

// NewTarget compiles the variable of a statement. nil is returned when it is none.
func NewTarget(v *syntax.Variable, statement string, diags *diag.List) *Target {
	p := property.Variable(v.Name)
	if p == nil {
		d := diags.Errorf(v.Range(), "%s: want a variable such as $!a, $.a or $/a, found $%s", statement, v.Name)
		d.Effect = "the statement is ignored"
		return nil
	}
	return &Target{prop: *p}
}

// Assign sets the variable; see message.Tree.Set.
func (t *Target) Assign(m *message.Message, ctx *property.Context, v Value, reset bool) {
	t.assign(m, ctx, v.JSON(), reset)
}

func (t *Target) assign(m *message.Message, ctx *property.Context, val message.Value, reset bool) {
	switch t.prop.Scope {
	case property.MessageVar:
		if m.JSON == nil {
			m.JSON = &message.Tree{}
		}
		m.JSON.Set(t.prop.Path, val, reset, ctx.ExactCase)
		ctx.Watch(m.JSON)
	case property.LocalVar:
		if m.Local == nil {
			m.Local = &message.Tree{}
		}
		m.Local.Set(t.prop.Path, val, reset, ctx.ExactCase)
		ctx.Watch(m.Local)
	default:
		if !ctx.Globals.Set(t.prop.Path, val, reset, ctx.ExactCase) {
			ctx.Exceeded = true
		}
	}
}

// Unset takes the variable away.
func (t *Target) Unset(m *message.Message, ctx *property.Context) {
	switch t.prop.Scope {
	case property.MessageVar:
		m.JSON.Unset(t.prop.Path, ctx.ExactCase)
	case property.LocalVar:
		m.Local.Unset(t.prop.Path, ctx.ExactCase)
	default:
		ctx.Globals.Unset(t.prop.Path, ctx.ExactCase)
	}
}

// prifilt is the function of that name: a selector as a condition.
func (c *compiler) prifilt(e *syntax.FuncCall, sel string) node {
	rng := e.Args[0].Range()
	if rng.Len == len(sel)+2 { // without escapes: the selector stands between the quotes
		rng.Start.Col, rng.Len = rng.Start.Col+1, len(sel)
	}
	s, ok := selector.Parse(sel, rng, c.diags)
	if !ok { // as in rsyslogd
		if d := c.diags.Last(); d != nil && d.Effect != "" {
			d.Effect = "prifilt() matches no message"
		}
	}
	return ofCond(func(m *message.Message, _ *property.Context) bool { return s.Match(m.PRI) })
}
