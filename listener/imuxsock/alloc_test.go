//go:build !race

package imuxsock_test

import (
	"net"
	"testing"

	"syslogd/listener/imuxsock"
)

// With the race detector pools drop entries at random.
func TestReceivingAMessageDoesNotAllocate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*imuxsock.Config)
	}{
		{"defaults", nil},
		{"rate limit", func(c *imuxsock.Config) { c.LimitInterval, c.LimitBurst = 600, 1<<30 }},
		{"process ID", func(c *imuxsock.Config) { c.SystemPID = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, tt.change).run()
			c, err := net.Dial("unixgram", s.path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			text := []byte("<13>Oct 11 22:14:15 app[12]: text")
			cycle := func() {
				c.Write(text)
				(<-s.queue.batches).Release()
			}
			for range 10 {
				cycle()
			}
			// A garbage collection in between empties the pools.
			if n := testing.AllocsPerRun(1000, cycle); n >= 1 {
				t.Errorf("%.1f allocations", n)
			}
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	s := open(b, nil).run()
	c, err := net.Dial("unixgram", s.path)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	go func() {
		for batch := range s.queue.batches {
			batch.Release()
		}
	}()
	text := []byte("<13>Oct 11 22:14:15 app[12]: text of an ordinary length, as most of them are")
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		c.Write(text)
	}
}
