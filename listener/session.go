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

	"syslogd/message"
	"syslogd/parser/frame"
)

// session is one connection. It belongs to one goroutine. While it waits for
// bytes it holds no buffer, but for the start of a frame that has not ended.
type session struct {
	srv    *StreamServer
	conn   net.Conn
	sub    *Submitter
	peer   *message.Peer
	port   uint16
	ahead  *readAhead // below TLS; nil without
	frames frame.Reader
	flow   message.Flow
	rest   []byte    // of a frame that has not ended
	size   int       // of the next read
	behind bool      // TLS may hold bytes that it has decrypted
	last   time.Time // something was read
	long   bool      // the next text is the beginning of a frame that is too long

	dialogue Dialogue // nil on a connection that is only read
	large    large
	out      []byte // answers
	over     bool   // the dialogue has ended

	closing bool // its own deadlines count from now on; guarded by srv.mu
}

// A read begins with firstRead bytes of room; it grows and shrinks with what
// arrives. A TLS session without a readAhead holds that room while it waits, so it
// begins with less. With many sessions their reads together take no more than
// readsTogether, or each of them fairRead.
const (
	firstRead     = 8 << 10
	firstTLSRead  = 1 << 10
	fairRead      = 64 << 10
	maxRead       = 256 << 10
	readsTogether = 16 << 20
)

// mostRead is how far a read may grow.
func (s *session) mostRead() int {
	return min(maxRead, max(fairRead, readsTogether/int(max(s.srv.open.Load(), 1))))
}

func (s *session) leastRead() int {
	if s.srv.opt.TLS != nil && s.ahead == nil {
		return firstTLSRead
	}
	return firstRead
}

func (s *session) run(ctx context.Context) {
	defer s.srv.ended(s)
	defer s.conn.Close()
	defer s.ahead.drop()
	if s.srv.opt.TLS != nil && !s.handshake(ctx) {
		return
	}
	if s.srv.opt.Compression != Uncompressed {
		c := &compressedConn{Conn: s.conn, format: s.srv.opt.Compression}
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
		if err == nil {
			continue
		}
		s.ending(ctx, raw, err)
		s.consume(message.NewSlab(len(s.rest)+1), 0, true)
		return
	}
}

// ending looks at the error that ended reading. If the server stops, what has
// arrived is still read.
func (s *session) ending(ctx context.Context, raw syscall.RawConn, err error) {
	if ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		s.drain(raw)
	} else if s.srv.opt.Compression != Uncompressed && broken(err) {
		s.srv.FramingErrors.Add(1)
		if s.srv.framing.Allow() {
			s.srv.opt.Log.Warn("the compressed stream is broken, the connection is closed", "peer", string(s.peer.IP), "err", err, "count", s.srv.FramingErrors.Value())
		}
	} else if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		s.srv.opt.Log.Debug("connection ended", "peer", string(s.peer.IP), "err", err)
	}
}

