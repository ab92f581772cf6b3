package tls

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"syslogd/internal/vfs"
)

// revocations are what the lists of a file say. They do not change.
type revocations struct {
	serials map[revokedBy]map[string]bool
	lists   []*x509.RevocationList
}

// revokedBy is a CA: its name and its key. A CA that got a new certificate for its key
// is the same one.
type revokedBy struct{ subject, key string }

func issuerOf(ca *x509.Certificate) revokedBy {
	return revokedBy{string(ca.RawSubject), string(ca.RawSubjectPublicKeyInfo)}
}

// removeFromCRL is the reason of an entry that takes a certificate off the list again;
// see RFC 5280, 5.3.1.
const removeFromCRL = 8

// readRevocations reads all lists of a file, in PEM or DER. Each must be signed by one
// of the authorities: one that nobody vouches for may leave out whatever its author
// likes.
func readRevocations(file string, authorities []*x509.Certificate) (*revocations, error) {
	text, err := vfs.ReadRegular(file, maxFile)
	if err != nil {
		return nil, fmt.Errorf("revocation list: %w", err)
	}
	lists, err := splitRevocations(text)
	if err != nil {
		return nil, fmt.Errorf("revocation list %s: %w", file, err)
	}
	r := &revocations{serials: map[revokedBy]map[string]bool{}}
	for i, der := range lists {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, fmt.Errorf("revocation list %s, number %d: %w", file, i+1, err)
		}
		ca, err := signedBy(list, authorities)
		if err != nil {
			return nil, fmt.Errorf("revocation list %s, number %d, of %s: %w", file, i+1, list.Issuer, err)
		}
		r.add(ca, list)
	}
	return r, nil
}

// splitRevocations returns the lists in a file: those of all PEM blocks of that type,
// or DER, one behind the other.
func splitRevocations(text []byte) (lists [][]byte, err error) {
	block, rest := pem.Decode(text)
	if block == nil {
		for len(text) > 0 {
			var one asn1.RawValue
			if text, err = asn1.Unmarshal(text, &one); err != nil {
				return nil, errors.New("holds neither PEM nor DER")
			}
			lists = append(lists, one.FullBytes)
		}
	}
	for ; block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "X509 CRL" {
			lists = append(lists, block.Bytes)
		}
	}
	if len(lists) == 0 {
		return nil, errors.New("holds no revocation list")
	}
	return lists, nil
}

// signedBy returns the authority that signed a list, which must be allowed to.
func signedBy(list *x509.RevocationList, authorities []*x509.Certificate) (*x509.Certificate, error) {
	err := errors.New("no CA certificate is its issuer's, so nobody can tell whether it is genuine")
	for _, ca := range authorities {
		if string(ca.RawSubject) != string(list.RawIssuer) {
			continue
		}
		if ca.KeyUsage != 0 && ca.KeyUsage&x509.KeyUsageCRLSign == 0 {
			err = errors.New("the certificate of its issuer does not permit signing revocation lists (cRLSign)")
			continue
		}
		if sigErr := list.CheckSignatureFrom(ca); sigErr != nil {
			err = fmt.Errorf("its signature is not its issuer's: %w", sigErr)
			continue
		}
		return ca, nil
	}
	return nil, err
}

func (r *revocations) add(ca *x509.Certificate, list *x509.RevocationList) {
	r.lists = append(r.lists, list)
	by := issuerOf(ca)
	if r.serials[by] == nil {
		r.serials[by] = map[string]bool{}
	}
	for _, e := range list.RevokedCertificateEntries {
		if e.ReasonCode != removeFromCRL {
			r.serials[by][string(e.SerialNumber.Bytes())] = true
		}
	}
}

// revoked returns the certificate of a chain that its issuer has revoked, or nil.
func (r *revocations) revoked(chain []*x509.Certificate) *x509.Certificate {
	if r == nil {
		return nil
	}
	for i := 0; i+1 < len(chain); i++ {
		if r.serials[issuerOf(chain[i+1])][string(chain[i].SerialNumber.Bytes())] {
			return chain[i]
		}
	}
	return nil
}

// tellOutdated logs the lists that have run out between the times after and now: newer
// ones should have come, and what was revoked since is not known.
func (r *revocations) tellOutdated(file string, after, now time.Time, log *slog.Logger) {
	if r == nil {
		return
	}
	for _, list := range r.lists {
		if end := list.NextUpdate; !end.IsZero() && end.After(after) && !end.After(now) {
			log.Warn("a revocation list has run out, what was revoked since is not known",
				"file", file, "issuer", list.Issuer.String(), "next_update", end)
		}
	}
}
