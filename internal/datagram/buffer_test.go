package datagram

import (
	"bytes"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// pair returns a socket to receive from, by descriptor, and one that sends to it.
func pair(t testing.TB, network, address string) (fd int, c net.Conn) {
	t.Helper()
	addr, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		t.Fatal(err)
	}
	in, err := net.ListenUDP(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	raw, err := in.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(own uintptr) { fd, err = unix.Dup(int(own)) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	port := in.LocalAddr().(*net.UDPAddr).Port
	if c, err = net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return fd, c
}

func send(t testing.TB, c net.Conn, p []byte) {
	t.Helper()
	if _, err := c.Write(p); err != nil {
		t.Fatal(err)
	}
}

// text is size bytes that differ from their neighbours.
func text(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i*7 + i>>8)
	}
	return p
}

// got copies datagram i.
func got(b *Buffer, i int) []byte {
	p := make([]byte, b.Size(i))
	b.Copy(p, i)
	return p
}

func TestDatagramsOfAnyLength(t *testing.T) {
	t.Parallel()
	fd, c := pair(t, "udp4", "127.0.0.1:0")
	for _, size := range []int{1, headSize - 1, headSize, headSize + 1, 5000} {
		b := New(8, size, 0, true)
		sent := [][]byte{text(1), text(size), {}, text(size + 1), text(size)}
		for _, p := range sent {
			send(t, c, p)
		}
		n, errno := b.Receive(fd)
		if n != len(sent) || errno != 0 {
			t.Fatalf("%d datagrams, %v, want %d", n, errno, len(sent))
		}
		bytesWanted := 0
		for i, p := range sent {
			cut := len(p) > size
			p = p[:min(len(p), size)]
			bytesWanted += len(p)
			if g := got(b, i); !bytes.Equal(g, p) || b.Cut(i) != cut {
				t.Errorf("room for %d: datagram %d has %d bytes, cut %v, want %d, %v", size, i, len(g), b.Cut(i), len(p), cut)
			}
			if from := b.Sender(i); from.String() != c.LocalAddr().String() {
				t.Errorf("datagram %d is from %v, want %v", i, from, c.LocalAddr())
			}
		}
		if b.Bytes() != bytesWanted {
			t.Errorf("%d bytes in all, want %d", b.Bytes(), bytesWanted)
		}
	}
}

func TestReceiveDoesNotWait(t *testing.T) {
	t.Parallel()
	fd, c := pair(t, "udp4", "127.0.0.1:0")
	b := New(4, 2*headSize, 0, false)
	if n, errno := b.Receive(fd); n != 0 || errno != unix.EAGAIN {
		t.Fatalf("nothing there: %d, %v", n, errno)
	}
	for range 6 {
		send(t, c, text(100))
	}
	for _, want := range []int{4, 2} {
		if n, errno := b.Receive(fd); n != want || errno != 0 {
			t.Fatalf("%d, %v, want %d", n, errno, want)
		}
	}
}

func TestAMappedAddressIsAnIPv4Address(t *testing.T) {
	t.Parallel()
	fd, from := pair(t, "udp", "[::]:0")
	b := New(1, 100, 0, true)
	send(t, from, text(10))
	if n, errno := b.Receive(fd); n != 1 || errno != 0 {
		t.Fatalf("%d, %v", n, errno)
	}
	if got := b.Sender(0).String(); got != from.LocalAddr().String() {
		t.Errorf("from %s, want %s", got, from.LocalAddr())
	}
}

// Control data and addresses that one call brought must not be those of the next.
func TestControlDataIsOfTheLastCall(t *testing.T) {
	t.Parallel()
	fd, c := pair(t, "udp4", "127.0.0.1:0")
	set := func(on int) {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMP, on); err != nil {
			t.Fatal(err)
		}
	}
	b := New(2, 100, 64, true)
	for _, on := range []int{1, 0, 1} {
		set(on)
		send(t, c, text(10))
		send(t, c, text(10))
		if n, errno := b.Receive(fd); n != 2 || errno != 0 {
			t.Fatalf("%d, %v", n, errno)
		}
		for i := range 2 {
			if got := len(b.Control(i)); (got > 0) != (on == 1) {
				t.Errorf("time stamps %d: %d bytes of control data with datagram %d", on, got, i)
			}
			if from := b.Sender(i); from.String() != c.LocalAddr().String() {
				t.Errorf("from %v", from)
			}
		}
	}
}

func TestReceivingDoesNotAllocate(t *testing.T) {
	fd, c := pair(t, "udp4", "127.0.0.1:0")
	b := New(4, 2*headSize, 0, true)
	p, long := make([]byte, 2*headSize), text(headSize+1)
	if n := testing.AllocsPerRun(100, func() {
		send(t, c, long)
		b.Receive(fd)
		b.Copy(p, 0)
		b.Sender(0)
		b.Receive(fd)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
