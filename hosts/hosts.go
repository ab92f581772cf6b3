// Package hosts knows the names of this host and of senders.
package hosts

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"syslogd/internal/barrier"
	"syslogd/message"
)

// Options say how host names are found. The zero value asks the system and
// looks nothing up.
type Options struct {
	// EnableDNS looks up the names of senders; else their address stands in.
	EnableDNS bool
	// PreserveFQDN keeps the domain of the own host name.
	PreserveFQDN bool
	// LocalHostName overrides the own host name.
	LocalHostName string
	// LocalIP is the address of local senders; "" is 127.0.0.1.
	LocalIP string
	// TTL is how long a name stays known; 0 is for ever, as in rsyslogd.
	TTL time.Duration
	// Lookup asks the name service; nil is the system's.
	Lookup func(ctx context.Context, addr string) ([]string, error)
	Log    *slog.Logger
	// Barrier catches a panic in what a name service says.
	Barrier *barrier.Barrier
}

// Names knows the names of this host and of senders. A name service that is
// slow never holds up a reader, and a worker only for a bounded time: a lookup
// that takes longer goes on by itself, and its result serves later messages.
type Names struct {
	opt   Options
	local atomic.Pointer[message.Peer]

	mu    sync.Mutex
	peers map[peerKey]*peerEntry
	slots chan struct{} // bounds lookups under way; never closed

	patience patience

	lookups context.Context // of lookups; ended by Close
	close   func()
}

type peerKey struct {
	addr         netip.Addr
	preserveCase bool
}

type peerEntry struct {
	peer    *message.Peer
	expires time.Time
	once    sync.Once
	done    chan struct{} // closed by the lookup
}

const (
	// maxPeers bounds the cache. Random entries make room.
	maxPeers = 1 << 16
	// maxLookups bounds lookups under way; a sender beyond it keeps its address for a name.
	maxLookups = 64
	// lookupTime is how long the name service may take at all.
	lookupTime = 10 * time.Second
	// lookupPatience is how long a worker waits for one name.
	lookupPatience = 500 * time.Millisecond
	// negativeTTL is how long an address without a name is not asked for again.
	negativeTTL = 10 * time.Minute
)

// New returns a Names.
func New(opt Options) *Names {
	if opt.LocalIP == "" {
		opt.LocalIP = "127.0.0.1"
	}
	if opt.Lookup == nil {
		opt.Lookup = net.DefaultResolver.LookupAddr
	}
	n := &Names{opt: opt, peers: map[peerKey]*peerEntry{}, slots: make(chan struct{}, maxLookups)}
	n.patience.left = int64(4 * lookupPatience)
	lookups, end := context.WithCancel(context.Background())
	n.lookups = lookups
	n.close = sync.OnceFunc(func() {
		end()
		for range maxLookups { // none is under way, and none begins
			n.slots <- struct{}{}
		}
	})
	n.HUP()
	return n
}

// Close ends lookups that are under way and waits for that. Senders whose names are not
// known then have their addresses for them. It may be called again.
func (n *Names) Close() { n.close() }

// HUP reads the own host name again.
func (n *Names) HUP() {
	name := n.opt.LocalHostName
	if name == "" {
		name = n.ownName()
	}
	n.local.Store(message.NewPeer(n.opt.LocalIP, name))
}

func (n *Names) ownName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost-empty-hostname"
	}
	short, domain, found := strings.Cut(name, ".")
	if !n.opt.PreserveFQDN {
		return short
	}
	if !found {
		return n.withDomain(name)
	}
	return short + "." + strings.ToLower(domain)
}

// withDomain asks the name service for the domain of the own name.
func (n *Names) withDomain(name string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	canonical, err := net.DefaultResolver.LookupCNAME(ctx, name)
	if err != nil || !n.opt.EnableDNS {
		return name
	}
	if c := strings.TrimSuffix(canonical, "."); strings.HasPrefix(c, name+".") {
		return c
	}
	return name
}

// Host returns the own host name.
func (n *Names) Host() string { return string(n.local.Load().Host()) }

// Local returns the sender of local messages.
func (n *Names) Local() *message.Peer { return n.local.Load() }

