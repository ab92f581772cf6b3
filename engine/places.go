package engine

import (
	"path/filepath"
	"slices"

	"syslogd/metrics"
	"syslogd/module"
)

// Places are the files that the server makes, as far as their names are known before:
// what must belong to the user that it becomes.
type Places struct {
	// Shared are directories where others may have files, too: the work directory, and
	// those that the directories of queues are in.
	Shared []string
	// Dirs are directories that nobody else writes to: those of queues.
	Dirs []string
	// Files are patterns of files, see filepath.Match.
	Files []string
}

// Own reports whether a file or directory is one of the places.
func (p *Places) Own(name string) bool {
	return slices.Contains(p.Dirs, name) || slices.ContainsFunc(p.Files, func(pattern string) bool {
		found, err := filepath.Match(pattern, name)
		return err == nil && found
	})
}

// Places returns where the server that was built writes.
func (e *Engine) Places() Places {
	g := &e.cfg.Global
	var p Places
	if g.WorkDirectory != "" {
		p.Shared = append(p.Shared, g.WorkDirectory)
	}
	for _, name := range []string{g.OversizeFile, g.OperatingStateFile} {
		p.Files = append(p.Files, module.FilePattern(name)...)
	}
	for _, q := range e.allQueues() {
		own, classic := q.Places()
		if own != "" {
			p.Dirs = append(p.Dirs, own)
			if above := filepath.Dir(own); !slices.Contains(p.Shared, above) {
				p.Shared = append(p.Shared, above)
			}
			p.Files = append(p.Files, classic...)
		}
	}
	for _, d := range e.cfg.Buckets.Counters {
		p.Files = append(p.Files, stateFile(d)...)
	}
	for _, part := range e.parts {
		p.add(part)
	}
	for _, in := range e.inputs {
		p.add(in.Input)
	}
	for _, a := range e.cfg.Actions {
		if f := a.Policy.Errors; f != nil {
			p.Files = append(p.Files, module.FilePattern(f.Path)...)
		}
	}
	return p
}

func (p *Places) add(part any) {
	if f, ok := part.(module.Filer); ok {
		p.Files = append(p.Files, f.Files()...)
	}
}

// stateFile is where the counters of a bucket are kept, and what is left of a write
// that was interrupted.
func stateFile(d *metrics.Dynamic) []string {
	if d.Persist.Path == "" {
		return nil
	}
	return append(module.FilePattern(d.Persist.Path), module.FilePattern(d.Persist.Path+".tmp")...)
}
