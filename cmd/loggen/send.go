package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/parser/frame"
)

// load says what is sent: the messages first to first+count-1 over some connections.
type load struct {
	shape     shape
	transport string
	addr      string
	framing   string
	conns     int
	idle      int
	first     int
	count     int
	rate      float64
	atOnce    int // messages that a connection takes at a time; 0: by the rate
	// For RELP: messages without an answer, and how long one may take.
	window  int
	timeout time.Duration
	// The client's certificate and key, for TLS.
	cert, key string
}

// sender sends a load.
type sender struct {
	load
	progress io.Writer

	links []link
	next  atomic.Int64 // messages given to a connection
	sent  atomic.Int64 // over RELP: acknowledged
}

// link sends messages over a connection.
type link interface {
	message(ctx context.Context, msg []byte) error
	// flush writes what message keeps back.
	flush() error
	// close ends a connection whose messages have all been given to message.
	close(ctx context.Context) error
	// abort ends the connection at once.
	abort()
}

var transports = []string{"udp", "tcp", "tls", "relp", "relp-tls", "unix", "unixgram"}

func (l *load) flags(f *flag.FlagSet) {
	f.StringVar(&l.transport, "transport", "tcp", strings.Join(transports, ", "))
	f.StringVar(&l.addr, "addr", "127.0.0.1:5514", "host:port, or the path of a socket")
	f.StringVar(&l.framing, "framing", "lf", "lf or octet, for tcp, tls and unix")
	f.IntVar(&l.conns, "conns", 1, "connections that send")
	f.IntVar(&l.idle, "idle", 0, "further connections that stay silent")
	f.IntVar(&l.first, "first", 0, "number of the first message")
	f.IntVar(&l.count, "count", 10000, "messages")
	f.Float64Var(&l.rate, "rate", 0, "messages a second over all connections; 0: as fast as they are taken")
	f.IntVar(&l.window, "window", 128, "messages of a RELP session that may wait for their acknowledgement")
	f.DurationVar(&l.timeout, "timeout", time.Minute, "end when a RELP server acknowledges nothing for so long")
	f.StringVar(&l.cert, "cert", "", "certificate of the client for tls and relp-tls (PEM)")
	f.StringVar(&l.key, "key", "", "key of the client (PEM)")
}

func (l *load) check() error {
	if !slices.Contains(transports, l.transport) {
		return fmt.Errorf("-transport: want one of %s, found %q", strings.Join(transports, ", "), l.transport)
	}
	if l.framing != "lf" && l.framing != "octet" {
		return fmt.Errorf("-framing: want lf or octet, found %q", l.framing)
	}
	if l.conns < 1 || l.count < 0 || l.idle < 0 || l.rate < 0 {
		return errors.New("-conns: want 1 or more; -count, -idle, -rate: want 0 or more")
	}
	if l.relp() && (l.window < 1 || l.timeout <= 0) {
		return errors.New("-window: want 1 or more; -timeout: want more than 0")
	}
	if (l.cert == "") != (l.key == "") {
		return errors.New("-cert and -key belong together")
	}
	return nil
}

func (l *load) relp() bool      { return l.transport == "relp" || l.transport == "relp-tls" }
func (l *load) datagrams() bool { return l.transport == "udp" || l.transport == "unixgram" }

// dial connects, and opens the session of RELP.
func (s *sender) dial(ctx context.Context) (link, error) {
	var d interface {
		DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	} = &net.Dialer{}
	network := s.transport
	switch s.transport {
	case "tls", "relp-tls":
		// Who receives made-up messages does not matter.
		c := &tls.Config{InsecureSkipVerify: true}
		if s.cert != "" {
			pair, err := tls.LoadX509KeyPair(s.cert, s.key)
			if err != nil {
				return nil, err
			}
			c.Certificates = []tls.Certificate{pair}
		}
		d, network = &tls.Dialer{Config: c}, "tcp"
	case "relp":
		network = "tcp"
	}
	conn, err := d.DialContext(ctx, network, s.addr)
	if err != nil {
		return nil, err
	}
	if s.relp() {
		return openRelp(ctx, conn, s.window, s.timeout, &s.sent)
	}
	return &plainLink{conn: conn, load: &s.load, sent: &s.sent}, nil
}

