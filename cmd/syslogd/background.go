package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// startupPipe names the descriptor on which a child in the background tells its
// parent that it has started. A Go program cannot fork, so the background
// process is the program started again in a session of its own.
const startupPipe = "SYSLOGD_STARTUP_PIPE"

// startupTimeout is how long the parent waits, as in rsyslogd.
const startupTimeout = 60 * time.Second

func startedInBackground() bool { return os.Getenv(startupPipe) != "" }

// announce says what a call without any word has done: it is what rsyslogd does, but whoever
// only tries the program must not have a server in the background without knowing it. As
// rsyslogd it is silent.
func (c *command) announce(opt *options, status int) {
	switch {
	case len(c.args) > 0 || c.prog == "rsyslogd":
	case status == 0:
		c.note("started in the background with %s, pid file %s; -n stays in the foreground, "+
			"--default-config needs no configuration, --help says more", opt.config, opt.pidFile)
	default:
		c.note("nothing was started; -f names another configuration than %s, "+
			"--default-config needs none, --help says more", opt.config)
	}
}

// background starts the server as a process of its own and returns when it has
// started, with its exit status if it did not.
func (c *command) background() int {
	self, err := os.Executable()
	if err != nil {
		return c.fail(err)
	}
	ready, tell, err := os.Pipe()
	if err != nil {
		return c.fail(err)
	}
	defer ready.Close()
	child := exec.Command(self, c.args...)
	child.Args[0] = c.prog
	child.Stdout, child.Stderr = c.stdout, c.stderr
	child.ExtraFiles = []*os.File{tell}
	child.Env = append(os.Environ(), startupPipe+"=3")
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		tell.Close()
		return c.fail(err)
	}
	tell.Close()
	ready.SetReadDeadline(time.Now().Add(startupTimeout))
	var one [1]byte
	_, err = ready.Read(one[:])
	switch {
	case err == nil:
		return 0
	case errors.Is(err, io.EOF): // it ended
		child.Wait()
		return max(1, child.ProcessState.ExitCode())
	}
	return c.fail(fmt.Errorf("startup failure, child did not respond within startup timeout (%d seconds)", startupTimeout/time.Second))
}

// tellParent says that the server has started, and lets go of the terminal.
func tellParent() {
	fd, err := strconv.Atoi(os.Getenv(startupPipe))
	if err != nil {
		return
	}
	os.Unsetenv(startupPipe)
	if null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0); err == nil {
		for std := range 3 {
			syscall.Dup3(int(null.Fd()), std, 0)
		}
		null.Close()
	}
	pipe := os.NewFile(uintptr(fd), "startup pipe")
	pipe.Write([]byte{1})
	pipe.Close()
}
