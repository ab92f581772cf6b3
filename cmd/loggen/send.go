package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
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
}

// sender sends a load.
type sender struct {
	load
	progress io.Writer

	next atomic.Int64 // messages given to a connection
	sent atomic.Int64
}

func (l *load) flags(f *flag.FlagSet) {
	f.StringVar(&l.transport, "transport", "tcp", "udp, tcp, tls, unix or unixgram")
	f.StringVar(&l.addr, "addr", "127.0.0.1:5514", "host:port, or the path of a socket")
	f.StringVar(&l.framing, "framing", "lf", "lf or octet, on connections")
	f.IntVar(&l.conns, "conns", 1, "connections that send")
	f.IntVar(&l.idle, "idle", 0, "further connections that stay silent")
	f.IntVar(&l.first, "first", 0, "number of the first message")
	f.IntVar(&l.count, "count", 10000, "messages")
	f.Float64Var(&l.rate, "rate", 0, "messages a second over all connections; 0: as fast as they are taken")
}

func (l *load) check() error {
	switch l.transport {
	case "udp", "tcp", "tls", "unix", "unixgram":
	default:
		return fmt.Errorf("-transport: want udp, tcp, tls, unix or unixgram, found %q", l.transport)
	}
	if l.framing != "lf" && l.framing != "octet" {
		return fmt.Errorf("-framing: want lf or octet, found %q", l.framing)
	}
	if l.conns < 1 || l.count < 0 || l.idle < 0 || l.rate < 0 {
		return errors.New("-conns: want 1 or more; -count, -idle, -rate: want 0 or more")
	}
	return nil
}

func (l *load) datagrams() bool { return l.transport == "udp" || l.transport == "unixgram" }

func (s *sender) dial(ctx context.Context) (net.Conn, error) {
	if s.transport == "tls" {
		// Who receives made-up messages does not matter.
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
		return d.DialContext(ctx, "tcp", s.addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, s.transport, s.addr)
}

// run sends everything and returns how long it took.
func (s *sender) run(ctx context.Context) (time.Duration, error) {
	conns := make([]net.Conn, 0, s.conns+s.idle)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range s.conns + s.idle {
		c, err := s.dial(ctx)
		if err != nil {
			return 0, err
		}
		conns = append(conns, c)
	}
	begin := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { // a write that waits
		for _, c := range conns {
			c.SetWriteDeadline(begin)
		}
	})
	defer stop()
	var running sync.WaitGroup
	for _, c := range conns[:s.conns] {
		running.Go(func() {
			if err := s.send(ctx, c, begin); err != nil {
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
	if l.rate == 0 {
		return 256
	}
	return min(max(int(l.rate/1000), 1), 256)
}

// send takes blocks until none is left.
func (s *sender) send(ctx context.Context, c net.Conn, begin time.Time) error {
	var buf, msg []byte
	for block := s.block(); ctx.Err() == nil; {
		from := int(s.next.Add(int64(block))) - block
		to := min(from+block, s.count)
		if from >= s.count {
			return nil
		}
		if s.rate > 0 && !sleepUntil(ctx, begin.Add(time.Duration(float64(from)/s.rate*float64(time.Second)))) {
			return ctx.Err()
		}
		buf = buf[:0]
		for n := from; n < to; n++ {
			msg = s.shape.append(msg[:0], s.first+n)
			if s.datagrams() {
				if _, err := c.Write(msg); err != nil {
					return err
				}
				continue
			}
			buf = s.appendFrame(buf, msg)
		}
		if len(buf) > 0 {
			if _, err := c.Write(buf); err != nil {
				return err
			}
		}
		s.sent.Add(int64(to - from))
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
