package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
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
	limit := f.Duration("limit", 5*time.Minute, "begin nothing after so long, and print what there is")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *scale <= 0 || *limit <= 0 {
		return errors.New("-rounds: want 1 or more; -scale, -limit: want more than 0")
	}
	b := bench{rounds: *rounds, scale: *scale, end: time.Now().Add(*limit), progress: stderr}
	b.servers, b.missing = installed(*bin, *rsyslogd, *syslogng)
	for _, sc := range scenarios() {
		if *only == "" || slices.Contains(strings.Split(*only, ","), sc.key) {
			b.scenarios = append(b.scenarios, sc)
		}
	}
	if len(b.scenarios) == 0 {
		return fmt.Errorf("-only: there is no scenario %q", *only)
	}
	if len(b.servers) == 0 || b.servers[0].name != "syslogd" {
		return fmt.Errorf("-bin: there is no program %q", *bin)
	}
	err := b.run(ctx)
	b.print(stdout)
	return err
}

// installed returns the servers that can be run, and the names of the others.
func installed(bin, rsyslogd, syslogng string) (found []server, missing []string) {
	rsyslog := func(conf, dir string) []string { return []string{"-n", "-f", conf, "-i", filepath.Join(dir, "pid")} }
	all := []server{
		{name: "syslogd", path: bin, args: rsyslog, conf: rsyslogConf},
		{name: "rsyslogd", path: rsyslogd, args: rsyslog, conf: rsyslogConf},
		{name: "syslog-ng", path: syslogng, conf: syslogngConf, ng: true, args: func(conf, dir string) []string {
			return []string{"-F", "--no-caps", "-f", conf, "-R", filepath.Join(dir, "persist"), "-c", filepath.Join(dir, "ctl"), "--pidfile", filepath.Join(dir, "pid")}
		}},
	}
	for _, s := range all {
		if s.path = find(s.path); s.path == "" {
			missing = append(missing, s.name)
			continue
		}
		found = append(found, s)
	}
	return found, missing
}

// find looks for a program, also where those of the system are, which is not in
// the path of all users.
func find(name string) string {
	for _, path := range []string{name, filepath.Join("/usr/sbin", name)} {
		if full, err := exec.LookPath(path); err == nil {
			return full
		}
	}
	return ""
}

type bench struct {
	servers   []server
	missing   []string
	scenarios []scenario
	rounds    int
	scale     float64
	end       time.Time
	progress  io.Writer
	// runs are the measurements by scenario and server.
	runs map[[2]string][]measurement
}

// measurement is one run of a server.
type measurement struct {
	cost float64 // CPU seconds per million messages
	sent int
	*result
}

// whole reports whether everything was stored as it was sent.
func (m *measurement) whole() bool { return m.err() == nil }

var errNotWhole = errors.New("not everything was stored as it was sent")

// run measures. Over UDP a server may lose messages, which the table says; over
// connections that is an error.
func (b *bench) run(ctx context.Context) error {
	b.runs = map[[2]string][]measurement{}
	var wrong error
	for _, sc := range b.scenarios {
		for round := range b.rounds {
			list := slices.Clone(b.servers)
			if round%2 == 1 {
				slices.Reverse(list)
			}
			if time.Now().After(b.end) {
				return errors.Join(wrong, errors.New("the time is over: not all was measured (-limit)"))
			}
			for _, srv := range list {
				m, err := b.measure(ctx, sc, srv)
				if err != nil {
					return errors.Join(wrong, fmt.Errorf("%s, %s: %w", sc.key, srv.name, err))
				}
				note := "all stored and verified"
				if !m.whole() {
					note = m.String()
					if !sc.send.datagrams() {
						wrong = errNotWhole
					}
				}
				fmt.Fprintf(b.progress, "%-6s %-10s %6.2f CPU s per million  %s\n", sc.key, srv.name, m.cost, note)
				key := [2]string{sc.key, srv.name}
				b.runs[key] = append(b.runs[key], m)
			}
		}
	}
	return wrong
}

