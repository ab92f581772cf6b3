package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/ratelimit"
)

var rateLimitParams = param.Table[ratelimit.Policy]{
	param.String("name", func(c *ratelimit.Policy) *string { return &c.Name }).Required().Doc("Name that inputs and actions refer to."),
	param.NonNegInt("interval", func(c *ratelimit.Policy) *int { return &c.Interval }).Default("0").Doc("Window in seconds; 0 is no limit."),
	param.NonNegInt("burst", func(c *ratelimit.Policy) *int { return &c.Burst }).Default("10000").Doc("Messages in a window."),
	param.Severity("severity", func(c *ratelimit.Policy) *message.Severity { return &c.Severity }).Default("0").Doc("Messages of this severity and less urgent ones are limited."),
	param.String("policy", func(c *ratelimit.Policy) *string { return &c.File }).Doc("YAML file with interval, burst, severity and perSource, or with scope: output and mode. It is read again on HUP."),
	param.Bool("policyWatch", func(c *ratelimit.Policy) *bool { return &c.Watch }).Default("off").Doc("Read the files again when they change."),
	param.Func("policyWatchDebounce", param.KindDuration, func(c *ratelimit.Policy, v string) error {
		d, err := ratelimit.ParseWindow(v)
		if err != nil {
			return fmt.Errorf("want a time such as 500ms or 5s, found %q", v)
		}
		c.Debounce = d
		return nil
	}, func(c *ratelimit.Policy) string { return c.Debounce.String() }).Default("5s").Doc("How long a file must be quiet before it is read again: ms, s, m, h; a bare number is seconds."),
	param.Bool("perSource", func(c *ratelimit.Policy) *bool { return &c.PerSource }).Default("off").Doc("Limit each source on its own, as perSourcePolicy says."),
	param.String("perSourcePolicy", func(c *ratelimit.Policy) *string { return &c.SourceFile }).Doc("YAML file with the limits of sources."),
	param.String("perSourceKeyTpl", func(c *ratelimit.Policy) *string { return &c.KeyName }).Default("RSYSLOG_PerSourceKey").Doc("Template that renders the name of the source; the host name by default."),
	param.PositiveInt("perSourceMaxStates", func(c *ratelimit.Policy) *int { return &c.MaxStates }).Default("10000").Doc("Sources that are known at a time; the one not seen for longest makes room."),
	param.PositiveInt("perSourceTopN", func(c *ratelimit.Policy) *int { return &c.TopN }).Default("10").Doc("Sources with most losses that the metrics name."),
}

// rateLimit reads a ratelimit() object.
func (l *loader) rateLimit(o *syntax.Object) {
	obj := param.ObjectOf(o, "ratelimit()", "this rate limit is ignored")
	p := &ratelimit.Policy{Template: l.cfg.Templates.Lookup}
	rateLimitParams.SetDefaults(p)
	ok := rateLimitParams.Decode(p, obj, l.diags)
	param.ReportUnknown(obj, rateLimitParams.Infos(), l.diags)
	if !ok {
		return
	}
	if p.PerSource && p.SourceFile == "" {
		d := l.diags.Errorf(o.Range(), "ratelimit(name=%q): perSource needs perSourcePolicy", p.Name)
		d.Effect = "sources are not limited"
		p.PerSource = false
	}
	if !l.cfg.Policies.Add(p) {
		l.diags.Errorf(o.Range(), "rate limit %q is defined twice", p.Name).Effect = "the first definition is used"
		return
	}
	if err := p.Load(); err != nil {
		rng := o.Range()
		for _, name := range []string{"policy", "persourcepolicy"} {
			if a := obj.Arg(name); a != nil && strings.Contains(err.Error(), a.Items[0]) {
				rng = a.ValueRange
			}
		}
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		l.diags.Errorf(rng, "rate limit %q can not be read: %v", p.Name, err).Effect = "nothing is limited"
	}
}

// limited is implemented by configurations that can name a rate limit.
type limited interface{ RateLimitName() string }

// policyCheck is a rate limit that an object names; it may be defined later.
type policyCheck struct {
	name   string
	rng    diag.Range
	output bool // it is named by action.rateLimit.name
	queued func() bool
}

// noteLimit remembers the rate limit that conf names, to check it at the end.
func (l *loader) noteLimit(conf any, obj *param.Object) {
	c, ok := conf.(limited)
	if !ok || c.RateLimitName() == "" {
		return
	}
	check := policyCheck{name: c.RateLimitName(), rng: obj.Range}
	for _, a := range obj.Args {
		switch {
		case strings.HasSuffix(a.Name, "ratelimit.name"):
			check.rng = a.ValueRange
		case strings.HasSuffix(a.Name, "ratelimit.interval"), strings.HasSuffix(a.Name, "ratelimit.burst"):
			d := l.diags.Errorf(a.Range, "%s: %s and a named rate limit exclude each other", obj.Title, a.Param)
			d.Effect = "the named rate limit is used"
		}
	}
	l.policies = append(l.policies, check)
}

// checkLimits checks the rate limits that were named.
func (l *loader) checkLimits() {
	for _, c := range l.policies {
		p := l.cfg.Policies.Lookup(c.name)
		if p == nil {
			d := l.diags.Errorf(c.rng, "there is no rate limit %q", c.name)
			if s := diag.Suggest(c.name, l.cfg.Policies.Names()); s != "" {
				d.Hint = fmt.Sprintf("did you mean %q?", s)
			} else {
				d.Hint = fmt.Sprintf("define it: ratelimit(name=%q interval=\"...\" burst=\"...\")", c.name)
			}
			d.Effect, d.Missing = "nothing is limited here", c.name
			continue
		}
		switch a := p.Allowance(); {
		case c.output && !a.Output:
			l.diags.Errorf(c.rng, "rate limit %q is not for actions: its policy file has no scope: output", c.name).Effect = "nothing is limited here"
		case !c.output && a.Output:
			l.diags.Errorf(c.rng, "rate limit %q is for actions (scope: output)", c.name).Effect = "nothing is limited here"
		case a.Pace && !c.queued():
			l.diags.Errorf(c.rng, "rate limit %q lets messages wait (mode: pace); that needs a queue", c.name).Effect = "what comes beyond the limit is dropped"
		}
	}
}

// Limit returns the policy that an input is limited by, nil for none.
func (c *Config) Limit(in *Input) *ratelimit.Policy {
	if conf, ok := in.Conf.(limited); ok {
		return usable(c.Policies.Lookup(conf.RateLimitName()), false)
	}
	return nil
}

// ActionLimit returns the policy that an action is limited by, nil for none.
func (c *Config) ActionLimit(a *Action) *ratelimit.Policy {
	return usable(c.Policies.Lookup(a.common.LimitName), true)
}

func usable(p *ratelimit.Policy, output bool) *ratelimit.Policy {
	if p == nil || p.Allowance().Output != output {
		return nil
	}
	return p
}
