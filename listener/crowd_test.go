package listener_test

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib"

	"syslogd/listener"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/parser/frame"
)

// closedByServer reports whether the server has closed a connection.
func closedByServer(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	return err != nil && !strings.Contains(err.Error(), "timeout")
}

// kindsOfServers are the ways in which connections are served.
func kindsOfServers(t *testing.T) map[string]func(*listener.StreamOptions) {
	return map[string]func(*listener.StreamOptions){
		"polled":     func(*listener.StreamOptions) {},
		"TLS":        withTLS(t),
		"compressed": func(o *listener.StreamOptions) { o.Compression = listener.Zlib },
	}
}

func TestSilentConnectionsDoNotShutThePort(t *testing.T) {
	t.Parallel()
	for name, kind := range kindsOfServers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(o *listener.StreamOptions) {
				kind(o)
				o.MaxSessions = 20
			})
			var idle []net.Conn
			for range 20 {
				idle = append(idle, s.dial())
			}
			if name == "polled" {
				s.write(idle[0], "\x00") // a byte is no message
			}
			s.until("20 sessions", func() bool { return s.Opened.Value() == 20 })
			var c net.Conn
			s.until("a 21st session", func() bool {
				served := s.Opened.Value() + s.OpenedFailed.Value()
				c = s.dial()
				s.until("an answer", func() bool { return s.Opened.Value()+s.OpenedFailed.Value() > served })
				return s.Opened.Value() > 20
			})
			s.until("the end of one of them", func() bool { return s.Evicted.Value() >= 1 && s.Closed.Value() >= 1 })
			if name == "polled" {
				s.write(c, "<13>delivered\n")
				s.wants("<13>delivered")
			}
			s.logs("because others wait")
		})
	}
}

func TestSendersThatAreAtWorkStay(t *testing.T) {
	t.Parallel()
	s := listen(t, func(o *listener.StreamOptions) { o.MaxSessions = 3 })
	var senders []net.Conn
	for i := range 3 {
		c := s.dial()
		s.write(c, fmt.Sprintf("<13>from %d\n", i))
		senders = append(senders, c)
	}
	s.wants("<13>from 0", "<13>from 1", "<13>from 2")
	began := time.Now()
	s.until("refusals for more than a second", func() bool {
		refused := s.OpenedFailed.Value()
		s.dial()
		s.until("a refusal", func() bool { return s.OpenedFailed.Value() > refused })
		return time.Since(began) > 1200*time.Millisecond
	})
	if n := s.Evicted.Value(); n != 0 {
		t.Errorf("%d senders were sent away", n)
	}
	for i, c := range senders {
		s.write(c, fmt.Sprintf("<13>again %d\n", i))
	}
	s.until("their messages", func() bool { return len(s.queue.got()) == 6 })
}

func TestOneSourceGetsNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	s := listen(t, func(o *listener.StreamOptions) { o.MaxPerSource = 3 })
	for i := range 3 {
		s.write(s.dial(), fmt.Sprintf("<13>%d\n", i))
	}
	s.until("three senders", func() bool { return len(s.queue.got()) == 3 })
	s.dial()
	s.until("a refusal", func() bool { return s.OpenedFailed.Value() == 1 })
	s.logs("limit for one source")
}

func TestHalfFramesAreBoundedInAll(t *testing.T) {
	t.Parallel()
	const most, size, conns = 4 << 20, 512 << 10, 40
	losses := metrics.NewLosses(nil)
	var budget *listener.Budget
	s := listen(t, func(o *listener.StreamOptions) {
		budget = listener.NewBudget(most, o.Log)
		o.Budget, o.Losses = budget, losses
		o.Frame = frame.Defaults()
		o.Frame.MaxMessageSize, o.Frame.MaxFrameSize = 1<<20, 1<<20
	})
	part := fmt.Sprintf("%d <13>%s", size+100, strings.Repeat("x", size))
	for range conns {
		c := s.dial()
		go c.Write([]byte(part)) // it may be closed meanwhile
	}
	s.until("connections closed for what they hold", func() bool {
		return budget.Cut.Value() > conns/2 && s.Closed.Value() >= budget.Cut.Value()
	})
	if used := budget.Used(); used > most {
		t.Errorf("%d bytes are held, %d may be", used, most)
	}
	if n := losses.Total(); n == 0 || n > budget.Cut.Value() {
		t.Errorf("%d messages lost, %d connections cut", n, budget.Cut.Value())
	}
	c := s.dial()
	s.write(c, "<13>small\n")
	s.until("a small message", func() bool { return s.queue.has("<13>small") })
	s.logs("hold too much memory", "127.0.0.1")
	if strings.Contains(strings.Join(s.queue.got(), ""), "xxx") {
		t.Error("half a message was stored")
	}
}

