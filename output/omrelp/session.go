package omrelp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
	"syslogd/output"
	"syslogd/parser/frame/relp"
)

// session is one RELP session. A goroutine of its own reads what the server
// says, so that neither side can wait for the other to read; it ends with the
// connection. All else belongs to the goroutine that sends.
type session struct {
	conn    net.Conn
	window  int
	timeout time.Duration
	txnr    int // of the last frame
	sent    int // messages acknowledged
	buf     []byte
	state   []bool // acknowledged, by record of the exchange
	timer   *time.Timer
	guard   *barrier.Barrier

	mu      sync.Mutex // guards what follows
	answers []answer
	want    int   // answers that the sender waits for
	urgent  bool  // there is one that says no
	err     error // why the reader ended

	// news wakes the sender: one signal is enough for any number of answers. The
	// reader sends, nobody closes it.
	news chan struct{}
	done chan struct{} // closed by the reader when it ends
}

// answer is a response.
type answer struct {
	txnr, code int
	text       string // unless the code is 200
	offers     []byte // in the response to open
}

var (
	errServerClose = errors.New("the server has closed the session")
	errTimeout     = errors.New("the server does not acknowledge")
)

const (
	// sendSize is how much is written at a time; windows may be larger.
	sendSize = 64 << 10
	// closeTime is how long the orderly end of a session may take.
	closeTime = 2 * time.Second
)

// answerOptions bound what a server may say.
var answerOptions = relp.Options{MaxData: 0, Oversize: relp.Abort}

func newSession(conn net.Conn, window int, timeout time.Duration, guard *barrier.Barrier) *session {
	s := &session{conn: conn, guard: guard, window: window, timeout: timeout, news: make(chan struct{}, 1), done: make(chan struct{}), timer: time.NewTimer(timeout)}
	go s.listen()
	return s
}

// listen reads until the connection ends.
func (s *session) listen() {
	err := s.read()
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	close(s.done)
}

func (s *session) read() (err error) {
	defer s.guard.Catch(&err, "a RELP session is closed by a panic in what the server says", "target", s.conn.RemoteAddr().String())
	frames := relp.NewReader(&answerOptions)
	buf := make([]byte, 4<<10)
	raw := rawConn(s.conn)
	for fill := 0; ; {
		acknowledgeAtOnce(raw)
		n, err := s.conn.Read(buf[fill:])
		if err == io.EOF {
			err = errServerClose
		}
		if err != nil {
			return err
		}
		fill += n
		rest, err := s.take(&frames, buf[:fill])
		if err != nil {
			return err
		}
		fill = copy(buf, rest)
		if need := frames.Need(); need > len(buf) {
			buf = append(buf, make([]byte, need-len(buf))...)
		}
	}
}

// rawConn is the socket of a connection, or nil.
func rawConn(conn net.Conn) syscall.RawConn {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if sc, ok := conn.(syscall.Conn); ok {
		raw, _ := sc.SyscallConn()
		return raw
	}
	return nil
}

// acknowledgeAtOnce switches delayed TCP acknowledgements off up to the next read.
// A server with Nagle's algorithm, such as librelp's, keeps its second answer back
// until the first was acknowledged, while nothing is sent here before all answers
// are there: that would cost 40 ms a batch.
func acknowledgeAtOnce(raw syscall.RawConn) {
	if raw != nil {
		raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
	}
}

// take hands on the answers in buf and returns what is left of it.
func (s *session) take(frames *relp.Reader, buf []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		f, n, err := frames.Next(buf)
		if n == 0 || err != nil {
			if len(s.answers) >= s.want || s.urgent {
				s.wake()
			}
			return buf, err
		}
		buf = buf[n:]
		switch string(f.Command) {
		case relp.Response:
			code, text, offers, err := relp.ParseResponse(f.Data)
			if err != nil {
				return buf, err
			}
			a := answer{txnr: f.Txnr, code: code}
			if code != 200 {
				a.text, s.urgent = string(text), true
			}
			if len(offers) > 0 {
				a.offers = append([]byte(nil), offers...)
			}
			if s.answers = append(s.answers, a); len(s.answers) > s.window+1 {
				return buf, errors.New("the server answers more than it was sent")
			}
		case relp.ServerClose:
			return buf, errServerClose
		default:
			return buf, fmt.Errorf("the server sends %q", f.Command)
		}
	}
}

