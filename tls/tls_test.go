package tls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syslogd/internal/process"
)

// authority signs certificates for a test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir(), next: 2}
	a.key = newKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	writePEM(t, a.ca(), "CERTIFICATE", der)
	return a
}

func (a *authority) ca() string { return filepath.Join(a.dir, "ca.pem") }

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// leaf is a certificate with its files.
type leaf struct {
	cert, key string
	der       []byte
	serial    *big.Int
}

func (a *authority) issue(t *testing.T, name string, change func(*x509.Certificate)) leaf {
	t.Helper()
	key := newKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(a.next), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	a.next++
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	l := leaf{cert: filepath.Join(a.dir, fmt.Sprintf("%d.pem", a.next)), key: filepath.Join(a.dir, fmt.Sprintf("%d.key", a.next)), der: der, serial: tmpl.SerialNumber}
	writePEM(t, l.cert, "CERTIFICATE", der)
	writePEM(t, l.key, "PRIVATE KEY", keyDER)
	return l
}

func (l *leaf) fingerprint(alg string) string {
	s1, s256 := sha1.Sum(l.der), sha256.Sum256(l.der)
	if alg == "SHA1" {
		return "SHA1:" + strings.ToUpper(hex.EncodeToString(s1[:]))
	}
	return "SHA256:" + hex.EncodeToString(s256[:])
}

var quiet = slog.New(slog.DiscardHandler)

// shake makes a connection and returns what the server and the client think of it.
func shake(server, client *tls.Config) (serverErr, clientErr error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err, err
	}
	defer ln.Close()
	b, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return err, err
	}
	a, err := ln.Accept()
	if err != nil {
		return err, err
	}
	defer a.Close()
	defer b.Close()
	deadline := time.Now().Add(process.Patience)
	a.SetDeadline(deadline)
	b.SetDeadline(deadline)
	done := make(chan error, 1)
	go func() {
		c := tls.Client(b, client)
		err := c.Handshake()
		if err == nil {
			_, err = c.Read(make([]byte, 1)) // TLS 1.3: a refusal comes after the client's handshake
		}
		b.Close()
		done <- err
	}()
	s := tls.Server(a, server)
	serverErr = s.Handshake()
	if serverErr == nil {
		s.Write([]byte("x"))
	}
	a.Close()
	return serverErr, <-done
}

