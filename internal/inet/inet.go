// Package inet reads addresses as the C library does.
package inet

import (
	"net/netip"
	"strconv"
	"strings"
)

// Host returns host as it is, but for an IPv4 address in one of the short forms of
// inet_aton(3), which is written out: 127.1, 0x7f000001, 2130706433, 0177.0.0.1. Names of
// hosts never look like that; Go's resolver would ask the name service for them.
func Host(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return host
	}
	var addr uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts)) // the last part fills what is left
		}
		n, ok := number(part)
		if !ok || n >= 1<<bits {
			return host
		}
		addr = addr<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}).String()
}

// number reads a decimal, octal (0177) or hexadecimal (0x7f) number.
func number(s string) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(s, "0x"), strings.HasPrefix(s, "0X"):
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	if strings.HasPrefix(s, "+") || strings.Contains(s, "_") {
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 32)
	return n, err == nil
}
