package main

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"syslogd/tls"
)

// defaultConfig is the configuration of --default-config.
//
//go:embed default.conf
var defaultConfig string

const (
	defaultCertDir = "run/tls"
	defaultCert    = defaultCertDir + "/cert.pem"
	defaultKey     = defaultCertDir + "/key.pem"
)

// prepareDefault makes what the built-in configuration needs: its directories,
// a certificate that is kept, and the answer to whether port 514 is free.
func prepareDefault() error {
	if err := os.MkdirAll(defaultCertDir, 0o755); err != nil {
		return err
	}
	if err := tls.EnsureSelfSigned(defaultCert, defaultKey); err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	answer := "off"
	if canBind("514") {
		answer = "on"
	}
	return os.Setenv(port514, answer)
}

// lendCertificate makes a certificate for a built-in configuration that is only
// looked at: its own is made at the first start. done takes it away.
func (o *options) lendCertificate() (done func(), err error) {
	if _, err := os.Stat(defaultCert); !o.builtin || err == nil {
		return func() {}, nil
	}
	if o.certDir, err = os.MkdirTemp("", "syslogd-"); err != nil {
		return nil, err
	}
	done = func() { os.RemoveAll(o.certDir) }
	name := filepath.Base
	cert, key := filepath.Join(o.certDir, name(defaultCert)), filepath.Join(o.certDir, name(defaultKey))
	if err := tls.EnsureSelfSigned(cert, key); err != nil {
		done()
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return done, nil
}

// builtinText is the built-in configuration with the certificate that is lent.
func (o *options) builtinText() string {
	if o.certDir == "" {
		return defaultConfig
	}
	return strings.ReplaceAll(defaultConfig, defaultCertDir, o.certDir)
}

// port514 is the variable by which the built-in configuration knows whether the
// standard port is free.
const port514 = "SYSLOGD_PORT_514"

// answerPort514 gives an answer where nothing is started and no port is tried.
func answerPort514() {
	if os.Getenv(port514) == "" {
		os.Setenv(port514, "off")
	}
}

func canBind(port string) bool {
	udp, err := net.ListenPacket("udp", ":"+port)
	if err != nil {
		return false
	}
	udp.Close()
	tcp, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return false
	}
	tcp.Close()
	return true
}