// Peer returns the sender with the address. It does not wait. preserveCase
// keeps the case of its name.
func (n *Names) Peer(addr netip.Addr, preserveCase bool) *message.Peer {
	addr = addr.Unmap()
	key := peerKey{addr, preserveCase}
	n.mu.Lock()
	defer n.mu.Unlock()
	if e := n.peers[key]; e != nil && (e.expires.IsZero() || time.Now().Before(e.expires)) {
		return e.peer
	}
	if len(n.peers) >= maxPeers {
		for k := range n.peers {
			delete(n.peers, k)
			break
		}
	}
	e := &peerEntry{peer: &message.Peer{Addr: addr, IP: []byte(addr.WithZone("").String())}, done: make(chan struct{})}
	if n.opt.EnableDNS {
		e.peer.Resolve = func(*message.Peer) []byte { return n.resolve(key, e) }
	}
	if n.opt.TTL > 0 {
		e.expires = time.Now().Add(n.opt.TTL)
	}
	n.peers[key] = e
	return e.peer
}

// Resolve returns the name of a sender that was not made by Peer, and stores it.
func (n *Names) Resolve(p *message.Peer) []byte {
	if !p.Addr.IsValid() {
		return p.IP
	}
	known := n.Peer(p.Addr, false)
	name := known.Host()
	p.Forged.Store(known.Forged.Load())
	if string(name) != string(p.IP) {
		p.SetHost(name)
	}
	return name
}

// resolve is called by a worker that needs a name.
func (n *Names) resolve(key peerKey, e *peerEntry) []byte {
	first := false
	e.once.Do(func() {
		first = true
		select {
		case n.slots <- struct{}{}:
			go n.lookup(key, e)
		default:
			n.settle(e, "")
		}
	})
	if first {
		n.patience.wait(e.done)
	}
	select {
	case <-e.done:
		return e.peer.Host()
	default:
		return e.peer.IP
	}
}

// lookup asks the name service. It ends within lookupTime.
func (n *Names) lookup(key peerKey, e *peerEntry) {
	defer func() { <-n.slots }()
	name, err := n.ask(key, e)
	if err != nil {
		name = "" // the address stands in for it
	}
	n.settle(e, name)
}

// ask returns the name for an address, "" if it has none.
func (n *Names) ask(key peerKey, e *peerEntry) (name string, err error) {
	defer n.opt.Barrier.Catch(&err, "the name of a sender could not be looked up", "peer", string(e.peer.IP))
	ctx, cancel := context.WithTimeout(n.lookups, lookupTime)
	defer cancel()
	names, err := n.opt.Lookup(ctx, string(e.peer.IP))
	if err != nil || len(names) == 0 {
		return "", err
	}
	name = strings.TrimSuffix(names[0], ".")
	if !key.preserveCase {
		name = strings.ToLower(name)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		// Who controls the reverse zone could otherwise pass for another address.
		e.peer.Forged.Store(true)
		n.opt.Log.Warn("name of a sender looks like an address, the address is used", "peer", string(e.peer.IP), "name", name)
		name = ""
	}
	return name, nil
}

// settle stores a name, or the address if there is none.
func (n *Names) settle(e *peerEntry, name string) {
	if name == "" {
		e.peer.SetHost(e.peer.IP)
		n.mu.Lock()
		e.expires = time.Now().Add(negativeTTL)
		n.mu.Unlock()
	} else {
		e.peer.SetHost([]byte(name))
	}
	close(e.done)
}

// patience bounds how long workers wait for names in all: messages from ever
// new addresses must not turn into ever new waits. It refills with a tenth of
// the time that passes.
type patience struct {
	mu   sync.Mutex
	left int64 // ns
	last time.Time
}

func (p *patience) wait(done <-chan struct{}) {
	p.mu.Lock()
	now := time.Now()
	if !p.last.IsZero() {
		p.left = min(p.left+int64(now.Sub(p.last))/10, int64(4*lookupPatience))
	}
	p.last = now
	budget := min(time.Duration(p.left), lookupPatience)
	p.mu.Unlock()
	if budget < time.Millisecond {
		return
	}
	t := time.NewTimer(budget)
	select {
	case <-done:
	case <-t.C:
	}
	t.Stop()
	p.mu.Lock()
	p.left -= int64(time.Since(now))
	p.mu.Unlock()
}
