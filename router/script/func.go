package script

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
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
	all := map[string]function{
		"strlen":    pure(1, 1, func(a []Value) Value { return number(int64(len(a[0].Bytes()))) }),
		"substring": pure(3, 3, substring),
		"tolower":   pure(1, 1, func(a []Value) Value { return marked(asciiLower(a[0].Bytes()), a[0].marks()) }),
		"toupper":   pure(1, 1, func(a []Value) Value { return marked(asciiUpper(a[0].Bytes()), a[0].marks()) }),
		"ltrim":     pure(1, 1, func(a []Value) Value { return a[0].piece(bytes.TrimLeft(a[0].Bytes(), " ")) }),
		"rtrim":     pure(1, 1, func(a []Value) Value { return a[0].piece(bytes.TrimRight(a[0].Bytes(), " ")) }),
		"replace":   pure(3, 3, replace),
		"wrap":      pure(2, 3, wrap),
		"field":     pure(3, 3, field),
		"cstr":      pure(1, 1, func(a []Value) Value { return marked(a[0].Bytes(), a[0].marks()) }),
		"cnum":      {min: 1, max: 1, compile: (*compiler).cnum},
		"cbool":     pure(1, 1, cbool),
		"getenv":    pure(1, 1, func(a []Value) Value { return marked([]byte(os.Getenv(a[0].String())), message.AllMarks) }),
		"ip42num":   pure(1, 1, ipToNumber),
		"ipv42num":  pure(1, 1, ipToNumber),
		"num2ipv4":  pure(1, 1, numberToIP),
		"int2hex":   pure(1, 1, hex),
		"random":    pure(1, 1, random),
		"b64_decode": pure(1, 1, func(a []Value) Value {
			out, err := base64.StdEncoding.DecodeString(a[0].String())
			if err != nil {
				return Value{}
			}
			return text(out)
		}),
		"is_in_subnet":   pure(2, 2, inSubnet),
		"tocef":          pure(8, 8, toCEF),
		"cef_ext_escape": pure(1, 1, func(a []Value) Value { return text([]byte(cefExtension.Replace(a[0].String()))) }),
		"split":          pure(2, 2, split),
		"append_json":    {min: 2, max: 3, run: appendJSON},
		"format_time":    pure(2, 2, formatTime),
		"unflatten":      {min: 2, max: 2, run: unflatten},

		"parse_time":         {min: 1, max: 1, run: func(a []Value, _ *message.Message, ctx *property.Context) Value { return parseTime(a[0], ctx, false) }},
		"parse_time_localtz": {min: 1, max: 1, run: func(a []Value, _ *message.Message, ctx *property.Context) Value { return parseTime(a[0], ctx, true) }},
		"is_time":            {min: 1, max: 2, run: func(a []Value, _ *message.Message, ctx *property.Context) Value { return isTime(a, ctx) }},
		"get_property":       {min: 2, max: 2, run: getProperty},
		"script_error":       {run: func(_ []Value, _ *message.Message, ctx *property.Context) Value { return number(ctx.ScriptError) }},
		"previous_action_suspended": {run: func(_ []Value, _ *message.Message, ctx *property.Context) Value {
			return truth(ctx.PreviousActionSuspended != nil && ctx.PreviousActionSuspended())
		}},

		"re_match":      {min: 2, max: 2, compile: func(c *compiler, e *syntax.FuncCall, a []node) node { return c.reMatch(e, a, false) }},
		"re_match_i":    {min: 2, max: 2, compile: func(c *compiler, e *syntax.FuncCall, a []node) node { return c.reMatch(e, a, true) }},
		"re_extract":    {min: 5, max: 5, compile: func(c *compiler, e *syntax.FuncCall, a []node) node { return c.reExtract(e, a, false) }},
		"re_extract_i":  {min: 5, max: 5, compile: func(c *compiler, e *syntax.FuncCall, a []node) node { return c.reExtract(e, a, true) }},
		"pcre_match":    {min: 2, max: 2, compile: (*compiler).pcreMatch},
		"prifilt":       {min: 1, max: 1, compile: (*compiler).callPrifilt},
		"exec_template": {min: 1, max: 1, compile: (*compiler).execTemplate},
		"parse_json":    {min: 2, max: 2, compile: (*compiler).parseJSON},
		"lookup":        {min: 2, max: 2, compile: (*compiler).lookup},
		"dyn_inc":       {min: 2, max: 2, compile: (*compiler).dynInc},
		"hash32":        pure(1, 2, func(a []Value) Value { return hash(a, fnv32) }),
		"hash64":        pure(1, 2, func(a []Value) Value { return hash(a, djb64) }),
		"hash32mod":     pure(2, 3, func(a []Value) Value { return hashMod(a, fnv32) }),
		"hash64mod":     pure(2, 3, func(a []Value) Value { return hashMod(a, djb64) }),

		"percentile_observe": {min: 3, max: 3, compile: (*compiler).percentileObserve},
		"http_request":       {min: 1, max: 1, compile: (*compiler).httpRequest},
	}
	addURLFunctions(all)
	return all
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

