package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAStopTriesWhatIsSuspended: a target that came back while an action rests between
// two tries gets all messages at the stop.
func TestAStopTriesWhatIsSuspended(t *testing.T) {
	t.Parallel()
	const retry = `action.resumeRetryCount="-1" action.resumeInterval="600"`
	for _, out := range []struct{ name, action string }{
		{"file", `type="omfile" file="@DIR@/new/file" createDirs="off"`},
		{"TCP", `type="omfwd" protocol="tcp" target="127.0.0.1" port="%s"`},
	} {
		for _, q := range []struct {
			name, queue string
			count       int
		}{
			{"short queue", `queue.type="LinkedList"`, 20},
			{"long queue", `queue.type="LinkedList"`, 3000},
			{"queue with files", `queue.type="LinkedList" queue.fileName="q"`, 20},
			{"no queue", `queue.type="Direct"`, 20},
		} {
			t.Run(out.name+", "+q.name, func(t *testing.T) {
				t.Parallel()
				port := freePort(t)
				action := strings.ReplaceAll(out.action, "%s", port)
				s := startServer(t, `global(workDirectory="@DIR@") module(load="imudp") main_queue(queue.size="10000")
					input(type="imudp" name="udp" address="127.0.0.1" port="0" )
					module(load="imtcp") input(type="imtcp" name="tcp" address="127.0.0.1" port="0")
					if $msg contains "zq" then action(name="a" `+action+" "+q.queue+" "+retry+` template="RSYSLOG_FileFormat")`)
				conn, err := net.Dial("tcp", "127.0.0.1:"+s.port("tcp"))
				if err != nil {
					t.Fatal(err)
				}
				for i := range q.count {
					fmt.Fprintf(conn, "<13>Oct 11 22:14:15 host app: zq%d\n", i)
				}
				conn.Close()
				poll(func() bool { return strings.Contains(s.read("output"), "action suspended") })
				got := s.read // of a file
				if out.name == "TCP" {
					got = collectTCP(t, port)
				}
				if err := os.Mkdir(s.path("new"), 0o755); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				s.stop()
				// With nothing done at the stop it takes the 11 s of the time-outs.
				if took := time.Since(begin); took > 10*time.Second {
					t.Errorf("the stop took %v", took)
				}
				poll(func() bool { return strings.Count(got("new/file"), "zq") >= q.count })
				if n := strings.Count(got("new/file"), "zq"); n != q.count {
					t.Errorf("%d of %d messages", n, q.count)
				}
			})
		}
	}
}

// collectTCP listens on the port, and returns a function that tells what has come.
func collectTCP(t *testing.T, port string) func(string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var got strings.Builder
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				for buf := make([]byte, 64<<10); ; {
					n, err := conn.Read(buf)
					mu.Lock()
					got.Write(buf[:n])
					mu.Unlock()
					if err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	return func(string) string {
		mu.Lock()
		defer mu.Unlock()
		return got.String()
	}
}
