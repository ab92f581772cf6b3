package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// sink takes lines over TCP, on a port that was found free before.
type sink struct {
	mu    sync.Mutex
	lines []string
	conns []net.Conn
	l     net.Listener
	wait  sync.WaitGroup
}

// startSink listens on addr until the test ends.
func startSink(t *testing.T, addr string) *sink {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{l: l}
	s.wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.wait.Go(func() { s.read(conn) })
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *sink) read(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		s.mu.Lock()
		s.lines = append(s.lines, lines.Text())
		s.mu.Unlock()
	}
}

func (s *sink) stop() {
	s.l.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wait.Wait()
}

func (s *sink) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}

// deadAddress is one that nobody listens on, so far.
func deadAddress(t *testing.T) string {
	t.Helper()
	return "127.0.0.1:" + freePort(t)
}

func forwarding(target, queue string) string {
	host, port, _ := net.SplitHostPort(target)
	return fmt.Sprintf(`
global(workDirectory="%%s")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
template(name="text" type="string" string="%%%%msg:2:$%%%%\n")
action(type="omfwd" target="%s" port="%s" protocol="tcp" template="text" action.resumeRetryCount="-1" action.resumeInterval="1" %s)
`, host, port, queue)
}

// spooledIn is the number of messages in a queue's directory, as the program says.
func spooledIn(t *testing.T, dir string) int {
	out, err := exec.Command("syslogd", "queue", dir).CombinedOutput()
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(out)) {
		n := 0
		if _, err := fmt.Sscanf(line, "waiting %d", &n); err == nil {
			return n
		}
	}
	t.Logf("syslogd queue: %s", out)
	return -1
}

// waitsIn reports whether a message with this end waits in a queue's directory.
func waitsIn(dir, end string) bool {
	out, _ := exec.Command("syslogd", "queue", "--export", dir).Output()
	return bytes.Contains(out, []byte(end+`"`))
}

