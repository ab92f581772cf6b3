package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"syslogd/config/param"
	"syslogd/config/syntax"
	"syslogd/internal/diag"
	"syslogd/listener"
	"syslogd/metrics"
	"syslogd/router"
	"syslogd/router/lookup"
)

// Objects that stand for themselves: lookup tables, dynamic statistics, zones.

var lookupParams = param.Table[lookup.Table]{
	param.String("name", func(c *lookup.Table) *string { return &c.Name }).Required().Doc("Name of the table."),
	param.String("file", func(c *lookup.Table) *string { return &c.File }).Required().Doc("JSON file of the table."),
	param.Bool("reloadOnHUP", func(c *lookup.Table) *bool { return &c.ReloadOnHUP }).Default("on").Doc("Read the file again on HUP."),
}

// lookupTable reads a table. One whose file is broken exists, empty, as in rsyslogd.
func (l *loader) lookupTable(o *syntax.Object) {
	obj := param.ObjectOf(o, "lookup_table()", "this table is ignored")
	t := &lookup.Table{}
	lookupParams.SetDefaults(t)
	ok := lookupParams.Decode(t, obj, l.diags)
	param.ReportUnknown(obj, lookupParams.Infos(), l.diags)
	if !ok {
		return
	}
	if !l.cfg.Tables.Add(t) {
		l.diags.Errorf(o.Range(), "lookup table %q is defined twice", t.Name).Effect = "the first definition is used"
		return
	}
	err := t.Load()
	if err == nil {
		return
	}
	_, rng := text(obj, "file")
	var path *fs.PathError
	var place *lookup.SyntaxError
	why := err
	switch {
	case errors.As(err, &path):
		why = path.Err
	case errors.As(err, &place):
		why = place.Err
	}
	d := l.diags.Errorf(rng, "lookup table %q can not be read: %v", t.Name, why)
	d.Effect = "lookups in it give an empty text"
	if place != nil {
		at := diag.Pos{Src: &diag.Source{Name: t.File}, Line: place.Line, Col: place.Col}
		d.Related = []diag.Related{{Range: diag.Range{Start: at}, Text: "here"}}
	}
}

// reloadTable compiles reload_lookup_table("name"[, "stub"]).
func (l *loader) reloadTable(s *syntax.ReloadLookupTable) router.Stmt {
	var args []string
	for _, a := range s.Args {
		str, ok := a.(*syntax.String)
		if !ok {
			l.diags.Errorf(a.Range(), "reload_lookup_table(): want a string constant").Effect = "the statement is ignored"
			return nil
		}
		args = append(args, str.Value)
	}
	t := l.cfg.Tables.Lookup(args[0])
	if t == nil {
		d := l.diags.Errorf(s.Args[0].Range(), "there is no lookup table %q", args[0])
		if hint := diag.Suggest(args[0], l.cfg.Tables.Names()); hint != "" {
			d.Hint = fmt.Sprintf("did you mean %q?", hint)
		}
		d.Effect, d.Missing = "the statement is ignored", args[0]
		return nil
	}
	st := &router.ReloadLookupTable{Tables: l.cfg.Tables, Table: t}
	if len(args) > 1 {
		st.Stub = &args[1]
	}
	return st
}

// statistics are the parameters that both kinds of buckets have.
type statistics struct {
	Name        string
	Resettable  bool
	MaxKeys     int
	Life        int
	Percentiles []string
	Window      int
	Delimiter   string

	SaveCounts, SaveTime int
	Directory            string
}

// keptBucket is a bucket whose counters are saved. The directory may be that of a
// global() further down.
type keptBucket struct {
	bucket    *metrics.Dynamic
	directory string
	rng       diag.Range
}

// keepBuckets says where the counters of buckets are saved.
func (l *loader) keepBuckets() {
	for _, k := range l.kept {
		dir := k.directory
		if dir == "" {
			dir = l.cfg.Global.WorkDirectory
		}
		if dir == "" {
			d := l.diags.Errorf(k.rng, "bucket %q can not be saved: there is neither statefile.directory nor global(workDirectory)", k.bucket.Name)
			d.Effect = "the counters do not outlive a restart"
			continue
		}
		k.bucket.Persist.Path = filepath.Join(dir, metrics.StateFileName(k.bucket.Name))
	}
}

