package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"syslogd/config"
	"syslogd/engine"
	"syslogd/internal/diag"
	"syslogd/internal/holder"
	"syslogd/internal/selflog"
	"syslogd/message"
	"syslogd/web"
)

// systemSocket is where own messages go by default.
const systemSocket = "/dev/log"

// server is the life of one process.
type server struct {
	c   *command
	opt *options
	cfg *config.Config
	own *selflog.Handler
	log *slog.Logger

	engine    *engine.Engine
	systemLog *selflog.SystemLog
	page      *web.Service
	stopPage  context.CancelFunc
	running   sync.WaitGroup
	state     operatingState
	late      diag.List // of problem
}

// serve runs the server until a signal ends it.
func (c *command) serve(opt *options) int {
	signals := catchSignals()
	tune()
	s := &server{c: c, opt: opt}
	s.own = selflog.New(selflog.Options{Stderr: c.stderr, StderrLevel: s.stderrLevel(false), Program: c.prog, Version: version, Severity: message.Debug})
	s.log = slog.New(s.own)
	if opt.builtin {
		if err := prepareDefault(); err != nil {
			return c.fail(err)
		}
	}
	l, err := c.load(opt, engine.Env{Log: s.log, Version: version, OpenedInputs: s.openedInputs, OwnMessage: s.own.Status, Problem: s.problem}, diag.Note)
	if err != nil {
		return c.fail(err)
	}
	if status := c.verdict(l); status != 0 {
		return status
	}
	s.cfg, s.engine = l.cfg, l.engine
	if err := s.start(); err != nil {
		return c.fail(err)
	}
	s.report(l.diags)
	s.report(&s.late)
	if opt.foreground {
		s.banner()
	}
	tellParent()
	notify(daemon.SdNotifyReady)
	defer time.AfterFunc(settleDelay, settle).Stop()
	sig := s.untilStopped(signals)
	return s.stop(sig)
}

// catchSignals makes signals events. Those that rsyslogd ignores are ignored.
func catchSignals() chan os.Signal {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTTIN, syscall.SIGTTOU)
	ch := make(chan os.Signal, 8) // filled by the runtime, never closed
	signal.Notify(ch, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	return ch
}

