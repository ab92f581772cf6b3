package store

import (
	"errors"
	"os/exec"
	"strings"
	"time"
)

// commandRest is how long a size command that did not help is not run again.
const commandRest = 10 * time.Second

// limitSize runs the size command after a write, if the file had its limit
// before that write. This is when rsyslogd 8.2302 does it: with records of 30
// bytes and a limit of 60 the command finds three of them.
func (f *File) limitSize(before int64) error {
	if f.set.SizeLimit <= 0 || f.set.SizeCommand == "" || f.h.stream || before < f.set.SizeLimit {
		return nil
	}
	return f.runSizeCommand()
}

// checkLimit refuses to write while a size command that did not help rests.
func (f *File) checkLimit(now int64) error {
	if f.limitUntil == 0 || f.h.stream || f.h.size < f.set.SizeLimit {
		f.limitUntil = 0
		return nil
	}
	if now < f.limitUntil {
		return f.limitErr
	}
	return f.runSizeCommand()
}

// runSizeCommand closes the file, runs the command, waits for it, and opens the
// file again. There is no limit on how long it takes, as in rsyslogd: it may
// have gigabytes to compress.
func (f *File) runSizeCommand() error {
	f.limitUntil = 0
	if err := f.endZip(); err != nil {
		return err
	}
	if err := f.closeHandle(); err != nil {
		return &WriteError{f.path, err}
	}
	// rsyslogd 8.2302 passes all that follows the first blank as one argument.
	program, arg, has := strings.Cut(strings.TrimSpace(f.set.SizeCommand), " ")
	cmd := exec.Command(program)
	if has {
		cmd.Args = append(cmd.Args, strings.TrimLeft(arg, " "))
	}
	if f.set.PassName {
		cmd.Args = append(cmd.Args, f.path)
	}
	err := cmd.Run()
	if err := f.open(); err != nil {
		return err
	}
	if f.h.size < f.set.SizeLimit {
		return nil
	}
	f.limitUntil = f.s.clock().Add(commandRest).UnixNano()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		// The program ran, what it returned means nothing to rsyslogd either.
		err = nil
	}
	f.limitErr = &SizeLimitError{f.path, err}
	return f.limitErr
}