func TestWindowsOfDecompressorsAreBoundedInAll(t *testing.T) {
	t.Parallel()
	const most, conns = 40 << 20, 30
	var budget *listener.Budget
	s := listen(t, func(o *listener.StreamOptions) {
		budget = listener.NewBudget(most, o.Log)
		o.Budget, o.Compression = budget, listener.Zstd
	})
	// A frame whose window is 8 MiB, with a block of one byte (RFC 8878, 3.1.1).
	frame, err := hex.DecodeString("28b52ffd" + "00" + "68" + "080000" + "41")
	if err != nil {
		t.Fatal(err)
	}
	for range conns {
		s.write(s.dial(), string(frame))
	}
	s.until("connections closed for what they hold", func() bool {
		return budget.Cut.Value() >= conns-most>>23 && s.Closed.Value() >= budget.Cut.Value()
	})
	if used := budget.Used(); used > most || used < most/2 {
		t.Errorf("%d bytes are held, %d may be", used, most)
	}
}

func TestTLSOnAPlainPortIsReportedAndNotStored(t *testing.T) {
	t.Parallel()
	for _, hello := range []string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n<13>x\n", "\x16\x03\x03\x00\x05\n\n\n\n\n"} {
		for _, inPieces := range []bool{false, true} {
			s := listen(t, func(*listener.StreamOptions) {})
			for range 3 {
				c := s.dial()
				text := hello
				if inPieces {
					s.write(c, text[:1])
					text = text[1:]
				}
				c.Write([]byte(text))
				s.until("the end of the connection", func() bool { return closedByServer(c) })
			}
			s.until("three", func() bool { return s.TLSOnPlain.Value() == 3 })
			s.logs("a sender speaks TLS")
			if n := strings.Count(s.log.String(), "a sender speaks TLS"); n != 1 {
				t.Errorf("%d lines: %s", n, s.log.String())
			}
			if got := s.queue.got(); len(got) > 0 {
				t.Errorf("stored: %q", got)
			}
		}
	}
	s := listen(t, func(*listener.StreamOptions) {})
	c := s.dial()
	s.write(c, "\x16 no TLS\n<13>\x16\x03\x01\n")
	s.until("messages that only look so", func() bool { return len(s.queue.got()) == 2 })
}

func TestDescriptorsAreKeptForFiles(t *testing.T) {
	t.Parallel()
	s := listen(t, func(*listener.StreamOptions) {})
	first := s.dial()
	s.write(first, "<13>at work\n")
	s.until("a sender", func() bool { return len(s.queue.got()) == 1 })
	s.KeepDescriptors(1) // any number is as high
	s.dial()
	s.until("a refusal", func() bool { return s.OpenedFailed.Value() == 1 })
	s.until("a line in the log", func() bool { return strings.Contains(s.log.String(), "descriptors") })
	s.write(first, "<13>still\n")
	s.until("the sender's next message", func() bool { return len(s.queue.got()) == 2 })
}

// gate is a queue that takes only a little at a time until it is opened.
type gate struct {
	queue
	open chan struct{}
}

func (g *gate) Enqueue(_ context.Context, b *message.Batch) error {
	if b.Bytes() > 64<<10 {
		<-g.open
	}
	return g.TryEnqueue(b)
}

// TestSendersWaitWhileTheirQueueIsFull has more senders than the bound has room for. None
// is sent away: what they hold comes free when the queue takes it.
func TestSendersWaitWhileTheirQueueIsFull(t *testing.T) {
	t.Parallel()
	const most, conns, lines = 6 << 20, 80, 200
	for name, kind := range map[string]func(*listener.StreamOptions){
		"TLS": withTLS(t), "compressed": func(o *listener.StreamOptions) { o.Compression = listener.Zlib },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var budget *listener.Budget
			g := &gate{open: make(chan struct{})}
			s := listenTo(t, g, func(o *listener.StreamOptions) {
				kind(o)
				budget = listener.NewBudget(most, o.Log)
				o.Budget = budget
			})
			s.queue = &g.queue
			open := sync.OnceFunc(func() { close(g.open) })
			t.Cleanup(open)
			text := strings.Repeat("<13>"+strings.Repeat("x", 1000)+"\n", lines)
			var sent sync.WaitGroup
			for range conns {
				c := s.dial()
				sent.Go(func() {
					defer c.Close()
					if name == "TLS" {
						c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
						io.WriteString(c, text)
						c.(*tls.Conn).CloseWrite()
						io.Copy(io.Discard, c) // closing before would throw away what is under way
						return
					}
					w := zlib.NewWriter(c)
					io.WriteString(w, text)
					w.Close()
				})
			}
			s.until("senders that wait", func() bool { return budget.Waits.Value() > 0 })
			if used := budget.Used(); used > most {
				t.Errorf("%d bytes are held, %d may be", used, most)
			}
			open()
			sent.Wait()
			s.until("all messages", func() bool { return len(g.got()) == conns*lines })
			s.until("nothing is held", func() bool { return s.Closed.Value() == conns && budget.Used() == 0 })
			if n := budget.Cut.Value(); n > 0 {
				t.Errorf("%d senders were sent away", n)
			}
		})
	}
}
