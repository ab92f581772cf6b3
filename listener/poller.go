package listener

import (
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/internal/barrier"
	"syslogd/internal/epoll"
	"syslogd/message"
)

// poller serves connections that are only read, without TLS: one goroutine waits for
// all of them and reads what has arrived. A goroutine for each would be woken for each
// message of one of many connections, and wake the worker each time.
//
// The poller submits the batches itself, so a full queue makes all its connections
// wait. They are those of one input, whose messages go to the same queue. While little
// comes it also does the work of the queue's worker: waking that costs more than a
// message does.
type poller struct {
	srv *StreamServer
	set *epoll.Set

	mu       sync.Mutex // guards sessions, and set against use after close
	sessions map[int]*polled
	stopping atomic.Bool
	leaving  []*polled // that were sent away, and have not been closed; guarded by mu
	leaves   atomic.Bool

	// What follows belongs to run.
	ready     []*polled // whose turn it is
	last      *polled   // that something was read from; nil: it has ended
	taken     []taken   // in this turn, not yet submitted
	size      int       // of it, in bytes
	bytes     int       // that the turn brought
	messages  int       // that these are
	gathering Gather
	direct    bool // the set waits directly
	relief    *Relief
}

// polled is one connection of a poller, which owns it and its descriptor.
type polled struct {
	*intake
	fd    int
	ended bool

	// When the server stops:
	bytes int       // read since then
	until time.Time // the first of them are waited for
}

// taken is a batch and where it comes from.
type taken struct {
	in    *intake
	batch *message.Batch
}

const (
	// submitBytes is what is submitted before the turn ends.
	submitBytes = 64 << 10

	// gatherBytes is what a turn may bring at most for messages to gather behind it: a
	// socket's buffer has room for many times as much.
	gatherBytes = 16 << 10

	// reliefAfter is how long a poller may process a batch.
	reliefAfter = time.Second
)

// pollers is how many a server has: one keeps pace with several workers.
func pollers() int { return max(1, min(runtime.GOMAXPROCS(0)/4, 4)) }

func newPoller(srv *StreamServer) (*poller, error) {
	p := &poller{srv: srv, sessions: map[int]*polled{}}
	p.relief = NewRelief(reliefAfter, p.run)
	var err error
	p.set, err = epoll.New(p.again)
	return p, err
}

// descriptor returns a descriptor of conn that the runtime's poller does not know.
func descriptor(conn net.Conn) (int, error) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return -1, errors.ErrUnsupported
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var dupErr error
	err = raw.Control(func(own uintptr) {
		fd, dupErr = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
	})
	return fd, errors.Join(err, os.NewSyscallError("fcntl", dupErr))
}

// add takes over a session that has begun.
func (p *poller) add(s *polled) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.set.Add(s.fd); err != nil {
		return err
	}
	p.sessions[s.fd] = s
	return nil
}

// leave makes the poller end a session, in its next turn.
func (p *poller) leave(s *polled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sessions[s.fd] == s { // else the number may be another one's by now
		unix.Shutdown(s.fd, unix.SHUT_RDWR)
		p.leaving = append(p.leaving, s)
		p.leaves.Store(true)
	}
}

// dismiss closes the sessions that were sent away: what they hold may be needed by those
// whose turn it is.
func (p *poller) dismiss() {
	if !p.leaves.Load() {
		return
	}
	p.mu.Lock()
	leaving := p.leaving
	p.leaving = nil
	p.leaves.Store(false)
	p.mu.Unlock()
	for _, s := range leaving {
		if !s.ended {
			p.sendOff(s)
		}
	}
}

func (p *poller) sendOff(s *polled) {
	defer p.survive(s)
	p.end(s, errSentAway)
}

// open are the sessions that have not ended.
func (p *poller) open() []*polled {
	p.mu.Lock()
	defer p.mu.Unlock()
	open := make([]*polled, 0, len(p.sessions))
	for _, s := range p.sessions {
		open = append(open, s)
	}
	return open
}

// stop makes run end. No session is added afterwards.
func (p *poller) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping.Store(true)
	p.relief.Now()
	p.set.Interrupt()
}

// run serves the connections until stop is called, and then until they have ended. It
// may be relieved: then another goroutine does that.
func (p *poller) run() {
	for !p.stopping.Load() {
		p.turn(p.patience())
		if !p.process() {
			return
		}
		p.gather()
	}
	p.gathering.Release()
	p.drain()
	p.mu.Lock()
	p.set.Close()
	p.mu.Unlock()
	p.srv.running.Done()
}

// patience is how long a turn waits for its first event: below 0 is for ever.
func (p *poller) patience() time.Duration {
	if p.direct {
		return DirectWait
	}
	return -1
}

// process sees to what the turn brought. If that is one small batch, and messages do not
// come often, it is processed right here where the queue permits it. It reports whether
// the caller is still the one that runs the poller.
func (p *poller) process() (still bool) {
	if len(p.taken) != 1 || p.bytes > gatherBytes || p.gathering.Often() {
		p.submit()
		return true
	}
	t := p.taken[0]
	p.forget()
	t.in.letGo() // the batch is small, and the queue counts it
	return p.relief.Do(func() { t.in.pass(t.batch) })
}

