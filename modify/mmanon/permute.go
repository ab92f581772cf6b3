package mmanon

import (
	"hash/maphash"
	"math/rand/v2"
)

// permutation exchanges the low bits of addresses with a key that nobody knows
// and that is made at start. Unlike a table of addresses seen it needs no
// memory, and it is one to one: different addresses stay different.
type permutation struct{ seed maphash.Seed }

func newPermutation() permutation { return permutation{maphash.MakeSeed()} }

func (p *permutation) v4(a v4, k Kind) v4 {
	r := p.v6(v6{lo: uint64(a)}, k)
	return v4(r.lo)
}

// v6 anonymises the low bits of a.
func (p *permutation) v6(a v6, k Kind) v6 {
	low := mask(k.Bits)
	keep := v6{a.hi &^ low.hi, a.lo &^ low.lo}
	var changed v6
	switch k.Mode {
	case Random:
		changed = v6{rand.Uint64(), rand.Uint64()}
	case Consistent:
		changed = p.permute(v6{a.hi & low.hi, a.lo & low.lo}, keep, k.Bits)
	}
	return v6{keep.hi | changed.hi&low.hi, keep.lo | changed.lo&low.lo}
}

// mask has the low bits set.
func mask(bits int) v6 {
	if bits > 64 {
		return v6{hi: ^uint64(0) >> (128 - bits), lo: ^uint64(0)}
	}
	return v6{lo: ^uint64(0) >> (64 - bits)}
}

// permute is a Feistel network over the low bits; what is kept is part of the key.
func (p *permutation) permute(low, keep v6, bits int) v6 {
	rightBits := (bits + 1) / 2
	leftBits := bits - rightBits
	right := low.lo & mask(rightBits).lo
	left := low.lo>>rightBits | low.hi<<(64-rightBits)
	if rightBits == 64 {
		left = low.hi
	}
	left &= mask64(leftBits)
	for round := range uint64(6) {
		right ^= p.round(round, left, keep) & mask64(rightBits)
		left ^= p.round(round+100, right, keep) & mask64(leftBits)
	}
	if rightBits == 64 {
		return v6{hi: left, lo: right}
	}
	return v6{hi: left >> (64 - rightBits), lo: right | left<<rightBits}
}

func mask64(bits int) uint64 {
	if bits == 0 {
		return 0
	}
	return ^uint64(0) >> (64 - bits)
}

func (p *permutation) round(n, half uint64, keep v6) uint64 {
	return maphash.Comparable(p.seed, [4]uint64{n, half, keep.hi, keep.lo})
}
