package parser

// Kinds of bytes, one bit each.
const (
	alnum       = 1 << iota // letters and digits
	hostPart                // what else a host name may contain: . _ -
	slash                   // /
	endsProgram             // : [ and everything that is not printable ASCII
	blank                   // the blank
)

var kinds = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
			t[c] = alnum
		case c == '.', c == '_', c == '-':
			t[c] = hostPart
		case c == '/':
			t[c] = slash
		case c == ' ':
			t[c] = blank
		case c == ':', c == '[', c < ' ', c > '~':
			t[c] = endsProgram
		}
	}
	return t
}()
