// Package testmsg makes messages for the tests of the router and its packages.
package testmsg

import (
	"time"

	"syslogd/message"
	"syslogd/parser"
)

// Received is the time of reception of every message.
var Received = time.Date(2026, 2, 3, 4, 5, 6, 123400000, time.FixedZone("", 9000))

var (
	origin = &message.Origin{Name: "imudp"}
	peer   = message.NewPeer("192.0.2.1", "peer.example")
)

// Parse returns raw as the default parsers read it when it comes over the
// network. Control characters are not escaped.
func Parse(raw string) *message.Message {
	o := parser.DefaultOptions()
	o.EscapeControlCharacters = false
	b := message.NewBatch(nil)
	m := b.Add([]byte(raw), origin, peer)
	m.PeerPort = 4711
	m.Received = message.TimestampOf(Received)
	parser.New(o, nil).Parse(b, m)
	return m
}
