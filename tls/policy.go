package tls

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// policy decides whether a peer may talk to us.
type policy struct {
	opt   *Options
	peers []string // names in lower case, or fingerprints as "SHA1:hex"
	usage x509.ExtKeyUsage
	files *files
	log   *slog.Logger
}

func newPolicy(o *Options, usage x509.ExtKeyUsage, log *slog.Logger) (*policy, error) {
	f, err := openFiles(o, log)
	if err != nil {
		return nil, err
	}
	p := &policy{opt: o, usage: usage, files: f, log: log}
	if o.checksPeers() && o.AuthMode != "x509/fingerprint" && f.state().pool == nil {
		return nil, fmt.Errorf("authentication mode %s needs CA certificates: set streamDriver.caFile or the global defaultNetstreamDriverCAFile", o.AuthMode)
	}
	for _, peer := range o.PermittedPeers {
		if o.AuthMode == "x509/fingerprint" {
			fp, err := normalFingerprint(peer)
			if err != nil {
				return nil, err
			}
			p.peers = append(p.peers, fp)
			continue
		}
		for label := range strings.SplitSeq(peer, ".") {
			if badWildcard(label) {
				log.Error("permitted peer matches no name: a * stands for a whole label, or for its beginning or end",
					"peer", peer, "label", label)
			}
		}
		p.peers = append(p.peers, strings.ToLower(peer))
	}
	return p, nil
}

// normalFingerprint reads SHA1:AB:CD:... or SHA256:...
func normalFingerprint(s string) (string, error) {
	alg, digits, _ := strings.Cut(s, ":")
	digits = strings.ToLower(strings.ReplaceAll(digits, ":", ""))
	sum, err := hex.DecodeString(digits)
	alg = strings.ToUpper(alg)
	if err != nil || alg == "SHA1" && len(sum) != sha1.Size || alg == "SHA256" && len(sum) != sha256.Size || alg != "SHA1" && alg != "SHA256" {
		return "", fmt.Errorf("want a fingerprint such as SHA1:10:C4:... or SHA256:..., found %q", s)
	}
	return alg + ":" + digits, nil
}

// verify is the VerifyConnection of both sides. The caller knows the peer's address;
// the error says whose certificate it was and what is wrong with it.
func (p *policy) verify(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("peer did not provide a certificate, not permitted to talk to it")
	}
	leaf := cs.PeerCertificates[0]
	if p.opt.AuthMode == "x509/fingerprint" {
		return p.verifyFingerprint(leaf)
	}
	if err := p.verifyChain(cs.PeerCertificates); err != nil {
		return fmt.Errorf("not permitted to talk to peer, certificate invalid: %s (serial %x): %w",
			subject(leaf), leaf.SerialNumber, err)
	}
	if p.opt.AuthMode == "x509/name" {
		return p.verifyName(leaf)
	}
	return nil
}

// subject is whose certificate it is, for a log.
func subject(c *x509.Certificate) string {
	name := c.Subject.String()
	if name == "" {
		name = strings.Join(c.DNSNames, ", ")
	}
	const most = 200 // bytes; the peer chose it
	if len(name) > most {
		name = name[:most] + "..."
	}
	return strconv.Quote(name)
}

func (p *policy) verifyFingerprint(leaf *x509.Certificate) error {
	s1, s256 := sha1.Sum(leaf.Raw), sha256.Sum256(leaf.Raw)
	got1, got256 := "SHA1:"+hex.EncodeToString(s1[:]), "SHA256:"+hex.EncodeToString(s256[:])
	for _, want := range p.peers {
		if want == got1 || want == got256 {
			return nil
		}
	}
	return fmt.Errorf("peer fingerprint %s of %s is unknown, not permitted to talk to it", got256, subject(leaf))
}

// verifyChain checks the chain up to a CA, the time, the purpose and revocation.
func (p *policy) verifyChain(certs []*x509.Certificate) error {
	st := p.files.state()
	chains, err := p.chains(st, certs)
	if err != nil {
		return err
	}
	// One chain that is as it should be is enough: a CA may have a second certificate.
	for _, chain := range chains {
		if err = p.verifyOne(st, chain); err == nil {
			return nil
		}
	}
	return err
}