func substring(a []Value) Value {
	s := a[0].Bytes()
	start, _ := a[1].Int()
	n, _ := a[2].Int()
	start = max(start, 0)
	if start >= int64(len(s)) {
		return Value{}
	}
	if n < 0 {
		n += int64(len(s)) // a count, not an end, as in rsyslogd
	}
	n = min(max(n, 0), int64(len(s))-start)
	return a[0].piece(s[start : start+n])
}

func asciiLower(s []byte) []byte {
	out := bytes.Clone(s)
	for i, c := range out {
		if c-'A' < 26 {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

func asciiUpper(s []byte) []byte {
	out := bytes.Clone(s)
	for i, c := range out {
		if c-'a' < 26 {
			out[i] = c - 'a' + 'A'
		}
	}
	return out
}

// replace of an empty string puts the replacement around each byte, as rsyslogd
// 8.2302 does. Where the result is too long, nothing is replaced.
func replace(a []Value) Value {
	s, find, with := a[0].Bytes(), a[1].Bytes(), a[2].Bytes()
	if len(find) > 0 {
		out, done := replaceAll(s, find, with)
		if !done {
			return a[0]
		}
		return replaced(out, a[0], a[1], a[2])
	}
	if len(with)*(len(s)+1) > maxText {
		return a[0]
	}
	out := make([]byte, 0, len(s)+len(with)*(len(s)+1))
	for _, c := range s {
		out = append(out, with...)
		out = append(out, c)
	}
	return text(append(out, with...))
}

// replaceAll reports whether it replaced anything but what would become too long.
func replaceAll(s, find, with []byte) (out []byte, done bool) {
	if len(with) > len(find) && bytes.Count(s, find)*len(with) > maxText {
		return s, false
	}
	return bytes.ReplaceAll(s, find, with), true
}

func wrap(a []Value) Value {
	s, w := a[0], a[1].Bytes()
	if len(a) == 3 && len(w) > 0 {
		s = replace([]Value{s, a[1], a[2]})
	}
	if len(s.Bytes())+2*len(w) > 2*maxText {
		return s
	}
	front := joined(bytes.Join([][]byte{w, s.Bytes()}, nil), a[1], s)
	return joined(bytes.Join([][]byte{front.s, w}, nil), front, a[1])
}

const notFound = "***FIELD NOT FOUND***"

func field(a []Value) Value {
	s := a[0].Bytes()
	delim := a[1].Bytes()
	if a[1].kind == num {
		delim = []byte{byte(a[1].n)}
	}
	n, _ := a[2].Int()
	if n < 1 {
		return text([]byte(notFound))
	}
	if len(delim) == 0 { // found at once, again and again
		return Value{}
	}
	for ; n > 1; n-- {
		i := bytes.Index(s, delim)
		if i < 0 {
			return text([]byte(notFound))
		}
		s = s[i+len(delim):]
	}
	if i := bytes.Index(s, delim); i >= 0 {
		s = s[:i]
	}
	return a[0].piece(s)
}

func cbool(a []Value) Value {
	if a[0].kind == num {
		return truth(a[0].n != 0)
	}
	switch strings.ToLower(strings.TrimSpace(a[0].String())) {
	case "", "0", "no", "off", "false":
		return number(0)
	}
	return number(1)
}

// ipToNumber reads a dotted quad, as rsyslogd does: octets are not limited to
// 255, and the first and the last one may be missing.
func ipToNumber(a []Value) Value {
	parts := strings.Split(strings.Trim(a[0].String(), " "), ".")
	if len(parts) != 4 {
		return number(-1)
	}
	var n uint32
	for i, p := range parts {
		if p == "" && (i == 1 || i == 2) {
			return number(-1)
		}
		var octet uint32
		for _, c := range []byte(p) {
			if c < '0' || c > '9' {
				return number(-1)
			}
			octet = octet*10 + uint32(c-'0')
		}
		n = n<<8 + octet
	}
	return number(int64(n))
}

func numberToIP(a []Value) Value {
	n, ok := a[0].Int()
	if !ok || n < 0 || n > 1<<32-1 {
		return text([]byte("-1"))
	}
	return text([]byte(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()))
}

func hex(a []Value) Value {
	n, ok := a[0].Int()
	if !ok {
		return text([]byte("NAN"))
	}
	return text(strconv.AppendUint(nil, uint64(n), 16))
}

func random(a []Value) Value {
	n, _ := a[0].Int()
	if n < 0 {
		n = -n
	}
	if n <= 0 {
		return number(0)
	}
	return number(rand.Int64N(n))
}

// cnum takes hexadecimal and octal numbers from a string in the configuration only.
func (c *compiler) cnum(e *syntax.FuncCall, args []node) node {
	x := args[0]
	if _, literal := e.Args[0].(*syntax.String); literal {
		return constant(number(x.value.constantInt()))
	}
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		n, _ := x.eval(m, ctx).Int()
		return number(n)
	}}
}

func inSubnet(a []Value) Value {
	ip, err := netip.ParseAddr(a[0].String())
	net, err2 := netip.ParsePrefix(a[1].String())
	return truth(err == nil && err2 == nil && net.Contains(ip))
}

var (
	cefHeader    = strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	cefClass     = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `=`, `\=`, `%`, `\%`, `#`, `\#`)
	cefExtension = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\r", `\r`, "\n", `\n`)
)

