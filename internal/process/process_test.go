package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// standIn makes this binary a server: it says the words of the variable to the socket.
const standIn = "PROCESS_TEST_SAYS"

func TestMain(m *testing.M) {
	words := os.Getenv(standIn)
	if words == "" {
		os.Exit(m.Run())
	}
	fmt.Println("said", words)
	if c, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET")); err == nil {
		c.Write([]byte(words))
	}
	syscall.Pause() // until a signal ends it
}

func testServer(t *testing.T, says string) *Server {
	t.Helper()
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Server{Dir: t.TempDir(), Command: []string{bin}, Env: []string{standIn + "=" + says}}
}

func TestAServerIsStartedWhenItSaysSo(t *testing.T) {
	t.Parallel()
	s := testServer(t, "READY=1\nSTATUS=x")
	if err := s.Configure("# @DIR@"); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if err := s.Alive(); err != nil {
		t.Error(err)
	}
	if now, peak := s.Memory(); now == 0 || peak < now {
		t.Errorf("memory %d, at most %d", now, peak)
	}
	s.Kill()
	if s.Alive() == nil || s.Stop() == nil {
		t.Error("a server that was killed counts as alive")
	}
	s.KeepOutput = true
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if n := strings.Count(s.Output(), "said"); n != 2 {
		t.Errorf("%d runs have left their output, want 2", n)
	}
}

func TestAServerThatSaysSomethingElseIsNotLeftRunning(t *testing.T) {
	t.Parallel()
	s := testServer(t, "STOPPING=1")
	if err := s.Start(); err == nil || !s.HasEnded() {
		t.Errorf("error %v, has ended %v", err, s.HasEnded())
	}
}

func TestAServerThatEndsIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := &Server{Dir: t.TempDir(), Command: []string{"sh", "-c", "echo last words; exit 3", "sh"}}
	if err := s.Start(); err == nil || !strings.Contains(err.Error(), "last words") {
		t.Errorf("got %v", err)
	}
}

// started runs a script until it says that it has begun.
func started(t *testing.T, script string) *Process {
	t.Helper()
	begun, word, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Close()
	cmd := exec.Command("sh", "-c", script)
	cmd.Stdout = word
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p, err := Start(cmd)
	word.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	begun.Read(make([]byte, 1))
	return p
}

func TestStop(t *testing.T) {
	t.Parallel()
	if err := started(t, "trap 'exit 0' TERM; echo; while :; do sleep 0.02; done").Stop(syscall.SIGTERM, Patience); err != nil {
		t.Errorf("one that ends: %v", err)
	}
	if err := started(t, "echo; exit 3").Stop(syscall.SIGTERM, Patience); err == nil || errors.Is(err, ErrStuck) {
		t.Errorf("one that has failed: %v", err)
	}
	if err := started(t, "trap '' TERM; echo; exec tail -f /dev/null").Stop(syscall.SIGTERM, time.Millisecond); !errors.Is(err, ErrStuck) {
		t.Errorf("one that is deaf: %v", err)
	}
}

func TestFreePortsAreFreeAndDifferent(t *testing.T) {
	t.Parallel()
	taken := map[string]bool{}
	for range 20 {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if taken[port] || reserve(port) {
			t.Errorf("port %s is handed out twice", port)
		}
		taken[port] = true
	}
}

func TestListening(t *testing.T) {
	t.Parallel()
	stream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	client, err := net.Dial("tcp", stream.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	datagrams, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Skip(err)
	}
	defer datagrams.Close()
	path := t.TempDir() + "/s"
	local, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	list := Listening()
	for _, want := range []string{
		fmt.Sprintf("tcp %d", stream.Addr().(*net.TCPAddr).Port),
		fmt.Sprintf("udp %d", datagrams.LocalAddr().(*net.UDPAddr).Port), "unix datagram " + path,
	} {
		if !slices.Contains(list, want) {
			t.Errorf("%s is not in %q", want, list)
		}
	}
	if no := fmt.Sprintf("tcp %d", client.LocalAddr().(*net.TCPAddr).Port); slices.Contains(list, no) {
		t.Errorf("%s only sends", no)
	}
}

func TestSumOfAMetric(t *testing.T) {
	t.Parallel()
	const page = `# HELP x_lost_total a
x_lost_total{reason="a"} 2
x_lost_total{reason="b"} 3
x_lost_total_more 100
x_up 1
`
	for _, tt := range []struct {
		name, with string
		want       float64
	}{{"x_lost_total", "", 5}, {"x_lost_total", `reason="b"`, 3}, {"x_up", "", 1}, {"x_lost", "", 0}} {
		if got, err := sum(strings.NewReader(page), tt.name, tt.with); err != nil || got != tt.want {
			t.Errorf("%s %s: %v %v, want %v", tt.name, tt.with, got, err, tt.want)
		}
	}
	if _, err := sum(strings.NewReader("x_up one\n"), "x_up", ""); err == nil {
		t.Error("a value that is no number counts")
	}
}
