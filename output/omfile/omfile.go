// Package omfile writes messages to files: one of a fixed name, or one of a
// name that a template makes of each message. It is thin: package store owns
// the bytes.
package omfile

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
	"syslogd/store"
)

// Module describes omfile to the registry.
var Module = builtin()

func builtin() *module.Output {
	m := module.NewOutput("omfile", moduleParams, params, inherit, New)
	m.Builtin = true
	m.LegacyInherit = func(mod, inst any) { legacyInherit(mod.(*ModuleConfig), inst.(*Config)) }
	return m
}

// New returns an output that writes to conf.File, or to the files that
// conf.DynaFile names.
func New(conf Config, env module.Env) (output.Output, error) {
	opt := conf.storeOptions()
	if conf.DynaFile != "" {
		return &dynamic{conf: conf, log: env.Log, opt: opt, env: env}, nil
	}
	return &static{conf: conf, opt: opt, env: env}, nil
}

// static writes to one file.
type static struct {
	conf Config
	opt  store.Options
	env  module.Env
	file *store.File
}

// Templates is the text.
func (o *static) Templates() []string { return []string{o.conf.template()} }

// ConcurrentWrite marks that the file has its own lock.
func (o *static) ConcurrentWrite() {}

// Path is the file's name, for people.
func (o *static) Path() string { return o.conf.File }

// Files is the file.
func (o *static) Files() []string { return module.FilePattern(o.conf.File) }

// Start names the file; it is opened by the first write.
func (o *static) Start() (err error) {
	o.file, err = o.env.Store.File(o.conf.File, &o.opt)
	return err
}

// Write appends the batch.
func (o *static) Write(_ context.Context, b *output.Batch) error {
	return attend(o.env.Store, b, o.append(b))
}

// attend has what was appended written in time, unless the caller sees to that. After
// an error it does not: the worker waits then.
func attend(s *store.Store, b *output.Batch, err error) error {
	if !b.Attended || err != nil {
		s.Rouse()
	}
	return err
}

// append appends records. Several of them go to the file in one piece.
func (o *static) append(b *output.Batch) error {
	part := &b.Parts[0]
	if o.conf.AddLF {
		return o.writeLines(b)
	}
	if err := o.file.Append(part.All(), b.Receipt); err != nil {
		return refused(0, err)
	}
	return nil
}

// refused is what an error at record i means for a file of a fixed name. As in
// rsyslogd, a directory that can not be made or an owner that can not be set costs
// the record, also with endless retry; everything else suspends the action.
func refused(i int, err error) error {
	var open *store.OpenError
	if errors.As(err, &open) && (open.Op == "mkdir" || open.Op == "chown") && !store.NoSpace(err) {
		return &output.Rejected{Index: i, Err: err}
	}
	return &output.Suspended{Done: i, Err: err}
}

// writeLines appends records with a line feed where they have none.
func (o *static) writeLines(b *output.Batch) error {
	var line []byte
	part := &b.Parts[0]
	for i := range part.Ends {
		b.Done = i
		line = line[:0]
		rec := o.conf.record(part.At(i), &line)
		if err := o.file.Append(rec, b.Receipt); err != nil {
			return refused(i, err)
		}
	}
	return nil
}

// Coalesces marks that store gathers what is written.
func (o *static) Coalesces() {}

// Explain names the file.
func (o *static) Explain(b *output.Batch, i int) (where string, text []byte) {
	return o.conf.File, o.conf.record(b.Parts[0].At(i), new([]byte))
}

func (o *static) Close() error {
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}

// dynamic writes to the files that a template names.
type dynamic struct {
	conf  Config
	opt   store.Options
	env   module.Env
	log   *slog.Logger
	cache *store.Cache
}

// senderTemplate is the address of the sender.
const senderTemplate = "RSYSLOG_omudpspoofDfltSourceTpl"

// Templates are the text, the file name, and who is to blame for a new file.
func (o *dynamic) Templates() []string {
	return []string{o.conf.template(), o.conf.DynaFile, senderTemplate}
}

// PrivateTemplates is the sender's.
func (o *dynamic) PrivateTemplates() int { return 1 }

// FileName is the name's template, unless senders may choose the place of their files.
func (o *dynamic) FileName() int {
	if o.conf.AllowEscape {
		return -1
	}
	return 1
}

// ConcurrentWrite marks that the cache has its own locks.
func (o *dynamic) ConcurrentWrite() {}

// Path is the template's name, for people.
func (o *dynamic) Path() string { return "?" + o.conf.DynaFile }

