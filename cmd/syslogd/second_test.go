package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestASecondServerTakesNothingOfTheFirst: neither unix sockets nor ports, and it says who
// has them, with the line of the configuration, once.
func TestASecondServerTakesNothingOfTheFirst(t *testing.T) {
	t.Parallel()
	places, err := os.MkdirTemp("", "two") // paths of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(places) })
	tcp, udp := freePort(t), freePort(t)
	conf := fmt.Sprintf(`global(metrics.listen="127.0.0.1:0")
module(load="imuxsock" sysSock.use="off") module(load="imptcp") module(load="imtcp") module(load="imudp")
input(type="imuxsock" socket="%[1]s/log")
input(type="imptcp" path="%[1]s/stream")
input(type="imtcp" name="tcp" address="127.0.0.1" port="%[2]s")
input(type="imudp" name="udp" address="127.0.0.1" port="%[3]s")
action(type="omfile" file="@DIR@/out")
`, places, tcp, udp)
	first := startServer(t, conf)
	second := startServer(t, conf)
	who := fmt.Sprintf("used by syslogd, pid %d", first.Pid())
	out := second.read("output")
	if n := strings.Count(out, who); n != 4 {
		t.Errorf("%q stands %d times in: %s", who, n, out)
	}
	for _, line := range []string{"test.conf:3:1: error: ", "  3 | input(type=\"imuxsock\"", "    | ^^^^^"} {
		if strings.Count(out, line) == 0 {
			t.Errorf("no %q in: %s", line, out)
		}
	}
	if code, text := healthOf(t, second); code != 503 || !strings.Contains(text, "nothing is received") {
		t.Errorf("health of the second: %d %s", code, text)
	}
	if code, text := healthOf(t, first); code != 200 {
		t.Errorf("health of the first: %d %s", code, text)
	}
	second.stop()
	for _, name := range []string{"log", "stream"} {
		network := map[string]string{"log": "unixgram", "stream": "unix"}[name]
		conn, err := net.Dial(network, filepath.Join(places, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "<13>Oct 11 22:14:15 app: %s\n", name)
		conn.Close()
	}
	poll(func() bool { return strings.Count(first.read("out"), "\n") == 2 })
	if got := first.read("out"); strings.Count(got, "app: ") != 2 {
		t.Errorf("the first has %q", got)
	}
}
