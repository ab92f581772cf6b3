package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
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
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the daemon has ended
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

// fresh are directories that are empty at the start.
var fresh = []struct {
	path, mode string
	gid        int
}{{"/dev", "755", 0}, {"/run", "755", 0}, {"/tmp", "1777", 0}, {"/var/tmp", "1777", 0}, {"/var/log", "775", syslogUser},
	{"/var/spool", "755", 0}, {"/var/lib/rsyslog", "775", syslogUser}, {"/etc/rsyslog.d", "755", 0}, {"/root", "700", 0},
	{"/home", "755", 0}, {"/srv", "755", 0}, {"/opt", "755", 0}}

// world is an overlay of / whose changes are kept in memory, with the fresh directories.
func (b *box) world() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("none", mountPoint, "tmpfs", 0, "size=1g,mode=755"); err != nil {
		return err
	}
	for _, d := range []string{top, upper, mountPoint + "/work"} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
	}
	layers := "lowerdir=/,upperdir=" + upper + ",workdir=" + mountPoint + "/work"
	if err := unix.Mount("overlay", top, "overlay", 0, layers); err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	for _, d := range fresh {
		if err := os.MkdirAll(at(d.path), 0o755); err != nil {
			return err
		}
		if err := unix.Mount("none", at(d.path), "tmpfs", 0, fmt.Sprintf("size=1g,mode=%s,gid=%d", d.mode, d.gid)); err != nil {
			return fmt.Errorf("%s: %w", d.path, err)
		}
	}
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		if err := unix.Mknod(at("/dev/"+name), unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))); err != nil {
			return err
		}
		os.Chmod(at("/dev/"+name), 0o666)
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		os.Symlink(target, at("/dev/"+name))
	}
	for _, proc := range []string{"/proc", at("/proc")} {
		if err := unix.Mount("none", proc, "proc", 0, ""); err != nil {
			return err
		}
	}
	unix.Mount("", at("/proc"), "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
	if err := os.MkdirAll(at(ownDir), 0o755); err != nil {
		return err
	}
	os.Chmod(at(ownDir), 0o777)
	write(daemonFile, "")
	if err := os.Chmod(at(daemonFile), 0o755); err != nil {
		return err
	}
	return unix.Mount(b.Daemon, at(daemonFile), "", unix.MS_BIND, "")
}

// people are the user syslog, a member of adm, and those of the options.
func (b *box) people() error {
	passwd, group := readLines("/etc/passwd"), readLines("/etc/group")
	for _, u := range append([]string{fmt.Sprint("syslog ", syslogUser)}, b.Options["user"]...) {
		name, id, _ := strings.Cut(u, " ")
		passwd = append(without(passwd, name), name+":x:"+id+":"+id+"::/nonexistent:/usr/sbin/nologin")
		group = append(without(group, name), name+":x:"+id+":")
	}
	for _, m := range append([]string{"syslog adm"}, b.Options["member"]...) {
		name, of, _ := strings.Cut(m, " ")
		for i, line := range group {
			if strings.HasPrefix(line, of+":") {
				group[i] = strings.TrimSuffix(line, ":") + map[bool]string{true: ":", false: ","}[strings.HasSuffix(line, ":")] + name
			}
		}
	}
	write("/etc/passwd", strings.Join(passwd, "\n")+"\n")
	write("/etc/group", strings.Join(group, "\n")+"\n")
	hosts := "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 " + hostname + ".example.net " + hostname + "\n"
	for i, h := range namedHosts(b.active) {
		hosts += fmt.Sprintf("10.77.1.%d %s\n", i+1, h)
	}
	write("/etc/hosts", hosts)
	write("/etc/resolv.conf", "")
	write("/etc/hostname", hostname+"\n")
	if err := unix.Sethostname([]byte(hostname)); err != nil {
		return err
	}
	for _, d := range []string{"/var/spool/rsyslog", "/run/rsyslog"} {
		if err := b.directory(d + " 0755 syslog:syslog"); err != nil {
			return err
		}
	}
	return nil
}

