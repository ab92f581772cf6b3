package control

// Index returns the position of the first byte below 32 in p, or len(p).
func Index(p []byte) int {
	if len(p) < 16 {
		return indexWords(p)
	}
	return index(p)
}

// index is Index for 16 bytes or more: it looks at 64 at a time.
//
//go:noescape
func index(p []byte) int
