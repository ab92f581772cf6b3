package script

import "bytes"

// The hashes of fmhash as Debian builds it, without xxhash: numbers in
// configurations and databases depend on them.

// hash is hash32(text[, seed]) and hash64. A seed that is no number gives 0.
func hash(a []Value, f func(s []byte, seed uint32) uint64) Value {
	seed := int64(0)
	if len(a) == 2 {
		n, ok := a[1].Int()
		if !ok {
			return number(0)
		}
		seed = n
	}
	s := a[0].Bytes()
	if i := bytes.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	return number(int64(f(s, uint32(seed))))
}

// hashMod is hash32mod(text, mod[, seed]) and hash64mod.
func hashMod(a []Value, f func(s []byte, seed uint32) uint64) Value {
	mod, ok := a[1].Int()
	if !ok || mod == 0 {
		return number(0)
	}
	h := hash(append([]Value{a[0]}, a[2:]...), f)
	n, _ := h.Int()
	return number(int64(uint64(n) % uint64(mod)))
}

// fnv32 is FNV-1 with 32 bits that begins with the seed.
func fnv32(s []byte, seed uint32) uint64 {
	for _, c := range s {
		seed = seed*16777619 ^ uint32(c)
	}
	return uint64(seed)
}

// djb64 is Bernstein's hash with exclusive or, plus the seed. Bytes are signed.
func djb64(s []byte, seed uint32) uint64 {
	h := uint64(5381)
	for _, c := range s {
		h = h*33 ^ uint64(int64(int8(c)))
	}
	return h + uint64(seed)
}
