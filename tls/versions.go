package tls

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
)

// lowest is the lowest version that is spoken: those before it are broken (RFC 8996).
const lowest = tls.VersionTLS12

// protocols are the versions that a setting leaves on.
type protocols struct {
	on  map[uint16]bool
	log *slog.Logger
}

func newProtocols(log *slog.Logger) *protocols {
	p := &protocols{log: log}
	p.all()
	return p
}

func (p *protocols) all() { p.on = map[uint16]bool{tls.VersionTLS12: true, tls.VersionTLS13: true} }

func (p *protocols) none() { p.on = map[uint16]bool{} }

// version reads the name of a version as OpenSSL, or GnuTLS after VERS-, writes it.
func version(name string) (v uint16, ok bool) {
	number, ok := strings.CutPrefix(strings.ToUpper(name), "TLS")
	if !ok {
		return 0, false
	}
	switch strings.TrimPrefix(number, "V") {
	case "1", "1.0":
		return tls.VersionTLS10, true
	case "1.1":
		return tls.VersionTLS11, true
	case "1.2":
		return tls.VersionTLS12, true
	case "1.3":
		return tls.VersionTLS13, true
	}
	return 0, false
}

// bounded is v, or the lowest version if v is below it, with a word about that.
func (p *protocols) bounded(v uint16, setting string) uint16 {
	if v >= lowest {
		return v
	}
	p.log.Error(fmt.Sprintf("%s is not spoken, the lowest version is %s", tls.VersionName(v), tls.VersionName(lowest)),
		"setting", setting)
	return lowest
}

// bound applies MinProtocol and MaxProtocol.
func (p *protocols) bound(key, value string) error {
	if strings.EqualFold(value, "None") {
		return nil
	}
	v, ok := version(value)
	if !ok {
		return fmt.Errorf("%s: want TLSv1.2 or TLSv1.3, found %q", key, value)
	}
	v = p.bounded(v, key+"="+value)
	for have := range p.on {
		if strings.EqualFold(key, "MinProtocol") && have < v || strings.EqualFold(key, "MaxProtocol") && have > v {
			delete(p.on, have)
		}
	}
	return nil
}

// list applies words such as ALL, -SSLv2, -TLSv1.1. What the first word names is on
// and nothing else, unless it takes something away.
func (p *protocols) list(words []string) error {
	for i, w := range words {
		w = strings.TrimSpace(w)
		if i == 0 && !strings.HasPrefix(w, "-") {
			p.none()
		}
		if err := p.change(w); err != nil {
			return err
		}
	}
	return nil
}

// change switches the version of a word on or, with a minus, off.
func (p *protocols) change(word string) error {
	name, minus := strings.CutPrefix(word, "-")
	name = strings.TrimPrefix(name, "+")
	upper := strings.ToUpper(name)
	switch v, ok := version(name); {
	case upper == "ALL" || upper == "TLS-ALL":
		if p.none(); !minus {
			p.all()
		}
	case strings.HasPrefix(upper, "SSL") || strings.HasPrefix(upper, "DTLS"): // never spoken
	case !ok:
		return fmt.Errorf("unknown protocol %q", word)
	case minus:
		delete(p.on, v)
	case v < lowest:
		p.bounded(v, word)
	default:
		p.on[v] = true
	}
	return nil
}

// apply sets the range of cfg.
func (p *protocols) apply(cfg *tls.Config) error {
	switch {
	case p.on[tls.VersionTLS12] && p.on[tls.VersionTLS13]:
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS12, 0
	case p.on[tls.VersionTLS12]:
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	case p.on[tls.VersionTLS13]:
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS13, tls.VersionTLS13
	default:
		return fmt.Errorf("no version is left on: %s and %s are spoken", tls.VersionName(tls.VersionTLS12), tls.VersionName(tls.VersionTLS13))
	}
	return nil
}
