package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// healthOf asks a server for its health.
func healthOf(t *testing.T, s *running) (code int, text string) {
	t.Helper()
	m := regexp.MustCompile(`health: (http://\S+)`).FindStringSubmatch(s.read("output"))
	if m == nil {
		t.Fatalf("no health in: %s", s.read("output"))
	}
	resp, err := http.Get(m[1])
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func sendTo(t *testing.T, s *running, text string) {
	t.Helper()
	conn, err := net.Dial("udp", "127.0.0.1:"+s.port("udp"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// TestHealthKnowsWhatDoesNotWork: within 10 s and a look a second health says so, and why,
// whatever the number of retries; the log says when it begins and when it is over.
func TestHealthKnowsWhatDoesNotWork(t *testing.T) {
	t.Parallel()
	const file = `action(name="dead" type="omfile" file="@DIR@/no/file" createDirs="off" `
	for _, tt := range []struct {
		name, conf, reason, log string
		back                    bool
	}{
		{"for ever", file + `action.resumeInterval="1" action.resumeRetryCount="-1")`, "action dead is suspended, retrying since ", "action suspended", true},
		{"many retries", file + `action.resumeInterval="1" action.resumeRetryCount="1000")`, "action dead is suspended, retrying since ", "action suspended", true},
		{"with a queue", file + `action.resumeInterval="1" action.resumeRetryCount="-1" queue.type="LinkedList")`, "1 messages wait, the oldest for ", "action suspended", true},
		{"no retries", file + `action.resumeRetryCount="0" action.resumeInterval="600")`, "action dead is suspended", "action suspended", false},
		{"RELP", `module(load="omrelp") action(name="dead" type="omrelp" target="127.0.0.1" port="1" action.resumeInterval="1" action.resumeRetryCount="-1" queue.timeoutShutdown="1")`,
			"action dead is suspended", "action suspended", false},
		{"a worker hangs", `module(load="omprog") action(name="dead" type="omprog" binary="/bin/sleep 600" confirmMessages="on" confirmTimeout="600000"
			killUnresponsive="on" closeTimeout="10" queue.type="LinkedList" queue.timeoutShutdown="1")`, "worker 0 of queue dead queue makes no progress", "no progress", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, `global(metrics.listen="127.0.0.1:0") module(load="imudp")
				input(type="imudp" name="udp" address="127.0.0.1" port="0")
				main_queue(queue.timeoutShutdown="1000")
				`+tt.conf)
			if code, text := healthOf(t, s); code != 200 {
				t.Fatalf("at the start: %d %s", code, text)
			}
			sendTo(t, s, "<13>Oct 11 22:14:15 host app: x")
			begin := time.Now()
			var code int
			var text string
			poll(func() bool { code, text = healthOf(t, s); return code == 503 })
			if code != 503 || !strings.Contains(text, tt.reason) {
				t.Errorf("health is %d %q after %v, want %q", code, text, time.Since(begin), tt.reason)
			}
			if out := s.read("output"); strings.Count(out, tt.log) != 1 {
				t.Errorf("want %q once in: %s", tt.log, out)
			}
			if !tt.back {
				begin := time.Now()
				s.stop()
				if took := time.Since(begin); took > 20*time.Second {
					t.Errorf("the stop took %v", took)
				}
				return
			}
			if err := os.Mkdir(s.path("no"), 0o755); err != nil {
				t.Fatal(err)
			}
			poll(func() bool { code, text = healthOf(t, s); return code == 200 })
			if out := s.read("output"); code != 200 || strings.Count(out, "action resumed") != 1 {
				t.Errorf("health is %d %q, the log: %s", code, text, out)
			}
		})
	}
}