// Start makes the cache of open files. Names stay below the constant text that
// the file name template begins with.
func (o *dynamic) Start() error {
	// Unlike rsyslogd, dynaFileCacheSize is a lower bound: rsyslogd looks its
	// cache up linearly, so configurations name small sizes, and opening and
	// closing a file for most messages costs six times as much CPU.
	size := 0
	if int64(o.conf.CacheSize) > store.FileBudget() {
		size = o.conf.CacheSize
	}
	prefix := o.env.TemplatePrefix(o.conf.DynaFile)
	o.cache = o.env.Store.Cache(&o.opt, prefix, size)
	o.cache.LimitNewFiles(store.NewFiles{
		PerSender: o.conf.NewPerSender, All: o.conf.NewFiles, Overflow: o.overflow(store.Base(prefix)),
	}, o.env.Losses.Of("too_many_new_files", o.env.Name))
	return nil
}

// overflow is the file for messages whose own may not be made, "" if there is no place.
func (o *dynamic) overflow(base string) string {
	if base == "" && o.env.Global != nil && o.env.Global.WorkDirectory != "" {
		base = strings.TrimRight(o.env.Global.WorkDirectory, "/") + "/"
	}
	if base == "" || o.conf.Overflow == "" {
		return ""
	}
	return base + o.conf.Overflow
}

// Coalesces marks that store gathers what is written.
func (o *dynamic) Coalesces() {}

// Write appends each record to its file.
func (o *dynamic) Write(_ context.Context, b *output.Batch) error {
	return attend(o.env.Store, b, o.append(b))
}

// append keeps in b.Done how many records are delivered.
func (o *dynamic) append(b *output.Batch) error {
	text, name, from := &b.Parts[0], &b.Parts[1], &b.Parts[2]
	b.Done = 0
	var recs [64]store.Record
	var lines []byte
	for b.Done < len(text.Ends) {
		done := b.Done
		n := min(len(text.Ends)-done, len(recs))
		lines = lines[:0]
		for i := range recs[:n] {
			recs[i] = store.Record{Key: name.At(done + i), Text: o.conf.record(text.At(done+i), &lines), From: from.At(done + i)}
		}
		if err := o.cache.Append(recs[:n], b.Receipt, &b.Done); err != nil {
			return o.failed(b.Done, name.At(b.Done), err)
		}
	}
	return nil
}

// Explain names the file.
func (o *dynamic) Explain(b *output.Batch, i int) (where string, text []byte) {
	name := string(b.Parts[1].At(i))
	return store.DynamicPath(o.env.TemplatePrefix(o.conf.DynaFile), name, &o.opt), o.conf.record(b.Parts[0].At(i), new([]byte))
}

// Stats are rsyslogd's counters of the files that are open.
func (o *dynamic) Stats(*output.Delivery) []*metrics.Stats {
	read := func(name string, kind metrics.Kind, get func(store.CacheStats) uint64) metrics.Stat {
		return metrics.Stat{Name: name, Kind: kind, Read: func() uint64 {
			if o.cache == nil {
				return 0
			}
			return get(o.cache.Stats())
		}}
	}
	return []*metrics.Stats{{Name: "dynafile cache " + o.conf.DynaFile, Origin: "omfile", Counters: []metrics.Stat{
		read("requests", metrics.Count, func(s store.CacheStats) uint64 { return s.Requests }),
		read("level0", metrics.Count, func(s store.CacheStats) uint64 { return s.Level0 }),
		read("missed", metrics.Count, func(s store.CacheStats) uint64 { return s.Missed }),
		read("evicted", metrics.Count, func(s store.CacheStats) uint64 { return s.Evicted }),
		read("maxused", metrics.Gauge, func(s store.CacheStats) uint64 { return s.MaxUsed }),
		read("closetimeouts", metrics.Count, func(s store.CacheStats) uint64 { return s.CloseTimeouts }),
	}}}
}

// record is text, or a copy of it behind lines with the line feed that it needs.
func (c *Config) record(text []byte, lines *[]byte) []byte {
	if n := len(text); !c.AddLF || n > 0 && text[n-1] == '\n' {
		return text
	}
	from := len(*lines)
	*lines = append(append(*lines, text...), '\n')
	return (*lines)[from:]
}

// failed decides what an error at record i means: a name that cannot be opened
// costs the message (dynafile.doNotSuspend, the default), as in rsyslogd; a
// full disk suspends the action.
func (o *dynamic) failed(i int, name []byte, err error) error {
	var open *store.OpenError
	if errors.As(err, &open) && o.conf.DoNotSuspend && !store.NoSpace(err) {
		return &output.Rejected{Index: i, Err: err}
	}
	return &output.Suspended{Done: i, Err: err}
}

func (o *dynamic) Close() error {
	if o.cache == nil {
		return nil
	}
	return o.cache.Close()
}
