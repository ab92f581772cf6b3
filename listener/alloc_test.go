//go:build !race

package listener_test

import (
	"context"
	"testing"

	"syslogd/message"
)

// handing is a queue that hands batches to the test.
type handing chan *message.Batch

func (q handing) Enqueue(_ context.Context, b *message.Batch) error { q <- b; return nil }
func (q handing) TryEnqueue(b *message.Batch) error                 { q <- b; return nil }
func (q handing) Pass(b *message.Batch) bool                        { q <- b; return true }

// With the race detector pools drop entries at random.
func TestALonelyMessageDoesNotAllocate(t *testing.T) {
	q := make(handing, 1)
	s := listenTo(t, q, nil)
	c := s.dial()
	text := []byte("<13>Oct 11 22:14:15 host app[12]: text\n")
	cycle := func() {
		c.Write(text)
		(<-q).Release()
	}
	for range 10 {
		cycle()
	}
	// A garbage collection in between empties the pools.
	if n := testing.AllocsPerRun(1000, cycle); n >= 1 {
		t.Errorf("%.1f allocations a message", n)
	}
}