// sendLines sends messages first to end-1 over one connection.
func sendLines(t *testing.T, port string, first, end int) {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := bufio.NewWriter(conn)
	for i := first; i < end; i++ {
		fmt.Fprintf(w, "<13>Oct 11 22:14:15 web1 app: number %d\n", i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestAKilledServerLosesNothingOfItsDiskQueue(t *testing.T) {
	t.Parallel()
	const count = 20000
	work, target := t.TempDir(), deadAddress(t)
	conf := fmt.Sprintf(forwarding(target, `queue.type="Disk" queue.fileName="fwd"`), work)
	s := startServer(t, conf)
	sendLines(t, s.port("imtcp"), 0, count)
	dir := filepath.Join(work, "fwd.queue")
	if !poll(func() bool { return spooledIn(t, dir) == count }) {
		t.Fatalf("%d messages on disk, want %d", spooledIn(t, dir), count)
	}
	s.kill()

	to := startSink(t, target)
	s = startServer(t, conf)
	poll(func() bool { return len(to.got()) >= count })
	s.stop()
	checkNumbers(t, to.got(), count, 0)
	if _, err := os.Stat(dir); err == nil {
		t.Error("the files of an empty queue are left")
	}
}

// inKernel is how many bytes of TCP connections to a port of 127.0.0.1 the kernel
// holds: for the sender, and for the receiver.
func inKernel(t *testing.T, port string) (unsent, unread int) {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(port)
	address := fmt.Sprintf("0100007F:%04X", n)
	for line := range strings.Lines(string(table)) {
		var slot, local, remote, state string
		var tx, rx int
		if _, err := fmt.Sscanf(line, "%s %s %s %s %x:%x", &slot, &local, &remote, &state, &tx, &rx); err != nil || state != "01" {
			continue
		}
		switch address {
		case remote:
			unsent += tx
		case local:
			unread += rx
		}
	}
	return unsent, unread
}

// A connection is full, the other side ends it without having read, and the server is
// killed: what it had taken from the disk and given to the kernel is sent by the next one.
func TestAKilledServerLosesNothingThatHasNotArrived(t *testing.T) {
	t.Parallel()
	for name, queues := range map[string][2]string{
		"the queue of the action":  {`queue.type="Disk" queue.fileName="fwd"`, ``},
		"the queue in front of it": {`queue.type="Direct"`, `main_queue(queue.type="Disk" queue.fileName="main")`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resetAndKilled(t, queues[0], queues[1])
		})
	}
}

func resetAndKilled(t *testing.T, queue, mainQueue string) {
	const count = 5000
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	target := l.Addr().String()
	_, port, _ := net.SplitHostPort(target)
	work, total := t.TempDir(), 0
	for i := range count {
		total += len(fmt.Sprintf("number %d\n", i))
	}
	conf := fmt.Sprintf(forwarding(target, queue), work) + mainQueue
	s := startServer(t, conf)
	sendLines(t, s.port("imtcp"), 0, count)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	unsent, unread := 0, 0
	if !poll(func() bool { unsent, unread = inKernel(t, port); return unsent+unread == total }) {
		t.Fatalf("%d and %d bytes are in the kernel, want %d", unsent, unread, total)
	}
	c.Close()
	l.Close()
	s.kill()

	to := startSink(t, target)
	s = startServer(t, conf)
	var got []string
	if !poll(func() bool { got = to.got(); return slices.Contains(got, fmt.Sprintf("number %d", count-1)) }) {
		t.Fatalf("%d messages were sent again, the last one is missing", len(got))
	}
	s.stop()
	var first int
	fmt.Sscanf(got[0], "number %d", &first)
	if len(strings.Join(got, "\n"))+1 < unsent || first+len(got) != count {
		t.Errorf("%d messages from %d on were sent again, %d bytes had not arrived", len(got), first, unsent)
	}
}

// A target that does not read keeps its own messages on disk, not those of the queue in
// front of its own.
func TestABlockedTargetHoldsOnlyItsOwnDiskQueue(t *testing.T) {
	t.Parallel()
	work := t.TempDir()
	s := startServer(t, fmt.Sprintf(`
global(workDirectory="%s")
main_queue(queue.type="Disk" queue.fileName="main")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
template(name="text" type="string" string="%%msg:2:$%%\n")
if $msg contains "number" then {
  action(name="fwd" type="omfwd" target="127.0.0.1" port="%s" protocol="tcp" template="text")
  action(type="omfile" file="@DIR@/local.log" template="text")
}
`, work, blockedTarget(t)))
	const count = 5000
	sendLines(t, s.port("imtcp"), 0, count)
	if !poll(func() bool { return strings.Count(s.read("local.log"), "\n") == count }) {
		t.Fatalf("%d of %d messages are in the local file", strings.Count(s.read("local.log"), "\n"), count)
	}
	in := func(queue string) int { return spooledIn(t, filepath.Join(work, queue+".queue")) }
	if !poll(func() bool { return in("main") == 0 }) {
		t.Errorf("%d messages are left in the main queue", in("main"))
	}
	if n := in("fwd"); n < count/2 {
		t.Errorf("only %d of %d messages, which have not arrived, are in the queue of the action", n, count)
	}
	s.kill()
}

// The server's own messages go to the queue that some of them are about.
func TestAFullQueueThatReportsToItselfGoesOn(t *testing.T) {
	t.Parallel()
	const count = 2000
	target := deadAddress(t)
	conf := forwarding(target, `queue.type="Direct"`) + `main_queue(queue.type="Disk" queue.fileName="main" queue.maxDiskSpace="20k")`
	conf = strings.Replace(conf, "global(", `global(processInternalMessages="on" `, 1)
	s := startServer(t, fmt.Sprintf(conf, t.TempDir()))
	sendLines(t, s.port("imtcp"), 0, count)
	if !poll(func() bool { return strings.Contains(s.read("output"), "can not be written to disk") }) {
		t.Fatalf("the queue did not fill: %s", s.read("output"))
	}
	to := startSink(t, target)
	last := fmt.Sprintf("number %d", count-1)
	poll(func() bool { return slices.Contains(to.got(), last) })
	s.stop()
	numbers := slices.DeleteFunc(to.got(), func(line string) bool { return !strings.HasPrefix(line, "number ") })
	checkNumbers(t, numbers, count, 0)
}

// A server that is killed while it delivers sends what was not confirmed again,
// and nothing else. A batch has no fewer messages than came in at once: up to 1024. On a
// loaded machine the acknowledgement of one comes when the next two are on their way.
func TestAServerKilledWhileItDeliversRepeatsTheLastBatchesOnly(t *testing.T) {
	t.Parallel()
	const count = 20000
	work, target := t.TempDir(), deadAddress(t)
	conf := fmt.Sprintf(forwarding(target, `queue.type="Disk" queue.fileName="fwd" queue.dequeueBatchSize="500" queue.dequeueSlowDown="20"`), work)
	to := startSink(t, target)
	s := startServer(t, conf)
	sendLines(t, s.port("imtcp"), 0, count)
	poll(func() bool { return len(to.got()) > 6000 })
	// The server has all when it has the last one on disk: until then others may be in
	// memory. Numbers do not say so, what is delivered and not confirmed counts twice.
	dir, last := filepath.Join(work, "fwd.queue"), fmt.Sprintf("number %d", count-1)
	if !poll(func() bool { return waitsIn(dir, last) || slices.Contains(to.got(), last) }) {
		t.Fatalf("%d messages are on disk, %d have come, the last one has not", spooledIn(t, dir), len(to.got()))
	}
	s.kill()
	s = startServer(t, conf)
	poll(func() bool { return spooledIn(t, dir) == 0 && slices.Contains(to.got(), last) })
	s.stop()
	checkNumbers(t, to.got(), count, 3*1024)
}

func TestAStoppedServerDeliversEachMessageOnce(t *testing.T) {
	t.Parallel()
	const count = 5000
	for _, queue := range []string{`queue.type="Disk"`, `queue.type="LinkedList" queue.size="10000"`, `queue.type="LinkedList" queue.size="200"`} {
		t.Run(queue, func(t *testing.T) {
			t.Parallel()
			work, target := t.TempDir(), deadAddress(t)
			conf := fmt.Sprintf(forwarding(target, queue+` queue.fileName="fwd"`), work)
			s := startServer(t, conf)
			sendLines(t, s.port("imtcp"), 0, count)
			s.stop()
			s = startServer(t, conf) // nothing can be delivered here, too
			s.stop()
			to := startSink(t, target)
			s = startServer(t, conf)
			poll(func() bool { return len(to.got()) >= count })
			s.stop()
			checkNumbers(t, to.got(), count, 0)
		})
	}
}

// checkNumbers checks that each number came, in order but for at most twice that
// came a second time.
func checkNumbers(t *testing.T, lines []string, count, twice int) {
	t.Helper()
	seen := make([]bool, count)
	repeated, last := 0, -1
	for _, line := range lines {
		n := 0
		if _, err := fmt.Sscanf(line, "number %d", &n); err != nil || n >= count {
			t.Fatalf("got %q", line)
		}
		if seen[n] {
			repeated++
		} else if n < last {
			t.Fatalf("message %d came behind %d", n, last)
		}
		seen[n] = true
		last = max(last, n)
	}
	lost := 0
	for _, s := range seen {
		if !s {
			lost++
		}
	}
	if lost > 0 || repeated > twice {
		t.Errorf("%d messages lost, %d came twice; want none lost, %d twice at most", lost, repeated, twice)
	}
}
