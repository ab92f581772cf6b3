package engine

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"syslogd/config"
	"syslogd/config/syntax"
	"syslogd/internal/barrier"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/output"
	"syslogd/parser"
	"syslogd/queue"
	"syslogd/ratelimit"
	"syslogd/router"
	"syslogd/router/template"
)

// fileTemplate is the template of outputs that name none.
const fileTemplate = "RSYSLOG_FileFormat"

func (e *Engine) buildActions(diags *diag.List) {
	report := func(text string) func(name string) {
		var limit ratelimit.PerMinute
		return func(name string) {
			if limit.Allow() {
				e.log.Error(text, "ruleset", name)
			}
		}
	}
	e.router = &router.Router{
		Rulesets: map[string]*router.Ruleset{}, Context: e.newContext,
		Unknown:  report("call_indirect: there is no such ruleset, the call is ignored"),
		TooDeep:  report("calls of rulesets are nested too deep, the call is ignored"),
		TooLarge: report("a variable would become too large, it is cut or stays as it was"),
	}
	e.router.Barrier = e.barrierIn("")
	e.router.DropForged = e.cfg.Global.DropForged
	if e.cfg.Global.KeepSenders {
		e.router.Senders = e.newSenders()
	}
	if e.cfg.Global.ReduceRepeated {
		e.router.Repeats = router.NewRepeats()
	}
	for _, a := range e.cfg.Actions {
		if err := e.buildAction(a); err != nil {
			d := diags.Errorf(blamed(a.Node, a.Range, err), "action %s: %v", a.Name, err)
			d.Effect = "this action is ignored"
			a.Disabled = true
		}
		e.router.Actions = append(e.router.Actions, a.Action)
	}
}

func (e *Engine) buildAction(a *config.Action) error {
	env := e.modEnv
	env.Name, env.Queued = a.Name, a.Queue != nil || a.Alone
	env.Log = e.log.With("module", a.Module.Name, "action", a.Name)
	if a.Module.Modify != nil {
		mod, err := a.Module.Modify(a.Conf, env)
		if err != nil {
			return err
		}
		e.parts = append(e.parts, mod)
		a.Modifier = modify.NewInstance(mod, env.Log)
		return nil
	}
	out, err := a.Module.Build(a.Conf, env)
	if err != nil {
		return err
	}
	if a.Templates, err = e.templates(out); err != nil {
		return err
	}
	if a.Policy.Errors != nil {
		a.Policy.Errors.Log = env.Log
		if p, ok := out.(output.Private); ok {
			a.Policy.Errors.Private = p.PrivateTemplates()
		}
	}
	a.Policy.Name, a.Policy.Barrier = a.Name, e.router.Barrier
	if a.Queue != nil {
		a.Policy.Barrier = e.barrierIn(a.Queue.Dir)
	}
	if !a.Watched { // else the next action takes over what this one gives up
		a.Policy.Losses = e.losses
	}
	a.Delivery = output.NewDelivery(out, a.Policy, env.Log, e.env.Now)
	if p := e.cfg.ActionLimit(a); p != nil {
		a.Limit = &ratelimit.Limit{Policy: p, Name: "action " + a.Name, Log: env.Log}
	}
	e.parts = append(e.parts, out)
	if a.Queue != nil {
		own := []*output.Delivery{a.Delivery}
		q := e.newQueue(a.Name+" queue", *a.Queue, func() []*output.Delivery { return own })
		a.Action.Queue = q
		e.queues = append(e.queues, q)
		e.handler[q] = func() queue.Handler { return a.NewQueueWorker(e.newWorker(q)) }
	}
	return nil
}

// newQueue makes a queue. When all is built, deliveries returns what its own workers hand
// its messages to.
func (e *Engine) newQueue(name string, conf queue.Config, deliveries func() []*output.Delivery) *queue.Queue {
	deliveries = sync.OnceValue(deliveries)
	b := e.barrierIn(conf.Dir)
	q := queue.New(name, conf, queue.Env{
		Log: e.log, Losses: e.losses, Barrier: b, Resolve: e.names.Resolve, Details: e.details,
	})
	e.barriers.of[q], e.deliveries[q] = b, deliveries
	return q
}

// barriers are where messages go that cause a panic: a file in the directory of their
// queue, or in the work directory.
type barriers struct {
	in map[string]*barrier.Barrier
	of map[*queue.Queue]*barrier.Barrier
}

// barrierIn returns the barrier of a directory; "" stands for the work directory.
func (e *Engine) barrierIn(dir string) *barrier.Barrier {
	if dir == "" {
		dir = e.cfg.Global.WorkDirectory
	}
	b := e.barriers.in[dir]
	if b == nil {
		b = barrier.New(dir, e.log, e.losses)
		e.barriers.in[dir] = b
	}
	return b
}

// newWorker returns a worker for a queue.
func (e *Engine) newWorker(q *queue.Queue) *router.Worker {
	w := e.router.NewWorker(q.Context())
	w.Barrier = e.barriers.of[q]
	return w
}

