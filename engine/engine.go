// Package engine composes the server: it builds the graph that a configuration
// describes, starts it and stops it.
//
// # One message's way
//
//	hop                          function                        goroutine
//	socket -> slab, frames       listener/im*: the read loops    one for all plain connections of
//	                                                             an input (one for each four
//	                                                             processors), one for each with
//	                                                             TLS, compression or answers, and
//	                                                             for each UDP socket
//	batch -> queue               listener.Submitter.Submit       same
//	queue -> worker              queue.Queue.work                one a lane; none when nothing
//	                                                             else is under way on plain
//	                                                             connections: queue.Queue.Pass
//	batch -> messages            router.Worker.Run               same
//	bytes -> fields              parser.Parser.Parse             same
//	filters, statements          router.Stmt.run                 same
//	fields -> text               router.Action.Render            same
//	text -> output               output.Delivery.Deliver         same, at the end of the batch
//	text -> file buffer          output/omfile, store.File       same
//	buffer -> disk               store: buffer full, workers     worker, or the store's flusher
//	                             idle, or 50 ms old
//
// An action with a queue takes copies of messages instead of rendering; the
// queue's own worker renders and delivers.
//
// # Order of a stop
//
// Inputs read what has arrived and submit it, and wait for room in a queue no
// longer than inputs.timeout.shutdown; the main queue drains, then the
// queues of rulesets, then those of actions, each up to its timeout; outputs
// close; files are written and closed; then positions are written: those of files that
// are read, and of queues on disk.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/config"
	"syslogd/hosts"
	"syslogd/internal/barrier"
	"syslogd/internal/diag"
	"syslogd/internal/holder"
	"syslogd/internal/progress"
	"syslogd/internal/vfs"
	"syslogd/listener"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
	"syslogd/queue"
	"syslogd/router"
	"syslogd/router/property"
	"syslogd/store"
)

