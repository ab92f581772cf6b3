package main

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"syslogd/explain"
)

// testCommand is "test": the test cases of a configuration.
func (c *command) testCommand(args []string) int {
	f := c.flags("test")
	if err := f.Parse(args); err != nil {
		return exitUsage
	}
	if f.NArg() < 2 {
		f.Usage()
		return exitUsage
	}
	now := explain.DefaultTime
	x, err := c.explainer(&options{config: f.Arg(0)}, func() time.Time { return now })
	if err != nil {
		return c.fail(err)
	}
	defer x.Close()
	passed, failed := 0, 0
	for _, name := range f.Args()[1:] {
		cases, err := readCases(name)
		if err != nil {
			return c.fail(fmt.Errorf("%s: %w", name, err))
		}
		for _, test := range cases {
			now = test.At
			wrong := x.Run(test)
			if wrong == nil {
				passed++
				continue
			}
			failed++
			fmt.Fprintf(c.stdout, "%s:%d: failed: %s\n", name, test.Line, cmp.Or(test.Name, test.Send))
			for _, line := range wrong {
				fmt.Fprintf(c.stdout, "  %s\n", line)
			}
		}
	}
	fmt.Fprintf(c.stdout, "%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return 1
	}
	return 0
}

func readCases(name string) ([]*explain.Case, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return explain.ReadCases(f)
}
