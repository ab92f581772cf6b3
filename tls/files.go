package tls

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"syslogd/internal/vfs"
)

// files are the certificate files of one listener or sender. They are looked at
// again when a handshake comes, at most once a second, and read again when they
// have changed. A new file that is broken leaves the old one in use.
type files struct {
	opt *Options
	log *slog.Logger

	mu     sync.Mutex // guards what follows
	cur    *fileState
	stamp  string
	next   time.Time
	looked time.Time // whether lists have run out
}

// fileState is what was read. It does not change.
type fileState struct {
	cert *tls.Certificate
	pool *x509.CertPool // of cas; nil without CA files
	cas  []*x509.Certificate
	crls *revocations // nil without a file of them
}

// checkInterval is how often files are looked at, at most.
const checkInterval = time.Second

func openFiles(o *Options, log *slog.Logger) (*files, error) {
	f := &files{opt: o, log: log}
	st, err := f.load()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	f.cur, f.stamp, f.next = st, f.stamps(), now.Add(checkInterval)
	f.tellOutdated(now)
	return f, nil
}

func (f *files) names() []string {
	return append([]string{f.opt.CertFile, f.opt.KeyFile, f.opt.CRLFile}, f.caNames()...)
}

// stamps tells whether a file has changed: time and size of each.
func (f *files) stamps() string {
	var b strings.Builder
	for _, name := range f.names() {
		if info, err := os.Stat(name); name != "" && err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", name, info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String()
}

// state returns what the files hold now.
func (f *files) state() *fileState {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if now.Before(f.next) {
		return f.cur
	}
	f.next = now.Add(checkInterval)
	defer f.tellOutdated(now)
	stamp := f.stamps()
	if stamp == f.stamp {
		return f.cur
	}
	f.stamp = stamp
	st, err := f.load()
	if err != nil {
		f.log.Error("changed certificate files can not be used, the old ones stay in use", "err", err)
		return f.cur
	}
	f.log.Info("certificate files have changed and were read again", "file", f.opt.CertFile)
	f.cur, f.looked = st, time.Time{}
	return st
}

// tellOutdated logs, once, which revocation lists have run out.
func (f *files) tellOutdated(now time.Time) {
	f.cur.crls.tellOutdated(f.opt.CRLFile, f.looked, now, f.log)
	f.looked = now
}

func (f *files) certificate() (*tls.Certificate, error) {
	st := f.state()
	if st.cert == nil {
		return &tls.Certificate{}, nil
	}
	return st.cert, nil
}

// maxFile bounds certificates, keys and lists, in bytes.
const maxFile = 64 << 20

func keyPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := vfs.ReadRegular(certFile, maxFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := vfs.ReadRegular(keyFile, maxFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

func (f *files) load() (*fileState, error) {
	st := &fileState{}
	var authorities []*x509.Certificate // that may have signed revocation lists
	if f.opt.CertFile != "" || f.opt.KeyFile != "" {
		cert, err := keyPair(f.opt.CertFile, f.opt.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", f.opt.CertFile, f.opt.KeyFile, err)
		}
		st.cert = &cert
		for _, der := range cert.Certificate[1:] {
			if ca, err := x509.ParseCertificate(der); err == nil {
				authorities = append(authorities, ca)
			}
		}
	}
	for _, name := range f.caNames() {
		cas, err := readAuthorities(name)
		if err != nil {
			return nil, fmt.Errorf("CA certificates: %w", err)
		}
		if st.pool == nil {
			st.pool = x509.NewCertPool()
		}
		for _, ca := range cas {
			st.pool.AddCert(ca)
		}
		st.cas = append(st.cas, cas...)
	}
	if f.opt.CRLFile == "" {
		return st, nil
	}
	var err error
	st.crls, err = readRevocations(f.opt.CRLFile, append(authorities, st.cas...))
	return st, err
}

// caNames are the files of CA certificates.
func (f *files) caNames() (names []string) {
	for _, name := range append([]string{f.opt.CAFile}, strings.Split(f.opt.CAExtraFiles, ",")...) {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// readAuthorities reads the certificates of a file. One that Go can not read, such as
// that of an authority with an odd serial number, leaves the others.
func readAuthorities(file string) (cas []*x509.Certificate, err error) {
	text, err := vfs.ReadRegular(file, maxFile)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if ca, err := x509.ParseCertificate(block.Bytes); err == nil {
			cas = append(cas, ca)
		}
	}
	if len(cas) == 0 {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return cas, nil
}
