package listener_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// heldConn passes its first write on, the others when it is told to.
type heldConn struct {
	net.Conn
	writes int
	held   []byte
}

func (c *heldConn) Write(p []byte) (int, error) {
	if c.writes++; c.writes == 1 {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	return len(p), nil
}

// bytewise writes one byte at a time.
type bytewise struct{ net.Conn }

func (c bytewise) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// TestWhatComesWithTheTLSHandshake: the end of the handshake, messages and the end of
// the connection arrive in one piece.
func TestWhatComesWithTheTLSHandshake(t *testing.T) {
	t.Parallel()
	s := tlsServer(t)
	held := &heldConn{Conn: s.dial()}
	c := tls.Client(held, &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	s.write(c, "<13>one\n<13>two\n")
	s.write(c, "<13>three\n")
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	held.SetWriteDeadline(time.Time{}) // TLS has set one that has passed
	if _, err := held.Conn.Write(held.held); err != nil {
		t.Fatal(err)
	}
	s.wants("<13>one", "<13>two", "<13>three")
}

// TestTLSRecordsInPieces: a record that is not there to its end is waited for, what
// came before it is not held up.
func TestTLSRecordsInPieces(t *testing.T) {
	t.Parallel()
	s := tlsServer(t)
	c := tls.Client(bytewise{s.dial()}, &tls.Config{InsecureSkipVerify: true})
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("<13>message %d", i))
		s.write(c, want[i]+"\n")
		s.until("the message", func() bool { return len(s.queue.got()) == len(want) })
	}
	s.wants(want...)
}

// TestManyTLSRecordsAtOnce sends more than any buffer on the way holds.
func TestManyTLSRecordsAtOnce(t *testing.T) {
	t.Parallel()
	s := tlsServer(t)
	c := tls.Client(s.dial(), &tls.Config{InsecureSkipVerify: true})
	var text strings.Builder
	var want []string
	for i := range 8000 {
		want = append(want, fmt.Sprintf("<13>message %d %s", i, strings.Repeat("x", i%700)))
		text.WriteString(want[i] + "\n")
	}
	s.write(c, text.String())
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	s.wants(want...)
}