func (s *session) wake() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// ended reports whether the server has ended the session.
func (s *session) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// wait returns the answers that have come, in into's memory: want of them, or
// fewer when the session ends or the time is over.
func (s *session) wait(ctx context.Context, into []answer, want int) ([]answer, error) {
	s.timer.Reset(s.timeout)
	var giveUp error
	for {
		if giveUp == nil && s.ended() {
			giveUp = errServerClose
		}
		s.mu.Lock()
		s.want = want
		if len(s.answers) >= want || len(s.answers) > 0 && (s.urgent || giveUp != nil) {
			into, s.answers, s.urgent = s.answers, into[:0], false
			s.mu.Unlock()
			return into, nil
		}
		if s.err != nil {
			giveUp = s.err
		}
		s.mu.Unlock()
		if giveUp != nil && ctx.Err() != nil {
			giveUp = ctx.Err() // which has ended the session
		}
		if giveUp != nil {
			return nil, giveUp
		}
		select {
		case <-s.news:
		case <-s.done:
		case <-s.timer.C:
			giveUp = errTimeout
		case <-ctx.Done():
			giveUp = ctx.Err()
		}
	}
}

// send writes what is in buf.
func (s *session) send(ctx context.Context) error {
	s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, err := s.conn.Write(s.buf)
	return err
}

// open negotiates the session.
func (s *session) open(ctx context.Context) error {
	defer s.interruptible(ctx)()
	s.txnr = 1
	s.buf = relp.Append(s.buf[:0], s.txnr, relp.Open, relp.AppendOffers(nil))
	if err := s.send(ctx); err != nil {
		return err
	}
	got, err := s.wait(ctx, nil, 1)
	if err != nil {
		return fmt.Errorf("the session does not open: %w", err)
	}
	if a := got[0]; a.txnr != s.txnr || a.code != 200 {
		return fmt.Errorf("the server refuses the session: %d %s", a.code, a.text)
	}
	return relp.CheckOffers(got[0].offers)
}

// exchange sends the records from the given one up to to, with at most a window
// of them under way, and returns how many were acknowledged.
func (s *session) exchange(ctx context.Context, part *output.Part, from, to int) (acked int, err error) {
	s.state = slices.Grow(s.state[:0], to-from)[:to-from]
	clear(s.state)
	defer s.interruptible(ctx)()
	base, next, done := s.txnr, from, from
	answered := 0
	var got []answer
	var refused error
	for done < to {
		if next, err = s.fill(ctx, part, next, min(to, done+s.window)); err != nil {
			return done - from, err
		}
		// Half a window at a time: a write and a switch for each message cost more
		// than the messages.
		if got, err = s.wait(ctx, got, max(1, min(s.window/2, next-from-answered, to-done))); err != nil {
			break
		}
		for _, a := range got {
			i := a.txnr - base - 1
			if i < 0 {
				i += relp.MaxTxnr
			}
			switch {
			case err != nil: // what follows an error is not believed
			case i >= next-from || s.state[i]:
				err = fmt.Errorf("the server answers frame %d, which was not sent or has been answered", a.txnr)
			case a.code == 200:
				s.state[i] = true
				answered++
			case from+i < to: // what was sent behind it does not count
				to, refused = from+i, &refusedError{a.code, a.text}
			}
		}
		for done < to && s.state[done-from] {
			done++
			s.sent++
		}
		if err != nil {
			break
		}
	}
	if refused != nil {
		err = refused
	}
	return done - from, err
}

// interruptible ends what waits for the connection when ctx is done, until the
// function it returns is called.
func (s *session) interruptible(ctx context.Context) func() {
	stop := context.AfterFunc(ctx, func() { s.conn.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// fill sends records up to limit. It returns the first that was not sent.
func (s *session) fill(ctx context.Context, part *output.Part, next, limit int) (int, error) {
	for next < limit {
		s.buf = s.buf[:0]
		for next < limit && len(s.buf) < sendSize {
			text := part.At(next)
			if len(text) > relp.MaxData {
				if len(s.buf) > 0 {
					break
				}
				return next, &longError{len(text)}
			}
			s.txnr = relp.NextTxnr(s.txnr)
			s.buf = relp.Append(s.buf, s.txnr, relp.Syslog, text)
			next++
		}
		if err := s.send(ctx); err != nil {
			return next, err
		}
	}
	return next, nil
}

// close ends the session in order, within closeTime.
func (s *session) close(ctx context.Context) {
	if !s.ended() {
		s.timeout = closeTime
		s.buf = relp.Append(s.buf[:0], relp.NextTxnr(s.txnr), relp.Close, nil)
		if s.send(ctx) == nil {
			s.wait(ctx, nil, 1)
		}
	}
	s.abort()
}

// abort ends the connection and waits for the reader.
func (s *session) abort() {
	conn := s.conn
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn() // what it would say last can take time
	}
	conn.Close()
	<-s.done
	s.timer.Stop()
}
