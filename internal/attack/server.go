package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long something that must happen may take, on a loaded machine and under
// the race detector.
const patience = 60 * time.Second

// server is the program under attack in a directory of its own.
type server struct {
	bin, dir string
	metrics  string // address of its metrics page
	cmd      *exec.Cmd
	ended    chan struct{} // closed by the goroutine that waits for the process
	status   error         // why it ended; valid when ended is closed
}

// newServer writes conf as the server's configuration. In conf @DIR@ is the directory and
// @METRICS@ the address of the metrics page.
func (a *attack) newServer(conf string) (*server, error) {
	s := &server{bin: a.bin, dir: a.dir, metrics: "127.0.0.1:" + freePort()}
	a.servers = append(a.servers, s)
	return s, s.configure(conf)
}

func (s *server) configure(conf string) error {
	conf = strings.NewReplacer("@DIR@", s.dir, "@METRICS@", s.metrics).Replace(conf)
	return os.WriteFile(filepath.Join(s.dir, "attack.conf"), []byte(conf), 0o600)
}

// start starts the server and returns when it says that it is ready.
func (s *server) start() error {
	socket := filepath.Join(s.dir, "notify")
	os.Remove(socket)
	ready, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer ready.Close()
	out, err := os.OpenFile(filepath.Join(s.dir, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	s.cmd = exec.Command(s.bin, "-n", "-C", "-f", filepath.Join(s.dir, "attack.conf"), "-i", "NONE")
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, out, out
	s.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.ended = ended
	go func() {
		s.status = s.cmd.Wait()
		close(ended)
		ready.Close() // a server that ends is not waited for
	}()
	ready.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 100)
	if n, err := ready.Read(buf); err != nil || !strings.HasPrefix(string(buf[:n]), "READY=1") {
		return fmt.Errorf("the server does not start: %v\n%s", err, s.lastWords())
	}
	return nil
}

// alive fails when the server has ended.
func (s *server) alive() error {
	select {
	case <-s.ended:
		return fmt.Errorf("the server has ended: %v\n%s", s.status, s.lastWords())
	default:
		return nil
	}
}

// stop ends the server as an administrator does. It must end in time and well.
func (s *server) stop() error {
	if err := s.alive(); err != nil {
		return err
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.cmd.Process.Signal(syscall.SIGQUIT) // shows where its goroutines are
		<-s.ended
		return fmt.Errorf("the server does not end within %v\n%s", patience, s.lastWords())
	}
	if s.status != nil {
		return fmt.Errorf("the server ends with %v\n%s", s.status, s.lastWords())
	}
	return s.raced()
}

// kill ends the server without a warning.
func (s *server) kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.ended
}

// raced fails when the race detector, if the binary has it, saw something.
func (s *server) raced() error {
	out, _ := os.ReadFile(filepath.Join(s.dir, "output"))
	if i := strings.Index(string(out), "WARNING: DATA RACE"); i >= 0 {
		return errors.New(string(out[i:min(len(out), i+4000)]))
	}
	return nil
}

// lastWords is the end of what the server printed.
func (s *server) lastWords() string {
	out, _ := os.ReadFile(filepath.Join(s.dir, "output"))
	if i := strings.Index(string(out), "\npanic: "); i >= 0 {
		return string(out[i:min(len(out), i+4000)])
	}
	return string(out[max(0, len(out)-4000):])
}

var client = &http.Client{Timeout: patience}

// sum adds up the series of a metric whose labels hold with, "" for all.
func (s *server) sum(name, with string) (float64, error) {
	resp, err := client.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return 0, fmt.Errorf("/metrics answers %s: %s", resp.Status, text)
	}
	total := 0.0
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		rest, found := strings.CutPrefix(line, "syslogd_"+name)
		if !found || rest == "" || rest[0] != '{' && rest[0] != ' ' || !strings.Contains(rest, with) {
			continue
		}
		v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("/metrics: %q: %w", line, err)
		}
		total += v
	}
	return total, lines.Err()
}

// memory is how much memory the server takes, in bytes, and took at most.
func (s *server) memory() (now, most int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	field := func(name string) (kib int) {
		if m := regexp.MustCompile(name + `:\s+(\d+)`).FindSubmatch(status); m != nil {
			kib, _ = strconv.Atoi(string(m[1]))
		}
		return kib << 10
	}
	return field("VmRSS"), field("VmHWM")
}

// busy is the part of a processor that the server takes for the next second.
func (s *server) busy() float64 {
	used := func() float64 {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 13 {
			return 0
		}
		user, _ := strconv.ParseFloat(fields[11], 64)
		system, _ := strconv.ParseFloat(fields[12], 64)
		return (user + system) / 100
	}
	before := used()
	time.Sleep(time.Second)
	return used() - before
}

// freePort returns a port of 127.0.0.1 that nobody has, below those of outgoing connections.
func freePort() string {
	for {
		port := strconv.Itoa(10000 + rand.IntN(20000))
		stream, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		stream.Close()
		datagrams, err := net.ListenPacket("udp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		datagrams.Close()
		return port
	}
}

// poll waits until done, up to patience.
func poll(done func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}
