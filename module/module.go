// Package module says what a module is: contracts as values, a registry as a
// value, and the environment that instances are built with.
//
// A module package exports one value made by NewInput, NewOutput or one of
// their siblings; engine/modules.go lists them. There is no registration as a
// side effect.
package module

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/hosts"
	"syslogd/internal/barrier"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/modify"
	"syslogd/output"
	"syslogd/parser"
	"syslogd/ratelimit"
	"syslogd/store"
)

// Env is what an instance is built with. It is the same for all modules; an
// instance takes what it needs.
type Env struct {
	// Log carries the module and instance name already.
	Log     *slog.Logger
	Metrics *metrics.Set
	// Losses are where an instance counts messages that it loses; see metrics.Losses.
	Losses *metrics.Losses
	// Barrier catches panics in goroutines of an instance; see barrier.Barrier.Catch.
	Barrier *barrier.Barrier
	// Name is the instance's name: of the action, or of the input.
	Name string
	// Queued is set for an output that only a queue of its own, or of its ruleset,
	// waits for.
	Queued bool
	// Store holds the files on local disk.
	Store *store.Store
	// Names resolves addresses of senders and holds the local host name.
	Names *hosts.Names
	// Policies are the ratelimit() objects.
	Policies *ratelimit.Policies
	// Allowed are the $AllowedSender lists, by protocol ("UDP", "TCP").
	Allowed map[string]*listener.AccessList
	// Global are settings that several modules read.
	Global *Global
	// TemplatePrefix returns the constant text a template begins with, for path containment.
	TemplatePrefix func(name string) string
	Now            func() time.Time
	// OwnMessage sends a text where the server's own messages go.
	OwnMessage func(text string)
	// Oversize records messages that are too long; nil is nowhere.
	Oversize *listener.OversizeFile
	// Budget bounds what the connections of all inputs hold.
	Budget *listener.Budget
	// Shared holds what instances of a module have in common, under keys that
	// begin with the module's name.
	Shared *sync.Map
}

// Environ returns the NAME=value pairs that the configuration has for programs.
func (e *Env) Environ() []string {
	if e.Global == nil {
		return nil
	}
	return e.Global.Environment
}

// Global are the settings of global() that modules need.
type Global struct {
	WorkDirectory  string
	MaxMessageSize int
	// TLS defaults of inputs and outputs.
	CAFile, CertFile, KeyFile, CRLFile string
	CAExtraFiles                       string
	StreamDriver                       string
	IPv4, IPv6                         bool
	// OversizeReport logs messages that are cut or split.
	OversizeReport   bool
	PermitACLWarning bool
	Umask            int
	// ProcessInternal is processInternalMessages: own messages go through the
	// rules, not to the system log socket.
	ProcessInternal bool
	// Environment are NAME=value pairs for programs that modules start.
	Environment []string
}

// Filer is implemented by instances that make files whose names are known before: Files
// are patterns of them, see filepath.Match.
type Filer interface {
	Files() []string
}

// FilePattern is the pattern of files that name alone matches; none for "".
func FilePattern(name string) []string {
	if name == "" {
		return nil
	}
	return []string{strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)}
}

// Object hides the type of a module's configuration: what NewInput and its
// siblings make of a Table.
type Object struct {
	// Infos are the parameters, for suggestions and documentation.
	Infos []param.Info
	// New returns a configuration (a *C) with defaults. parent is the module's
	// own configuration, or nil.
	New func(parent any) any
	// Decode fills c from o's arguments; see param.Table.Decode.
	Decode func(c any, o *param.Object, diags *diag.List) bool
	// SetDirective sets a legacy directive's parameter; see param.Table.SetDirective.
	SetDirective func(c any, directive string, line *syntax.Line) (*param.Info, error)
	// Reset ends legacy values; see param.Table.Reset.
	Reset func(c any, lasts param.Lifetime) []string
	// Check reports contradictions between parameters. May be nil.
	Check func(c any, o *param.Object, diags *diag.List) bool
	// Values returns what c holds; see param.Table.Values.
	Values func(c any) []param.Value
	// Copy returns a copy of c, for the next object made from legacy directives.
	Copy func(c any) any
}

