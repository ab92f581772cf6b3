//go:build !amd64

package control

// Index returns the position of the first byte below 32 in p, or len(p).
func Index(p []byte) int { return indexWords(p) }
