package listener

import (
	"bytes"
	"errors"
	"net"
)

// errPlain is why a connection ends on which plain text is sent where TLS is expected.
var errPlain = errors.New("the peer sends plain text, this port is for TLS")

// opening is the connection below TLS. It looks at the first bytes: those of plain text end
// the handshake at once, also where they are fewer than the header of a record, for which
// TLS would wait.
type opening struct {
	net.Conn
	seen bool // the first bytes have been looked at
}

// Read implements net.Conn.
func (o *opening) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if n > 0 && !o.seen {
		o.seen = true
		if isPlain(p[:n]) {
			return 0, errPlain
		}
	}
	return n, err
}

// headerSize is the length of the header of a TLS record (RFC 8446, 5.1). The first byte of
// one that opens a connection is a control character, or above ASCII in that of SSL 2.
const headerSize = 5

// isPlain reports whether the first bytes of a connection are plain text: nothing but ASCII,
// but for the mark of UTF-8 in front. Compressed streams are no text.
func isPlain(first []byte) bool {
	first, _ = bytes.CutPrefix(first[:min(len(first), headerSize)], []byte("\xef\xbb\xbf"))
	for _, c := range first {
		if c != '\t' && c != '\n' && c != '\r' && (c < ' ' || c > '~') {
			return false
		}
	}
	return len(first) > 0
}

// sendsPlain counts and reports a peer that does not speak TLS.
func (s *session) sendsPlain() {
	srv := s.srv
	srv.PlainOnTLS.Add(1)
	if srv.wrongPlain.Allow() {
		srv.opt.Log.Warn("a sender sends plain text where TLS is expected: nothing of it is stored; "+
			"let it speak TLS, or give it a port for plain text",
			"peer", string(s.peer.IP), "count", srv.PlainOnTLS.Value())
	}
}
