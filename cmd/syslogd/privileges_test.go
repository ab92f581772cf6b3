package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// dropTarget is the user that servers of the tests become.
const dropTarget = "nobody"

// needRoot skips a test that root alone can make, and says so.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skipf("%s: not run, it has to be root to become another user", t.Name())
	}
}

func userID(t *testing.T, name string) int {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Skipf("%s: not run, there is no user %s", t.Name(), name)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

// openDir is a directory that any user reaches, with a directory log of the user.
func openDir(t *testing.T, uid int) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(dir, "log")
	if err := os.Mkdir(log, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(log, uid, -1); err != nil {
		t.Fatal(err)
	}
	return dir
}

// everyFile makes the server write one file of each kind.
const everyFile = `
global(workDirectory="@DIR@/work" operatingStateFile="@DIR@/log/operating" %s)
module(load="imudp") module(load="imfile") module(load="omprog")
module(load="impstats" interval="1" log.syslog="off" log.file="@DIR@/log/stats")
main_queue(queue.type="Disk" queue.fileName="main" queue.checkpointInterval="1" queue.timeoutShutdown="10000")
input(type="imudp" name="udp" address="127.0.0.1" port="0")
input(type="imfile" file="@DIR@/read" tag="read:")
dyn_stats(name="counts" persistStateInterval="1")
set $.n = dyn_inc("counts", "key");
action(type="omfile" file="@DIR@/log/all" template="RSYSLOG_TraditionalFileFormat"
       queue.type="LinkedList" queue.fileName="own" queue.spoolDirectory="@DIR@/spool" queue.timeoutShutdown="10000")
action(type="omfile" file="@DIR@/log/no/dir" createDirs="off" action.errorFile="@DIR@/log/errors" action.resumeRetryCount="0")
action(type="omprog" binary="/bin/cat" output="@DIR@/log/program")
`

// sendAndStop sends count messages with the mark, one when the one before it is in the file,
// and stops the server when all its files have something.
func sendAndStop(t *testing.T, s *running, mark string, count int) {
	t.Helper()
	conn, err := net.Dial("udp", "127.0.0.1:"+s.port("udp"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range count {
		fmt.Fprintf(conn, "<13>Oct 11 22:14:15 host app: %s %d", mark, i)
		poll(func() bool { return strings.Count(s.read("log/all"), mark) > i })
	}
	if got := strings.Count(s.read("log/all"), mark); got != count {
		t.Errorf("%d of %d messages of %s were written: %s", got, count, mark, s.read("output"))
	}
	poll(func() bool {
		for _, name := range []string{"log/stats", "log/errors", "log/program"} {
			if s.read(name) == "" {
				return false
			}
		}
		return true
	})
	s.stop()
}

func TestFilesBelongToTheUserThatTheServerBecomes(t *testing.T) {
	t.Parallel()
	needRoot(t)
	uid := userID(t, dropTarget)
	for _, tt := range []struct {
		name  string
		first bool // an earlier server ran as root
	}{{"first start", false}, {"root's files are there", true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := openDir(t, uid)
			if err := os.WriteFile(filepath.Join(dir, "read"), []byte("a line\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if tt.first {
				sendAndStop(t, startServerIn(t, dir, fmt.Sprintf(everyFile, "")), "asroot", 20)
			}
			sendAndStop(t, startServerIn(t, dir, fmt.Sprintf(everyFile, `privDrop.user.name="`+dropTarget+`"`)), "asuser", 20)
			ofUser(t, uid, filepath.Join(dir, "log"), filepath.Join(dir, "work"), filepath.Join(dir, "spool", "own.queue"))
			if out, _ := os.ReadFile(filepath.Join(dir, "output")); strings.Contains(string(out), "permission denied") {
				t.Errorf("something could not be written: %s", out)
			}
		})
	}
}

// ofUser checks who owns the trees. A queue may have removed its directory.
func ofUser(t *testing.T, uid int, trees ...string) {
	t.Helper()
	for _, tree := range trees {
		filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return nil
			}
			if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != uid {
				t.Errorf("%s belongs to %d, want %d", path, owner, uid)
			}
			return nil
		})
	}
}

// TestGroupsOfTheUserThatTheServerBecomes has what rsyslogd 8.2302 does with each
// configuration. The server is started with the groups 4 and 20.
func TestGroupsOfTheUserThatTheServerBecomes(t *testing.T) {
	t.Parallel()
	needRoot(t)
	uid := userID(t, dropTarget)
	const user, group = `privDrop.user.name="` + dropTarget + `"`, `privDrop.group.id="1"`
	for _, tt := range []struct{ name, conf, gid, groups string }{
		{"user", user, "0", "0 54321"},
		{"user and group", user + " " + group, "1", "1 54321"},
		{"group", group, "1", ""},
		{"group, others kept", group + ` privDrop.group.keepSupplemental="on"`, "1", "4 20"},
		{"user and group, others kept", user + " " + group + ` privDrop.group.keepSupplemental="on"`, "1", "1 54321"},
		{"no name", `privDrop.user.id="47110"`, "0", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if exec.CommandContext(t.Context(), "unshare", "-m", "setpriv", "true").Run() != nil {
				t.Skipf("%s: not run, unshare -m and setpriv do not work here", t.Name())
			}
			dir := openDir(t, uid)
			groups, err := os.ReadFile("/etc/group")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "group"), fmt.Appendf(groups, "more:x:54321:daemon,%s\n", dropTarget), 0o644); err != nil {
				t.Fatal(err)
			}
			// A mount of its own, so that the machine's groups stay as they are.
			const own = `mount --bind group /etc/group && exec setpriv --groups 4,20 "$@"`
			s := startServerIn(t, dir, fmt.Sprintf(everyFile, tt.conf), "unshare", "-m", "sh", "-c", own, "sh")
			if got := numbersOf(s.Status("Groups")); got != tt.groups {
				t.Errorf("groups %q, want %q", got, tt.groups)
			}
			if got := strings.Fields(s.Status("Gid"))[0]; got != tt.gid {
				t.Errorf("gid %s, want %s", got, tt.gid)
			}
		})
	}
}

// numbersOf puts the numbers of a field in order.
func numbersOf(field string) string {
	words := strings.Fields(field)
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return strings.Join(words, " ")
}
