package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"syslogd/internal/process"
)

// freePort returns a port that nobody uses at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// blockedTarget accepts connections and never reads. Its buffers are small.
func blockedTarget(t *testing.T) string {
	t.Helper()
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 2048) })
	}}
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	acceptAll(t, ln, func(net.Conn) {})
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

func TestABlockedTargetDoesNotStopLocalLogging(t *testing.T) {
	t.Parallel()
	for name, forward := range map[string]string{
		"with its own queue":     "",
		"watched by another one": `action(type="omfile" file="@DIR@/instead.log" template="line" action.execOnlyWhenPreviousIsSuspended="on")`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, `
module(load="builtin:omfwd" ioBuffer.maxSize="4096")
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="127.0.0.1" port="0" rcvbufSize="4m")
input(type="imtcp" address="127.0.0.1" port="0")
template(name="line" type="string" string="%msg%\n")
action(type="omfwd" target="127.0.0.1" port="`+blockedTarget(t)+`" protocol="tcp" action.resumeInterval="60")
`+forward+`
action(type="omfile" file="@DIR@/local.log" template="line")
`)
			udp, tcp := connect(t, "udp", s.port("imudp")), connect(t, "tcp", s.port("imtcp"))
			var want []string
			for i := range 400 {
				text := fmt.Sprintf("message %d %s", i, strings.Repeat("x", 500))
				fmt.Fprintf([]net.Conn{udp, tcp}[i%2], "<13>Mar  4 10:00:00 h app:%s\n", text)
				want = append(want, text)
			}
			if !poll(func() bool { return strings.Count(s.read("local.log"), "\n") >= len(want) }) {
				t.Errorf("only %d of %d messages are in the local file", strings.Count(s.read("local.log"), "\n"), len(want))
			}
			if forward != "" && s.read("instead.log") == "" {
				t.Error("the next action did not take over")
			}
			s.kill()
		})
	}
}

