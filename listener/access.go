package listener

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path"
	"strings"

	"syslogd/message"
	"syslogd/metrics"
	"syslogd/ratelimit"
)

// AccessList says which senders are permitted: addresses, networks, host names
// with wildcards. A nil list permits all.
type AccessList struct {
	nets  []netip.Prefix
	names []string

	log     *slog.Logger
	limit   ratelimit.PerMinute
	text    string
	Refused metrics.Counter
}

// ParseAccessList reads entries of $AllowedSender: 192.0.2.1, 192.0.2.0/24,
// [2001:db8::]/32, *.example.com. text is what is logged, at most once a
// minute, when a sender is refused; "" logs nothing.
func ParseAccessList(entries []string, text string, log *slog.Logger) (*AccessList, error) {
	l := &AccessList{text: text, log: log}
	for _, e := range entries {
		if err := l.add(strings.TrimSpace(e)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *AccessList) add(entry string) error {
	host, bits, hasBits := strings.Cut(entry, "/")
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		if hasBits || host == "" || strings.HasPrefix(host, "[") {
			return fmt.Errorf("access list: want an address, a network or a host name, found %q", entry)
		}
		l.names = append(l.names, strings.ToLower(host))
		return nil
	}
	if !hasBits {
		l.nets = append(l.nets, netip.PrefixFrom(addr, addr.BitLen()))
		return nil
	}
	p, err := netip.ParsePrefix(addr.String() + "/" + bits)
	if err != nil {
		return fmt.Errorf("access list: want a number of bits from 0 to %d, found %q", addr.BitLen(), entry)
	}
	l.nets = append(l.nets, p.Masked())
	return nil
}

// Permits reports whether messages of the sender are taken. It may wait for the
// sender's name if the list has names.
func (l *AccessList) Permits(p *message.Peer) bool {
	if l == nil {
		return true
	}
	for _, n := range l.nets {
		if n.Contains(p.Addr) {
			return true
		}
	}
	if len(l.names) == 0 {
		return false
	}
	host := strings.ToLower(string(p.Host()))
	for _, n := range l.names {
		if ok, _ := path.Match(n, host); ok {
			return true
		}
	}
	return false
}

// Refuse counts a refused sender and logs it, at most once a minute.
func (l *AccessList) Refuse(p *message.Peer) {
	l.Refused.Add(1)
	if l.text != "" && l.limit.Allow() {
		l.log.Warn(l.text, "peer", string(p.IP))
	}
}
