package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"syslogd/internal/vfs"
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
	info, err := os.Lstat(name)
	switch {
	case err != nil || info.Mode().IsRegular() || info.Mode()&fs.ModeSymlink != 0: // a link is replaced
	case info.Mode()&fs.ModeDevice != 0:
		return nil // -i /dev/null: the device stays
	default:
		return fmt.Errorf("write pid file: %s is there and no regular file", name)
	}
	if pid := pidIn(name); pid > 0 && pid != os.Getpid() && isServer(pid) {
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

// maxPidFile bounds what is read of a pid file, in bytes.
const maxPidFile = 64

func pidIn(name string) int {
	text, err := vfs.ReadRegular(name, maxPidFile)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

// isServer reports whether a process is a server of this kind, or rsyslogd: after a crash
// or a power failure the number may have been given to any program. Unlike rsyslogd,
// which does not start then. Where /proc does not tell it is taken for one.
func isServer(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	name, err := os.ReadFile(filepath.Join(dir, "comm"))
	if err != nil {
		return true
	}
	switch strings.TrimSpace(string(name)) {
	case "rsyslogd", "syslogd":
		return true
	}
	own, err := os.Stat("/proc/self/exe")
	if err != nil {
		return true
	}
	theirs, err := os.Stat(filepath.Join(dir, "exe"))
	return err == nil && os.SameFile(own, theirs)
}
