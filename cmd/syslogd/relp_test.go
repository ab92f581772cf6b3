package main

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// theirs is an installed rsyslogd that can be killed and started again.
type theirs struct {
	t      *testing.T
	dir    string
	cmd    *exec.Cmd
	output strings.Builder
}

// startTheirs starts rsyslogd; @DIR@ in the configuration is its directory.
func startTheirs(t *testing.T, conf string) *theirs {
	t.Helper()
	r := &theirs{t: t, dir: t.TempDir()}
	r.write(conf)
	r.start()
	t.Cleanup(func() {
		r.end(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("output of rsyslogd:\n%s", &r.output)
		}
	})
	return r
}

func (r *theirs) write(conf string) {
	r.t.Helper()
	conf = `global(workDirectory="@DIR@")` + "\n" + conf
	if err := os.WriteFile(filepath.Join(r.dir, "rsyslog.conf"), []byte(strings.ReplaceAll(conf, "@DIR@", r.dir)), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *theirs) start() {
	r.t.Helper()
	os.Remove(filepath.Join(r.dir, "pid"))
	r.cmd = exec.Command(rsyslogd(r.t), "-n", "-f", filepath.Join(r.dir, "rsyslog.conf"), "-i", filepath.Join(r.dir, "pid"))
	r.cmd.Stdout, r.cmd.Stderr = &r.output, &r.output
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *theirs) end(sig syscall.Signal) {
	r.cmd.Process.Signal(sig)
	r.cmd.Wait()
}

// port finds out on which port rsyslogd listens: imrelp does not say so.
func (r *theirs) port() string {
	r.t.Helper()
	port := ""
	if !poll(func() bool { port = listeningPort(r.cmd.Process.Pid); return port != "" }) {
		r.t.Fatal("rsyslogd does not listen")
	}
	return port
}

// listeningPort looks for a socket of the process among those that listen.
func listeningPort(pid int) string {
	table, _ := os.ReadFile("/proc/net/tcp")
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range fds {
		link, _ := os.Readlink(fd)
		inode := strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")
		for _, line := range strings.Split(string(table), "\n") {
			f := strings.Fields(line)
			if len(f) < 10 || f[3] != "0A" || f[9] != inode {
				continue
			}
			_, digits, _ := strings.Cut(f[1], ":")
			n, _ := strconv.ParseUint(digits, 16, 16)
			return strconv.FormatUint(n, 10)
		}
	}
	return ""
}

func (r *theirs) lines() []string { return linesOf(filepath.Join(r.dir, "out.log")) }

func linesOf(file string) []string {
	text, _ := os.ReadFile(file)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// distinct is how many different lines there are: some may come twice.
func distinct(lines []string) int {
	seen := map[string]bool{}
	for _, l := range lines {
		seen[l] = true
	}
	return len(seen)
}

// dial connects to a unix datagram socket as soon as it is there.
func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	var conn net.Conn
	if !poll(func() bool {
		var err error
		conn, err = net.Dial("unixgram", path)
		return err == nil
	}) {
		t.Fatalf("%s is not there", path)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// say sends messages from number from up to to.
func say(t *testing.T, conn net.Conn, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if _, err := fmt.Fprintf(conn, "<139>Mar  4 10:00:00 web1 app: message %d.", i); err != nil {
			t.Fatal(err)
		}
	}
}

var messageLine = regexp.MustCompile(`^local1\.err web1 app: message (\d+)\.$`)

// checkAll compares received lines with the messages 0 to count: each must be
// there and whole, and at most again may have come twice.
func checkAll(t *testing.T, lines []string, count, again int) {
	t.Helper()
	seen := make([]int, count)
	for _, line := range lines {
		m := messageLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("a line that was not sent: %q", line)
			continue
		}
		if n, _ := strconv.Atoi(m[1]); n < count {
			seen[n]++
		}
	}
	var missing []int
	twice := 0
	for i, n := range seen {
		if n == 0 {
			missing = append(missing, i)
		}
		twice += max(n-1, 0)
	}
	if len(missing) > 0 {
		t.Errorf("%d messages are missing, from %d to %d", len(missing), missing[0], missing[len(missing)-1])
	}
	if twice > again {
		t.Errorf("%d messages came twice, at most %d may", twice, again)
	}
	t.Logf("%d lines, %d messages twice", len(lines), twice)
}

const (
	relpLine     = `template(name="line" type="string" string="%syslogfacility-text%.%syslogseverity-text% %hostname% %syslogtag%%msg%\n")` + "\n"
	relpReceiver = `module(load="imrelp" LIB)
input(type="imrelp" address="127.0.0.1" port="PORT" TLS)
` + relpLine + `action(type="omfile" file="@DIR@/out.log" template="line")
`
	ourSender = `module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="@DIR@/in" useSpecialParser="off" parseHostname="on")
module(load="omrelp")
action(type="omrelp" target="127.0.0.1" port="PORT" TLS queue.type="LinkedList" action.resumeRetryCount="-1" action.resumeInterval="1")
`
	// Without queue.timeoutEnqueue rsyslogd throws away a message for every two
	// seconds that its action's queue (1,000 messages) stays full, so for as long
	// as a receiver takes to start again.
	theirSender = `module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="@DIR@/in" useSpecialParser="off" parseHostname="on" rateLimit.interval="0")
module(load="omrelp" LIB)
action(type="omrelp" target="127.0.0.1" port="PORT" TLS queue.type="LinkedList" queue.timeoutEnqueue="600000"
  action.resumeRetryCount="-1" action.resumeInterval="1")
`
)

// relpConf fills the gaps of a configuration.
func relpConf(conf, port, lib, tls string) string {
	return strings.NewReplacer("PORT", port, "LIB", lib, "TLS", tls).Replace(conf)
}

func fingerprint(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	sum := sha1.Sum(block.Bytes)
	pairs := regexp.MustCompile("..").FindAllString(strings.ToUpper(hex.EncodeToString(sum[:])), -1)
	return "SHA1:" + strings.Join(pairs, ":")
}

// relpWays are ways to speak RELP, as parameters of the receiver and the sender.
func relpWays(t *testing.T) []struct{ name, lib, receiver, sender string } {
	c := makeCertificates(t)
	const params = `tls="on" tls.caCert="%s" tls.myCert="%s" tls.myPrivKey="%s" tls.authMode="%s" tls.permittedPeer=["%s"]`
	side := func(own int, mode, peer string) string {
		cert, key := c.serverCert, c.serverKey
		if own == 1 {
			cert, key = c.clientCert, c.clientKey
		}
		return fmt.Sprintf(params, c.ca, cert, key, mode, peer)
	}
	server, client := side(0, "name", "client.example.net"), side(1, "name", "server.example.net")
	return []struct{ name, lib, receiver, sender string }{
		{"plain", "", "", ""},
		{"TLS, gnutls, names", `tls.tlslib="gnutls"`, server, client},
		{"TLS, openssl, names", `tls.tlslib="openssl"`, server, client},
		{"TLS, gnutls, fingerprints", `tls.tlslib="gnutls"`, side(0, "fingerprint", fingerprint(t, c.clientCert)), side(1, "fingerprint", fingerprint(t, c.serverCert))},
	}
}

func TestRsyslogdGetsEachMessageOverRELPOnce(t *testing.T) {
	t.Parallel()
	needDriver(t, "imrelp")
	const count = 2000
	for _, way := range relpWays(t) {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			r := startTheirs(t, relpConf(relpReceiver, "0", way.lib, way.receiver))
			s := startServer(t, relpConf(ourSender, r.port(), way.lib, way.sender))
			say(t, dial(t, s.path("in")), 0, count)
			s.stop() // what was accepted is delivered before the end
			poll(func() bool { return distinct(r.lines()) >= count })
			checkAll(t, r.lines(), count, 0)
		})
	}
}