func readLines(path string) []string {
	text, _ := os.ReadFile(at(path))
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

func without(lines []string, name string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, name+":") })
}

// write makes a file in the box.
func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(at(path)), 0o755); err != nil {
		return err
	}
	os.Remove(at(path))
	return os.WriteFile(at(path), []byte(text), 0o644)
}

var (
	directories = regexp.MustCompile(`(?im)^\s*\$WorkDirectory\s+"?(/[^\s"]+)|(?:workdirectory|spooldirectory|statefile\.directory)\s*=\s*"(/[^"]+)"`)
	includes    = regexp.MustCompile(`(?im)^\s*\$IncludeConfig\s+(/\S+)|\binclude\(\s*file\s*=\s*"(/[^"]+)"`)
)

// needed are the directories and files that a configuration takes for granted.
func (b *box) needed() error {
	for _, m := range directories.FindAllStringSubmatch(b.active, -1) {
		if err := os.MkdirAll(at(m[1]+m[2]), 0o755); err != nil {
			return err
		}
	}
	for _, m := range includes.FindAllStringSubmatch(b.active, -1) {
		path := m[1] + m[2]
		os.MkdirAll(at(filepath.Dir(path)), 0o755)
		if _, err := os.Stat(at(path)); err != nil && !strings.ContainsAny(path, "*?[") && !strings.HasSuffix(path, "/") {
			write(path, "")
		}
	}
	return write(confFile, b.Config)
}

// given makes what the case has: files, directories, pipes, links.
func (b *box) given() error {
	for path, text := range b.Files {
		if err := write(path, text); err != nil {
			return err
		}
	}
	for path := range b.Appended {
		if err := write(path, ""); err != nil {
			return err
		}
	}
	for _, text := range b.Options["directory"] {
		if err := b.directory(text); err != nil {
			return err
		}
	}
	for _, text := range b.Options["fifo"] {
		path := strings.Fields(text)[0]
		if err := unix.Mkfifo(at(path), 0o644); err != nil {
			return err
		}
		if err := b.mode(text); err != nil {
			return err
		}
		if err := b.sink.pipe(at(path), "pipe "+path); err != nil {
			return err
		}
	}
	for _, path := range b.Options["receiver"] {
		if err := b.sink.unix(at(path), "unix "+path); err != nil {
			return err
		}
	}
	for _, text := range b.Options["symlink"] {
		path, target, _ := strings.Cut(text, " ")
		if err := os.Symlink(strings.TrimSpace(target), at(path)); err != nil {
			return err
		}
	}
	for _, text := range b.Options["mode"] {
		if err := b.mode(text); err != nil {
			return err
		}
	}
	return nil
}

func (b *box) directory(text string) error {
	if err := os.MkdirAll(at(strings.Fields(text)[0]), 0o755); err != nil {
		return err
	}
	return b.mode(text)
}

// mode is PATH [MODE [USER:GROUP]].
func (b *box) mode(text string) error {
	f := append(strings.Fields(text), "", "")
	if f[1] != "" {
		n, err := strconv.ParseUint(f[1], 8, 32)
		if err != nil {
			return err
		}
		if err := syscall.Chmod(at(f[0]), uint32(n)); err != nil {
			return err
		}
	}
	if f[2] == "" {
		return nil
	}
	name, group, _ := strings.Cut(f[2], ":")
	if group == "" {
		group = name
	}
	return os.Chown(at(f[0]), idOf("/etc/passwd", name), idOf("/etc/group", group))
}

// idOf is the number of a user or group in the box; -1 changes nothing.
func idOf(table, name string) int {
	for _, line := range readLines(table) {
		if f := strings.Split(line, ":"); len(f) > 2 && f[0] == name {
			n, _ := strconv.Atoi(f[2])
			return n
		}
	}
	return -1
}

