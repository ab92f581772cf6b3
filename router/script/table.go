package script

import (
	"fmt"
	"strings"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/router/property"
)

// constantName returns the text of an argument that must be a constant.
func (c *compiler) constantName(e *syntax.FuncCall, arg node, what string) (string, bool) {
	if arg.value == nil {
		c.errorf(e.Args[0], "%s(): the name of the %s must be a constant", e.Name, what)
		return "", false
	}
	return arg.value.String(), true
}

func (c *compiler) unknownName(e *syntax.FuncCall, what, name string, known []string, effect string) {
	d := c.diags.Errorf(e.Args[0].Range(), "there is no %s %q", what, name)
	if s := diag.Suggest(name, known); s != "" {
		d.Hint = fmt.Sprintf("did you mean %q?", s)
	}
	if d.Hint == "" && what == "lookup table" {
		d.Hint = fmt.Sprintf("define it in front: lookup_table(name=%q file=\"...\")", name)
	}
	if kind, isBucket := strings.CutSuffix(what, "() bucket"); d.Hint == "" && isBucket {
		d.Hint = fmt.Sprintf("define it in front: %s(name=%q)", kind, name)
	}
	d.Effect, d.Missing = effect, name
}

// lookup is lookup("table", key). Tables are defined before they are used, as in
// rsyslogd.
func (c *compiler) lookup(e *syntax.FuncCall, args []node) node {
	name, ok := c.constantName(e, args[0], "table")
	if !ok {
		return constant(Value{})
	}
	if c.env.Tables == nil || c.env.Tables.Lookup(name) == nil {
		var known []string
		if c.env.Tables != nil {
			known = c.env.Tables.Names()
		}
		c.unknownName(e, "lookup table", name, known, `lookups give "TABLE-NOT-FOUND"`)
		return constant(text([]byte("TABLE-NOT-FOUND")))
	}
	table, key := c.env.Tables.Lookup(name), args[1].eval
	// The key may be a sender's, the values are texts of the administrator.
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		idx := table.Current()
		if idx == nil {
			return text(nil)
		}
		k := key(m, ctx)
		if idx.Numeric() {
			n, _ := k.Int()
			return marked(idx.Number(n), message.AllMarks)
		}
		return marked(idx.Text(k.Bytes()), message.AllMarks)
	}}
}

// dynInc is dyn_inc("bucket", key).
func (c *compiler) dynInc(e *syntax.FuncCall, args []node) node {
	name, ok := c.constantName(e, args[0], "bucket")
	if !ok {
		return constant(number(-1))
	}
	bucket := c.env.bucket(name)
	if bucket == nil {
		c.unknownName(e, "dyn_stats() bucket", name, c.env.bucketNames(), "dyn_inc() gives -1")
		return constant(number(-1))
	}
	key := args[1].eval
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		return number(int64(bucket.Inc(key(m, ctx).Bytes(), ctx.Now())))
	}}
}

// percentileObserve is percentile_observe("bucket", key, number).
func (c *compiler) percentileObserve(e *syntax.FuncCall, args []node) node {
	name, ok := c.constantName(e, args[0], "bucket")
	if !ok {
		return constant(number(-1))
	}
	if c.env.Buckets == nil || c.env.Buckets.Percentiles[name] == nil {
		c.unknownName(e, "percentile_stats() bucket", name, nil, "percentile_observe() gives -1")
		return constant(number(-1))
	}
	bucket, key, value := c.env.Buckets.Percentiles[name], args[1].eval, args[2].eval
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		n, ok := value(m, ctx).Int()
		if !ok {
			return number(0)
		}
		return number(int64(bucket.Observe(key(m, ctx).Bytes(), n, ctx.Now())))
	}}
}

func (e *Env) bucket(name string) *metrics.Dynamic {
	if e.Buckets == nil {
		return nil
	}
	return e.Buckets.Counters[name]
}

func (e *Env) bucketNames() []string {
	var out []string
	if e.Buckets != nil {
		for n := range e.Buckets.Counters {
			out = append(out, n)
		}
	}
	return out
}
