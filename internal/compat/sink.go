package main

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// sink receives what the daemon forwards and appends it to a file.
type sink struct {
	network, addr, path string

	mu    sync.Mutex // guards what follows, and writing
	conns []net.Conn
	close func() error
	wg    sync.WaitGroup
}

func (s *sink) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.network == "udp" {
		c, err := net.ListenPacket("udp", s.addr)
		if err != nil {
			return err
		}
		s.close = c.Close
		s.wg.Go(func() { s.receive(c) })
		return nil
	}
	ln, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	s.close = ln.Close
	s.wg.Go(func() { s.accept(ln) })
	return nil
}

func (s *sink) receive(c net.PacketConn) {
	buf := make([]byte, 1<<17)
	for {
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		s.write(append(append([]byte{}, buf[:n]...), "|\n"...))
	}
}

func (s *sink) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wg.Go(func() {
			buf := make([]byte, 1<<16)
			for {
				n, err := c.Read(buf)
				s.write(buf[:n])
				if err != nil {
					return
				}
			}
		})
	}
}

func (s *sink) write(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(b) == 0 {
		return
	}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer f.Close()
	f.Write(b)
}

func (s *sink) stop() {
	s.mu.Lock()
	if s.close != nil {
		s.close()
	}
	for _, c := range s.conns {
		c.Close()
	}
	s.conns, s.close = nil, nil
	s.mu.Unlock()
	s.wg.Wait()
}

// fifo reads a named pipe into a file.
type fifo struct {
	fd   int
	done chan struct{} // closed by stop
	wg   sync.WaitGroup
}

func newFifo(path, out string) (*fifo, error) {
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		return nil, err
	}
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	f := &fifo{fd: fd, done: make(chan struct{})}
	s := &sink{path: out}
	f.wg.Go(func() {
		buf := make([]byte, 1<<16)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			n, err := syscall.Read(fd, buf)
			if n > 0 {
				s.write(buf[:n])
				continue
			}
			if err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR) {
				return
			}
			select {
			case <-f.done:
				return
			case <-tick.C:
			}
		}
	})
	return f, nil
}

func (f *fifo) stop() {
	close(f.done)
	f.wg.Wait()
	syscall.Close(f.fd)
}
