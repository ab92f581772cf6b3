package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
	"syslogd/message"
)

// session is one connection that a goroutine of its own serves: with TLS, compressed,
// or with a Dialogue. While it waits for bytes it holds no buffer, but for the start of
// a frame that has not ended.
type session struct {
	*intake
	conn   net.Conn
	ahead  *readAhead // below TLS; nil without
	behind bool       // TLS may hold bytes that it has decrypted

	dialogue Dialogue // nil on a connection that is only read
	large    large
	out      []byte // answers
	over     bool   // the dialogue has ended

	closing bool // its own deadlines count from now on; guarded by srv.mu
}

func (s *session) run(ctx context.Context) {
	defer s.srv.ended(s)
	defer s.conn.Close()
	defer func() { s.ahead.drop() }() // the handshake makes it
	defer func() {
		if v := recover(); v != nil {
			s.srv.crashed(s.intake, barrier.Caught(v))
		}
	}()
	if s.srv.opt.TLS != nil && !s.handshake(ctx) {
		return
	}
	if s.srv.opt.Compression != Uncompressed {
		c := &compressedConn{Conn: watch(s.conn, s.intake), format: s.srv.opt.Compression, needs: s.needs}
		defer c.close()
		s.replace(ctx, c)
	}
	var raw syscall.RawConn
	if sc, ok := s.conn.(syscall.Conn); ok {
		raw, _ = sc.SyscallConn()
	}
	if s.dialogue != nil {
		s.converse(ctx, raw)
		return
	}
	for {
		slab, n, err := s.read(raw)
		if n > 0 {
			s.consume(slab, n, false)
		}
		if err == nil && !s.away.Load() {
			continue
		}
		if s.away.Load() {
			err = errSentAway
		}
		s.ending(ctx, raw, err)
		s.insist(s.intake.end())
		return
	}
}

// ending looks at the error that ended reading. If the server stops, what has
// arrived is still read.
func (s *session) ending(ctx context.Context, raw syscall.RawConn, err error) {
	if errors.Is(err, errSentAway) {
		return
	}
	if ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		s.drain(raw)
	} else if s.srv.opt.Compression != Uncompressed && broken(err) {
		s.srv.FramingErrors.Add(1)
		if s.srv.lost.broken.Begins(1, "peer", string(s.peer.IP), "err", err) {
			s.srv.opt.Log.Warn("the compressed stream is broken, the connection is closed", "peer", string(s.peer.IP), "err", err, "count", s.srv.FramingErrors.Value())
		}
	} else if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		s.srv.opt.Log.Debug("connection ended", "peer", string(s.peer.IP), "err", err)
	}
}

// handshake speaks TLS first.
func (s *session) handshake(ctx context.Context) bool {
	under := s.conn
	if s.srv.opt.Compression != Uncompressed { // a decompressor bears no error
		under = watch(s.conn, s.intake)
	} else if s.ahead = newReadAhead(s.conn, s.intake); s.ahead != nil {
		under = s.ahead
	}
	conn := tls.Server(&opening{Conn: under}, s.srv.opt.TLS)
	hctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if s.needs(handshakeMemory) != nil {
		return false
	}
	err := conn.HandshakeContext(hctx)
	s.window = 0
	s.holds()
	s.srv.shaken(s.intake)
	if err != nil {
		s.unshaken(ctx, err)
		return false
	}
	s.replace(ctx, conn)
	if s.ahead != nil {
		s.ahead.now, s.behind = true, true // what came with the handshake
		s.least, s.size = firstRead, firstRead
	}
	return true
}

// unshaken counts and logs a handshake that failed, at most once a minute.
func (s *session) unshaken(ctx context.Context, err error) {
	s.srv.TLSFailures.Add(1)
	switch {
	case errors.Is(err, errPlain):
		s.sendsPlain()
	case ctx.Err() == nil && s.srv.handshakes.Allow():
		s.srv.opt.Log.Warn("TLS handshake failed, the connection is closed",
			"peer", string(s.peer.IP), "err", err, "count", s.srv.TLSFailures.Value())
	}
}

