package script

import (
	"maps"
	"strconv"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/router/property"
)

// function is a function of the language: how many arguments it takes, and
// either what it computes, or how a call is compiled.
type function struct {
	min, max int
	run      func(args []Value, m *message.Message, ctx *property.Context) Value
	compile  func(c *compiler, e *syntax.FuncCall, args []node) node
}

// pure is a function of its arguments alone.
func pure(min, max int, f func(args []Value) Value) function {
	return function{min: min, max: max, run: func(args []Value, _ *message.Message, _ *property.Context) Value { return f(args) }}
}

// functions returns the functions by name. It is built for each call, when a
// configuration is read: some refer to the compiler, which refers to them.
func functions() map[string]function {
	all := map[string]function{}
	for _, some := range []map[string]function{textFunctions(), numberFunctions(), timeFunctions(), regexFunctions(), otherFunctions()} {
		maps.Copy(all, some)
	}
	addURLFunctions(all)
	return all
}

// otherFunctions are those of trees, of the message and of what the configuration defines.
func otherFunctions() map[string]function {
	return map[string]function{
		"append_json":  {min: 2, max: 3, run: appendJSON},
		"unflatten":    {min: 2, max: 2, run: unflatten},
		"get_property": {min: 2, max: 2, run: getProperty},
		"parse_json":   {min: 2, max: 2, compile: (*compiler).parseJSON},
		"script_error": {run: func(_ []Value, _ *message.Message, ctx *property.Context) Value { return number(ctx.ScriptError) }},
		"previous_action_suspended": {run: func(_ []Value, _ *message.Message, ctx *property.Context) Value {
			return truth(ctx.PreviousActionSuspended != nil && ctx.PreviousActionSuspended())
		}},
		"prifilt":            {min: 1, max: 1, compile: (*compiler).callPrifilt},
		"exec_template":      {min: 1, max: 1, compile: (*compiler).execTemplate},
		"lookup":             {min: 2, max: 2, compile: (*compiler).lookup},
		"dyn_inc":            {min: 2, max: 2, compile: (*compiler).dynInc},
		"percentile_observe": {min: 3, max: 3, compile: (*compiler).percentileObserve},
		"http_request":       {min: 1, max: 1, compile: (*compiler).httpRequest},
	}
}

// call compiles a function call. One that is unknown, or has the wrong number
// of arguments, evaluates to 0, as documented; rsyslogd 8.2302 crashes.
func (c *compiler) call(e *syntax.FuncCall) node {
	all := functions()
	f, known := all[e.Name]
	if !known {
		var names []string
		for n := range all {
			names = append(names, n)
		}
		d := c.diags.Errorf(e.Range(), "there is no function %s()", e.Name)
		if s := diag.Suggest(e.Name, names); s != "" {
			d.Hint = "did you mean " + s + "()?"
		}
		d.Effect = "the call evaluates to 0"
		return constant(number(0))
	}
	if len(e.Args) < f.min || len(e.Args) > f.max {
		d := c.diags.Errorf(e.Range(), "%s() takes %s, found %d", e.Name, arguments(f.min, f.max), len(e.Args))
		d.Effect = "the call evaluates to 0"
		return constant(number(0))
	}
	args := make([]node, len(e.Args))
	c.inCall++
	for i, a := range e.Args {
		args[i] = c.node(a)
	}
	c.inCall--
	if f.compile != nil {
		return f.compile(c, e, args)
	}
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		values := make([]Value, len(args))
		for i := range args {
			values[i] = args[i].eval(m, ctx)
		}
		return f.run(values, m, ctx)
	}}
}

func arguments(min, max int) string {
	switch {
	case max == 0:
		return "no arguments"
	case min != max:
		return strconv.Itoa(min) + " to " + strconv.Itoa(max) + " arguments"
	case min == 1:
		return "1 argument"
	}
	return strconv.Itoa(min) + " arguments"
}

func appendJSON(a []Value, _ *message.Message, ctx *property.Context) Value {
	if a[0].kind != obj {
		return Value{}
	}
	c := a[0].j.Clone()
	switch {
	case c.Kind() == message.Array && len(a) == 2:
		c.Append(a[1].JSON())
	case c.Kind() == message.Object && len(a) == 3:
		c.Put(a[1].String(), a[2].JSON(), true)
	default:
		return Value{}
	}
	if !c.Fits() {
		ctx.Exceeded = true
		return a[0]
	}
	return Value{kind: obj, j: &c}
}

func getProperty(a []Value, _ *message.Message, ctx *property.Context) Value {
	ctx.ScriptError = 0
	if a[0].kind != obj {
		ctx.ScriptError = 1
		return Value{}
	}
	switch a[0].j.Kind() {
	case message.Object:
		key := a[1].String()
		if key == "" {
			return a[0]
		}
		if v := a[0].j.Get(key, ctx.ExactCase); v != nil {
			return fromJSON(v)
		}
	case message.Array:
		if i, ok := a[1].Int(); ok && i >= 0 && i < int64(a[0].j.Len()) {
			return fromJSON(a[0].j.At(int(i)))
		}
	default:
		return a[0]
	}
	ctx.ScriptError = 1
	return Value{}
}

// constantArg returns the text of an argument that must be a constant.
func (c *compiler) constantArg(e *syntax.FuncCall, args []node, i int) (string, bool) {
	if args[i].value == nil {
		c.errorf(e.Args[i], "argument %d of %s() must be a constant", i+1, e.Name)
		return "", false
	}
	return args[i].value.String(), true
}

func (c *compiler) callPrifilt(e *syntax.FuncCall, args []node) node {
	sel, ok := c.constantArg(e, args, 0)
	if !ok {
		return constant(number(0))
	}
	return c.prifilt(e, sel)
}

func (c *compiler) execTemplate(e *syntax.FuncCall, args []node) node {
	name, ok := c.constantArg(e, args, 0)
	if !ok {
		return constant(Value{})
	}
	t := c.env.Template(name)
	if t == nil {
		c.errorf(e.Args[0], "exec_template(): there is no template %q", name)
		return constant(Value{})
	}
	return node{eval: func(m *message.Message, ctx *property.Context) Value { return marked(t.AppendMarked(nil, m, ctx)) }}
}

// parseJSON is parse_json(text, "\$!path"): 0 on success.
func (c *compiler) parseJSON(e *syntax.FuncCall, args []node) node {
	path, ok := c.constantArg(e, args, 1)
	if !ok {
		return constant(number(1))
	}
	p := property.Variable(strings.TrimPrefix(path, "$"))
	if p == nil {
		c.errorf(e.Args[1], "parse_json(): want a variable such as \\$!a, found %q", path)
		return constant(number(1))
	}
	target := Target{prop: *p}
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		v, _, err := message.ParseJSON(args[0].eval(m, ctx).String())
		if err != nil {
			ctx.ScriptError = 1
			return number(1)
		}
		ctx.ScriptError = 0
		target.assign(m, ctx, v, false)
		return number(0)
	}}
}
