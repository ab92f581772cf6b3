package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"syslogd/internal/process"
)

// run is one execution of a case.
type run struct {
	c    *testCase
	opt  *options
	dir  string
	conf string

	ports map[string]string
	sinks map[string]*sink
	fifos []*fifo
	conns map[string]net.Conn

	daemon *process.Process // nil when it is not to run
	died   bool
	err    error // the first of subst
}

// hidden are the folders of the work directory that hold no outputs.
var hidden = []string{"work", "in", "etc", ".run"}

var (
	placeholder = regexp.MustCompile(`@([A-Z]+[0-9]*)@`)
	portName    = regexp.MustCompile(`^(UDP|TCP|SINKUDP|SINKTCP)\d*$`)
)

// subst fills in the placeholders.
func (r *run) subst(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		key := m[1 : len(m)-1]
		switch {
		case key == "DIR":
			return r.dir
		case strings.HasPrefix(key, "SOCK"):
			return filepath.Join(r.dir, ".run", strings.ToLower(key))
		case key == "YEAR":
			return time.Now().UTC().Format("2006")
		case portName.MatchString(key):
			if r.ports[key] == "" {
				port, err := process.FreePort()
				r.err = errors.Join(r.err, err)
				r.ports[key] = port
			}
			return r.ports[key]
		}
		r.err = errors.Join(r.err, fmt.Errorf("unknown placeholder %s", m))
		return m
	})
}

func (r *run) path(name string) string { return filepath.Join(r.dir, name) }

func (r *run) prepare() error {
	for _, d := range append(slices.Clone(hidden), "sink") {
		if d == "sink" && len(r.c.options["fifo"]) == 0 && !strings.Contains(r.c.conf, "@SINK") {
			continue
		}
		if err := os.MkdirAll(r.path(d), 0o755); err != nil {
			return err
		}
	}
	r.conf = r.path("etc/rsyslog.conf")
	conf := r.subst(r.c.conf)
	if r.c.option("conf-eol", "") == "none" {
		conf = strings.TrimSuffix(conf, "\n")
	}
	for name, data := range r.c.files {
		mode := fs.FileMode(0o644)
		if bytes.HasPrefix(data, []byte("#!")) {
			mode = 0o755
		}
		if err := r.write(name, []byte(r.subst(string(data))), os.O_TRUNC, mode); err != nil {
			return err
		}
	}
	if err := os.WriteFile(r.conf, []byte(conf), 0o644); err != nil {
		return err
	}
	if r.opt.rewrite != "" {
		if err := r.rewrite(); err != nil {
			return err
		}
	}
	late := r.c.words("late-sink")
	for key := range r.ports {
		if strings.HasPrefix(key, "SINK") && !slices.Contains(late, key) {
			if err := r.startSink(key); err != nil {
				return err
			}
		}
	}
	for _, name := range r.c.options["fifo"] {
		f, err := newFifo(r.path("work/"+name), r.path("sink/"+name))
		if err != nil {
			return err
		}
		r.fifos = append(r.fifos, f)
	}
	return r.err
}

func (r *run) write(name string, data []byte, flag int, mode fs.FileMode) error {
	p := r.path(name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(p, os.O_CREATE|os.O_WRONLY|flag, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func (r *run) startSink(key string) error {
	if r.sinks[key] == nil {
		network := "tcp"
		if strings.HasPrefix(key, "SINKUDP") {
			network = "udp"
		}
		addr := "127.0.0.1:" + r.subst("@"+key+"@")
		r.sinks[key] = &sink{network: network, addr: addr, path: r.path("sink/" + strings.ToLower(key[4:]))}
	}
	return r.sinks[key].start()
}

// execute runs the case and returns what is wrong, nil if nothing is.
func (r *run) execute() []string {
	defer r.cleanup()
	if err := r.prepare(); err != nil {
		return []string{err.Error()}
	}
	if r.c.wantExit != nil && len(r.c.steps) == 0 || r.c.options["check-only"] != nil {
		return r.checkOnly()
	}
	var wrong []string
	if err := r.start(); err != nil {
		return []string{err.Error()}
	}
	if !r.died {
		if err := r.script(); err != nil {
			wrong = append(wrong, err.Error())
		} else {
			r.settle()
		}
	}
	for _, c := range r.conns {
		c.Close()
	}
	r.stop()
	if r.died {
		wrong = append(wrong, "the daemon died or did not end in time")
	}
	return append(wrong, r.compare()...)
}

func (r *run) checkOnly() []string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd, err := r.command(ctx, "-N1", "-f", r.conf)
	if err != nil {
		return []string{err.Error()}
	}
	cmd.Run()
	cmd.Stdout.(*os.File).Close()
	var wrong []string
	if got := cmd.ProcessState.ExitCode(); r.c.wantExit != nil && got != *r.c.wantExit {
		wrong = append(wrong, fmt.Sprintf("exit status: want %d, got %d", *r.c.wantExit, got))
	}
	return append(wrong, r.compare()...)
}

func (r *run) cleanup() {
	if r.daemon != nil {
		r.daemon.Kill()
	}
	for _, s := range r.sinks {
		s.stop()
	}
	for _, f := range r.fifos {
		f.stop()
	}
	if !r.opt.keep {
		os.RemoveAll(r.dir)
	}
}
