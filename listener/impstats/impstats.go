// Package impstats reports statistics at regular intervals, as messages or lines
// of a file, under the names that rsyslogd uses. The numbers are those of
// /metrics.
package impstats

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/vfs"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/ratelimit"
)

// Module describes impstats to the registry.
var Module = describe()

func describe() *module.Input {
	m := module.NewInput("impstats", params, nil, func(*ModuleConfig, *module.None) {},
		func(module.None, module.Env) (listener.Input, error) { return nil, nil }, func(*module.None) string { return "" })
	m.NoObjects = true // the module is the input
	m.Build = func(c any, env module.Env) (listener.Input, error) { return New(*c.(*ModuleConfig), env) }
	m.Ruleset = func(c any) string { return c.(*ModuleConfig).Ruleset }
	m.Instance = m.Module
	m.Implicit = func(mod any) []any { return []any{mod} }
	return m
}

const tag = "rsyslogd-pstats:"

var origin = &message.Origin{Name: "impstats", Format: message.Structured}

type input struct {
	conf ModuleConfig
	env  module.Env
	fs   vfs.FS
	last map[[4]string]uint64 // of counters that are reset, by name, origin, sender and counter
	text []byte
	fail ratelimit.PerMinute
}

// New returns the input.
func New(c ModuleConfig, env module.Env) (listener.Input, error) {
	return &input{conf: c, env: env, fs: vfs.OS{}, last: map[[4]string]uint64{}}, nil
}

// Open registers what no part of the server counts: what the kernel knows of the process.
func (in *input) Open(context.Context) error {
	in.env.Metrics.RegisterStats(func() []*metrics.Stats { return []*metrics.Stats{resourceUsage()} })
	return nil
}

// Files is the file of the statistics.
func (in *input) Files() []string { return module.FilePattern(in.conf.File) }

// Close has nothing to close.
func (*input) Close() error { return nil }

// Run reports until ctx is done.
func (in *input) Run(ctx context.Context, sub *listener.Submitter) error {
	tick := time.NewTicker(time.Duration(in.conf.Interval) * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			in.report(sub) // of what came since the last one, as in rsyslogd
			return nil
		case <-tick.C:
			in.report(sub)
		}
	}
}

// report writes one report. A full queue drops it: statistics hold up nobody.
func (in *input) report(sub *listener.Submitter) {
	lines := in.lines()
	now := in.env.Now()
	if in.conf.File != "" {
		if err := in.writeFile(lines, now); err != nil && in.fail.Allow() {
			in.env.Log.Error("statistics can not be written", "file", in.conf.File, "err", err)
		}
	}
	if !in.conf.Syslog {
		return
	}
	b := message.NewBatch(nil)
	b.Received = now
	stamp := message.TimestampOf(now.Local())
	for _, line := range lines {
		m := b.AddText([]byte(line), []byte(in.env.Names.Host()), []byte(tag), len(tag)-1)
		m.Origin, m.Peer = origin, in.env.Names.Local()
		m.PRI = message.Priority(in.conf.Facility<<3 | in.conf.Severity)
		m.Received, m.Reported = stamp, stamp
	}
	sub.TrySubmit(b)
}

// lines are the records of a report.
func (in *input) lines() []string {
	var out []string
	f := in.conf.form()
	if in.conf.Bracketing {
		out = append(out, "BEGIN")
	}
	for _, st := range in.env.Metrics.Stats() {
		r := record{st, in.values(st)}
		if in.text = r.append(in.text[:0], f); len(in.text) > 0 {
			out = append(out, string(in.text))
		}
	}
	if in.conf.Bracketing {
		out = append(out, "END")
	}
	return out
}

// values reads the counters, those that are reset since the last report.
func (in *input) values(st *metrics.Stats) []uint64 {
	out := make([]uint64, len(st.Counters))
	for i, c := range st.Counters {
		now := c.Read()
		out[i] = now
		if in.conf.Reset && c.Kind == metrics.Count {
			key := [4]string{st.Name, st.Origin, st.Sender, c.Name}
			if was := in.last[key]; was <= now {
				out[i] = now - was
			}
			in.last[key] = now
		}
	}
	return out
}

// writeFile appends the lines with the time in front, as rsyslogd does, or
// replaces the file.
func (in *input) writeFile(lines []string, now time.Time) error {
	var text []byte
	stamp := now.Local().Format("Mon Jan _2 15:04:05 2006: ")
	for _, line := range lines {
		if in.conf.form() != formatPrometheus {
			text = append(text, stamp...)
		}
		text = append(append(text, line...), '\n')
	}
	if in.conf.Overwrite {
		return in.replaceFile(text)
	}
	return in.write(in.conf.File, unix.O_APPEND, text)
}

func (in *input) replaceFile(text []byte) error {
	tmp := in.conf.File + ".tmp"
	if err := in.write(tmp, unix.O_TRUNC, text); err != nil {
		return err
	}
	return in.fs.Rename(tmp, in.conf.File)
}

func (in *input) write(name string, flag int, text []byte) error {
	f, err := in.fs.OpenFile(name, unix.O_WRONLY|unix.O_CREAT|flag, 0o600)
	if err != nil {
		return err
	}
	_, err = vfs.WriteFull(f, text)
	return errors.Join(err, f.Close())
}

// resourceUsage is what the kernel knows of the process.
func resourceUsage() *metrics.Stats {
	var u unix.Rusage
	st := &metrics.Stats{Name: "resource-usage", Origin: "impstats"}
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return st
	}
	for _, c := range []struct {
		name string
		n    int64
	}{
		{"utime", u.Utime.Nano() / 1000}, {"stime", u.Stime.Nano() / 1000}, {"maxrss", u.Maxrss}, {"minflt", u.Minflt}, {"majflt", u.Majflt},
		{"inblock", u.Inblock}, {"oublock", u.Oublock}, {"nvcsw", u.Nvcsw}, {"nivcsw", u.Nivcsw}, {"openfiles", openFiles()},
	} {
		st.Counters = append(st.Counters, metrics.GaugeStat(c.name, func() uint64 { return uint64(c.n) }))
	}
	return st
}

func openFiles() int64 {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return int64(len(names) - 1) // the directory itself was one
}