// mainDeliveries are those that the main queue's workers hand messages to.
func (e *Engine) mainDeliveries() []*output.Delivery {
	var list []*output.Delivery
	seen := map[*router.Ruleset]bool{}
	for _, rs := range e.router.Rulesets {
		if rs.Queue == nil {
			list = append(list, e.deliveriesOf(rs, seen)...)
		}
	}
	return list
}

// deliveriesOf are those of a ruleset and of those that it calls, as far as no other queue
// lies in front of them.
func (e *Engine) deliveriesOf(rs *router.Ruleset, seen map[*router.Ruleset]bool) []*output.Delivery {
	if seen[rs] {
		return nil
	}
	seen[rs] = true
	var list []*output.Delivery
	call := func(callee *router.Ruleset) {
		if callee != nil && callee.Queue == nil {
			list = append(list, e.deliveriesOf(callee, seen)...)
		}
	}
	for s := range router.All(rs.Body) {
		switch s := s.(type) {
		case *router.Action:
			if s.Queue == nil && s.Delivery != nil {
				list = append(list, s.Delivery)
			}
		case *router.Call:
			call(s.Ruleset)
		case *router.CallIndirect:
			for _, callee := range e.router.Rulesets {
				call(callee)
			}
		}
	}
	return list
}

// details finds the parser that tells what $!device is for messages from disk;
// nil if the configuration has it no more.
func (e *Engine) details(name string) message.Details {
	d, _ := e.parsers[name].(message.Details)
	return d
}

// templates resolves the names that an output renders.
func (e *Engine) templates(out output.Output) ([]*template.Template, error) {
	names := []string{""}
	if t, ok := out.(output.Templated); ok {
		names = t.Templates()
	}
	path := -1
	if f, ok := out.(output.FileNamer); ok {
		path = f.FileName()
	}
	var list []*template.Template
	for i, name := range names {
		if name == "" {
			name = fileTemplate
		}
		t := e.cfg.Templates.Lookup(name)
		if t == nil {
			return nil, fmt.Errorf("there is no template %q", name)
		}
		if i == path {
			t = t.ForPath()
		}
		list = append(list, t)
	}
	return list, nil
}

func (e *Engine) buildRulesets(diags *diag.List) {
	var own []*queue.Queue
	for _, rs := range e.cfg.Rulesets {
		chain, err := e.chain(rs.Parsers)
		if err != nil {
			diags.Errorf(rs.Range, "ruleset %q: %v", rs.Name, err).Effect = "the default parsers are used"
		}
		rs.Parser = parser.New(e.cfg.Global.Parser, chain)
		rs.Body = router.Chained(rs.Body)
		e.router.Rulesets[rs.Name] = rs.Ruleset
		if rs.Ruleset == e.cfg.Default.Ruleset {
			e.router.Default = rs.Ruleset
		}
		if rs.Queue != nil {
			q := e.newQueue(rs.Name, *rs.Queue, func() []*output.Delivery {
				return e.deliveriesOf(rs.Ruleset, map[*router.Ruleset]bool{})
			})
			rs.Ruleset.Queue = q
			own = append(own, q)
		}
	}
	e.actionQueues, e.rulesetQueues = e.queues, own
	e.queues = append(own, e.queues...)
	e.router.Flush, e.router.Rouse = e.store.FlushIdle, e.store.Rouse
}

// chain makes the parsers that a ruleset names; nil is the default chain.
func (e *Engine) chain(names []string) (parser.Chain, error) {
	var chain parser.Chain
	for _, name := range names {
		name = strings.ToLower(name)
		built := e.parsers[name]
		if built == nil {
			p := e.cfg.Parsers[name]
			env := module.ParserEnv{Options: e.cfg.Global.Parser, Zones: e.cfg.Zones, Metrics: e.metrics, Log: e.log.With("module", p.Module.Name), Name: name}
			var err error
			if built, err = p.Module.Build(p.Conf, env); err != nil {
				return nil, fmt.Errorf("parser %s: %w", name, err)
			}
			e.parsers[name] = built
		}
		chain = append(chain, built)
	}
	return chain, nil
}

func (e *Engine) buildInputs(diags *diag.List) {
	for i, c := range e.cfg.Inputs {
		env := e.modEnv
		env.Name = fmt.Sprintf("%s-%d", c.Module.Name, i)
		env.Log = e.log.With("module", c.Module.Name)
		in, err := c.Module.Build(c.Conf, env)
		if err != nil {
			d := diags.Errorf(blamed(c.Node, c.Range, err), "input %s: %v", c.Module.Name, err)
			d.Effect = "this input is ignored"
			continue
		}
		sub := &listener.Submitter{Queue: e.main, Until: e.patience}
		if c.Ruleset != nil {
			sub.Ruleset = c.Ruleset.Name
			if q, ok := c.Ruleset.Ruleset.Queue.(*queue.Queue); ok {
				sub.Queue = q
			}
		}
		if p := e.cfg.Limit(c); p != nil {
			sub.Filter = e.policyFilter(p, in, sub)
		}
		name := c.Module.Name
		if n, ok := in.(interface{ Name() string }); ok {
			name = n.Name()
		}
		e.inputs = append(e.inputs, &input{Input: in, conf: c, submit: sub, name: name})
	}
}

