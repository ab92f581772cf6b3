package listener

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"

	"syslogd/config/param"
	"syslogd/internal/barrier"
	"syslogd/internal/vfs"
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

// policyFile is the content of a policy file.
type policyFile struct {
	Scope     string      `yaml:"scope"`
	Mode      string      `yaml:"mode"`
	Interval  *int        `yaml:"interval"`
	Burst     *int        `yaml:"burst"`
	Severity  string      `yaml:"severity"`
	PerSource *sourceFile `yaml:"perSource"`
}

// sourceFile is its section perSource, or the content of a file for that alone.
type sourceFile struct {
	Enabled     *bool        `yaml:"enabled"`
	KeyTemplate string       `yaml:"keyTemplate"`
	MaxStates   int          `yaml:"maxStates"`
	TopN        int          `yaml:"topN"`
	Default     *sourceEntry `yaml:"default"`
	Overrides   []struct {
		Key         string `yaml:"key"`
		sourceEntry `yaml:",inline"`
	} `yaml:"overrides"`
}

type sourceEntry struct {
	Max    *int   `yaml:"max"`
	Window string `yaml:"window"`
}

// maxPolicyFile bounds a policy file, in bytes.
const maxPolicyFile = 16 << 20

func readYAML(path string, into any) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxPolicyFile {
		return fmt.Errorf("%s: has %d bytes, want at most %d", path, info.Size(), maxPolicyFile)
	}
	text, err := vfs.ReadRegular(path, maxPolicyFile)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	err = dec.Decode(into)
	var mistyped *yaml.TypeError
	switch {
	case errors.As(err, &mistyped):
		return fmt.Errorf("%s: %s", path, strings.Join(mistyped.Errors, "; "))
	case err != nil && !errors.Is(err, io.EOF): // an empty file sets nothing
		return fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return nil
}

func (p *Policy) readPolicy(a *Allowance) error {
	var f policyFile
	if err := readYAML(p.File, &f); err != nil {
		return err
	}
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s", p.File, fmt.Sprintf(format, args...))
	}
	if f.Interval != nil {
		a.Interval = time.Duration(*f.Interval) * time.Second
	}
	if f.Burst != nil {
		a.Burst = *f.Burst
	}
	if f.Severity != "" {
		s, ok := message.SeverityNamed(strings.ToLower(f.Severity))
		if n, err := strconv.Atoi(f.Severity); err == nil && n >= 0 && n < 8 {
			s, ok = message.Severity(n), true
		}
		if !ok {
			return fail("there is no severity %q", f.Severity)
		}
		a.From = s
	}
	if a.Interval < 0 || a.Burst < 0 {
		return fail("interval and burst can not be negative")
	}
	switch f.Scope {
	case "", "input":
		if f.Mode != "" {
			return fail("mode needs scope: output")
		}
	case "output":
		a.Output, a.Pace = true, f.Mode == "pace"
		if f.Mode != "drop" && f.Mode != "pace" {
			return fail("scope: output needs mode: drop or pace")
		}
		if f.Severity != "" || f.PerSource != nil {
			return fail("scope: output has neither severity nor perSource")
		}
	default:
		return fail("want scope: input or output, found %q", f.Scope)
	}
	if f.PerSource == nil || f.PerSource.Enabled != nil && !*f.PerSource.Enabled {
		return nil
	}
	if p.PerSource {
		return fail("perSource stands in the file and in ratelimit(); keep one")
	}
	var err error
	a.Sources, err = p.limits(p.File, f.PerSource)
	return err
}

func (p *Policy) readSources(a *Allowance) error {
	var f sourceFile
	if err := readYAML(p.SourceFile, &f); err != nil {
		return err
	}
	var err error
	a.Sources, err = p.limits(p.SourceFile, &f)
	return err
}

// limits checks the limits of sources that stand in the file path.
func (p *Policy) limits(path string, f *sourceFile) (*SourceLimits, error) {
	s := &SourceLimits{MaxStates: p.MaxStates, TopN: p.TopN, Overrides: map[string]SourceLimit{}}
	if f.MaxStates > 0 {
		s.MaxStates = f.MaxStates
	}
	if f.TopN > 0 {
		s.TopN = f.TopN
	}
	key := p.KeyName
	if f.KeyTemplate != "" {
		key = f.KeyTemplate
	}
	if s.Key = p.Template(key); s.Key == nil {
		return nil, fmt.Errorf("%s: there is no template %q", path, key)
	}
	if f.Default == nil {
		return nil, fmt.Errorf("%s: want a default with max and window", path)
	}
	var err error
	if s.Default, err = f.Default.limit(); err != nil {
		return nil, fmt.Errorf("%s: default: %w", path, err)
	}
	for _, o := range f.Overrides {
		if s.Overrides[o.Key], err = o.limit(); err != nil {
			return nil, fmt.Errorf("%s: override of %q: %w", path, o.Key, err)
		}
	}
	return s, nil
}

func (e *sourceEntry) limit() (SourceLimit, error) {
	if e.Max == nil || *e.Max < 0 {
		return SourceLimit{}, errors.New("want max, a number from 0")
	}
	window, err := ParseWindow(e.Window)
	if err != nil || window == 0 {
		return SourceLimit{}, fmt.Errorf("want window, a time such as 10s, found %q", e.Window)
	}
	return SourceLimit{*e.Max, window}, nil
}

// ParseWindow reads a time such as 500ms, 10s, 5m or 1h; a bare number is seconds.
func ParseWindow(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = errors.New("negative")
	}
	return d, err
}

// PolicyName is part of the configuration of inputs and outputs that can be
// limited by a Policy.
type PolicyName struct{ LimitName string }

// RateLimitName is the name of the policy, "" for none.
func (p *PolicyName) RateLimitName() string { return p.LimitName }

// PolicyParam is the parameter that names a Policy.
func PolicyParam[C any](name string, field func(*C) *PolicyName) *param.Param[C] {
	return param.String(name, func(c *C) *string { return &field(c).LimitName }).Doc("Name of a ratelimit() object that sets the limit.")
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

// watchInterval is how often files are looked at.
const watchInterval = 500 * time.Millisecond

// Watch reads the files of policies again when they change. It returns a
// function that ends it and waits for the end; it may be called again.
func (s *Policies) Watch() (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	for _, p := range s.list {
		if p.Watch && (p.File != "" || p.PerSource) {
			running.Go(func() { p.watch(done) })
		}
	}
	return sync.OnceFunc(func() {
		close(done)
		running.Wait()
	})
}

func (p *Policy) watch(done <-chan struct{}) {
	tick := time.NewTicker(min(watchInterval, max(p.Debounce, 10*time.Millisecond)))
	defer tick.Stop()
	loaded := p.stamp()
	seen, since := loaded, time.Now()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		now := p.stamp()
		if now != seen {
			seen, since = now, time.Now()
		}
		if seen != loaded && time.Since(since) >= p.Debounce {
			loaded = seen
			p.reload()
		}
	}
}

// stamp changes when a file of the policy does.
func (p *Policy) stamp() string {
	out := ""
	for _, path := range []string{p.File, p.SourceFile} {
		if info, err := os.Stat(path); err == nil {
			out += fmt.Sprintln(info.ModTime().UnixNano(), info.Size(), inode(info))
		}
	}
	return out
}