func connect(t *testing.T, network, port string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A receiver is stopped and started again while messages flow. Each arrives.
func TestAReceiverThatIsRestartedUnderLoadMissesNothing(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	receiver := func() *running {
		return startServer(t, `
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="`+port+`")
template(name="line" type="string" string="%msg%\n")
action(type="omfile" file="`+dir+`/got.log" template="line")
`)
	}
	r := receiver()
	sender := startServer(t, `
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
action(type="omfwd" target="127.0.0.1" port="`+port+`" protocol="tcp" action.resumeRetryCount="-1" action.resumeInterval="1"
  queue.type="LinkedList" queue.size="100000")
`)
	const total, restarts = 60000, 3
	written := make(chan error, 1)
	progress := make(chan int, restarts)
	go func() {
		c := bufio.NewWriter(connect(t, "tcp", sender.port("imtcp")))
		for i := range total {
			fmt.Fprintf(c, "<13>Mar  4 10:00:00 h app:%d\n", i)
			if i%(total/(restarts+1)) == total/(restarts+1)-1 && i < total-1 {
				c.Flush()
				progress <- i
			}
		}
		written <- c.Flush()
	}()
	for range restarts {
		<-progress
		r.stop()
		r = receiver()
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	count := func() (different, lines int) {
		text, _ := os.ReadFile(dir + "/got.log")
		seen := map[string]bool{}
		for line := range strings.Lines(string(text)) {
			seen[line] = true
			lines++
		}
		return len(seen), lines
	}
	deadline := time.Now().Add(time.Minute)
	for different, _ := count(); different < total && time.Now().Before(deadline); different, _ = count() {
		poll(func() bool { n, _ := count(); return n >= total })
	}
	different, lines := count()
	if different != total {
		t.Errorf("%d of %d messages arrived", different, total)
	}
	t.Logf("%d lines for %d messages", lines, total)
}

// The chain of the manual: each action runs only while the one before fails.
func TestAFailoverChainOfLegacyLines(t *testing.T) {
	t.Parallel()
	dead := []string{freePort(t), freePort(t)}
	s := startServer(t, `
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
$template line,"%msg%\n"
$ActionResumeInterval 3600
*.* @@127.0.0.1:`+dead[0]+`
$ActionExecOnlyWhenPreviousIsSuspended on
& @@127.0.0.1:`+dead[1]+`
& @DIR@/last.log;line
& @DIR@/never.log;line
$ActionExecOnlyWhenPreviousIsSuspended off
& @DIR@/all.log;line
`)
	c := connect(t, "tcp", s.port("imtcp"))
	want := []string{"one", "two", "three"}
	for _, text := range want {
		fmt.Fprintf(c, "<13>Mar  4 10:00:00 h app:%s\n", text)
	}
	poll(func() bool { return strings.Count(s.read("all.log"), "\n") >= len(want) })
	s.holds("last.log", want)
	if got := s.read("all.log"); got != "one\ntwo\nthree\n" {
		t.Errorf("all.log has %q", got)
	}
	if got := s.read("never.log"); got != "" {
		t.Errorf("never.log has %q", got)
	}
}

func TestMessagesThatAreGivenUpAreInTheErrorFileOfTheAction(t *testing.T) {
	t.Parallel()
	s := startServer(t, `
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0")
template(name="line" type="string" string="%msg%/\n")
action(name="central" type="omfwd" target="127.0.0.1" port="`+freePort(t)+`" protocol="tcp" template="line"
       action.errorFile="@DIR@/errors" action.errorFile.maxSize="10k")
`)
	c := connect(t, "tcp", s.port("imtcp"))
	fmt.Fprint(c, "<13>Mar  4 10:00:00 h app:one\n<13>Mar  4 10:00:00 h app:two\n")
	if !poll(func() bool { return strings.Count(s.read("errors"), "\n") == 2 }) {
		t.Fatalf("the error file has %q", s.read("errors"))
	}
	if got, want := s.read("errors"), `{ "action": "central", "status": -2007, "template0": "one\/\n", "reason": "`; !strings.HasPrefix(got, want) || !strings.Contains(got, "connection refused") {
		t.Errorf("the error file has %q, want first %q", got, want)
	}
}

// Inputs whose time to stop is over do not wait for a queue any more. What they still
// read is kept all the same: nobody else has it.
func TestWhatComesWhenTheInputsTimeIsOverIsKept(t *testing.T) {
	t.Parallel()
	for name, conf := range map[string]string{
		"in memory":                   `action(type="omfile" file="@DIR@/out.log" template="line")`,
		"the action has its queue":    `action(type="omfile" file="@DIR@/out.log" template="line" queue.type="LinkedList" queue.timeoutShutdown="10000")`,
		"on disk":                     "main_queue(queue.type=\"Disk\" queue.fileName=\"main\")\n" + `action(type="omfile" file="@DIR@/out.log" template="line")`,
		"the ruleset's queue on disk": `ruleset(name="own" queue.type="Disk" queue.fileName="own") { action(type="omfile" file="@DIR@/out.log" template="line") }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ruleset := ""
			if strings.HasPrefix(conf, "ruleset") {
				ruleset = ` ruleset="own"`
			}
			s := startServer(t, `
global(workDirectory="@DIR@" inputs.timeout.shutdown="1")
module(load="imtcp")
template(name="line" type="string" string="%msg%\n")
`+conf+`
input(type="imtcp" address="127.0.0.1" port="0"`+ruleset+`)
`)
			c := connect(t, "tcp", s.port("imtcp"))
			fmt.Fprintln(c, "<13>Mar  4 10:00:00 h app:first")
			if !poll(func() bool { return s.read("out.log") == "first\n" }) {
				t.Fatalf("the first message is missing: %q", s.read("out.log"))
			}
			s.Signal(syscall.SIGTERM)
			if _, err := c.Read(make([]byte, 1)); err != io.EOF { // the server says that it ends
				t.Fatal(err)
			}
			want := []string{"first"}
			for i := range 200 {
				want = append(want, fmt.Sprint("message ", i))
				fmt.Fprintf(c, "<13>Mar  4 10:00:00 h app:%s\n", want[i+1])
			}
			c.Close()
			if err := s.Wait(); err != nil {
				t.Errorf("the server ended with %v: %s", err, s.read("output"))
			}
			s.again() // what lies on disk is written now
			poll(func() bool { return strings.Count(s.read("output"), "listening") == 2 })
			s.holds("out.log", want)
		})
	}
}
