// Package tls turns rsyslog's TLS vocabulary (stream drivers, authentication
// modes, permitted peers, certificate files) into the standard library's
// *tls.Config. The drivers gtls and ossl are both crypto/tls here.
//
// Only this package and the code that builds a module's settings import it;
// everything else takes a *tls.Config.
package tls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"syslogd/config/param"
)

// ExpiredPolicy is streamDriver.permitExpiredCerts.
type ExpiredPolicy uint8

// The policies. RejectExpired is the zero value and the default, as of rsyslogd, whose
// manual says warn.
const (
	RejectExpired ExpiredPolicy = iota
	WarnExpired
	AcceptExpired
)

// Options are the settings of one listener or sender.
type Options struct {
	// Driver is ptcp, gtls or ossl; "" is the global default.
	Driver string
	// Mode is 0 for plain text and 1 for TLS.
	Mode int
	// AuthMode is anon, x509/certvalid, x509/fingerprint or x509/name; "" is anon.
	AuthMode string
	// PermittedPeers are fingerprints (SHA1:..., SHA256:...) or names.
	PermittedPeers []string
	// Expired says what becomes of peers with expired certificates.
	Expired ExpiredPolicy
	// CheckPurpose requires the extended key usage of a client or server.
	CheckPurpose bool
	// PrioritizeSAN ignores the common name when there are alternative names.
	PrioritizeSAN bool
	// VerifyDepth limits the chain of certificates; 0 is no limit.
	VerifyDepth int
	// Priority is a GnuTLS priority string or OpenSSL configuration commands.
	Priority string
	// Commands are OpenSSL configuration commands where they have a parameter of
	// their own; see Options.RELP.
	Commands string

	CAFile, CAExtraFiles, CertFile, KeyFile, CRLFile string
}

// Params are the streamDriver.* parameters of a listener, without those that
// modules name differently.
var Params = param.Table[Options]{
	param.Word("streamDriver.name", func(c *Options) *string { return &c.Driver }).Inherits("global").
		Doc("ptcp for plain text, gtls or ossl for TLS."),
	param.Int("streamDriver.mode", func(c *Options) *int { return &c.Mode }).Range(0, 1).Legacy("InputTCPServerStreamDriverMode").
		Doc("0 is plain text, 1 is TLS."),
	param.String("streamDriver.authMode", func(c *Options) *string { return &c.AuthMode }).Legacy("InputTCPServerStreamDriverAuthMode").
		Doc("How peers are checked: anon, x509/certvalid, x509/fingerprint or x509/name."),
	param.Enum("streamDriver.permitExpiredCerts", func(c *Options) *ExpiredPolicy { return &c.Expired },
		param.Choice[ExpiredPolicy]{Name: "off", Value: RejectExpired},
		param.Choice[ExpiredPolicy]{Name: "warn", Value: WarnExpired},
		param.Choice[ExpiredPolicy]{Name: "on", Value: AcceptExpired}).Default("off").
		Doc("Whether peers with expired certificates are accepted."),
	param.Bool("streamDriver.checkExtendedKeyPurpose", func(c *Options) *bool { return &c.CheckPurpose }).
		Doc("Require that a peer's certificate is meant for its role."),
	param.Bool("streamDriver.prioritizeSAN", func(c *Options) *bool { return &c.PrioritizeSAN }).
		Doc("Ignore the common name when there are alternative names."),
	param.PositiveInt("streamDriver.tlsVerifyDepth", func(c *Options) *int { return &c.VerifyDepth }).
		Doc("Certificates in a chain at most."),
	param.NotYetUnless[Options]("streamDriver.tlsRevocationCheck", "OCSP is not asked; a revocation list can be given as crlFile", "off"),
	param.String("streamDriver.caFile", func(c *Options) *string { return &c.CAFile }).Inherits("global").Doc("CA certificates (PEM)."),
	param.String("streamDriver.crlFile", func(c *Options) *string { return &c.CRLFile }).Inherits("global").Doc("Revocation lists (PEM or DER), all that the file holds. Each must be signed by a CA whose certificate is given."),
	param.String("streamDriver.keyFile", func(c *Options) *string { return &c.KeyFile }).Inherits("global").Doc("Own private key (PEM)."),
	param.String("streamDriver.certFile", func(c *Options) *string { return &c.CertFile }).Inherits("global").Doc("Own certificate (PEM)."),
	param.String("gnutlsPriorityString", func(c *Options) *string { return &c.Priority }).
		Doc("TLS versions and cipher suites: a GnuTLS priority string, or OpenSSL commands such as MinProtocol=TLSv1.2."),
}

