package main

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// received is what receivers got, by their names: datagrams, and for each
// connection or pipe its bytes.
type received struct {
	Datagrams, Streams map[string][][]byte
}

// sink receives what a daemon forwards. Its goroutines end with the process.
type sink struct {
	address string
	mu      sync.Mutex // guards got
	got     received
}

func newSink(address string) *sink {
	return &sink{address: address, got: received{map[string][][]byte{}, map[string][][]byte{}}}
}

// port opens a port of both protocols; one that is taken is left alone.
func (s *sink) port(n int, prefix string) {
	ip := net.ParseIP(s.address)
	if c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: ip, Port: n}); err == nil {
		c.SetReadBuffer(1 << 20)
		s.datagrams(c, prefix+"udp "+itoa(n))
	}
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: ip, Port: n})
	if err != nil {
		return
	}
	name := prefix + "tcp " + itoa(n)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.stream(c, name, s.begin(name))
		}
	}()
}

// unix opens a datagram socket at a path.
func (s *sink) unix(path, name string) error {
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	s.datagrams(c, name)
	return os.Chmod(path, 0o666)
}

func (s *sink) datagrams(c net.Conn, name string) {
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, err := c.Read(buf)
			if err != nil && n == 0 {
				return
			}
			s.mu.Lock()
			s.got.Datagrams[name] = append(s.got.Datagrams[name], append([]byte(nil), buf[:n]...))
			s.mu.Unlock()
		}
	}()
}

// pipe reads a named pipe.
func (s *sink) pipe(path, name string) error {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err == nil {
		go s.stream(f, name, s.begin(name))
	}
	return err
}

// begin makes room for a stream and returns its number.
func (s *sink) begin(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got.Streams[name] = append(s.got.Streams[name], nil)
	return len(s.got.Streams[name]) - 1
}

func (s *sink) stream(r io.ReadCloser, name string, i int) {
	defer r.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := r.Read(buf)
		s.mu.Lock()
		s.got.Streams[name][i] = append(s.got.Streams[name][i], buf[:n]...)
		s.mu.Unlock()
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
}

// size is how many bytes came.
func (s *sink) size() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range []map[string][][]byte{s.got.Datagrams, s.got.Streams} {
		for _, list := range kind {
			for _, data := range list {
				n += len(data) + 1
			}
		}
	}
	return n
}

func (s *sink) result() received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// readAll reads to the end, for at most ten seconds where that can be bounded.
func readAll(r io.Reader) []byte {
	if f, ok := r.(*os.File); ok {
		f.SetReadDeadline(time.Now().Add(boxLimit))
	}
	text, _ := io.ReadAll(r)
	return text
}
