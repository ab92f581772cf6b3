// Package control finds control characters in text, several bytes at a time.
package control

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// indexWords is Index in Go: it looks at 32 bytes at a time.
func indexWords(p []byte) int {
	i := 0
	for ; i+32 <= len(p); i += 32 {
		q := p[i : i+32 : i+32]
		a, b := binary.LittleEndian.Uint64(q), binary.LittleEndian.Uint64(q[8:])
		c, d := binary.LittleEndian.Uint64(q[16:]), binary.LittleEndian.Uint64(q[24:])
		if below(a)|below(b)|below(c)|below(d) != 0 {
			break
		}
	}
	if len(p) < 8 {
		for i < len(p) && p[i] >= 32 {
			i++
		}
		return i
	}
	// The last word overlaps what has been looked at.
	for ; i < len(p); i += 8 {
		at := min(i, len(p)-8)
		if first := below(binary.LittleEndian.Uint64(p[at:])); first != 0 {
			return at + bits.TrailingZeros64(first)/8
		}
	}
	return len(p)
}

// below has a high bit set if, and only if, a byte of w is below 32. The lowest one
// marks the first such byte; those above it may come from its borrow.
func below(w uint64) uint64 { return (w - 32*ones) &^ w & highs }
