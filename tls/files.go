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

	mu    sync.Mutex // guards what follows
	cur   *fileState
	stamp string
	next  time.Time
}

// fileState is what was read. It does not change.
type fileState struct {
	cert *tls.Certificate
	pool *x509.CertPool // nil without CA files
	crls []*x509.RevocationList
}

// checkInterval is how often files are looked at, at most.
const checkInterval = time.Second

func openFiles(o *Options, log *slog.Logger) (*files, error) {
	f := &files{opt: o, log: log}
	st, err := f.load()
	if err != nil {
		return nil, err
	}
	f.cur, f.stamp, f.next = st, f.stamps(), time.Now().Add(checkInterval)
	return f, nil
}

func (f *files) names() []string {
	out := []string{f.opt.CertFile, f.opt.KeyFile, f.opt.CAFile, f.opt.CRLFile}
	for _, extra := range strings.Split(f.opt.CAExtraFiles, ",") {
		out = append(out, strings.TrimSpace(extra))
	}
	return out
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
	f.cur = st
	return st
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
	if f.opt.CertFile != "" || f.opt.KeyFile != "" {
		cert, err := keyPair(f.opt.CertFile, f.opt.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", f.opt.CertFile, f.opt.KeyFile, err)
		}
		st.cert = &cert
	}
	for i, name := range f.names() {
		if name == "" || i < 2 || i == 3 {
			continue
		}
		text, err := vfs.ReadRegular(name, maxFile)
		if err != nil {
			return nil, fmt.Errorf("CA certificates: %w", err)
		}
		if st.pool == nil {
			st.pool = x509.NewCertPool()
		}
		if !st.pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("CA certificates: %s holds no certificate in PEM", name)
		}
	}
	return st, f.loadCRL(st)
}

func (f *files) loadCRL(st *fileState) error {
	if f.opt.CRLFile == "" {
		return nil
	}
	text, err := vfs.ReadRegular(f.opt.CRLFile, maxFile)
	if err != nil {
		return fmt.Errorf("revocation list: %w", err)
	}
	der := text
	if block, _ := pem.Decode(text); block != nil {
		der = block.Bytes
	}
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		return fmt.Errorf("revocation list %s: %w", f.opt.CRLFile, err)
	}
	st.crls = append(st.crls, crl)
	return nil
}

// revoked reports whether a list that the issuer signed names a certificate of the chain.
func (st *fileState) revoked(chain []*x509.Certificate) bool {
	for _, crl := range st.crls {
		for i := 0; i+1 < len(chain); i++ {
			if crl.CheckSignatureFrom(chain[i+1]) != nil {
				continue
			}
			for _, e := range crl.RevokedCertificateEntries {
				if e.SerialNumber.Cmp(chain[i].SerialNumber) == 0 {
					return true
				}
			}
		}
	}
	return false
}
