package main

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"syslogd/tls"
)

// defaultConfig is the configuration of --default-config.
//
//go:embed default.conf
var defaultConfig string

const (
	defaultRunDir = "run"
	defaultCert   = "run/tls/cert.pem"
	defaultKey    = "run/tls/key.pem"
)

// prepareDefault makes what the built-in configuration needs: its directories,
// a certificate that is kept, and the answer to whether port 514 is free.
func prepareDefault() error {
	if err := os.MkdirAll(filepath.Join(defaultRunDir, "tls"), 0o755); err != nil {
		return err
	}
	if err := tls.EnsureSelfSigned(defaultCert, defaultKey); err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	answer := "off"
	if canBind("514") {
		answer = "on"
	}
	return os.Setenv("SYSLOGD_PORT_514", answer)
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