// handshake speaks TLS first. A failure is counted and logged, at most once a minute.
func (s *session) handshake(ctx context.Context) bool {
	if s.srv.opt.Compression == Uncompressed { // a decompressor bears no error
		s.ahead = newReadAhead(s.conn)
	}
	conn := tls.Server(s.ahead.under(s.conn), s.srv.opt.TLS)
	hctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(hctx); err != nil {
		s.srv.TLSFailures.Add(1)
		if ctx.Err() == nil && s.srv.handshakes.Allow() {
			s.srv.opt.Log.Warn("TLS handshake failed, the connection is closed", "peer", string(s.peer.IP), "err", err, "count", s.srv.TLSFailures.Value())
		}
		return false
	}
	s.replace(ctx, conn)
	if s.ahead != nil {
		s.ahead.now, s.behind = true, true // what came with the handshake
		s.size = s.leastRead()
	}
	return true
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

// read waits for bytes and returns a slab that begins with the rest of the last
// one, followed by n new bytes. The caller owns the slab if n is above 0.
func (s *session) read(raw syscall.RawConn) (slab *message.Slab, n int, err error) {
	switch {
	case s.ahead != nil:
		slab, n, err = s.readThrough()
	case raw == nil: // compressed, or a pipe in a test: a buffer is held while waiting
		slab = message.NewSlab(len(s.rest) + s.size)
		n, err = s.conn.Read(slab.Buf[copy(slab.Buf, s.rest):][:s.size])
	default:
		waitErr := raw.Read(func(fd uintptr) bool {
			slab, n, err = s.readNow(int(fd))
			return !errors.Is(err, unix.EAGAIN)
		})
		if waitErr != nil {
			return nil, 0, waitErr
		}
	}
	if n <= 0 {
		if slab != nil {
			slab.Release()
		}
		if err == nil {
			err = io.EOF
		}
		return nil, 0, err
	}
	switch n := max(n, s.ahead.taken()); {
	case n == s.size:
		s.size = min(s.size*8, s.mostRead())
	case n < s.size/16:
		s.size = max(s.size/8, s.leastRead())
	}
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
		slab = message.NewSlab(len(s.rest) + s.size)
		room := slab.Buf[copy(slab.Buf, s.rest):][:s.size]
		for err == nil && n < len(room) {
			var more int
			more, err = s.conn.Read(room[n:])
			n += more
		}
		s.behind = n == len(room)
		if !errors.Is(err, errNotYet) {
			return slab, n, err
		}
		if n > 0 {
			return slab, n, nil
		}
		slab.Release()
		err = nil
	}
}

// readNow reads what has arrived. Without anything it returns EAGAIN and no slab.
func (s *session) readNow(fd int) (*message.Slab, int, error) {
	slab := message.NewSlab(len(s.rest) + s.size)
	for {
		n, err := unix.Read(fd, slab.Buf[copy(slab.Buf, s.rest):][:s.size])
		switch {
		case err == unix.EINTR:
			continue
		case n > 0:
			return slab, n, nil
		}
		slab.Release()
		return nil, 0, err
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

// How long the end of what a peer has sent is waited for at a stop. A peer that
// sent something lately may be in the middle of it, however slow the machine is:
// it gets longer, but not for ever if it does not look at what it is told.
const (
	quiet      = 50 * time.Millisecond
	longQuiet  = 500 * time.Millisecond
	lately     = 5 * time.Second
	drainTime  = 5 * time.Second
	drainLimit = 64 << 20 // bytes, more than the buffers of both sides hold
)

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
	wait, end := quiet, time.Now().Add(drainTime)
	if time.Since(s.last) < lately {
		wait = longQuiet
	}
	for total, late := 0, false; total < drainLimit && time.Now().Before(end); {
		s.conn.SetReadDeadline(time.Now().Add(wait))
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
		s.consume(slab, n, false)
	}
}

// closeWrite ends our direction of the connection, that of TLS and that below it.
func closeWrite(c net.Conn) {
	switch c := c.(type) {
	case *compressedConn:
		closeWrite(c.Conn)
	case *readAhead:
		closeWrite(c.Conn)
	case *tls.Conn:
		c.CloseWrite()
		closeWrite(c.NetConn())
	case interface{ CloseWrite() error }:
		c.CloseWrite()
	}
}

// consume takes frames from the rest and n new bytes, which slab holds, and
// submits them. It takes over slab.
func (s *session) consume(slab *message.Slab, n int, atEOF bool) {
	if s.dialogue != nil {
		s.hear(slab, n)
		return
	}
	srv := s.srv
	srv.Bytes.Add(uint64(n))
	used := n
	if !atEOF {
		used += len(s.rest)
	} else {
		used = copy(slab.Buf, s.rest)
	}
	slab = rightSize(slab, used)
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), &s.flow
	s.last = b.Received
	buf := slab.Buf[:used]
	for {
		text, advance, ev := s.frames.Next(buf, atEOF)
		if ev.Kind != 0 {
			s.event(ev)
		}
		if len(text) > 0 {
			s.record(text, ev)
			m := b.Add(text, srv.opt.Origin, s.peer)
			m.PeerPort = s.port
			if s.frames.Clean() {
				m.Flags = message.Clean
			}
		}
		buf = buf[advance:]
		if advance == 0 && len(text) == 0 && ev.Kind == 0 {
			break
		}
	}
	if !atEOF {
		if text, advance := s.frames.Idle(buf); advance > 0 {
			b.Add(text, srv.opt.Origin, s.peer).PeerPort = s.port
			buf = buf[advance:]
		}
	}
	s.keep(buf)
	// What was read is handed on even if the server stops: the queue ends the wait.
	s.submit(context.Background(), b)
}

