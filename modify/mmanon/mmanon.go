// Package mmanon anonymises IP addresses in the message text.
package mmanon

import (
	"fmt"

	"syslogd/config/param"
	"syslogd/internal/diag"
	"syslogd/message"
	"syslogd/modify"
	"syslogd/module"
	"syslogd/router/property"
)

// Module describes mmanon to the registry.
var Module = module.NewModifier[module.None]("mmanon", nil, params, nil, New)

// Mode says what becomes of the bits that are anonymised.
type Mode uint8

// The modes. Simple writes a character for each digit, of IPv4 only.
const (
	Zero Mode = iota
	Random
	// Consistent replaces equal addresses by equal ones, and different
	// addresses by different ones, within a run.
	Consistent
	Simple
)

// Kind is the settings for one kind of address.
type Kind struct {
	Enable bool
	Mode   Mode
	// Bits is how many bits at the end are anonymised.
	Bits int
}

// Config is action(type="mmanon").
type Config struct {
	V4, V6, Embedded Kind
	Replacement      byte
}

var v4Modes = []param.Choice[Mode]{
	{Name: "zero", Value: Zero}, {Name: "random", Value: Random}, {Name: "random-consistent", Value: Consistent},
	{Name: "random-consistent-unique", Value: Consistent}, {Name: "simple", Value: Simple},
}

const (
	noTries = "addresses are permuted with a secret key, so they are unique without tries"
	bitsDoc = "Bits at the end of the address that are anonymised."
)

var params = param.Join(
	param.Table[Config]{
		param.Bool("ipv4.enable", func(c *Config) *bool { return &c.V4.Enable }).Default("on").Doc("Anonymise IPv4 addresses."),
		param.Enum("ipv4.mode", func(c *Config) *Mode { return &c.V4.Mode }, v4Modes...).Default("zero").
			Doc("What becomes of the bits; simple writes a character for each digit."),
		param.Enum("mode", func(c *Config) *Mode { return &c.V4.Mode },
			param.Choice[Mode]{Name: "rewrite", Value: Zero}, param.Choice[Mode]{Name: "simple", Value: Simple}).Doc("Old name of ipv4.mode."),
		bits("ipv4.bits", 32, func(c *Config) *int { return &c.V4.Bits }).Default("16").Doc(bitsDoc),
		param.Char("ipv4.replaceChar", func(c *Config) *byte { return &c.Replacement }).Alias("replacementChar").Default("x").Doc("Character of mode simple."),
	},
	kind("ipv6", "IPv6 addresses", func(c *Config) *Kind { return &c.V6 }),
	kind("embeddedipv4", "IPv6 addresses that end with an IPv4 address", func(c *Config) *Kind { return &c.Embedded }),
	tries("ipv4"), tries("ipv6"), tries("embeddedipv4"),
)

func kind(name, what string, field func(*Config) *Kind) param.Table[Config] {
	return param.Table[Config]{
		param.Bool(name+".enable", func(c *Config) *bool { return &field(c).Enable }).Default("on").Doc("Anonymise " + what + "."),
		param.Enum(name+".anonMode", func(c *Config) *Mode { return &field(c).Mode }, v4Modes[:4]...).Default("zero").Doc("What becomes of the bits."),
		bits(name+".bits", 128, func(c *Config) *int { return &field(c).Bits }).Default("96").Doc(bitsDoc),
	}
}

func tries(name string) param.Table[Config] {
	return param.Table[Config]{
		param.NoEffect[Config](name+".limitUniqueMaxRetries", noTries),
		param.NoEffect[Config](name+".uniqueRetryCount", noTries),
		param.NoEffect[Config](name+".maxRetryHandling", noTries),
	}
}

// bits is a number of bits; more than there are count as all, as in rsyslogd.
func bits(name string, most int, field func(*Config) *int) *param.Param[Config] {
	return param.PositiveInt(name, func(c *Config) *int { return field(c) }).Range(1, int64(most))
}

// Check reports settings without effect.
func (c *Config) Check(o *param.Object, diags *diag.List) bool {
	if !c.V4.Enable && !c.V6.Enable && !c.Embedded.Enable {
		diags.Warnf(o.Range, "%s anonymises no kind of address", o.Title)
	}
	if c.V4.Mode == Simple && c.V4.Bits%8 != 0 {
		up := (c.V4.Bits + 7) / 8 * 8
		diags.Warnf(o.Range, "ipv4.bits is %d, mode simple replaces whole numbers", c.V4.Bits).Effect = fmt.Sprintf("%d is used", up)
		c.V4.Bits = up
	}
	return true
}

// New returns the modifier.
func New(c Config, _ module.Env) (modify.Modifier, error) {
	return &modifier{Config: c, perm: newPermutation()}, nil
}

type modifier struct {
	Config
	perm *permutation
}

// Modify anonymises the addresses in the text. A text without one costs no memory.
func (x *modifier) Modify(m *message.Message, _ *property.Context) error {
	text := m.Msg()
	var out []byte
	done := 0 // bytes of text that out stands for
	for i := 0; i < len(text); {
		n, write := x.at(text[i:])
		if n == 0 {
			i++
			continue
		}
		out = append(out, text[done:i]...)
		out = write(out, text[i:i+n])
		i += n
		done = i
	}
	if done > 0 {
		m.ReplaceMsg(append(out, text[done:]...))
	}
	return nil
}

// at returns the length of an address at the start of text, and what writes its
// replacement. As in rsyslogd what stands before and behind an address does not
// matter.
func (x *modifier) at(text []byte) (int, func(dst, addr []byte) []byte) {
	if kinds[text[0]] == 0 {
		return 0, nil
	}
	if x.V6.Enable || x.Embedded.Enable {
		a, n, embedded := readV6(text, x.Embedded.Enable)
		switch {
		case n == 0:
		case embedded:
			return n, func(dst, _ []byte) []byte { return appendV6(dst, x.perm.v6(a, x.Embedded), true) }
		case x.V6.Enable:
			return n, func(dst, _ []byte) []byte { return appendV6(dst, x.perm.v6(a, x.V6), false) }
		}
	}
	if x.V4.Enable && kinds[text[0]] == digit {
		if a, n := readV4(text); n > 0 {
			if x.V4.Mode == Simple {
				return n, x.simple
			}
			return n, func(dst, _ []byte) []byte { return appendV4(dst, x.perm.v4(a, x.V4)) }
		}
	}
	return 0, nil
}

// simple writes a character for each digit of the last numbers.
func (x *modifier) simple(dst, addr []byte) []byte {
	keep := 4 - x.V4.Bits/8
	for _, c := range addr {
		switch {
		case c == '.':
			keep--
		case keep <= 0:
			c = x.Replacement
		}
		dst = append(dst, c)
	}
	return dst
}
