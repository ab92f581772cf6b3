package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"syslogd/hosts"
	"syslogd/internal/barrier"
	"syslogd/internal/holder"
	"syslogd/internal/netns"
	"syslogd/message"
	"syslogd/metrics"
	"syslogd/parser/frame"
	"syslogd/ratelimit"
)

// StreamOptions are the settings of a StreamServer. They do not change once it listens.
type StreamOptions struct {
	// Network is tcp, tcp4, tcp6 or unix; Address what to listen on.
	Network, Address string
	// Namespace is the network namespace to listen in; "" is the present one.
	Namespace string
	// Backlog is the length of the kernel's queue of new connections; 0 is the system's.
	Backlog int
	// PortFile, if not empty, gets the number of the port.
	PortFile string

	Frame frame.Options
	// Dialogue, if not nil, makes the protocol of a connection on which the server
	// answers. Of Frame only MaxMessageSize counts then, for reports.
	Dialogue func() Dialogue
	// Stored has a Dialogue answer when messages are safe where they were to go, or given
	// up by policy; else when they are in the queue.
	Stored bool
	Origin *message.Origin
	// TLS, if not nil, is spoken on every connection.
	TLS *tls.Config
	// Compression is how the senders compress.
	Compression Compression
	// MaxSessions bounds connections at a time; 0 is no bound.
	MaxSessions int
	// MaxPerSource bounds those of one address; 0 is no bound.
	MaxPerSource int
	// Budget, if not nil, bounds what connections hold.
	Budget *Budget
	// Losses counts what is lost of messages, under the name that Origin has.
	Losses    *metrics.Losses
	KeepAlive net.KeepAliveConfig
	// QuietOversize does not log messages that are cut or split (oversizemsg.report).
	QuietOversize bool
	// Oversize, if not nil, records messages that are too long.
	Oversize     *OversizeFile
	NotifyOpen   bool
	NotifyClose  bool
	PreserveCase bool
	Access       *AccessList
	Limit        *ratelimit.Limit
	Names        *hosts.Names
	// LocalPeer, if not nil, is the sender of all messages (unix sockets).
	LocalPeer *message.Peer
	Log       *slog.Logger
}

// StreamServer accepts connections and reads messages from them.
type StreamServer struct {
	opt  StreamOptions
	lost streamLosses
	ln   net.Listener
	own  *holder.Own // the file of a unix socket; nil for others

	mu       sync.Mutex // guards sessions and stopping
	sessions map[*session]struct{}
	stopping bool // sessions are told to end
	running  sync.WaitGroup
	pollers  []*poller // serve the connections that are only read; none else

	crowd crowd
	most  int // number that a connection's descriptor may not reach; 0: none

	framing, oversize ratelimit.PerMinute
	full              ratelimit.PerMinute
	evictions         ratelimit.PerMinute
	wrongTLS          ratelimit.PerMinute
	wrongPlain        ratelimit.PerMinute
	accepting         ratelimit.PerMinute
	handshakes        ratelimit.PerMinute

	// Counters, in messages and bytes unless their name says otherwise.
	Received      metrics.Counter
	Bytes         metrics.Counter
	Dropped       metrics.Counter // queue closed
	Opened        metrics.Counter // sessions
	OpenedFailed  metrics.Counter // sessions refused: limit
	Evicted       metrics.Counter // sessions closed in favour of others
	TLSOnPlain    metrics.Counter // sessions that speak TLS without being asked
	PlainOnTLS    metrics.Counter // sessions that do not speak TLS though they should
	Closed        metrics.Counter // sessions
	FramingErrors metrics.Counter // frames
	TLSFailures   metrics.Counter // handshakes
	Crashed       metrics.Counter // sessions
	open          atomic.Int64
}

// handshakeTimeout bounds a TLS handshake: a peer that says nothing must not hold a session.
const handshakeTimeout = 30 * time.Second

// NewStreamServer returns a server. Listen opens its socket.
func NewStreamServer(opt StreamOptions) *StreamServer {
	s := &StreamServer{opt: opt, sessions: map[*session]struct{}{}}
	s.lost = newStreamLosses(opt.Losses, opt.Origin.Name)
	return s
}

// cuts reports whether of a message that is too long the beginning is kept alone; else it
// comes in pieces, each a message.
func (s *StreamServer) cuts() bool {
	return s.opt.Dialogue != nil || s.opt.Frame.DiscardTruncated || s.opt.Frame.Dialect == frame.PTCP
}

