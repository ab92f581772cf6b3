package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// state is what a server is brought into before its memory is read.
type state struct {
	title string
	// rules is the configuration behind the input; @SINK@ is a port that accepts
	// connections and never reads.
	rules string
	load  load
	// stalls says that the server takes no more than fits into its queues.
	stalls bool
}

func states() []state {
	small := shape{format: "rfc3164", size: 150, hosts: 10, programs: 5}
	l := load{shape: small, transport: "tcp", framing: "octet", conns: 4, count: 1 << 30}
	long := l
	long.shape.size = 60_000
	many := l
	many.conns = min(2000, fileBudget()/2)
	idle := l
	idle.count, idle.conns, idle.idle = 10_000, 1, min(5000, fileBudget()/2)
	files := l
	files.shape.hosts, files.shape.programs = min(50_000, fileBudget()), 1
	files.count = 10 * files.shape.hosts
	none := l
	none.count, none.conns = 0, 1
	const (
		oneFile = `action(type="omfile" file="@OUT@/all.log")`
		perHost = `template(name="path" type="string" string="@OUT@/%hostname%.log") action(type="omfile" dynaFile="path")`
		// The limit in messages is out of the way: the one in bytes counts.
		main    = `main_queue(queue.size="10000000") `
		blocked = `action(type="omfwd" target="127.0.0.1" port="@SINK@" protocol="tcp" action.resumeRetryCount="-1" queue.size="10000000" queue.timeoutEnqueue="600000" queue.type=`
	)
	return []state{
		{"just started", oneFile, none, false},
		{fmt.Sprintf("%d idle connections", idle.idle), oneFile, idle, false},
		{fmt.Sprintf("%d open files", files.shape.hosts), perHost, files, false},
		{"main queue full, 150 bytes a message", main + blocked + `"Direct")`, l, true},
		{"main queue full, 60,000 bytes a message", main + blocked + `"Direct")`, long, true},
		{fmt.Sprintf("main queue full, %d connections send on", many.conns), main + blocked + `"Direct")`, many, true},
		{"main queue and an action's queue full", main + blocked + `"LinkedList")`, l, true},
	}
}

func cmdMemory(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags("memory", stderr)
	bin := f.String("bin", "./syslogd", "the server")
	only := f.String("only", "", "states whose name has this text; empty: all")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *bin = find(*bin); *bin == "" {
		return errors.New("-bin: there is no such program")
	}
	fmt.Fprint(stdout, "| state | memory now, MB | at the peak, MB | messages taken |\n|---|---:|---:|---:|\n")
	for _, s := range states() {
		if !strings.Contains(s.title, *only) {
			continue
		}
		now, peak, sent, err := s.measure(ctx, *bin)
		if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		fmt.Fprintf(stdout, "| %s | %.0f | %.0f | %d |\n", s.title, float64(now)/1e6, float64(peak)/1e6, sent)
	}
	return nil
}

// measure starts a server, brings it into the state and reads its memory.
func (s *state) measure(ctx context.Context, bin string) (now, peak, sent int64, err error) {
	dir, err := os.MkdirTemp("", "loggen-memory-")
	if err != nil {
		return 0, 0, 0, err
	}
	defer os.RemoveAll(dir)
	sink, stopSink, err := blackHole()
	if err != nil {
		return 0, 0, 0, err
	}
	defer stopSink()
	port, err := freePort()
	if err != nil {
		return 0, 0, 0, err
	}
	conf := filepath.Join(dir, "conf")
	text := strings.NewReplacer("@OUT@", filepath.Join(dir, "out"), "@PORT@", fmt.Sprint(port), "@SINK@", fmt.Sprint(sink)).
		Replace(strings.Replace(scaleConf, `"2000"`, `"20000"`, 1) + s.rules)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return 0, 0, 0, err
	}
	l := s.load
	l.addr = fmt.Sprintf("127.0.0.1:%d", port)
	p, err := startProcess(ctx, bin, []string{"-n", "-C", "-f", conf, "-i", filepath.Join(dir, "pid")}, l.addr)
	if err != nil {
		return 0, 0, 0, err
	}
	defer p.stop()
	idle := &sender{load: l}
	idle.conns = 0
	defer idle.abort()
	if err := idle.connect(ctx); err != nil {
		return 0, 0, 0, err
	}
	l.idle = 0
	send := &sender{load: l, progress: io.Discard}
	if s.stalls {
		err = send.untilStalled(ctx)
	} else {
		_, err = send.run(ctx)
	}
	if err == nil {
		err = p.settle(ctx)
	}
	now, peak = p.memory()
	return now, peak, send.sent.Load(), err
}

// stallTime is how long a server must take nothing to count as full.
const stallTime = 2 * time.Second

// untilStalled sends until the server takes no more.
func (s *sender) untilStalled(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { s.run(ctx) })
	last, since := int64(0), time.Now()
	err := waitFor(ctx, 3*time.Minute, func() bool {
		if n := s.sent.Load(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > stallTime
	})
	cancel()
	running.Wait()
	if err != nil {
		return fmt.Errorf("the server does not fill up: %w", err)
	}
	return nil
}

// blackHole accepts connections and never reads from them.
func blackHole() (port int, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	var running sync.WaitGroup
	var conns []net.Conn
	running.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
		}
	})
	return ln.Addr().(*net.TCPAddr).Port, func() {
		ln.Close()
		running.Wait()
		for _, c := range conns {
			c.Close()
		}
	}, nil
}
