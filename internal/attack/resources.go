package main

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"syslogd/internal/process"
	"syslogd/internal/witness"
)

const greedyConf = `global(workDirectory="@DIR@" metrics.listen="127.0.0.1:@METRICS@" metrics.pprof="on" inputs.maxMemory="128m" maxMessageSize="8m" defaultNetstreamDriver="ossl")
module(load="imtcp" maxSessions="200") module(load="imptcp") module(load="imrelp") module(load="imudp")
input(type="imtcp" address="127.0.0.1" port="@TCP@" name="tcp")
input(type="imptcp" address="127.0.0.1" port="@PTCP@" name="ptcp")
input(type="imptcp" address="127.0.0.1" port="@ZLIB@" name="zlib" compression.mode="stream:always")
input(type="imtcp" address="127.0.0.1" port="@ZSTD@" name="zstd" compression.mode="stream:always" compression.driver="zstd")
input(type="imrelp" address="127.0.0.1" port="@RELP@" name="relp" maxDataSize="8m")
input(type="imudp" address="127.0.0.1" port="@UDP@" name="udp")
if $programname == "witness" then action(type="omfile" file="@DIR@/witness.log")
`

// mostMemory is what the server may take at most while senders take all they can get, in
// bytes. In use are at most what inputs and the queue may hold, and four messages of the
// greatest size on their way, three times each. The collector adds half of that; as much
// again is for one that gets no processor on a machine with other work, and 100 MiB for
// all else.
const mostMemory = (128<<20+64<<20+4*3*8<<20)*2 + 100<<20

// raceFactor is how many times as much the race detector needs.
const raceFactor = 8

// greedySenders open connections and leave them, begin messages and do not end them, send
// what grows when it is unpacked, and ask for metrics in a loop. Others get through
// meanwhile.
func greedySenders(a *attack) error {
	s, err := a.newServer(greedyConf)
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	p := s.ports
	attacks := []struct {
		name string
		open func() (io.Closer, error)
	}{
		{"idle connections to imtcp", func() (io.Closer, error) { return greedy(p["TCP"], nil) }},
		{"idle connections to imptcp", func() (io.Closer, error) { return greedy(p["PTCP"], nil) }},
		{"idle connections to imrelp", func() (io.Closer, error) { return greedy(p["RELP"], nil) }},
		{"messages that do not end", func() (io.Closer, error) { return greedy(p["PTCP"], []byte("8000000 "+string(make([]byte, 1<<20)))) }},
		{"RELP frames that do not end", func() (io.Closer, error) {
			return greedy(p["RELP"], []byte("1 open 0\n2 syslog 8000000 "+string(make([]byte, 1<<20))))
		}},
		{"zlib bombs", func() (io.Closer, error) { return greedy(p["ZLIB"], zlibBomb()) }},
		{"zstd bombs", func() (io.Closer, error) { return greedy(p["ZSTD"], zstdBomb()) }},
	}
	n, allowed := 0, int64(mostMemory)
	if a.hasRaceDetector() {
		allowed *= raceFactor
	}
	for round := 0; round < len(attacks) || a.more(); round++ {
		at := attacks[round%len(attacks)]
		var held []io.Closer
		for range 300 {
			c, err := at.open()
			if err != nil {
				break // the server refuses: that is its right
			}
			held = append(held, c)
		}
		a.count(at.name, len(held))
		stopFlood := floodMetrics(s)
		err := a.getsThrough(s, &n)
		stopFlood()
		for _, c := range held {
			c.Close()
		}
		_, most := s.Memory()
		a.counts["MB of memory at the peak"] = max(a.counts["MB of memory at the peak"], int(most>>20))
		if most > allowed {
			err = errors.Join(err, fmt.Errorf("the server took %d MB of memory", most>>20), s.saveHeap())
		}
		if err = errors.Join(err, s.Alive()); err != nil {
			return fmt.Errorf("with %d %s: %w", len(held), at.name, err)
		}
	}
	return s.Stop()
}

// getsThrough sends a message over each of the inputs that are not under attack, and over the
// one that is.
func (a *attack) getsThrough(s *server, n *int) error {
	began := time.Now()
	for _, port := range []string{"PTCP", "TCP"} {
		text := fmt.Appendf(nil, "<13>Mar  1 10:00:00 h witness: number %d of many, and that is all.\n", *n)
		*n++
		var last error
		if !process.Await(func() bool {
			seen, _ := witness.Seen(a.path("witness.log"), *n)
			if seen[*n-1] {
				return true
			}
			// A connection may be refused while others wait to be thrown out: a sender
			// tries again.
			var c net.Conn
			if c, last = dial("tcp", s.ports[port]); last != nil {
				return false
			}
			defer c.Close()
			_, last = c.Write(text)
			time.Sleep(20 * time.Millisecond)
			return false
		}) {
			return errors.Join(fmt.Errorf("a message over %s does not get through within %v", port, patience), last, s.Alive())
		}
	}
	a.counts["ms for the slowest message"] = max(a.counts["ms for the slowest message"], int(time.Since(began).Milliseconds()))
	return nil
}

// greedy opens a connection, writes what the server takes, and leaves it open.
func greedy(port string, b []byte) (io.Closer, error) {
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(2 * time.Second))
	c.Write(b)
	return c, nil
}

var zlibBomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(make([]byte, 64<<20))
	z.Flush()
	return b.Bytes()
})

var zstdBomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithWindowSize(8<<20))
	if err != nil {
		return nil
	}
	z.Write(make([]byte, 64<<20))
	z.Flush()
	return b.Bytes()
})

// floodMetrics asks for the metrics as often as it gets them, until stop.
func floodMetrics(s *server) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				page, err := s.Get()
				if err != nil {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				io.Copy(io.Discard, page)
				page.Close()
			}
		})
	}
	return func() {
		close(done)
		running.Wait()
	}
}