// Listen opens the socket.
func (s *StreamServer) Listen(ctx context.Context) error {
	cfg := net.ListenConfig{KeepAliveConfig: s.opt.KeepAlive}
	if !s.opt.KeepAlive.Enable {
		cfg.KeepAlive = -1
	}
	var ln net.Listener
	err := netns.Do(s.opt.Namespace, func() (err error) {
		ln, err = cfg.Listen(ctx, s.opt.Network, s.opt.Address)
		return err
	})
	if err != nil {
		return err
	}
	if s.opt.Backlog > 0 {
		if err := setBacklog(ln, s.opt.Backlog); err != nil {
			ln.Close()
			return fmt.Errorf("listen backlog %d: %w", s.opt.Backlog, err)
		}
	}
	s.ln, s.most = ln, mostDescriptors()
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // by its name, whoever's it is
		if s.own, err = holder.Claim(s.opt.Address); err != nil {
			ln.Close()
			return err
		}
	}
	if s.opt.PortFile == "" {
		return nil
	}
	port := ""
	if a, ok := ln.Addr().(*net.TCPAddr); ok {
		port = strconv.Itoa(a.Port)
	}
	if err := os.WriteFile(s.opt.PortFile, []byte(port), 0o644); err != nil {
		ln.Close()
		return fmt.Errorf("listenPortFileName: %w", err)
	}
	return nil
}

// setBacklog calls listen(2) again, which changes the length of the queue.
func setBacklog(ln net.Listener, n int) error {
	sc, ok := ln.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var listenErr error
	err = raw.Control(func(fd uintptr) { listenErr = unix.Listen(int(fd), n) })
	return errors.Join(err, listenErr)
}

// Addr is the address it listens on.
func (s *StreamServer) Addr() net.Addr { return s.ln.Addr() }

// Close closes the socket of a server that was not run.
func (s *StreamServer) Close() error {
	if s.ln == nil {
		return nil
	}
	return errors.Join(s.own.Remove(), s.ln.Close())
}

// lastCall is how long connections are accepted when the server stops: those that
// the kernel has taken already, perhaps with all that their sender had to say.
const lastCall = 10 * time.Millisecond

// lastCalls is how often that time is given again while there are such connections: on
// a busy machine it may have passed before this process got a processor.
const lastCalls = 100

// callAgain gives the time again if a connection waits to be accepted.
func (s *StreamServer) callAgain() bool {
	ln, ok := s.ln.(interface {
		syscall.Conn
		SetDeadline(time.Time) error
	})
	if !ok {
		return false
	}
	raw, err := ln.SyscallConn()
	if err != nil {
		return false
	}
	waiting := false
	err = raw.Control(func(fd uintptr) {
		n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		waiting = n > 0
	})
	return err == nil && waiting && ln.SetDeadline(time.Now().Add(lastCall)) == nil
}

// Run accepts connections until ctx is done. What has arrived by then is read
// and submitted before it returns. Sessions are told to end when nobody listens
// any more: a sender that is told connects again at once, and what it sends to a
// socket that is never accepted is lost.
func (s *StreamServer) Run(ctx context.Context, sub *Submitter) error {
	stop := context.AfterFunc(ctx, func() {
		refuse(s.ln)
		if ln, ok := s.ln.(interface{ SetDeadline(time.Time) error }); !ok || ln.SetDeadline(time.Now().Add(lastCall)) != nil {
			s.ln.Close()
		}
	})
	defer stop()
	if err := s.startPollers(); err != nil {
		return errors.Join(err, s.Close())
	}
	err := s.accept(ctx, sub)
	// A last connection may have ended the loop before the socket was closed.
	s.Close()
	s.interrupt()
	s.running.Wait()
	return err
}

// startPollers starts what serves connections that are only read, without TLS.
func (s *StreamServer) startPollers() error {
	if s.opt.TLS != nil || s.opt.Compression != Uncompressed || s.opt.Dialogue != nil {
		return nil
	}
	for range pollers() {
		p, err := newPoller(s)
		if err != nil {
			for _, p := range s.pollers {
				p.set.Close()
			}
			return err
		}
		s.pollers = append(s.pollers, p)
	}
	for _, p := range s.pollers {
		s.running.Add(1)
		go p.run()
	}
	return nil
}