// Checker is implemented by configurations whose parameters must agree. o says
// how to name the object and where it stands. False means that the object
// cannot be used.
type Checker interface {
	Check(o *param.Object, diags *diag.List) bool
}

func objectOf[P, C any](t param.Table[C], inherit func(*P, *C)) *Object {
	return &Object{
		Infos: t.Infos(),
		New: func(parent any) any {
			c := new(C)
			t.SetDefaults(c)
			if p, ok := parent.(*P); ok && p != nil && inherit != nil {
				inherit(p, c)
			}
			return c
		},
		Decode: func(c any, o *param.Object, diags *diag.List) bool { return t.Decode(c.(*C), o, diags) },
		SetDirective: func(c any, directive string, line *syntax.Line) (*param.Info, error) {
			return t.SetDirective(c.(*C), directive, line)
		},
		Reset: func(c any, lasts param.Lifetime) []string { return t.Reset(c.(*C), lasts) },
		Check: func(c any, o *param.Object, diags *diag.List) bool {
			if k, ok := c.(Checker); ok {
				return k.Check(o, diags)
			}
			return true
		},
		Values: func(c any) []param.Value { return t.Values(c.(*C)) },
		Copy:   func(c any) any { d := *c.(*C); return &d },
	}
}

// None is the configuration of modules without module-level parameters.
type None struct{}

// Input is an input module.
type Input struct {
	Name     string
	Module   *Object
	Instance *Object
	// Build makes an instance from a configuration that Instance.New returned.
	Build func(c any, env Env) (listener.Input, error)
	// Ruleset returns the ruleset that the configuration binds, "" for the default.
	Ruleset func(c any) string
	// NeedsInput is set when the module receives nothing without an input()
	// object; loading it alone is then worth a warning.
	NeedsInput bool
	// NoObjects is set when there is no input() of the module: loading it makes
	// its instance.
	NoObjects bool
	// LegacyInherit, if not nil, copies module-level values into an instance
	// that a legacy directive made, where the directives left them unset.
	LegacyInherit func(moduleConfig, instance any)
	// Implicit, if not nil, returns instances that loading the module makes
	// without an input() object: imuxsock's system log socket.
	Implicit func(moduleConfig any) []any
}

// NewInput describes an input whose instances have the configuration C and
// whose module-level parameters are M. inherit copies module values into an
// instance's defaults.
func NewInput[M, C any](name string, mod param.Table[M], inst param.Table[C], inherit func(*M, *C), build func(C, Env) (listener.Input, error), ruleset func(*C) string) *Input {
	return &Input{
		Name:     name,
		Module:   objectOf[None](mod, nil),
		Instance: objectOf(inst, inherit),
		Build:    func(c any, env Env) (listener.Input, error) { return build(*c.(*C), env) },
		Ruleset:  func(c any) string { return ruleset(c.(*C)) },
	}
}

// Output is a module that action() names: an output or, as rsyslog counts them
// among those, a message modification module. One of Build and Modify is set.
type Output struct {
	Name     string
	Module   *Object
	Instance *Object
	Build    func(c any, env Env) (output.Output, error)
	Modify   func(c any, env Env) (modify.Modifier, error)
	// Legacy makes a configuration from an action line behind its mark
	// (":omusrmsg:", "|"), starting from the pending one. It leaves ;TEMPLATE and
	// comments on the line. Nil: the module has no such form.
	Legacy func(c any, line *syntax.Line) error
	// Consumes, if not nil, reports whether an action line takes the values that
	// hold for one instance only (param.UntilInstance).
	Consumes func(c any) bool
	// LegacyInherit copies the module-level values that selector lines use into
	// an instance, where directives left them unset. May be nil.
	LegacyInherit func(moduleConfig, instance any)
	// Builtin modules are there without being loaded.
	Builtin bool
	// OwnQueue, if not nil, reports that what an instance sends to may hold it up:
	// without a queue in the configuration it gets one.
	OwnQueue func(c any) bool
}

// NewOutput describes an output; see NewInput.
func NewOutput[M, C any](name string, mod param.Table[M], inst param.Table[C], inherit func(*M, *C), build func(C, Env) (output.Output, error)) *Output {
	return &Output{
		Name:     name,
		Module:   objectOf[None](mod, nil),
		Instance: objectOf(inst, inherit),
		Build:    func(c any, env Env) (output.Output, error) { return build(*c.(*C), env) },
	}
}

