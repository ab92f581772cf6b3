package script

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"syslogd/message"
)

// urlPart is a part of a URL, by its name in what faup() returns.
type urlPart struct {
	name string
	of   func(u *urlParts) string
}

// urlPartList returns the parts in the order of ffaup.
func urlPartList() []urlPart {
	return []urlPart{
		{"scheme", func(u *urlParts) string { return u.scheme }},
		{"credential", func(u *urlParts) string { return u.credential }},
		{"subdomain", func(u *urlParts) string { return u.subdomain }},
		{"domain", func(u *urlParts) string { return u.domain }},
		{"domain_without_tld", func(u *urlParts) string { return u.withoutTLD }},
		{"host", func(u *urlParts) string { return u.host }},
		{"tld", func(u *urlParts) string { return u.tld }},
		{"port", func(u *urlParts) string { return u.port }},
		{"resource_path", func(u *urlParts) string { return u.path }},
		{"query_string", func(u *urlParts) string { return u.query }},
		{"fragment", func(u *urlParts) string { return u.fragment }},
	}
}

// addURLFunctions adds faup() and faup_<part>() of ffaup.
func addURLFunctions(all map[string]function) {
	list := urlPartList()
	all["faup"] = pure(1, 1, func(a []Value) Value {
		u := splitURL(a[0].String())
		out := message.ObjectValue()
		for _, p := range list {
			out.Put(p.name, message.StringValue(p.of(u)), true)
		}
		return Value{kind: obj, j: &out}
	})
	for _, p := range list {
		all["faup_"+p.name] = pure(1, 1, func(a []Value) Value {
			return text([]byte(p.of(splitURL(a[0].String()))))
		})
	}
}

// urlParts are the parts of a URL. The query has its question mark and the
// fragment its number sign, as in libfaup.
type urlParts struct {
	scheme, credential, host, port, path, query, fragment string
	subdomain, domain, withoutTLD, tld                    string
}

// splitURL splits a URL, or a bare host name, as RFC 3986 says. It takes any
// text, as libfaup does: log messages hold what clients sent.
func splitURL(s string) *urlParts {
	u := &urlParts{}
	s, u.fragment = cutAt(s, strings.IndexByte(s, '#'))
	s, u.query = cutAt(s, strings.IndexByte(s, '?'))
	if i := strings.Index(s, "//"); i == 0 || i > 0 && s[i-1] == ':' && isScheme(s[:i-1]) {
		u.scheme, s = s[:max(i-1, 0)], s[i+2:]
	}
	s, u.path = cutAt(s, strings.IndexByte(s, '/'))
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		u.credential, s = s[:i], s[i+1:]
	}
	// A colon of an IPv6 address, with or without brackets, is none of a port.
	_, err := netip.ParseAddr(s)
	if i := strings.LastIndexByte(s, ':'); err != nil && i > strings.LastIndexByte(s, ']') {
		s, u.port = s[:i], s[i+1:]
	}
	u.host = s
	u.splitHost()
	return u
}

// cutAt cuts s before index i, which is -1 for no cut.
func cutAt(s string, i int) (before, rest string) {
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}

func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// splitHost finds the domain in the host. An address, or a name without dots,
// is a domain without a TLD.
func (u *urlParts) splitHost() {
	name := strings.TrimSuffix(u.host, ".")
	u.domain, u.withoutTLD = name, name
	if _, err := netip.ParseAddr(name); err == nil || strings.HasPrefix(name, "[") || !strings.Contains(name, ".") {
		return
	}
	suffix, _ := publicsuffix.PublicSuffix(string(asciiLower([]byte(name))))
	u.tld = name[len(name)-len(suffix):]
	rest := strings.TrimSuffix(name[:len(name)-len(suffix)], ".")
	label := strings.LastIndexByte(rest, '.') + 1
	u.subdomain = strings.TrimSuffix(rest[:label], ".")
	u.withoutTLD = rest[label:]
	u.domain = name[label:]
}
