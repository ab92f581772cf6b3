package mmanon

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"syslogd/message"
	"syslogd/module"
	"syslogd/router/property"
)

// anonymise runs text through a modifier of the default settings, but for what change does.
func anonymise(t testing.TB, x *modifier, text string) string {
	t.Helper()
	var m message.Message
	m.SetText([]byte(text))
	m.MsgText = message.Span{Len: uint32(len(text))}
	if err := x.Modify(&m, &property.Context{}); err != nil {
		t.Fatal(err)
	}
	return string(m.Msg())
}

func newModifier(t testing.TB, change func(*Config)) *modifier {
	t.Helper()
	c := Module.Instance.New(nil).(*Config)
	if change != nil {
		change(c)
	}
	x, err := New(*c, module.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return x.(*modifier)
}

// The wants are what rsyslogd 8.2302 writes, unless a comment says otherwise.
func TestAddressesInText(t *testing.T) {
	t.Parallel()
	x := newModifier(t, nil)
	for text, want := range map[string]string{
		"from 192.0.2.77 to 10.1.2.3:80":        "from 192.0.0.0 to 10.1.0.0:80",
		"255.255.255.2555 1.2.3.4567":           "255.255.255.2555 1.2.3.4567",
		"01.02.03.04 001.002.003.004":           "1.2.0.0 1.2.0.0",
		"0001.2.3.4":                            "01.2.0.0",
		"1.2.3.4.5 1.2.3.4.5.6.7.8":             "1.2.0.0.5 1.2.0.0.5.6.0.0",
		"999.1.1.1 256.1.1.1":                   "999.1.0.0 256.1.0.0",
		"1.2..3.4 1.2.3 .1.2.3.4 1.2.3.":        "1.2..3.4 1.2.3 .1.2.0.0 1.2.3.",
		"1.2.3.4":                               "1.2.0.0",
		"2001:db8::1 2001:DB8::ABCD":            "2001:db8:0:0:0:0:0:0 2001:db8:0:0:0:0:0:0",
		"fe80::1%eth0 [2001:db8::1]:514":        "fe80:0:0:0:0:0:0:0%eth0 [2001:db8:0:0:0:0:0:0]:514",
		"12:34:56 00:11:22:33:44:55":            "12:34:56 00:11:22:33:44:55",
		"1:2:3:4:5:6:7:8:9 12345:1:2:3:4:5:6:7": "1:2:0:0:0:0:0:0:9 12345:1:0:0:0:0:0:0",
		"1:2:3:4:5:6:7 a::b ::":                 "1:2:3:4:5:6:7 a:0:0:0:0:0:0:0 0:0:0:0:0:0:0:0",
		"1::2::3 1:::2":                         "1::2:0:0:0:0:0:0:0 1:0:0:0:0:0:0:0:0",
		"1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8":       "1:2:0:0:0:0:0:0 0:2:0:0:0:0:0:0",
		"::ffff:1.2.3.4 64:ff9b::192.0.2.33":    "0:0:0:0:0:0:0.0.0.0 64:ff9b:0:0:0:0:0.0.0.0",
		"1:2:3:4:5:6:1.2.3.4":                   "1:2:0:0:0:0:0.0.0.0",
		"1:2:3:4:5:6:7:1.2.3.4":                 "1:2:0:0:0:0:0:0.2.3.4",
		"::ffff:1.2.3.999":                      "0:0:0:0:0:0:0:0.2.3.999",
		"no address at all":                     "no address at all",
		"":                                      "",
		// rsyslogd finds no address in front of a colon.
		"fe80::1: link down": "fe80:0:0:0:0:0:0:0: link down",
	} {
		if got := anonymise(t, x, text); got != want {
			t.Errorf("%q:\n got  %q\n want %q", text, got, want)
		}
	}
}

func TestBitsAndModes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, want string
		change           func(*Config)
	}{
		{"12 bits", "1.2.255.255", "1.2.240.0", func(c *Config) { c.V4.Bits = 12 }},
		{"all bits", "1.2.3.4", "0.0.0.0", func(c *Config) { c.V4.Bits = 32 }},
		{"1 bit", "1.2.3.5", "1.2.3.4", func(c *Config) { c.V4.Bits = 1 }},
		{"simple", "192.0.2.77", "192.0.x.xx", func(c *Config) { c.V4.Mode = Simple }},
		{"simple, another character", "192.0.2.77", "192.*.*.**", func(c *Config) { c.V4.Mode, c.V4.Bits, c.Replacement = Simple, 24, '*' }},
		{"IPv6 only", "1.2.3.4 2001:db8::1", "1.2.3.4 2001:db8:0:0:0:0:0:0", func(c *Config) { c.V4.Enable = false }},
		{"IPv4 only", "1.2.3.4 2001:db8::1", "1.2.0.0 2001:db8::1", func(c *Config) { c.V6.Enable, c.Embedded.Enable = false, false }},
		{"128 bits", "2001:db8::1", "0:0:0:0:0:0:0:0", func(c *Config) { c.V6.Bits = 128 }},
		{"4 bits", "2001:db8::ff", "2001:db8:0:0:0:0:0:f0", func(c *Config) { c.V6.Bits = 4 }},
	} {
		if got := anonymise(t, newModifier(t, test.change), test.text); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestConsistentAddressesAreOneToOneAndKeepTheirNetwork(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{1, 2, 7, 8, 13, 16} {
		x := newModifier(t, func(c *Config) { c.V4.Mode, c.V4.Bits = Consistent, bits })
		seen := map[string]bool{}
		moved := 0
		for i := range 1 << bits {
			a := netip.AddrFrom4([4]byte{10, 20, byte(i >> 8), byte(i)}).String()
			got := anonymise(t, x, a)
			if seen[got] {
				t.Fatalf("%d bits: two addresses become %s", bits, got)
			}
			seen[got] = true
			if again := anonymise(t, x, a); again != got {
				t.Fatalf("%d bits: %s becomes %s, then %s", bits, a, got, again)
			}
			p, err := netip.ParseAddr(got)
			if err != nil {
				t.Fatal(err)
			}
			if net := netip.PrefixFrom(netip.MustParseAddr("10.20.0.0"), 32-bits); !net.Contains(p) {
				t.Fatalf("%d bits: %s becomes %s, outside of %s", bits, a, got, net)
			}
			if got != a {
				moved++
			}
		}
		if bits > 7 && moved < 1<<bits/2 {
			t.Errorf("%d bits: only %d of %d addresses change", bits, moved, 1<<bits)
		}
	}
	for _, bits := range []int{63, 64, 65, 96, 127, 128} {
		x := newModifier(t, func(c *Config) { c.V6.Mode, c.V6.Bits = Consistent, bits })
		seen := map[string]bool{}
		for i := range 2000 {
			got := anonymise(t, x, fmt.Sprintf("2001:db8:1:2:3:4:5:%x", i))
			if seen[got] {
				t.Fatalf("%d bits: two addresses become %s", bits, got)
			}
			seen[got] = true
		}
	}
}

// TestEachServerHasItsOwnKey: what one server writes says nothing of what another does,
// and neighbours do not become neighbours.
func TestEachServerHasItsOwnKey(t *testing.T) {
	t.Parallel()
	consistent := Kind{Mode: Consistent, Bits: 32}
	a, b := newPermutation(), newPermutation()
	var same, near int
	for i := range 1000 {
		addr := v4(0x0a000000 + i)
		if a.v4(addr, consistent) == b.v4(addr, consistent) {
			same++
		}
		if a.v4(addr, consistent)^a.v4(addr^1, consistent) < 1<<16 {
			near++
		}
	}
	if same > 1 || near > 5 {
		t.Errorf("of 1,000 addresses %d are the same under another key, %d stay near their neighbour", same, near)
	}
}

func TestConsistentAddressesCostNoMemory(t *testing.T) {
	p := newPermutation()
	if n := testing.AllocsPerRun(1000, func() { p.v4(0x0a000001, Kind{Mode: Consistent, Bits: 16}) }); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestRandomAddressesDiffer(t *testing.T) {
	t.Parallel()
	x := newModifier(t, func(c *Config) { c.V4.Mode, c.V4.Bits = Random, 32 })
	seen := map[string]bool{}
	for range 100 {
		seen[anonymise(t, x, "192.0.2.1")] = true
	}
	if len(seen) < 95 {
		t.Errorf("100 random addresses are %d different ones", len(seen))
	}
}

func TestATextWithoutAddressCostsNoMemory(t *testing.T) {
	x := newModifier(t, nil)
	var m message.Message
	m.SetText([]byte("pam_unix(sshd:session): session opened for user root (uid=0) at 12:34:56, 3.5 s, build 1.2.3"))
	m.MsgText = message.Span{Len: uint32(len(m.Raw()))}
	ctx := &property.Context{}
	if n := testing.AllocsPerRun(100, func() { x.Modify(&m, ctx) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzNoAddressIsLeft(f *testing.F) {
	f.Add([]byte{192, 0, 2, 1}, " text ")
	f.Add([]byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, "1.2.3")
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}, "::")
	x := newModifier(f, func(c *Config) { c.V4.Bits, c.V6.Bits, c.Embedded.Bits = 32, 128, 128 })
	f.Fuzz(func(t *testing.T, addr []byte, text string) {
		anonymise(t, x, text) // whatever it is, it ends
		a, ok := netip.AddrFromSlice(addr)
		if !ok {
			return
		}
		for _, form := range []string{a.String(), a.StringExpanded()} {
			got := strings.Fields(anonymise(t, x, "x "+form+" y"))
			p, err := netip.ParseAddr(got[1])
			if err != nil || !p.Unmap().IsUnspecified() {
				t.Fatalf("%q became %q", form, got)
			}
		}
	})
}

func BenchmarkModify(b *testing.B) {
	x := newModifier(b, nil)
	const text = "connection from 192.0.2.77 port 22 to 10.1.2.3, user root, 12:34:56"
	b.ReportAllocs()
	for b.Loop() {
		anonymise(b, x, text)
	}
}
