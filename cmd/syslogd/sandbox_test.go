package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestInASandbox: as under a systemd unit with User=, NoNewPrivileges=, an empty
// CapabilityBoundingSet=, ProtectSystem=strict and ReadWritePaths= the server starts, reads
// and writes, reopens its files and ends, and misses nothing.
func TestInASandbox(t *testing.T) {
	t.Parallel()
	needRoot(t)
	uid := userID(t, dropTarget)
	dir := openDir(t, uid)
	const own = `chmod -f 644 test.conf; mount --bind log log && mount -o remount,bind,ro / && exec setpriv --reuid ` + dropTarget +
		` --clear-groups --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs "$@"`
	if out, err := exec.CommandContext(t.Context(), "unshare", "-m", "sh", "-c", "cd "+dir+" && "+own, "sh", "true").CombinedOutput(); err != nil {
		t.Skipf("%s: not run, a read-only root and setpriv do not work here: %s", t.Name(), out)
	}
	s := startServerIn(t, dir, `global(workDirectory="@DIR@/log" metrics.listen="127.0.0.1:0")
		module(load="imudp") module(load="imuxsock" sysSock.use="off") module(load="impstats" interval="1" log.syslog="off" log.file="@DIR@/log/stats")
		input(type="imudp" name="udp" address="127.0.0.1" port="0")
		input(type="imuxsock" socket="@DIR@/log/s")
		main_queue(queue.type="Disk" queue.fileName="q")
		action(type="omfile" file="@DIR@/log/out")`, "unshare", "-m", "sh", "-c", own, "sh")
	if caps := s.Status("CapBnd"); strings.Trim(caps, "0") != "" {
		t.Errorf("it has the capabilities %s", caps)
	}
	sendTo(t, s, "<13>Oct 11 22:14:15 host app: one")
	poll(func() bool { return strings.Contains(s.read("log/out"), "one") })
	if err := s.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	sendTo(t, s, "<13>Oct 11 22:14:15 host app: two")
	poll(func() bool { return strings.Contains(s.read("log/out"), "two") })
	if code, text := healthOf(t, s); code != 200 {
		t.Errorf("health %d %s", code, text)
	}
	s.stop()
	if got := s.read("log/out"); !strings.Contains(got, "one") || !strings.Contains(got, "two") {
		t.Errorf("got %q", got)
	}
	ofUser(t, uid, filepath.Join(dir, "log"))
	for line := range strings.Lines(s.read("output")) {
		if strings.Contains(line, "error") || strings.Contains(line, "warning") {
			t.Errorf("it says %q", line)
		}
	}
}