func TestEachMessageOfRsyslogdOverRELPIsInItsFileOnce(t *testing.T) {
	t.Parallel()
	needDriver(t, "omrelp")
	const count = 2000
	for _, way := range relpWays(t) {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, relpConf(relpReceiver, "0", "", way.receiver))
			r := startTheirs(t, relpConf(theirSender, s.port("imrelp"), way.lib, way.sender))
			say(t, dial(t, filepath.Join(r.dir, "in")), 0, count)
			poll(func() bool { return len(linesOf(s.path("out.log"))) >= count })
			s.stop()
			checkAll(t, linesOf(s.path("out.log")), count, 0)
		})
	}
}

func TestAPeerThatIsNotPermittedGetsNoRELPSession(t *testing.T) {
	t.Parallel()
	c := makeCertificates(t)
	tls := `tls="on" tls.caCert="` + c.ca + `" tls.myCert="` + c.serverCert + `" tls.myPrivKey="` + c.serverKey + `"`
	r := startServer(t, relpConf(relpReceiver, "0", "", tls+` tls.authMode="name" tls.permittedPeer="other.example.net"`))
	s := startServer(t, relpConf(ourSender, r.port("imrelp"), "", strings.NewReplacer(c.serverCert, c.clientCert, c.serverKey, c.clientKey).Replace(tls)))
	say(t, dial(t, s.path("in")), 0, 1)
	if !poll(func() bool { return strings.Contains(r.read("output"), "client.example.net") }) {
		t.Errorf("the refused peer is not named in: %s", r.read("output"))
	}
	r.stop()
	if r.read("out.log") != "" {
		t.Error("the message of a peer that is not permitted was written")
	}
	s.kill() // it would try for ever
}