// network is the loopback and, when the configuration names hosts, a namespace
// behind it that answers for all addresses.
func (b *box) network() error {
	if err := ip("link", "set", "lo", "up"); err != nil {
		return err
	}
	if len(namedTargets(b.active)) == 0 {
		return nil
	}
	args := []string{outsideArg}
	for _, p := range namedPorts(b.active) {
		if !slices.Contains(b.numbers("closed"), p) {
			args = append(args, strconv.Itoa(p))
		}
	}
	b.remote = exec.Command("/proc/self/exe", args...)
	b.remote.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	b.remote.Stderr = os.Stderr
	out, err := b.remote.StdoutPipe()
	if err != nil {
		return err
	}
	if b.stdin, err = b.remote.StdinPipe(); err != nil {
		return err
	}
	if err := b.remote.Start(); err != nil {
		return err
	}
	for _, words := range [][]string{
		{"link", "add", "inside", "type", "veth", "peer", "name", "outside", "netns", strconv.Itoa(b.remote.Process.Pid)},
		{"link", "set", "inside", "addrgenmode", "none"}, {"addr", "add", "10.77.0.1/24", "dev", "inside"},
		{"link", "set", "inside", "up"}, {"route", "add", "default", "via", "10.77.0.2"}} {
		if err := ip(words...); err != nil {
			return err
		}
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it is ready
		return fmt.Errorf("the receivers outside: %w", err)
	}
	b.answer = func() []byte {
		b.stdin.Close()
		text := readAll(out)
		b.remote.Wait()
		return text
	}
	return nil
}

func ip(words ...string) error {
	if out, err := exec.Command("ip", words...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(words, " "), err, out)
	}
	return nil
}

// outside is the world behind the network: every address is its own.
func outside(ports []string) error {
	until(5*time.Second, func() bool { _, err := net.InterfaceByName("outside"); return err == nil })
	for _, words := range [][]string{{"link", "set", "lo", "up"}, {"link", "set", "outside", "up"},
		{"addr", "add", "10.77.0.2/24", "dev", "outside"}, {"route", "add", "local", "0.0.0.0/0", "dev", "lo"}} {
		if err := ip(words...); err != nil {
			return err
		}
	}
	ip("route", "add", "10.77.0.0/24", "dev", "outside") // it is there already where the kernel has made it
	s := newSink("0.0.0.0")
	for _, p := range ports {
		n, _ := strconv.Atoi(p)
		s.port(n, "outside ")
	}
	os.Stdout.Write([]byte{'.'})
	readAll(os.Stdin)
	return json.NewEncoder(os.Stdout).Encode(s.result())
}

// command is a command within the box, as the user that the case names.
func (b *box) command(words ...string) (*exec.Cmd, error) {
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
	return cmd, nil
}

