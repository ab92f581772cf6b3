package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"syslogd/explain"
)

// testResult is what came of a test case, for programs.
type testResult struct {
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Name   string   `json:"name"`
	Passed bool     `json:"passed"`
	Wrong  []string `json:"wrong,omitempty"`
}

// testReport is what came of all.
type testReport struct {
	Passed int          `json:"passed"`
	Failed int          `json:"failed"`
	Cases  []testResult `json:"cases"`
}

// testCommand is "test": the test cases of a configuration.
func (c *command) testCommand(f *flag.FlagSet) func([]string) int {
	opt := configFlags(f)
	asJSON := f.Bool("json", false, "print the results as JSON")
	return func(words []string) int {
		named := opt.builtin
		f.Visit(func(x *flag.Flag) { named = named || x.Name == "f" })
		var config []string
		if !named && len(words) > 0 {
			config, words = words[:1], words[1:]
		}
		if err := opt.configured(f, config); err != nil {
			return c.misused("test", err)
		}
		if len(words) == 0 {
			return c.misused("test", errors.New("no file with test cases is named"))
		}
		report, err := c.runCases(opt, words)
		if err != nil {
			return c.fail(err)
		}
		if *asJSON {
			c.printJSON(report)
		} else {
			report.print(c.stdout)
		}
		if report.Failed > 0 {
			return 1
		}
		return 0
	}
}

// runCases runs the cases of all files.
func (c *command) runCases(opt *options, files []string) (*testReport, error) {
	now := explain.DefaultTime
	x, err := c.explainer(opt, func() time.Time { return now })
	if err != nil {
		return nil, err
	}
	defer x.Close()
	report := &testReport{Cases: []testResult{}}
	for _, name := range files {
		cases, err := readCases(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, test := range cases {
			now = test.At
			wrong := x.Run(test)
			report.Cases = append(report.Cases,
				testResult{name, test.Line, cmp.Or(test.Name, test.Send), wrong == nil, wrong})
			if wrong == nil {
				report.Passed++
			} else {
				report.Failed++
			}
		}
	}
	return report, nil
}

// print writes the cases that failed, for people.
func (r *testReport) print(w io.Writer) {
	for _, t := range r.Cases {
		if t.Passed {
			continue
		}
		fmt.Fprintf(w, "%s:%d: failed: %s\n", t.File, t.Line, explain.Shown(t.Name))
		for _, line := range t.Wrong {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	fmt.Fprintf(w, "%d passed, %d failed\n", r.Passed, r.Failed)
}

func readCases(name string) ([]*explain.Case, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return explain.ReadCases(f)
}