// refuse lets the kernel make no further connections, so that none is left
// unaccepted when the socket is closed: packets for a socket with a filter that
// accepts no byte are dropped. Those that exist already are not affected.
func refuse(ln net.Listener) {
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	nothing := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}
	raw.Control(func(fd uintptr) {
		// Without it there is only a moment in which a connection may be lost.
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing})
	})
}

func (s *StreamServer) accept(ctx context.Context, sub *Submitter) error {
	var delay time.Duration
	calls := 0
	for {
		c, err := s.ln.Accept()
		switch {
		case err != nil && ctx.Err() != nil:
			if !errors.Is(err, os.ErrDeadlineExceeded) || calls == lastCalls || !s.callAgain() {
				return nil
			}
			calls++
			continue
		case err != nil:
			// Out of descriptors, or a connection that went away: the next may work.
			delay = min(max(2*delay, 5*time.Millisecond), time.Second)
			if errors.Is(err, unix.EMFILE) {
				s.crowd.mu.Lock()
				s.makeRoom(time.Now(), nil)
				s.crowd.mu.Unlock()
			}
			if s.accepting.Allow() {
				s.opt.Log.Warn("accepting a connection", "err", err, "retry_in", delay)
			}
			select {
			case <-time.After(delay):
			case <-ctx.Done():
			}
			continue
		}
		delay = 0
		s.start(ctx, c, sub)
	}
}

// start begins a session, or refuses it.
func (s *StreamServer) start(ctx context.Context, c net.Conn, sub *Submitter) {
	in := &intake{
		srv: s, sub: sub, peer: s.opt.LocalPeer, flow: &message.Flow{},
		frames: frame.NewReader(&s.opt.Frame), polled: len(s.pollers) > 0,
	}
	in.idle.Store(in.polled)
	if in.least = firstRead; s.opt.TLS != nil {
		in.least = firstTLSRead
	}
	in.size = in.least
	if in.peer == nil {
		addr, _ := netip.ParseAddrPort(c.RemoteAddr().String())
		in.peer, in.port = s.opt.Names.Peer(addr.Addr(), s.opt.PreserveCase), addr.Port()
	}
	if !s.opt.Access.Permits(in.peer) {
		s.opt.Access.Refuse(in.peer)
		c.Close()
		return
	}
	fd, err := s.ownDescriptor(c)
	why := s.enter(in, fd)
	if why == welcome && err != nil { // there was room to make, but not for this one
		s.leftBefore(in)
		why = tooManyDescriptors
	}
	if why != welcome {
		s.turnDown(in, why)
		if len(s.pollers) > 0 && err == nil {
			unix.Close(fd)
		}
		c.Close()
		return
	}
	s.open.Add(1)
	s.Opened.Add(1)
	if s.opt.NotifyOpen {
		s.opt.Log.Info("connection established", "peer", string(in.peer.Host()))
	}
	if len(s.pollers) > 0 {
		s.poll(c, fd, in)
		return
	}
	ses := &session{intake: in, conn: c}
	if s.opt.Dialogue != nil {
		ses.dialogue = s.opt.Dialogue()
	}
	s.mu.Lock()
	s.sessions[ses] = struct{}{}
	if s.stopping {
		c.SetReadDeadline(time.Unix(1, 0))
	}
	s.mu.Unlock()
	s.leavesBy(in, ses.leave)
	s.running.Add(1)
	go ses.run(ctx)
}

// turnDown reports a connection that is refused.
func (s *StreamServer) turnDown(in *intake, why asked) {
	s.OpenedFailed.Add(1)
	if !s.full.Allow() {
		return
	}
	log := s.opt.Log.With("peer", string(in.peer.IP))
	const text = "too many tcp sessions - dropping incoming request"
	switch why {
	case tooManySessions:
		log.Error(text, "count", s.opt.MaxSessions, "code", 2081)
	case tooManyOfSource:
		log.Error(text+": the limit for one source is reached", "count", s.opt.MaxPerSource, "code", 2081)
	case tooManyDescriptors:
		log.Error(text+": the file descriptors that are left are for files", "count", s.open.Load(), "code", 2081)
	case tooManyHandshakes:
		log.Error(text+": there are too many TLS handshakes at a time", "count", maxHandshakes, "code", 2081)
	}
}

// ownDescriptor returns the number of the descriptor that a connection will have: a new
// one, which belongs to the caller, if a poller is to serve it. If there is none left
// the number is higher than any.
func (s *StreamServer) ownDescriptor(c net.Conn) (fd int, err error) {
	if len(s.pollers) == 0 {
		return number(c), nil
	}
	if fd, err = descriptor(c); err != nil {
		return math.MaxInt, err
	}
	return fd, nil
}

