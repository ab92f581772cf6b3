package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"syslogd/internal/process"
)

func (r *run) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, r.opt.bin, append(args, strings.Fields(r.c.option("args", ""))...)...)
	if r.opt.moddir != "" {
		cmd.Args = append(cmd.Args, "-M", r.opt.moddir)
	}
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TZ=UTC", "LANG=C.UTF-8", "HOME=" + r.dir}
	for _, e := range r.c.options["env"] {
		k, v, _ := strings.Cut(e, "=")
		cmd.Env = append(cmd.Env, k+"="+r.subst(v))
	}
	log, err := os.OpenFile(r.path(".run/stderr"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, nil
}

// rewrite replaces the configuration by what a subcommand of the daemon makes of
// it. One that ends in a syntax error stays.
func (r *run) rewrite() error {
	cmd := exec.Command(r.opt.bin, r.opt.rewrite, r.conf)
	daemon, err := r.command(context.Background())
	if err != nil {
		return err
	}
	daemon.Stdout.(*os.File).Close()
	cmd.Dir, cmd.Env = daemon.Dir, daemon.Env
	text, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	if len(text) == 0 {
		return nil
	}
	return os.WriteFile(r.conf, text, 0o644)
}

// listenTime is how long the daemon may take to listen, stopTime to end.
const listenTime, stopTime = 8 * time.Second, 8 * time.Second

var inputPlace = regexp.MustCompile(`@((?:UDP|TCP|SOCK)[0-9]*)@`)

// start starts the daemon and waits until it listens.
func (r *run) start() error {
	cmd, err := r.command(context.Background(), "-n", "-f", r.conf, "-i", r.path(".run/pid"))
	if err != nil {
		return err
	}
	daemon, err := process.Start(cmd)
	cmd.Stdout.(*os.File).Close()
	if err != nil {
		return err
	}
	r.daemon = daemon
	if r.c.option("ready", "") == "none" {
		return nil
	}
	skip := r.c.words("unbound")
	var keys []string
	for _, m := range inputPlace.FindAllStringSubmatch(r.c.conf, -1) {
		if !slices.Contains(skip, m[1]) {
			keys = append(keys, m[1])
		}
	}
	ok := process.Poll(listenTime, func() bool { return r.ended() || r.bound(keys) })
	switch {
	case r.ended():
		r.died = true
	case !ok:
		return fmt.Errorf("daemon does not listen on %v", keys)
	}
	return nil
}

func (r *run) ended() bool { return r.daemon == nil || r.daemon.HasEnded() }

// bound reports whether the daemon listens on the places of all these placeholders.
func (r *run) bound(keys []string) bool {
	listening := process.Listening()
	return !slices.ContainsFunc(keys, func(key string) bool {
		if strings.HasPrefix(key, "SOCK") {
			_, err := os.Stat(r.subst("@" + key + "@"))
			return err != nil
		}
		return !slices.Contains(listening, strings.ToLower(key[:3])+" "+r.ports[key])
	})
}

// stop ends the daemon. It must still run, and end in time.
func (r *run) stop() {
	if r.daemon == nil {
		return
	}
	r.died = r.died || r.daemon.HasEnded()
	if errors.Is(r.daemon.Stop(syscall.SIGTERM, stopTime), process.ErrStuck) {
		r.died = true
	}
	r.daemon = nil
}

// stderr is the end of what the daemon said.
func (r *run) stderr() []string {
	text, err := os.ReadFile(r.path(".run/stderr"))
	if err != nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[max(0, len(lines)-4):]
}