// call runs a command within the box to its end.
func (b *box) call(words ...string) (status string, out []byte) {
	cmd, err := b.command(words...)
	if err != nil {
		return err.Error(), nil
	}
	timer := time.AfterFunc(15*time.Second, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, _ = cmd.Output()
	return strconv.Itoa(cmd.ProcessState.ExitCode()), out
}

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
	others := listening()
	words := append([]string{daemonFile, "-n", "-f", confFile, "-i", pidFile}, strings.Fields(b.option("args"))...)
	var err error
	if b.cmd, err = b.command(words...); err != nil {
		return err
	}
	out, err := os.OpenFile(at(ownDir+"/stdout"), os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	b.cmd.Stdout = out
	if err := b.cmd.Start(); err != nil {
		return err
	}
	b.ended = make(chan struct{})
	go func() { b.cmd.Wait(); close(b.ended) }() // ends with the daemon, which stop waits for
	var now []string
	since := time.Now()
	until(startLimit, func() bool {
		next := slices.DeleteFunc(listening(), func(s string) bool { return slices.Contains(others, s) })
		if !slices.Equal(next, now) {
			now, since = next, time.Now()
		}
		_, err := os.Stat(at(pidFile))
		return b.hasEnded() || err == nil && time.Since(since) > 700*time.Millisecond
	})
	if b.hasEnded() {
		b.report.Exit = fmt.Sprintf("%d at the start", b.cmd.ProcessState.ExitCode())
	}
	b.report.Listening = slices.DeleteFunc(now, func(s string) bool {
		_, port, _ := strings.Cut(s, " ")
		n, err := strconv.Atoi(port)
		return err == nil && n >= ephemeral && !strings.Contains(b.Config, port)
	})
	return nil
}

func (b *box) hasEnded() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

func (b *box) stop() error {
	if b.report.Exit != "" {
		return nil
	}
	if b.hasEnded() {
		b.report.Exit = fmt.Sprintf("%d by itself", b.cmd.ProcessState.ExitCode())
		return nil
	}
	name := b.option("stop")
	if name == "" {
		name = "TERM"
	}
	b.cmd.Process.Signal(unix.SignalNum("SIG" + name))
	select {
	case <-b.ended:
		b.report.Exit = strconv.Itoa(b.cmd.ProcessState.ExitCode())
	case <-time.After(stopLimit):
		b.report.Exit = "does not end"
		b.cmd.Process.Kill()
		<-b.ended
	}
	until(300*time.Millisecond, func() bool { return false }) // receivers read what is under way
	return nil
}

// changed calls f for all that was made in the box.
func (b *box) changed(f func(path, place string, info fs.FileInfo)) {
	visit := func(root, prefix string) {
		filepath.WalkDir(root, func(place string, d fs.DirEntry, err error) error {
			path := prefix + strings.TrimPrefix(place, root)
			if err != nil || place == root || strings.HasPrefix(path, ownDir) || strings.HasPrefix(path, "/etc/") {
				return nil
			}
			if info, err := os.Lstat(place); err == nil {
				f(path, place, info)
			}
			return nil
		})
	}
	visit(upper, "")
	for _, d := range fresh {
		visit(at(d.path), d.path)
	}
}

func (b *box) observe() error {
	b.report.Files, b.report.Directories = map[string]file{}, map[string]file{}
	b.changed(func(path, place string, info fs.FileInfo) {
		s := info.Sys().(*syscall.Stat_t)
		entry := file{Mode: fs.FileMode(s.Mode & 0o7777), UID: s.Uid, GID: s.Gid}
		_, given := b.Files[path]
		_, appended := b.Appended[path]
		switch {
		case info.IsDir() && !b.before[path]:
			b.report.Directories[path] = entry
		case info.Mode().IsRegular() && !given && !appended:
			data, _ := os.ReadFile(place)
			entry.Data = data[:min(len(data), maxFile)]
			b.report.Files[path] = entry
		}
	})
	got := b.sink.result()
	b.report.Datagrams, b.report.Streams = got.Datagrams, got.Streams
	if out, err := os.ReadFile(at(ownDir + "/stdout")); err == nil {
		lines := slices.DeleteFunc(strings.Split(string(out), "\n"), func(s string) bool { return !mark.MatchString(s) })
		if len(lines) > 0 {
			b.report.Streams["standard output"] = [][]byte{[]byte(strings.Join(lines, "\n"))}
		}
	}
	if b.answer == nil {
		return nil
	}
	var far received
	if err := json.Unmarshal(b.answer(), &far); err != nil {
		return err
	}
	for k, v := range far.Datagrams {
		b.report.Datagrams[k] = v
	}
	for k, v := range far.Streams {
		b.report.Streams[k] = v
	}
	return nil
}

// until waits for a condition, at most so long.
func until(limit time.Duration, condition func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if condition() {
			return true
		}
		<-time.After(50 * time.Millisecond)
	}
	return false
}
