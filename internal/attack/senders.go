package main

import (
	"bytes"
	"compress/zlib"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"syslogd/internal/process"
	"syslogd/parser/frame/relp"
)

func dial(network, port string) (net.Conn, error) {
	c, err := net.DialTimeout(network, "127.0.0.1:"+port, patience)
	if err == nil {
		c.SetDeadline(time.Now().Add(2 * patience))
	}
	return c, err
}

// way is one way to bring a batch of messages to the server. The connection is closed when
// they are sent: a message that is no message may take all that follows for its text.
type way struct {
	name string
	send func(messages [][]byte) error
}

// ways are all inputs of the rich configuration, whose ports p has.
func ways(p map[string]string, socket, file string) []way {
	stream := func(port string, frame func([][]byte) []byte) func([][]byte) error {
		return func(messages [][]byte) error {
			c, err := dial("tcp", p[port])
			if err != nil {
				return err
			}
			defer c.Close()
			// The server may close the connection: that is its right, and no failure.
			c.Write(frame(messages))
			return nil
		}
	}
	return []way{
		{"udp", func(messages [][]byte) error { return sendDatagrams("udp", "127.0.0.1:"+p["UDP"], messages) }},
		{"unix", func(messages [][]byte) error { return sendDatagrams("unixgram", socket, messages) }},
		{"tcp", stream("TCP", lines)},
		{"tcp counted", stream("TCP", counted)},
		{"ptcp", stream("PTCP", lines)},
		{"zlib", stream("ZLIB", compressed)},
		{"relp", stream("RELP", relpFrames)},
		{"file", func(messages [][]byte) error {
			f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.Write(lines(messages))
			return err
		}},
	}
}

func sendDatagrams(network, addr string, messages [][]byte) error {
	c, err := net.Dial(network, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, m := range messages {
		var err error
		if !process.Await(func() bool {
			_, err = c.Write(m)
			return !errors.Is(err, syscall.EAGAIN) // a unix socket whose reader is behind
		}) || err != nil {
			return fmt.Errorf("%s: %w", network, err)
		}
	}
	return nil
}

func lines(messages [][]byte) []byte { return append(bytes.Join(messages, []byte("\n")), '\n') }

func counted(messages [][]byte) []byte {
	var out []byte
	for i, m := range messages {
		n := len(m)
		if i%50 == 49 { // now and then one that promises more than there is
			n += 100000
		}
		out = append(fmt.Appendf(out, "%d ", n), m...)
	}
	return out
}

func compressed(messages [][]byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(lines(messages))
	z.Close()
	out := b.Bytes()
	if len(messages)%3 == 0 { // and what is no zlib
		out = append(out[:len(out)/2], messages[0]...)
	}
	return out
}

func relpFrames(messages [][]byte) []byte {
	out := relp.Append(nil, 1, "open", relp.AppendOffers(nil))
	txnr := 1
	for i, m := range messages {
		txnr = relp.NextTxnr(txnr)
		if i%97 == 96 {
			out = append(out, m...) // no frame
			continue
		}
		out = relp.Append(out, txnr, "syslog", m)
	}
	return out
}

// sendTLS sends a message over a session of its own, and reports whether the server took
// the client: it closes or answers with an alert when it does not.
func sendTLS(port string, conf *tls.Config, message string) error {
	c, err := dial("tcp", port)
	if err != nil {
		return err
	}
	defer c.Close()
	s := tls.Client(c, conf)
	if err := s.Handshake(); err != nil {
		return err
	}
	if _, err := s.Write([]byte(message + "\n")); err != nil {
		return err
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	s.Read(make([]byte, 1)) // until the server closes: with TLS 1.3 a refusal comes here
	return nil
}
