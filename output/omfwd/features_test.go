package omfwd_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"syslogd/internal/process"
	"syslogd/module"
)

func TestACompressedStream(t *testing.T) {
	t.Parallel()
	for driver, open := range map[string]func(io.Reader) (io.Reader, error){
		"zlib": func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
	} {
		t.Run(driver, func(t *testing.T) { testCompressedStream(t, driver, open) })
	}
}

func testCompressedStream(t *testing.T, driver string, decompress func(io.Reader) (io.Reader, error)) {
	t.Parallel()
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" compression.mode="stream:always" compression.driver="`+driver+`")`)
	batch := numbered(0, 500, 1000)
	mustWrite(t, out, batch...)
	c := s.accept()
	counted := &countingReader{r: c}
	r, err := decompress(counted)
	if err != nil {
		t.Fatal(err)
	}
	// Each batch can be read at once.
	want := strings.Join(batch, "\n") + "\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Errorf("the first batch is not there (%v)", err)
	}
	if counted.n > len(want)/4 {
		t.Errorf("%d bytes were sent for %d", counted.n, len(want))
	}
	mustWrite(t, out, "last")
	done := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(r)
		c.Close()
		done <- string(text)
	}()
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	if text := <-done; text != "last\n" {
		t.Errorf("the second batch is %q", text)
	}
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func TestAStreamThatIsNotFlushedIsWholeAtTheEnd(t *testing.T) {
	t.Parallel()
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" compression.mode="stream:always" compression.stream.flushOnTXEnd="off")`)
	want := ""
	for i := range 3000 {
		line := numbered(i, i+1, 500)[0]
		mustWrite(t, out, line)
		want += line + "\n"
	}
	c := s.accept()
	done := make(chan string, 1)
	go func() {
		r, err := zlib.NewReader(c)
		if err != nil {
			done <- err.Error()
			return
		}
		text, err := io.ReadAll(r)
		c.Close()
		done <- string(text) + fmt.Sprint(err)
	}()
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	if text := <-done; text != want+"<nil>" {
		t.Errorf("got %d bytes, want %d", len(text), len(want))
	}
}

// receiver is a UDP socket with room for a test's datagrams.
func receiver(t *testing.T, address string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Skipf("no socket on %s: %v", address, err)
	}
	t.Cleanup(func() { c.Close() })
	u := c.(*net.UDPConn)
	u.SetReadBuffer(1 << 20)
	u.SetReadDeadline(time.Now().Add(process.Patience))
	return u
}

func next(t *testing.T, c *net.UDPConn) string {
	t.Helper()
	buf := make([]byte, 1<<16)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestManyDatagramsOfOneBatch(t *testing.T) {
	t.Parallel()
	c := receiver(t, "127.0.0.1:0")
	out := open(t, fmt.Sprintf(`action(type="omfwd" target="127.0.0.1" port="%d" udp.sendBuf="1m" rebindInterval="100")`, c.LocalAddr().(*net.UDPAddr).Port))
	batch := append(numbered(0, 300, 100), "", "end")
	mustWrite(t, out, batch...)
	for i, want := range batch {
		if got := next(t, c); got != want {
			t.Fatalf("datagram %d is %q, want %q", i, got, want)
		}
	}
}

func TestDatagramsFromAnAddressOverADevice(t *testing.T) {
	t.Parallel()
	c := receiver(t, "127.0.0.1:0")
	device := ` device="lo"`
	if os.Geteuid() != 0 {
		t.Log("binding to a device needs root and is left out")
		device = ""
	}
	out := open(t, fmt.Sprintf(`action(type="omfwd" target="127.0.0.1" port="%d" address="127.0.0.7"%s udp.sendDelay="1000")`, c.LocalAddr().(*net.UDPAddr).Port, device))
	start := time.Now()
	mustWrite(t, out, "one", "two")
	if d := time.Since(start); d < 2*time.Millisecond {
		t.Errorf("two datagrams with a delay of 1 ms took %v", d)
	}
	buf := make([]byte, 10)
	n, from, err := c.ReadFromUDPAddrPort(buf)
	if err != nil || string(buf[:n]) != "one" || from.Addr().String() != "127.0.0.7" {
		t.Errorf("got %q from %s, %v", buf[:n], from, err)
	}
}

func TestADeviceOrNamespaceThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`device="nodev0"`:                                     "bind to device nodev0",
		`networkNamespace="no-such-namespace"`:                "/var/run/netns/no-such-namespace",
		`protocol="tcp" networkNamespace="no-such-namespace"`: "/var/run/netns/no-such-namespace",
	} {
		out := open(t, `action(type="omfwd" target="127.0.0.1" port="9" `+params+`)`)
		if err := write(out, "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", params, err)
		}
	}
}

func TestAllAddressesOfAName(t *testing.T) {
	t.Parallel()
	ips, err := net.LookupHost("localhost")
	if err != nil || len(ips) < 2 {
		t.Skipf("localhost has the addresses %v (%v), the test needs two", ips, err)
	}
	first := receiver(t, net.JoinHostPort(ips[0], "0"))
	port := first.LocalAddr().(*net.UDPAddr).Port
	second := receiver(t, net.JoinHostPort(ips[1], fmt.Sprint(port)))
	out := open(t, fmt.Sprintf(`action(type="omfwd" target="localhost" port="%d" udp.sendToAll="on")`, port))
	mustWrite(t, out, "one", "two")
	for _, c := range []*net.UDPConn{first, second} {
		if a, b := next(t, c), next(t, c); a != "one" || b != "two" {
			t.Errorf("%s got %q and %q", c.LocalAddr(), a, b)
		}
	}
}

func TestOnlyEveryNthFailureIsLogged(t *testing.T) {
	t.Parallel()
	s := listen(t)
	port := s.port()
	s.Close()
	var log strings.Builder
	out := openWith(t, `action(type="omfwd" target="127.0.0.1" port="`+port+`" protocol="tcp" conErrSkip="3")`, module.Env{Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 6 {
		write(out, "x")
	}
	if n := strings.Count(log.String(), "cannot connect to 127.0.0.1:"+port); n != 2 {
		t.Errorf("%d of 6 failures were logged, want 2", n)
	}
}

func TestABatchIsSentWithoutAllocation(t *testing.T) {
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp")`)
	mustWrite(t, out, "first")
	go io.Copy(io.Discard, s.accept())
	b := batchOf(numbered(0, 100, 150)...)
	// The rest is a few for a batch, whatever it holds: deadlines, the view of frames.
	if n := testing.AllocsPerRun(200, func() { out.Write(t.Context(), b) }); n > 8 {
		t.Errorf("%v allocations for a batch of 100 messages", n)
	}
}
