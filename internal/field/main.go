// Command field runs whole configurations as administrators have them, each in a
// world of its own: namespaces, an empty /var/log, hosts that answer. It compares
// sockets, files with their modes and owners, and what is forwarded with what the
// installed rsyslogd does, or else with what that was recorded to do.
//
// Beside compat, whose cases fix one detail each in a directory of their own, a
// case here may name /etc, /var/log and hosts as it would in the field. The format
// is in testdata/field/README.md.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// boxLimit is how long a box may take in all.
const boxLimit = 2 * time.Minute

type options struct {
	bin, rsyslogd, cases, known string
	record, show                bool
	jobs                        int
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == insideArg {
		exit(inside())
	}
	if len(os.Args) > 1 && os.Args[1] == outsideArg {
		exit(outside(os.Args[2:]))
	}
	o := &options{}
	flag.StringVar(&o.bin, "bin", "./syslogd", "the server")
	flag.StringVar(&o.rsyslogd, "rsyslogd", "/usr/sbin/rsyslogd", "rsyslogd; where it is not installed, what was recorded counts")
	flag.StringVar(&o.cases, "cases", "testdata/field", "where the cases are")
	flag.StringVar(&o.known, "known", "testdata/field/known.txt", "cases that differ, with the reason; - for none")
	flag.BoolVar(&o.record, "record", false, "write down what rsyslogd does")
	flag.BoolVar(&o.show, "show", false, "print what the server did")
	flag.IntVar(&o.jobs, "jobs", 3, "cases at a time")
	flag.Parse()
	exit(o.run(flag.Args()))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "field:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (o *options) run(names []string) error {
	if os.Geteuid() != 0 {
		fmt.Println("field: root is needed, the daemons run in namespaces of their own; nothing was run")
		return nil
	}
	cases, err := loadCases(o.cases, names)
	if err != nil {
		return err
	}
	known, err := readKnown(o.known)
	if err != nil {
		return err
	}
	for _, path := range []*string{&o.bin, &o.rsyslogd} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if _, err := os.Stat(o.rsyslogd); err != nil {
		if o.record {
			return err
		}
		fmt.Printf("%s is not installed: what was recorded counts\n", o.rsyslogd)
		o.rsyslogd = ""
	}
	return verdict(cases, known, o.all(cases))
}

// all runs the cases and returns what differs, by name.
func (o *options) all(cases []*testCase) map[string][]string {
	different := map[string][]string{}
	var mu sync.Mutex // guards different and the output
	var wg sync.WaitGroup
	work := make(chan *testCase) // unbuffered: a worker takes one when it is free; closed below
	for range o.jobs {
		wg.Go(func() {
			for c := range work {
				diff := o.judge(c)
				if diff != nil && !o.record { // a loaded machine may be late once
					diff = o.judge(c)
				}
				mu.Lock()
				if diff == nil {
					fmt.Printf("SAME      %s\n", c.name)
				} else {
					different[c.name] = diff
					fmt.Printf("DIFFERENT %s\n    # %s\n    %s\n", c.name, c.note, strings.Join(diff, "\n    "))
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
	return different
}

// judge runs one case and returns what differs, nil if nothing does.
func (o *options) judge(c *testCase) []string {
	want, err := o.wanted(c)
	if err != nil {
		return []string{err.Error()}
	}
	if o.record {
		if err := os.WriteFile(c.recorded(), []byte(want), 0o644); err != nil {
			return []string{err.Error()}
		}
		return nil
	}
	report, err := runBox(c, o.bin, c.option("convert"))
	if err != nil {
		return []string{err.Error()}
	}
	got := newView(c, report).render()
	if o.show {
		fmt.Println(got)
	}
	return difference(want, got)
}

// wanted is what rsyslogd does, or was recorded to do.
func (o *options) wanted(c *testCase) (string, error) {
	if o.rsyslogd == "" {
		text, err := os.ReadFile(c.recorded())
		return string(text), err
	}
	report, err := runBox(c, o.rsyslogd, "")
	if err != nil {
		return "", err
	}
	return newView(c, report).render(), nil
}

// runBox runs a daemon in a box.
func runBox(c *testCase, daemon, convert string) (*report, error) {
	job, err := json.Marshal(job{Daemon: daemon, Convert: convert, Config: c.config, Options: c.options,
		Messages: c.messages, Files: c.files, Appended: c.appended})
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe", insideArg)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Unshareflags: syscall.CLONE_NEWNS,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS}
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(job), &out, &errs
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	timer := time.AfterFunc(boxLimit, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("the box: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	r := &report{}
	return r, json.Unmarshal(out.Bytes(), r)
}

// named are the lines of a rendered view, each with the name of its output.
func named(text string) []string {
	lines := strings.Split(text, "\n")
	output := ""
	for i, line := range lines {
		if !strings.HasPrefix(line, "\t") {
			output, _, _ = strings.Cut(line, " ")
			continue
		}
		lines[i] = output + line
	}
	return lines
}

// readKnown reads names with reasons: NAME # reason.
func readKnown(name string) (map[string]bool, error) {
	known := map[string]bool{}
	if name == "-" {
		return known, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		word, reason, _ := strings.Cut(line, "#")
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s: %q has no reason", name, line)
		}
		known[strings.TrimSpace(word)] = true
	}
	return known, nil
}

// verdict compares with the list of cases known to differ, which only shrinks.
func verdict(cases []*testCase, known map[string]bool, different map[string][]string) error {
	var wrong []string
	for _, c := range cases {
		switch {
		case different[c.name] != nil && !known[c.name]:
			wrong = append(wrong, c.name+" differs")
		case different[c.name] == nil && known[c.name]:
			wrong = append(wrong, c.name+" is the same and must leave the list of those that differ")
		}
	}
	fmt.Printf("%d the same, %d different, %d of those known\n", len(cases)-len(different), len(different), len(known))
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n  "))
	}
	return nil
}

// shownLines bounds what is printed of a difference.
const shownLines = 12

// difference shows the lines that only one of two texts has, nil when they are the same.
func difference(want, got string) []string {
	if want == got {
		return nil
	}
	w, g := named(want), named(got)
	out := []string{}
	only := func(sign string, lines, others []string) {
		rest := slices.Clone(others)
		for _, line := range lines {
			if i := slices.Index(rest, line); i >= 0 {
				rest = slices.Delete(rest, i, i+1)
			} else if len(out) < shownLines {
				out = append(out, fmt.Sprintf("%s %.200s", sign, line))
			}
		}
	}
	only("-", w, g)
	only("+", g, w)
	if len(out) == 0 {
		out = append(out, "the same lines in another order")
	}
	return out
}
