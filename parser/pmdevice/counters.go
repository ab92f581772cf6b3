package pmdevice

import (
	"log/slog"
	"sync"

	"syslogd/message"
	"syslogd/metrics"
	"syslogd/module"
	"syslogd/parser"
)

// kind is what a message was recognised as.
type kind uint8

const (
	none kind = iota // not of the family

	// What could not be told: plainText is all text, untagged has a time but no tag,
	// badPRI has no PRI that can be understood.
	plainText
	untagged
	badPRI

	rfc3164
	rfc5424
	tagged
	aix
	cisco
	colonHost
	keyValue
	meraki
	netApp
	netScaler
	netScreen
	routerOS
	snare
	uniFi
	unversioned
	kindCount
)

// kindNames are the names in /metrics, and what explain says.
var kindNames = [kindCount][2]string{
	plainText:   {"text", "no recogniser of the parser takes it: no time stamp, no word with a colon and a blank; all of it is text"},
	untagged:    {"untagged", "time stamp, then no tag"},
	badPRI:      {"bad_pri", "the PRI can not be understood"},
	rfc3164:     {"rfc3164", "a time stamp, then host, tag or both"},
	rfc5424:     {"rfc5424", "nearly RFC 5424: version and time stamp"},
	tagged:      {"tagged", "no time stamp; a word with a colon is the tag"},
	aix:         {"aix", "forwarded by AIX"},
	cisco:       {"cisco", "Cisco: [number:] [host:] [time:] %FACILITY-n-MNEMONIC:"},
	colonHost:   {"colon_host", "the host name ends with a colon"},
	keyValue:    {"key_value", "key=value pairs with host and time among them"},
	meraki:      {"meraki", "Cisco Meraki: seconds since 1970, host, type"},
	netApp:      {"netapp", "NetApp: [node:event:severity]:"},
	netScaler:   {"netscaler", "NetScaler: MM/DD/YYYY:hh:mm:ss zone host engine :"},
	netScreen:   {"netscreen", "NetScreen: host: NetScreen device_id="},
	routerOS:    {"routeros", "RouterOS: topics and text"},
	snare:       {"snare", "Snare: host, tab, MSWinEventLog"},
	uniFi:       {"unifi", "UniFi: name, hardware address and version in one word"},
	unversioned: {"unversioned", "RFC 5424 without its version"},
}

// counters count messages that do not keep to the RFCs: those that do cost nothing here.
type counters struct {
	counts  [kindCount]metrics.Counter
	log     *slog.Logger
	senders senders
}

// register shows the counters in the metrics.
func (c *counters) register(env module.ParserEnv) {
	if env.Metrics == nil {
		return
	}
	for k := none + 1; k < kindCount; k++ {
		env.Metrics.Register(&metrics.Object{Label: "parser", Name: env.Name, Extra: [][2]string{{"recogniser", kindNames[k][0]}}, Numbers: []metrics.Number{
			metrics.Of("parser_messages_recognised_total", "Messages by what recognised them; text, untagged and bad_pri are what could not be told.", &c.counts[k]),
		}})
	}
	env.Metrics.Register(&metrics.Object{Label: "parser", Name: env.Name, Numbers: []metrics.Number{
		{Name: "parser_unread_senders", Help: "Senders of messages that were not understood, at most 64.", Kind: metrics.Gauge, Read: func() float64 { return float64(c.senders.count()) }},
		metrics.Of("parser_unread_messages_other_senders_total", "Messages that were not understood of further senders.", &c.senders.others),
	}})
}

// count counts m as k. The sender of a message that was not understood is logged, once.
func (c *counters) count(m *message.Message, k kind) {
	c.counts[k].Add(1)
	if k != plainText || len(m.Raw()) <= int(m.AfterPRI) || !c.senders.add(m.Peer.IP) || c.log == nil {
		return
	}
	c.log.Info("messages of a sender are not understood, they are kept as text; see syslogd explain", "peer", string(m.Peer.IP), "text", string(m.Raw()[:min(len(m.Raw()), 80)]))
}

// maxSenders bounds the table of senders.
const maxSenders = 64

// senders are the first senders whose messages were not understood.
type senders struct {
	mu     sync.Mutex
	known  map[string]uint64 // messages
	others metrics.Counter
}

// add counts a message and reports whether its sender is new.
func (s *senders) add(ip []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.known[string(ip)]; ok {
		s.known[string(ip)] = n + 1
		return false
	}
	if len(s.known) >= maxSenders {
		s.others.Add(1)
		return false
	}
	if s.known == nil {
		s.known = map[string]uint64{}
	}
	s.known[string(ip)] = 1
	return true
}

func (s *senders) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.known)
}

// Explain says what m, which has been parsed, was recognised as.
func (p *device) Explain(m *message.Message) string {
	b := message.NewBatch(nil)
	defer b.Release()
	k, _ := p.again(b, m)
	if k == none {
		return "it keeps to the RFC"
	}
	return kindNames[k][1]
}

// again reads a copy of m in b. A message that keeps to an RFC is of the kind none.
func (p *device) again(b *message.Batch, m *message.Message) (kind, *message.Message) {
	c := b.Add(m.Raw(), m.Origin, m.Peer)
	c.Received, c.Reported, c.PRI, c.AfterPRI = m.Received, m.Received, m.PRI, m.AfterPRI
	k := none
	if !p.conformant(c) {
		k = p.read(b, c)
	}
	if tag := max(c.TagText.Len, c.App.Len); c.Program.Len == 0 && tag > 0 {
		c.Program = message.Span{Off: max(c.TagText.Off, c.App.Off), Len: tag}
		c.Program.Len = uint32(parser.ProgramLen(c.Bytes(c.Program), p.slash))
	}
	return k, c
}
