package main

import (
	"bufio"

	"syslogd/internal/vfs"
	"syslogd/message"
	"syslogd/queue"
)

// queueCommand is "queue": what is in the files of queues.
func (c *command) queueCommand(args []string) int {
	f := c.flags("queue")
	export := f.Bool("export", false, "print the messages that wait, as lines of JSON")
	repair := f.Bool("repair", false, "make damaged files whole again; no server may use them meanwhile")
	if err := f.Parse(args); err != nil {
		return exitUsage
	}
	if f.NArg() != 1 || *export && *repair {
		f.Usage()
		return exitUsage
	}
	dirs, err := queue.Directories(vfs.OS{}, f.Arg(0))
	if err != nil {
		return c.fail(err)
	}
	status := 0
	for _, dir := range dirs {
		if *repair {
			did, err := queue.Repair(vfs.OS{}, dir)
			for _, text := range did {
				c.note("%s", text)
			}
			if err != nil {
				return c.fail(err)
			}
		}
		report, err := c.inspectQueue(dir, *export)
		if err != nil {
			return c.fail(err)
		}
		if report.Damaged() {
			status = 1
		}
		if !*export {
			report.Print(c.stdout)
		}
	}
	return status
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