func statisticsParams(percentiles bool) param.Table[statistics] {
	t := param.Table[statistics]{
		param.String("name", func(c *statistics) *string { return &c.Name }).Required().Doc("Name of the bucket."),
		param.Bool("resettable", func(c *statistics) *bool { return &c.Resettable }).Default("on").Doc("Obey resetCounters of impstats."),
		param.PositiveInt("maxCardinality", func(c *statistics) *int { return &c.MaxKeys }).Default("2000").Doc("Keys at most; what comes beyond is counted as overflow."),
		param.PositiveInt("unusedMetricLife", func(c *statistics) *int { return &c.Life }).Default("3600").Doc("Seconds after which a key that is not used is forgotten; it may take twice as long."),
	}
	if percentiles {
		return append(t,
			param.Strings("percentiles", func(c *statistics) *[]string { return &c.Percentiles }).Doc("Percentiles to report, 1 to 100."),
			param.PositiveInt("windowSize", func(c *statistics) *int { return &c.Window }).Default("500").Doc("Observations kept for each key."),
			param.Word("delimiter", func(c *statistics) *string { return &c.Delimiter }).Default(".").Doc("What stands between key and percentile in names."))
	}
	return append(t,
		param.NonNegInt("persistStateInterval", func(c *statistics) *int { return &c.SaveCounts }).Default("0").
			Doc("Counts after which the counters are saved, so that they outlive a restart. With this or `persistStateTimeInterval` they are saved at the end, too."),
		param.NonNegInt("persistStateTimeInterval", func(c *statistics) *int { return &c.SaveTime }).Default("0").
			Doc("Seconds after which the counters are saved if something was counted."),
		param.String("statefile.directory", func(c *statistics) *string { return &c.Directory }).Inherits("global workDirectory").
			Doc("Directory of the file, `dynstats-state:NAME`."))
}

var (
	dynStatsParams   = statisticsParams(false)
	percentileParams = statisticsParams(true)
)

func (l *loader) statistics(o *syntax.Object) {
	obj := param.ObjectOf(o, o.Kind+"()", "this bucket is ignored")
	table := dynStatsParams
	if o.Kind == "percentile_stats" {
		table = percentileParams
	}
	var s statistics
	table.SetDefaults(&s)
	ok := table.Decode(&s, obj, l.diags)
	param.ReportUnknown(obj, table.Infos(), l.diags)
	if !ok {
		return
	}
	b := l.cfg.Buckets
	if b.Counters[s.Name] != nil && o.Kind == "dyn_stats" || b.Percentiles[s.Name] != nil && o.Kind != "dyn_stats" {
		l.diags.Errorf(o.Range(), "bucket %q is defined twice", s.Name).Effect = "the first definition is used"
		return
	}
	life := time.Duration(s.Life) * time.Second
	if o.Kind == "dyn_stats" {
		d := &metrics.Dynamic{Name: s.Name, MaxKeys: s.MaxKeys, Life: life, Resettable: s.Resettable}
		if s.SaveCounts > 0 || s.SaveTime > 0 {
			d.Persist.Counts, d.Persist.Interval = s.SaveCounts, time.Duration(s.SaveTime)*time.Second
			l.kept = append(l.kept, keptBucket{d, s.Directory, o.Range()})
		}
		b.Counters[s.Name] = d
		return
	}
	p := &metrics.Percentiles{Name: s.Name, Window: s.Window, MaxKeys: s.MaxKeys, Life: life, Resettable: s.Resettable, Delimiter: s.Delimiter}
	for _, text := range s.Percentiles {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			a := obj.Arg("percentiles")
			l.diags.Errorf(a.ValueRange, "percentiles: want numbers from 1 to 100, found %q", text).Effect = "this percentile is not reported"
			continue
		}
		p.Ranks = append(p.Ranks, n)
	}
	b.Percentiles[s.Name] = p
}

type timezone struct{ ID, Offset string }

var timezoneParams = param.Table[timezone]{
	param.String("id", func(c *timezone) *string { return &c.ID }).Required().Doc("Name that stands in messages."),
	param.Word("offset", func(c *timezone) *string { return &c.Offset }).Required().Doc("+hh:mm or -hh:mm."),
}

// timezone gives a name to an offset from UTC, for parsers that know names of zones.
func (l *loader) timezone(o *syntax.Object) {
	obj := param.ObjectOf(o, "timezone()", "this zone is ignored")
	var z timezone
	ok := timezoneParams.Decode(&z, obj, l.diags)
	param.ReportUnknown(obj, timezoneParams.Infos(), l.diags)
	if !ok {
		return
	}
	zone, err := listener.ParseZone(z.Offset)
	if err != nil || zone == nil {
		_, rng := text(obj, "offset")
		l.diags.Errorf(rng, "offset: want +hh:mm or -hh:mm, found %q", z.Offset).Effect = obj.Effect
		return
	}
	l.cfg.Zones[z.ID] = zone
}
