package web

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxConnections are served at a time. A scraper needs one.
	maxConnections = 64
	// maxRequests are answered to one source in a second, the rest is refused.
	maxRequests = 50
	// maxAccepts are taken in an acceptWindow; more wait in the kernel.
	maxAccepts   = 200
	acceptWindow = 100 * time.Millisecond
)

// doorkeeper bounds what a flood of readers can cost the server, whose work is to
// receive messages. When there are too many connections, the source that has most of
// them loses its oldest one: who floods the port does so to himself.
type doorkeeper struct {
	net.Listener

	mu       sync.Mutex
	open     map[*visit]struct{}
	bySource map[netip.Addr]int
	count    uint64 // of all visits
	second   time.Time
	requests map[netip.Addr]int // in that second

	// What follows belongs to Accept.
	window time.Time
	taken  int
}

// visit is a connection. number is smaller the older it is.
type visit struct {
	net.Conn
	keeper *doorkeeper
	source netip.Addr
	number uint64
	once   sync.Once
}

func newDoorkeeper(ln net.Listener) *doorkeeper {
	return &doorkeeper{Listener: ln, open: map[*visit]struct{}{}, bySource: map[netip.Addr]int{},
		requests: map[netip.Addr]int{}}
}

// Accept implements net.Listener.
func (d *doorkeeper) Accept() (net.Conn, error) {
	d.pace()
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	v := &visit{Conn: c, keeper: d, source: sourceOf(c.RemoteAddr().String())}
	if victim := d.enter(v); victim != nil {
		victim.Close()
	}
	return v, nil
}

// pace waits if there have been too many connections lately.
func (d *doorkeeper) pace() {
	now := time.Now()
	if now.Sub(d.window) >= acceptWindow {
		d.window, d.taken = now, 0
	}
	if d.taken++; d.taken > maxAccepts {
		time.Sleep(d.window.Add(acceptWindow).Sub(now))
	}
}

// enter notes a visit and returns the one that has to go for it, if one has.
func (d *doorkeeper) enter(v *visit) (victim *visit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	v.number = d.count
	d.open[v] = struct{}{}
	d.bySource[v.source]++
	if len(d.open) <= maxConnections {
		return nil
	}
	for o := range d.open {
		if victim == nil || d.before(o, victim) {
			victim = o
		}
	}
	return victim
}

// before reports whether a has to go before b.
func (d *doorkeeper) before(a, b *visit) bool {
	if m, n := d.bySource[a.source], d.bySource[b.source]; m != n {
		return m > n
	}
	return a.number < b.number
}

// Close implements net.Conn.
func (v *visit) Close() error {
	v.once.Do(func() {
		d := v.keeper
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.open, v)
		if d.bySource[v.source]--; d.bySource[v.source] == 0 {
			delete(d.bySource, v.source)
		}
	})
	return v.Conn.Close()
}

// admit reports whether a request of source may be answered.
func (d *doorkeeper) admit(source netip.Addr) bool {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.second) >= time.Second {
		d.second = now
		clear(d.requests)
	}
	d.requests[source]++
	return d.requests[source] <= maxRequests
}

// limited answers as h, but no more than maxRequests to a source in a second.
func (d *doorkeeper) limited(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.admit(sourceOf(r.RemoteAddr)) {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Connection", "close")
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests", http.StatusTooManyRequests)
	})
}

func sourceOf(addr string) netip.Addr {
	a, _ := netip.ParseAddrPort(addr)
	return a.Addr().Unmap()
}
