package listener

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"syslogd/config/param"
	"syslogd/message"
)

// OriginConfig are the parameters of network inputs that say how far senders are
// trusted. An input's configuration embeds it.
type OriginConfig struct {
	DefaultTZ string
	Networks  []string
	Trust     message.HostTrust
}

// OriginParams declare OriginConfig.
func OriginParams[C any](field func(*C) *OriginConfig) param.Table[C] {
	return param.Table[C]{
		param.String("defaultTZ", func(c *C) *string { return &field(c).DefaultTZ }).Doc("Zone of times without one: +hh:mm, -hh:mm or Z."),
		param.Strings("defaultTZ.networks", func(c *C) *[]string { return &field(c).Networks }).
			Doc(`The same for senders of a network: ["10.1.0.0/16=+01:00", "192.0.2.7=Z"]. The longest prefix counts. Not known to rsyslogd.`),
		param.Enum("hostname", func(c *C) *message.HostTrust { return &field(c).Trust },
			param.Choice[message.HostTrust]{Name: "message", Value: message.HostFromMessage},
			param.Choice[message.HostTrust]{Name: "sender", Value: message.HostFromSender},
			param.Choice[message.HostTrust]{Name: "auto", Value: message.HostAuto}).Default("message").
			Doc("Whose name counts: the one in the message, the sender's (its address without name service), or the sender's only when the message names localhost or nothing. Not known to rsyslogd."),
	}
}

// Origin makes what messages of the input have in common.
func (c *OriginConfig) Origin(name string) (*message.Origin, error) {
	zone, err := ParseZone(c.DefaultTZ)
	if err != nil {
		return nil, err
	}
	o := &message.Origin{Name: name, DefaultTZ: zone, Trust: c.Trust}
	for _, text := range c.Networks {
		network, tz, _ := strings.Cut(text, "=")
		prefix, err := parsePrefix(strings.TrimSpace(network))
		if err != nil {
			return nil, fmt.Errorf("defaultTZ.networks: want network=zone, found %q", text)
		}
		zone, err := ParseZone(strings.TrimSpace(tz))
		if err != nil || zone == nil {
			return nil, fmt.Errorf("defaultTZ.networks: want +hh:mm, -hh:mm or Z behind =, found %q", text)
		}
		o.Zones = append(o.Zones, message.NetworkZone{Network: prefix, Zone: *zone})
	}
	slices.SortStableFunc(o.Zones, func(a, b message.NetworkZone) int { return b.Network.Bits() - a.Network.Bits() })
	return o, nil
}

// parsePrefix reads a network, or an address.
func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}