// gather lets messages gather before the next turn if they come often and the last
// one brought little.
func (p *poller) gather() {
	pause, little := p.gathering.After(time.Now(), p.messages), p.bytes < gatherBytes
	if little || p.bytes > 4*gatherBytes { // not changed with each turn
		p.direct = p.gathering.Direct(little)
		p.set.Direct(p.direct)
	}
	switch {
	case little && pause > 0:
		p.gathering.Sleep(pause)
	case p.direct:
		p.gathering.EndTurn()
	}
}

// turn waits for connections that can be read, at most for so long, and reads them. What
// they bring and is not yet submitted is in taken.
func (p *poller) turn(wait time.Duration) {
	p.ready, p.bytes, p.messages = p.ready[:0], 0, 0
	events := p.set.Wait(wait)
	p.mu.Lock()
	for _, ev := range events {
		p.ready = append(p.ready, p.sessions[ev.FD])
	}
	p.mu.Unlock()
	for i, s := range p.ready {
		if !s.ended {
			p.serve(s, events[i].Closing)
		}
		p.dismiss()
	}
	clear(p.ready)
}

// again reads the connection that something was last read from: when messages come one
// by one it is mostly the one that brings the next.
func (p *poller) again() bool {
	if p.last == nil {
		return false
	}
	defer p.survive(p.last)
	n, _ := p.read(p.last)
	return n > 0
}

// serve reads what has arrived on a connection, at most what its next read takes. What
// is left makes the connection ready again. One that is closing is read to its end. It
// reports whether anything came.
func (p *poller) serve(s *polled, closing bool) (came bool) {
	defer p.survive(s)
	for {
		n, err := p.read(s)
		switch {
		case n > 0:
			came = true
			if !closing {
				return came
			}
		case errors.Is(err, unix.EAGAIN):
			return came
		default:
			p.end(s, err)
			return came
		}
	}
}

// read reads what has arrived on a connection, as readNow, and takes it.
func (p *poller) read(s *polled) (n int, err error) {
	if s.away.Load() {
		return 0, errSentAway
	}
	slab, n, err := s.readNow(s.fd)
	if n > 0 {
		p.last = s
		p.bytes += n
		s.bytes += n
		s.sized(n)
		p.take(s, s.cut(slab, n, false))
	}
	return n, err
}

// take keeps a batch until the turn's are submitted.
func (p *poller) take(s *polled, b *message.Batch) {
	if b.Len() == 0 {
		b.Release()
		s.letGo()
		return
	}
	p.taken = append(p.taken, taken{s.intake, b})
	p.messages += b.Len()
	if p.size += b.Bytes(); p.size > submitBytes {
		p.submit()
	}
}

// submit hands on what was taken. The worker that it wakes finds the batches of a turn
// together, and outputs write what they bring in one piece.
func (p *poller) submit() {
	for _, t := range p.taken {
		t.in.insist(t.batch)
	}
	p.forget()
}

// forget forgets what was taken.
func (p *poller) forget() {
	clear(p.taken)
	p.taken, p.size = p.taken[:0], 0
}

// survive is deferred around the reading of a connection: when it panics, the
// connection is closed as it is.
func (p *poller) survive(s *polled) {
	if v := recover(); v != nil {
		p.srv.crashed(s.intake, barrier.Caught(v))
		if !s.ended {
			p.close(s)
		}
	}
}

// end submits what is left of a connection and closes it.
func (p *poller) end(s *polled, err error) {
	if err != nil && !errors.Is(err, errSentAway) {
		p.srv.opt.Log.Debug("connection ended", "peer", string(s.peer.IP), "err", os.NewSyscallError("read", err))
	}
	p.take(s, s.intake.end())
	p.submit()
	p.close(s)
}

// close closes a connection.
func (p *poller) close(s *polled) {
	s.ended = true
	if p.last == s {
		p.last = nil
	}
	p.mu.Lock()
	delete(p.sessions, s.fd)
	p.mu.Unlock()
	p.set.Remove(s.fd)
	unix.Close(s.fd)
	p.srv.closed(s.intake)
}

// drain reads what has arrived, or is under way, when the server stops. It says first
// that the connections end: a sender that looks sends no more then and ends its own,
// too. Then all of it is here.
func (p *poller) drain() {
	now := time.Now()
	end := now.Add(drainTime)
	for _, s := range p.open() {
		s.bytes, s.until = 0, now.Add(s.patient())
		unix.Shutdown(s.fd, unix.SHUT_WR)
	}
	for {
		open := p.open()
		if len(open) == 0 {
			return
		}
		next := end
		for _, s := range open {
			if until := s.expires(); until.Before(next) {
				next = until
			}
		}
		p.turn(max(0, time.Until(next)))
		p.submit()
		now = time.Now()
		for _, s := range p.open() {
			p.expire(s, now, end)
		}
	}
}

// expire ends a session that is no longer waited for. Something may have come while
// this goroutine had no processor: what has arrived is read even then.
func (p *poller) expire(s *polled, now, end time.Time) {
	more := s.bytes < drainLimit
	if more && now.Before(end) && (now.Before(s.expires()) || p.serve(s, false)) {
		return
	}
	for more && !s.ended {
		n, _ := p.read(s)
		more = n > 0 && s.bytes < drainLimit
	}
	if !s.ended {
		p.end(s, nil)
	}
}

// expires is when the end of what the peer has sent is no longer waited for.
func (s *polled) expires() time.Time {
	if s.bytes > 0 {
		return s.last.Add(longQuiet)
	}
	return s.until
}
