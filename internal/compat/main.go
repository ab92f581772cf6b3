// Command compat runs the black-box cases of testdata/compat against a syslog
// daemon. With a list of cases that are known to fail it is a ratchet: a listed
// case that passes, and one that fails and is not listed, are errors.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

type options struct {
	bin, moddir, cases, failing string
	only                        []string
	jobs, details               int
	idle                        time.Duration
	keep, ignoreBeyond          bool
	rewrite                     string
}

func main() {
	opt := &options{}
	flag.StringVar(&opt.bin, "bin", "", "the daemon, called as rsyslogd is")
	flag.StringVar(&opt.moddir, "moddir", "", "module directory, for rsyslogd itself")
	flag.StringVar(&opt.cases, "cases", "testdata/compat/cases", "where the cases are")
	flag.StringVar(&opt.failing, "failing", "", "list of the cases that do not pass yet")
	flag.IntVar(&opt.jobs, "jobs", 4, "cases at a time")
	flag.IntVar(&opt.details, "details", 20, "failing cases to show details of")
	flag.DurationVar(&opt.idle, "idle", 2*time.Second, "give up after this time without a change")
	flag.BoolVar(&opt.keep, "keep", false, "keep the work directories")
	flag.BoolVar(&opt.ignoreBeyond, "reference", false, "the daemon is rsyslogd: leave out what it does not do (beyond)")
	flag.StringVar(&opt.rewrite, "rewrite", "", "run what this subcommand of the daemon makes of each configuration: convert or config")
	flag.Func("only", "area, or pattern of area/name; may be repeated", func(s string) error { opt.only = append(opt.only, s); return nil })
	flag.Parse()
	if err := opt.main(); err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		os.Exit(1)
	}
}

func (o *options) main() error {
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return err
	}
	o.bin = bin
	all, err := loadCases(o.cases)
	if err != nil {
		return err
	}
	known, err := readList(o.failing)
	if err != nil {
		return err
	}
	cases := slices.DeleteFunc(all, func(c *testCase) bool { return !o.wanted(c) || o.rewrite != "" && known[c.name] })
	// Long cases first, so that the last job does not wait alone.
	sort.SliceStable(cases, func(i, j int) bool {
		return seconds(cases[i].option("weight", "0"), 0) > seconds(cases[j].option("weight", "0"), 0)
	})
	syscall.Umask(0o022)
	begin := time.Now()
	failed := o.runAll(cases, known)
	o.table(cases, failed)
	fmt.Printf("time %.1fs\n%d passed, %d failed\n", time.Since(begin).Seconds(), len(cases)-len(failed), len(failed))
	if o.rewrite != "" {
		known = nil
	}
	return verdict(cases, known, failed)
}

func (o *options) wanted(c *testCase) bool {
	if o.ignoreBeyond && c.area == "beyond" || o.rewrite != "" && c.area == "check" {
		return false // a configuration that was written again has no errors to find
	}
	if len(o.only) == 0 {
		return true
	}
	return slices.ContainsFunc(o.only, func(p string) bool {
		whole, _ := path.Match(p, c.name)
		area, _ := path.Match(p, c.area)
		return whole || area
	})
}

// runAll runs the cases and returns what is wrong with those that fail.
func (o *options) runAll(cases []*testCase, known map[string]bool) map[string][]string {
	failed := map[string][]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	work := make(chan *testCase) // unbuffered: a worker takes one when it is free; closed below
	shown := 0
	for range o.jobs {
		wg.Go(func() {
			for c := range work {
				wrong, said := o.runOne(c)
				if len(wrong) > 0 && !known[c.name] {
					// A loaded machine may be late once.
					wrong, said = o.runOne(c)
				}
				if len(wrong) == 0 {
					continue
				}
				mu.Lock()
				failed[c.name] = wrong
				if !known[c.name] && shown < o.details {
					shown++
					fmt.Printf("FAIL %s\n    %s\n", c.name, strings.Join(append(wrong, said...), "\n    "))
				}
				mu.Unlock()
			}
		})
	}
	for _, c := range cases {
		work <- c
	}
	close(work)
	wg.Wait()
	return failed
}

func (o *options) runOne(c *testCase) (wrong, said []string) {
	dir, err := os.MkdirTemp("", "sc.")
	if err != nil {
		return []string{err.Error()}, nil
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return []string{err.Error()}, nil
	}
	keep := o.keep
	one := *o
	one.keep = true // the daemon's words are read first
	r := &run{c: c, opt: &one, dir: dir, ports: map[string]string{}, sinks: map[string]*sink{}, conns: map[string]net.Conn{}}
	wrong = r.execute()
	said = r.stderr()
	if !keep {
		os.RemoveAll(dir)
	} else if len(wrong) > 0 {
		said = append(said, "kept in "+dir)
	}
	return wrong, said
}

func (o *options) table(cases []*testCase, failed map[string][]string) {
	type count struct{ passed, all int }
	areas := map[string]*count{}
	var names []string
	for _, c := range cases {
		n := areas[c.area]
		if n == nil {
			n = &count{}
			areas[c.area] = n
			names = append(names, c.area)
		}
		n.all++
		if failed[c.name] == nil {
			n.passed++
		}
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Printf("%-14s %4d/%d\n", name, areas[name].passed, areas[name].all)
	}
}

// readList reads names, one a line; # begins a comment.
func readList(name string) (map[string]bool, error) {
	out := map[string]bool{}
	if name == "" {
		return out, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		text, _, _ := strings.Cut(s.Text(), "#")
		if text = strings.TrimSpace(text); text != "" {
			out[text] = true
		}
	}
	return out, nil
}

// verdict compares with the list of cases known to fail.
func verdict(cases []*testCase, known map[string]bool, failed map[string][]string) error {
	var broken, mended []string
	for _, c := range cases {
		switch {
		case failed[c.name] != nil && !known[c.name]:
			broken = append(broken, c.name)
		case failed[c.name] == nil && known[c.name]:
			mended = append(mended, c.name)
		}
	}
	sort.Strings(broken)
	sort.Strings(mended)
	var parts []string
	if len(broken) > 0 {
		parts = append(parts, fmt.Sprintf("%d cases fail:\n  %s", len(broken), strings.Join(broken, "\n  ")))
	}
	if len(mended) > 0 {
		parts = append(parts, fmt.Sprintf("%d cases pass and must leave the list of failing ones:\n  %s", len(mended), strings.Join(mended, "\n  ")))
	}
	if len(parts) > 0 {
		return fmt.Errorf("%s", strings.Join(parts, "\n"))
	}
	return nil
}
