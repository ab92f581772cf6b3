package listener

import "errors"

// errTLS is why a connection ends on which TLS is spoken where plain text is expected.
var errTLS = errors.New("the peer speaks TLS, this port is for plain text")

// helloSize is how many bytes of a TLS record tell what it is.
const helloSize = 3

// greets looks at the first bytes of a plain connection, and reports whether they are
// those of a TLS handshake (RFC 8446, 5.1): its record would be stored as messages of
// garbage. No message begins with these control characters.
func (in *intake) greets(buf []byte) bool {
	if in.greeted || len(buf) == 0 {
		return false
	}
	if buf[0] != 0x16 {
		in.greeted = true
		return false
	}
	if len(buf) < helloSize {
		return false
	}
	in.greeted = true
	if buf[1] != 3 || buf[2] > 4 || in.srv.opt.TLS != nil || in.srv.opt.Compression != Uncompressed {
		return false
	}
	in.srv.TLSOnPlain.Add(1)
	if in.srv.wrongTLS.Allow() {
		in.srv.opt.Log.Warn("a sender speaks TLS, but this port is for plain text: nothing of it is stored",
			"peer", string(in.peer.IP), "count", in.srv.TLSOnPlain.Value())
	}
	return true
}
