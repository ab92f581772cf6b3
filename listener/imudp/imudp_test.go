package imudp_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/hosts"
	"syslogd/internal/process"
	"syslogd/internal/receipt"
	"syslogd/listener"
	"syslogd/listener/imudp"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
)

// queue keeps the texts of messages; full makes it refuse them.
type queue struct {
	mu    sync.Mutex
	texts []string
	peers []string
	names []string
	full  bool
}

func (q *queue) Enqueue(_ context.Context, b *message.Batch) error { return q.TryEnqueue(b) }

func (q *queue) TryEnqueue(b *message.Batch) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer b.Release()
	if q.full {
		return receipt.ErrFull
	}
	for i := range b.Msgs {
		m := &b.Msgs[i]
		q.texts = append(q.texts, string(m.Raw()))
		q.peers = append(q.peers, string(m.Peer.IP))
		q.names = append(q.names, m.Origin.Name)
	}
	return nil
}

func (q *queue) got() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.texts)
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// server is an input with its surroundings.
type server struct {
	t       *testing.T
	in      listener.Input
	addrs   []net.Addr
	queue   *queue
	log     *logBuffer
	metrics *metrics.Set
	losses  *metrics.Losses
	record  string // oversizemsg.errorfile
	stop    func()
}

func build(t *testing.T, change func(*imudp.Config)) (listener.Input, *server) {
	t.Helper()
	s := &server{t: t, queue: &queue{}, log: &logBuffer{}, metrics: &metrics.Set{}}
	mod := imudp.Module.Module.New(nil)
	c := imudp.Module.Instance.New(mod).(*imudp.Config)
	c.Port, c.Address = []string{"0"}, "127.0.0.1"
	if change != nil {
		change(c)
	}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	s.losses, s.record = metrics.NewLosses(log), filepath.Join(t.TempDir(), "oversize")
	t.Cleanup(s.losses.Close)
	in, err := imudp.New(*c, module.Env{
		Log: log, Metrics: s.metrics, Losses: s.losses, Now: time.Now,
		Oversize: &listener.OversizeFile{Path: s.record, Limit: 1000, Log: log},
		Names:    hosts.New(hosts.Options{LocalHostName: "box"}),
		Global:   &module.Global{MaxMessageSize: 1000, IPv4: true, IPv6: true, OversizeReport: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return in, s
}

func start(t *testing.T, change func(*imudp.Config)) *server {
	t.Helper()
	s := open(t, change)
	s.run()
	return s
}

// open makes a server whose input listens and does not read yet.
func open(t *testing.T, change func(*imudp.Config)) *server {
	t.Helper()
	in, s := build(t, change)
	if err := in.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.in, s.addrs = in, in.(interface{ Addrs() []net.Addr }).Addrs()
	return s
}

// run lets the input read until stop.
func (s *server) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.in.Run(ctx, &listener.Submitter{Queue: s.queue}) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the input ended with %v", err)
		}
	})
	s.t.Cleanup(s.stop)
}

