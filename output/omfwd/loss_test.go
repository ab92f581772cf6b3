package omfwd_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib"
	"golang.org/x/sys/unix"

	"syslogd/internal/process"
	"syslogd/internal/receipt"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/output"
	owntls "syslogd/tls"
)

// acceptSlow accepts a connection with a small receive buffer.
func (s *server) acceptSlow() *net.TCPConn {
	s.t.Helper()
	c := s.accept().(*net.TCPConn)
	c.SetReadBuffer(4096)
	return c
}

// buffered is how many bytes have arrived and are not read.
func buffered(t *testing.T, c *net.TCPConn) int {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.SIOCINQ) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// steady waits until no more arrives, and returns how much has.
func steady(t *testing.T, c *net.TCPConn) int {
	t.Helper()
	last, since := -1, time.Now()
	for tick := time.NewTicker(10 * time.Millisecond); time.Since(since) < 300*time.Millisecond; <-tick.C {
		if n := buffered(t, c); n != last {
			last, since = n, time.Now()
		}
	}
	return last
}

func numbered(from, to, size int) []string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("%07d %s", i, strings.Repeat("x", size-9)))
	}
	return list
}

// A connection ends while much of what was sent is still with our system. All
// that the other side has not acknowledged arrives over the next connection,
// without a further message that would bring it along.
func TestWhatWasNotAcknowledgedIsSentAgain(t *testing.T) {
	t.Parallel()
	const size = 1000
	s := listen(t)
	out := openWith(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp")`, module.Env{Queued: true})
	mustWrite(t, out, numbered(0, 1, size)...)
	first := s.acceptSlow()
	for i := range 20 {
		mustWrite(t, out, numbered(1+i*100, 101+i*100, size)...)
	}
	const total = 2001
	got, err := bufio.NewReaderSize(first, 16).Peek(16)
	if err != nil || string(got[:8]) != "0000000 " {
		t.Fatalf("got %q, %v", got, err)
	}
	arrived := 16 + steady(t, first)
	if arrived >= total*size {
		t.Fatalf("all %d bytes were taken at once, the test shows nothing", arrived)
	}
	first.Close() // with bytes nobody has read: a reset, as when the process is killed
	second := bufio.NewReader(s.accept())
	for i := 0; ; i++ {
		line, err := second.ReadString('\n')
		if err != nil {
			t.Fatalf("after %d messages: %v", i, err)
		}
		var n int
		fmt.Sscanf(line, "%d", &n)
		if i == 0 && (n*size > arrived || (n+1)*size <= arrived) {
			t.Fatalf("the second connection begins with message %d, but %d bytes were acknowledged", n, arrived)
		}
		if len(line) != size {
			t.Fatalf("message %d has %d bytes", n, len(line))
		}
		if n == total-1 {
			break
		}
	}
}

// arrivals counts the messages that came back, by what became of them.
type arrivals [3]atomic.Int64

// write asks for a receipt for each message.
func (a *arrivals) write(out output.Output, texts ...string) error {
	b := batchOf(texts...)
	b.Receipt = receipt.New(func(o receipt.Outcome) { a[o].Add(int64(len(texts))) })
	err := out.Write(context.Background(), b)
	if err != nil {
		b.Receipt.Mark(receipt.GivenUp) // by this test
	}
	b.Receipt.Return(receipt.Stored)
	return err
}

// Receipts come back when the peer's system has acknowledged, also those of what waits for the
// next connection.
func TestAReceiptComesBackWhenThePeersSystemHasAcknowledged(t *testing.T) {
	t.Parallel()
	const size, total = 1000, 2001
	s := listen(t)
	out := openWith(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp")`, module.Env{Queued: true})
	var back arrivals
	arrived := func() int { return int(back[receipt.Stored].Load()) }
	until := func(what string, cond func(arrived int) bool) {
		t.Helper()
		deadline := time.Now().Add(process.Patience)
		for tick := time.NewTicker(10 * time.Millisecond); !cond(arrived()); <-tick.C {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %s; %d have arrived", what, arrived())
			}
		}
	}
	if err := back.write(out, numbered(0, 1, size)...); err != nil {
		t.Fatal(err)
	}
	first := s.acceptSlow()
	until("the first message", func(arrived int) bool { return arrived == 1 })
	for i := range 20 {
		if err := back.write(out, numbered(1+i*100, 101+i*100, size)...); err != nil {
			t.Fatal(err)
		}
	}
	acked := steady(t, first) / size
	if n := arrived(); n > acked || n < acked-200 {
		t.Errorf("%d of %d messages have arrived, receipts of %d came back", acked, total, n)
	}
	s.Close()     // nobody listens
	first.Close() // a reset
	if err := back.write(out, numbered(total, total+1, size)...); err == nil {
		t.Error("a message was sent to nobody")
	}
	if n := arrived(); n > acked {
		t.Errorf("only %d messages have arrived, receipts of %d came back", acked, n)
	}
	again, err := net.Listen("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	go func() {
		c, err := again.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(io.Discard, c)
	}()
	until("all messages", func(arrived int) bool { return arrived == total })
	if n := back[receipt.GivenUp].Load(); n != 1 {
		t.Errorf("%d messages were refused, want 1", n)
	}
}

// What has not been acknowledged at a stop is still the input's if that has asked, and else lost.
func TestWhatHasNotBeenAcknowledgedAtAStop(t *testing.T) {
	t.Parallel()
	s := listen(t)
	losses := metrics.NewLosses(slog.New(slog.DiscardHandler))
	out := openWith(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp")`,
		module.Env{Queued: true, Losses: losses, Name: "out"})
	var back arrivals
	if err := back.write(out, numbered(0, 100, 1000)...); err != nil {
		t.Fatal(err)
	}
	c := s.acceptSlow()
	for i := range 20 { // in turns
		texts := numbered(100+i*100, 200+i*100, 1000)
		if i%2 == 0 {
			mustWrite(t, out, texts...)
		} else if err := back.write(out, texts...); err != nil {
			t.Fatal(err)
		}
	}
	acked := steady(t, c) / 1000
	s.Close()
	if out.Close() == nil {
		t.Error("it does not say that messages may not have arrived")
	}
	stored, left, lost := int(back[receipt.Stored].Load()), int(back[receipt.Unfinished].Load()), int(losses.Of("not_acknowledged", "out").Count())
	if stored+left != 1100 || left == 0 || lost == 0 || stored > acked+100 || lost+left < 2100-acked-100 {
		t.Errorf("%d of 2100 messages were acknowledged: %d came back as stored and %d as unfinished, %d are lost", acked, stored, left, lost)
	}
}

// A peer that does not read for a while costs nothing but time.
func TestAPeerThatDoesNotReadHoldsItsOwnMessagesUp(t *testing.T) {
	t.Parallel()
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp")`)
	const step = 4000
	sent := 0
	var suspended *output.Suspended
	for {
		err := write(out, numbered(sent, sent+step, 1000)...)
		if err == nil {
			sent += step
			continue
		}
		if !errors.As(err, &suspended) || suspended.Done != 0 || !strings.Contains(err.Error(), "does not read") {
			t.Fatalf("%d messages sent: %v", sent, err)
		}
		break
	}
	c := s.accept()
	got := make(chan string, 1)
	go func() { got <- s.all(c) }()
	for write(out, numbered(sent, sent+1, 1000)...) != nil {
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	if want := strings.Join(numbered(0, sent+1, 1000), "\n") + "\n"; <-got != want {
		t.Error("what arrived is not each message once, in order")
	}
}

// With a queue of its own an action waits instead of giving messages up, until it is stopped.
func TestAQueuedActionWaitsForAPeerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	s := listen(t)
	out := openWith(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp")`, module.Env{Queued: true})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	done := 0
	var err error
	for err == nil {
		if err = out.Write(ctx, batchOf(numbered(done, done+4000, 1000)...)); err == nil {
			done += 4000
		}
	}
	var suspended *output.Suspended
	if ctx.Err() == nil || !errors.As(err, &suspended) {
		t.Fatalf("the batch was given up: %v", err)
	}
	done += suspended.Done
	if err := out.Close(); err == nil || !strings.Contains(err.Error(), "may not have arrived") {
		t.Errorf("the loss is not told: %v", err)
	}
	// What counts as sent is with the system, and arrives although the process may be gone.
	got, _ := io.ReadAll(s.accept())
	if n := bytes.Count(got, []byte("\n")); n < done || n > done+1 {
		t.Errorf("%d messages arrived, %d count as sent", n, done)
	}
}

func TestATargetThatIsBehindGetsLess(t *testing.T) {
	t.Parallel()
	slow, fast := listen(t), listen(t)
	out := openWith(t, `action(type="omfwd" target=["127.0.0.1","127.0.0.1"] port=["`+slow.port()+`","`+fast.port()+`"] protocol="tcp")`, module.Env{Queued: true})
	var many, few lineCount
	var readers sync.WaitGroup
	readers.Go(func() {
		if c, err := fast.Accept(); err == nil {
			io.Copy(&many, c)
		}
	})
	// More than all buffers of the slow one together can take if half went there.
	const batches, each = 40, 1000
	for i := range batches {
		mustWrite(t, out, numbered(i*each, (i+1)*each, 1000)...)
	}
	c := slow.accept()
	readers.Go(func() { io.Copy(&few, c) })
	// What a slow machine has not read some seconds after the end counts as not arrived.
	process.Await(func() bool { return many.Load()+few.Load() == batches*each })
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	readers.Wait()
	if many.Load()+few.Load() != batches*each || few.Load() > many.Load()/2 {
		t.Errorf("%d messages went to the target that reads and %d to the one that does not, want %d in all", many.Load(), few.Load(), batches*each)
	}
}

// A receiver comes and goes while messages are sent. It reads all that its
// system has taken, so that nothing may be missing.
func TestAReceiverThatRestartsMissesNothing(t *testing.T) {
	t.Parallel()
	server := serverTLS(t)
	for name, kind := range map[string]struct {
		params string
		layer  func(net.Conn) (net.Conn, io.Reader, error)
	}{
		"TCP": {"", func(c net.Conn) (net.Conn, io.Reader, error) { return c, c, nil }},
		"TLS": {`streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="anon"`, func(c net.Conn) (net.Conn, io.Reader, error) {
			c = tls.Server(c, server)
			return c, c, nil
		}},
		"compressed": {`compression.mode="stream:always"`, func(c net.Conn) (net.Conn, io.Reader, error) {
			r, err := zlib.NewReader(c)
			return c, r, err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t)
			out := openWith(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" `+kind.params+`)`, module.Env{Queued: true})
			seen := make(chan map[string]int, 1)
			go func() {
				counts := map[string]int{}
				for {
					socket, err := s.Accept()
					if err != nil {
						break
					}
					if c, r, err := kind.layer(socket); err == nil {
						readSome(c, socket.(*net.TCPConn), r, counts)
					}
					socket.Close()
				}
				seen <- counts
			}()
			const total = 10000
			for i := range total / 20 {
				for write(out, numbered(i*20, i*20+20, 200)...) != nil {
					// It may be between two connections.
				}
			}
			if err := out.Close(); err != nil {
				t.Error(err)
			}
			s.Close()
			counts := <-seen
			if len(counts) != total {
				t.Errorf("%d different messages arrived, want %d", len(counts), total)
			}
		})
	}
}

// readSome reads lines of a connection. After 500 it says that it ends, and reads
// on, as a server does that stops: the sender ends the connection then.
func readSome(c net.Conn, socket *net.TCPConn, r io.Reader, counts map[string]int) {
	lines := bufio.NewReader(r)
	for n := 0; ; n++ {
		if n == 500 {
			if s, ok := c.(*tls.Conn); ok {
				s.CloseWrite()
			}
			socket.CloseWrite()
			socket.SetReadDeadline(time.Now().Add(process.Patience))
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		counts[line]++
	}
}

func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := owntls.EnsureSelfSigned(cert, key); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}} // with session tickets
}

