package tls

import (
	"crypto/tls"
	"fmt"
	"strings"
)

var versions = map[string]uint16{
	"TLS1.0": tls.VersionTLS10, "TLS1.1": tls.VersionTLS11, "TLS1.2": tls.VersionTLS12, "TLS1.3": tls.VersionTLS13,
	"TLSv1": tls.VersionTLS10, "TLSv1.0": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
}

// setPriority applies a GnuTLS priority string or OpenSSL commands, as far as
// they have a counterpart in crypto/tls. What is not understood is an error:
// a setting for security must not be passed over.
func setPriority(cfg *tls.Config, text string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	if strings.Contains(text, "=") {
		return setOpenSSL(cfg, text)
	}
	return setGnuTLS(cfg, text)
}

// setOpenSSL reads lines such as MinProtocol=TLSv1.2 and CipherString=...
func setOpenSSL(cfg *tls.Config, text string) error {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "minprotocol", "maxprotocol":
			v, ok := versions[value]
			if !ok {
				return fmt.Errorf("%s: want TLSv1.0 to TLSv1.3, found %q", key, value)
			}
			if strings.EqualFold(key, "minprotocol") {
				cfg.MinVersion = v
			} else {
				cfg.MaxVersion = v
			}
		case "protocol":
			if err := protocolList(cfg, strings.Split(value, ","), "-"); err != nil {
				return err
			}
		case "cipherstring", "ciphersuites":
			if err := cipherList(cfg, value); err != nil {
				return err
			}
		case "options", "":
			// Options choose among behaviours that crypto/tls does not have.
		default:
			return fmt.Errorf("OpenSSL command %q has no counterpart here", key)
		}
	}
	return nil
}

// protocolList applies words such as ALL, -SSLv2, -TLSv1.1.
func protocolList(cfg *tls.Config, words []string, minus string) error {
	for _, w := range words {
		w = strings.TrimSpace(w)
		name := strings.TrimPrefix(w, minus)
		switch {
		case strings.EqualFold(w, "ALL"), strings.HasPrefix(strings.ToUpper(name), "SSL"):
			continue // SSL is never spoken
		case strings.HasPrefix(w, minus):
			v, ok := versions[name]
			if !ok {
				return fmt.Errorf("unknown protocol %q", w)
			}
			if err := without(cfg, v); err != nil {
				return err
			}
		default:
			v, ok := versions[strings.TrimPrefix(name, "+")]
			if !ok {
				return fmt.Errorf("unknown protocol %q", w)
			}
			cfg.MinVersion = min(cfg.MinVersion, v)
		}
	}
	return nil
}

// without takes a version away at either end of the range.
func without(cfg *tls.Config, v uint16) error {
	highest := cfg.MaxVersion
	if highest == 0 {
		highest = tls.VersionTLS13
	}
	switch {
	case v < cfg.MinVersion || v > highest:
	case v == cfg.MinVersion && v < highest:
		cfg.MinVersion = v + 1
	case v == highest && v > cfg.MinVersion:
		cfg.MaxVersion = v - 1
	default:
		return fmt.Errorf("no protocol is left without %s", tls.VersionName(v))
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
func setGnuTLS(cfg *tls.Config, text string) error {
	for _, w := range strings.Split(text, ":") {
		upper := strings.ToUpper(w)
		switch {
		case w == "", strings.HasPrefix(w, "%"):
		case upper == "NORMAL", upper == "PERFORMANCE", upper == "PFS", strings.HasPrefix(upper, "SECURE"), upper == "SYSTEM", strings.HasPrefix(upper, "@"):
		case strings.HasPrefix(upper, "-VERS-ALL"), strings.HasPrefix(upper, "-VERS-TLS-ALL"):
			cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS13, tls.VersionTLS13
		case strings.HasPrefix(upper, "-VERS-"), strings.HasPrefix(upper, "!VERS-"):
			if err := protocolList(cfg, []string{"-" + strings.ToUpper(w[6:])}, "-"); err != nil {
				return err
			}
		case strings.HasPrefix(upper, "+VERS-"):
			if strings.HasSuffix(upper, "-ALL") {
				continue
			}
			v, ok := versions[strings.ToUpper(w[6:])]
			if !ok {
				return fmt.Errorf("unknown protocol %q", w)
			}
			cfg.MinVersion = min(cfg.MinVersion, v)
			if cfg.MaxVersion != 0 {
				cfg.MaxVersion = max(cfg.MaxVersion, v)
			}
		default:
			return fmt.Errorf("GnuTLS priority %q has no counterpart here", w)
		}
	}
	return nil
}
