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
	"path"
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

// verify is the VerifyConnection of both sides.
func (p *policy) verify(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("peer did not provide a certificate, not permitted to talk to it")
	}
	leaf := cs.PeerCertificates[0]
	if p.opt.AuthMode == "x509/fingerprint" {
		return p.verifyFingerprint(leaf)
	}
	if err := p.verifyChain(cs.PeerCertificates); err != nil {
		return fmt.Errorf("not permitted to talk to peer, certificate invalid: %w", err)
	}
	if p.opt.AuthMode == "x509/name" {
		return p.verifyName(leaf)
	}
	return nil
}

func (p *policy) verifyFingerprint(leaf *x509.Certificate) error {
	s1, s256 := sha1.Sum(leaf.Raw), sha256.Sum256(leaf.Raw)
	got1, got256 := "SHA1:"+hex.EncodeToString(s1[:]), "SHA256:"+hex.EncodeToString(s256[:])
	for _, want := range p.peers {
		if want == got1 || want == got256 {
			return nil
		}
	}
	return fmt.Errorf("peer fingerprint %s is unknown, not permitted to talk to it", got256)
}

// verifyChain checks the chain up to a CA, the time, the purpose and revocation.
func (p *policy) verifyChain(certs []*x509.Certificate) error {
	st := p.files.state()
	opts := x509.VerifyOptions{Roots: st.pool, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if p.opt.CheckPurpose {
		opts.KeyUsages = []x509.ExtKeyUsage{p.usage}
	}
	for _, c := range certs[1:] {
		opts.Intermediates.AddCert(c)
	}
	chains, err := certs[0].Verify(opts)
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired && p.opt.Expired != RejectExpired && time.Now().After(certs[0].NotAfter) {
		if p.opt.Expired == WarnExpired {
			p.log.Warn("certificate of the peer has expired, it is accepted", "peer", certs[0].Subject.String(), "expired", certs[0].NotAfter)
		}
		opts.CurrentTime = certs[0].NotAfter.Add(-time.Second)
		chains, err = certs[0].Verify(opts)
	}
	if err != nil {
		return err
	}
	if p.opt.VerifyDepth > 0 && len(chains[0])-1 > p.opt.VerifyDepth {
		return fmt.Errorf("chain has %d certificates above the peer's, %d are permitted", len(chains[0])-1, p.opt.VerifyDepth)
	}
	if st.revoked(chains[0]) {
		return errors.New("certificate is revoked")
	}
	return nil
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
	return fmt.Errorf("peer name not authorized, not permitted to talk to it; names: %s", strings.Join(names, ", "))
}

// matchName compares label by label. A * stands for a whole label, or for the
// rest of one; never for a dot.
func matchName(pattern, name string) bool {
	want, got := strings.Split(pattern, "."), strings.Split(name, ".")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if ok, err := path.Match(strings.NewReplacer(`\`, `\\`, `[`, `\[`, `?`, `\?`).Replace(want[i]), got[i]); err != nil || !ok {
			return false
		}
	}
	return true
}
