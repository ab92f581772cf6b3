//go:build !race

package imrelp_test

import (
	"bufio"
	"io"
	"testing"

	"syslogd/parser/frame/relp"
)

// With the race detector pools drop entries at random.
func TestAReceivedMessageIsAcknowledgedWithoutAllocations(t *testing.T) {
	s := start(t, "", &queue{forget: true})
	c := s.dial()
	send(t, c, open)
	expect(t, c, opened)
	const count = 100
	in := bufio.NewReaderSize(c, 1<<16)
	var frames, answers []byte
	txnr := 1
	text := []byte("<13>Oct 11 22:14:15 web1 app[12]: text")
	cycle := func() {
		frames, answers = frames[:0], answers[:0]
		for range count {
			txnr = relp.NextTxnr(txnr)
			frames = relp.Append(frames, txnr, relp.Syslog, text)
			answers = relp.AppendOK(answers, txnr)
		}
		c.Write(frames)
		if _, err := io.ReadFull(in, answers); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		cycle()
	}
	// There are a few for each batch.
	if n := testing.AllocsPerRun(100, cycle); n >= count/4 {
		t.Errorf("%.1f allocations for %d messages", n, count)
	}
}