// replace puts a layer on top of the connection.
func (s *session) replace(ctx context.Context, conn net.Conn) {
	s.srv.mu.Lock()
	s.conn = conn
	s.srv.mu.Unlock()
	if ctx.Err() != nil {
		conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// read waits for bytes, and before that for memory to read them into. It returns a slab
// that begins with the rest of the last one, followed by n new bytes. The caller owns the
// slab if n is above 0.
func (s *session) read(raw syscall.RawConn) (*message.Slab, int, error) {
	for {
		slab, n, err := s.readInto(raw)
		if !errors.Is(err, errNoRoom) {
			return slab, n, err
		}
		if !s.awaitsRoom() {
			return nil, 0, errSentAway
		}
	}
}

// readInto is read, but for the wait for memory: it returns errNoRoom.
func (s *session) readInto(raw syscall.RawConn) (slab *message.Slab, n int, err error) {
	switch {
	case s.ahead != nil:
		slab, n, err = s.readThrough()
	case raw == nil: // compressed, or a pipe in a test: a buffer is held while waiting
		var filled int
		if slab, filled = s.room(); slab == nil {
			return nil, 0, s.noRoom()
		}
		n, err = s.conn.Read(slab.Buf[filled:][:s.size])
	default:
		waitErr := raw.Read(func(fd uintptr) bool {
			s.works()
			if slab, n, err = s.readNow(int(fd)); !errors.Is(err, unix.EAGAIN) {
				return true
			}
			s.idles()
			return false
		})
		s.works()
		if waitErr != nil {
			return nil, 0, waitErr
		}
	}
	if n <= 0 {
		if slab != nil {
			s.unread(slab)
		}
		if err == nil {
			err = io.EOF
		}
		return nil, 0, err
	}
	s.sized(max(n, s.ahead.taken()))
	return slab, n, err
}

// readThrough reads what TLS makes of the bytes that are read ahead. It waits without
// a slab. TLS may hold a part of a record, and decrypted bytes that did not fit into
// the last slab.
func (s *session) readThrough() (slab *message.Slab, n int, err error) {
	for {
		if !s.behind {
			if err := s.ahead.wait(s.size); err != nil {
				return nil, 0, err
			}
		}
		var filled int
		s.window = s.ahead.size()
		if slab, filled = s.room(); slab == nil {
			return nil, 0, s.noRoom()
		}
		room := slab.Buf[filled:][:s.size]
		for err == nil && n < len(room) {
			var more int
			more, err = s.conn.Read(room[n:])
			n += more
		}
		s.behind, s.window = n == len(room), s.ahead.size()
		if !errors.Is(err, errNotYet) {
			return slab, n, err
		}
		if n > 0 {
			return slab, n, nil
		}
		s.unread(slab)
		err = nil
	}
}

// close begins the end of the session: a stop of the server interrupts no read
// any more. Else an interruption that comes late would end the wait for what is
// under way.
func (s *session) close() {
	s.srv.mu.Lock()
	s.closing = true
	s.srv.mu.Unlock()
}

// drain reads what has arrived, or is under way, when the server stops. It says
// first that the connection ends: a sender that looks sends no more then and ends
// it, too. Then all of it is here. In a dialogue the farewell says that.
func (s *session) drain(raw syscall.RawConn) {
	s.close()
	if s.dialogue != nil {
		s.drainDialogue(raw)
		return
	}
	closeWrite(s.conn)
	wait, end := s.patient(), time.Now().Add(drainTime)
	for total, late, over := 0, false, false; total < drainLimit; {
		now := time.Now()
		if now.After(end) && !over { // what has arrived by then is still read
			over, end = true, now.Add(quiet)
		}
		s.conn.SetReadDeadline(earlier(now.Add(wait), end))
		slab, n, err := s.read(raw)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// Something may have come while this goroutine had no processor: a
			// deadline that has passed ends a read that could return it.
			if raw == nil && !late {
				late = true
				continue
			}
			slab, n = s.readArrived(raw)
		}
		if n <= 0 {
			return
		}
		total, late, wait = total+n, false, longQuiet
		s.consume(slab, n, false)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// readArrived reads without waiting; nothing if that is not possible.
func (s *session) readArrived(raw syscall.RawConn) (slab *message.Slab, n int) {
	if raw != nil {
		raw.Control(func(fd uintptr) { slab, n, _ = s.readNow(int(fd)) })
	}
	return slab, n
}

// drainDialogue reads what has arrived: a peer that gets answers would go on.
// Over TLS it waits for a record that has begun, for a moment.
func (s *session) drainDialogue(raw syscall.RawConn) {
	s.conn.SetReadDeadline(time.Now().Add(quiet))
	for total := 0; total < drainLimit; {
		slab, n := s.readArrived(raw)
		if raw == nil {
			slab, n, _ = s.read(nil)
		}
		if n <= 0 {
			return
		}
		total += n
		s.hear(slab, n)
	}
}

// closeWrite ends our direction of the connection, that of TLS and that below it.
func closeWrite(c net.Conn) {
	switch c := c.(type) {
	case *compressedConn:
		closeWrite(c.Conn)
	case *readAhead:
		closeWrite(c.Conn)
	case *opening:
		closeWrite(c.Conn)
	case *watched:
		closeWrite(c.Conn)
	case *tls.Conn:
		c.CloseWrite()
		closeWrite(c.NetConn())
	case interface{ CloseWrite() error }:
		c.CloseWrite()
	}
}
