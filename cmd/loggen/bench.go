package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// scenario is a load and the configuration for it.
type scenario struct {
	key, title string
	send       load
	perHost    bool
	// rules are added to the configuration of rsyslogd and this server, and to
	// that of syslog-ng.
	rsyslog, syslogng string
}

func scenarios() []scenario {
	small := shape{format: "rfc3164", size: 150, hosts: 10, programs: 5}
	wide := shape{format: "rfc3164", size: 150, hosts: 500, programs: 1}
	header := shape{format: "rfc5424", size: 300, hosts: 10, programs: 5}
	oneFile := `action(type="omfile" file="@OUT@/all.log" template="line" ioBufferSize="256k")`
	oneFileNG := `destination d { file("@OUT@/all.log" template(line)); }; log { source(s); destination(d); flags(flow-control); };`
	return []scenario{
		{key: "tcp", title: "one TCP connection, one file", rsyslog: oneFile, syslogng: oneFileNG,
			send: load{shape: small, transport: "tcp", framing: "lf", conns: 1, count: 500_000}},
		{key: "tcp16", title: "16 TCP connections, RFC 5424, one file", rsyslog: oneFile, syslogng: oneFileNG,
			send: load{shape: header, transport: "tcp", framing: "lf", conns: 16, count: 300_000}},
		{key: "files", title: "16 TCP connections, 500 files", perHost: true,
			rsyslog:  `action(type="omfile" dynaFile="file" dynaFileCacheSize="1000" template="line")`,
			syslogng: `destination d { file("@OUT@/${HOST}.log" template(line)); }; log { source(s); destination(d); flags(flow-control); };`,
			send:     load{shape: wide, transport: "tcp", framing: "lf", conns: 16, count: 300_000}},
		{key: "udp", title: "UDP, 30,000 messages a second, one file", rsyslog: oneFile, syslogng: oneFileNG,
			send: load{shape: small, transport: "udp", conns: 1, count: 60_000, rate: 30_000}},
	}
}

const rsyslogConf = `module(load="imptcp" threads="2")
module(load="imudp" batchSize="256" timeRequery="8")
template(name="line" type="string" string="%TIMESTAMP% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg:::drop-last-lf%\n")
template(name="file" type="string" string="@OUT@/%hostname%.log")
ruleset(name="r" queue.type="FixedArray" queue.size="200000" queue.dequeueBatchSize="4096" queue.workerThreads="1") {
  @RULES@
}
input(type="imptcp" address="127.0.0.1" port="@PORT@" ruleset="r")
input(type="imudp" address="127.0.0.1" port="@PORT@" ruleset="r" rcvbufSize="4m")
`

const syslogngConf = `@version: 3.38
options { threaded(yes); use-dns(no); keep-hostname(yes); create-dirs(yes); log-fifo-size(200000); stats-freq(0); };
template line { template("${STAMP} ${HOST} ${MSGHDR}${MSG}\n"); };
source s { network(ip("127.0.0.1") port(@PORT@) transport("tcp") max-connections(100) log-iw-size(100000));
           network(ip("127.0.0.1") port(@PORT@) transport("udp") so-rcvbuf(4194304)); };
@RULES@
`

// server is a program that is measured.
type server struct {
	name, path string
	args       func(conf, dir string) []string
	conf       string
	ng         bool
}

func cmdBench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags("bench", stderr)
	bin := f.String("bin", "./syslogd", "this server")
	rsyslogd := f.String("rsyslogd", "rsyslogd", "rsyslogd")
	syslogng := f.String("syslog-ng", "syslog-ng", "syslog-ng")
	rounds := f.Int("rounds", 3, "rounds; the servers take turns in each")
	scale := f.Float64("scale", 1, "factor of the numbers of messages")
	only := f.String("only", "", "scenarios, separated by commas; empty: all")
	if err := f.Parse(args); err != nil {
		return err
	}
	b := bench{rounds: *rounds, scale: *scale, progress: stderr, servers: installed(*bin, *rsyslogd, *syslogng, stderr)}
	for _, sc := range scenarios() {
		if *only == "" || slices.Contains(strings.Split(*only, ","), sc.key) {
			b.scenarios = append(b.scenarios, sc)
		}
	}
	if len(b.scenarios) == 0 {
		return fmt.Errorf("-only: there is no scenario %q", *only)
	}
	if err := b.run(ctx); err != nil {
		return err
	}
	b.print(stdout)
	return nil
}

// installed returns the servers that can be run.
func installed(bin, rsyslogd, syslogng string, stderr io.Writer) []server {
	rsyslog := func(conf, dir string) []string { return []string{"-n", "-f", conf, "-i", filepath.Join(dir, "pid")} }
	all := []server{
		{name: "syslogd", path: bin, args: rsyslog, conf: rsyslogConf},
		{name: "rsyslogd", path: rsyslogd, args: rsyslog, conf: rsyslogConf},
		{name: "syslog-ng", path: syslogng, conf: syslogngConf, ng: true, args: func(conf, dir string) []string {
			return []string{"-F", "--no-caps", "-f", conf, "-R", filepath.Join(dir, "persist"), "-c", filepath.Join(dir, "ctl"), "--pidfile", filepath.Join(dir, "pid")}
		}},
	}
	var found []server
	for _, s := range all {
		for _, path := range []string{s.path, "/usr/sbin/" + s.path} {
			if full, err := exec.LookPath(path); err == nil {
				s.path = full
				found = append(found, s)
				break
			}
		}
	}
	if len(found) < len(all) {
		fmt.Fprintf(stderr, "measured: %d of %d servers, the others are not installed\n", len(found), len(all))
	}
	return found
}

