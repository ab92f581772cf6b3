package listener_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"syslogd/hosts"
	"syslogd/internal/process"
	"syslogd/listener"
	"syslogd/message"
	"syslogd/parser/frame"
	owntls "syslogd/tls"
)

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

// queue keeps the texts of messages. While it is held, Enqueue waits.
type queue struct {
	mu    sync.Mutex
	texts []string
	// dropped is a text that is not kept.
	dropped string
	flows   map[*message.Flow]bool
}

func (q *queue) Enqueue(_ context.Context, b *message.Batch) error { return q.TryEnqueue(b) }

func (q *queue) TryEnqueue(b *message.Batch) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range b.Msgs {
		if text := string(b.Msgs[i].Raw()); text != q.dropped || text == "" {
			q.texts = append(q.texts, text)
		}
	}
	if q.flows == nil {
		q.flows = map[*message.Flow]bool{}
	}
	q.flows[b.Flow] = true
	b.Release()
	return nil
}

func (q *queue) got() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.texts)
}

// stream is a server with its surroundings.
type stream struct {
	*listener.StreamServer
	t     *testing.T
	queue *queue
	log   *logBuffer
	stop  func()
}

// listen runs a server on a port of its own.
func listen(t *testing.T, change func(*listener.StreamOptions)) *stream {
	t.Helper()
	q := &queue{}
	s := listenTo(t, q, change)
	s.queue = q
	return s
}

// listenTo is listen with a queue of the caller's.
func listenTo(t *testing.T, q listener.Queue, change func(*listener.StreamOptions)) *stream {
	t.Helper()
	s := &stream{t: t, log: &logBuffer{}}
	opt := listener.StreamOptions{
		Network: "tcp", Address: "127.0.0.1:0", Frame: frame.Defaults(), Origin: &message.Origin{Name: "imtcp"},
		Names: hosts.New(hosts.Options{LocalHostName: "box"}),
		Log:   slog.New(slog.NewTextHandler(s.log, nil)),
	}
	if change != nil {
		change(&opt)
	}
	s.StreamServer = listener.NewStreamServer(opt)
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, &listener.Submitter{Queue: q}) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *stream) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

func (s *stream) write(c net.Conn, text string) {
	s.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stream) until(what string, cond func() bool) {
	s.t.Helper()
	if !process.Await(cond) {
		s.t.Fatalf("waited in vain: %s; messages: %.300q, log: %s", what, s.queue.got(), s.log)
	}
}

// logs waits until all of that is in the log: a line may follow what it is about.
func (s *stream) logs(words ...string) {
	s.t.Helper()
	s.until(fmt.Sprintf("%q in the log", words), func() bool {
		text := s.log.String()
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	})
}

// wants waits for as many messages as want, and compares.
func (s *stream) wants(want ...string) {
	s.t.Helper()
	s.until(fmt.Sprintf("%d messages", len(want)), func() bool { return len(s.queue.got()) >= len(want) })
	if got := s.queue.got(); !slices.Equal(got, want) {
		s.t.Errorf("got %q, want %q", got, want)
	}
}

func TestAStreamIsCutIntoTheSameMessagesHoweverItArrives(t *testing.T) {
	t.Parallel()
	const text = "<13>one\n8 <13>two\n<13>three\r\n<14>four\n11 <13>5\nlines<13>six\n"
	want := []string{"<13>one", "<13>two\n", "<13>three\r", "<14>four", "<13>5\nlines", "<13>six"}
	for cut := range len(text) {
		s := listen(t, nil)
		c := s.dial()
		s.write(c, text[:cut])
		// The first part has been read when its bytes are counted.
		s.until("the first part", func() bool { return s.Bytes.Value() == uint64(cut) })
		s.write(c, text[cut:])
		s.wants(want...)
		c.Close() // a stop would wait for more
		s.stop()
	}
}

func TestMessagesOfAConnectionBelongToOneFlow(t *testing.T) {
	t.Parallel()
	s := listen(t, nil)
	a, b := s.dial(), s.dial()
	s.write(a, "<13>a\n")
	s.until("a", func() bool { return len(s.queue.got()) == 1 })
	s.write(a, "<13>b\n")
	s.until("b", func() bool { return len(s.queue.got()) == 2 })
	s.write(b, "<13>c\n")
	s.until("c", func() bool { return len(s.queue.got()) == 3 })
	if got := len(s.queue.flows); got != 2 || s.queue.flows[nil] {
		t.Errorf("two connections have %d flows", got)
	}
}

