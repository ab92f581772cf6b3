package mmanon

import "strconv"

// What a byte may be in an address.
const (
	digit  = 1
	letter = 2
	colon  = 3
)

// kinds has the bytes that an address can begin with.
var kinds = func() (t [256]byte) {
	for c := '0'; c <= '9'; c++ {
		t[c] = digit
	}
	for c := 'a'; c <= 'f'; c++ {
		t[c], t[c-'a'+'A'] = letter, letter
	}
	t[':'] = colon
	return t
}()

type v4 uint32

type v6 struct{ hi, lo uint64 }

// readV4 reads an IPv4 address and returns its length, 0 if there is none.
func readV4(text []byte) (v4, int) {
	var a v4
	i := 0
	for n := range 4 {
		if n > 0 {
			if i >= len(text) || text[i] != '.' {
				return 0, 0
			}
			i++
		}
		num, digits := 0, 0
		for ; i < len(text) && kinds[text[i]] == digit; i++ {
			if digits++; digits > 3 {
				return 0, 0
			}
			num = num*10 + int(text[i]-'0')
		}
		if digits == 0 || num > 255 {
			return 0, 0
		}
		a = a<<8 | v4(num)
	}
	return a, i
}

// readV6 reads an IPv6 address and returns its length, 0 if there is none. With
// embedded, an address whose last 32 bits are written as IPv4 comes first.
func readV6(text []byte, embedded bool) (a v6, n int, isEmbedded bool) {
	r := v6Reader{text: text, gap: -1}
	if text[0] == ':' {
		if len(text) < 2 || text[1] != ':' {
			return a, 0, false
		}
		r.gap, r.pos, r.end = 0, 2, 2
	}
	for r.count < 8 {
		if embedded && r.v4() {
			return r.address(), r.end, true
		}
		if more, ok := r.group(); !ok {
			return a, 0, false
		} else if !more {
			break
		}
	}
	if !r.whole() {
		return a, 0, false
	}
	return r.address(), r.end, false
}

// v6Reader reads the groups of an IPv6 address.
type v6Reader struct {
	text   []byte
	groups [8]uint16
	count  int
	gap    int // the group in front of which :: stands, or -1
	pos    int
	end    int // where the address may end
}

// v4 reads an IPv4 address in the place of the last two groups.
func (r *v6Reader) v4() bool {
	if r.gap < 0 && r.count != 6 || r.gap >= 0 && r.count > 5 || r.pos >= len(r.text) || kinds[r.text[r.pos]] != digit {
		return false
	}
	tail, n := readV4(r.text[r.pos:])
	if n == 0 {
		return false
	}
	r.groups[r.count], r.groups[r.count+1] = uint16(tail>>16), uint16(tail)
	r.count += 2
	r.end = r.pos + n
	return true
}

// group reads a group and the colons behind it. more is false when no further
// group can follow, ok when there is no address at all.
func (r *v6Reader) group() (more, ok bool) {
	g, digits := hex(r.text[r.pos:])
	if digits > 4 {
		return false, r.end != r.pos // :: in front of what is no number
	}
	if digits == 0 {
		return false, true
	}
	r.groups[r.count] = g
	r.count++
	r.pos += digits
	r.end = r.pos
	if r.pos >= len(r.text) || r.text[r.pos] != ':' {
		return false, true
	}
	r.pos++
	if r.pos < len(r.text) && r.text[r.pos] == ':' && r.count < 8 {
		if r.gap >= 0 {
			return false, false
		}
		r.gap = r.count
		r.pos++
		r.end = r.pos
	}
	return true, true
}

// whole reports whether what was read is an address: eight groups, or fewer with
// ::, behind which no colon stands.
func (r *v6Reader) whole() bool {
	if r.gap < 0 || r.count == 8 {
		return r.gap < 0 && r.count == 8
	}
	return r.end >= len(r.text) || r.text[r.end] != ':' || r.gap != r.count
}

// address is the groups with zeros at the gap.
func (r *v6Reader) address() v6 {
	if r.gap >= 0 {
		tail := r.count - r.gap
		copy(r.groups[8-tail:], r.groups[r.gap:r.count])
		clear(r.groups[r.gap : 8-tail])
	}
	var a v6
	for i, g := range r.groups {
		if i < 4 {
			a.hi = a.hi<<16 | uint64(g)
		} else {
			a.lo = a.lo<<16 | uint64(g)
		}
	}
	return a
}

// hex reads the hexadecimal digits at the start of text. More than four are no
// number; no more than one of those is counted, since each may be looked at again.
func hex(text []byte) (n uint16, digits int) {
	for _, c := range text[:min(len(text), 5)] {
		if k := kinds[c]; k != digit && k != letter {
			break
		}
		n = n<<4 | uint16(nibble(c))
		digits++
	}
	return n, digits
}

func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

func appendV4(dst []byte, a v4) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		dst = strconv.AppendUint(dst, uint64(a>>shift&0xff), 10)
		if shift > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}

// appendV6 writes all groups, as rsyslogd does; with embedded, the last 32 bits
// as IPv4.
func appendV6(dst []byte, a v6, embedded bool) []byte {
	for n := range 8 {
		half, shift := a.hi, 48-16*n
		if n >= 4 {
			half, shift = a.lo, 48-16*(n-4)
		}
		if embedded && n == 6 {
			return appendV4(append(dst, ':'), v4(a.lo))
		}
		if n > 0 {
			dst = append(dst, ':')
		}
		dst = strconv.AppendUint(dst, half>>shift&0xffff, 16)
	}
	return dst
}
