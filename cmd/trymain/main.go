package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"syslogd/config"
	"syslogd/engine"
)

func main() {
	conf, check, pid := "/etc/rsyslog.conf", false, ""
	for i := 1; i < len(os.Args); i++ {
		a := os.Args[i]
		switch {
		case a == "-f":
			i++
			conf = os.Args[i]
		case a == "-i":
			i++
			pid = os.Args[i]
		case strings.HasPrefix(a, "-N"):
			check = true
		}
	}
	cfg, diags, err := config.Load(conf, nil, engine.Modules(), config.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	e := engine.New(cfg, engine.Env{Log: log}, diags)
	for _, d := range diags.All() {
		d.Write(os.Stderr)
	}
	if check {
		if !diags.Clean() {
			os.Exit(1)
		}
		return
	}
	if cfg.Abort != nil {
		fmt.Fprintln(os.Stderr, cfg.Abort.Text)
		os.Exit(cfg.Abort.Exit)
	}
	sig := make(chan os.Signal, 4)
	signal.Notify(sig, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT)
	if err := e.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if pid != "" {
		os.WriteFile(pid, []byte(fmt.Sprint(os.Getpid())), 0o644)
	}
	for s := range sig {
		if s == syscall.SIGHUP {
			e.HUP()
			continue
		}
		break
	}
	if err := e.Stop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