// keep stores the start of a frame that has not ended.
func (s *session) keep(buf []byte) {
	if len(buf) == 0 && cap(s.rest) > firstRead {
		s.rest = nil
		return
	}
	s.rest = append(s.rest[:0], buf...)
}

// rightSize copies the used bytes of a slab that is mostly empty to a smaller
// one, so that a queue of small batches is bounded by the bytes it holds.
func rightSize(slab *message.Slab, used int) *message.Slab {
	if used > len(slab.Buf)/4 {
		return slab
	}
	small := message.NewSlab(used)
	copy(small.Buf, slab.Buf[:used])
	slab.Release()
	return small
}

// submit hands the batch on and reports whether the queue took it.
func (s *session) submit(ctx context.Context, b *message.Batch) bool {
	n := b.Len()
	if n == 0 {
		b.Release()
		return true
	}
	if granted := s.srv.opt.Limit.Take(n, b.Received); granted < n {
		b.Cut(granted)
		n = granted
	}
	taken := s.sub.Submit(ctx, b)
	if taken {
		s.srv.Received.Add(uint64(n))
	} else if s.dialogue == nil { // else the peer still has them
		s.srv.Dropped.Add(uint64(n))
	}
	return taken
}

// record writes a message that is too long to the file for those. Of one that is
// cut it is what is kept: the rest may not even have arrived. An event without
// text is about the text that follows.
func (s *session) record(text []byte, ev frame.Event) {
	if s.long || ev.Kind&(frame.Oversize|frame.Split|frame.Accepted) != 0 || s.srv.opt.Oversize.exceeds(text) {
		s.srv.opt.Oversize.Record(text, s.srv.opt.Origin.Name)
	}
	s.long = false
}

// event counts what is wrong with a frame and logs it, at most once a minute.
func (s *session) event(ev frame.Event) {
	srv := s.srv
	srv.FramingErrors.Add(1)
	s.long = ev.Kind&frame.Oversize != 0 && ev.Kind&frame.TooLarge == 0
	limit := &srv.framing
	if ev.Kind&(frame.Oversize|frame.Split|frame.Accepted) != 0 {
		if srv.opt.QuietOversize {
			return
		}
		limit = &srv.oversize
	}
	if !limit.Allow() {
		return
	}
	log := srv.opt.Log.With("peer", string(s.peer.IP), "count", srv.FramingErrors.Value())
	switch {
	case ev.Kind&frame.BadDelimiter != 0:
		log.Warn("framing error: the octet count is not followed by a blank, the count is used", "byte", ev.Byte)
	case ev.Kind&frame.ZeroCount != 0:
		log.Warn("framing error: invalid octet count 0, the frame is read up to a line feed")
	case ev.Kind&frame.TooLarge != 0:
		log.Warn("framing error: frame too large, change to octet stuffing", "size", ev.Size, "limit", srv.opt.Frame.MaxFrameSize)
	case ev.Kind&(frame.Oversize|frame.Split) != 0:
		log.Warn("received oversize message, it is split or cut", "size", ev.Size, "limit", srv.opt.Frame.MaxMessageSize)
	case ev.Kind&frame.Accepted != 0:
		log.Warn("received oversize message, it is accepted", "size", ev.Size, "limit", srv.opt.Frame.MaxMessageSize)
	case ev.Kind&frame.Incomplete != 0:
		log.Warn("incomplete frame at end of stream, a message may be lost", "size", ev.Size)
	case ev.Kind&frame.Unterminated != 0:
		log.Warn("text without line feed at end of stream was dropped", "size", ev.Size)
	}
}
