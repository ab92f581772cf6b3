package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// series is a row of loads in which one thing grows.
type series struct {
	key, title, axis string
	points           []int
	// load makes the load for a point.
	load func(n int) (load, string)
	// per says what else the cost is divided by: "" for nothing more than messages.
	per string
	div func(n int) float64
}

// scaleMessages is how many messages a point takes, less when they are long.
const scaleMessages = 400_000

func allSeries() []series {
	small := shape{format: "rfc3164", size: 150, hosts: 10, programs: 5}
	base := load{shape: small, transport: "tcp", framing: "octet", conns: 1, count: scaleMessages, atOnce: 256}
	const oneFile = `action(type="omfile" file="@OUT@/all.log")`
	one := func(int) float64 { return 1 }
	return []series{
		{key: "connections", title: "TCP connections", axis: "connections", points: []int{1, 10, 100, 1000}, div: one,
			load: func(n int) (load, string) {
				l := base
				l.conns, l.atOnce = n, 32
				return l, oneFile
			}},
		{key: "files", title: "open files", axis: "files", points: []int{1, 10, 100, 1000, 10_000, 50_000}, div: one,
			load: func(n int) (load, string) {
				l := base
				l.shape.hosts, l.shape.programs, l.conns = n, 1, 4
				return l, `template(name="path" type="string" string="@OUT@/%hostname%.log") action(type="omfile" dynaFile="path")`
			}},
		{key: "rules", title: "rules, if $programname == ...", axis: "rules", points: []int{1, 10, 100, 1000},
			per: "ns a rule", div: func(n int) float64 { return float64(n) / 1000 },
			load: func(n int) (load, string) {
				var b strings.Builder
				for i := range n - 1 {
					fmt.Fprintf(&b, "if $programname == \"daemon%d\" then { action(type=\"omfile\" file=\"@OUT@/daemon%d.log\") stop }\n", i, i)
				}
				return base, b.String() + oneFile
			}},
		{key: "texts", title: "rules, :msg, contains, ...", axis: "rules", points: []int{1, 10, 100, 1000},
			per: "ns a rule", div: func(n int) float64 { return float64(n) / 1000 },
			load: func(n int) (load, string) {
				var b strings.Builder
				for i := range n - 1 {
					fmt.Fprintf(&b, ":msg, contains, \"failure %d of\" @OUT@/failure%d.log\n", i, i)
				}
				return base, b.String() + oneFile
			}},
		{key: "size", title: "bytes of a message", axis: "bytes", points: []int{100, 1 << 10, 8 << 10, 64 << 10},
			per: "ns a byte", div: func(n int) float64 { return float64(n) / 1000 },
			load: func(n int) (load, string) {
				l := base
				l.shape.size = n
				l.count = min(l.count, (400<<20)/n)
				return l, oneFile
			}},
	}
}

// scaleConf takes messages that are longer than the longest of the series.
const scaleConf = `global(maxMessageSize="128k")
module(load="imtcp" maxSessions="2000")
input(type="imtcp" address="127.0.0.1" port="@PORT@")
`

// point is what was measured at one point of a series.
type point struct {
	n    int
	cost float64 // microseconds of CPU time a message, median
	peak float64 // MB
	note string  // why it was not measured
}

// scaler measures series.
type scaler struct {
	bin      string
	rounds   int
	factor   float64
	end      time.Time
	progress io.Writer
}

