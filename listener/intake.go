package listener

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/nowait"
	"syslogd/internal/receipt"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/parser/frame"
)

// intake makes batches of the bytes of one connection, and submits them. It holds no
// buffer in between, but for the start of a frame that has not ended.
type intake struct {
	srv    *StreamServer
	sub    *Submitter
	peer   *message.Peer
	port   uint16
	frames frame.Reader
	flow   *message.Flow // batches in queues keep it, so it must not keep what the connection holds
	rest   []byte        // of a frame that has not ended
	grown  grown         // what rest lies in, if it is long
	size   int           // of the next read
	least  int           // that size may be
	last   time.Time     // something was read
	long   bool          // the next text is the beginning of a frame that is too long
	part   bool          // the last text was a piece of one

	greeted bool // the first bytes have been looked at
	garbage bool // what the peer sends are no messages
	polled  bool // a poller serves the connection: it must not wait for memory

	// What the connection holds beside rest, in bytes; see Budget.
	window    int // the decompressor, or TLS
	collected int // of a large frame
	hand      int // what is read into, or was and is on its way to the queue; 0: little
	wants     int // that hand is to be, when there is room for it

	heard   atomic.Int64 // when the peer brought a whole message last, or came; ns since 1970
	spoke   atomic.Bool  // it has brought one
	away    atomic.Bool  // it was sent away
	cutOff  atomic.Bool  // for what it holds: the beginning of a frame is thrown away
	held    atomic.Int64 // bytes, as Budget knows it
	idle    atomic.Bool  // it waits for the peer, or a poller serves it; for Budget
	busy    bool         // as Budget counted it; guarded by Budget.mu, as what follows
	waits   bool         // for memory
	since   time.Time    // it is idle
	leave   func()       // ends the connection; guarded by crowd.mu, as shaking is
	shaking bool         // a TLS handshake is under way
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
func (in *intake) mostRead() int {
	return min(maxRead, max(fairRead, readsTogether/int(max(in.srv.open.Load(), 1))))
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

// patient is how long a stop waits for a first sign of the peer.
func (in *intake) patient() time.Duration {
	if time.Since(in.last) < lately {
		return longQuiet
	}
	return quiet
}

// sized makes the next read larger or smaller: n bytes came with the last one.
func (in *intake) sized(n int) {
	switch {
	case n >= in.size:
		in.size = min(in.size*8, in.mostRead())
	case n < in.size/16:
		in.size = max(in.size/8, in.least)
	}
}

// readNow reads what has arrived on fd, which must not block. It returns a slab that
// begins with the rest of the last one, followed by n new bytes; the caller owns it.
// Without any it returns EAGAIN, or no error at the end of the stream, and no slab.
func (in *intake) readNow(fd int) (*message.Slab, int, error) {
	slab, filled := in.room()
	if slab == nil {
		return nil, 0, in.noRoom()
	}
	for {
		n, err := nowait.Read(fd, slab.Buf[filled:][:in.size])
		switch {
		case err == unix.EINTR:
			continue
		case n > 0:
			return slab, n, nil
		}
		in.unread(slab)
		return nil, 0, err
	}
}

// consume cuts the rest and n new bytes, which slab holds, into messages and submits
// them. It takes over slab.
func (in *intake) consume(slab *message.Slab, n int, atEOF bool) {
	in.insist(in.cut(slab, n, atEOF))
}

// cut makes a batch of the frames in the rest and n new bytes, which slab holds. It
// takes over slab.
func (in *intake) cut(slab *message.Slab, n int, atEOF bool) *message.Batch {
	srv := in.srv
	srv.Bytes.Add(uint64(n))
	used := n
	if !atEOF {
		used += len(in.rest)
	} else {
		used = copy(slab.Buf, in.rest)
	}
	slab = rightSize(slab, used)
	in.hand = in.noted(len(slab.Buf))
	b := message.NewBatch(slab)
	b.Received, b.Flow = time.Now(), in.flow
	in.last = b.Received
	buf := slab.Buf[:used]
	if in.greets(buf) {
		in.garbage = true
		srv.remove(in)
	}
	if in.garbage || in.cutOff.Load() {
		in.discard(buf)
		return b
	}
	for {
		text, advance, ev := in.frames.Next(buf, atEOF)
		if ev.Kind != 0 {
			in.event(ev)
		}
		if len(text) > 0 {
			in.record(text, ev)
			m := b.Add(text, srv.opt.Origin, in.peer)
			m.PeerPort = in.port
			if in.frames.Clean() {
				m.Flags = message.Clean
			}
		}
		buf = buf[advance:]
		if advance == 0 && len(text) == 0 && ev.Kind == 0 {
			break
		}
	}
	if !atEOF {
		if text, advance := in.frames.Idle(buf); advance > 0 {
			b.Add(text, srv.opt.Origin, in.peer).PeerPort = in.port
			buf = buf[advance:]
		}
	}
	if !in.grows(b, slab, buf) {
		in.keep(buf)
	}
	if b.Len() > 0 {
		in.hears(b.Received)
	}
	return b
}

// end makes a batch of what is left: nothing more will come.
func (in *intake) end() *message.Batch {
	if in.garbage || in.cutOff.Load() {
		in.discard(in.rest)
	}
	return in.cut(message.NewSlab(len(in.rest)+1), 0, true)
}

// keep stores the start of a frame that has not ended.
func (in *intake) keep(buf []byte) {
	in.grown.forget(&in.rest)
	before := cap(in.rest)
	if len(buf) == 0 && before > firstRead {
		in.rest = nil
	} else {
		in.rest = append(in.rest[:0], buf...)
	}
	if cap(in.rest) != before {
		in.holds()
	}
}

// holds tells the budget what the connection holds.
func (in *intake) holds() { in.srv.opt.Budget.hold(in, in.sum()) }

func (in *intake) sum() int { return cap(in.rest) + in.collected + in.window + in.hand }

// noted is how much of a slab of n bytes the budget is told: of one that a poller reads
// into, and hands on at once, nothing.
func (in *intake) noted(n int) int {
	if n < worthNoting || in.polled && n <= message.LargestSlab {
		return 0
	}
	return n
}

// takes tells the budget of a slab of n bytes that is about to be made, and reports
// whether it may be.
func (in *intake) takes(n int) bool {
	n = in.noted(n)
	if n <= in.hand {
		return true
	}
	before := in.hand
	in.hand = n
	if in.polled {
		in.holds()
		return !in.away.Load()
	}
	if in.srv.opt.Budget.try(in, in.sum()-int(in.held.Load())) {
		return true
	}
	in.hand, in.wants = before, n
	return false
}

var errNoRoom = errors.New("other connections hold too much")

// noRoom is why there was no room.
func (in *intake) noRoom() error {
	if in.away.Load() {
		return errSentAway
	}
	return errNoRoom
}

// awaitsRoom waits until the next call of room finds some. It reports false if the
// connection has to end.
func (in *intake) awaitsRoom() bool {
	in.hand = in.wants
	return in.srv.opt.Budget.wait(in, in.sum()-int(in.held.Load()))
}

// letGo says that what was read into is no longer held.
func (in *intake) letGo() {
	if in.hand > 0 {
		in.hand = 0
		in.holds()
	}
}

// moves says that what was read is handed on, and moved that it has arrived.
func (in *intake) moves() {
	if in.hand > 0 && in.polled {
		in.srv.opt.Budget.works(in)
	}
}

func (in *intake) moved() {
	if in.hand > 0 && in.polled {
		in.srv.opt.Budget.idles(in)
	}
	in.letGo()
}

// works says that there is something to do, and idles that the peer is waited for.
func (in *intake) works() { in.srv.opt.Budget.works(in) }
func (in *intake) idles() { in.srv.opt.Budget.idles(in) }

// discard throws away what a connection that was cut off held of a frame.
func (in *intake) discard(buf []byte) {
	if len(buf) > 0 && !in.garbage {
		in.srv.lost.memory.Add(1, "peer", string(in.peer.IP), "size", len(buf))
	}
	in.grown.forget(&in.rest)
	in.rest = nil
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

// submit hands the batch on, unless the queue does not take it.
func (in *intake) submit(ctx context.Context, b *message.Batch) error {
	n := in.limit(b)
	submit := in.sub.Submit
	if in.srv.opt.Stored {
		submit = in.store
	}
	in.moves()
	err := submit(ctx, b)
	in.moved()
	return in.count(n, err)
}

var errUnfinished = errors.New("the server stops before the messages are safe")

// store submits b, and waits until it is safe or given up.
func (in *intake) store(ctx context.Context, b *message.Batch) error {
	o, err := in.sub.Deliver(ctx, b)
	if err == nil && o == receipt.Unfinished {
		err = errUnfinished
	}
	return err
}

// insist is submit for what the peer no longer has: it is handed on even if the
// server stops.
func (in *intake) insist(b *message.Batch) {
	n := in.limit(b)
	in.moves()
	in.count(n, in.sub.Insist(b))
	in.moved()
}

// pass is insist, but may process the batch before it returns: see Passer. Who waits that
// long may be relieved, so it touches nothing that belongs to who runs the poller.
func (in *intake) pass(b *message.Batch) {
	n := in.limit(b)
	in.count(n, in.sub.Pass(b))
}

// limit takes away what the rate limit does not grant, and returns what is left.
func (in *intake) limit(b *message.Batch) int {
	n := b.Len()
	if n == 0 {
		return 0
	}
	granted := in.srv.opt.Limit.Take(n, b.Received)
	if granted < n {
		b.Cut(granted)
	}
	return granted
}

// count counts n messages that the queue has taken, or not because of err, which it
// returns.
func (in *intake) count(n int, err error) error {
	if err == nil {
		in.srv.Received.Add(uint64(n))
	} else if in.srv.opt.Dialogue == nil { // else the peer still has them
		in.srv.Dropped.Add(uint64(n))
	}
	return err
}

// record writes a message that is too long to the file for those. Of one that is
// cut it is what is kept: the rest may not even have arrived. An event without
// text is about the text that follows.
func (in *intake) record(text []byte, ev frame.Event) {
	if in.long || ev.Kind&(frame.Oversize|frame.Split|frame.Accepted) != 0 || in.srv.opt.Oversize.exceeds(text) {
		in.srv.opt.Oversize.Record(text, in.srv.opt.Origin.Name)
	}
	in.long, in.part = false, ev.Kind&frame.Split != 0
}

// event counts what is wrong with a frame and logs it, at most once a minute.
func (in *intake) event(ev frame.Event) {
	srv := in.srv
	srv.FramingErrors.Add(1)
	oversize := ev.Kind&(frame.Oversize|frame.Split|frame.Accepted) != 0
	way, counted := in.loses(ev)
	in.long = ev.Kind&frame.Oversize != 0 && ev.Kind&frame.TooLarge == 0
	switch {
	case counted || oversize && srv.opt.QuietOversize:
		return
	case way != nil:
		if !way.Begins(1, "peer", string(in.peer.IP), "size", ev.Size) {
			return
		}
	case oversize && !srv.oversize.Allow() || !oversize && !srv.framing.Allow():
		return
	}
	in.tell(ev)
}

// loses returns in which way a message is lost by what is wrong with a frame, nil for
// none; counted says that this message has been.
func (in *intake) loses(ev frame.Event) (way *metrics.Loss, counted bool) {
	lost := &in.srv.lost
	switch {
	case ev.Kind&(frame.Incomplete|frame.Unterminated) != 0:
		return lost.incomplete, in.long && in.srv.cuts()
	case ev.Kind&frame.TooLarge != 0 || ev.Kind&(frame.Oversize|frame.Split) == 0:
		return nil, false
	case in.srv.cuts():
		return lost.cut, false
	}
	return lost.split, in.part
}

// tell logs what is wrong with a frame.
func (in *intake) tell(ev frame.Event) {
	srv := in.srv
	log := srv.opt.Log.With("peer", string(in.peer.IP), "count", srv.FramingErrors.Value())
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
