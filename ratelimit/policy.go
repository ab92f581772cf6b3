package ratelimit

import (
	"log/slog"
	"sync/atomic"
	"time"

	"syslogd/internal/barrier"
	"syslogd/message"
	"syslogd/router/template"
)

// Policy is a ratelimit() object: a limit with a name, which inputs and actions
// refer to. What it allows may stand in a YAML file, which is read again on HUP
// and, with Watch, when it changes. Each input counts for itself; the limits for
// each source are counted together for all inputs of the policy.
type Policy struct {
	Name     string
	Interval int // seconds, 0 for no limit
	Burst    int // messages in an interval
	// Severity exempts messages that are more urgent.
	Severity message.Severity
	// File is the YAML file that sets the above, "" for none.
	File string
	// Watch reads the files again when they change, after they have been quiet
	// for Debounce.
	Watch    bool
	Debounce time.Duration
	// PerSource limits each source on its own, as SourceFile says.
	PerSource  bool
	SourceFile string
	KeyName    string // of the template that renders the name of the source
	MaxStates  int    // sources that are known at a time
	TopN       int    // sources with most losses in the metrics

	// Template finds the template of a key.
	Template func(name string) *template.Template
	Log      *slog.Logger
	// Barrier catches a panic in what a file has that is read again.
	Barrier *barrier.Barrier

	allowance atomic.Pointer[Allowance]
	sources   sources
}

// Allowance is what a policy allows at the moment.
type Allowance struct {
	Interval time.Duration
	Burst    int
	From     message.Severity // messages that are more urgent are not limited
	// Output is set for policies of actions; Pace makes messages wait there
	// instead of dropping them.
	Output, Pace bool
	// Sources, if not nil, limits each source.
	Sources *SourceLimits
}

// SourceLimits are the limits of sources.
type SourceLimits struct {
	Key       *template.Template
	MaxStates int
	TopN      int
	Default   SourceLimit
	Overrides map[string]SourceLimit
}

// SourceLimit lets Max messages through in each Window.
type SourceLimit struct {
	Max    int
	Window time.Duration
}

// of returns the limit of a source.
func (s *SourceLimits) of(key string) SourceLimit {
	if l, ok := s.Overrides[key]; ok {
		return l
	}
	return s.Default
}

// Allowance is what the policy allows at the moment.
func (p *Policy) Allowance() *Allowance { return p.allowance.Load() }

// Load reads the files of the policy. What was in effect stays when they can not
// be used.
func (p *Policy) Load() error {
	a := &Allowance{Interval: time.Duration(p.Interval) * time.Second, Burst: p.Burst, From: p.Severity}
	var err error
	if p.File != "" {
		err = p.readPolicy(a)
	}
	if err == nil && p.PerSource {
		err = p.readSources(a)
	}
	if err != nil {
		if p.allowance.Load() == nil { // the first time: no limit rather than a wrong one
			p.allowance.Store(&Allowance{})
		}
		return err
	}
	p.allowance.Store(a)
	return nil
}

// Policies are the ratelimit() objects of a configuration.
type Policies struct {
	list []*Policy
}

// Add adds p, unless there is one of its name.
func (s *Policies) Add(p *Policy) bool {
	if s.Lookup(p.Name) != nil {
		return false
	}
	s.list = append(s.list, p)
	return true
}

// Lookup returns the policy of that name, or nil.
func (s *Policies) Lookup(name string) *Policy {
	if s == nil {
		return nil
	}
	for _, p := range s.list {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Names returns the names of all policies.
func (s *Policies) Names() []string {
	var out []string
	for _, p := range s.list {
		out = append(out, p.Name)
	}
	return out
}

// SetLog sets where the policies report.
func (s *Policies) SetLog(log *slog.Logger) {
	for _, p := range s.list {
		p.Log = log
	}
}

// SetBarrier sets where a panic in what a file has is reported.
func (s *Policies) SetBarrier(b *barrier.Barrier) {
	for _, p := range s.list {
		p.Barrier = b
	}
}

// HUP reads the files of all policies again.
func (s *Policies) HUP() {
	for _, p := range s.list {
		if p.File != "" || p.PerSource {
			p.reload()
		}
	}
}

func (p *Policy) reload() {
	if err := p.load(); err != nil {
		p.Log.Error("rate limit "+p.Name+" can not be read again, what it allowed stays", "err", err)
	}
}

// load is Load; a panic in what the files have is an error.
func (p *Policy) load() (err error) {
	defer p.Barrier.Catch(&err, "a rate limit could not be read", "name", p.Name)
	return p.Load()
}