// measure runs one server through one scenario.
func (b *bench) measure(ctx context.Context, sc scenario, srv server) (m measurement, err error) {
	dir, err := os.MkdirTemp("", "loggen-bench-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return m, err
	}
	port, err := freePort()
	if err != nil {
		return m, err
	}
	rules := sc.rsyslog
	if srv.ng {
		rules = sc.syslogng
	}
	conf := filepath.Join(dir, "conf")
	text := strings.NewReplacer("@RULES@", rules).Replace(srv.conf)
	text = strings.NewReplacer("@OUT@", out, "@PORT@", fmt.Sprint(port)).Replace(text)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return m, err
	}
	s := &sender{load: sc.send, progress: io.Discard}
	s.addr = fmt.Sprintf("127.0.0.1:%d", port)
	s.count = max(int(float64(s.count)*b.scale), 1)
	p, err := startProcess(ctx, srv.path, srv.args(conf, dir), s.addr)
	if err != nil {
		return m, err
	}
	defer p.stop()
	before := p.cpu()
	if _, err := s.run(ctx); err != nil {
		return m, err
	}
	if err := p.settle(ctx); err != nil {
		return m, fmt.Errorf("it does not come to rest: %w", err)
	}
	used := p.cpu() - before
	v := verifier{shape: s.shape, count: s.count, perHost: sc.perHost}
	m.sent = s.count
	if m.result, err = v.tree(out); err != nil {
		return m, err
	}
	arrived := s.count - m.missing
	if arrived == 0 {
		return m, fmt.Errorf("nothing arrived\n%s", p.said.Bytes())
	}
	m.cost = used.Seconds() / float64(arrived) * 1e6
	return m, nil
}

// print writes the table.
func (b *bench) print(w io.Writer) {
	fmt.Fprintf(w, "\nCPU seconds of the server per million messages, median of %d rounds; ratio: how many times what %s takes\n\n", b.rounds, b.servers[0].name)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "scenario")
	for i, s := range b.servers {
		fmt.Fprintf(t, "\t%s", s.name)
		if i > 0 {
			fmt.Fprint(t, "\tratio")
		}
	}
	fmt.Fprintln(t, "\tfiles")
	for _, sc := range b.scenarios {
		fmt.Fprint(t, sc.title)
		own := 0.0
		for i, s := range b.servers {
			cost := medianCost(b.runs[[2]string{sc.key, s.name}])
			if i == 0 {
				own = cost
			}
			fmt.Fprint(t, "\t", number2(cost))
			if i > 0 {
				fmt.Fprint(t, "\t", number2(cost/own))
			}
		}
		fmt.Fprintln(t, "\t"+b.verdict(sc))
	}
	t.Flush()
	for _, name := range b.missing {
		fmt.Fprintf(w, "\n%s is not installed: not measured\n", name)
	}
}

// verdict says what the files of all runs of a scenario were found to be.
func (b *bench) verdict(sc scenario) string {
	var list []string
	runs := 0
	for _, s := range b.servers {
		missing, wrong, sent := 0, 0, 0
		for _, m := range b.runs[[2]string{sc.key, s.name}] {
			runs++
			sent += m.sent
			missing += m.missing
			wrong += m.duplicate + m.broken + m.misplaced
		}
		if missing > 0 {
			list = append(list, fmt.Sprintf("%s lost %.2g %%", s.name, float64(missing)/float64(sent)*100))
		}
		if wrong > 0 {
			list = append(list, fmt.Sprintf("%s has %d lines that are twice, broken or misplaced", s.name, wrong))
		}
	}
	switch {
	case runs == 0:
		return "not measured"
	case len(list) == 0:
		return "all verified"
	}
	return strings.Join(list, ", ")
}

func medianCost(runs []measurement) float64 {
	var list []float64
	for _, m := range runs {
		list = append(list, m.cost)
	}
	return median(list)
}

// number2 is a number with two digits behind the point, or nothing for none.
func number2(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return "-"
	}
	return fmt.Sprintf("%.2f", x)
}
