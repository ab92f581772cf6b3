// Package config turns a configuration text into what the engine builds: typed
// settings of modules, rulesets whose statements are compiled, templates.
//
// It walks the tree of config/syntax once, in order, since order matters to
// rsyslogd: a template must be defined before the action that names it, a
// legacy directive holds for what follows. Every object is decoded through the
// tables of config/param. All mistakes of all files are collected; each says
// what happens now, and what can be used is used.
package config

import (
	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/internal/posix"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
	"syslogd/queue"
	"syslogd/ratelimit"
	"syslogd/router"
	"syslogd/router/lookup"
	"syslogd/router/script"
	"syslogd/router/template"
)

// DefaultRuleset is the name of the ruleset that holds what stands outside of rulesets.
const DefaultRuleset = "RSYSLOG_DefaultRuleset"

// Config is a configuration that was read. It touches nothing outside; the
// engine builds and starts what it describes.
type Config struct {
	Name      string
	File      *syntax.File
	Global    Global
	MainQueue queue.Config
	Inputs    []*Input
	// Rulesets are in the order of their definition. Default is the one that
	// inputs without a ruleset use.
	Rulesets []*Ruleset
	Default  *Ruleset
	Actions  []*Action
	// HasActions is set when there is an action of whatever kind. As in rsyslogd
	// ~ counts, though stop does not, and so does an action that config.enabled
	// turns off; behind a syntax error there may have been some.
	HasActions bool
	Templates  *template.Set
	Parsers    map[string]*Parser
	Tables     *lookup.Set
	Policies   *ratelimit.Policies
	Buckets    *metrics.Buckets
	Regexps    *posix.Compiler
	Requests   *script.Requests
	// Zones are those of timezone(), by name.
	Zones map[string]*message.Zone
	// Allowed are the $AllowedSender lists, by protocol in upper case.
	Allowed map[string][]string
	// Abort, if not nil, says that the server must not start.
	Abort *Abort
	// Environment are the NAME=value pairs of global(environment=...), for programs
	// that modules start.
	Environment []string
	// Loaded are the names of loaded modules.
	Loaded []string
	// Uses says of each legacy directive what it was good for.
	Uses map[*syntax.Directive]Use

	modules map[string]*loadedModule
	// placesOf global() and of main_queue().
	globalPlaces, mainQueuePlaces places
}

// Abort is a reason not to start, with the exit status that rsyslogd has for it.
type Abort struct {
	Text string
	Exit int
}

// Input is an input(), a $...Run directive, or an instance that comes with its module.
type Input struct {
	Module *module.Input
	Conf   any
	// Ruleset is the bound ruleset, nil for the default.
	Ruleset *Ruleset
	Range   diag.Range
	// Node is what made it: an input(), a directive, or nil.
	Node syntax.Node

	module *loadedModule
	places places
}

// Ruleset is a ruleset with its queue and parsers.
type Ruleset struct {
	*router.Ruleset
	// Parsers are the names of its parser chain; empty is the default chain.
	Parsers []string
	// Queue is the ruleset's own; nil means that it runs in the main queue's workers.
	Queue *queue.Config
	Range diag.Range

	places places
}

// Action is an action with the output behind it.
type Action struct {
	*router.Action
	Module *module.Output
	Conf   any
	Policy output.Policy
	// Queue is the action's own; nil is Direct.
	Queue *queue.Config
	// Alone is set when the action is the only one behind the queue of its ruleset:
	// nothing else waits for it.
	Alone bool
	Range diag.Range
	// Node is what made it: an action() or a *syntax.LegacyAction.
	Node syntax.Node

	queueGiven bool // by the configuration
	module     *loadedModule
	common     actionCommon
	places     places
}

// Parser is an instance of a parser module: a built-in one, or from parser().
type Parser struct {
	Module *module.ParserModule
	Conf   any
	// Name is as parser() spells it; empty for those that come with a module.
	Name string

	places places
}

// Options say how a configuration is read.
type Options struct {
	// Trace makes statements that a router.Worker with a Tracer reports.
	Trace bool
	// Syntax is where texts come from; the zero value is the operating system.
	Syntax syntax.Options
}

// loadedModule is what module(load=) or $ModLoad brought in.
type loadedModule struct {
	name   string
	input  *module.Input
	output *module.Output
	parser *module.ParserModule
	// conf holds the module-level parameters; pending the values of legacy
	// directives for the next instance.
	conf    any
	pending any
	// unavailable is set for modules that rsyslogd has and this server has not.
	unavailable *module.Unavailable
	inputs      int
	rng         diag.Range
	// object is the module() object, nil when a directive loaded the module.
	object *param.Object
	// places are those of conf and of pending.
	places, pendingPlaces places
}

// Load reads the configuration name; text, if not nil, is its content. The
// error is not nil when the main file cannot be read. All else is in the list.
func Load(name string, text []byte, reg *module.Registry, opt Options) (*Config, *diag.List, error) {
	diags := &diag.List{}
	var file *syntax.File
	if text != nil {
		file = syntax.Parse(name, text, opt.Syntax, diags)
	} else {
		var err error
		if file, err = syntax.ParseFile(name, opt.Syntax, diags); err != nil {
			return nil, diags, err
		}
	}
	said := diags.Len()
	l := newLoader(name, file, reg, diags)
	l.trace = opt.Trace
	l.stmts(file.Stmts)
	l.finish()
	l.cfg.HasActions = l.cfg.HasActions || file.Stopped && !file.Missing
	if file.Stopped || len(file.Unused) > 0 {
		diags.Cut(said)
		checkWhole(name, file, reg, diags)
	}
	return l.cfg, diags, nil
}
