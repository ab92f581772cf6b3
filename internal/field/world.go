package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

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