// chains returns the chains from the peer's certificate to a CA that are valid now or,
// where that is permitted, would be if none of their certificates had expired.
func (p *policy) chains(st *fileState, certs []*x509.Certificate) ([][]*x509.Certificate, error) {
	opts := x509.VerifyOptions{Roots: st.pool, Intermediates: pool(certs[1:]),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, CurrentTime: time.Now()}
	if p.opt.CheckPurpose {
		opts.KeyUsages = []x509.ExtKeyUsage{p.usage}
	}
	chains, err := certs[0].Verify(opts)
	if err == nil || p.opt.Expired == RejectExpired {
		return chains, err
	}
	certs, old := prolonged(certs, opts.CurrentTime)
	cas, oldCA := prolonged(st.cas, opts.CurrentTime)
	if old == nil {
		old = oldCA
	}
	if old == nil {
		return nil, err
	}
	opts.Roots, opts.Intermediates = pool(cas), pool(certs[1:])
	chains, err = certs[0].Verify(opts)
	if err == nil && p.opt.Expired == WarnExpired {
		p.log.Warn("certificate of the peer has expired, it is accepted",
			"peer", subject(certs[0]), "expired", old.NotAfter)
	}
	return chains, err
}

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

// prolonged returns certs as if those that have expired by now had not, and the first
// that has. All else about them is checked as ever: signatures are over the raw bytes.
// A time in the past would not do: CA certificates are renewed.
func prolonged(certs []*x509.Certificate, now time.Time) (out []*x509.Certificate, first *x509.Certificate) {
	for _, c := range certs {
		if now.After(c.NotAfter) {
			if first == nil {
				first = c
			}
			longer := *c
			longer.NotAfter = now
			c = &longer
		}
		out = append(out, c)
	}
	return out, first
}

// verifyOne checks what the standard library does not.
func (p *policy) verifyOne(st *fileState, chain []*x509.Certificate) error {
	if p.opt.VerifyDepth > 0 && len(chain)-1 > p.opt.VerifyDepth {
		return fmt.Errorf("chain has %d certificates above the peer's, %d are permitted", len(chain)-1, p.opt.VerifyDepth)
	}
	switch bad := st.crls.revoked(chain); bad {
	case nil:
		return nil
	case chain[0]:
		return errors.New("certificate is revoked")
	default:
		return fmt.Errorf("certificate is revoked of the CA %s", subject(bad))
	}
}

// verifyName compares the names in the certificate with the permitted ones.
func (p *policy) verifyName(leaf *x509.Certificate) error {
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if leaf.Subject.CommonName != "" && !(p.opt.PrioritizeSAN && len(names) > 0) {
		names = append(names, leaf.Subject.CommonName)
	}
	for _, got := range names {
		for _, want := range p.peers {
			if matchName(want, strings.ToLower(got)) {
				return nil
			}
		}
	}
	return fmt.Errorf("peer name not authorized, not permitted to talk to it; certificate of %s, names: %s",
		subject(leaf), strings.Join(names[:min(len(names), maxNames)], ", "))
}

// maxNames is how many names of a certificate an error shows.
const maxNames = 10

// matchName compares label by label, as rsyslogd does: a * stands for a whole label, or
// for the rest of one at its beginning or its end; never for a dot. One in the middle of
// a label stands for nothing, see badWildcard.
func matchName(pattern, name string) bool {
	want, got := strings.Split(pattern, "."), strings.Split(name, ".")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !matchLabel(want[i], got[i]) {
			return false
		}
	}
	return true
}

func matchLabel(want, got string) bool {
	switch {
	case badWildcard(want):
		return false
	case strings.HasPrefix(want, "*"):
		return strings.HasSuffix(got, want[1:])
	case strings.HasSuffix(want, "*"):
		return strings.HasPrefix(got, want[:len(want)-1])
	}
	return want == got
}

// badWildcard reports whether a label has a * that stands for nothing: in its middle, or
// a second one.
func badWildcard(label string) bool {
	i := strings.IndexByte(label, '*')
	return i >= 0 && (i > 0 && i < len(label)-1 || strings.Count(label, "*") > 1)
}