// Check reports a contradiction between the options. An input with one must
// not run: it would be less safe than what was asked for.
func (o *Options) Check() error {
	switch strings.ToLower(o.Driver) {
	case "", "ptcp", "gtls", "ossl":
	case "mbedtls":
		return option("streamDriver.name", "the stream driver mbedtls is not available, use gtls or ossl")
	default:
		return option("streamDriver.name", "there is no stream driver %q, use ptcp, gtls or ossl", o.Driver)
	}
	switch o.AuthMode {
	case "", "anon", "x509/certvalid", "x509/fingerprint", "x509/name":
	default:
		return option("streamDriver.authMode", "there is no authentication mode %q, use anon, x509/certvalid, x509/fingerprint or x509/name", o.AuthMode)
	}
	if o.Mode == 0 {
		if o.checksPeers() {
			return option("streamDriver.authMode", "authentication mode %s needs TLS, but the stream driver mode is 0: plain text", o.AuthMode)
		}
		if len(o.PermittedPeers) > 0 {
			return option("permittedPeer", "permitted peers are named, but the stream driver mode is 0: plain text, which is open to all")
		}
		return nil
	}
	switch {
	case strings.EqualFold(o.Driver, "ptcp") || o.Driver == "":
		return option("streamDriver.mode", "stream driver mode 1 is TLS, which the driver ptcp can not do: name gtls or ossl")
	case len(o.PermittedPeers) > 0 && (o.AuthMode == "" || o.AuthMode == "anon" || o.AuthMode == "x509/certvalid"):
		return option("permittedPeer", "permitted peers are named, but authentication mode %q does not look at them: use x509/name or x509/fingerprint", o.authMode())
	case len(o.PermittedPeers) == 0 && o.AuthMode == "x509/fingerprint":
		return option("streamDriver.authMode", "authentication mode x509/fingerprint needs permitted peers")
	}
	return nil
}

// OptionError is a contradiction between options.
type OptionError struct {
	param, text string
}

func option(param, format string, args ...any) error {
	return &OptionError{param, fmt.Sprintf(format, args...)}
}

func (e *OptionError) Error() string { return e.text }

// Parameter is the name of the parameter to point at.
func (e *OptionError) Parameter() string { return e.param }

func (o *Options) checksPeers() bool { return strings.HasPrefix(o.AuthMode, "x509/") }

func (o *Options) authMode() string {
	if o.AuthMode == "" {
		return "anon"
	}
	return o.AuthMode
}

// Server returns the configuration of a listener, or nil for plain text. Files
// are read now and again when they change.
func Server(o Options, log *slog.Logger) (*tls.Config, error) {
	if err := o.Check(); err != nil || o.Mode == 0 {
		return nil, err
	}
	if o.CertFile == "" || o.KeyFile == "" {
		return nil, errors.New("TLS needs a certificate and its key: set streamDriver.certFile and streamDriver.keyFile, or the global defaultNetstreamDriverCertFile and defaultNetstreamDriverKeyFile")
	}
	p, err := newPolicy(&o, x509.ExtKeyUsageClientAuth, log)
	if err != nil {
		return nil, err
	}
	// A sender of syslog never reads. With a session ticket that it has not read
	// its close becomes a reset, which throws away what it sent last and what
	// has not been read here yet. So there are no tickets.
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.NoClientCert, SessionTicketsDisabled: true}
	if err := setPriority(cfg, o.Priority, log); err != nil {
		return nil, err
	}
	if o.checksPeers() {
		cfg.ClientAuth = tls.RequireAnyClientCert
		cfg.VerifyConnection = p.verify
	}
	cfg.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.files.certificate() }
	return cfg, nil
}

// Client returns the configuration of a sender to host, or nil for plain text.
func Client(o Options, host string, log *slog.Logger) (*tls.Config, error) {
	if err := o.Check(); err != nil || o.Mode == 0 {
		return nil, err
	}
	p, err := newPolicy(&o, x509.ExtKeyUsageServerAuth, log)
	if err != nil {
		return nil, err
	}
	if o.AuthMode == "x509/name" && len(o.PermittedPeers) == 0 {
		p.peers = []string{strings.ToLower(host)}
	}
	// The policy verifies the peer, since rsyslog's rules differ from HTTPS's.
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: true}
	if err := setPriority(cfg, o.Priority, log); err != nil {
		return nil, err
	}
	if o.checksPeers() {
		cfg.VerifyConnection = p.verify
	}
	if o.CertFile != "" {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return p.files.certificate() }
	}
	return cfg, nil
}