// policyFilter applies the policy to the messages of an input.
func (e *Engine) policyFilter(p *ratelimit.Policy, in listener.Input, sub *listener.Submitter) *ratelimit.Filter {
	parse := func(b *message.Batch, m *message.Message) { e.router.Ruleset(sub.Ruleset).Parser.Parse(b, m) }
	f := p.NewFilter("ratelimit "+p.Name, parse, e.newContext(), e.env.Now)
	if _, own := in.(interface{ LimitsItself() }); own {
		f.SourcesOnly()
	}
	return f
}

// allQueues are the queues, the main one first.
func (e *Engine) allQueues() []*queue.Queue { return append([]*queue.Queue{e.main}, e.queues...) }

// register describes everything but the inputs, which do so themselves, to the metrics.
func (e *Engine) register() {
	for _, q := range e.allQueues() {
		e.metrics.Register(q.Object())
	}
	for _, a := range e.cfg.Actions {
		if m := a.Modifier; m != nil {
			e.metrics.Register(&metrics.Object{Label: "action", Name: a.Name, Stats: modifierStats(a.Name, m), Numbers: []metrics.Number{
				metrics.Of("action_messages_modified_total", "Messages that went through the modifier.", &m.Processed),
				metrics.Of("action_messages_not_modified_total", "Messages that the modifier could not change.", &m.Failed),
			}})
		}
		if a.Delivery == nil {
			continue
		}
		d := a.Delivery
		e.metrics.Register(&metrics.Object{Label: "action", Name: a.Name, Stats: d.Stats(a.Name), Numbers: []metrics.Number{
			metrics.Of("action_messages_written_total", "Messages the output took.", &d.Processed),
			metrics.Of("action_messages_failed_total", "Messages lost: rejected, or given up while suspended.", &d.Failed),
			metrics.Of("action_bytes_written_total", "Bytes the output took.", &d.Bytes),
			metrics.Of("action_suspensions_total", "Times the action was suspended.", &d.Suspensions),
			{Name: "action_suspended", Help: "1 while the action is suspended or tries again.", Kind: metrics.Gauge, Read: func() float64 {
				if since, _ := d.Trouble(); !since.IsZero() {
					return 1
				}
				return 0
			}},
			{Name: "action_retrying_since_timestamp_seconds", Help: "When the action failed that has not worked since, 0 for one that works.", Kind: metrics.Gauge, Read: func() float64 {
				if since, _ := d.Trouble(); !since.IsZero() {
					return float64(since.Unix())
				}
				return 0
			}},
		}})
	}
	e.metrics.RegisterDynamic(e.losses.Objects)
	e.metrics.Register(storeObject(e.store))
	e.metrics.Register(&metrics.Object{Numbers: []metrics.Number{
		{Name: "regex_matches_given_up_total", Help: "Matches of expressions with back-references that took too long.", Kind: metrics.Count,
			Read: func() float64 { return float64(e.cfg.Regexps.GivenUp()) }},
	}})
	e.metrics.Register(&metrics.Object{Numbers: []metrics.Number{
		{Name: "panics_total", Help: "Faults of the server itself that did not end it.", Kind: metrics.Count, Read: func() float64 {
			n := uint64(0)
			for _, b := range e.barriers.in {
				n += b.Caught()
			}
			return float64(n)
		}},
	}})
	e.metrics.Register(&metrics.Object{Numbers: []metrics.Number{
		metrics.Of("messages_variables_exceeded_total", "Messages with a variable that would have become too large, and was cut or stayed as it was.", &e.router.Exceeded),
	}})
	if e.router.DropForged {
		e.metrics.Register(&metrics.Object{Numbers: []metrics.Number{
			metrics.Of("messages_forged_name_dropped_total", "Messages dropped because the name of their sender passes for an address.", &e.router.Forged),
		}})
	}
	if s := e.router.Senders; s != nil {
		e.metrics.RegisterDynamic(s.Objects)
		e.metrics.RegisterStats(s.Stats)
	}
	e.metrics.RegisterDynamic(e.cfg.Buckets.Objects)
	e.metrics.RegisterStats(e.cfg.Buckets.Stats)
	e.metrics.RegisterDynamic(e.cfg.Policies.Objects)
}

// Else inputs would go on, and wake a worker for each message.
var _ listener.Passer = (*queue.Queue)(nil)

// blamed is the place of the parameter that err is about, when it names one that
// stands in n; else rng.
func blamed(n syntax.Node, rng diag.Range, err error) diag.Range {
	var about interface{ Parameter() string }
	var o *syntax.Object
	switch n := n.(type) {
	case *syntax.Object:
		o = n
	case *syntax.ActionObject:
		o = &n.Object
	}
	if o == nil || !errors.As(err, &about) {
		return rng
	}
	name := strings.ToLower(about.Parameter())
	for i := range o.Params {
		if p := &o.Params[i]; p.Name == name || strings.TrimPrefix(p.Name, "streamdriver.") == name || "streamdriver."+name == p.Name {
			return p.Value.Range()
		}
	}
	return rng
}