// plainLink sends frames or datagrams.
type plainLink struct {
	conn  net.Conn
	load  *load
	sent  *atomic.Int64
	buf   []byte
	count int // messages in buf
}

func (l *plainLink) message(_ context.Context, msg []byte) error {
	if l.load.datagrams() {
		_, err := l.conn.Write(msg)
		if err == nil {
			l.sent.Add(1)
		}
		return err
	}
	l.buf = l.load.appendFrame(l.buf, msg)
	if l.count++; len(l.buf) >= 64<<10 {
		return l.flush()
	}
	return nil
}

func (l *plainLink) flush() error {
	if l.count == 0 {
		return nil
	}
	_, err := l.conn.Write(l.buf)
	if err == nil {
		l.sent.Add(int64(l.count))
	}
	l.buf, l.count = l.buf[:0], 0
	return err
}

func (l *plainLink) close(context.Context) error { return l.conn.Close() }
func (l *plainLink) abort()                      { l.conn.Close() }

// connect opens the connections. run does so, too, unless it was done.
func (s *sender) connect(ctx context.Context) error {
	for range s.conns + s.idle {
		l, err := s.dial(ctx)
		if err != nil {
			s.abort()
			return err
		}
		s.links = append(s.links, l)
	}
	return nil
}

func (s *sender) abort() {
	for _, l := range s.links {
		l.abort()
	}
}

// run sends everything and returns how long it took.
func (s *sender) run(ctx context.Context) (time.Duration, error) {
	if s.links == nil {
		if err := s.connect(ctx); err != nil {
			return 0, err
		}
	}
	defer s.abort()
	begin := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, s.abort) // ends a write that waits
	defer stop()
	var running sync.WaitGroup
	for _, l := range s.links[:s.conns] {
		running.Go(func() {
			if err := s.send(ctx, l, begin); err != nil {
				cancel(err)
			}
		})
	}
	done := make(chan struct{}) // closed here, ends the progress
	var showing sync.WaitGroup
	showing.Go(func() { s.show(done, begin) })
	running.Wait()
	took := time.Since(begin)
	close(done)
	showing.Wait()
	return took, context.Cause(ctx)
}

// block is how many messages a connection takes at a time: less when they are
// paced, so that they do not come in bursts.
func (l *load) block() int {
	if l.atOnce > 0 {
		return l.atOnce
	}
	if l.rate == 0 {
		return 256
	}
	return min(max(int(l.rate/1000), 1), 256)
}

// send takes blocks until none is left.
func (s *sender) send(ctx context.Context, l link, begin time.Time) error {
	var msg []byte
	for block := s.block(); ctx.Err() == nil; {
		from := int(s.next.Add(int64(block))) - block
		to := min(from+block, s.count)
		if from >= s.count {
			return l.close(ctx)
		}
		if s.rate > 0 && !sleepUntil(ctx, begin.Add(time.Duration(float64(from)/s.rate*float64(time.Second)))) {
			return ctx.Err()
		}
		for n := from; n < to; n++ {
			msg = s.shape.append(msg[:0], s.first+n)
			if err := l.message(ctx, msg); err != nil {
				return err
			}
		}
		if err := l.flush(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (l *load) appendFrame(dst, msg []byte) []byte {
	if l.framing == "octet" {
		return frame.AppendOctetCounted(dst, msg)
	}
	return frame.AppendLF(dst, msg)
}

func sleepUntil(ctx context.Context, t time.Time) bool {
	wait := time.Until(t)
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// show prints a line of progress each second until done is closed.
func (s *sender) show(done <-chan struct{}, begin time.Time) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := int64(0)
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			sent := s.sent.Load()
			fmt.Fprintf(s.progress, "%5.0f s  %10d messages  %9d a second\n", time.Since(begin).Seconds(), sent, sent-last)
			last = sent
		}
	}
}
