package mmanon

import (
	"crypto/aes"
	"crypto/cipher"
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// permutation exchanges the low bits of addresses with a key that nobody knows and that
// is made at start. Unlike a table of addresses seen it needs no memory, and it is one
// to one: different addresses stay different.
//
// It is a Feistel network of twelve rounds whose function is AES with a key of 128 bits.
// Who does not have the key learns of an address that two messages have the same one, and
// the bits that are kept. An address can still be guessed by whoever makes the server log
// addresses that he knows and sees what becomes of them.
type permutation struct {
	block cipher.Block
	pool  sync.Pool // of *rounds
}

func newPermutation() *permutation {
	key := make([]byte, 16)
	_, _ = crand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key of another length
	}
	p := &permutation{block: block}
	p.pool.New = func() any { return new(rounds) }
	return p
}

// rounds is the memory of the rounds for one address.
type rounds struct {
	kept [aes.BlockSize]byte // what is kept of the address, encrypted
	text [aes.BlockSize]byte
}

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

// permute is the Feistel network over the low bits; what is kept is part of the key.
func (p *permutation) permute(low, keep v6, bits int) v6 {
	rightBits := (bits + 1) / 2
	leftBits := bits - rightBits
	right := low.lo & mask64(rightBits)
	left := low.lo>>rightBits | low.hi<<(64-rightBits)
	if rightBits == 64 {
		left = low.hi
	}
	left &= mask64(leftBits)
	r := p.pool.Get().(*rounds)
	defer p.pool.Put(r)
	binary.BigEndian.PutUint64(r.kept[:], keep.hi)
	binary.BigEndian.PutUint64(r.kept[8:], keep.lo)
	p.block.Encrypt(r.kept[:], r.kept[:])
	for n := uint64(0); n < 12; n += 2 {
		right ^= p.round(r, n, left) & mask64(rightBits)
		left ^= p.round(r, n+1, right) & mask64(leftBits)
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

// round is AES-CBC-MAC over two blocks: what is kept, and the round with half of what is
// exchanged.
func (p *permutation) round(r *rounds, n, half uint64) uint64 {
	binary.BigEndian.PutUint64(r.text[:], n^binary.BigEndian.Uint64(r.kept[:]))
	binary.BigEndian.PutUint64(r.text[8:], half^binary.BigEndian.Uint64(r.kept[8:]))
	p.block.Encrypt(r.text[:], r.text[:])
	return binary.BigEndian.Uint64(r.text[:])
}
