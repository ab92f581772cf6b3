// Package syntax reads rsyslog configurations: legacy lines, selectors and
// property filters, RainerScript, objects and includes. Parse and ParseFile
// build the tree of nodes.go and say what is wrong with the text; Print writes
// a tree as text again.
//
// The package knows the grammar only. Which parameters an object has, whether a
// template or ruleset exists and what an action's text means is decided by its
// callers. Unlike rsyslogd, which executes directives while it reads, reading
// has no effects.
package syntax

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"syslogd/internal/diag"
)

// Options say how a configuration is read. The zero value asks the operating
// system.
type Options struct {
	// ReadFile returns a file's content. It reports a directory with
	// syscall.EISDIR. The default refuses included files that are not regular
	// and files of more than 16 MiB.
	ReadFile func(name string) ([]byte, error)
	// Glob returns the names that match a pattern of glob(7), sorted. The
	// default leaves out names that begin with a dot, as glob(3) does.
	Glob func(pattern string) ([]string, error)
	// Getenv is asked by `echo $NAME`.
	Getenv func(name string) string
}

func (o Options) getenv(name string) string {
	if o.Getenv != nil {
		return o.Getenv(name)
	}
	return os.Getenv(name)
}

// ParseFile reads the configuration in the named file and what it includes.
// Errors in the text go to diags. It returns an error only when the file itself
// cannot be read.
func ParseFile(name string, opt Options, diags *diag.List) (*File, error) {
	read := opt.ReadFile
	if read == nil {
		read = readMain
	}
	text, err := read(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, text, opt, diags), nil
}

// Parse reads a configuration given as text, and what it includes. name stands
// in diagnostics.
func Parse(name string, text []byte, opt Options, diags *diag.List) *File {
	r := &run{opt: opt, diags: diags, stack: []string{name}, env: map[string]string{}, joined: map[Stmt]bool{}}
	f := r.parse(&diag.Source{Name: name, Text: text}, topLevel)
	f.Abort, f.Missing, f.Unused, f.Dropped = r.abort, r.missing, r.unused, r.dropped
	r.takeJoined(f)
	return f
}

// takeJoined takes the directives that are part of lists of actions away from where
// they stand.
func (r *run) takeJoined(f *File) {
	if len(r.joined) == 0 {
		return
	}
	isJoined := func(s Stmt) bool { return r.joined[s] }
	fromFiles := func(files []*File) {
		for _, f := range files {
			f.Stmts = slices.DeleteFunc(f.Stmts, isJoined)
		}
	}
	fromFiles([]*File{f})
	InspectFile(f, func(n Node) bool {
		switch n := n.(type) {
		case *Block:
			n.Stmts = slices.DeleteFunc(n.Stmts, isJoined)
		case *Include:
			fromFiles(n.Files)
		case *Directive:
			fromFiles(n.Files)
		}
		return true
	})
}

// level says what may stand in a text.
type level uint8

const (
	topLevel level = iota
	// insideBlock is for a text included between braces.
	insideBlock
)

// parse reads one text.
func (r *run) parse(src *diag.Source, where level) *File {
	f := &File{Source: src}
	if len(src.Text) > maxFileSize {
		d := r.errorf(diag.Range{Start: diag.Pos{Src: src}}, "the file has more than %d MiB", maxFileSize>>20)
		d.Effect = "it is ignored"
		return f
	}
	if isYAML(src.Name) {
		f.Stmts = r.yaml(src, where)
		f.Stopped = r.stopped
		return f
	}
	p := newParser(r, src, where)
	f.Stmts = p.statements()
	f.Stopped, f.Continues = r.stopped, p.continues
	if r.gaveUp() && !r.over {
		r.over = true
		r.diags.Errorf(p.rng(p.off, p.off), "more than %d errors", maxErrors).Effect = "the rest is not checked"
	}
	return f
}

// readMain reads the main file, which may be a pipe.
func readMain(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil && len(text) > maxFileSize {
		err = fmt.Errorf("read %s: more than %d MiB", name, maxFileSize>>20)
	}
	return text, err
}

var errNotRegular = errors.New("not a regular file")

// readRegular reads an included file. It does not open a pipe, which might never answer.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() && !info.IsDir():
		return nil, fmt.Errorf("%s: %w", name, errNotRegular)
	}
	return readMain(name)
}