func (s *server) send(addr net.Addr, texts ...string) {
	s.t.Helper()
	c, err := net.Dial("udp", addr.String())
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	for _, text := range texts {
		if _, err := c.Write([]byte(text)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *server) until(what string, cond func() bool) {
	s.t.Helper()
	if !process.Await(cond) {
		got := s.queue.got()
		s.t.Fatalf("waited in vain: %s; %d messages: %.300q, log: %s", what, len(got), got[:min(len(got), 10)], s.log)
	}
}

func (s *server) wants(want ...string) {
	s.t.Helper()
	s.until(fmt.Sprintf("%d messages", len(want)), func() bool { return len(s.queue.got()) >= len(want) })
	if got := s.queue.got(); !slices.Equal(got, want) {
		s.t.Errorf("got %.200q, want %.200q", got, want)
	}
}

// number returns the sum of a counter over all listeners.
func (s *server) number(name string) (sum float64) {
	for _, o := range s.metrics.Objects() {
		for _, n := range o.Numbers {
			if n.Name == name {
				sum += n.Read()
			}
		}
	}
	return sum
}

func TestEachDatagramIsAMessage(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.send(s.addrs[0], "<13>one", "<13>two\n", "", "<13>three\x00", "7 <13>no framing here")
	// An empty datagram is nothing.
	s.wants("<13>one", "<13>two\n", "<13>three\x00", "7 <13>no framing here")
	if s.queue.peers[0] != "127.0.0.1" || s.queue.names[0] != "imudp" {
		t.Errorf("it came from %s by %s", s.queue.peers[0], s.queue.names[0])
	}
	s.stop()
	if got := s.number("input_messages_received_total"); got != 4 {
		t.Errorf("%v received messages are counted, want 4", got)
	}
}

func TestDatagramsThatComeOftenGather(t *testing.T) {
	t.Parallel()
	needBuffer(t)
	s := start(t, nil)
	c, err := net.Dial("udp", s.addrs[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var want []string
	// send sends n datagrams and returns how many reads received them.
	send := func(n int, every time.Duration) float64 {
		before := s.number("input_receive_calls_total")
		for next := time.Now(); n > 0; n-- {
			for next = next.Add(every); time.Now().Before(next); {
				runtime.Gosched() // a ticker does not keep to less than a millisecond
			}
			want = append(want, fmt.Sprintf("<13>message %d", len(want)))
			if _, err := c.Write([]byte(want[len(want)-1])); err != nil {
				t.Fatal(err)
			}
		}
		s.wants(want...)
		return s.number("input_receive_calls_total") - before
	}
	s.until("ten in a read", func() bool { return send(500, 100*time.Microsecond) < 50 })
	s.until("one in a read", func() bool { return send(20, 5*time.Millisecond) > 15 })
	s.until("ten in a read again", func() bool { return send(500, 100*time.Microsecond) < 50 })
	want = append(want, "<13>last")
	s.send(s.addrs[0], "<13>last")
	s.stop()
	if got := s.queue.got(); !slices.Equal(got, want) {
		t.Errorf("after the stop there are %d messages, want %d", len(got), len(want))
	}
}

// needBuffer skips the test where the default receive buffer is not granted.
func needBuffer(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4<<20); err != nil {
		t.Skip("the system's limit of receive buffers holds for us:", err)
	}
}

func TestABurstWaitsInTheReceiveBuffer(t *testing.T) {
	t.Parallel()
	needBuffer(t)
	s := open(t, nil)
	// The system's default has room for 280.
	burst := make([]string, 3000)
	for i := range burst {
		burst[i] = fmt.Sprintf("<13>message %d", i)
	}
	s.send(s.addrs[0], burst...)
	s.run()
	s.wants(burst...)
}

func TestADatagramThatIsTooLongIsCutAtTheLimit(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	long := "<13>" + strings.Repeat("x", 996)
	s.send(s.addrs[0], long, long+"y", "<13>"+strings.Repeat("z", 60000), "<13>short")
	s.wants(long, long, "<13>"+strings.Repeat("z", 996), "<13>short")
}

func TestSeveralPortsThreadsAndNames(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "port")
	s := start(t, func(c *imudp.Config) {
		c.Port, c.Threads, c.AppendPort, c.PortFile = []string{"0", "0"}, 2, true, file
	})
	if len(s.addrs) != 4 {
		t.Fatalf("two ports with two threads have %d sockets: %v", len(s.addrs), s.addrs)
	}
	if s.addrs[0].String() != s.addrs[1].String() || s.addrs[0].String() == s.addrs[2].String() {
		t.Errorf("want two ports with two sockets each: %v", s.addrs)
	}
	_, port, _ := net.SplitHostPort(s.addrs[0].String())
	if text, err := os.ReadFile(file); err != nil || string(text) != port {
		t.Errorf("the port file has %q (%v), want %s", text, err, port)
	}
	// Many senders, so that both sockets of a port get some.
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprintf("<13>message %02d", i))
		s.send(s.addrs[2*(i%2)], want[i])
	}
	s.until("all messages", func() bool { return len(s.queue.got()) == len(want) })
	got := s.queue.got()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestAPortThatIsTakenDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.LocalAddr().String())
	s := start(t, func(c *imudp.Config) { c.Port = []string{port, "0"} })
	if len(s.addrs) != 1 || !strings.Contains(s.log.String(), "address already in use") || !strings.Contains(s.log.String(), port) {
		t.Errorf("%d sockets are open, the log has: %s", len(s.addrs), s.log)
	}
	s.send(s.addrs[0], "<13>x")
	s.wants("<13>x")

	// Without any that works it is an error.
	in, _ := build(t, func(c *imudp.Config) { c.Port = []string{port} })
	if err := in.Open(t.Context()); err == nil || !strings.Contains(err.Error(), port) {
		t.Errorf("the error is %v, want one that names port %s", err, port)
	}
}

