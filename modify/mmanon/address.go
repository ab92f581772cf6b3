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
	var groups [8]uint16
	count, gap := 0, -1 // gap is where :: stands
	i, end := 0, 0      // end is where the address may end
	if text[0] == ':' {
		if len(text) < 2 || text[1] != ':' {
			return a, 0, false
		}
		gap, i, end = 0, 2, 2
	}
	for count < 8 {
		if embedded && (gap >= 0 && count <= 5 || count == 6) && i < len(text) && kinds[text[i]] == digit {
			if tail, length := readV4(text[i:]); length > 0 {
				groups[count], groups[count+1] = uint16(tail>>16), uint16(tail)
				return join(groups, count+2, gap), i + length, true
			}
		}
		g, digits := hex(text[i:])
		if digits > 4 && end == i {
			return a, 0, false // :: in front of what is no number
		}
		if digits == 0 || digits > 4 {
			break
		}
		groups[count] = g
		count++
		i += digits
		end = i
		if i >= len(text) || text[i] != ':' || count == 8 {
			break
		}
		i++
		if i < len(text) && text[i] == ':' {
			if gap >= 0 {
				return a, 0, false
			}
			gap = count
			i++
			end = i
		}
	}
	colonFollows := end == i && gap == count && i < len(text) && text[i] == ':'
	if gap < 0 && count != 8 || gap >= 0 && count == 8 || colonFollows {
		return a, 0, false
	}
	return join(groups, count, gap), end, false
}

// hex reads the hexadecimal digits at the start of text. More than four are no
// number; all of them are counted.
func hex(text []byte) (n uint16, digits int) {
	for _, c := range text {
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

// join makes an address of count groups with zeros at gap.
func join(groups [8]uint16, count, gap int) v6 {
	if gap >= 0 {
		copy(groups[8-(count-gap):], groups[gap:count])
		clear(groups[gap : 8-(count-gap)])
	}
	var a v6
	for _, g := range groups[:4] {
		a.hi = a.hi<<16 | uint64(g)
	}
	for _, g := range groups[4:] {
		a.lo = a.lo<<16 | uint64(g)
	}
	return a
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
