package imfile

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// fingerprint is SipHash-2-4 of data under the key 00 01 ... 0f, in hexadecimal:
// what rsyslogd puts into the names of its state files.
func fingerprint(data []byte) string {
	const k0, k1 = 0x0706050403020100, 0x0f0e0d0c0b0a0908
	s := sipState{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	length := uint64(len(data)) << 56
	for ; len(data) >= 8; data = data[8:] {
		s.word(binary.LittleEndian.Uint64(data))
	}
	var last [8]byte
	copy(last[:], data)
	s.word(binary.LittleEndian.Uint64(last[:]) | length)
	s[2] ^= 0xff
	for range 4 {
		s.round()
	}
	var sum [8]byte
	binary.LittleEndian.PutUint64(sum[:], s[0]^s[1]^s[2]^s[3])
	return hex.EncodeToString(sum[:])
}

type sipState [4]uint64

func (s *sipState) word(m uint64) {
	s[3] ^= m
	s.round()
	s.round()
	s[0] ^= m
}

func (s *sipState) round() {
	s[0] += s[1]
	s[1] = bits.RotateLeft64(s[1], 13) ^ s[0]
	s[0] = bits.RotateLeft64(s[0], 32)
	s[2] += s[3]
	s[3] = bits.RotateLeft64(s[3], 16) ^ s[2]
	s[0] += s[3]
	s[3] = bits.RotateLeft64(s[3], 21) ^ s[0]
	s[2] += s[1]
	s[1] = bits.RotateLeft64(s[1], 17) ^ s[2]
	s[2] = bits.RotateLeft64(s[2], 32)
}