func TestTextWithoutLineFeedIsKeptWhenTheSenderCloses(t *testing.T) {
	t.Parallel()
	s := listen(t, nil)
	c := s.dial()
	s.write(c, "<13>whole\n<13>no line feed")
	c.Close()
	s.wants("<13>whole", "<13>no line feed")
	s.until("the end of the session", func() bool { return s.Closed.Value() == 1 })
}

func TestAFrameThatPromisesMoreThanCameIsCountedAndLogged(t *testing.T) {
	t.Parallel()
	s := listen(t, nil)
	c := s.dial()
	s.write(c, "<13>whole\n20 <13>torn")
	c.Close()
	s.until("the end of the session", func() bool { return s.Closed.Value() == 1 })
	s.wants("<13>whole")
	s.logs("incomplete frame at end of stream", "size=8")
	if n := s.FramingErrors.Value(); n != 1 {
		t.Errorf("%d framing errors are counted, want 1", n)
	}
}

func TestWhatHasArrivedIsReadWhenTheServerStops(t *testing.T) {
	t.Parallel()
	s := listen(t, nil)
	var want []string
	c := s.dial()
	s.write(c, "<13>first\n")
	s.wants("<13>first")
	want = append(want, "<13>first")
	var text strings.Builder
	for i := range 1000 {
		want = append(want, fmt.Sprintf("<13>message %d", i))
		fmt.Fprintf(&text, "<13>message %d\n", i)
	}
	s.write(c, text.String()) // loopback: it has arrived when it is written
	s.stop()
	if got := s.queue.got(); !slices.Equal(got, want) {
		t.Errorf("%d messages were submitted, want %d", len(got), len(want))
	}
}

// Many senders connect, say what they have, and are gone again before anyone
// looks: their connections wait in the kernel.
func TestConnectionsThatWaitAreReadWhenTheServerStops(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := listen(t, nil)
		for i := range 10 {
			c := s.dial()
			s.write(c, fmt.Sprintf("<13>message %d\n", i))
			c.Close()
		}
		s.stop()
		if got := s.queue.got(); len(got) != 10 {
			t.Fatalf("%d messages were submitted, want 10", len(got))
		}
	}
}

func TestConnectionsBeyondTheLimitAreRefusedUntilOneEnds(t *testing.T) {
	t.Parallel()
	s := listen(t, func(o *listener.StreamOptions) { o.MaxSessions = 2 })
	a, b := s.dial(), s.dial()
	s.write(a, "<13>a\n")
	s.write(b, "<13>b\n")
	s.until("two sessions", func() bool { return s.Opened.Value() == 2 })
	c := s.dial()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the third connection is not closed")
	}
	if got := s.OpenedFailed.Value(); got != 1 {
		t.Errorf("%d refused connections are counted, want 1", got)
	}
	s.logs("too many tcp sessions", "127.0.0.1")
	a.Close()
	s.until("the end of a session", func() bool { return s.Closed.Value() == 1 })
	s.write(s.dial(), "<13>d\n")
	s.until("the message of a later connection", func() bool { return slices.Contains(s.queue.got(), "<13>d") })
}

func TestASenderThatIsNotPermittedIsRefused(t *testing.T) {
	t.Parallel()
	s := listen(t, func(o *listener.StreamOptions) {
		var err error
		if o.Access, err = listener.ParseAccessList([]string{"192.0.2.1"}, "connection request from disallowed sender discarded", o.Log); err != nil {
			t.Fatal(err)
		}
	})
	c := s.dial()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is not closed")
	}
	s.until("a log line", func() bool { return strings.Contains(s.log.String(), "disallowed sender") })
	if s.Opened.Value() != 0 {
		t.Error("it counts as a session")
	}
}

// slow is a queue that takes nothing before it is opened.
type slow struct {
	queue
	open chan struct{} // closed to open the queue
}

