package router

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"syslogd/message"
	"syslogd/metrics"
)

func networkPeer(ip, name string) *message.Peer {
	p := message.NewPeer(ip, name)
	p.Addr = netip.MustParseAddr(ip)
	return p
}

// sendFrom runs a batch with a message of each peer.
func (b *bench) sendFrom(peers ...*message.Peer) *message.Batch {
	texts := make([]string, len(peers))
	for i := range peers {
		texts[i] = fmt.Sprint(i)
	}
	mb := batch(texts...)
	for i, p := range peers {
		mb.Msgs[i].Peer = p
	}
	return mb
}

func TestMessagesOfEachSenderAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.ruleset("default", b.to("all"))
	b.r.Senders = &metrics.Senders{Max: 10}
	web, db, local := networkPeer("192.0.2.1", "web"), networkPeer("192.0.2.2", "db"), message.NewPeer("127.0.0.1", "box")
	mb := b.sendFrom(web, web, db, local, web, web)
	mb.Msgs[5].Flags |= message.Parsed // was counted when it was processed first
	b.r.NewWorker(t.Context()).Run(mb)
	var got []string
	for _, s := range b.r.Senders.Stats() {
		got = append(got, fmt.Sprint(s.Sender, "=", s.Counters[0].Read()))
	}
	if strings.Join(got, " ") != "db=1 web=3" {
		t.Errorf("got %q", got)
	}
}

func TestMessagesUnderAForgedNameAreDroppedOnDemand(t *testing.T) {
	t.Parallel()
	for drop, want := range map[bool]string{false: "0|1", true: "1"} {
		b := newBench(t)
		b.ruleset("default", b.to("all"))
		b.r.DropForged = drop
		forged := networkPeer("192.0.2.1", "192.0.2.1")
		forged.Forged.Store(true)
		b.r.NewWorker(t.Context()).Run(b.sendFrom(forged, networkPeer("192.0.2.2", "db")))
		b.want("all", want)
		if n := b.r.Forged.Value(); drop != (n == 1) {
			t.Errorf("drop %v: %d counted", drop, n)
		}
	}
}
