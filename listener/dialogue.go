package listener

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"syslogd/message"
	"syslogd/parser/frame"
)

// Dialogue is one connection's side of a protocol in which the server answers:
// what the sender gets an answer to it may forget, so there is none before the
// messages are in the queue.
type Dialogue interface {
	// Next looks for a message at the start of buf, and returns how many bytes of
	// buf are done with. Without advance it wants to see more bytes behind the
	// same ones. An error ends the connection; io.EOF is the regular end.
	Next(buf []byte) (text []byte, advance int, ev frame.Event, err error)
	// Need is the number of bytes that Next wants to see at least, or 0.
	Need() int
	// Patience is how long the peer may be silent; 0 is for ever. inFrame says
	// that part of a frame is there.
	Patience(inFrame bool) time.Duration
	// Answers appends what the peer is due once the messages found so far are safe.
	Answers(dst []byte) []byte
	// Farewell appends what the peer is told when the server ends the connection.
	Farewell(dst []byte) []byte
}

const (
	// answerTime is how long a peer may take to read its answers, farewellTime to
	// go when it was told to.
	answerTime   = 30 * time.Second
	farewellTime = time.Second
	// queueTime is how long a full queue is waited for. Senders give up a server
	// that does not answer (librelp after 90 s) and send all again; a batch that
	// waited longer would come twice.
	queueTime = 60 * time.Second
	// maxCollecting bounds the bytes of large frames that sessions collect at a
	// time; a single one may be larger.
	maxCollecting = 128 << 20
	// maxKeptAnswers is the buffer for answers that a silent session keeps.
	maxKeptAnswers = 4 << 10
)

var errTooMuch = errors.New("there are too many large frames at a time")

// large collects a frame that is longer than a read. Reading each part behind
// the ones before would cost the square of its length.
type large struct {
	buf  []byte
	need int // 0 when there is none
}

// converse is run for a connection with a Dialogue.
func (s *session) converse(ctx context.Context, raw syscall.RawConn) {
	defer func() { s.srv.collecting.Add(-int64(s.large.need)) }()
	var err error
	for !s.over && err == nil {
		s.patience(ctx)
		var slab *message.Slab
		var n int
		if slab, n, err = s.read(raw); n > 0 {
			s.hear(slab, n)
		}
	}
	if err != nil && !s.over {
		s.ending(ctx, raw, err)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return // the peer is gone
		}
	}
	s.farewell()
}

// patience bounds how long the next read may take.
func (s *session) patience(ctx context.Context) {
	var until time.Time
	if d := s.dialogue.Patience(len(s.rest) > 0 || s.large.need > 0); d > 0 {
		until = time.Now().Add(d)
	}
	s.conn.SetReadDeadline(until)
	if ctx.Err() != nil || s.away.Load() { // interrupt or leave may have come before
		s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// hear takes messages from the rest and n new bytes, which slab holds, submits
// them, and answers. It takes over slab.
func (s *session) hear(slab *message.Slab, n int) {
	s.srv.Bytes.Add(uint64(n))
	if s.over {
		slab.Release()
		return
	}
	used := n + len(s.rest)
	if s.large.need > 0 {
		s.large.buf = append(s.large.buf, slab.Buf[:n]...)
		s.collected = cap(s.large.buf)
		s.holds()
		slab.Release()
		if len(s.large.buf) < s.large.need {
			return
		}
		slab, used = s.whole()
	}
	slab = rightSize(slab, used)
	if s.greets(slab.Buf[:used]) {
		slab.Release()
		s.end(errTLS)
		return
	}
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), &s.flow
	rest, err := s.take(b, slab.Buf[:used])
	if need := s.dialogue.Need(); err == nil && need > fairRead {
		err = s.collect(need, rest)
		rest = nil
	}
	s.keep(rest)
	if b.Len() > 0 {
		s.hears(b.Received)
	}
	if qerr := s.finish(b); err == nil || qerr != nil {
		err = qerr
	}
	if err != nil {
		s.end(err)
	}
}

// take adds the messages in buf to b and returns what is left of buf.
func (s *session) take(b *message.Batch, buf []byte) (rest []byte, err error) {
	for {
		text, advance, ev, err := s.dialogue.Next(buf)
		if ev.Kind != 0 {
			s.event(ev)
		}
		if len(text) > 0 {
			s.record(text, ev)
			b.Add(text, s.srv.opt.Origin, s.peer).PeerPort = s.port
		}
		if buf = buf[advance:]; advance == 0 || err != nil {
			return buf, err
		}
	}
}

// finish submits b and, when the queue has it, answers.
func (s *session) finish(b *message.Batch) error {
	if b.Len() == 0 {
		b.Release()
	} else {
		ctx, cancel := context.WithTimeout(s.sub.Patience(), queueTime)
		defer cancel()
		if err := s.submit(ctx, b); err != nil {
			return err
		}
	}
	s.out = s.dialogue.Answers(s.out[:0])
	return s.say()
}

// say sends what is in out.
func (s *session) say() error {
	if len(s.out) == 0 {
		return nil
	}
	s.conn.SetWriteDeadline(time.Now().Add(answerTime))
	_, err := s.conn.Write(s.out)
	if cap(s.out) > maxKeptAnswers {
		s.out = nil
	}
	return err
}

// collect begins to collect a frame of need bytes, of which buf is the start.
func (s *session) collect(need int, buf []byte) error {
	if s.srv.collecting.Add(int64(need)) > max(maxCollecting, int64(need)) {
		s.srv.collecting.Add(-int64(need))
		return errTooMuch
	}
	s.large = large{append([]byte(nil), buf...), need}
	s.collected = cap(s.large.buf)
	s.holds()
	return nil
}

// whole returns a slab with the collected frame and its length.
func (s *session) whole() (*message.Slab, int) {
	slab := message.NewSlab(len(s.large.buf))
	n := copy(slab.Buf, s.large.buf)
	s.srv.collecting.Add(-int64(s.large.need))
	s.large, s.collected = large{}, 0
	s.holds()
	return slab, n
}

// end notes that the dialogue has ended, and why.
func (s *session) end(err error) {
	s.over = true
	if errors.Is(err, io.EOF) {
		return
	}
	s.srv.FramingErrors.Add(1)
	if s.srv.framing.Allow() {
		s.srv.opt.Log.Warn("session ended by the server, the sender will send again what was not acknowledged",
			"peer", string(s.peer.IP), "err", err, "count", s.srv.FramingErrors.Value())
	}
}

// farewell ends the connection so that the peer gets all answers: closing a
// socket that holds bytes nobody has read would throw away what is under way.
func (s *session) farewell() {
	s.close()
	s.out = s.dialogue.Farewell(s.out[:0])
	if s.say() != nil {
		return
	}
	if w, ok := s.conn.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		s.conn.SetReadDeadline(time.Now().Add(farewellTime))
		io.Copy(io.Discard, s.conn)
	}
}