func (q *slow) Enqueue(_ context.Context, b *message.Batch) error {
	<-q.open
	return q.TryEnqueue(b)
}

func TestASenderWaitsWhileTheQueueIsFullAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := listener.NewStreamServer(listener.StreamOptions{
		Network: "tcp", Address: "127.0.0.1:0", Frame: frame.Defaults(), Origin: &message.Origin{Name: "imtcp"},
		Names: hosts.New(hosts.Options{}), Log: slog.New(slog.DiscardHandler),
	})
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	q := &slow{open: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, &listener.Submitter{Queue: q}) }()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	line := "<13>" + strings.Repeat("x", 1000) + "\n"
	sent := 0
	for {
		// A queue that is full slows the sender down, once the kernel's buffers are full.
		c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := io.WriteString(c, line)
		sent += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if sent > 64<<20 {
			t.Fatal("a sender is never slowed down: memory is not bounded")
		}
	}
	close(q.open)
	c.SetWriteDeadline(time.Time{})
	if _, err := io.WriteString(c, line[sent%len(line):]); err != nil {
		t.Fatal(err)
	}
	c.Close()
	want := sent/len(line) + 1
	process.Await(func() bool { return len(q.got()) >= want })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := len(q.got()); got != want {
		t.Errorf("%d messages arrived, want %d", got, want)
	}
	for _, m := range q.got() {
		if m+"\n" != line {
			t.Fatalf("a message is torn: %.40q, %d bytes", m, len(m))
		}
	}
}

func TestHostileStreamsAreBounded(t *testing.T) {
	t.Parallel()
	const limit = 1000
	for _, test := range []struct{ name, text string }{
		{"a line that does not end", "<13>" + strings.Repeat("x", 1<<20)},
		{"an octet count that does not end", strings.Repeat("9", 1<<20)},
		{"an octet count of more than memory holds", "99999999999999999999 <13>" + strings.Repeat("x", 1<<20)},
		{"an octet count that promises more than comes", "200000000 <13>" + strings.Repeat("x", 1<<20)},
		{"a frame without bytes, often", strings.Repeat("0 ", 1<<19)},
		{"line feeds only", strings.Repeat("\n", 1<<20)},
		{"NUL bytes only", strings.Repeat("\x00", 1<<20)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(o *listener.StreamOptions) { o.Frame.MaxMessageSize = limit })
			c := s.dial()
			s.write(c, test.text)
			c.Close()
			s.until("the end of the session", func() bool { return s.Closed.Value() == 1 })
			for _, m := range s.queue.got() {
				if len(m) > limit {
					t.Fatalf("a message has %d bytes, the limit is %d", len(m), limit)
				}
			}
			if lines := strings.Count(s.log.String(), "\n"); lines > 4 {
				t.Errorf("one stream fills the log with %d lines", lines)
			}
			// The next sender is served.
			s.write(s.dial(), "<13>still here\n")
			s.until("the next sender's message", func() bool { return slices.Contains(s.queue.got(), "<13>still here") })
		})
	}
}

func TestThePortIsWrittenToAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "port")
	s := listen(t, func(o *listener.StreamOptions) { o.PortFile = file })
	_, port, _ := net.SplitHostPort(s.Addr().String())
	if text, err := os.ReadFile(file); err != nil || string(text) != port {
		t.Errorf("the file has %q (%v), want %s", text, err, port)
	}
}

