package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"

	"syslogd/internal/process"
)

const tlsConf = `global(workDirectory="@DIR@" metrics.listen="127.0.0.1:@METRICS@" defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="@DIR@/ca.pem" defaultNetstreamDriverCertFile="@DIR@/server.pem"
  defaultNetstreamDriverKeyFile="@DIR@/server.key" defaultNetstreamDriverCRLFile="@DIR@/crl.pem")
module(load="imtcp")
template(name="mark" type="string" string="%inputname% %msg%\n")
input(type="imtcp" address="127.0.0.1" port="@VALID@" name="valid" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" address="127.0.0.1" port="@NAME@" name="name" streamDriver.mode="1" streamDriver.authMode="x509/name"
  permittedPeer=["client.example.net", "*.trusted.example.net"])
action(type="omfile" file="@DIR@/taken.log" template="mark")
`

// authority signs.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// identity is a client's certificate, and which of the inputs are to take it.
type identity struct {
	name        string
	change      func(c *x509.Certificate)
	by          *authority // nil is the CA that the server knows
	self        bool       // signed by itself
	none        bool       // no certificate at all
	valid, peer bool       // taken by x509/certvalid, by x509/name
}

// identities are the kinds of certificates. other is a CA that the server does not know.
func identities(other *authority) []identity {
	named := func(names ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames, c.Subject = names, pkix.Name{CommonName: names[0]} }
	}
	return []identity{
		{name: "good", valid: true, peer: true},
		{name: "expired", change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-24 * time.Hour) }},
		{name: "just expired", change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }},
		{name: "not yet valid", change: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }},
		{name: "signed by itself", self: true},
		{name: "of another CA", by: other},
		{name: "none", none: true},
		{name: "of another name", change: named("intruder.example.net"), valid: true},
		{name: "of a permitted wildcard", change: named("web1.trusted.example.net"), valid: true, peer: true},
		{name: "below a permitted wildcard", change: named("a.b.trusted.example.net"), valid: true},
		{name: "of the wildcard's own domain", change: named("trusted.example.net"), valid: true},
		{name: "of a partial wildcard", change: named("c*t.example.net"), valid: true},
		{name: "that is a wildcard for all", change: named("*"), valid: true},
		{name: "with a NUL in its name", change: func(c *x509.Certificate) {
			c.DNSNames, c.Subject = nil, pkix.Name{CommonName: "client.example.net\x00.intruder.example"}
		}, valid: true},
		{name: "revoked by the first list", change: func(c *x509.Certificate) { c.SerialNumber = big.NewInt(666) }},
		{name: "revoked by the second list", change: func(c *x509.Certificate) { c.SerialNumber = big.NewInt(667) }},
	}
}

// certificates offers the server certificates of all kinds: those that it should not take
// bring no message in.
func certificates(a *attack) error {
	ca, err := newAuthority("attack CA")
	if err != nil {
		return err
	}
	other, err := newAuthority("attack CA") // the same name, another key
	if err != nil {
		return err
	}
	if err := a.writeServerFiles(ca); err != nil {
		return err
	}
	s, err := a.newServer(tlsConf)
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	want := map[string]bool{}
	for round := 0; round == 0 || a.more(); round++ {
		for _, id := range identities(other) {
			conf, err := id.config(ca)
			if err != nil {
				return fmt.Errorf("a certificate %s: %w", id.name, err)
			}
			for input, taken := range map[string]bool{"valid": id.valid, "name": id.peer} {
				mark := fmt.Sprintf("certificate %s, round %d", id.name, round)
				refused := sendTLS(s.ports[strings.ToUpper(input)], conf, "<13>Mar  1 10:00:00 h witness: "+mark)
				if taken && refused != nil {
					return fmt.Errorf("a certificate %s is refused by %s: %w", id.name, input, refused)
				}
				if taken {
					want[input+"  "+mark] = true
				}
				a.count("certificates", 1)
			}
		}
		if err := s.Alive(); err != nil {
			return err
		}
	}
	if !process.Await(func() bool { return lineCount(a.path("taken.log")) >= len(want) }) {
		err = fmt.Errorf("%d messages are taken, want %d", lineCount(a.path("taken.log")), len(want))
	}
	return errors.Join(err, s.Stop(), onlyWanted(a.path("taken.log"), want))
}

// onlyWanted fails when the file has a message of a client that should have been refused.
func onlyWanted(file string, want map[string]bool) error {
	text, err := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "certificate ") && !want[line] {
			err = errors.Join(err, fmt.Errorf("taken, but should not be: %s", line))
		}
	}
	return err
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert, key}, err
}

// issue makes a certificate. change may be nil.
func (ca *authority) issue(name string, change func(*x509.Certificate), self bool) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	parent, signer := ca.cert, ca.key
	if self {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// config is what the client of that identity connects with.
func (id *identity) config(ca *authority) (*tls.Config, error) {
	conf := &tls.Config{InsecureSkipVerify: true} // the server is the one that is tried
	if id.none {
		return conf, nil
	}
	if id.by != nil {
		ca = id.by
	}
	cert, err := ca.issue("client.example.net", id.change, id.self)
	// Whatever the server asks for: this one is offered.
	conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	return conf, err
}

// writeServerFiles writes the CA, the server's own certificate, and a file with two lists of
// revoked certificates.
func (a *attack) writeServerFiles(ca *authority) error {
	cert, err := ca.issue("server.example.net", nil, false)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	var lists []byte
	for i, serial := range []int64{666, 667} {
		list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(int64(i + 1)), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(serial), RevocationTime: time.Now().Add(-time.Minute)}},
		}, ca.cert, ca.key)
		if err != nil {
			return err
		}
		lists = append(lists, pemOf("X509 CRL", list)...)
	}
	for name, text := range map[string][]byte{
		"ca.pem": pemOf("CERTIFICATE", ca.cert.Raw), "server.pem": pemOf("CERTIFICATE", cert.Certificate[0]),
		"server.key": pemOf("PRIVATE KEY", key), "crl.pem": lists,
	} {
		if err := os.WriteFile(a.path(name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
