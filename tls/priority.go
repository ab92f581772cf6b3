package tls

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
)

// setPriority applies a GnuTLS priority string or OpenSSL commands, as far as
// they have a counterpart in crypto/tls. What is not understood is an error:
// a setting for security must not be passed over.
func setPriority(cfg *tls.Config, text string, log *slog.Logger) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	on := newProtocols(log)
	set := setGnuTLS
	if strings.Contains(text, "=") {
		set = setOpenSSL
	}
	if err := set(cfg, on, text); err != nil {
		return err
	}
	return on.apply(cfg)
}

// setOpenSSL reads lines such as MinProtocol=TLSv1.2 and CipherString=...
func setOpenSSL(cfg *tls.Config, on *protocols, text string) error {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		var err error
		switch strings.ToLower(key) {
		case "minprotocol", "maxprotocol":
			err = on.bound(key, value)
		case "protocol":
			err = on.list(strings.Split(value, ","))
		case "cipherstring", "ciphersuites":
			err = cipherList(cfg, value)
		case "options", "":
			// Options choose among behaviours that crypto/tls does not have.
		default:
			err = fmt.Errorf("OpenSSL command %q has no counterpart here", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cipherList takes names of cipher suites; words for whole groups (HIGH, !aNULL)
// are what crypto/tls offers anyway.
func cipherList(cfg *tls.Config, value string) error {
	byName := map[string]uint16{}
	for _, s := range tls.CipherSuites() {
		byName[s.Name] = s.ID
		byName[openSSLName(s.Name)] = s.ID
	}
	for _, w := range strings.FieldsFunc(value, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		switch {
		case strings.HasPrefix(w, "!"), strings.HasPrefix(w, "-"), strings.HasPrefix(w, "@"), w == "HIGH", w == "ALL", w == "DEFAULT":
			continue
		}
		id, ok := byName[w]
		if !ok {
			return fmt.Errorf("cipher suite %q is not available", w)
		}
		cfg.CipherSuites = append(cfg.CipherSuites, id)
	}
	return nil
}

// openSSLName turns TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 into ECDHE-RSA-AES128-GCM-SHA256.
func openSSLName(name string) string {
	name = strings.NewReplacer("TLS_", "", "_WITH_", "_", "AES_", "AES", "_POLY1305_SHA256", "_POLY1305").Replace(name)
	return strings.ReplaceAll(name, "_", "-")
}

// setGnuTLS reads words such as NORMAL:-VERS-TLS1.1:+VERS-TLS1.3:%SERVER_PRECEDENCE.
func setGnuTLS(_ *tls.Config, on *protocols, text string) error {
	for _, w := range strings.Split(text, ":") {
		upper := strings.ToUpper(w)
		switch {
		case w == "", strings.HasPrefix(w, "%"):
		case upper == "NORMAL", upper == "PERFORMANCE", upper == "PFS", strings.HasPrefix(upper, "SECURE"), upper == "SYSTEM", strings.HasPrefix(upper, "@"):
		case upper == "NONE":
			on.none()
		case strings.HasPrefix(upper, "-VERS-"), strings.HasPrefix(upper, "!VERS-"):
			if err := on.change("-" + w[len("-VERS-"):]); err != nil {
				return err
			}
		case strings.HasPrefix(upper, "+VERS-"):
			if err := on.change(w[len("+VERS-"):]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("GnuTLS priority %q has no counterpart here", w)
		}
	}
	return nil
}