// lineCount counts the lines that are written to it.
type lineCount struct{ atomic.Int64 }

func (l *lineCount) Write(p []byte) (int, error) {
	l.Add(int64(bytes.Count(p, []byte("\n"))))
	return len(p), nil
}

// Half a write never shows in a TLS connection, or in a compressed one.
func TestAPeerThatDoesNotReadForAWhileBelowOtherLayers(t *testing.T) {
	t.Parallel()
	server := serverTLS(t)
	s := listen(t)
	out := open(t, `action(type="omfwd" target="127.0.0.1" port="`+s.port()+`" protocol="tcp" streamDriver="ossl" streamDriverMode="1" streamDriverAuthMode="anon" compression.mode="stream:always" zipLevel="1")`)
	accepted := make(chan *tls.Conn, 1)
	go func() {
		c, err := s.Accept()
		if err != nil {
			return
		}
		secured := tls.Server(c, server)
		secured.Handshake()
		accepted <- secured
	}()
	noise := rand.New(rand.NewPCG(1, 2))
	sent := 0
	lines := func(n int) (list []string) {
		for range n { // text that hardly compresses
			list = append(list, fmt.Sprintf("%d %x%x%x%x%x%x", sent, noise.Uint64(), noise.Uint64(), noise.Uint64(), noise.Uint64(), noise.Uint64(), noise.Uint64()))
			sent++
		}
		return list
	}
	var want []string
	for {
		batch := lines(20000)
		if err := write(out, batch...); err != nil {
			if !strings.Contains(err.Error(), "does not read") {
				t.Fatal(err)
			}
			break
		}
		want = append(want, batch...)
	}
	got := make(chan string, 1)
	var read lineCount
	go func() {
		c := <-accepted
		r, err := zlib.NewReader(c)
		if err != nil {
			got <- err.Error()
			return
		}
		text, err := io.ReadAll(io.TeeReader(r, &read))
		c.Close()
		got <- string(text) + fmt.Sprint(err)
	}()
	batch := lines(1)
	for write(out, batch...) != nil {
		// Until the peer has read what the system holds.
	}
	want = append(want, batch...)
	// What a slow machine has not read some seconds after the end counts as not arrived.
	process.Await(func() bool { return read.Load() == int64(len(want)) })
	if err := out.Close(); err != nil {
		t.Error(err)
	}
	if <-got != strings.Join(want, "\n")+"\n<nil>" {
		t.Error("what arrived is not each message once, in order")
	}
}
