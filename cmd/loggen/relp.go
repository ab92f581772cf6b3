package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/parser/frame/relp"
)

// relpLink sends messages over a RELP session. A goroutine of its own reads what
// the server answers, so that neither side can wait for the other to read. All
// else belongs to the goroutine that sends.
type relpLink struct {
	conn    net.Conn
	window  int
	timeout time.Duration
	txnr    int // of the last frame
	buf     []byte
	timer   *time.Timer
	acked   *atomic.Int64 // messages that the server has acknowledged

	mu     sync.Mutex // guards what follows
	oldest int        // number of the oldest frame that is not answered
	open   []bool     // frames from oldest on that are not answered
	opened bool       // the answer to open has come
	ending bool       // close is sent
	err    error      // why the reader ended

	// news wakes the sender: one signal is enough for any number of answers. The
	// reader sends, nobody closes it.
	news chan struct{}
	done chan struct{} // closed by the reader when it ends
}

// answers bound what a server may say.
var answers = relp.Options{MaxData: 0, Oversize: relp.Abort}

var errServerCloses = errors.New("the server closes the session")

// openRelp opens a session.
func openRelp(ctx context.Context, conn net.Conn, window int, timeout time.Duration, acked *atomic.Int64) (*relpLink, error) {
	l := &relpLink{conn: conn, window: window, timeout: timeout, acked: acked, oldest: 1,
		timer: time.NewTimer(timeout), news: make(chan struct{}, 1), done: make(chan struct{})}
	go l.listen()
	l.add(relp.Open, relp.AppendOffers(nil))
	err := l.flush()
	if err == nil {
		err = l.wait(ctx, 0)
	}
	if err != nil {
		l.abort()
		return nil, fmt.Errorf("the session does not open: %w", err)
	}
	return l, nil
}

// listen reads until the session ends.
func (l *relpLink) listen() {
	err := l.read()
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
	close(l.done)
}

func (l *relpLink) read() error {
	frames := relp.NewReader(&answers)
	buf := make([]byte, 64<<10) // longer than any answer
	for fill := 0; ; {
		acknowledgeAtOnce(l.conn)
		n, err := l.conn.Read(buf[fill:])
		if err == io.EOF {
			err = errServerCloses
		}
		if err != nil {
			return err
		}
		rest := buf[:fill+n]
		for {
			f, n, err := frames.Next(rest)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			if err := l.answer(&f); err != nil {
				return err
			}
			rest = rest[n:]
		}
		fill = copy(buf, rest)
		select {
		case l.news <- struct{}{}:
		default:
		}
	}
}

// answer takes a frame of the server.
func (l *relpLink) answer(f *relp.Frame) error {
	switch string(f.Command) {
	case relp.Response:
	case relp.ServerClose:
		return errServerCloses
	default:
		return fmt.Errorf("the server sends %q", f.Command)
	}
	code, text, offers, err := relp.ParseResponse(f.Data)
	if err != nil {
		return err
	}
	if code != 200 {
		return fmt.Errorf("the server answers frame %d with %d %s", f.Txnr, code, text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i := f.Txnr - l.oldest
	if i < 0 {
		i += relp.MaxTxnr
	}
	if i >= len(l.open) || !l.open[i] {
		return fmt.Errorf("the server answers frame %d, which was not sent or has been answered", f.Txnr)
	}
	l.open[i] = false
	if !l.opened {
		l.opened = true
		return relp.CheckOffers(offers)
	}
	if !l.ending {
		l.acked.Add(1)
	}
	return nil
}

// acknowledgeAtOnce switches delayed TCP acknowledgements off up to the next read.
// A server with Nagle's algorithm keeps its second answer back until the first
// was acknowledged: with a full window that would cost 40 ms.
func acknowledgeAtOnce(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := sc.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
	}
}

// add puts a frame into what is sent next.
func (l *relpLink) add(command string, data []byte) {
	l.txnr = relp.NextTxnr(l.txnr)
	l.mu.Lock()
	l.open = append(l.open, true)
	l.mu.Unlock()
	l.buf = relp.Append(l.buf, l.txnr, command, data)
}

// flush sends what was added.
func (l *relpLink) flush() error {
	if len(l.buf) == 0 {
		return nil
	}
	_, err := l.conn.Write(l.buf)
	l.buf = l.buf[:0]
	if err != nil {
		select {
		case <-l.done: // the reader knows better why
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.err
		default:
		}
	}
	return err
}

// pending drops what was answered and returns how many frames lie between the
// oldest one without an answer and the last one.
func (l *relpLink) pending() (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.open) && !l.open[n] {
		l.oldest = relp.NextTxnr(l.oldest)
		n++
	}
	l.open = l.open[:copy(l.open, l.open[n:])]
	return len(l.open), l.err
}

// wait returns when at most so many frames have no answer.
func (l *relpLink) wait(ctx context.Context, most int) error {
	for before := -1; ; {
		n, err := l.pending()
		if n <= most {
			return nil
		}
		if n != before {
			l.timer.Reset(l.timeout)
			before = n
		}
		if err != nil {
			return fmt.Errorf("%d frames without an answer: %w", n, err)
		}
		select {
		case <-l.news:
		case <-l.done:
		case <-l.timer.C:
			return fmt.Errorf("%d frames without an answer, none came for %v", n, l.timeout)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// message sends a message as soon as the window has room.
func (l *relpLink) message(ctx context.Context, msg []byte) error {
	l.add(relp.Syslog, msg)
	if len(l.buf) >= 64<<10 {
		if err := l.flush(); err != nil {
			return err
		}
	}
	l.mu.Lock()
	full := len(l.open) >= l.window
	l.mu.Unlock()
	if !full {
		return nil
	}
	if err := l.flush(); err != nil {
		return err
	}
	// Half a window at a time: a write and a switch of threads for each message
	// cost more than the messages.
	return l.wait(ctx, l.window/2)
}

// close waits for all answers and ends the session in order.
func (l *relpLink) close(ctx context.Context) error {
	defer l.abort()
	err := l.flush()
	if err == nil {
		err = l.wait(ctx, 0)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.ending = true
	l.mu.Unlock()
	l.add(relp.Close, nil)
	if l.flush() == nil {
		l.wait(ctx, 0) // all messages are acknowledged: how the session ends does not matter
	}
	return nil
}

// abort ends the connection and waits for the reader.
func (l *relpLink) abort() {
	l.conn.Close()
	<-l.done
	l.timer.Stop()
}
