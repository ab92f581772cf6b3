package main

import (
	"bufio"
	"errors"
	"flag"

	"syslogd/internal/vfs"
	"syslogd/message"
	"syslogd/queue"
)

// queueCommand is "queue": what is in the files of queues.
func (c *command) queueCommand(f *flag.FlagSet) func([]string) int {
	export := f.Bool("export", false, "print the messages that wait, as lines of JSON")
	repair := f.Bool("repair", false, "make damaged files whole again; no server may use them meanwhile")
	asJSON := f.Bool("json", false, "print what is found as JSON")
	return func(words []string) int {
		switch {
		case len(words) != 1:
			return c.misused("queue", errors.New("name the directory of a queue, or one that has several"))
		case *export && *repair:
			return c.misused("queue", errors.New("--export and --repair exclude each other"))
		case *export && *asJSON:
			return c.misused("queue", errors.New("--export prints messages, --json what is in the files"))
		}
		dirs, err := queue.Directories(vfs.OS{}, words[0])
		if err != nil {
			return c.fail(err)
		}
		status, reports := 0, []*queue.Report{}
		for _, dir := range dirs {
			report, err := c.lookInto(dir, *repair, *export)
			if err != nil {
				return c.fail(err)
			}
			if report.Damaged() {
				status = 1
			}
			reports = append(reports, report)
			if !*export && !*asJSON {
				report.Print(c.stdout)
			}
		}
		if *asJSON {
			c.printJSON(reports)
		}
		return status
	}
}

// lookInto repairs a queue's directory, if it is asked to, and reads it.
func (c *command) lookInto(dir string, repair, export bool) (*queue.Report, error) {
	if repair {
		did, err := queue.Repair(vfs.OS{}, dir)
		for _, text := range did {
			c.note("%s", text)
		}
		if err != nil {
			return nil, err
		}
	}
	return c.inspectQueue(dir, export)
}

// inspectQueue reads a queue's directory, and prints its messages if export is set.
func (c *command) inspectQueue(dir string, export bool) (*queue.Report, error) {
	if !export {
		return queue.Inspect(vfs.OS{}, dir, nil)
	}
	out := bufio.NewWriter(c.stdout)
	report, err := queue.Inspect(vfs.OS{}, dir, func(m *message.Message, ruleset string) error {
		line, err := queue.ExportLine(m, ruleset)
		if err == nil {
			_, err = out.Write(line)
		}
		return err
	})
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	return report, err
}