func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	server := ca.issue(t, "server.example.net", nil)
	web := ca.issue(t, "web1.example.net", nil)
	san := ca.issue(t, "cn.example.net", func(c *x509.Certificate) { c.DNSNames = []string{"san.example.net"} })
	expired := ca.issue(t, "web1.example.net", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	foreign := other.issue(t, "web1.example.net", nil)
	serverOnly := ca.issue(t, "web1.example.net", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	revoked := ca.issue(t, "web1.example.net", nil)
	crl := filepath.Join(ca.dir, "crl.pem")
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: revoked.serial, RevocationTime: time.Now()}}}, ca.cert, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, crl, "X509 CRL", list)

	tests := []struct {
		name   string
		opt    Options
		client *leaf // nil: no certificate
		want   string
	}{
		{"anon without a certificate", Options{AuthMode: "anon"}, nil, ""},
		{"anon with any certificate", Options{}, &foreign, ""},
		{"certvalid", Options{AuthMode: "x509/certvalid"}, &web, ""},
		{"certvalid without a certificate", Options{AuthMode: "x509/certvalid"}, nil, "didn't provide a certificate"},
		{"certvalid of another CA", Options{AuthMode: "x509/certvalid"}, &foreign, "certificate invalid"},
		{"name", Options{AuthMode: "x509/name", PermittedPeers: []string{"WEB1.example.net"}}, &web, ""},
		{"name of somebody else", Options{AuthMode: "x509/name", PermittedPeers: []string{"web2.example.net"}}, &web, "peer name not authorized"},
		{"name with a wildcard", Options{AuthMode: "x509/name", PermittedPeers: []string{"*.example.net"}}, &web, ""},
		{"wildcard for a part of a label", Options{AuthMode: "x509/name", PermittedPeers: []string{"web*.example.net"}}, &web, ""},
		{"wildcard is one label", Options{AuthMode: "x509/name", PermittedPeers: []string{"*.net"}}, &web, "peer name not authorized"},
		{"question mark is no wildcard", Options{AuthMode: "x509/name", PermittedPeers: []string{"web?.example.net"}}, &web, "peer name not authorized"},
		{"alternative name", Options{AuthMode: "x509/name", PermittedPeers: []string{"san.example.net"}}, &san, ""},
		{"common name beside an alternative name", Options{AuthMode: "x509/name", PermittedPeers: []string{"cn.example.net"}}, &san, ""},
		{"common name when alternative names have priority", Options{AuthMode: "x509/name", PermittedPeers: []string{"cn.example.net"}, PrioritizeSAN: true}, &san, "peer name not authorized"},
		{"name of another CA", Options{AuthMode: "x509/name", PermittedPeers: []string{"web1.example.net"}}, &foreign, "certificate invalid"},
		{"fingerprint SHA1", Options{AuthMode: "x509/fingerprint", PermittedPeers: []string{foreign.fingerprint("SHA1")}}, &foreign, ""},
		{"fingerprint SHA256", Options{AuthMode: "x509/fingerprint", PermittedPeers: []string{web.fingerprint("SHA1"), foreign.fingerprint("SHA256")}}, &foreign, ""},
		{"fingerprint of another certificate", Options{AuthMode: "x509/fingerprint", PermittedPeers: []string{web.fingerprint("SHA256")}}, &foreign, "fingerprint SHA256:"},
		{"expired", Options{AuthMode: "x509/certvalid", Expired: RejectExpired}, &expired, "expired"},
		{"expired is accepted", Options{AuthMode: "x509/certvalid", Expired: AcceptExpired}, &expired, ""},
		{"purpose", Options{AuthMode: "x509/certvalid", CheckPurpose: true}, &serverOnly, "incompatible key usage"},
		{"purpose is not asked for", Options{AuthMode: "x509/certvalid"}, &serverOnly, ""},
		{"revoked", Options{AuthMode: "x509/certvalid", CRLFile: crl}, &revoked, "revoked"},
		{"not revoked", Options{AuthMode: "x509/certvalid", CRLFile: crl}, &web, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.opt.Driver, tt.opt.Mode, tt.opt.CAFile, tt.opt.CertFile, tt.opt.KeyFile = "ossl", 1, ca.ca(), server.cert, server.key
			cfg, err := Server(tt.opt, quiet)
			if err != nil {
				t.Fatal(err)
			}
			client := &tls.Config{InsecureSkipVerify: true}
			if tt.client != nil {
				pair, err := tls.LoadX509KeyPair(tt.client.cert, tt.client.key)
				if err != nil {
					t.Fatal(err)
				}
				// Sent also when the server does not name its CA.
				client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			}
			serverErr, clientErr := shake(cfg, client)
			switch {
			case tt.want == "" && (serverErr != nil || clientErr != nil):
				t.Errorf("refused: %v, %v", serverErr, clientErr)
			case tt.want != "" && (serverErr == nil || !strings.Contains(serverErr.Error(), tt.want)):
				t.Errorf("server says %v, want %q", serverErr, tt.want)
			case tt.want != "" && clientErr == nil:
				t.Error("the client was let in")
			}
		})
	}
}

