package impstats

import (
	"syslogd/config/param"
)

// ModuleConfig is module(load="impstats").
type ModuleConfig struct {
	Interval           int
	Facility, Severity int
	Bracketing         bool
	Syslog             bool
	Reset              bool
	File               string
	Overwrite          bool
	Format             format
	JSON, CEE          bool // $PStatJSON, $PStatCEE
	Ruleset            string
}

type format uint8

// The formats. What they look like is in the tests.
const (
	formatLegacy format = iota
	formatJSON
	formatElasticsearch
	formatCEE
	formatPrometheus
)

const noPush = "/metrics is read by Prometheus, see global(metrics.listen); nothing is pushed"

var params = param.Table[ModuleConfig]{
	param.PositiveInt("interval", func(c *ModuleConfig) *int { return &c.Interval }).Legacy("PStatInterval").Legacy("PStatsInterval").Default("300").Doc("Seconds between two reports."),
	param.Int("facility", func(c *ModuleConfig) *int { return &c.Facility }).Range(0, 23).Legacy("PStatFacility").Default("5").Doc("Facility of the messages, as a number."),
	param.Int("severity", func(c *ModuleConfig) *int { return &c.Severity }).Range(0, 7).Legacy("PStatSeverity").Default("6").Doc("Severity of the messages, as a number."),
	param.Bool("bracketing", func(c *ModuleConfig) *bool { return &c.Bracketing }).Default("off").Doc("Begin each report with a message BEGIN and end it with END."),
	param.Bool("log.syslog", func(c *ModuleConfig) *bool { return &c.Syslog }).Default("on").Doc("Send the reports as messages."),
	param.Bool("resetCounters", func(c *ModuleConfig) *bool { return &c.Reset }).Default("off").Doc("Report what was counted since the last report. `/metrics` is not concerned."),
	param.String("log.file", func(c *ModuleConfig) *string { return &c.File }).Doc("Append the reports to this file, too."),
	param.Bool("log.file.overwrite", func(c *ModuleConfig) *bool { return &c.Overwrite }).Default("off").Doc("Replace the file with each report."),
	param.Enum("format", func(c *ModuleConfig) *format { return &c.Format },
		param.Choice[format]{Name: "legacy"}, param.Choice[format]{Name: "json", Value: formatJSON},
		param.Choice[format]{Name: "json-elasticsearch", Value: formatElasticsearch}, param.Choice[format]{Name: "cee", Value: formatCEE},
		param.Choice[format]{Name: "prometheus", Value: formatPrometheus}).Default("legacy").
		Doc("Form of the reports. json-elasticsearch has `!` in place of dots in names."),
	param.Bool("$PStatJSON", func(c *ModuleConfig) *bool { return &c.JSON }).Legacy("PStatJSON").Means("format", "json").Default("off").Doc("The same as format=\"json\"."),
	param.Bool("$PStatCEE", func(c *ModuleConfig) *bool { return &c.CEE }).Legacy("PStatCEE").Means("format", "cee").Default("off").Doc("The same as format=\"cee\"."),
	param.Ruleset("ruleset", func(c *ModuleConfig) *string { return &c.Ruleset }).Doc("Ruleset of the messages."),
	param.Refused[ModuleConfig]("push.url", noPush),
	param.Refused[ModuleConfig]("push.labels", noPush),
	param.Refused[ModuleConfig]("push.timeout.ms", noPush),
	param.Refused[ModuleConfig]("push.label.instance", noPush),
	param.Refused[ModuleConfig]("push.label.origin", noPush),
	param.Refused[ModuleConfig]("push.label.name", noPush),
	param.Refused[ModuleConfig]("push.label.job", noPush),
	param.Refused[ModuleConfig]("push.tls.cafile", noPush),
	param.Refused[ModuleConfig]("push.tls.certfile", noPush),
	param.Refused[ModuleConfig]("push.tls.keyfile", noPush),
	param.Refused[ModuleConfig]("push.tls.insecureSkipVerify", noPush),
	param.Refused[ModuleConfig]("push.batch.maxBytes", noPush),
	param.Refused[ModuleConfig]("push.batch.maxSeries", noPush),
}

// form is the format in effect.
func (c *ModuleConfig) form() format {
	switch {
	case c.CEE:
		return formatCEE
	case c.JSON:
		return formatJSON
	}
	return c.Format
}