// NewModifier describes a message modification module; see NewInput.
func NewModifier[M, C any](name string, mod param.Table[M], inst param.Table[C], inherit func(*M, *C), build func(C, Env) (modify.Modifier, error)) *Output {
	return &Output{
		Name:     name,
		Module:   objectOf[None](mod, nil),
		Instance: objectOf(inst, inherit),
		Modify:   func(c any, env Env) (modify.Modifier, error) { return build(*c.(*C), env) },
	}
}

// NoLegacyText is the Legacy of modules whose action lines are a mark alone, with
// a template at most.
func NoLegacyText[C any](*C, *syntax.Line) error { return nil }

// WithLegacy sets how the module's configuration is made from a selector line.
func WithLegacy[C any](o *Output, f func(c *C, line *syntax.Line) error) *Output {
	o.Legacy = func(c any, line *syntax.Line) error { return f(c.(*C), line) }
	return o
}

// ParserModule is a message parser module with parameters: parser(type= name=).
type ParserModule struct {
	Name     string
	Instance *Object
	// Instances are the names of parsers that come with the module, without
	// parser() and with default settings: rsyslog.rfc3164.
	Instances []string
	// Builtin modules are there without being loaded.
	Builtin bool
	// Build returns the parser.
	Build func(c any, env ParserEnv) (Parser, error)
}

// ParserEnv is what a parser is built with.
type ParserEnv struct {
	// Options are the global settings of reception.
	Options parser.Options
	// Zones are those of timezone(), by name.
	Zones map[string]*message.Zone
	// Name is the parser's name.
	Name string
	// Metrics and Log are for parsers that count; they may be nil.
	Metrics *metrics.Set
	Log     *slog.Logger
}

// Parser fills in a message's fields, or says that the message is not of its
// kind. Then it may have changed the text for the parsers that follow, in memory
// of b.
type Parser interface {
	Parse(b *message.Batch, m *message.Message) bool
}

// NewParser describes a parser module and the names of the parsers that come with it.
func NewParser[C any](name string, inst param.Table[C], build func(C, ParserEnv) (Parser, error), instances ...string) *ParserModule {
	return &ParserModule{
		Name:      name,
		Instance:  objectOf[None](inst, nil),
		Instances: instances,
		Build:     func(c any, env ParserEnv) (Parser, error) { return build(*c.(*C), env) },
	}
}

// Unavailable is a module that rsyslogd has and this server has not, so far.
type Unavailable struct {
	// Lost says what does not happen: "kernel messages are not read".
	Lost string
	// Directives are its legacy directives, accepted with a note.
	Directives []string
}

// Registry is the modules of a server, by lower-case name.
type Registry struct {
	Inputs  map[string]*Input
	Outputs map[string]*Output
	Parsers map[string]*ParserModule
	// Drivers are library modules that are part of the program (lmnsd_gtls).
	Drivers     map[string]bool
	Unavailable map[string]*Unavailable
}

// Names returns the names of all modules that can be loaded, for suggestions.
func (r *Registry) Names() []string {
	var out []string
	for n := range r.Inputs {
		out = append(out, n)
	}
	for n := range r.Outputs {
		out = append(out, n)
	}
	for n := range r.Parsers {
		out = append(out, n)
	}
	return out
}

// Has reports whether the module can be loaded.
func (r *Registry) Has(name string) bool {
	return r.Inputs[name] != nil || r.Outputs[name] != nil || r.Parsers[name] != nil
}

// AddInput adds an input module.
func (r *Registry) AddInput(m *Input) {
	if r.Inputs == nil {
		r.Inputs = map[string]*Input{}
	}
	r.Inputs[m.Name] = m
}

// AddOutput adds an output module.
func (r *Registry) AddOutput(m *Output) {
	if r.Outputs == nil {
		r.Outputs = map[string]*Output{}
	}
	r.Outputs[m.Name] = m
}

// AddParser adds a parser module.
func (r *Registry) AddParser(m *ParserModule) {
	if r.Parsers == nil {
		r.Parsers = map[string]*ParserModule{}
	}
	r.Parsers[m.Name] = m
}