func TestBothSidesUnderstandEachOther(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	server, client := ca.issue(t, "server.example.net", nil), ca.issue(t, "client.example.net", nil)
	for _, driver := range []string{"gtls", "ossl"} {
		s, err := Server(Options{Driver: driver, Mode: 1, AuthMode: "x509/name", PermittedPeers: []string{"client.example.net"}, CAFile: ca.ca(), CertFile: server.cert, KeyFile: server.key}, quiet)
		if err != nil {
			t.Fatal(err)
		}
		for host, wanted := range map[string]bool{"server.example.net": true, "other.example.net": false} {
			c, err := Client(Options{Driver: driver, Mode: 1, AuthMode: "x509/name", CAFile: ca.ca(), CertFile: client.cert, KeyFile: client.key}, host, quiet)
			if err != nil {
				t.Fatal(err)
			}
			_, clientErr := shake(s, c)
			if (clientErr == nil) != wanted {
				t.Errorf("%s to %s: %v", driver, host, clientErr)
			}
		}
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	l := ca.issue(t, "s", nil)
	full := Options{Driver: "gtls", Mode: 1, CAFile: ca.ca(), CertFile: l.cert, KeyFile: l.key}
	with := func(change func(*Options)) Options { o := full; change(&o); return o }
	tests := []struct {
		name string
		opt  Options
		want string
	}{
		{"TLS without a certificate", with(func(o *Options) { o.CertFile, o.KeyFile = "", "" }), "needs a certificate"},
		{"TLS without a driver", with(func(o *Options) { o.Driver = "" }), "name gtls or ossl"},
		{"TLS with the plain driver", with(func(o *Options) { o.Driver = "ptcp" }), "name gtls or ossl"},
		{"driver that does not exist", with(func(o *Options) { o.Driver = "gtlss" }), `no stream driver "gtlss"`},
		{"mode that does not exist", with(func(o *Options) { o.AuthMode = "x509/names" }), `no authentication mode "x509/names"`},
		{"checking peers in plain text", with(func(o *Options) { o.Mode, o.AuthMode = 0, "x509/name" }), "needs TLS"},
		{"peers that nobody checks", with(func(o *Options) { o.PermittedPeers = []string{"a"} }), "does not look at them"},
		{"peers that certvalid does not check", with(func(o *Options) { o.AuthMode, o.PermittedPeers = "x509/certvalid", []string{"a"} }), "does not look at them"},
		{"fingerprints without any", with(func(o *Options) { o.AuthMode = "x509/fingerprint" }), "needs permitted peers"},
		{"fingerprint that is none", with(func(o *Options) { o.AuthMode, o.PermittedPeers = "x509/fingerprint", []string{"SHA1:12"} }), "want a fingerprint"},
		{"names without a CA", with(func(o *Options) { o.AuthMode, o.CAFile = "x509/name", "" }), "needs CA certificates"},
		{"file that is missing", with(func(o *Options) { o.CertFile = "/nonexistent" }), "/nonexistent"},
		{"CA file without certificates", with(func(o *Options) { o.CAFile = l.key }), "no certificate in PEM"},
		{"priority that is not understood", with(func(o *Options) { o.Priority = "Frobnicate=yes" }), "no counterpart"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, err := Server(tt.opt, quiet)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if cfg != nil {
				t.Error("there is a configuration all the same")
			}
		})
	}
	if cfg, err := Server(Options{}, quiet); cfg != nil || err != nil {
		t.Errorf("plain text: %v, %v", cfg, err)
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	l := ca.issue(t, "s", nil)
	opt := Options{Driver: "ossl", Mode: 1, CertFile: l.cert, KeyFile: l.key}
	tests := []struct {
		priority string
		version  uint16
		ok       bool
	}{
		{"", tls.VersionTLS11, false},
		{"", tls.VersionTLS12, true},
		{"", tls.VersionTLS13, true},
		{"MinProtocol=TLSv1.3", tls.VersionTLS12, false},
		{"MinProtocol=TLSv1.1", tls.VersionTLS11, false},
		{"MinProtocol=TLSv1.2;MaxProtocol=TLSv1.2", tls.VersionTLS13, false},
		{"NORMAL:-VERS-TLS-ALL:+VERS-TLS1.3", tls.VersionTLS12, false},
		{"SECURE128", tls.VersionTLS12, true},
	}
	for _, tt := range tests {
		o := opt
		o.Priority = tt.priority
		cfg, err := Server(o, quiet)
		if err != nil {
			t.Errorf("%q: %v", tt.priority, err)
			continue
		}
		serverErr, clientErr := shake(cfg, &tls.Config{InsecureSkipVerify: true, MinVersion: tt.version, MaxVersion: tt.version})
		if ok := serverErr == nil && clientErr == nil; ok != tt.ok {
			t.Errorf("%q with version %x: %v, %v", tt.priority, tt.version, serverErr, clientErr)
		}
	}
}

func TestChangedFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	first, second := ca.issue(t, "first", nil), ca.issue(t, "second", nil)
	f, err := openFiles(&Options{CertFile: first.cert, KeyFile: first.key}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	served := func() string {
		t.Helper()
		f.mu.Lock()
		f.next = time.Time{} // the second is over
		f.mu.Unlock()
		cert, err := f.certificate()
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(cert.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.Subject.CommonName
	}
	replace := func(from, to string, age time.Duration) {
		t.Helper()
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(age)
		if err := os.Chtimes(to, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if got := served(); got != "first" {
		t.Fatalf("served %q", got)
	}
	replace(second.cert, first.cert, time.Minute)
	if got := served(); got != "first" {
		t.Errorf("with a certificate that does not fit its key, %q is served", got)
	}
	replace(second.key, first.key, 2*time.Minute)
	if got := served(); got != "second" {
		t.Errorf("after both files have changed, %q is served", got)
	}
}

func TestSelfSignedCertificateIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	if err := EnsureSelfSigned(cert, key); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	if err := EnsureSelfSigned(cert, key); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(cert); string(after) != string(before) {
		t.Error("the second start made another certificate")
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key: %v, %v", info.Mode(), err)
	}
	cfg, err := Server(Options{Driver: "ossl", Mode: 1, CertFile: cert, KeyFile: key}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(before)
	if s, c := shake(cfg, &tls.Config{RootCAs: pool, ServerName: "localhost"}); s != nil || c != nil {
		t.Errorf("%v, %v", s, c)
	}
}
