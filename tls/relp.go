package tls

import (
	"errors"

	"syslogd/config/param"
	"syslogd/internal/diag"
)

// RELPParams are the tls.* parameters of imrelp and omrelp, which have a
// vocabulary of their own.
var RELPParams = param.Table[Options]{
	param.Enum("tls", func(c *Options) *int { return &c.Mode }, param.Choice[int]{Name: "off", Value: 0}, param.Choice[int]{Name: "on", Value: 1}).
		Default("off").Doc("Speak TLS."),
	param.Enum("tls.authMode", func(c *Options) *string { return &c.AuthMode },
		param.Choice[string]{Name: "name", Value: "x509/name"},
		param.Choice[string]{Name: "fingerprint", Value: "x509/fingerprint"},
		param.Choice[string]{Name: "certvalid", Value: "x509/certvalid"}).
		Doc("How the peer is checked: name, fingerprint or certvalid. By default fingerprint, if there are permitted peers; else it is not checked."),
	param.Strings("tls.permittedPeer", func(c *Options) *[]string { return &c.PermittedPeers }).
		Doc("Peers that are permitted: names or fingerprints (SHA1:..., SHA256:...), by tls.authMode."),
	param.String("tls.caCert", func(c *Options) *string { return &c.CAFile }).Doc("CA certificates (PEM)."),
	param.String("tls.myCert", func(c *Options) *string { return &c.CertFile }).Doc("Own certificate (PEM)."),
	param.String("tls.myPrivKey", func(c *Options) *string { return &c.KeyFile }).Doc("Own private key (PEM)."),
	param.String("tls.priorityString", func(c *Options) *string { return &c.Priority }).Doc("TLS versions and cipher suites: a GnuTLS priority string."),
	param.String("tls.tlsCfgCmd", func(c *Options) *string { return &c.Commands }).Doc("The same as OpenSSL commands, such as MinProtocol=TLSv1.2."),
	param.NoEffect[Options]("tls.compression", "no TLS library compresses any more"),
}

// RELP returns the options of a RELP listener or sender as the constructors want
// them, or what contradicts itself in them. server says which side it is.
func (o Options) RELP(server bool) (Options, error) {
	if o.Mode == 0 {
		if o.AuthMode != "" || len(o.PermittedPeers) > 0 {
			return o, errors.New(`peers can only be checked with TLS: write tls="on"`)
		}
		return o, nil
	}
	o.Driver = "gtls"
	if o.Commands != "" {
		if o.Priority != "" {
			return o, errors.New("tls.priorityString and tls.tlsCfgCmd say the same: keep one")
		}
		o.Priority = o.Commands
	}
	switch {
	case len(o.PermittedPeers) == 0:
	case o.AuthMode == "":
		o.AuthMode = "x509/fingerprint"
	case o.AuthMode == "x509/certvalid":
		o.PermittedPeers = nil // as in librelp, any valid certificate will do; see ReportUnused
	}
	switch {
	case server && (o.CertFile == "" || o.KeyFile == ""):
		return o, errors.New("TLS needs a certificate and its key: set tls.myCert and tls.myPrivKey; anonymous key exchange, which librelp uses without them, is not available")
	case (o.CertFile == "") != (o.KeyFile == ""):
		return o, errors.New("tls.myCert and tls.myPrivKey go together")
	case (o.AuthMode == "x509/name" || o.AuthMode == "x509/certvalid") && o.CAFile == "":
		return o, errors.New("tls.authMode name and certvalid need CA certificates: set tls.caCert")
	case len(o.PermittedPeers) == 0 && (o.AuthMode == "x509/fingerprint" || server && o.AuthMode == "x509/name"):
		return o, errors.New("this tls.authMode needs tls.permittedPeer")
	}
	return o, nil
}

// ReportUnused says that TLS is off where the object obj has settings for it, and
// that peers are permitted which nobody looks at.
func (o Options) ReportUnused(obj *param.Object, diags *diag.List) {
	if o.Mode != 0 {
		if a := obj.Arg("tls.permittedpeer"); a != nil && o.AuthMode == "x509/certvalid" {
			d := diags.Notef(a.Range, "tls.permittedPeer has no effect with tls.authMode certvalid: any valid certificate is accepted")
			d.Hint = `tls.authMode="name" looks at it`
		}
		return
	}
	for _, name := range []string{"tls.cacert", "tls.mycert", "tls.myprivkey", "tls.prioritystring", "tls.tlscfgcmd"} {
		if a := obj.Arg(name); a != nil {
			d := diags.Warnf(a.Range, "%s is given, but TLS is off", a.Param)
			d.Hint, d.Effect = `write tls="on"`, "what is sent can be read on the way"
			return
		}
	}
}
