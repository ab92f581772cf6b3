package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/process"
)

// insideArg and outsideArg are the first words of the command line with which the
// runner starts itself within a box.
const (
	insideArg  = "-inside-a-box"
	outsideArg = "-outside-a-box"
)

// Where things are in a box; both daemons have one name.
const (
	mountPoint = "/mnt"
	top        = mountPoint + "/root"
	upper      = mountPoint + "/upper"
	ownDir     = "/run/field"
	confFile   = ownDir + "/rsyslog.conf"
	daemonFile = ownDir + "/rsyslogd"
	pidFile    = ownDir + "/pid"
	hostname   = "twin"
	syslogUser = 904
)

// Limits of a run.
const (
	startLimit = 8 * time.Second
	// startQuiet is how long no socket comes until all are there.
	startQuiet = 700 * time.Millisecond
	calmLimit  = 10 * time.Second
	stopLimit  = 25 * time.Second
	// ephemeral ports are chosen by the system.
	ephemeral = 32768
	maxFile   = 4 << 20 // bytes of a file that count
)

// job is what a box is to run.
type job struct {
	Daemon, Convert, Config string
	Options                 map[string][]string
	Messages                [][]byte
	Files, Appended         map[string]string
}

// report is what a daemon did.
type report struct {
	Began, Ended       time.Time
	Exit, Check        string
	Listening          []string
	Files, Directories map[string]file
	Datagrams, Streams map[string][][]byte
}

// file is a file or a directory.
type file struct {
	Mode     fs.FileMode
	UID, GID uint32
	Data     []byte
}

func (f file) access() string { return fmt.Sprintf("%04o %d:%d", f.Mode, f.UID, f.GID) }

// box is a run within its world.
type box struct {
	job
	active string // the configuration without comments
	report report
	run    *process.Process // the daemon
	sink   *sink
	remote *exec.Cmd
	stdin  interface{ Close() error }
	answer func() []byte // of the receivers outside
	before map[string]bool
}

// inside is process 1 of a box: it makes the world, runs the daemon and reports.
func inside() error {
	b := &box{sink: newSink("127.0.0.1")}
	if err := json.NewDecoder(os.Stdin).Decode(&b.job); err != nil {
		return err
	}
	b.prepareConfig()
	b.report.Began = time.Now()
	for _, step := range []func() error{b.world, b.people, b.needed, b.given, b.network, b.start, b.feed, b.stop, b.observe} {
		if err := step(); err != nil {
			return err
		}
	}
	b.report.Ended = time.Now()
	return json.NewEncoder(os.Stdout).Encode(&b.report)
}

func (b *box) option(name string) string { return last(b.Options[name]) }

// at is a path in the box as the runner sees it.
func at(path string) string { return filepath.Join(top, path) }

// command is a command within the box, as the user that the case names.
func (b *box) command(words ...string) *exec.Cmd {
	cmd := &exec.Cmd{Path: words[0], Args: words, Dir: "/", Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C", "TZ=UTC"}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: top}
	if name := b.option("run"); name != "" && name != "root" {
		cred := &syscall.Credential{Uid: uint32(idOf("/etc/passwd", name)), Gid: uint32(idOf("/etc/group", name))}
		for _, line := range readLines("/etc/group") {
			f := strings.Split(line, ":")
			if n, err := strconv.Atoi(f[min(2, len(f)-1)]); err == nil && slices.Contains(strings.Split(last(f), ","), name) {
				cred.Groups = append(cred.Groups, uint32(n))
			}
		}
		cmd.SysProcAttr.Credential = cred
	}
	return cmd
}

// call runs a command within the box to its end.
func (b *box) call(words ...string) (status string, out []byte) {
	cmd := b.command(words...)
	timer := time.AfterFunc(15*time.Second, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.Output()
	if cmd.ProcessState == nil { // it was not started
		return err.Error(), nil
	}
	return strconv.Itoa(cmd.ProcessState.ExitCode()), out
}

// start starts the daemon, with a configuration that it has converted where the case says so,
// and waits until its sockets are open.
func (b *box) start() error {
	switch b.Convert {
	case "":
	case "config":
		_, text := b.call(daemonFile, "config", "-f", confFile)
		write(confFile, string(text))
	default:
		_, text := b.call(daemonFile, "convert", confFile)
		write(confFile, string(text))
	}
	if b.option("check") == "yes" {
		b.report.Check, _ = b.call(daemonFile, "-N1", "-f", confFile)
	}
	b.before = map[string]bool{}
	b.changed(func(path string, _ string, _ fs.FileInfo) { b.before[path] = true })
	others := process.Listening()
	if err := b.startDaemon(); err != nil {
		return err
	}
	b.awaitSockets(others)
	if b.run.HasEnded() {
		b.report.Exit = fmt.Sprintf("%d at the start", b.run.ExitCode())
	}
	return nil
}

func (b *box) startDaemon() error {
	words := append([]string{daemonFile, "-n", "-f", confFile, "-i", pidFile}, strings.Fields(b.option("args"))...)
	cmd := b.command(words...)
	out, err := os.OpenFile(at(ownDir+"/stdout"), os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout = out
	b.run, err = process.Start(cmd)
	return err
}

// awaitSockets waits until the daemon has its pid file and no socket has come for a while, and
// reports the sockets but the others and those whose ports the system has chosen.
func (b *box) awaitSockets(others []string) {
	var now []string
	since := time.Now()
	process.Poll(startLimit, func() bool {
		next := slices.DeleteFunc(process.Listening(), func(s string) bool { return slices.Contains(others, s) })
		if !slices.Equal(next, now) {
			now, since = next, time.Now()
		}
		_, err := os.Stat(at(pidFile))
		return b.run.HasEnded() || err == nil && time.Since(since) > startQuiet
	})
	b.report.Listening = slices.DeleteFunc(now, func(s string) bool {
		_, port, _ := strings.Cut(s, " ")
		n, err := strconv.Atoi(port)
		return err == nil && n >= ephemeral && !strings.Contains(b.Config, port)
	})
}

// stop ends the daemon with the signal of the case.
func (b *box) stop() error {
	if b.report.Exit != "" {
		return nil
	}
	if b.run.HasEnded() {
		b.report.Exit = fmt.Sprintf("%d by itself", b.run.ExitCode())
		return nil
	}
	name := b.option("stop")
	if name == "" {
		name = "TERM"
	}
	if errors.Is(b.run.Stop(unix.SignalNum("SIG"+name), stopLimit), process.ErrStuck) {
		b.report.Exit = process.ErrStuck.Error()
	} else {
		b.report.Exit = strconv.Itoa(b.run.ExitCode())
	}
	time.Sleep(300 * time.Millisecond) // receivers read what is under way
	return nil
}
