// Package holder knows who has a place that a server wants to listen on: a port, or the
// path of a unix socket. A second server must not take what the first one listens on.
package holder

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// InUse says that somebody listens on a path.
type InUse struct{ Path, Who string }

func (e *InUse) Error() string {
	if e.Who == "" {
		return e.Path + " is used by another process"
	}
	return e.Path + " is used by " + e.Who
}

// Is makes it an EADDRINUSE.
func (e *InUse) Is(target error) bool { return target == unix.EADDRINUSE }

const (
	// freeWait is how long a server that is just ending is waited for.
	freeWait  = time.Second
	freeRetry = 20 * time.Millisecond
)

// Free removes what is at path, so that a socket can be made there, unless somebody
// listens on it. kind is unix.SOCK_DGRAM or unix.SOCK_STREAM. Unlike rsyslogd, which
// takes the socket of a server that runs, and leaves that one deaf.
//
// A symbolic link is removed, wherever it leads to. If something can not be removed
// bind(2) says why.
func Free(path string, kind int) error {
	for until := time.Now().Add(freeWait); live(path, kind); time.Sleep(freeRetry) {
		if time.Now().After(until) {
			return &InUse{path, ofPath(path)}
		}
	}
	unix.Unlink(path)
	return nil
}

// live reports whether somebody listens on the socket at path.
func live(path string, kind int) bool {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSocket == 0 {
		return false
	}
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	// EPROTOTYPE is a socket of another kind, EAGAIN one with many connections.
	return err == nil || errors.Is(err, unix.EPROTOTYPE) || errors.Is(err, unix.EAGAIN)
}

// Own is the file of a socket that this process made.
type Own struct {
	path string
	info fs.FileInfo
}

// Claim remembers the file of a socket that was just made.
func Claim(path string) (*Own, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	return &Own{path, info}, nil
}

// Remove removes the file if it is still the same one: a server that was started
// meanwhile keeps its own. It is for before the socket is closed: as long as it is open
// no other file has its inode number.
func (o *Own) Remove() error {
	if o == nil {
		return nil
	}
	if now, err := os.Lstat(o.path); err != nil || !os.SameFile(now, o.info) {
		return nil
	}
	return os.Remove(o.path)
}

// Why explains what an error of listening means and who has the place; "" if there is
// nothing to add.
func Why(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) || op.Addr == nil {
		return ""
	}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		if who := ofAddr(op.Addr); who != "" {
			return "used by " + who
		}
		return "another process uses it"
	case errors.Is(err, unix.EACCES) && port(op.Addr) > 0 && port(op.Addr) < 1024:
		return "a port below 1024 needs root, or CAP_NET_BIND_SERVICE"
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return "no network interface has this address"
	}
	return ""
}

func port(a net.Addr) int {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.Port
	case *net.UDPAddr:
		return a.Port
	}
	return 0
}

func ofAddr(a net.Addr) string {
	if u, ok := a.(*net.UnixAddr); ok {
		return ofPath(u.Name)
	}
	// The state of what is listened on: TCP_LISTEN, and TCP_CLOSE for UDP.
	state := map[string]string{"tcp": "0A", "udp": "07"}[a.Network()]
	suffix := fmt.Sprintf(":%04X", port(a))
	for _, family := range []string{"", "6"} {
		// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
		who := find("/proc/net/"+a.Network()+family, 10, 9, func(w []string) bool {
			return strings.HasSuffix(w[1], suffix) && w[3] == state
		})
		if who != "" {
			return who
		}
	}
	return ""
}

func ofPath(path string) string {
	// Num RefCount Protocol Flags Type St Inode Path
	return find("/proc/net/unix", 8, 6, func(w []string) bool { return w[7] == path })
}

// find names who has a socket of a table: of a line with at least n words that is wanted,
// with its inode in word i. A connection that nobody has accepted belongs to nobody.
func find(table string, n, i int, wanted func(words []string) bool) string {
	f, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		words := strings.Fields(s.Text())
		if len(words) < n || !wanted(words) {
			continue
		}
		if who := ofInode(words[i]); who != "" {
			return who
		}
	}
	return ""
}

// ofInode names the process that has a socket open: "rsyslogd, pid 812".
func ofInode(inode string) string {
	if inode == "" || inode == "0" {
		return ""
	}
	want := "socket:[" + inode + "]"
	pids, err := os.ReadDir("/proc")
	if err != nil {
		return ""
	}
	for _, p := range pids {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join("/proc", p.Name(), "fd")
		fds, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			if to, err := os.Readlink(filepath.Join(dir, fd.Name())); err == nil && to == want {
				return Process(pid)
			}
		}
	}
	return ""
}

// Process names a process.
func Process(pid int) string {
	if pid == os.Getpid() {
		return "this server itself"
	}
	name, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	if err != nil {
		return fmt.Sprintf("pid %d", pid)
	}
	return fmt.Sprintf("%s, pid %d", strings.TrimSpace(string(name)), pid)
}
