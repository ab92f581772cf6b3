package listener_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"syslogd/internal/process"
	"syslogd/listener"
	"syslogd/message"
)

// TestManyConnectionsWithAMessageAtATime is what a network of devices sends: reads are
// small and many, so that messages gather.
func TestManyConnectionsWithAMessageAtATime(t *testing.T) {
	t.Parallel()
	const conns, each = 50, 200
	s := listen(t, nil)
	var wg sync.WaitGroup
	for i := range conns {
		c := s.dial()
		wg.Go(func() {
			for j := range each {
				fmt.Fprintf(c, "<13>%d %d\n", i, j)
			}
			c.Close()
		})
	}
	wg.Wait()
	s.wantsInOrder(conns, each)
	s.until("all connections to be closed", func() bool { return s.Closed.Value() == conns })
}

// TestSeveralPollersShareTheConnections, as on a machine with many processors. It is not
// parallel: it sets how many there seem to be.
func TestSeveralPollersShareTheConnections(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16))
	const conns, each = 20, 50
	s := listen(t, nil)
	for i := range conns {
		c := s.dial()
		for j := range each {
			s.write(c, fmt.Sprintf("<13>%d %d\n", i, j))
		}
	}
	s.until("all messages", func() bool { return len(s.queue.got()) >= conns*each })
	s.stop()
	if n := s.Closed.Value(); n != conns {
		t.Errorf("%d connections are closed, want %d", n, conns)
	}
	s.wantsInOrder(conns, each)
}

// wantsInOrder waits for so many messages of each connection, which are numbered, and
// looks at their order.
func (s *stream) wantsInOrder(conns, each int) {
	s.t.Helper()
	s.until("all messages", func() bool { return len(s.queue.got()) >= conns*each })
	next := make([]int, conns)
	for _, text := range s.queue.got() {
		var i, j int
		if _, err := fmt.Sscanf(text, "<13>%d %d", &i, &j); err != nil {
			s.t.Fatalf("%q: %v", text, err)
		}
		if next[i] != j {
			s.t.Fatalf("message %d of connection %d, want %d", j, i, next[i])
		}
		next[i]++
	}
}

// floodText is what a connection sends without end.
var floodText = "<13>" + strings.Repeat("flood ", 300)

// flooded runs a server to which a connection sends without end, and returns it when
// that is under way. ended tells that the connection has.
func flooded(t *testing.T) (s *stream, c net.Conn, ended <-chan struct{}) {
	t.Helper()
	s = listen(t, nil)
	s.queue.drop(floodText)
	c = s.dial()
	done := make(chan struct{})
	go func() {
		defer close(done)
		text := strings.Repeat(floodText+"\n", 100)
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}()
	s.until("the flood", func() bool { return s.Received.Value() > 1000 })
	return s, c, done
}

// drop makes the queue keep no messages with that text.
func (q *queue) drop(text string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dropped = text
}

// has reports whether a message was submitted.
func (q *queue) has(text string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := len(q.texts) - 1; i >= 0; i-- {
		if q.texts[i] == text {
			return true
		}
	}
	return false
}

func TestABusyConnectionDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	s, busy, ended := flooded(t)
	defer func() { busy.Close(); <-ended }()
	for i := range 10 {
		text := fmt.Sprintf("<13>calm %d", i)
		s.write(s.dial(), text+"\n")
		s.until(text, func() bool { return s.queue.has(text) })
	}
}

// A sender that does not look at what it is told does not hold up a stop for ever.
func TestAServerStopsWhileASenderGoesOn(t *testing.T) {
	t.Parallel()
	s, _, ended := flooded(t)
	s.stop()
	<-ended // its connection was closed
	if n := s.Closed.Value(); n != 1 {
		t.Errorf("%d connections are closed", n)
	}
}

// atOnce is a queue that processes messages at once; one with a certain text takes
// until it is opened.
type atOnce struct {
	queue
	stuck  string
	begun  chan struct{} // closed when the stuck one has come
	open   chan struct{} // closed to let it go
	passed atomic.Int64
}

