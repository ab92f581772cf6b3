package config

import (
	"syslogd/config/param"
	"syslogd/router/template"
)

// GlobalParams describes the parameters of global(), for documentation.
func GlobalParams() []param.Info { return globalParams.Infos() }

// ObjectParams describes the objects that stand for themselves, by their names,
// for documentation.
func ObjectParams() map[string][]param.Info {
	return map[string][]param.Info{
		"lookup_table": lookupParams.Infos(), "dyn_stats": dynStatsParams.Infos(), "percentile_stats": percentileParams.Infos(),
		"timezone": timezoneParams.Infos(), "ratelimit": rateLimitParams.Infos(),
		"template": template.Params(), "property": template.PropertyParams(), "constant": template.ConstantParams(),
	}
}

// ActionParams describes the parameters that actions of all types have, for documentation.
func ActionParams() []param.Info { return actionParams.Infos() }