func cmdScale(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags("scale", stderr)
	s := scaler{progress: stderr}
	f.StringVar(&s.bin, "bin", "./syslogd", "the server")
	f.IntVar(&s.rounds, "rounds", 3, "rounds, of which the median counts")
	f.Float64Var(&s.factor, "scale", 1, "factor of the numbers of messages")
	limit := f.Duration("limit", 8*time.Minute, "begin nothing after so long, and print what there is")
	only := f.String("only", "", "series, separated by commas: connections, files, rules, texts, size; empty: all")
	svg := f.String("svg", "", "file to draw the result into")
	if err := f.Parse(args); err != nil {
		return err
	}
	if s.rounds < 1 || s.factor <= 0 || *limit <= 0 {
		return errors.New("-rounds: want 1 or more; -scale, -limit: want more than 0")
	}
	if s.bin = find(s.bin); s.bin == "" {
		return errors.New("-bin: there is no such program")
	}
	var list []series
	for _, x := range allSeries() {
		if *only == "" || slices.Contains(strings.Split(*only, ","), x.key) {
			list = append(list, x)
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("-only: there is no series %q", *only)
	}
	s.end = time.Now().Add(*limit)
	points, err := s.run(ctx, list)
	printScale(stdout, list, points, s.rounds)
	if err == nil && *svg != "" {
		err = os.WriteFile(*svg, drawScale(list, points), 0o644)
	}
	return err
}

// run measures all points, round by round, so that a machine that is slow for a
// while does not make one point look dear.
func (s *scaler) run(ctx context.Context, list []series) ([][]point, error) {
	costs, peaks := map[[2]int][]float64{}, map[[2]int][]float64{}
	points := make([][]point, len(list))
	for i, x := range list {
		for _, n := range x.points {
			p := point{n: n}
			if x.key == "files" && n > fileBudget() {
				p.note = "the limit of open files is too low"
			}
			points[i] = append(points[i], p)
		}
	}
	err := s.rows(ctx, list, points, costs, peaks)
	for i := range points {
		for j := range points[i] {
			p := &points[i][j]
			p.cost, p.peak = median(costs[[2]int{i, j}]), median(peaks[[2]int{i, j}])
			if p.cost == 0 && p.note == "" {
				p.note = "not measured"
			}
		}
	}
	return points, err
}

func (s *scaler) rows(ctx context.Context, list []series, points [][]point, costs, peaks map[[2]int][]float64) error {
	for range s.rounds {
		for i, x := range list {
			for j, p := range points[i] {
				if p.note != "" {
					continue
				}
				if time.Now().After(s.end) {
					return errors.New("the time is over: not all was measured (-limit)")
				}
				cost, peak, err := s.measure(ctx, x, p.n)
				if err != nil {
					return fmt.Errorf("%s, %d: %w", x.key, p.n, err)
				}
				fmt.Fprintf(s.progress, "%-12s %6d  %7.2f µs a message  %4.0f MB\n", x.key, p.n, cost, peak)
				key := [2]int{i, j}
				costs[key], peaks[key] = append(costs[key], cost), append(peaks[key], peak)
			}
		}
	}
	return nil
}

// fileBudget is how many output files the server can have open: it leaves a
// quarter of the limit to sockets and everything else.
func fileBudget() int {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0
	}
	return int(min(r.Max-r.Max/4, 1<<30))
}

// measure runs the server through one point. Connections and files are opened
// before: that is not what a message costs.
func (s *scaler) measure(ctx context.Context, x series, n int) (cost, peak float64, err error) {
	dir, err := os.MkdirTemp("", "loggen-scale-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	port, err := freePort()
	if err != nil {
		return 0, 0, err
	}
	l, rules := x.load(n)
	l.addr = fmt.Sprintf("127.0.0.1:%d", port)
	l.count = max(int(float64(l.count)*s.factor), l.conns)
	out, conf := filepath.Join(dir, "out"), filepath.Join(dir, "conf")
	text := strings.NewReplacer("@OUT@", out, "@PORT@", fmt.Sprint(port)).Replace(scaleConf + rules)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return 0, 0, err
	}
	p, err := startProcess(ctx, s.bin, []string{"-n", "-C", "-f", conf, "-i", filepath.Join(dir, "pid")}, l.addr)
	if err != nil {
		return 0, 0, err
	}
	defer p.stop()
	warm := &sender{load: l, progress: io.Discard}
	warm.count = max(l.shape.hosts, l.count/20) // each file is opened once
	if _, err := warm.run(ctx); err != nil {
		return 0, 0, err
	}
	main := &sender{load: l, progress: io.Discard}
	main.first = warm.count
	if err := main.connect(ctx); err != nil {
		return 0, 0, err
	}
	if err := p.settle(ctx); err != nil {
		return 0, 0, err
	}
	before := p.cpu()
	if _, err := main.run(ctx); err != nil {
		return 0, 0, err
	}
	if err := p.settle(ctx); err != nil {
		return 0, 0, fmt.Errorf("it does not come to rest: %w", err)
	}
	used := p.cpu() - before
	v := verifier{shape: l.shape, count: warm.count + main.count, perHost: x.key == "files"}
	r, err := v.tree(out)
	if err == nil && r.err() != nil {
		err = fmt.Errorf("%w: %s", r.err(), r)
	}
	_, most := p.memory()
	return used.Seconds() * 1e6 / float64(main.count), float64(most) / 1e6, err
}

// printScale writes the table, in Markdown.
func printScale(w io.Writer, list []series, points [][]point, rounds int) {
	fmt.Fprintf(w, "Microseconds of CPU time a message, median of %d rounds; every file verified. Of the rules only the last one matches.\n\n", rounds)
	fmt.Fprint(w, "| what grows | to | µs a message | | peak memory, MB |\n|---|---:|---:|---:|---:|\n")
	for i, x := range list {
		for _, p := range points[i] {
			if p.note != "" {
				fmt.Fprintf(w, "| %s | %d | %s | | |\n", x.title, p.n, p.note)
				continue
			}
			per := ""
			if x.per != "" {
				per = fmt.Sprintf("%.1f %s", p.cost/x.div(p.n), x.per)
			}
			fmt.Fprintf(w, "| %s | %d | %.2f | %s | %.0f |\n", x.title, p.n, p.cost, per, p.peak)
		}
	}
}