// Env is what the engine is given from outside.
type Env struct {
	Log     *slog.Logger
	Version string
	// OpenedInputs, if not nil, is called when all sockets are open and before anything
	// is received, or any file is written: privileges are dropped there.
	OpenedInputs func() error
	// OwnMessage sends a text where the server's own messages go; nil drops it.
	OwnMessage func(text string)
	// Problem tells what is wrong that the start alone shows; nil logs it.
	Problem func(d diag.Diagnostic)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Engine is a server. New builds it, Start starts it, Stop ends it.
type Engine struct {
	cfg      *config.Config
	env      Env
	log      *slog.Logger
	metrics  *metrics.Set
	losses   *metrics.Losses
	barriers barriers
	watch    *progress.Watch
	store    *store.Store
	names    *hosts.Names
	router   *router.Router
	modEnv   module.Env

	main   *queue.Queue
	queues []*queue.Queue // of rulesets, then of actions
	// Rulesets stop before the actions that they feed.
	rulesetQueues, actionQueues []*queue.Queue
	handler                     map[*queue.Queue]func() queue.Handler
	// deliveries are what the workers of a queue deliver to.
	deliveries map[*queue.Queue]func() []*output.Delivery
	inputs     []*input
	parsers    map[string]module.Parser // by lower-case name
	// parts are the outputs and modifiers, which may have things to start, reopen and close.
	parts []any

	stopInputs context.CancelFunc
	// patience ends when inputs have had their time to stop: from then on they do not
	// wait for room in a queue. What fits is still taken.
	patience    context.Context
	endPatience context.CancelFunc
	running     sync.WaitGroup // inputs
	background  sync.WaitGroup // the store
	stopStore   context.CancelFunc
	stopWatch   func() // of policy files

	keeper *metrics.Keeper // of dynamic statistics; nil when none are kept

	globals  property.Globals
	own      ownMessages
	failures atomic.Pointer[[]string]
}

// input is an input with where its messages go.
type input struct {
	listener.Input
	conf   *config.Input
	submit *listener.Submitter
	name   string
	opened bool
}

// New builds the server that cfg describes. Nothing outside is touched: no
// socket, no file. What cannot be built is reported in diags and left out.
func New(cfg *config.Config, env Env, diags *diag.List) *Engine {
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Problem == nil {
		env.Problem = func(d diag.Diagnostic) { env.Log.Error(d.Text, "at", d.Range.Start.String(), "hint", d.Hint) }
	}
	if env.OwnMessage == nil {
		env.OwnMessage = func(string) {}
	}
	e := &Engine{cfg: cfg, env: env, log: env.Log, metrics: &metrics.Set{}, handler: map[*queue.Queue]func() queue.Handler{}, deliveries: map[*queue.Queue]func() []*output.Delivery{}, parsers: map[string]module.Parser{}}
	e.own.idle = sync.NewCond(&e.own.mu)
	e.patience, e.endPatience = context.WithCancel(context.Background())
	e.losses = metrics.NewLosses(env.Log)
	e.own.lost = e.losses.Of("own_messages", listener.OwnOrigin.Name)
	e.barriers = barriers{map[string]*barrier.Barrier{}, map[*queue.Queue]*barrier.Barrier{}}
	e.store = store.New(vfs.OS{}, env.Log.With("module", "store"), env.Now)
	e.store.CountLosses(e.losses)
	e.watch = progress.New(env.Log, patience, env.Now)
	guard := e.barrierIn("")
	e.names = newNames(&cfg.Global, env.Log, guard)
	e.modEnv = e.moduleEnv()
	cfg.Regexps.Log = env.Log.With("module", "regex")
	cfg.Requests.Log = env.Log.With("module", "fmhttp")
	cfg.Tables.Log = env.Log.With("module", "lookup")
	cfg.Policies.SetLog(env.Log.With("module", "ratelimit"))
	cfg.Policies.SetBarrier(guard)
	cfg.Tables.Barrier = guard
	e.main = e.newQueue("main Q", cfg.MainQueue, e.mainDeliveries)
	e.buildActions(diags)
	e.buildRulesets(diags)
	e.buildInputs(diags)
	e.register()
	return e
}

func (e *Engine) moduleEnv() module.Env {
	g := &e.cfg.Global
	var oversize *listener.OversizeFile
	if g.OversizeFile != "" {
		oversize = &listener.OversizeFile{Path: g.OversizeFile, Limit: int(g.MaxMessageSize), Log: e.log}
	}
	budget := listener.NewBudget(g.InputsMemory, e.log)
	e.metrics.Register(budget.Object())
	return module.Env{
		Oversize: oversize, Budget: budget, Barrier: e.barrierIn(""),
		Log: e.log, Metrics: e.metrics, Losses: e.losses, Store: e.store, Names: e.names, Now: e.env.Now, Shared: &sync.Map{}, OwnMessage: e.env.OwnMessage,
		Allowed: accessLists(e.cfg, e.log), Policies: e.cfg.Policies,
		Global: &module.Global{
			WorkDirectory: g.WorkDirectory, MaxMessageSize: int(g.MaxMessageSize),
			CAFile: g.CAFile, CertFile: g.CertFile, KeyFile: g.KeyFile, CRLFile: g.CRLFile, CAExtraFiles: g.CAExtraFiles,
			StreamDriver: g.StreamDriver, IPv4: g.IPProtocol != "ipv6-only", IPv6: g.IPProtocol != "ipv4-only",
			OversizeReport: g.OversizeReport, PermitACLWarning: g.ACLWarn,
			ProcessInternal: g.ProcessInternal, Environment: e.cfg.Environment,
		},
		TemplatePrefix: func(name string) string {
			if t := e.cfg.Templates.Lookup(name); t != nil {
				return t.Prefix()
			}
			return ""
		},
	}
}

// Start opens sockets and starts everything. It returns when messages are
// received. An input that cannot be opened is logged and left out, as in
// rsyslogd; so is an output that cannot be started.
//
// Sockets come first, which may need privileges. What follows is done as the user
// that the server becomes, so that no file is made that this user can not write.
func (e *Engine) Start(ctx context.Context) error {
	e.openInputs(ctx)
	if e.env.OpenedInputs != nil {
		if err := e.env.OpenedInputs(); err != nil {
			e.Stop(ctx)
			return err
		}
	}
	for _, o := range e.parts {
		if s, ok := o.(output.Starter); ok {
			if err := s.Start(); err != nil {
				e.Stop(ctx)
				return err
			}
		}
	}
	var storeCtx context.Context
	storeCtx, e.stopStore = context.WithCancel(context.Background())
	e.background.Go(func() { e.store.Run(storeCtx) })
	e.addStages()
	e.background.Go(func() { e.watch.Run(storeCtx) })
	if e.keeper = e.cfg.Buckets.NewKeeper(vfs.OS{}, e.log.With("module", "dynstats"), e.env.Now); e.keeper != nil {
		e.keeper.Restore()
		e.background.Go(func() { e.keeper.Run(storeCtx) })
	}
	if s := e.router.Senders; s != nil {
		e.background.Go(func() { expireSenders(storeCtx, s, e.env.Now) })
	}
	e.stopWatch = e.cfg.Policies.Watch()
	if err := e.startQueues(); err != nil {
		e.Stop(ctx)
		return err
	}
	e.runInputs()
	return nil
}

// startQueues opens the files of all queues before the workers of any begin,
// since those put messages into other queues.
func (e *Engine) startQueues() error {
	all := e.allQueues()
	for _, q := range all {
		if err := q.Open(); err != nil {
			// Files of two servers in one directory would be no queue of either.
			if e.cfg.Global.AbortOnFailedQueue || errors.Is(err, queue.ErrInUse) {
				return err
			}
			e.log.Error("a queue can not use its files and is kept in memory", "queue", q.Name(), "err", err)
		}
	}
	for _, q := range all {
		handlers := make([]queue.Handler, q.Workers())
		for i := range handlers {
			if make := e.handler[q]; make != nil {
				handlers[i] = make()
			} else {
				handlers[i] = e.newWorker(q)
			}
		}
		q.Start(handlers)
	}
	return nil
}

func (e *Engine) openInputs(ctx context.Context) {
	var failed []string
	receiving := false
	for _, in := range e.inputs {
		if err := in.Open(ctx); err != nil {
			why := holder.Why(err)
			e.env.Problem(notOpened(in, err, why))
			if why != "" {
				why = ": " + why
			}
			failed = append(failed, fmt.Sprintf("input %s: %v%s", in.name, err, why))
			continue
		}
		in.opened = true
		receiving = receiving || !ownInput(in.conf.Module.Name)
	}
	if !receiving {
		d := nothingReceived(len(failed))
		e.env.Problem(d)
		failed = append(failed, d.Text)
	}
	e.failures.Store(&failed)
}

func (e *Engine) runInputs() {
	var ctx context.Context
	ctx, e.stopInputs = context.WithCancel(context.Background())
	for _, in := range e.inputs {
		if !in.opened {
			continue
		}
		e.running.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					p := barrier.Caught(v)
					e.log.Error("input ended by a panic", "input", in.name, "panic", p.Value, "stack", p.Stack)
				}
			}()
			if err := in.Run(ctx, in.submit); err != nil && ctx.Err() == nil {
				e.log.Error("input ended", "input", in.name, "err", err)
			}
		})
	}
}

