// Command loggen sends syslog messages to a server and checks that what the
// server stored is what was sent: every message once, whole, with its host and
// program. "loggen bench" measures servers beside each other, "loggen scale" what a
// message costs a server as one thing grows.
//
// A message is a function of its number (see shape), so that sending and
// checking need nothing in common but the same flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage:
  loggen send   [flags]     send messages
  loggen verify [flags]     check a tree of files that a server wrote
  loggen bench  [flags]     measure this server beside rsyslogd and syslog-ng
  loggen scale  [flags]     measure what a message costs as connections, files, rules and sizes grow
  loggen memory [flags]     measure the memory of a server with full queues, many files, many connections
Each has -h.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	commands := map[string]func(context.Context, []string, io.Writer, io.Writer) error{"send": cmdSend, "verify": cmdVerify, "bench": cmdBench, "scale": cmdScale, "memory": cmdMemory}
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprint(stderr, usage)
		return 2
	}
	switch err := commands[args[0]](ctx, args[1:], stdout, stderr); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "loggen:", err)
		return 1
	}
	return 0
}

func newFlags(name string, stderr io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("loggen "+name, flag.ContinueOnError)
	f.SetOutput(stderr)
	return f
}

func cmdSend(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s := sender{progress: stderr}
	f := newFlags("send", stderr)
	s.shape.flags(f)
	s.flags(f)
	quiet := f.Bool("quiet", false, "no line of progress")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *quiet {
		s.progress = io.Discard
	}
	if err := errors.Join(s.shape.check(), s.check()); err != nil {
		return err
	}
	took, err := s.run(ctx)
	sent := s.sent.Load()
	fmt.Fprintf(stdout, "%d messages in %.2f s, %.0f a second\n", sent, took.Seconds(), float64(sent)/max(took.Seconds(), 1e-6))
	return err
}

func cmdVerify(_ context.Context, args []string, stdout, stderr io.Writer) error {
	v := verifier{}
	f := newFlags("verify", stderr)
	v.shape.flags(f)
	f.IntVar(&v.count, "count", 10000, "messages that were sent")
	f.BoolVar(&v.perHost, "per-host", false, "the path of a file must name the host")
	f.BoolVar(&v.perProgram, "per-program", false, "the path of a file must name the program")
	dir := f.String("dir", "", "folder that the server wrote to")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		return errors.New("-dir is missing")
	}
	if err := v.shape.check(); err != nil {
		return err
	}
	r, err := v.tree(*dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, r)
	return r.err()
}
