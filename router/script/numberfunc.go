package script

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"

	"syslogd/config/syntax"
	"syslogd/message"
	"syslogd/router/property"
)

// numberFunctions are those of numbers and addresses.
func numberFunctions() map[string]function {
	return map[string]function{
		"cnum":         {min: 1, max: 1, compile: (*compiler).cnum},
		"cbool":        pure(1, 1, cbool),
		"ip42num":      pure(1, 1, ipToNumber),
		"ipv42num":     pure(1, 1, ipToNumber),
		"num2ipv4":     pure(1, 1, numberToIP),
		"int2hex":      pure(1, 1, hex),
		"random":       pure(1, 1, random),
		"is_in_subnet": pure(2, 2, inSubnet),
	}
}

func cbool(a []Value) Value {
	if a[0].kind == num {
		return truth(a[0].n != 0)
	}
	switch strings.ToLower(strings.TrimSpace(a[0].String())) {
	case "", "0", "no", "off", "false":
		return number(0)
	}
	return number(1)
}

// ipToNumber reads a dotted quad, as rsyslogd does: octets are not limited to
// 255, and the first and the last one may be missing.
func ipToNumber(a []Value) Value {
	parts := strings.Split(strings.Trim(a[0].String(), " "), ".")
	if len(parts) != 4 {
		return number(-1)
	}
	var n uint32
	for i, p := range parts {
		if p == "" && (i == 1 || i == 2) {
			return number(-1)
		}
		var octet uint32
		for _, c := range []byte(p) {
			if c < '0' || c > '9' {
				return number(-1)
			}
			octet = octet*10 + uint32(c-'0')
		}
		n = n<<8 + octet
	}
	return number(int64(n))
}

func numberToIP(a []Value) Value {
	n, ok := a[0].Int()
	if !ok || n < 0 || n > 1<<32-1 {
		return text([]byte("-1"))
	}
	return text([]byte(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()))
}

func hex(a []Value) Value {
	n, ok := a[0].Int()
	if !ok {
		return text([]byte("NAN"))
	}
	return text(strconv.AppendUint(nil, uint64(n), 16))
}

func random(a []Value) Value {
	n, _ := a[0].Int()
	if n < 0 {
		n = -n
	}
	if n <= 0 {
		return number(0)
	}
	return number(rand.Int64N(n))
}

// cnum takes hexadecimal and octal numbers from a string in the configuration only.
func (c *compiler) cnum(e *syntax.FuncCall, args []node) node {
	x := args[0]
	if _, literal := e.Args[0].(*syntax.String); literal {
		return constant(number(x.value.constantInt()))
	}
	return node{eval: func(m *message.Message, ctx *property.Context) Value {
		n, _ := x.eval(m, ctx).Int()
		return number(n)
	}}
}

func inSubnet(a []Value) Value {
	ip, err := netip.ParseAddr(a[0].String())
	net, err2 := netip.ParsePrefix(a[1].String())
	return truth(err == nil && err2 == nil && net.Contains(ip))
}
