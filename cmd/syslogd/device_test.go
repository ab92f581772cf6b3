package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a device says beside the text, and what an input says about its senders,
// is there when a message comes back from a disk, whatever queue it was in.
func TestDeviceMessagesOutliveAQueueOnDisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, main, ruleset, action, dir string }{
		{"main queue", `main_queue(queue.type="Disk" queue.fileName="kept")`, "", `queue.type="Direct"`, "kept.queue"},
		{"queue of a ruleset", "", `queue.type="Disk" queue.fileName="kept"`, `queue.type="Direct"`, "kept.queue"},
		{"queue of an action", "", "", `queue.type="Disk" queue.fileName="kept"`, "kept.queue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			work, target := t.TempDir(), deadAddress(t)
			host, port, _ := net.SplitHostPort(target)
			conf := fmt.Sprintf(`
global(workDirectory="%s" net.enableDNS="off" parser.devices="on")
%s
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" ruleset="r" hostname="sender" defaultTZ.networks=["127.0.0.0/8=+05:30"])
template(name="said" type="string" string="%%hostname%% %%timereported:::date-rfc3339%% %%$!device!recogniser%% %%$!device!vendor%% %%$!device!mnemonic%% %%$!device!sequence%% %%$!device!fields!type%%\n")
ruleset(name="r" %s) {
  action(type="omfwd" target="%s" port="%s" protocol="tcp" template="said" action.resumeRetryCount="-1" action.resumeInterval="1" %s)
}
`, work, c.main, c.ruleset, host, port, c.action)
			s := startServer(t, conf)
			sendText(t, s.port("imtcp"), strings.Join([]string{
				"<189>77: rtr1: Mar  1 2026 18:48:50: %SYS-5-CONFIG_I: Configured",
				"<189>date=2026-05-03 time=01:02:03 devname=\"fw1\" type=\"event\" x=\"a b\"",
				"<13>2026-05-03T01:02:03Z web1 su: failed", ""}, "\n"))
			dir := filepath.Join(work, c.dir)
			if !poll(func() bool { return spooledIn(t, dir) == 3 }) {
				t.Fatalf("%d messages on disk, want 3", spooledIn(t, dir))
			}
			s.kill()

			to := startSink(t, target)
			s = startServer(t, conf)
			poll(func() bool { return len(to.got()) >= 3 })
			s.stop()
			want := []string{
				"127.0.0.1 2026-03-01T18:48:50+05:30 cisco Cisco SYS-5-CONFIG_I 77 ",
				"127.0.0.1 2026-05-03T01:02:03+05:30 key_value Fortinet   event",
				"127.0.0.1 2026-05-03T01:02:03Z conformant    ",
			}
			got := to.got()
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("\n got  %q\n want %q", got, want)
			}
		})
	}
}

// sendText sends text over one connection.
func sendText(t *testing.T, port, text string) {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}