// withTLS gives a server a certificate that nobody knows.
func withTLS(t *testing.T) func(*listener.StreamOptions) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := owntls.EnsureSelfSigned(cert, key); err != nil {
		t.Fatal(err)
	}
	return func(o *listener.StreamOptions) {
		var err error
		o.TLS, err = owntls.Server(owntls.Options{Driver: "ossl", Mode: 1, AuthMode: "anon", CertFile: cert, KeyFile: key}, o.Log)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func tlsServer(t *testing.T) *stream { return listen(t, withTLS(t)) }

// dialTLS is dial over TLS.
func (s *stream) dialTLS() *tls.Conn {
	return tls.Client(s.dial(), &tls.Config{InsecureSkipVerify: true})
}

func TestMessagesOverTLS(t *testing.T) {
	t.Parallel()
	s := tlsServer(t)
	// A peer that says nothing holds nobody up.
	s.dial()
	c := s.dialTLS()
	var want []string
	for i := range 500 {
		want = append(want, fmt.Sprintf("<13>message %d %s", i, strings.Repeat("x", i)))
		s.write(c, want[i]+"\n")
	}
	// A sender that never reads and closes at once loses nothing.
	c.NetConn().Close()
	s.wants(want...)
}

// Whatever opens a stream of plain text, and however little there is of it.
func TestPlainTextOnATLSPortIsReportedAndNotStored(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(*listener.StreamOptions){"lines": withTLS(t)}
	for name, change := range map[string]func(*listener.StreamOptions){
		"compressed": func(o *listener.StreamOptions) { o.Compression = listener.Zlib },
		"dialogue":   func(o *listener.StreamOptions) { o.Dialogue = func() listener.Dialogue { return nil } },
	} {
		kinds[name] = func(o *listener.StreamOptions) { kinds["lines"](o); change(o) }
	}
	const report = "a sender sends plain text where TLS is expected"
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, kind)
			texts := []string{"<13>not encrypted\n", "hi\n", "x", "17 <13>not encrypted", "\xef\xbb\xbf<13>x\n",
				"1 open 10 relp_version=0", "GET / HTTP/1.1\r\n\r\n", "\n"}
			for _, text := range texts {
				c := s.dial() // stays open: the server does not wait for more
				c.Write([]byte(text))
				s.until("the end of the connection", func() bool { return closedByServer(c) })
			}
			n := uint64(len(texts))
			s.until("a count", func() bool { return s.PlainOnTLS.Value() == n && s.TLSFailures.Value() == n })
			s.logs(report, "peer=127.0.0.1")
			if n := strings.Count(s.log.String(), report); n != 1 || strings.Contains(s.log.String(), "handshake failed") {
				t.Errorf("%d lines: %s", n, s.log.String())
			}
			if got := s.queue.got(); len(got) > 0 {
				t.Errorf("stored: %q", got)
			}
		})
	}
}

// What is no text, and no TLS either, is a handshake that failed.
func TestBytesThatAreNoTLSAreAFailedHandshake(t *testing.T) {
	t.Parallel()
	s := tlsServer(t)
	for i, bytes := range []string{"x\x9c\xed\xbd\x07\x60", "\x80\x2e\x01\x00\x02", "\x00\x00\x00\x00\x00", "\x16\x03\x01\x00\x04hi\n\n"} {
		s.write(s.dial(), bytes)
		s.until("a failed handshake", func() bool { return s.TLSFailures.Value() == uint64(i+1) })
	}
	s.logs("TLS handshake failed", "peer=127.0.0.1")
	if n := s.PlainOnTLS.Value(); n != 0 {
		t.Errorf("%d are taken for plain text", n)
	}
}

func TestMessagesThatAreTooLongAreRecorded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "over")
	s := listen(t, func(o *listener.StreamOptions) {
		o.Frame.MaxMessageSize, o.QuietOversize = 8, true
		o.Oversize = &listener.OversizeFile{Path: path, Limit: 8, Log: o.Log}
	})
	c := s.dial()
	s.write(c, "fits\na\"b\u00e9/678901\n12 counted-6789\nend\n")
	s.until("the last message", func() bool { q := s.queue.got(); return len(q) > 0 && q[len(q)-1] == "end" })
	got, err := os.ReadFile(path)
	want := `{ "rawmsg": "a\"b` + "\u00e9" + `\/67", "input": "imtcp" }` + "\n" + `{ "rawmsg": "counted-", "input": "imtcp" }` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("got  %s\nwant %s (%v)", got, want, err)
	}
}

func TestAFileForOversizeMessagesThatCanNotBeWrittenIsReportedOnce(t *testing.T) {
	t.Parallel()
	var log logBuffer
	f := &listener.OversizeFile{Path: filepath.Join(t.TempDir(), "no", "over"), Log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 3 {
		f.Record([]byte("x"), "imtcp")
	}
	if n := strings.Count(log.String(), "can not be recorded"); n != 1 {
		t.Errorf("reported %d times:\n%s", n, log.String())
	}
}