type bench struct {
	servers   []server
	scenarios []scenario
	rounds    int
	scale     float64
	progress  io.Writer
	// cost is CPU seconds a million messages, by scenario and server.
	cost map[[2]string][]float64
}

func (b *bench) run(ctx context.Context) error {
	b.cost = map[[2]string][]float64{}
	for _, sc := range b.scenarios {
		for round := range b.rounds {
			list := slices.Clone(b.servers)
			if round%2 == 1 {
				slices.Reverse(list)
			}
			for _, srv := range list {
				cost, note, err := b.measure(ctx, sc, srv)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", sc.key, srv.name, err)
				}
				fmt.Fprintf(b.progress, "%-6s %-10s %6.2f CPU s per million  %s\n", sc.key, srv.name, cost, note)
				b.cost[[2]string{sc.key, srv.name}] = append(b.cost[[2]string{sc.key, srv.name}], cost)
			}
		}
	}
	return nil
}

// measure runs one server through one scenario.
func (b *bench) measure(ctx context.Context, sc scenario, srv server) (cost float64, note string, err error) {
	dir, err := os.MkdirTemp("", "loggen-bench-")
	if err != nil {
		return 0, "", err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return 0, "", err
	}
	port, err := freePort()
	if err != nil {
		return 0, "", err
	}
	rules := sc.rsyslog
	if srv.ng {
		rules = sc.syslogng
	}
	conf := filepath.Join(dir, "conf")
	text := strings.NewReplacer("@RULES@", rules).Replace(srv.conf)
	text = strings.NewReplacer("@OUT@", out, "@PORT@", fmt.Sprint(port)).Replace(text)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return 0, "", err
	}
	cmd := exec.CommandContext(ctx, srv.path, srv.args(conf, dir)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return 0, "", err
	}
	defer func() {
		cmd.Process.Signal(unix.SIGTERM)
		cmd.Wait()
	}()
	s := &sender{load: sc.send, progress: io.Discard}
	s.addr = fmt.Sprintf("127.0.0.1:%d", port)
	s.count = int(float64(s.count) * b.scale)
	if err := waitFor(ctx, 10*time.Second, func() bool { return listens(s.addr) }); err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return 0, "", fmt.Errorf("it does not listen: %w\n%s", err, said.Bytes())
	}
	before := cpuTime(cmd.Process.Pid)
	if _, err := s.run(ctx); err != nil {
		return 0, "", err
	}
	v := verifier{shape: s.shape, count: s.count, perHost: sc.perHost}
	settle(ctx, cmd.Process.Pid)
	used := cpuTime(cmd.Process.Pid) - before
	r, err := v.tree(out)
	if err != nil {
		return 0, "", err
	}
	arrived := s.count - r.missing
	if arrived == 0 {
		return 0, "", errors.New("nothing arrived")
	}
	note = "all verified"
	if r.err() != nil {
		note = r.String()
	}
	return used.Seconds() / float64(arrived) * 1e6, note, nil
}

// freePort returns a port that nobody listens on.
func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}

func listens(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// waitFor asks until the answer is yes.
func waitFor(ctx context.Context, limit time.Duration, yes func() bool) error {
	for end := time.Now().Add(limit); !yes(); {
		if time.Now().After(end) {
			return fmt.Errorf("not within %v", limit)
		}
		if !sleepUntil(ctx, time.Now().Add(20*time.Millisecond)) {
			return ctx.Err()
		}
	}
	return nil
}

// settle waits until the process has used no CPU time to speak of for half a second.
func settle(ctx context.Context, pid int) {
	last, since := cpuTime(pid), time.Now()
	_ = waitFor(ctx, time.Minute, func() bool {
		if t := cpuTime(pid); t-last > 2*time.Millisecond {
			last, since = t, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	})
}

// cpuTime is what all threads of the process have used, from its CPU clock.
func cpuTime(pid int) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

func (b *bench) print(w io.Writer) {
	fmt.Fprintf(w, "CPU seconds of the server per million messages, median of %d rounds\n\n", b.rounds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "scenario")
	for _, s := range b.servers {
		fmt.Fprintf(t, "\t%s", s.name)
	}
	fmt.Fprintln(t)
	for _, sc := range b.scenarios {
		fmt.Fprint(t, sc.title)
		for _, s := range b.servers {
			fmt.Fprintf(t, "\t%.2f", median(b.cost[[2]string{sc.key, s.name}]))
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	if len(list) == 0 {
		return 0
	}
	return list[len(list)/2]
}