func toCEF(a []Value) Value {
	out := "CEF:" + cefHeader.Replace(a[0].String())
	for i := 1; i < 7; i++ {
		r := cefHeader
		if i == 4 {
			r = cefClass
		}
		out += "|" + r.Replace(a[i].String())
	}
	return text([]byte(out + "|" + a[7].String()))
}

func split(a []Value) Value {
	arr := message.ArrayValue()
	if sep := a[1].String(); sep != "" {
		for _, p := range strings.Split(a[0].String(), sep) {
			arr.Append(message.StringValue(p))
		}
	}
	return Value{kind: obj, j: &arr}
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

func (c *compiler) regex(e *syntax.FuncCall, args []node, fold bool) *posix.Regexp {
	expr, ok := c.constantArg(e, args, 1)
	if !ok {
		return nil
	}
	re, err := c.env.Regexps.Compile(expr, posix.Extended, fold)
	if err != nil {
		c.diags.Errorf(e.Args[1].Range(), "%v", err).Effect = "the call evaluates to 0"
		return nil
	}
	if re.Backtracks() {
		c.diags.Notef(e.Args[1].Range(), "%s", posix.Slow)
	}
	return re
}

func (c *compiler) reMatch(e *syntax.FuncCall, args []node, fold bool) node {
	re := c.regex(e, args, fold)
	if re == nil {
		return constant(number(0))
	}
	n := ofCond(func(m *message.Message, ctx *property.Context) bool { return re.Match(args[0].eval(m, ctx).Bytes()) })
	n.needs = property.NeedsText(args[0].prop, false, re.Literals()...)
	return n
}

// pcreMatch is pcre_match(text, expression) of fmpcre.
func (c *compiler) pcreMatch(e *syntax.FuncCall, args []node) node {
	expr, ok := c.constantArg(e, args, 1)
	if !ok {
		return constant(number(0))
	}
	regexps := c.env.Regexps
	if regexps == nil {
		regexps = &posix.Compiler{}
	}
	re, err := regexps.CompilePerl(expr)
	if err != nil {
		c.diags.Errorf(e.Args[1].Range(), "%v", err).Effect = "the call evaluates to 0"
		return constant(number(0))
	}
	return ofCond(func(m *message.Message, ctx *property.Context) bool { return re.Match(args[0].eval(m, ctx).Bytes()) })
}

func (c *compiler) reExtract(e *syntax.FuncCall, args []node, fold bool) node {
	re := c.regex(e, args, fold)
	if re == nil {
		return constant(Value{})
	}
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		v := args[0].eval(m, ctx)
		s := v.Bytes()
		match, _ := args[2].eval(m, ctx).Int()
		group, _ := args[3].eval(m, ctx).Int()
		if found, ok := extract(re, s, match, group); ok {
			return v.piece(found)
		}
		return args[4].eval(m, ctx)
	}}
}

// maxGroup is the number of groups that rsyslogd looks at.
const maxGroup = 50

func extract(re *posix.Regexp, s []byte, match, group int64) ([]byte, bool) {
	if match < 0 || group < 0 || group >= maxGroup {
		return nil, false
	}
	for ; ; match-- {
		loc := re.Find(s)
		if loc == nil {
			return nil, false
		}
		// The search goes on where the match ends: one that ends where it
		// began is found again and again.
		if match == 0 || loc[1] == 0 {
			i := int(group) * 2
			if i+1 >= len(loc) || loc[i] < 0 {
				return nil, false
			}
			return s[loc[i]:loc[i+1]], true
		}
		s = s[loc[1]:]
	}
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
