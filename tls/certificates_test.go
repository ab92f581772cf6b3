package tls

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sign makes a certificate of this key that parent signs; by is its key.
func sign(t *testing.T, tmpl, parent *x509.Certificate, key crypto.Signer, by crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// store writes a chain with the key of its first certificate.
func (a *authority) store(t *testing.T, key crypto.Signer, chain ...*x509.Certificate) leaf {
	t.Helper()
	a.next++
	base := filepath.Join(a.dir, big.NewInt(a.next).String()+"-chain")
	l := leaf{cert: base + ".pem", key: base + ".key", der: chain[0].Raw, serial: chain[0].SerialNumber}
	var text bytes.Buffer
	for _, c := range chain {
		pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	if err := os.WriteFile(l.cert, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, l.key, "PRIVATE KEY", der)
	return l
}

// revocationList is a list of this authority in PEM, which runs out at next.
func (a *authority) revocationList(t *testing.T, next time.Time, serials ...*big.Int) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: next.Add(-24 * time.Hour), NextUpdate: next}
	for _, s := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: s, RevocationTime: time.Now()})
	}
	ca := *a.cert
	ca.KeyUsage |= x509.KeyUsageCRLSign // the standard library would not sign without it
	der, err := x509.CreateRevocationList(rand.Reader, list, &ca, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// kinds are certificates that a peer may come with. By mode they are accepted or not.
func kinds(t *testing.T, ca, second, other *authority) map[string]*leaf {
	t.Helper()
	const name = "peer.example.com"
	list := map[string]*leaf{}
	add := func(kind, cn string, from *authority, change func(*x509.Certificate)) {
		l := from.issue(t, cn, change)
		list[kind] = &l
	}
	names := func(names ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = names }
	}
	add("good", name, ca, names(name))
	add("expired", name, ca, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(-2, 0, 0), time.Now().AddDate(-1, 0, 0)
	})
	add("just expired", name, ca, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) })
	add("not yet valid", name, ca, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	})
	add("other CA", name, other, names(name))
	add("wrong name", "other.example.com", ca, names("other.example.com"))
	add("CN only", name, ca, nil)
	add("IP SAN", "", ca, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} })
	add("wildcard", "*.example.com", ca, names("*.example.com"))
	add("upper case", "PEER.Example.COM", ca, names("PEER.Example.COM"))
	add("server only", name, ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	add("client only", name, ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	add("revoked", name, ca, names(name))
	add("revoked by the second list", name, second, names(name))

	key := newKey(t)
	self := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	l := ca.store(t, key, sign(t, self, self, key, key))
	list["self-signed"] = &l

	between := &x509.Certificate{SerialNumber: big.NewInt(7000), Subject: pkix.Name{CommonName: "between"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	betweenKey := newKey(t)
	intermediate := sign(t, between, ca.cert, betweenKey, ca.key)
	leafKey := newKey(t)
	of := func(serial int64) *x509.Certificate {
		c := *self
		c.SerialNumber = big.NewInt(serial)
		return &c
	}
	l2 := ca.store(t, leafKey, sign(t, of(2), intermediate, leafKey, betweenKey), intermediate)
	list["chain"] = &l2
	// Its CA is revoked, it is not.
	revokedCA := *between
	revokedCA.SerialNumber, revokedCA.Subject = big.NewInt(7001), pkix.Name{CommonName: "revoked CA"}
	revoked := sign(t, &revokedCA, ca.cert, betweenKey, ca.key)
	l3 := ca.store(t, leafKey, sign(t, of(3), revoked, leafKey, betweenKey), revoked)
	list["chain with a revoked CA"] = &l3
	// A CA that has expired, below one that has not.
	oldCA := *between
	oldCA.SerialNumber, oldCA.Subject, oldCA.NotAfter = big.NewInt(7002), pkix.Name{CommonName: "old CA"}, time.Now().Add(-time.Minute)
	old := sign(t, &oldCA, ca.cert, betweenKey, ca.key)
	l4 := ca.store(t, leafKey, sign(t, of(4), old, leafKey, betweenKey), old)
	list["chain with an expired CA"] = &l4
	// Signed by a certificate that is none of a CA.
	l5 := ca.store(t, leafKey, sign(t, of(5), mustParse(t, list["good"].der), leafKey, mustKey(t, list["good"].key)), mustParse(t, list["good"].der))
	list["signed by no CA"] = &l5

	weakKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	l6 := ca.store(t, weakKey, sign(t, of(6), ca.cert, weakKey, ca.key))
	list["weak"] = &l6
	list["none"] = nil
	return list
}

func mustParse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustKey(t *testing.T, file string) crypto.Signer {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Signer)
}

// What rsyslogd 8.2302 does with gtls was looked at for each kind and mode; the
// differences are upper case, IP addresses (newer versions of it accept both) and
// revocation lists, which it does not read.
func TestCertificatesByKindAndMode(t *testing.T) {
	t.Parallel()
	ca, second, other := newAuthority(t), newAuthority(t), newAuthority(t)
	second.rename(t, "second CA")
	list := kinds(t, ca, second, other)
	cas := filepath.Join(ca.dir, "both.pem")
	concatenate(t, cas, ca.ca(), second.ca())
	crl := filepath.Join(ca.dir, "crl.pem")
	next := time.Now().Add(time.Hour)
	if err := os.WriteFile(crl, append(ca.revocationList(t, next, list["revoked"].serial, big.NewInt(7001)),
		second.revocationList(t, next, list["revoked by the second list"].serial)...), 0o600); err != nil {
		t.Fatal(err)
	}
	us := ca.issue(t, "us.example.com", nil)

	// valid: with x509/certvalid; name: with x509/name; expired: with permitExpiredCerts.
	// Without a certificate nobody is accepted but by anon; by fingerprint all others are.
	type verdict struct{ valid, name, expired bool }
	all, no := verdict{true, true, true}, verdict{}
	want := map[string]verdict{
		"good": all, "CN only": all, "upper case": all, "server only": all, "client only": all, "chain": all,
		"weak":     all, // gtls takes 1024 bits; Go takes none with fewer
		"expired":  {false, false, true},
		"wildcard": {true, false, true}, "wrong name": {true, false, true}, "IP SAN": {true, false, true},
		"just expired": {false, false, true}, "chain with an expired CA": {false, false, true},
		"not yet valid": no, "self-signed": no, "other CA": no, "revoked": no, "revoked by the second list": no,
		"chain with a revoked CA": no, "signed by no CA": no, "none": no,
	}
	options := func(kind string, mode string) Options {
		o := Options{Driver: "gtls", Mode: 1, AuthMode: mode, CAFile: cas, CRLFile: crl, CertFile: us.cert, KeyFile: us.key}
		switch {
		case mode == "x509/name":
			o.PermittedPeers = []string{"peer.example.com"}
		case mode == "x509/fingerprint" && list[kind] != nil:
			o.PermittedPeers = []string{list[kind].fingerprint("SHA256")}
		case mode == "x509/fingerprint":
			o.PermittedPeers = []string{us.fingerprint("SHA256")}
		}
		return o
	}
	for kind, l := range list {
		v, known := want[kind]
		if !known {
			t.Fatalf("no verdict for %q", kind)
		}
		for _, tt := range []struct {
			mode    string
			expired ExpiredPolicy
			ok      bool
		}{
			{"anon", RejectExpired, true},
			{"x509/certvalid", RejectExpired, v.valid},
			{"x509/certvalid", WarnExpired, v.expired},
			{"x509/certvalid", AcceptExpired, v.expired},
			{"x509/name", RejectExpired, v.name},
			{"x509/fingerprint", RejectExpired, kind != "none"},
		} {
			o := options(kind, tt.mode)
			o.Expired = tt.expired
			server, err := Server(o, quiet)
			if err != nil {
				t.Fatal(err)
			}
			peer := &tls.Config{InsecureSkipVerify: true}
			if l != nil {
				pair := pairOf(t, l)
				peer.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			}
			serverErr, clientErr := shake(server, peer)
			if ok := serverErr == nil && clientErr == nil; ok != tt.ok {
				t.Errorf("server, %s, %s, expired %d: %v, %v", kind, tt.mode, tt.expired, serverErr, clientErr)
			}
			if l != nil && serverErr != nil && !strings.Contains(serverErr.Error(), subject(mustParse(t, l.der))) {
				t.Errorf("server, %s, %s: whose certificate is not said: %v", kind, tt.mode, serverErr)
			}
			if l == nil {
				continue
			}
			client, err := Client(o, "peer.example.com", quiet)
			if err != nil {
				t.Fatal(err)
			}
			serverErr, clientErr = shake(&tls.Config{Certificates: []tls.Certificate{pairOf(t, l)}}, client)
			if ok := serverErr == nil && clientErr == nil; ok != tt.ok {
				t.Errorf("client, %s, %s, expired %d: %v, %v", kind, tt.mode, tt.expired, serverErr, clientErr)
			}
		}
	}
}

func pairOf(t *testing.T, l *leaf) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(l.cert, l.key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// rename gives an authority another name, so that its lists are told from those of others.
func (a *authority) rename(t *testing.T, name string) {
	t.Helper()
	tmpl := *a.cert
	tmpl.Subject, tmpl.RawSubject = pkix.Name{CommonName: name}, nil
	a.cert = sign(t, &tmpl, &tmpl, a.key, a.key)
	writePEM(t, a.ca(), "CERTIFICATE", a.cert.Raw)
}

func concatenate(t *testing.T, to string, from ...string) {
	t.Helper()
	var all []byte
	for _, f := range from {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	if err := os.WriteFile(to, all, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRevocationListsThatCanNotBeTrusted(t *testing.T) {
	t.Parallel()
	ca, other, noLists := newAuthority(t), newAuthority(t), newAuthority(t)
	other.rename(t, "other CA")
	tmpl := *noLists.cert
	tmpl.KeyUsage, tmpl.Subject, tmpl.RawSubject = x509.KeyUsageCertSign, pkix.Name{CommonName: "no lists"}, nil
	noLists.cert = sign(t, &tmpl, &tmpl, noLists.key, noLists.key)
	cas := filepath.Join(ca.dir, "cas.pem")
	writePEM(t, noLists.ca(), "CERTIFICATE", noLists.cert.Raw)
	concatenate(t, cas, ca.ca(), noLists.ca())
	us := ca.issue(t, "us", nil)
	next := time.Now().Add(time.Hour)
	good := ca.revocationList(t, next)
	forged := newAuthority(t) // of the same name as ca, with another key
	block, _ := pem.Decode(good)
	tests := []struct {
		name, want string
		text       []byte
	}{
		{"good", "", good},
		{"DER", "", block.Bytes},
		{"two in DER", "", append(block.Bytes[:len(block.Bytes):len(block.Bytes)], block.Bytes...)},
		{"of a CA that is not given", "nobody can tell whether it is genuine", other.revocationList(t, next)},
		{"the second of a CA that is not given", "number 2, of CN=other CA", append(good, other.revocationList(t, next)...)},
		{"signed by another key", "signature is not its issuer's", forged.revocationList(t, next)},
		{"of a CA that may not sign lists", "does not permit signing revocation lists", noLists.revocationList(t, next)},
		{"a certificate", "holds no revocation list", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})},
		{"text", "neither PEM nor DER", []byte("hello")},
		{"empty", "holds no revocation list", nil},
		{"cut", "number 1", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: block.Bytes[:40]})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "crl")
			if err := os.WriteFile(file, tt.text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Server(Options{Driver: "ossl", Mode: 1, AuthMode: "x509/certvalid", CAFile: cas, CRLFile: file,
				CertFile: us.cert, KeyFile: us.key}, quiet)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// An entry may say that a certificate is on the list no more; see RFC 5280, 5.3.1.
func TestACertificateThatIsTakenOffTheListIsGood(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	held, back := ca.issue(t, "held", nil), ca.issue(t, "back", nil)
	r := &revocations{serials: map[revokedBy]map[string]bool{}}
	const certificateHold = 6
	r.add(ca.cert, &x509.RevocationList{RevokedCertificateEntries: []x509.RevocationListEntry{
		{SerialNumber: held.serial, ReasonCode: certificateHold}, {SerialNumber: back.serial, ReasonCode: removeFromCRL},
	}})
	if chain := []*x509.Certificate{mustParse(t, held.der), ca.cert}; r.revoked(chain) != chain[0] {
		t.Error("one that is on hold is good")
	}
	if bad := r.revoked([]*x509.Certificate{mustParse(t, back.der), ca.cert}); bad != nil {
		t.Errorf("%s is revoked", bad.Subject)
	}
}

func TestARevocationListThatHasRunOutIsReportedOnce(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	file := filepath.Join(ca.dir, "crl.pem")
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	past := ca.revocationList(t, time.Now().Add(-time.Hour))
	if err := os.WriteFile(file, append(past, ca.revocationList(t, end)...), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	f, err := openFiles(&Options{CAFile: ca.ca(), CRLFile: file}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	told := func(now time.Time) int {
		t.Helper()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.tellOutdated(now)
		return strings.Count(log.String(), "has run out")
	}
	if n := told(time.Now()); n != 1 {
		t.Errorf("at the start: %d lines, want one about the first list\n%s", n, log.String())
	}
	if n := told(end.Add(time.Second)); n != 2 {
		t.Errorf("when the second has run out: %d lines\n%s", n, log.String())
	}
	if n := told(end.Add(time.Hour)); n != 2 {
		t.Errorf("later: %d lines\n%s", n, log.String())
	}
}

func TestARevocationListIsReadAgainWithAllItsLists(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	us, peer := ca.issue(t, "us", nil), ca.issue(t, "peer", nil)
	file := filepath.Join(ca.dir, "crl.pem")
	next := time.Now().Add(time.Hour)
	write := func(text []byte, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(age)
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
	write(ca.revocationList(t, next), 0)
	p, err := newPolicy(&Options{AuthMode: "x509/certvalid", CAFile: ca.ca(), CRLFile: file, CertFile: us.cert, KeyFile: us.key}, x509.ExtKeyUsageClientAuth, quiet)
	if err != nil {
		t.Fatal(err)
	}
	verify := func() error {
		p.files.mu.Lock()
		p.files.next = time.Time{}
		p.files.mu.Unlock()
		return p.verify(tls.ConnectionState{PeerCertificates: []*x509.Certificate{mustParse(t, peer.der)}})
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	write(append(ca.revocationList(t, next), ca.revocationList(t, next, peer.serial)...), time.Minute)
	if err := verify(); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("revoked meanwhile: %v", err)
	}
	write([]byte("broken"), 2*time.Minute)
	if err := verify(); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("behind a broken list: %v", err)
	}
}

func TestVersionsThatAreSpoken(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	l := ca.issue(t, "s", nil)
	const both, only12, only13 = "1.2 1.3", "1.2", "1.3"
	tests := []struct{ priority, want, err, log string }{
		{"", both, "", ""},
		{"Protocol=TLSv1.3", only13, "", ""},
		{"Protocol=TLSv1.2", only12, "", ""},
		{"Protocol=TLSv1.2,TLSv1.3", both, "", ""},
		{"Protocol=-ALL,TLSv1.3", only13, "", ""},
		{"Protocol=ALL,-SSLv2,-SSLv3,-TLSv1,-TLSv1.1", both, "", ""},
		{"Protocol=ALL,-TLSv1.2", only13, "", ""},
		{"Protocol=-TLSv1.3", only12, "", ""},
		{"Protocol=TLSv1.1,TLSv1.3", only13, "", "TLS 1.1 is not spoken"},
		{"Protocol=TLSv1.1", "", "no version is left", ""},
		{"Protocol=ALL,-TLSv1.2,-TLSv1.3", "", "no version is left", ""},
		{"Protocol=TLSv2", "", "unknown protocol", ""},
		{"MinProtocol=TLSv1.3", only13, "", ""},
		{"MinProtocol=TLSv1.0", both, "", "TLS 1.0 is not spoken"},
		{"MinProtocol=TLSv1", both, "", "TLS 1.0 is not spoken"},
		{"MinProtocol=TLSv1.1", both, "", "TLS 1.1 is not spoken"},
		{"MinProtocol=None", both, "", ""},
		{"MinProtocol=SSLv3", "", "want TLSv1.2 or TLSv1.3", ""},
		{"MaxProtocol=TLSv1.2", only12, "", ""},
		{"MaxProtocol=TLSv1.1", only12, "", "TLS 1.1 is not spoken"},
		{"MinProtocol=TLSv1.2;MaxProtocol=TLSv1.2", only12, "", ""},
		{"MinProtocol=TLSv1.3\nMaxProtocol=TLSv1.2", "", "no version is left", ""},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.3", only13, "", ""},
		{"NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2", only12, "", ""},
		{"NORMAL:-VERS-TLS1.2", only13, "", ""},
		{"NORMAL:!VERS-TLS1.2", only13, "", ""},
		{"NONE:+VERS-TLS1.3", only13, "", ""},
		{"NORMAL:+VERS-TLS1.0", both, "", "TLS 1.0 is not spoken"},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.1", "", "no version is left", ""},
		{"SECURE256:-VERS-TLS1.0:-VERS-TLS1.1", both, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.priority, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			o := Options{Driver: "ossl", Mode: 1, CertFile: l.cert, KeyFile: l.key, Priority: tt.priority}
			server, err := Server(o, slog.New(slog.NewTextHandler(&log, nil)))
			client, clientErr := Client(o, "s", quiet)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || clientErr == nil {
					t.Fatalf("got %v and %v, want %q", err, clientErr, tt.err)
				}
				return
			}
			if err != nil || clientErr != nil {
				t.Fatal(err, clientErr)
			}
			if !strings.Contains(log.String(), tt.log) || tt.log == "" && log.Len() > 0 {
				t.Errorf("log is %q, want %q", log.String(), tt.log)
			}
			var served, asked []string
			for v, name := range map[uint16]string{tls.VersionTLS10: "1.0", tls.VersionTLS11: "1.1", tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"} {
				if a, b := shake(server, &tls.Config{InsecureSkipVerify: true, MinVersion: v, MaxVersion: v}); a == nil && b == nil {
					served = append(served, name)
				}
				if a, b := shake(&tls.Config{Certificates: []tls.Certificate{pairOf(t, &l)}, MinVersion: v, MaxVersion: v}, client); a == nil && b == nil {
					asked = append(asked, name)
				}
			}
			for side, got := range map[string][]string{"server": served, "client": asked} {
				if len(got) > 1 && got[0] > got[1] {
					got[0], got[1] = got[1], got[0]
				}
				if s := strings.Join(got, " "); s != tt.want {
					t.Errorf("%s speaks %q, want %q", side, s, tt.want)
				}
			}
		})
	}
}

func TestWildcardsOfPermittedPeers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"client.example.com", "client.example.com", true},
		{"*.example.com", "client.example.com", true},
		{"c*.example.com", "client.example.com", true},
		{"*t.example.com", "client.example.com", true},
		{"c*t.example.com", "client.example.com", false},
		{"c*t.example.com", "c*t.example.com", false},
		{"*c*.example.com", "client.example.com", false},
		{"**.example.com", "client.example.com", false},
		{"*.com", "client.example.com", false},
		{"*", "client.example.com", false},
		{"*.*.com", "client.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "a.b.example.com", false},
		{"client.example.com", "*.example.com", false},
		{"client.example.com.", "client.example.com", false},
		{"client.ex?mple.com", "client.example.com", false},
		{"client.ex[a]mple.com", "client.example.com", false},
	} {
		if got := matchName(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%s for %s: %v", tt.pattern, tt.name, got)
		}
	}
	var log bytes.Buffer
	ca := newAuthority(t)
	_, err := newPolicy(&Options{AuthMode: "x509/name", CAFile: ca.ca(), PermittedPeers: []string{"c*t.example.com"}},
		x509.ExtKeyUsageClientAuth, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil || !strings.Contains(log.String(), "matches no name") {
		t.Errorf("%v, log %q", err, log.String())
	}
}