func TestBothFamiliesOfAddressesShareAPort(t *testing.T) {
	t.Parallel()
	probe, err := net.ListenPacket("udp", "[::1]:0")
	if err != nil {
		t.Skipf("this host has no IPv6: %v", err)
	}
	probe.Close()
	s := start(t, func(c *imudp.Config) { c.Address = "" })
	_, port4, _ := net.SplitHostPort(s.addrs[0].String())
	_, port6, _ := net.SplitHostPort(s.addrs[1].String())
	if port4 != port6 {
		t.Fatalf("the ports differ: %v", s.addrs)
	}
	s.send(&net.UDPAddr{IP: net.IPv6loopback, Port: s.addrs[1].(*net.UDPAddr).Port}, "<13>six")
	s.wants("<13>six")
	s.send(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.addrs[0].(*net.UDPAddr).Port}, "<13>four")
	s.wants("<13>six", "<13>four")
	if want := []string{"::1", "127.0.0.1"}; !slices.Equal(s.queue.peers, want) {
		t.Errorf("the senders are %q, want %q", s.queue.peers, want)
	}
}

func TestTheRateLimitOfAListener(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *imudp.Config) { c.LimitInterval, c.LimitBurst = 3600, 3 })
	s.send(s.addrs[0], "<13>1", "<13>2", "<13>3", "<13>4", "<13>5")
	s.until("dropped messages", func() bool { return s.number("input_messages_ratelimited_total") == 2 })
	s.wants("<13>1", "<13>2", "<13>3")
	s.until("a line in the log", func() bool {
		return strings.Contains(s.log.String(), "begin to drop messages due to rate-limiting")
	})
}

func TestDatagramsOfSendersThatAreNotPermittedAreDropped(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *imudp.Config) { c.AllowedSender = []string{"192.0.2.0/24"} })
	s.send(s.addrs[0], "<13>1", "<13>2")
	s.until("refused senders", func() bool { return s.number("input_disallowed_total") == 2 })
	if got := s.queue.got(); len(got) > 0 {
		t.Errorf("got %q", got)
	}
	s.until("one line in the log", func() bool { return strings.Count(s.log.String(), "disallowed sender") == 1 })
	in, _ := build(t, func(c *imudp.Config) { c.AllowedSender = []string{"192.0.2.0/99"} })
	if err := in.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "192.0.2.0/99") {
		t.Errorf("a list that can not be understood: %v", err)
	}
}

func TestMessagesThatAFullQueueDoesNotTakeAreCounted(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.queue.mu.Lock()
	s.queue.full = true
	s.queue.mu.Unlock()
	s.send(s.addrs[0], "<13>1", "<13>2")
	s.until("dropped messages", func() bool { return s.number("input_messages_dropped_total") == 2 })
}

func TestDatagramsThatTheKernelDropsAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *imudp.Config) { c.RcvBuf = 4096 })
	addr := s.addrs[0]
	// Nothing is read yet: the receive buffer overflows.
	const sent = 200
	texts := make([]string, sent)
	for i := range texts {
		texts[i] = "<13>" + strings.Repeat("x", 500)
	}
	s.send(addr, texts...)
	s.run()
	s.until("the first messages", func() bool { return len(s.queue.got()) > 0 })
	before := len(s.queue.got())
	// The kernel tells how many it has dropped with the next datagram.
	s.send(addr, "<13>after")
	s.until("the next message", func() bool { return slices.Contains(s.queue.got(), "<13>after") })
	s.stop()
	if dropped := s.number("input_kernel_drops_total"); dropped == 0 || int(dropped)+len(s.queue.got())-1 != sent {
		t.Errorf("%v dropped datagrams are counted, %d (at first %d) of %d arrived", dropped, len(s.queue.got())-1, before, sent)
	}
}

// What is longer than a message may be is cut, and said with its size. Half a character
// is none.
func TestADatagramThatIsTooLongIsCutAndReported(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	fits := "<13>app: " + strings.Repeat("x", 991)
	cut := "<13>app: " + strings.Repeat("y", 990)
	s.send(s.addrs[0], fits, fits+"more", cut+"\u20ac and more", "<13>app: last")
	s.wants(fits, fits, cut, "<13>app: last")
	if n := s.number("input_messages_truncated_total"); n != 2 {
		t.Errorf("%v counted as cut, want 2", n)
	}
	if n := s.losses.Of("message_cut", "imudp").Count(); n != 2 {
		t.Errorf("%d counted among the losses, want 2", n)
	}
	if want := "reason=message_cut where=imudp count=1 peer=127.0.0.1 size=1004 limit=1000"; !strings.Contains(s.log.String(), want) {
		t.Errorf("want %q in the log:\n%s", want, s.log)
	}
	if text, err := os.ReadFile(s.record); strings.Count(string(text), "\n") != 2 {
		t.Errorf("recorded are %q, %v", text, err)
	}
}
