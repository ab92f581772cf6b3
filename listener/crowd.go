package listener

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// When nobody else fits, the connection that was silent for longest has to go: one that
// has never brought a message after silentNew (it is not a sender, or one that can
// connect again when it has something), another one after silentOld. Silent is who
// brings no whole message, however many bytes.
const (
	silentNew = time.Second
	silentOld = time.Minute
)

// maxHandshakes bounds the TLS handshakes that a server has under way. Each costs the time
// of a signature, and memory.
const maxHandshakes = 256

// handshakeMemory is what a TLS handshake takes, in bytes: a record or two, and a message
// of up to 64 KiB if the peer sends one.
const handshakeMemory = 64 << 10

// crowd is the connections of a server.
type crowd struct {
	mu       sync.Mutex
	members  map[*intake]struct{}
	bySource map[string]int // by the peer's address
	shaking  int            // members in a TLS handshake
	// barren is when somebody may have been silent for long enough next: a flood must
	// not make us look through all of them for each of its connections.
	barren time.Time
}

// asked is what a newcomer was answered.
type asked uint8

const (
	welcome asked = iota
	tooManySessions
	tooManyOfSource
	tooManyDescriptors
	tooManyHandshakes
)

// enter adds a newcomer, if there is room or can be made. fd is the number of its
// descriptor, which the kernel takes as small as it can.
func (s *StreamServer) enter(in *intake, fd int) asked {
	now := time.Now()
	in.heard.Store(now.UnixNano())
	c := &s.crowd
	c.mu.Lock()
	defer c.mu.Unlock()
	source := string(in.peer.IP)
	var why asked
	var among func(*intake) bool // who may have to go
	switch {
	case s.opt.MaxPerSource > 0 && c.bySource[source] >= s.opt.MaxPerSource:
		why, among = tooManyOfSource, func(o *intake) bool { return string(o.peer.IP) == source }
	case s.opt.MaxSessions > 0 && len(c.members) >= s.opt.MaxSessions:
		why = tooManySessions
	case s.most > 0 && fd >= s.most:
		why = tooManyDescriptors
	case s.opt.TLS != nil && c.shaking >= maxHandshakes:
		why, among = tooManyHandshakes, func(o *intake) bool { return o.shaking }
	}
	if why != welcome && !s.makeRoom(now, among) {
		return why
	}
	if c.members == nil {
		c.members, c.bySource = map[*intake]struct{}{}, map[string]int{}
	}
	c.members[in] = struct{}{}
	c.bySource[source]++
	if in.shaking = s.opt.TLS != nil; in.shaking {
		c.shaking++
	}
	return welcome
}

// makeRoom sends a member away that was silent for long: of the source that has most of
// them the one that was so for longest. crowd.mu is held.
func (s *StreamServer) makeRoom(now time.Time, among func(*intake) bool) bool {
	c := &s.crowd
	if among == nil && now.Before(c.barren) {
		return false
	}
	var victim *intake
	next := now.Add(silentOld)
	for in := range c.members {
		if in.leave == nil || among != nil && !among(in) {
			continue
		}
		if until := in.silentUntil(); until.After(now) {
			next = earlier(next, until)
			continue
		}
		if victim == nil || c.before(in, victim) {
			victim = in
		}
	}
	if victim == nil {
		if among == nil {
			c.barren = next
		}
		return false
	}
	s.Evicted.Add(1)
	if s.evictions.Allow() {
		s.opt.Log.Warn("a silent connection was closed, because others wait", "peer", string(victim.peer.IP),
			"silent", now.Sub(time.Unix(0, victim.heard.Load())).Round(time.Second), "count", s.Evicted.Value())
	}
	c.remove(victim)
	victim.sendAway()
	return true
}

// before reports whether a has to go before b.
func (c *crowd) before(a, b *intake) bool {
	if m, n := c.bySource[string(a.peer.IP)], c.bySource[string(b.peer.IP)]; m != n {
		return m > n
	}
	return a.heard.Load() < b.heard.Load()
}

// silentUntil is when the connection is silent for so long that it may have to go.
func (in *intake) silentUntil() time.Time {
	patience := silentNew
	if in.spoke.Load() {
		patience = silentOld
	}
	return time.Unix(0, in.heard.Load()).Add(patience)
}

// leavesBy sets what ends the connection from outside of its goroutine.
func (s *StreamServer) leavesBy(in *intake, f func()) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	if in.leave = f; in.away.Load() {
		f()
	}
}

// leftBefore forgets a newcomer that could not be served.
func (s *StreamServer) leftBefore(in *intake) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	s.crowd.remove(in)
}

// shaken says that the TLS handshake of a connection is over.
func (s *StreamServer) shaken(in *intake) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	if in.shaking {
		in.shaking = false
		s.crowd.shaking--
	}
}

// remove forgets a member, unless that was done before. crowd.mu is held.
func (c *crowd) remove(in *intake) {
	if _, there := c.members[in]; !there {
		return
	}
	delete(c.members, in)
	if source := string(in.peer.IP); c.bySource[source] > 1 {
		c.bySource[source]--
	} else {
		delete(c.bySource, source)
	}
	if in.shaking {
		in.shaking = false
		c.shaking--
	}
}

// sendAway ends the connection. It may be called from any goroutine.
func (in *intake) sendAway() {
	if !in.away.Swap(true) && in.leave != nil {
		in.leave()
	}
}

// hears notes that the peer has brought a whole message.
func (in *intake) hears(now time.Time) {
	in.heard.Store(now.UnixNano())
	if !in.spoke.Load() {
		in.spoke.Store(true)
	}
}

// mostDescriptors is the number that the descriptor of a connection may not reach: a
// quarter of what the process may have, at most a thousand, is kept for files, for the
// connections of outputs and for the port of the metrics.
func mostDescriptors() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur > 1<<30 {
		return 0
	}
	return int(limit.Cur - min(limit.Cur/4, 1000))
}

// number is that of a connection's descriptor; 0 if it has none.
func number(c net.Conn) (fd int) {
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			raw.Control(func(n uintptr) { fd = int(n) })
		}
	}
	return fd
}

// errSentAway is why a poller ends a connection that was sent away.
var errSentAway = errors.New("sent away")

// leave ends a session: its read ends with a deadline that has passed.
func (s *session) leave() {
	s.srv.mu.Lock()
	defer s.srv.mu.Unlock()
	s.conn.SetReadDeadline(time.Unix(1, 0))
	if s.cutOff.Load() {
		s.conn.SetWriteDeadline(time.Now().Add(farewellTime))
	}
}
