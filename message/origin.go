package message

import (
	"net/netip"
	"sync/atomic"
)

// Format says how the text of an input's messages is to be read.
type Format uint8

const (
	// Syslog text goes through the parser chain of the ruleset.
	Syslog Format = iota
	// LocalSocket text is what libc's syslog() writes to /dev/log: no host name.
	LocalSocket
	// Structured messages arrive with their fields set (own messages, the journal, files).
	Structured
)

// Origin is what the messages of one input have in common. It is made once and not changed.
type Origin struct {
	// Name is the property inputname.
	Name string
	// Format tells the parser what to expect.
	Format Format
	// NoHostname is set for local inputs: the text carries no host name, the
	// tag follows the time stamp.
	NoHostname bool
	// Local is set for local inputs whose text may carry a host name. Most has none: the
	// parser of devices takes the first word for it only where it is plainly one.
	Local bool
	// DefaultTZ is the zone of times without one, nil for the local zone.
	DefaultTZ *Zone
	// Zones are zones of times without one by the network that the sender is in,
	// the longest prefix first. They go before DefaultTZ.
	Zones []NetworkZone
	// Trust says whose host name counts.
	Trust HostTrust
	// IgnoreTimestamp makes the time of reception the reported time (imuxsock).
	IgnoreTimestamp bool
	// Tag is the tag of messages whose header has none because it is that of RFC
	// 5424 (imfile); nil: it is composed of app-name and procid.
	Tag []byte
}

// HostTrust says whether the host name in a message or the sender's counts.
type HostTrust uint8

const (
	// HostFromMessage takes the name in the message, and the sender's if there is
	// none: what rsyslogd does, right behind a relay.
	HostFromMessage HostTrust = iota
	// HostFromSender takes the sender's in any case.
	HostFromSender
	// HostAuto takes the name in the message unless it says nothing: localhost, -.
	HostAuto
)

// NetworkZone is the zone that the senders of a network are in.
type NetworkZone struct {
	Network netip.Prefix
	Zone    Zone
}

// ZoneOf is the zone of times that came from a sender without one, nil for the
// local zone.
func (o *Origin) ZoneOf(p *Peer) *Zone {
	for i := range o.Zones {
		if z := &o.Zones[i]; z.Network.Contains(p.Addr) {
			return &z.Zone
		}
	}
	return o.DefaultTZ
}

// Zone is a fixed offset from UTC as it is written in a time stamp.
type Zone struct {
	Sign      byte // '+' or '-'
	Hour, Min uint8
}

// Peer is a sender. It is shared by all messages of a connection, or of an
// address. Its name may become known later.
type Peer struct {
	// Addr is the address; the zero Addr for local senders.
	Addr netip.Addr
	// IP is the address as text, or 127.0.0.1 for local senders (property fromhost-ip).
	IP []byte

	// Forged is set when the name service gave an address for a name.
	Forged atomic.Bool

	host atomic.Pointer[[]byte]
	// Resolve returns the name and stores it with SetHost. It may wait, for a
	// bounded time. Nil: the IP is the name.
	Resolve func(*Peer) []byte
}

// NewPeer returns a sender whose name is known.
func NewPeer(ip, host string) *Peer {
	p := &Peer{IP: []byte(ip)}
	p.SetHost([]byte(host))
	return p
}

// Host is the sender's name, else the address (property fromhost). The first
// call for a peer may wait for the name service, for a bounded time.
func (p *Peer) Host() []byte {
	if h := p.host.Load(); h != nil {
		return *h
	}
	if p.Resolve != nil {
		return p.Resolve(p)
	}
	return p.IP
}

// SetHost sets the name. The bytes must not change afterwards.
func (p *Peer) SetHost(name []byte) { p.host.Store(&name) }

// Flow is the stream of messages of one sender whose order is kept: a
// connection, or a datagram socket. A queue pins it to one worker while
// batches of it are under way there.
type Flow struct {
	_ byte // two of nothing would have one address
}