// With a main queue of type Direct rsyslogd acknowledges what it has written.
func TestNothingIsLostWhenRsyslogdIsKilledAsReceiverOfRELP(t *testing.T) {
	t.Parallel()
	needDriver(t, "imrelp")
	const count, window = 30000, 128
	const direct = `main_queue(queue.type="Direct")` + "\n"
	r := startTheirs(t, direct+relpConf(relpReceiver, "0", "", ""))
	port := r.port()
	r.write(direct + relpConf(relpReceiver, port, "", ""))
	s := startServer(t, relpConf(ourSender, port, "", ""))
	conn := dial(t, s.path("in"))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		say(t, conn, 0, count)
	}()
	kills := 0
	for _, at := range []int{1000, 10000, 20000} {
		poll(func() bool { return len(r.lines()) > at })
		if len(r.lines()) < count {
			kills++
		}
		r.end(syscall.SIGKILL)
		r.start()
	}
	<-sent
	poll(func() bool { return distinct(r.lines()) >= count })
	s.stop()
	checkAll(t, whole(r.lines()), count, kills*window)
	if kills == 0 {
		t.Error("all messages were there before rsyslogd was killed")
	}
}

// whole leaves out what a killed writer has left of a line.
func whole(lines []string) []string {
	var out []string
	for _, line := range lines {
		if i := strings.LastIndex(line, "local1.err"); i > 0 {
			line = line[i:]
		}
		out = append(out, line)
	}
	return out
}

// A sender that is killed has its own queue to answer for. Here counts that the
// receiver takes part of no frame for a message, and serves the next session.
func TestASenderOfRELPThatIsKilledLeavesOnlyWholeMessages(t *testing.T) {
	t.Parallel()
	needDriver(t, "omrelp")
	const count = 5000
	s := startServer(t, relpConf(relpReceiver, "0", "", ""))
	r := startTheirs(t, relpConf(theirSender, s.port("imrelp"), "", ""))
	conn := dial(t, filepath.Join(r.dir, "in"))
	go func() {
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(conn, "<139>Mar  4 10:00:00 web1 app: message %d.", i+count); err != nil {
				return
			}
		}
	}()
	poll(func() bool { return len(linesOf(s.path("out.log"))) > 1000 })
	r.end(syscall.SIGKILL)
	r.start()
	again := dial(t, filepath.Join(r.dir, "in"))
	say(t, again, 0, count)
	poll(func() bool { return strings.Contains(s.read("out.log"), fmt.Sprintf("message %d.\n", count-1)) })
	s.stop()
	lines := linesOf(s.path("out.log"))
	sort.Strings(lines)
	checkAll(t, lines, count, 0)
}

// A receiver that is stopped in order answers for what it has, and only that.
func TestARestartOfTheReceiverOfRELPRepeatsNothing(t *testing.T) {
	t.Parallel()
	needDriver(t, "omrelp")
	const count = 20000
	first := startServer(t, relpConf(relpReceiver, "0", "", ""))
	port := first.port("imrelp")
	r := startTheirs(t, relpConf(theirSender, port, "", ""))
	conn := dial(t, filepath.Join(r.dir, "in"))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		say(t, conn, 0, count)
	}()
	poll(func() bool { return len(linesOf(first.path("out.log"))) > 1000 })
	first.stop()
	lines := linesOf(first.path("out.log"))
	second := startServer(t, relpConf(relpReceiver, port, "", ""))
	<-sent
	poll(func() bool { return strings.Contains(second.read("out.log"), fmt.Sprintf("message %d.\n", count-1)) })
	second.stop()
	if len(lines) >= count {
		t.Error("all messages were there before the receiver was stopped")
	}
	checkAll(t, append(lines, linesOf(second.path("out.log"))...), count, 0)
}

// The relay acknowledges what is on its disk, and forgets what the next server
// has acknowledged.
func TestNothingIsLostWhenARelayOverRELPIsKilled(t *testing.T) {
	t.Parallel()
	needDriver(t, "imrelp")
	const count, again = 20000, 4096
	last := startTheirs(t, `main_queue(queue.type="Direct")`+"\n"+relpConf(relpReceiver, "0", "", ""))
	dir := t.TempDir()
	relay := func(port string) string {
		return relpConf(`global(workDirectory="`+dir+`")
main_queue(queue.type="Disk" queue.fileName="main")
module(load="omrelp")
module(load="imrelp")
input(type="imrelp" address="127.0.0.1" port="PORT")
`, port, "", "") + relpConf(`action(type="omrelp" target="127.0.0.1" port="PORT" queue.type="Direct" action.resumeRetryCount="-1" action.resumeInterval="1")
`, last.port(), "", "")
	}
	s := startServer(t, relay("0"))
	port := s.port("imrelp")
	first := startTheirs(t, relpConf(theirSender, port, "", ""))
	conn := dial(t, filepath.Join(first.dir, "in"))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		say(t, conn, 0, count)
	}()
	kills := 0
	for _, at := range []int{1000, 8000, 14000} {
		poll(func() bool { return len(last.lines()) > at })
		if len(last.lines()) < count {
			kills++
		}
		s.kill()
		s = startServer(t, relay(port))
	}
	<-sent
	poll(func() bool { return distinct(last.lines()) >= count })
	s.stop()
	checkAll(t, last.lines(), count, kills*again)
	if kills == 0 {
		t.Error("all messages were there before the relay was killed")
	}
}