// poll hands a connection to a poller, which serves it at the descriptor fd.
func (s *StreamServer) poll(c net.Conn, fd int, in *intake) {
	defer c.Close()
	p := s.pollers[int(s.Opened.Value())%len(s.pollers)]
	ses := &polled{intake: in, fd: fd}
	err := p.add(ses)
	if err == nil {
		s.leavesBy(in, func() { p.leave(ses) })
		return
	}
	unix.Close(fd)
	s.opt.Log.Warn("serving a connection", "peer", string(in.peer.IP), "err", err)
	s.closed(in)
}

// closed counts a connection as closed.
func (s *StreamServer) closed(in *intake) {
	s.crowd.mu.Lock()
	s.crowd.remove(in)
	s.crowd.mu.Unlock()
	s.opt.Budget.gone(in)
	s.open.Add(-1)
	s.Closed.Add(1)
	if s.opt.NotifyClose {
		s.opt.Log.Info("connection closed", "peer", string(in.peer.Host()))
	}
}

// crashed is for a connection whose bytes made the server panic: it is closed, and the
// others go on.
func (s *StreamServer) crashed(in *intake, p *barrier.Panic) {
	s.Crashed.Add(1)
	if s.lost.panic.Begins(1, "peer", string(in.peer.IP), "panic", p.Value) {
		s.opt.Log.Error("a connection caused a panic, it is closed", "peer", string(in.peer.IP), "panic", p.Value, "stack", p.Stack, "count", s.Crashed.Value())
	}
}

// ended forgets a session.
func (s *StreamServer) ended(ses *session) {
	s.mu.Lock()
	delete(s.sessions, ses)
	s.mu.Unlock()
	s.closed(ses.intake)
	s.running.Done()
}

// interrupt wakes all sessions; they see that the context is done.
func (s *StreamServer) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for _, p := range s.pollers {
		p.stop()
	}
	for ses := range s.sessions {
		if ses.closing {
			continue
		}
		ses.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// Object describes the server to the metrics. name is the input's.
func (s *StreamServer) Object(name string, stats ...*metrics.Stats) *metrics.Object {
	o := &metrics.Object{Label: "input", Name: name, Extra: [][2]string{{"listen", s.opt.Address}}, Stats: stats, Numbers: []metrics.Number{
		metrics.Of("input_messages_received_total", "Messages received and put into the queue.", &s.Received),
		metrics.Of("input_bytes_received_total", "Bytes received.", &s.Bytes),
		metrics.Of("input_messages_dropped_total", "Messages dropped because the queue did not take them.", &s.Dropped),
		metrics.Of("input_sessions_opened_total", "Connections accepted.", &s.Opened),
		metrics.Of("input_sessions_refused_total", "Connections refused because there were too many.", &s.OpenedFailed),
		metrics.Of("input_sessions_evicted_total", "Silent connections that were closed because others waited.", &s.Evicted),
		metrics.Of("input_sessions_tls_on_plain_total", "Connections that spoke TLS where plain text is expected.", &s.TLSOnPlain),
		metrics.Of("input_sessions_plain_on_tls_total", "Connections that sent plain text where TLS is expected.", &s.PlainOnTLS),
		metrics.Of("input_sessions_closed_total", "Connections that have ended.", &s.Closed),
		metrics.Of("input_framing_errors_total", "Frames that were broken, too long or incomplete.", &s.FramingErrors),
		metrics.Of("input_sessions_panicked_total", "Connections closed because what they brought caused a panic.", &s.Crashed),
		metrics.Of("input_tls_handshake_failures_total", "TLS handshakes that failed.", &s.TLSFailures),
		{Name: "input_sessions", Help: "Connections that are open.", Kind: metrics.Gauge, Read: func() float64 { return float64(s.open.Load()) }},
	}}
	if l := s.opt.Limit; l != nil && l.Interval > 0 {
		o.Numbers = append(o.Numbers, metrics.Of("input_messages_ratelimited_total", "Messages dropped by the rate limit.", &l.Dropped))
	}
	if a := s.opt.Access; a != nil {
		o.Numbers = append(o.Numbers, metrics.Of("input_disallowed_total", "Connections or messages of senders that are not permitted.", &a.Refused))
	}
	return o
}
