package ratelimit

import (
	"log/slog"
	"time"

	"syslogd/config/param"
)

// Config is the part of a module's configuration that limits a rate.
type Config struct {
	LimitInterval int    // seconds, 0 for no limit
	LimitBurst    int    // messages in an interval
	LimitName     string // of a ratelimit() object that sets both, "" for none
}

// RateLimitName is the name of the policy, "" for none.
func (c *Config) RateLimitName() string { return c.LimitName }

// Limit returns the limit of what reports to log under that name. policies is nil for
// inputs to which the server applies the policy, as a Filter.
func (c *Config) Limit(policies *Policies, name string, log *slog.Logger) *Limit {
	return &Limit{
		Policy:   policies.Lookup(c.LimitName),
		Interval: time.Duration(c.LimitInterval) * time.Second,
		Burst:    c.LimitBurst,
		Name:     name,
		Log:      log,
	}
}

// Given reports whether anything is limited.
func (c *Config) Given() bool { return c.LimitInterval > 0 || c.LimitName != "" }

// Parameters says how the parameters of a Config are called, and what differs.
type Parameters struct {
	Interval, Burst, Name string
	// DefaultBurst is in messages.
	DefaultBurst string
	// Legacy is what the names of their legacy directives begin with, "" for none.
	Legacy string
	// Note stands behind what they are said to do.
	Note string
}

// Named are parameters whose names begin with prefix, such as "rateLimit.".
func Named(prefix, burst string) Parameters {
	return Parameters{
		Interval: prefix + "interval", Burst: prefix + "burst", Name: prefix + "name",
		DefaultBurst: burst,
	}
}

// Params are the parameters of a Config.
func Params[C any](p Parameters, field func(*C) *Config) param.Table[C] {
	interval := param.NonNegInt(p.Interval, func(c *C) *int { return &field(c).LimitInterval }).
		Default("0").Doc("Window of the rate limit in seconds; 0 is no limit." + p.Note)
	burst := param.NonNegInt(p.Burst, func(c *C) *int { return &field(c).LimitBurst }).
		Default(p.DefaultBurst).Doc("Messages in a window.")
	if p.Legacy != "" {
		interval.Legacy(p.Legacy + "Interval")
		burst.Legacy(p.Legacy + "Burst")
	}
	name := NameParam(p.Name, func(c *C) *string { return &field(c).LimitName })
	return param.Table[C]{interval, burst, name}
}

// NameParam is the parameter that names a policy.
func NameParam[C any](name string, field func(*C) *string) *param.Param[C] {
	return param.String(name, field).Doc("Name of a ratelimit() object that sets the limit.")
}
