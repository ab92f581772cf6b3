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

	kept  frames
	marks []uint64 // of each kept frame: the bytes of the connection with which it is complete
	limit int      // of kept, for the next look at what was acknowledged
}

const (
	// keepLimit is the least size at which acknowledged frames are dropped.
	keepLimit = 256 << 10
	// unflushed bounds what a compressor holds back without flushOnTXEnd.
	unflushed = 1 << 20
	// pending is the mark of a frame that is still in the compressor, or that an error cut off.
	pending = ^uint64(0)
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

// write sends f. After an error, unacknowledged tells what may be lost.
func (s *stream) write(f frames) error {
	if s.kept.size() > max(s.limit, keepLimit) {
		s.forget()
	}
	first, base := s.kept.len(), s.sock.given
	s.kept.add(f)
	plain := s.zip == nil && s.tls == nil
	for i := range f.ends {
		mark := pending
		if plain {
			mark = base + uint64(f.ends[i]-f.start)
		}
		s.marks = append(s.marks, mark)
	}
	if _, err := s.writer().Write(f.all()); err != nil {
		return err
	}
	if s.zip != nil {
		if !s.flushed && s.kept.size() < unflushed {
			return nil
		}
		if err := s.zip.Flush(); err != nil {
			return err
		}
		first = 0
	}
	s.complete(first)
	return nil
}

// complete marks frames as contained in what was written so far.
func (s *stream) complete(first int) {
	for i := first; i < len(s.marks); i++ {
		s.marks[i] = min(s.marks[i], s.sock.given)
	}
}

// forget drops the frames that were acknowledged.
func (s *stream) forget() {
	acknowledged := s.sock.given - s.sock.unacknowledged()
	n := 0
	for n < len(s.marks) && s.marks[n] <= acknowledged {
		n++
	}
	s.kept.drop(n)
	s.marks = s.marks[:copy(s.marks, s.marks[n:])]
	s.limit = 2 * s.kept.size()
	if s.kept.len() == 0 && cap(s.kept.buf) > keepLimit {
		s.kept.buf = nil
	}
}

// unacknowledged are the frames that may not have arrived.
func (s *stream) unacknowledged() frames {
	s.forget()
	return s.kept.view(0, s.kept.len())
}

// untaken is how many frames our own system has not taken whole.
func (s *stream) untaken() int {
	taken := s.sock.given - uint64(len(s.sock.rest))
	n := 0
	for n < len(s.marks) && s.marks[len(s.marks)-1-n] > taken {
		n++
	}
	return n
}

// load is how much the other side is behind, in bytes.
func (s *stream) load() uint64 { return s.sock.unacknowledged() }

// abort ends a connection that failed. What the system still holds is thrown
// away: it is sent again over another one, and should not arrive twice.
func (s *stream) abort() {
	if s.kept.len() > 0 {
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
		s.complete(0)
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