func (s *server) stderrLevel(all bool) slog.Level {
	switch {
	case s.opt.debug:
		return slog.LevelDebug
	case all:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// start applies the global settings and starts everything.
func (s *server) start() error {
	g := &s.cfg.Global
	if g.UmaskGiven {
		syscall.Umask(int(g.Umask))
	}
	if !s.opt.stayInDir {
		if err := os.Chdir("/"); err != nil {
			return err
		}
	}
	own := s.own.Options()
	own.StderrLevel = s.stderrLevel(g.AllToStderr)
	own.StderrMax = g.StderrMax
	own.Interval, own.Burst = time.Duration(g.InternalInterval)*time.Second, g.InternalBurst
	own.Severity = g.InternalSeverity
	if !g.ErrorsToStderr && !s.opt.debug {
		own.Stderr = nil
	}
	s.own.Configure(own)
	if g.MaxOpenFiles > 0 {
		limit := syscall.Rlimit{Cur: uint64(g.MaxOpenFiles), Max: uint64(g.MaxOpenFiles)}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			s.log.Warn("maxOpenFiles can not be set", "err", err)
		}
	}
	if err := writePidFile(s.opt.pidFile); err != nil {
		return err
	}
	if err := s.listenWeb(); err != nil {
		removePidFile(s.opt.pidFile)
		return err
	}
	s.state = openOperatingState(g.OperatingStateFile, s.log)
	if err := s.engine.Start(context.Background()); err != nil {
		s.state.close()
		removePidFile(s.opt.pidFile)
		return err
	}
	s.connectOwn()
	s.state.started()
	s.status("start")
	return nil
}

// listenWeb opens the page; a place that is taken does not keep logs from being stored.
func (s *server) listenWeb() error {
	addr := s.cfg.Global.MetricsListen
	if addr == "" {
		return nil
	}
	var err error
	if s.page, err = web.Listen(addr, web.Page(s.engine, web.Options{Version: version, Profiles: s.cfg.Global.MetricsPprof})); err != nil {
		s.log.Error("metrics and health are not served", "addr", addr, "err", err, "hint", holder.Why(err))
		return nil
	}
	var ctx context.Context
	ctx, s.stopPage = context.WithCancel(context.Background())
	s.running.Go(func() {
		if err := s.page.Run(ctx); err != nil {
			s.log.Error("metrics and health are no longer served", "addr", addr, "err", err)
		}
	})
	return nil
}

// openedInputs is called when all sockets are bound.
func (s *server) openedInputs() error {
	handOver(&s.cfg.Global, s.engine.Places(), s.log)
	return dropPrivileges(&s.cfg.Global, s.log)
}

// connectOwn decides where own messages go: through the rules with
// processInternalMessages, or when the system log socket is this server's, else
// to that socket. stdlog.channelspec can name another place.
func (s *server) connectOwn() {
	socket := systemSocket
	kind, path, _ := strings.Cut(s.cfg.Global.OwnChannel, ":")
	if path != "" && !s.cfg.Global.ProcessInternal {
		if kind == "file" {
			s.own.SetSink(selflog.NewFile(path, nil).Send)
			return
		}
		socket = path
	}
	if s.cfg.Global.ProcessInternal || socket == systemSocket && s.ownsSystemSocket() || os.Getenv("RSYSLOG_DFLT_LOG_INTERNAL") == "1" {
		s.own.SetSink(s.engine.Inject)
		return
	}
	s.systemLog = selflog.NewSystemLog(socket, nil)
	s.own.SetSink(s.systemLog.Send)
}

func (s *server) ownsSystemSocket() bool {
	for _, l := range s.engine.Listening() {
		if l.Addr.Network() == "unixgram" && l.Addr.String() == systemSocket {
			return true
		}
	}
	return false
}

// status writes a line that log checkers look for.
func (s *server) status(what string) {
	if s.cfg.Global.StatusMessages {
		s.own.Status(fmt.Sprintf(`[origin software="rsyslogd" swVersion="%s" x-pid="%d" x-info="https://www.rsyslog.com"] %s`, version, os.Getpid(), what))
	}
}

// problem shows what the start has found wrong, as the rest of the configuration is
// shown, and sends it to the log.
func (s *server) problem(d diag.Diagnostic) {
	if out := s.own.Options().Stderr; out != nil {
		d.Write(out)
	}
	s.late.Add(d)
}

// report sends the diagnostics of the configuration, which have been shown on
// standard error, to the log as well.
func (s *server) report(diags *diag.List) {
	for _, d := range diags.All() {
		if d.Severity == diag.Note {
			continue
		}
		text := d.Range.Start.String() + ": " + d.Text
		if d.Effect != "" {
			text += "; " + d.Effect
		}
		s.own.Quiet(slog.LevelError, text, d.Code)
	}
}

// untilStopped acts on signals until one ends the server.
func (s *server) untilStopped(signals <-chan os.Signal) os.Signal {
	var alive <-chan time.Time
	if every, err := daemon.SdWatchdogEnabled(false); err == nil && every > 0 {
		t := time.NewTicker(every / 2)
		defer t.Stop()
		alive = t.C
	}
	for {
		select {
		case <-alive:
			notify(daemon.SdNotifyWatchdog)
		case sig := <-signals:
			switch {
			case sig == syscall.SIGHUP:
				s.engine.HUP()
				s.status("rsyslogd was HUPed")
			case sig == syscall.SIGTERM, s.endsOnInterrupt():
				return sig
			}
		}
	}
}

// endsOnInterrupt reports whether INT and QUIT end the server. rsyslogd ignores
// them but for debugging, as PID 1, and with shutdown.enable.ctlc.
func (s *server) endsOnInterrupt() bool {
	return s.opt.debug || os.Getpid() == 1 || s.cfg.Global.CtrlC
}

// stop ends everything in order. What was accepted is on disk afterwards.
func (s *server) stop(sig os.Signal) int {
	notify(daemon.SdNotifyStopping)
	s.status(fmt.Sprintf("exiting on signal %d.", sig))
	err := s.engine.Stop(context.Background())
	if err != nil {
		s.log.Error("not everything could be ended in order", "err", err)
	}
	if s.stopPage != nil {
		s.stopPage()
		s.running.Wait()
	}
	if s.systemLog != nil {
		s.systemLog.Close()
	}
	s.state.close()
	removePidFile(s.opt.pidFile)
	return 0
}

// notify tells systemd, if it is there.
func notify(state string) { daemon.SdNotify(false, state) }
