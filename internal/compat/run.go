package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// run is one execution of a case.
type run struct {
	c    *testCase
	opt  *options
	dir  string
	conf string

	ports map[string]int
	sinks map[string]*sink
	fifos []*fifo
	conns map[string]net.Conn

	cmd  *exec.Cmd
	done chan struct{} // closed when the daemon has ended
	died bool
	err  error // the first of subst
}

// hidden are the folders of the work directory that hold no outputs.
var hidden = []string{"work", "in", "etc", ".run"}

// ports that were given out, so that parallel cases do not take the same.
var (
	portsMu sync.Mutex
	taken   = map[int]bool{}
)

func freePort() (int, error) {
	portsMu.Lock()
	defer portsMu.Unlock()
	for range 2000 {
		p := 20000 + rand.IntN(11900)
		if taken[p] {
			continue
		}
		tcp, err := net.Listen("tcp4", fmt.Sprintf(":%d", p))
		if err != nil {
			continue
		}
		tcp.Close()
		udp, err := net.ListenPacket("udp4", fmt.Sprintf(":%d", p))
		if err != nil {
			continue
		}
		udp.Close()
		taken[p] = true
		return p, nil
	}
	return 0, errors.New("no free port")
}

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
			if r.ports[key] == 0 {
				p, err := freePort()
				r.err = errors.Join(r.err, err)
				r.ports[key] = p
			}
			return strconv.Itoa(r.ports[key])
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

// start starts the daemon and waits until it listens.
func (r *run) start() error {
	cmd, err := r.command(context.Background(), "-n", "-f", r.conf, "-i", r.path(".run/pid"))
	if err != nil {
		return err
	}
	err = cmd.Start()
	cmd.Stdout.(*os.File).Close()
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		cmd.Wait()
	}()
	r.cmd, r.done = cmd, done
	if r.c.option("ready", "") == "none" {
		return nil
	}
	skip := r.c.words("unbound")
	var keys []string
	for _, m := range regexp.MustCompile(`@((?:UDP|TCP|SOCK)[0-9]*)@`).FindAllStringSubmatch(r.c.conf, -1) {
		if !slices.Contains(skip, m[1]) {
			keys = append(keys, m[1])
		}
	}
	ok := poll(8*time.Second, func() bool {
		return r.ended() || !slices.ContainsFunc(keys, func(k string) bool { return !r.bound(k) })
	})
	switch {
	case r.ended():
		r.died = true
	case !ok:
		return fmt.Errorf("daemon does not listen on %v", keys)
	}
	return nil
}

func (r *run) ended() bool {
	if r.cmd == nil {
		return true
	}
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// poll asks cond until it is true or the time is over.
func poll(limit time.Duration, cond func() bool) bool {
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if cond() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
}

// bound reports whether the daemon listens on a placeholder's place.
func (r *run) bound(key string) bool {
	if strings.HasPrefix(key, "SOCK") {
		_, err := os.Stat(r.subst("@" + key + "@"))
		return err == nil
	}
	kind := strings.ToLower(key[:3])
	want := fmt.Sprintf(":%04X", r.ports[key])
	for _, name := range []string{"/proc/net/" + kind, "/proc/net/" + kind + "6"} {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(text), "\n") {
			col := strings.Fields(line)
			if len(col) > 3 && strings.HasSuffix(col[1], want) && (kind == "udp" || col[3] == "0A") {
				return true
			}
		}
	}
	return false
}

// stopTime is how long the daemon may take to end.
const stopTime = 8 * time.Second

func (r *run) stop() {
	if r.cmd == nil {
		return
	}
	if r.ended() {
		r.died = true
	} else {
		r.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-r.done:
		case <-time.After(stopTime):
			syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
			<-r.done
			r.died = true
		}
	}
	r.cmd = nil
}

// outputs reads all output files.
func (r *run) outputs() map[string][]byte {
	out := map[string][]byte{}
	filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		rel, _ := filepath.Rel(r.dir, path)
		if d.IsDir() {
			if slices.Contains(hidden, rel) {
				return fs.SkipDir
			}
			return nil
		}
		if _, given := r.c.files[rel]; given || !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			if text, err := gunzip(data); err == nil {
				data, rel = text, rel+"(gunzipped)"
			} else {
				rel += "(bad gzip)"
			}
		}
		out[rel] = r.c.normalise(rel, data, r.dir)
		return nil
	})
	return out
}

func gunzip(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func equal(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || !bytes.Equal(v, w) {
			return false
		}
	}
	return true
}

// settle waits until the outputs are as wanted and stay so, or do not change any more.
func (r *run) settle() {
	if r.c.option("check", "") == "at-exit" {
		poll(300*time.Millisecond, func() bool { return false })
		return
	}
	idle, limit := seconds(r.c.option("idle", ""), r.opt.idle), seconds(r.c.option("timeout", ""), 10*time.Second)
	var last map[string][]byte
	since := time.Now()
	poll(limit, func() bool {
		now := r.outputs()
		if equal(now, r.c.want) {
			poll(60*time.Millisecond, func() bool { return false })
			if equal(r.outputs(), r.c.want) {
				return true
			}
		}
		if last == nil || !equal(now, last) {
			last, since = now, time.Now()
		}
		return time.Since(since) > idle || r.ended()
	})
}

func seconds(text string, def time.Duration) time.Duration {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return def
	}
	return time.Duration(f * float64(time.Second))
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

func (r *run) compare() []string {
	var wrong []string
	for path, want := range r.c.wantMode {
		got := "missing"
		if info, err := os.Stat(r.path(path)); err == nil {
			got = fmt.Sprintf("%04o", info.Sys().(*syscall.Stat_t).Mode&0o7777)
		}
		if got != want {
			wrong = append(wrong, fmt.Sprintf("mode of %s: want %s, got %s", path, want, got))
		}
	}
	out := r.outputs()
	for path, want := range r.c.want {
		if got, ok := out[path]; !ok {
			wrong = append(wrong, "missing output "+path)
		} else if !bytes.Equal(want, got) {
			wrong = append(wrong, fmt.Sprintf("%s: %s", path, firstDifference(want, got)))
		}
	}
	for path := range out {
		if _, ok := r.c.want[path]; !ok {
			wrong = append(wrong, "unexpected output "+path)
		}
	}
	slices.Sort(wrong)
	return wrong
}

func firstDifference(want, got []byte) string {
	w, g := bytes.SplitAfter(want, []byte{'\n'}), bytes.SplitAfter(got, []byte{'\n'})
	for i := range max(len(w), len(g)) {
		var a, b []byte
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if !bytes.Equal(a, b) {
			return fmt.Sprintf("line %d: want %.300q, got %.300q", i+1, a, b)
		}
	}
	return "same"
}

func (r *run) cleanup() {
	if !r.ended() {
		syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
		<-r.done
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

// stderr is the end of what the daemon said.
func (r *run) stderr() []string {
	text, err := os.ReadFile(r.path(".run/stderr"))
	if err != nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[max(0, len(lines)-4):]
}
