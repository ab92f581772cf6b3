package router

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/output"
	"syslogd/parser"
	"syslogd/router/property"
	"syslogd/router/script"
	"syslogd/router/selector"
	"syslogd/router/template"
)

// sink is an output that keeps what it gets. Each Write takes the next error of errs.
type sink struct {
	name   string
	order  *[]string // names of outputs in the order of their writes
	errs   []error
	got    []string
	writes int
}

func (s *sink) Write(_ context.Context, b *output.Batch) error {
	s.writes++
	if s.order != nil {
		*s.order = append(*s.order, s.name)
	}
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		if err != nil {
			return err
		}
	}
	for i := range b.Len() {
		s.got = append(s.got, string(b.Parts[0].At(i)))
	}
	return nil
}

func (*sink) Close() error { return nil }

// lane is a queue that keeps what it gets.
type lane struct {
	mu      sync.Mutex
	batches []*message.Batch
}

func (l *lane) Enqueue(_ context.Context, b *message.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches = append(l.batches, b)
	return nil
}

// bench is a router under test.
type bench struct {
	t      testing.TB
	r      *Router
	w      *Worker
	sinks  map[string]*sink
	order  []string
	now    time.Time
	global *property.Globals
	// unknown and deep are what the router reported.
	unknown, deep []string
}

func newBench(t testing.TB) *bench {
	b := &bench{t: t, sinks: map[string]*sink{}, now: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), global: &property.Globals{}}
	b.r = &Router{
		Rulesets: map[string]*Ruleset{},
		Context: func() *property.Context {
			return &property.Context{Globals: b.global, LocalHost: func() string { return "box" }, Clock: func() time.Time { return b.now }}
		},
		Unknown: func(name string) { b.unknown = append(b.unknown, name) },
		TooDeep: func(name string) { b.deep = append(b.deep, name) },
	}
	b.r.Default = b.ruleset("default")
	return b
}

func (b *bench) ruleset(name string, body ...Stmt) *Ruleset {
	rs := b.r.Rulesets[name]
	if rs == nil {
		rs = &Ruleset{Name: name, Parser: parser.New(parser.DefaultOptions(), nil)}
		b.r.Rulesets[name] = rs
	}
	rs.Body = append(rs.Body, body...)
	return rs
}

// action adds an action that renders text, as in $template, to a sink of that name.
func (b *bench) action(name, text string) *Action {
	b.t.Helper()
	set := template.NewSet()
	diags := &diag.List{}
	set.DefineLegacy(`t,"`+text+`"`, diag.Range{}, diags)
	if diags.Len() > 0 {
		b.t.Fatalf("%s: %+v", text, diags.All())
	}
	if b.sinks[name] == nil {
		b.sinks[name] = &sink{name: name, order: &b.order}
	}
	a := &Action{Name: name, Index: len(b.r.Actions), Templates: []*template.Template{set.Lookup("t")}, Conditions: Conditions{WriteAllMarks: true}}
	policy := output.Policy{Interval: 30 * time.Second, IntervalMax: time.Hour}
	a.Delivery = output.NewDelivery(b.sinks[name], policy, slog.New(slog.DiscardHandler), func() time.Time { return b.now })
	b.r.Actions = append(b.r.Actions, a)
	return a
}

// to is an action that writes the text of messages to the sink name.
func (b *bench) to(name string) Stmt { return b.action(name, "%msg%") }

func (b *bench) program(expr string) *script.Program {
	b.t.Helper()
	e, err := syntax.ParseExpr(expr)
	if err != nil {
		b.t.Fatalf("%s: %v", expr, err)
	}
	diags := &diag.List{}
	p := script.Compile(e, script.Env{}, diags)
	if p == nil || diags.Len() > 0 {
		b.t.Fatalf("%s: %+v", expr, diags.All())
	}
	return p
}

func (b *bench) target(name string) *script.Target {
	b.t.Helper()
	target := script.NewTarget(&syntax.Variable{Name: name}, "set", &diag.List{})
	if target == nil {
		b.t.Fatalf("$%s is no variable", name)
	}
	return target
}

func (b *bench) set(name, expr string) Stmt {
	return &Set{Target: b.target(name), Value: b.program(expr)}
}

func (b *bench) reset(name, expr string) Stmt {
	return &Set{Target: b.target(name), Value: b.program(expr), Reset: true}
}

func (b *bench) unset(name string) Stmt { return &Unset{Target: b.target(name)} }

func (b *bench) cond(expr string, then ...Stmt) *If {
	return &If{Cond: b.program(expr), Then: then}
}

func (b *bench) foreach(name, in string, body ...Stmt) Stmt {
	return &Foreach{Var: b.target(name), In: b.program(in), Body: body}
}

func (b *bench) call(name string) Stmt { return &Call{Ruleset: b.ruleset(name)} }

func (b *bench) indirect(expr string) Stmt { return &CallIndirect{Name: b.program(expr)} }

func (b *bench) selector(text string, then ...Stmt) Stmt {
	b.t.Helper()
	sel, ok := selector.Parse(text, diag.Range{}, &diag.List{})
	if !ok {
		b.t.Fatalf("%s is no selector", text)
	}
	return &Selector{Sel: sel, Then: then}
}

func (b *bench) filter(name, op, value string, then ...Stmt) Stmt {
	b.t.Helper()
	f, err := property.CompileFilter(name, op, value, false, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return &Filter{Filter: f, Then: then}
}

var (
	testOrigin = &message.Origin{Name: "imudp"}
	testPeer   = message.NewPeer("192.0.2.1", "peer.example")
)

// batch returns messages of user.info from h whose msg is text.
func batch(texts ...string) *message.Batch {
	slab := message.NewSlab(1 << 12)
	mb := message.NewBatch(slab)
	at := 0
	for _, text := range texts {
		n := copy(slab.Buf[at:], "<14>Oct 11 22:14:15 h app:"+text)
		mb.Add(slab.Buf[at:at+n:at+n], testOrigin, testPeer)
		at += n
	}
	mb.Received = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	mb.StampReceived()
	return mb
}

// send runs one batch of messages.
func (b *bench) send(texts ...string) {
	if b.w == nil {
		b.w = b.r.NewWorker(b.t.Context())
	}
	b.w.Run(batch(texts...))
}

// got is what a sink has, with | between the messages.
func (b *bench) got(name string) string { return strings.Join(b.sinks[name].got, "|") }

// want checks what sinks have: "a", "one|two", "b", "".
func (b *bench) want(pairs ...string) {
	b.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := b.got(pairs[i]); got != pairs[i+1] {
			b.t.Errorf("%s has %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
}