// HUP closes and reopens files and whatever else modules reopen, and reads the
// local host name again. The configuration is not read again, as in rsyslogd.
func (e *Engine) HUP() {
	e.names.HUP()
	e.cfg.Tables.HUP()
	e.cfg.Policies.HUP()
	e.store.HUP()
	for _, o := range e.parts {
		if r, ok := o.(output.Reopener); ok {
			r.HUP()
		}
	}
}

// Stop ends the server in the order that the package comment names. It returns
// what went wrong, joined; the server has ended in any case.
func (e *Engine) Stop(context.Context) error {
	dropped := map[*queue.Queue]uint64{}
	for _, q := range e.allQueues() {
		dropped[q] = q.Dropped.Value()
	}
	begin := time.Now()
	stopQueues := func(queues ...*queue.Queue) error { return e.stopQueues(begin, queues, dropped) }
	defer e.endPatience()
	for _, a := range e.cfg.Actions {
		if a.Delivery != nil {
			a.Delivery.Hurry()
		}
	}
	if e.stopInputs != nil {
		e.stopInputs()
		late := time.AfterFunc(time.Duration(e.cfg.Global.InputsTimeout)*time.Millisecond, e.endPatience)
		e.running.Wait()
		late.Stop()
	} else {
		for _, in := range e.inputs {
			in.Close()
		}
	}
	e.own.stop()
	errs := []error{stopQueues(e.main)}
	since := time.Now()
	if e.inTrouble(e.main) {
		since = begin
	}
	ctx, cancel := context.WithDeadline(context.Background(), since.Add(time.Duration(e.cfg.MainQueue.TimeoutShutdown)*time.Millisecond))
	defer cancel()
	e.router.NewWorker(ctx).ProcessRepeats()
	for _, q := range e.rulesetQueues { // one may feed the next
		errs = append(errs, stopQueues(q))
	}
	errs = append(errs, stopQueues(e.actionQueues...))
	e.cfg.Tables.Wait()
	e.names.Close()
	errs = append(errs, e.closeParts())
	if e.stopStore != nil {
		e.stopWatch()
		e.stopStore()
		e.background.Wait()
		if e.keeper != nil {
			e.keeper.Close()
		}
	}
	errs = append(errs, e.store.Close())
	// Every receipt has come back that ever will.
	for _, q := range e.allQueues() {
		q.Close()
	}
	for _, in := range e.inputs {
		if s, ok := in.Input.(listener.Settler); ok && in.opened && e.stopInputs != nil {
			s.Settle()
		}
	}
	e.losses.Close()
	return errors.Join(errs...)
}

