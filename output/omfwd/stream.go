package omfwd

import (
	"crypto/tls"
	"io"
	"time"
)

// stream is one connection over TCP, with or without TLS and compression, and
// what was sent over it and may not have arrived: frames stay here until the
// other side's system has acknowledged them.
type stream struct {
	sock *socket
	tls  *tls.Conn    // nil without TLS
	zip  streamWriter // nil without compression
	// flushed says that each batch leaves the compressor at once.
	flushed bool

	kept  kept
	limit int // of kept, in bytes, for the next look at what was acknowledged
}

const (
	// keepLimit is after how many bytes it is looked at what was acknowledged.
	keepLimit = 256 << 10
	// unflushed bounds what a compressor holds back without flushOnTXEnd.
	unflushed = 1 << 20
)

// writer is what frames are written to.
func (s *stream) writer() io.Writer {
	switch {
	case s.zip != nil:
		return s.zip
	case s.tls != nil:
		return s.tls
	}
	return s.sock
}

// write sends f, and keeps its memory if it is full. After an error,
// unacknowledged tells what may be lost.
func (s *stream) write(f frames) error {
	if s.kept.bytes > max(s.limit, keepLimit) {
		s.forget()
	}
	base := s.sock.given
	if s.zip != nil || s.tls != nil {
		base = pending
	}
	s.kept.add(f, base)
	if _, err := s.writer().Write(f.all()); err != nil {
		return err
	}
	if s.zip != nil {
		if !s.flushed && s.kept.bytes < unflushed {
			return nil
		}
		if err := s.zip.Flush(); err != nil {
			return err
		}
	}
	s.kept.complete(s.sock.given)
	return nil
}

// forget drops the frames that were acknowledged.
func (s *stream) forget() {
	s.kept.forget(s.sock.given - s.sock.unacknowledged())
	s.limit = s.kept.bytes + keepLimit
}

// unacknowledged are the frames that may not have arrived.
func (s *stream) unacknowledged() frames {
	s.forget()
	return s.kept.all()
}

// near is how long the way to the peer and back may be for an acknowledgement to be
// waited for.
const near = 5 * time.Millisecond

// expected reports whether the peer's system is about to acknowledge what it has not: it
// is near, and has been sent all.
func (s *stream) expected() bool {
	if s.zip != nil && !s.flushed || len(s.sock.rest) > 0 {
		return false
	}
	s.forget()
	return s.kept.frames > 0 && s.sock.distance() < near
}

// untaken is how many frames our own system has not taken whole.
func (s *stream) untaken() int { return s.kept.after(s.sock.given - uint64(len(s.sock.rest))) }

// load is how much the other side is behind, in bytes.
func (s *stream) load() uint64 { return s.sock.unacknowledged() }

// abort ends a connection that failed. What the system still holds is thrown
// away: it is sent again over another one, and should not arrive twice.
func (s *stream) abort() {
	if s.kept.frames > 0 {
		s.sock.SetLinger(0)
	}
	s.sock.Close()
}

// finish ends the connection in order: it says that nothing more comes and waits,
// for a while, until the other side has read all. Closing a socket that holds
// bytes nobody has read, such as a TLS ticket, would throw away what is under
// way. It returns what may not have arrived.
func (s *stream) finish() frames {
	deadline := time.Now().Add(lastTime)
	s.sock.patience = lastTime
	if s.zip != nil && s.zip.Close() == nil {
		s.kept.complete(s.sock.given)
	}
	if s.tls != nil {
		s.tls.SetWriteDeadline(deadline)
		s.tls.CloseWrite()
	}
	if s.sock.drain(time.Until(deadline)) == nil && s.sock.CloseWrite() == nil {
		s.sock.SetReadDeadline(deadline)
		if _, err := io.Copy(io.Discard, s.sock.TCPConn); err == nil {
			s.sock.settle(deadline)
		}
	}
	left := s.unacknowledged()
	s.sock.Close()
	return left
}
