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
	// maxKeptAnswers is the buffer for answers that a silent session keeps.
	maxKeptAnswers = 4 << 10
)

// large collects a frame that is longer than a read. Reading each part behind
// the ones before would cost the square of its length.
type large struct {
	slab *message.Slab
	got  int
	need int // 0 when there is none
}

// converse is run for a connection with a Dialogue.
func (s *session) converse(ctx context.Context, raw syscall.RawConn) {
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
	defer s.letGo()
	if s.over {
		slab.Release()
		return
	}
	used := n + len(s.rest)
	if s.large.need > 0 {
		err := s.gather(slab.Buf[:n])
		slab.Release()
		if err != nil {
			s.end(err)
			return
		}
		if s.large.got < s.large.need {
			return
		}
		slab, used = s.whole()
	}
	slab = rightSize(slab, used)
	s.hand = s.noted(len(slab.Buf))
	if s.greets(slab.Buf[:used]) {
		slab.Release()
		s.end(errTLS)
		return
	}
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), s.flow
	rest, err := s.take(b, slab.Buf[:used])
	s.keep(rest)
	if b.Len() > 0 {
		s.hears(b.Received)
	}
	need := s.dialogue.Need()
	if qerr := s.finish(b); err == nil || qerr != nil {
		err = qerr
	}
	if err == nil && need > fairRead {
		err = s.collect(need)
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
	if s.cutOff.Load() { // leave may have come before
		s.conn.SetWriteDeadline(time.Now().Add(farewellTime))
	}
	_, err := s.conn.Write(s.out)
	if cap(s.out) > maxKeptAnswers {
		s.out = nil
	}
	return err
}

// collect begins to collect a frame of need bytes, which the rest is the start of.
func (s *session) collect(need int) error {
	s.large = large{need: need}
	err := s.gather(s.rest)
	s.keep(nil)
	return err
}

// gather adds bytes to what is there of a large frame. It waits for memory, and fails if
// the connection has to end.
func (s *session) gather(more []byte) error {
	l := &s.large
	if l.got+len(more) > s.collected {
		// Twice as much each time, but no more than the frame and a read behind it.
		size := message.SlabSize(max(l.got+len(more), min(max(2*s.collected, 2*fairRead), l.need+fairRead)))
		if !s.srv.opt.Budget.wait(s.intake, size) {
			return errSentAway
		}
		larger := message.NewSlab(size)
		if l.slab != nil {
			copy(larger.Buf, l.slab.Buf[:l.got])
			l.slab.Release()
		}
		l.slab, s.collected = larger, len(larger.Buf)
		s.holds()
	}
	l.got += copy(l.slab.Buf[l.got:], more)
	return nil
}

// whole returns a slab with the collected frame and its length.
func (s *session) whole() (*message.Slab, int) {
	slab, n := s.large.slab, s.large.got
	s.large, s.collected = large{}, 0
	return slab, n
}

// end notes that the dialogue has ended, and why.
func (s *session) end(err error) {
	s.over = true
	if errors.Is(err, io.EOF) || errors.Is(err, errSentAway) {
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
	s.large, s.collected, s.rest = large{}, 0, nil
	s.holds()
	s.out = s.dialogue.Farewell(s.out[:0])
	if s.say() != nil {
		return
	}
	if w, ok := s.conn.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		s.conn.SetReadDeadline(time.Now().Add(farewellTime))
		io.Copy(io.Discard, s.conn)
	}
}