// stopQueues stops queues side by side, so that many targets that do not answer
// take no longer than one. The time of a queue whose output does not work has run
// since begin, when the server began to stop: with all queues one behind the other that
// is not more than one time-out either. before is how many messages each had dropped then.
func (e *Engine) stopQueues(begin time.Time, queues []*queue.Queue, before map[*queue.Queue]uint64) error {
	errs := make([]error, len(queues))
	var stopping sync.WaitGroup
	for i, q := range queues {
		stopping.Go(func() {
			since := time.Now()
			if e.inTrouble(q) {
				since = begin
			}
			q.StopSince(since)
			if lost := q.Dropped.Value() - before[q]; lost > 0 {
				errs[i] = fmt.Errorf("queue %s: %d messages lost, it did not drain in time", q.Name(), lost)
			}
		})
	}
	stopping.Wait()
	return errors.Join(errs...)
}

// inTrouble reports whether an output that the workers of q hand messages to does not
// work.
func (e *Engine) inTrouble(q *queue.Queue) bool {
	for _, d := range e.deliveries[q]() {
		if since, _ := d.Trouble(); !since.IsZero() {
			return true
		}
	}
	return false
}

// closeParts closes outputs and modifiers side by side.
func (e *Engine) closeParts() error {
	errs := make([]error, len(e.parts))
	var closing sync.WaitGroup
	for i, o := range e.parts {
		if c, ok := o.(io.Closer); ok {
			closing.Go(func() { errs[i] = c.Close() })
		}
	}
	closing.Wait()
	return errors.Join(errs...)
}

// Health returns what is wrong: inputs that do not listen, actions that are suspended or
// have tried for patience, queues that can not use their files, files that can not be
// written, disks that are nearly full, and what makes no progress.
func (e *Engine) Health() error {
	var errs []error
	if f := e.failures.Load(); f != nil {
		for _, text := range *f {
			errs = append(errs, errors.New(text))
		}
	}
	errs = append(errs, e.troubles()...)
	errs = append(errs, e.watch.Problems()...)
	for _, q := range e.allQueues() {
		errs = append(errs, q.Health())
	}
	return errors.Join(append(errs, e.store.Health())...)
}

// Metrics returns the counters of everything.
func (e *Engine) Metrics() *metrics.Set { return e.metrics }
