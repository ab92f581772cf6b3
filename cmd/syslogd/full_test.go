package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"syslogd/internal/process"
)

// numbers takes lines over TCP and knows which numbers stood in them.
type numbers struct {
	mu   sync.Mutex
	seen map[string]bool
}

var numberIn = regexp.MustCompile(`number (\d+) `)

func (n *numbers) take(lines io.Reader) {
	in := bufio.NewScanner(lines)
	for in.Scan() {
		if m := numberIn.FindStringSubmatch(in.Text()); m != nil {
			n.mu.Lock()
			n.seen[m[1]] = true
			n.mu.Unlock()
		}
	}
}

func (n *numbers) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.seen)
}

// listen takes lines from whoever connects to the port.
func (n *numbers) listen(t *testing.T, port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	acceptAll(t, ln, func(c net.Conn) { n.take(c) })
}

// acceptAll accepts connections, which stay open, until the test ends. take is called for each
// in a goroutine of its own.
func acceptAll(t *testing.T, ln net.Listener, take func(net.Conn)) {
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go take(c)
		}
	}()
}

// lostBy is how many messages the server counts as lost.
func lostBy(t *testing.T, s *running) int {
	t.Helper()
	m := regexp.MustCompile(`metrics +http://([^/\s]+)`).FindStringSubmatch(s.read("output"))
	if m == nil {
		t.Fatalf("no metrics in: %s", s.read("output"))
	}
	sum, err := process.Metrics{Address: m[1]}.Sum("messages_lost_total", "")
	if err != nil {
		t.Fatal(err)
	}
	return int(sum)
}

// limitFiles has the server's files not grow beyond size, as on a disk that is full, until
// size is unix.RLIM_INFINITY.
func (s *running) limitFiles(size uint64) {
	s.t.Helper()
	limit := &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(s.Process.Pid(), unix.RLIMIT_FSIZE, limit, nil); err != nil {
		s.t.Skipf("the size of the server's files can not be limited: %v", err)
	}
}

// becomes waits until the health is code, with the reason.
func (s *running) becomes(code int, reason string) {
	s.t.Helper()
	var got int
	var text string
	if !poll(func() bool { got, text = healthOf(s.t, s); return got == code && strings.Contains(text, reason) }) {
		s.t.Errorf("health is %d %q, want %d with %q\n%s", got, text, code, reason, s.read("output"))
	}
}

// TestADiskThatIsFull: health says so and why, and when there is room again all that was
// sent is there, or counted as lost.
func TestADiskThatIsFull(t *testing.T) {
	t.Parallel()
	const limit, count = 64 << 10, 4000
	for _, tt := range []struct {
		name, conf, reason string
		// file: what is sent goes to the file log, else to a port where nobody listens
		// while the disk is full.
		file bool
	}{
		{"a file", `action(type="omfile" file="@DIR@/log" template="l")`, "/log", true},
		{"a file that is tried for ever", `action(type="omfile" file="@DIR@/log" template="l" action.resumeRetryCount="-1"
			action.resumeInterval="1" queue.type="LinkedList" queue.size="10000")`, "/log", true},
		{"the main queue", `main_queue(queue.type="Disk" queue.fileName="main" queue.timeoutShutdown="10000")
			action(type="omfwd" target="127.0.0.1" port="@PORT@" protocol="tcp" template="l" action.resumeRetryCount="-1" action.resumeInterval="1")`,
			"queue main Q can not be written to disk", false},
		{"the queue of an action", `action(name="away" type="omfwd" target="127.0.0.1" port="@PORT@" protocol="tcp" template="l" action.resumeRetryCount="-1"
			action.resumeInterval="1" queue.type="LinkedList" queue.fileName="away" queue.size="500" queue.timeoutShutdown="10000")`,
			"queue away queue can not be written to disk", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			s := startServer(t, `global(workDirectory="@DIR@" metrics.listen="127.0.0.1:0") module(load="imtcp")
				input(type="imtcp" name="tcp" address="127.0.0.1" port="0")
				template(name="l" type="string" string="%msg%\n")
				`+strings.ReplaceAll(tt.conf, "@PORT@", port))
			if code, text := healthOf(t, s); code != 200 {
				t.Fatalf("at the start: %d %s", code, text)
			}
			s.limitFiles(limit)
			conn := connect(t, "tcp", s.port("tcp"))
			sent := make(chan error, 1)
			go func() {
				out := bufio.NewWriter(conn)
				for i := range count {
					fmt.Fprintf(out, "<13>Mar  4 10:00:00 h app: number %d of many, %s\n", i, strings.Repeat("x", 100))
				}
				sent <- out.Flush() // it may have to wait
			}()
			s.becomes(503, tt.reason)
			s.limitFiles(unix.RLIM_INFINITY)
			got := &numbers{seen: map[string]bool{}}
			if !tt.file {
				got.listen(t, port)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
			there := func() int {
				if tt.file {
					got.take(strings.NewReader(s.read("log")))
				}
				return got.count()
			}
			s.becomes(200, "")
			if !poll(func() bool { return there()+lostBy(t, s) >= count }) || there()+lostBy(t, s) != count {
				t.Errorf("of %d messages %d arrived and %d are counted as lost\n%s", count, there(), lostBy(t, s), s.read("output"))
			}
			s.stop()
		})
	}
}
