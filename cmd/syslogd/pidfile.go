package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// noPidFile is the name that rsyslogd takes for "none".
const noPidFile = "NONE"

// writePidFile writes the pid without a line feed, as rsyslogd does. A file that
// names another live process is an error: two servers would write the same
// files. The name appears with its content, in one step.
func writePidFile(name string) error {
	if name == noPidFile {
		return nil
	}
	if pid := pidIn(name); pid > 0 && pid != os.Getpid() && alive(pid) {
		return coded(3000, "pidfile '%s' and pid %d already exist.\nIf you want to run multiple instances of syslogd, you need to specify\ndifferent pid files for them (-i option).", name, pid)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".syslogd-pid-")
	if err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	_, err = tmp.WriteString(strconv.Itoa(os.Getpid()))
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("write pid file: %w", err)
	}
	return nil
}

func removePidFile(name string) {
	if name != noPidFile && pidIn(name) == os.Getpid() {
		os.Remove(name)
	}
}

func pidIn(name string) int {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