func (q *atOnce) Pass(b *message.Batch) bool {
	q.passed.Add(1)
	if string(b.Msgs[0].Raw()) == q.stuck {
		close(q.begun)
		<-q.open
	}
	return q.Enqueue(context.Background(), b) == nil
}

func listenAtOnce(t *testing.T) (s *stream, q *atOnce) {
	t.Helper()
	q = &atOnce{stuck: "<13>stuck", begun: make(chan struct{}), open: make(chan struct{})}
	s = listenTo(t, q, nil)
	s.queue = &q.queue
	return s, q
}

func TestALonelyMessageIsProcessedWhereItIsRead(t *testing.T) {
	t.Parallel()
	s, q := listenAtOnce(t)
	c := s.dial()
	for i := range 3 {
		text := fmt.Sprintf("<13>%d", i)
		s.write(c, text+"\n")
		s.until(text, func() bool { return s.queue.has(text) })
	}
	if n := q.passed.Load(); n != 3 {
		t.Errorf("%d batches were passed, want 3", n)
	}
}

// TestAMessageThatTakesLongHoldsUpNoOtherConnection, and not a stop either.
func TestAMessageThatTakesLongHoldsUpNoOtherConnection(t *testing.T) {
	t.Parallel()
	s, q := listenAtOnce(t)
	c, other := s.dial(), s.dial()
	s.write(c, "<13>stuck\n")
	<-q.begun
	s.write(other, "<13>other\n")
	s.until("the message of another connection", func() bool { return s.queue.has("<13>other") })
	s.write(c, "<13>next\n")
	s.until("the next message", func() bool { return s.queue.has("<13>next") })
	if s.queue.has("<13>stuck") {
		t.Error("the message was not stuck")
	}
	s.stop()
	close(q.open)
	s.until("the message that was stuck", func() bool { return s.queue.has("<13>stuck") })
}

func TestAStopDoesNotWaitForAMessageThatTakesLong(t *testing.T) {
	t.Parallel()
	s, q := listenAtOnce(t)
	c := s.dial()
	s.write(c, "<13>stuck\n")
	<-q.begun
	s.write(c, "<13>next\n")
	s.stop()
	if !s.queue.has("<13>next") || s.queue.has("<13>stuck") {
		t.Error("the message behind it was not submitted")
	}
	close(q.open)
	s.until("the message that was stuck", func() bool { return s.queue.has("<13>stuck") })
}

// late is a queue that holds up the first batch of a stop until the time for reading
// is over, as if the goroutine that reads had no processor until then.
type late struct {
	queue
	stopping atomic.Bool
	held     chan struct{} // closed when the batch waits
}

func (q *late) Enqueue(_ context.Context, b *message.Batch) error {
	if q.stopping.CompareAndSwap(true, false) {
		close(q.held)
		over := time.Now().Add(listener.DrainTime + 100*time.Millisecond)
		process.Await(func() bool { return time.Now().After(over) })
	}
	return q.TryEnqueue(b)
}

func TestWhatHasArrivedIsReadAtAStopHoweverLate(t *testing.T) {
	for name, secure := range map[string]bool{"TCP": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := &late{held: make(chan struct{})}
			var s *stream
			var c net.Conn
			if secure {
				s = listenTo(t, q, withTLS(t))
				c = s.dialTLS()
			} else {
				s = listenTo(t, q, nil)
				c = s.dial()
			}
			s.queue = &q.queue
			s.write(c, "<13>first\n")
			s.wants("<13>first")
			q.stopping.Store(true)
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				s.stop()
			}()
			if _, err := c.Read(make([]byte, 1)); err != io.EOF {
				t.Fatal(err)
			}
			want := []string{"<13>first", "<13>second"}
			s.write(c, "<13>second\n")
			<-q.held
			for i := range 100 {
				want = append(want, fmt.Sprintf("<13>%d %s", i, strings.Repeat("x", 1000)))
				s.write(c, want[i+2]+"\n")
			}
			<-stopped
			s.wants(want...)
		})
	}
}
